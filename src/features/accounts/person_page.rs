//! `/users/{id}/suspend`, `/remove` and `/invitation`: one decision about one account, with what it will do.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::{AccountOutcome, AccountPage, InvitationRow, MailState, account};
use super::invite_page::refusal_banner;
use crate::domain::authority::Refusal;
use crate::domain::ids::UserId;
use crate::domain::time::Time as Moment;
use crate::domain::user::Standing;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::ui::{Banner, Empty, Glyph, Icon, Look, Section, SheetHead, SubmitButton, Time, Tone, clock};

type Sheet = fn(AccountPage, Option<AccountOutcome>, Moment) -> AnyView;

/// Suspends somebody, or lifts the suspension.
#[component]
pub fn SuspendUserPage() -> impl IntoView {
    about_somebody("suspend", suspend)
}

/// Removes somebody.
#[component]
pub fn RemoveUserPage() -> impl IntoView {
    about_somebody("remove", remove)
}

/// The invitation of somebody whose set-up is not finished.
#[component]
pub fn AccountInvitationPage() -> impl IntoView {
    about_somebody("invitation", invitation)
}

fn about_somebody(form: &'static str, sheet: Sheet) -> AnyView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    // What is no identifier is nobody's: the same answer as for a user who is not there.
    let nobody = UserId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    let page = Resource::new(move || id.get(), move |id| account(id.parse().unwrap_or(nobody)));
    let left = left_by::<AccountOutcome>(form).map(|left| left.outcome);
    console(Section::Users, page, move |page, _, now| match page {
        None => nobody_here(),
        Some(page) if page.removed_at.is_some() => gone(page, now),
        Some(page) => sheet(page, left.clone(), now),
    })
}

