//! `/users/{id}`: one user, in three tabs: `user_summary`, `user_methods` and `user_activity`. Here is what stands around
//! them, and what two of them say alike.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::devices::device_ended;
use super::rows::CodesRow;
use super::user_activity::activity;
use super::user_api::{MailState, PendingLink, show_activity, show_user};
use super::user_methods::methods;
use super::user_summary::summary;
use crate::domain::authority::Role;
use crate::domain::ids::UserId;
use crate::domain::recovery::LinkState;
use crate::domain::time::Time as Moment;
use crate::domain::user::Standing;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::features::users::api::{EndOutcome, UserRow};
use crate::features::users::list_parts::{PLAN, refusal_words, sessions_ended};
use crate::ui::{Banner, Empty, Glyph, Icon, Menu, Section, SheetHead, SubmitButton, Tabs, Time, Toast, Tone};

/// Where an invitation is sent again; the server function of accounts has this address.
const INVITE_AGAIN: &str = "/api/accounts/invite_again";

/// The tabs of a user.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Summary,
    Methods,
    Activity,
}

/// The user in the address. What is no identifier is nobody's: the same answer as for a user who is not there.
pub(super) fn in_address() -> Memo<UserId> {
    let params = use_params_map();
    let nobody = UserId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse().ok()).unwrap_or(nobody))
}

/// `/users/{id}`: how somebody stands.
#[component]
pub fn UserPage() -> impl IntoView {
    details(Tab::Summary)
}

/// `/users/{id}/methods`: what somebody signs in with, and where they are signed in.
#[component]
pub fn UserMethodsPage() -> impl IntoView {
    details(Tab::Methods)
}

fn details(tab: Tab) -> AnyView {
    let id = in_address();
    let query = use_query_map();
    let removed = Memo::new(move |_| query.read().get("done").as_deref() == Some("removed"));
    let user = Resource::new(move || id.get(), show_user);
    let ended = left_by::<EndOutcome>("end_user_sessions").map(|left| left.outcome);
    let stopped = left_by::<EndOutcome>("end_user_device").map(|left| left.outcome);
    console(Section::Users, user, move |details, _, now| match details {
        None => nobody_here(),
        Some(details) => {
            let done = stopped.map(device_ended).or_else(|| done(ended, removed.get_untracked()));
            let name = details.user.name.clone();
            let head = head(&details.user, tab);
            let inside = if tab == Tab::Methods { methods(details, now) } else { summary(details, now) };
            view! { <Title text=name/>{head}{done}{inside} }.into_any()
        }
    })
}

/// `/users/{id}/activity`: what happened to somebody.
#[component]
pub fn UserActivityPage() -> impl IntoView {
    let id = in_address();
    let query = use_query_map();
    let before = Memo::new(move |_| query.read().get("before").and_then(|number| number.parse::<i64>().ok()));
    let page = Resource::new(move || (id.get(), before.get()), |(id, before)| show_activity(id, before));
    console(Section::Users, page, move |page, _, now| match page {
        None => nobody_here(),
        Some(page) => activity(page, before.get_untracked().is_some(), now),
    })
}

pub(super) fn nobody_here() -> AnyView {
    view! {
        <Title text="No such user"/>
        <SheetHead title="No such user" crumb=("/users", "Users")/>
        <div class="content">
            <Empty icon=Glyph::Users title="Nobody is here" actions=|| view! { <a class="button" href="/users">"All users"</a> }>
                "The address may be mistyped, or this person is not one of yours."
            </Empty>
        </div>
    }
    .into_any()
}

fn done(ended: Option<EndOutcome>, removed: bool) -> Option<AnyView> {
    let removed = || removed.then(|| view! { <Toast>"Method removed. The user was told by mail."</Toast> }.into_any());
    ended.map(sessions_ended).or_else(removed)
}

pub(super) const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Auditor => "Auditor",
        Role::Member => "Member",
    }
}

