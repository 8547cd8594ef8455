//! `/users/{id}`: one user, in three tabs.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::page::{codes_card, method_row, methods_table, session_place, time};
use super::parts::called;
use super::rows::{CodesRow, Happened, MethodRow, SessionRow};
use super::story::{by_day, story, tell};
use super::user_api::{
    ActivityPage, EndOutcome, MailState, PendingLink, UserPage as Details, show_activity, show_user,
};
use crate::domain::authority::Role;
use crate::domain::ids::UserId;
use crate::domain::recovery::LinkState;
use crate::domain::time::Time as Moment;
use crate::domain::user::Standing;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::features::users::api::UserRow;
use crate::features::users::list_parts::{PLAN, refusal_words};
use crate::ui::{Banner, Empty, Glyph, Icon, Menu, Pager, Section, SheetHead, SubmitButton, Tabs, Time, Toast, Tone};

/// Where an invitation is sent again; the server function of accounts has this address.
const INVITE_AGAIN: &str = "/api/accounts/invite_again";

/// The tabs of a user.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
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
    console(Section::Users, user, move |details, _, now| match details {
        None => nobody_here(),
        Some(details) => {
            let done = done(ended, removed.get_untracked());
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
    let words = match ended {
        Some(EndOutcome::Ended(0)) => "No session was open.".to_owned(),
        Some(EndOutcome::Ended(1)) => "1 session ended.".to_owned(),
        Some(EndOutcome::Ended(count)) => format!("{count} sessions ended."),
        Some(EndOutcome::Refused(refusal)) => {
            let fact = format!("No session was ended: {}.", refusal_words(refusal).to_lowercase());
            return Some(view! { <div class="content"><Banner tone=Tone::Danger fact=fact/></div> }.into_any());
        }
        None if removed => "Method removed. The user was told by mail.".to_owned(),
        None => return None,
    };
    Some(view! { <Toast>{words}</Toast> }.into_any())
}

const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Auditor => "Auditor",
        Role::Member => "Member",
    }
}

/// Name, tabs, and what can be done: the button where factors are looked at, the rest behind the dots.
fn head(user: &UserRow, tab: Tab) -> AnyView {
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
                <input type="hidden" name="user" value=id.clone()/>
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

// ---- Summary -------------------------------------------------------------------------------------------------------

fn summary(details: Details, now: Moment) -> AnyView {
    let Details { user, methods, codes, sessions, roles, link, sign_ins, happened } = details;
    let standing = match user.standing {
        Standing::Active => view! { "Active since "{time(user.activated_at, now)} }.into_any(),
        Standing::Invited => "Invited, set-up not finished".into_any(),
        Standing::Suspended => "Suspended".into_any(),
    };
    let factor = match (methods.len(), user.set_up_due_at.is_some()) {
        (0, true) => "None, waiting for the new set-up".to_owned(),
        (0, false) => "None".to_owned(),
        (1, _) => methods.first().map_or_else(String::new, called),
        (n, _) => format!("{n} authenticator apps"),
    };
    let sessions = match sessions.len() {
        0 => "None open".to_owned(),
        n => format!("{n} open"),
    };
    let verified = if user.address_verified { ", verified" } else { ", not verified" };
    let mut roles = roles.into_iter();
    let home = roles.next().map(|(name, role)| format!("{name} ({})", role_word(role).to_lowercase()));
    let others: Vec<AnyView> = roles
        .map(|(name, role)| {
            view! { <p><bdi>{name}</bdi>{format!(" ({})", role_word(role).to_lowercase())}</p> }.into_any()
        })
        .collect();
    let others = (!others.is_empty()).then(|| view! { <div><dt>"Also has roles in"</dt><dd>{others}</dd></div> });
    let all = format!("/users/{}/activity", user.id);
    view! {
        <div class="content columns">
            <div>
                {link.map(|link| link_banner(link, now))}
                <div class="head"><h2>"Sign-in"</h2></div>
                <dl class="facts">
                    <div><dt>"Standing"</dt><dd>{standing}</dd></div>
                    <div><dt>"Second factor"</dt><dd>{factor}</dd></div>
                    <div><dt>"Backup codes"</dt><dd>{codes_words(&codes)}</dd></div>
                    <div><dt>"Last sign-ins"</dt><dd>{last_sign_ins(&user, sign_ins, now)}</dd></div>
                    <div><dt>"Sessions"</dt><dd>{sessions}</dd></div>
                </dl>
                <div class="head"><h2>"Person"</h2></div>
                <dl class="facts">
                    <div><dt>"Home customer"</dt><dd><bdi>{home.unwrap_or(user.customer)}</bdi></dd></div>
                    {others}
                    <div><dt>"Address"</dt><dd>{user.address}{verified}</dd></div>
                </dl>
            </div>
            <aside>
                <div class="head"><h2>"The story so far"</h2></div>
                {story(happened, now, false)}
                <p><a href=all>"All activity"</a></p>
            </aside>
        </div>
    }
    .into_any()
}

/// When, how and from where; only when, where the newest events do not reach that far.
fn last_sign_ins(user: &UserRow, sign_ins: Vec<Happened>, now: Moment) -> AnyView {
    if sign_ins.is_empty() {
        return time(user.last_sign_in_at, now);
    }
    sign_ins
        .into_iter()
        .map(|event| {
            let place = tell(&event).under.join(", ");
            view! { <p><Time at=event.at now/>", "<bdi>{place}</bdi></p> }.into_any()
        })
        .collect_view()
        .into_any()
}

fn link_banner(link: PendingLink, now: Moment) -> AnyView {
    let PendingLink { state, expires_at, opened_at, proved_at, mail } = link;
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
        (_, Some(at)) => view! { "Opened and the password given "<Time at now/>", not finished yet. " }.into_any(),
        (Some(at), None) => view! { "Opened "<Time at now/>", not finished yet. " }.into_any(),
        (None, None) => "Not opened yet. ".into_any(),
    };
    match state {
        LinkState::Live | LinkState::Ended(_) => view! {
            <Banner fact="A recovery link is on its way." icon=Glyph::Mail>
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
                "Too many wrong passwords were typed at it. A new reset sends a new one."
            </Banner>
        }
        .into_any(),
    }
}