fn nobody_here() -> AnyView {
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

fn gone(page: AccountPage, now: Moment) -> AnyView {
    let title = format!("{} was removed", page.name);
    let (at, audit) = (page.removed_at.unwrap_or(now), format!("/audit?user={}", page.id));
    view! {
        <Title text=title.clone()/>
        <SheetHead title crumb=("/users", "Users")/>
        <div class="content">
            <div class="decision">
                <Banner tone=Tone::Ok icon=Glyph::Check fact="This account is gone.">
                    "Removed "<Time at now/>" from "<bdi>{page.customer}</bdi>". The mail address is free again."
                </Banner>
                <p>"The name stays, so that past resets and the audit still say who it was."</p>
                <div class="actions">
                    <a class="button" href="/users">"All users"</a>
                    <a class="button quiet" href=audit>"Show in audit"</a>
                </div>
            </div>
        </div>
    }
    .into_any()
}

/// What came of the form, where it is worth more than the page itself.
fn came_of(outcome: Option<AccountOutcome>) -> Option<AnyView> {
    let nothing = "Nothing was changed.";
    Some(match outcome? {
        AccountOutcome::Done | AccountOutcome::Already | AccountOutcome::Code(_) => return None,
        AccountOutcome::NotHere => refusal_banner(Refusal::NoRole),
        AccountOutcome::Refused(refusal) => refusal_banner(refusal),
        AccountOutcome::LastOwner(customer) => {
            let customer = customer.unwrap_or_else(|| "Another customer".to_owned());
            let fact = format!("{customer} would be left without an owner who can sign in.");
            view! { <Banner tone=Tone::Danger fact alert=true>{nothing}" Make somebody else an owner first."</Banner> }
                .into_any()
        }
        AccountOutcome::NotBefore { until, now } => {
            let minutes = (until - now).as_minutes_up();
            let wait = if minutes == 1 { "1 minute".to_owned() } else { format!("{minutes} minutes") };
            view! {
                <Banner tone=Tone::Warn fact="Three invitations went out within the hour." alert=true>
                    {format!("The next one can go in {wait}, at {}. The newest link works.", clock(until))}
                </Banner>
            }
            .into_any()
        }
    })
}

/// Why the reader may not do this; then there is nothing to press.
fn forbidden(page: &AccountPage) -> Option<AnyView> {
    let words = match page.refusal? {
        Refusal::NoFactorOfYourOwn => "You need a second factor of your own before you change anybody's account.",
        Refusal::Yourself => "This is your own account. Another owner or admin can do this.",
        Refusal::NoRole => "Your role reads this account and does not change it.",
        Refusal::OwnersOnly => "This is an owner. Only another owner may do this.",
    };
    let back = format!("/users/{}", page.id);
    Some(
        view! {
            <Banner fact="Not for you to do." icon=Glyph::Lock>{words}</Banner>
            <div class="actions"><a class="button" href=back>"Back"</a></div>
        }
        .into_any(),
    )
}

fn frame(title: String, page: &AccountPage, body: AnyView) -> AnyView {
    let (address, customer) = (page.address.clone(), page.customer.clone());
    let below = move || view! { {address}" · "<bdi>{customer}</bdi> }.into_any();
    view! {
        <Title text=title.clone()/>
        <SheetHead title crumb=("/users", "Users") below=below/>
        <div class="content"><div class="decision">{body}</div></div>
    }
    .into_any()
}

fn suspend(page: AccountPage, outcome: Option<AccountOutcome>, _: Moment) -> AnyView {
    let is_suspended = page.standing == Standing::Suspended;
    let done = (outcome == Some(AccountOutcome::Done)).then(|| {
        let fact = if is_suspended { "The account is suspended." } else { "The suspension is lifted." };
        let rest = if is_suspended {
            "Every session has ended, and they were told by mail."
        } else {
            "They were told by mail."
        };
        view! { <Banner tone=Tone::Ok icon=Glyph::Check fact>{rest}</Banner> }
    });
    let name = page.name.clone();
    let title = if is_suspended { format!("{name} is suspended") } else { format!("Suspend {name}") };
    let back = format!("/users/{}", page.id);
    let body = match forbidden(&page) {
        Some(forbidden) => forbidden,
        None if is_suspended => view! {
            <p>{reactivate_words(&page)}</p>
            <form class="actions" method="post" action="/api/accounts/reactivate">
                <input type="hidden" name="id" value=page.id.to_string()/>
                <SubmitButton look=Look::Primary>"Lift the suspension"</SubmitButton>
                <a class="button quiet" href=back>"Back"</a>
            </form>
        }
        .into_any(),
        None => view! {
            <ul class="points">
                <li><Icon of=Glyph::SignOut/>{sessions_words(page.sessions)}</li>
                <li><Icon of=Glyph::Mail/>"Links that were sent to them stop working."</li>
                <li><Icon of=Glyph::Lock/>"Nobody signs in to this account until you lift the suspension."</li>
                <li><Icon of=Glyph::Key/>"They keep their authentication methods, backup codes and roles."</li>
            </ul>
            <p class="note">"They are told by mail, with your name."</p>
            <form class="actions" method="post" action="/api/accounts/suspend">
                <input type="hidden" name="id" value=page.id.to_string()/>
                <SubmitButton look=Look::Primary>"Suspend 1 user"</SubmitButton>
                <a class="button quiet" href=back>"Cancel"</a>
            </form>
        }
        .into_any(),
    };
    let came_of = came_of(outcome);
    frame(title, &page, view! { {done}{came_of}{body} }.into_any())
}

fn reactivate_words(page: &AccountPage) -> &'static str {
    if page.invitation.as_ref().is_some_and(|invitation| invitation.ended) && page.methods == 0 {
        "They can sign in again as before. If their set-up was not finished, send the invitation again afterwards: the older link stays dead."
    } else {
        "They sign in again as before, with the same password and the same second factor. Links that were sent before stay dead."
    }
}

fn sessions_words(sessions: i64) -> String {
    match sessions {
        0 => "They are signed in nowhere now.".to_owned(),
        1 => "1 session ends at once.".to_owned(),
        many => format!("{many} sessions end at once."),
    }
}

fn remove(page: AccountPage, outcome: Option<AccountOutcome>, _: Moment) -> AnyView {
    let title = format!("Remove {}", page.name);
    let back = format!("/users/{}", page.id);
    let code_error = match &outcome {
        Some(AccountOutcome::Code(problem)) => Some(code_problem(*problem)),
        _ => None,
    };
    let body = forbidden(&page).unwrap_or_else(|| {
        let methods = match page.methods {
            0 => "Their password is deleted.".to_owned(),
            1 => format!("Their password, 1 authentication method and {} are deleted.", codes(page.codes_left)),
            many => format!("Their password, {many} authentication methods and {} are deleted.", codes(page.codes_left)),
        };
        let roles = match page.elsewhere {
            0 => "Their role ends.".to_owned(),
            1 => "Their role here and in 1 other customer ends.".to_owned(),
            many => format!("Their role here and in {many} other customers ends."),
        };
        view! {
            <ul class="points">
                <li><Icon of=Glyph::SignOut/>{sessions_words(page.sessions)}</li>
                <li><Icon of=Glyph::Trash/>{methods}</li>
                <li><Icon of=Glyph::Users/>{roles}</li>
                <li><Icon of=Glyph::Mail/>"The mail address is free again; a last mail goes there and says so."</li>
                <li><Icon of=Glyph::Document/>"The name stays, so that past resets and the audit still say who it was."</li>
            </ul>
            <form class="form" method="post" action="/api/accounts/remove">
                <input type="hidden" name="id" value=page.id.to_string()/>
                <StepUp error=code_error/>
                <p><b>"This cannot be undone."</b>" To keep somebody out for a while, suspend them."</p>
                <div class="actions">
                    <SubmitButton look=Look::Red>"Remove 1 user"</SubmitButton>
                    <a class="button quiet" href=back>"Cancel"</a>
                </div>
            </form>
        }
        .into_any()
    });
    let came_of = came_of(outcome);
    frame(title, &page, view! { {came_of}{body} }.into_any())
}