/// Name, tabs, and what can be done: the button where factors are looked at, the rest behind the dots.
pub(super) fn head(user: &UserRow, tab: Tab) -> AnyView {
    let id = user.id.to_string();
    let below = {
        let (address, customer, role) = (user.address.clone(), user.customer.clone(), role_word(user.role));
        move || view! { {address}" · "<bdi>{customer}</bdi>" · "{role} }.into_any()
    };
    let tabs = vec![
        (format!("/users/{id}"), "Summary".to_owned()),
        (format!("/users/{id}/methods"), "Authentication methods".to_owned()),
        (format!("/users/{id}/activity"), "Activity".to_owned()),
    ];
    let reset = (tab != Tab::Activity && user.standing != Standing::Invited).then(|| match user.refusal {
        None => view! {
            <form method="post" action=PLAN>
                <input type="hidden" name="users[]" value=id.clone()/>
                <SubmitButton><Icon of=Glyph::Key/>"Reset all multi-factor authentications"</SubmitButton>
            </form>
        }
        .into_any(),
        Some(why) => view! { <p class="fresh">{refusal_words(why)}</p> }.into_any(),
    });
    let invite = (tab != Tab::Activity && user.standing == Standing::Invited && user.refusal.is_none()).then(|| {
        view! {
            <form method="post" action=INVITE_AGAIN>
                <input type="hidden" name="id" value=id.clone()/>
                <SubmitButton><Icon of=Glyph::Mail/>"Send the invitation again"</SubmitButton>
            </form>
        }
    });
    let more = user.refusal.is_none().then(|| more(user));
    view! {
        <SheetHead title=user.name.clone() crumb=("/users", "Users") person=true below=below>
            {reset}
            {invite}
            {more}
        </SheetHead>
        <Tabs items=tabs current=tab as usize label="User"/>
    }
    .into_any()
}

fn more(user: &UserRow) -> AnyView {
    let id = user.id;
    let standing = if user.standing == Standing::Suspended {
        view! { <a class="item" href=format!("/users/{id}/suspend")><Icon of=Glyph::Refresh/>"Reactivate"</a> }
            .into_any()
    } else {
        view! { <a class="item" href=format!("/users/{id}/suspend")><Icon of=Glyph::Pause/>"Suspend"</a> }.into_any()
    };
    view! {
        <Menu label=format!("More for {}", user.name) button=true>
            {standing}
            <a class="item" href=format!("/audit?user={id}")><Icon of=Glyph::Document/>"Show in audit"</a>
            <hr/>
            <a class="item" href=format!("/users/{id}/remove")><Icon of=Glyph::Trash/>"Remove"</a>
        </Menu>
    }
    .into_any()
}

pub(super) fn link_banner(user: UserId, link: PendingLink, now: Moment) -> AnyView {
    let PendingLink { state, expires_at, opened_at, proved_at, mail, takes_caller_code, asks_for_words } = link;
    let code = move || {
        let words = asks_for_words.then(|| three_words(user));
        view! { {words}{takes_caller_code.then(|| caller_code(user))} }.into_any()
    };
    let sent = match mail {
        MailState::Queued => view! { "The mail is not sent yet. " }.into_any(),
        MailState::Sent(at) => view! { "Sent "<Time at now/>". " }.into_any(),
        MailState::Bounced(why) => {
            return view! {
                <Banner tone=Tone::Warn fact="The mail with the recovery link came back.">
                    <bdi>{why}</bdi>" Check the address, then reset again."
                </Banner>
            }
            .into_any();
        }
    };
    let opened = match (opened_at, proved_at) {
        (_, Some(at)) => view! { "Opened and the second proof given "<Time at now/>", not finished yet. " }.into_any(),
        (Some(at), None) => view! { "Opened "<Time at now/>", not finished yet. " }.into_any(),
        (None, None) => "Not opened yet. ".into_any(),
    };
    match state {
        LinkState::Live | LinkState::Ended(_) => view! {
            <Banner fact="A recovery link is on its way." icon=Glyph::Mail actions=code>
                {sent}{opened}"It works until "<Time at=expires_at now/>"."
            </Banner>
        }
        .into_any(),
        LinkState::Expired => view! {
            <Banner tone=Tone::Warn fact="The last recovery link has expired.">
                {sent}{opened}"A new reset sends a new one."
            </Banner>
        }
        .into_any(),
        LinkState::Exhausted => view! {
            <Banner tone=Tone::Warn fact="The recovery link is locked.">
                "Too many wrong passwords or codes were typed at it. A new reset sends a new one."
            </Banner>
        }
        .into_any(),
    }
}

/// The way to a code for a caller who has forgotten the password.
fn caller_code(user: UserId) -> AnyView {
    view! {
        <a class="button" href=format!("/users/{user}/caller-code")><Icon of=Glyph::Phone/>"Make a caller code"</a>
    }
    .into_any()
}

/// The way to the words by which a set-up is confirmed on the phone.
fn three_words(user: UserId) -> AnyView {
    view! { <a class="button" href=format!("/users/{user}/call-back")><Icon of=Glyph::Phone/>"Compare three words"</a> }
        .into_any()
}

/// How backup codes stand, in words.
pub(super) fn codes_words(codes: &CodesRow) -> String {
    let left = codes.left();
    match (codes.made_at, codes.saved_at) {
        (None, _) => "None".to_owned(),
        (Some(_), None) => format!("{left} left, none was ever typed back"),
        (Some(_), Some(_)) => format!("{left} of {} left", codes.used.len()),
    }
}