/// How backup codes stand, in words.
fn codes_words(codes: &CodesRow) -> String {
    let left = codes.left();
    match (codes.made_at, codes.saved_at) {
        (None, _) => "None".to_owned(),
        (Some(_), None) => format!("{left} left, none was ever typed back"),
        (Some(_), Some(_)) => format!("{left} of {} left", codes.used_at.len()),
    }
}

// ---- Authentication methods ----------------------------------------------------------------------------------------

fn methods(details: Details, now: Moment) -> AnyView {
    let Details { user, methods, codes, sessions, link, happened, .. } = details;
    let may = user.refusal.is_none();
    let count = methods.len();
    let card = if methods.is_empty() {
        view! {
            <div class="card">
                <Empty icon=Glyph::Device title="No authentication methods">"There is nothing to remove."</Empty>
            </div>
        }
        .into_any()
    } else {
        methods_table(methods.into_iter().map(|method| removable(&user, method, may, now)).collect())
    };
    let left = codes.made_at.is_some().then(|| codes_words(&codes));
    let open = sessions.len();
    let sessions_card = (open > 0).then(|| sessions_table(sessions, now));
    let all = format!("/users/{}/activity", user.id);
    view! {
        <div class="content columns">
            <div>
                {link.map(|link| link_banner(link, now))}
                <div class="head"><h2>"Methods"</h2><p class="note">{count}</p></div>
                {card}
                <div class="head"><h2>"Backup codes"</h2>{left.map(|left| view! { <p class="note">{left}</p> })}</div>
                {few(&user, &codes)}
                {codes_card(&codes, now)}
                <div class="head">
                    <h2>"Sessions"</h2>
                    <p class="note">{if open == 0 { "none open".to_owned() } else { format!("{open} open") }}</p>
                    {(may && open > 0).then(|| view! {
                        <form method="post" action="/api/users/end_sessions">
                            <input type="hidden" name="id" value=user.id.to_string()/>
                            <SubmitButton>"End all sessions"</SubmitButton>
                        </form>
                    })}
                </div>
                {sessions_card}
            </div>
            <aside>
                <div class="head"><h2>"Activity"</h2></div>
                {story(happened, now, false)}
                <p><a href=all>"All activity"</a></p>
            </aside>
        </div>
    }
    .into_any()
}

fn removable(user: &UserRow, method: MethodRow, may: bool, now: Moment) -> AnyView {
    let href = format!("/users/{}/methods/{}/remove", user.id, method.id);
    let remove = may.then(|| {
        view! { <a class="action" href=href>"Remove"<span class="hidden-text">" "{called(&method)}</span></a> }
    });
    method_row(&method, now, remove.into_any())
}

fn few(user: &UserRow, codes: &CodesRow) -> Option<AnyView> {
    let left = codes.left();
    let low = codes.made_at.is_some() && i64::try_from(left).unwrap_or(i64::MAX) <= user.codes_low;
    low.then(|| {
        let fact = match left {
            0 => "No code is left.".to_owned(),
            1 => "Only 1 code is left.".to_owned(),
            left => format!("Only {left} codes are left."),
        };
        let name = user.name.clone();
        view! { <Banner tone=Tone::Warn fact=fact>"Only "<bdi>{name}</bdi>" can make new ones, at My security."</Banner> }
            .into_any()
    })
}

fn sessions_table(sessions: Vec<SessionRow>, now: Moment) -> AnyView {
    let row = move |session: SessionRow| {
        view! {
            <tr>
                <td>{session_place(&session)}</td>
                <td class="wide"><Time at=session.created_at now/></td>
                <td><Time at=session.last_seen_at now/></td>
            </tr>
        }
        .into_any()
    };
    view! {
        <div class="card">
            <table class="table own">
                <thead><tr><th class="main">"Browser"</th><th class="wide">"Since"</th><th>"Last used"</th></tr></thead>
                <tbody>{sessions.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

// ---- Activity ------------------------------------------------------------------------------------------------------

fn activity(page: ActivityPage, older: bool, now: Moment) -> AnyView {
    let ActivityPage { user, happened, next } = page;
    let path = format!("/users/{}/activity", user.id);
    let count = match happened.len() {
        1 => "1 event".to_owned(),
        count => format!("{count} events"),
    };
    let pages = (older || next.is_some()).then(|| {
        let previous = older.then(|| path.clone());
        let next = next.map(|before| format!("{path}?before={before}"));
        view! { <Pager text=count previous next/> }
    });
    let days = if happened.is_empty() {
        view! { <Empty icon=Glyph::Document title="Nothing happened yet">"What happens from now on stands here."</Empty> }
            .into_any()
    } else {
        by_day(happened, now)
    };
    view! {
        <Title text=user.name.clone()/>
        {head(&user, Tab::Activity)}
        <div class="toolbar">
            <p class="count">"Times in UTC"</p>
        </div>
        <div class="content days">{days}</div>
        {pages}
    }
    .into_any()
}