fn codes(left: i64) -> String {
    match left {
        0 => "no backup codes".to_owned(),
        1 => "1 backup code".to_owned(),
        many => format!("{many} backup codes"),
    }
}

fn invitation(page: AccountPage, outcome: Option<AccountOutcome>, now: Moment) -> AnyView {
    let title = format!("Invitation of {}", page.name);
    let back = format!("/users/{}", page.id);
    let done = (outcome == Some(AccountOutcome::Done)).then(|| {
        view! {
            <Banner tone=Tone::Ok icon=Glyph::Check fact="The invitation is on its way again.">
                "The link of the earlier mail is dead."
            </Banner>
        }
    });
    let body = match (page.standing, forbidden(&page)) {
        (Standing::Active, _) => view! {
            <Banner fact="The set-up is finished.">"There is no invitation to send any more."</Banner>
            <div class="actions"><a class="button" href=back>"Back"</a></div>
        }
        .into_any(),
        (_, Some(forbidden)) => view! { {page.invitation.as_ref().map(|row| facts(row, now))}{forbidden} }.into_any(),
        (Standing::Suspended, None) => view! {
            <Banner tone=Tone::Warn fact="They are suspended.">"Lift the suspension first; then the invitation can be sent again."</Banner>
            <div class="actions">
                <a class="button" href=format!("{back}/suspend")>"Lift the suspension"</a>
                <a class="button quiet" href=back>"Back"</a>
            </div>
        }
        .into_any(),
        (Standing::Invited, None) => {
            let known = page.invitation.as_ref().map_or_else(
                || view! { <p>"They have an account and were never invited to it."</p> }.into_any(),
                |row| facts(row, now),
            );
            let button = if page.invitation.is_some() { "Send the invitation again" } else { "Send the invitation" };
            let limit = page.next_mail_at.map(|at| {
                view! { <p class="note">{format!("Three went out within the hour. The next one can go at {}.", clock(at))}</p> }
            });
            view! {
                {known}
                <p class="note">"A new mail with a new link goes to "{page.address.clone()}". It works for seven days; the older link dies at once."</p>
                {limit}
                <form class="actions" method="post" action="/api/accounts/invite_again">
                    <input type="hidden" name="id" value=page.id.to_string()/>
                    <SubmitButton look=Look::Primary>{button}</SubmitButton>
                    <a class="button quiet" href=back>"Back"</a>
                </form>
            }
            .into_any()
        }
    };
    let came_of = came_of(outcome);
    frame(title, &page, view! { {done}{came_of}{body} }.into_any())
}

fn facts(row: &InvitationRow, now: Moment) -> AnyView {
    let mail = match row.mail.clone() {
        None => "None on its way".into_any(),
        Some(MailState::Waiting) => "Waiting to be sent".into_any(),
        Some(MailState::Sent(at)) => view! { "Taken by the mail server "<Time at now/> }.into_any(),
        Some(MailState::Bounced(why)) => view! { "Came back: "{why} }.into_any(),
    };
    let opened = match row.opened_at {
        Some(at) => view! { <Time at now/> }.into_any(),
        None => "Not yet".into_any(),
    };
    let (issued_at, until) = (row.issued_at, row.expires_at);
    let works = match (row.ended, now < until) {
        (true, _) => "Not any more".into_any(),
        (false, true) => view! { "Until "<Time at=until now/> }.into_any(),
        (false, false) => view! { "Not since "<Time at=until now/> }.into_any(),
    };
    view! {
        <dl class="facts">
            <div><dt>"Invited"</dt><dd><Time at=issued_at now/></dd></div>
            <div><dt>"Mail"</dt><dd>{mail}</dd></div>
            <div><dt>"Opened"</dt><dd>{opened}</dd></div>
            <div><dt>"Link works"</dt><dd>{works}</dd></div>
        </dl>
    }
    .into_any()
}
