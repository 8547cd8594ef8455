//! `/users/{id}/methods/{method}/remove`: what will happen, why, and the admin's own code.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::parts::called;
use super::rows::MethodRow;
use super::user_api::{RemoveOutcome, RemoveUserMethod, UserMethodPage, show_user_method};
use super::user_page::{in_address, nobody_here};
use crate::domain::authority::Refusal;
use crate::domain::ids::MethodId;
use crate::domain::method::{MethodKind, Removal};
use crate::domain::time::Time as Moment;
use crate::features::session::api::ApiError;
use crate::features::session::flash::{Left, left_by, outcome};
use crate::features::session::page::console;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::features::users::api::UserRow;
use crate::features::users::list_parts::PLAN;
use crate::ui::{Banner, Empty, Glyph, Icon, Look, Section, SheetHead, SubmitButton, TextArea, TextField, Time, Tone};

type Outcome = Signal<Option<Result<RemoveOutcome, ApiError>>>;

/// Removes one method of a user.
#[component]
pub fn RemoveUserMethodPage() -> impl IntoView {
    let id = in_address();
    let params = use_params_map();
    let none = MethodId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    let method =
        Memo::new(move |_| params.with(|params| params.get("method")).and_then(|id| id.parse().ok()).unwrap_or(none));
    let page = Resource::new(move || (id.get(), method.get()), |(id, method)| show_user_method(id, method));
    let action = ServerAction::<RemoveUserMethod>::new();
    let left: Option<Left<RemoveOutcome>> = left_by("remove_user_method");
    let outcome = outcome(action, left.as_ref().map(|left| left.outcome));
    let typed = move |field: &str| left.as_ref().map(|left| left.typed(field)).unwrap_or_default();
    let (reason, ticket) = (typed("reason"), typed("ticket"));
    console(Section::Users, page, move |page, _, now| match page {
        None => nobody_here(),
        Some(page) => sheet(page, action, outcome, (reason.clone(), ticket.clone()), now),
    })
}

fn sheet(
    page: UserMethodPage,
    action: ServerAction<RemoveUserMethod>,
    outcome: Outcome,
    typed: (String, String),
    now: Moment,
) -> AnyView {
    let user = page.user.clone();
    let back = format!("/users/{}/methods", user.id);
    let title = format!("Remove a method of {}", user.name);
    let below = {
        let (address, customer) = (user.address.clone(), user.customer.clone());
        move || view! { {address}" · "<bdi>{customer}</bdi> }.into_any()
    };
    let inside = match (page.method.clone(), user.refusal) {
        (_, Some(refusal)) => {
            view! { <Banner tone=Tone::Warn fact=refusal_fact(refusal)>"Nothing can be removed here by you."</Banner> }
                .into_any()
        }
        (None, None) => view! {
            <Empty icon=Glyph::Device title="No such method">"It was removed, or never was one of theirs."</Empty>
        }
        .into_any(),
        (Some(method), None) if method.removal == Removal::Refused => link_needed(&user, &method),
        (Some(method), None) => form(&page, &method, action, outcome, typed, now),
    };
    view! {
        <Title text=title.clone()/>
        <SheetHead title crumb=("/users", "Users") below=below/>
        <div class="content confirm">
            {inside}
            <p><a href=back>"Back to the authentication methods"</a></p>
        </div>
    }
    .into_any()
}

const fn refusal_fact(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NoFactorOfYourOwn => "You have no second factor of your own.",
        Refusal::Yourself => "This is you: your own methods are at My security.",
        Refusal::NoRole => "Your role removes nobody's methods.",
        Refusal::OwnersOnly => "Only an owner may do this to an owner.",
    }
}

/// The last method of somebody who could not set up again without a link.
fn link_needed(user: &UserRow, method: &MethodRow) -> AnyView {
    let id = user.id.to_string();
    let what = called(method);
    view! {
        <Banner tone=Tone::Warn fact="It is their last method.">
            "Whoever takes the last method resets them: their customer asks for a recovery link with it, or for a second
             person. Removing “"<bdi>{what}</bdi>"” alone brings neither; a reset does."
        </Banner>
        <form method="post" action=PLAN>
            <input type="hidden" name="users[]" value=id/>
            <SubmitButton><Icon of=Glyph::Key/>"Reset all multi-factor authentications"</SubmitButton>
        </form>
    }
    .into_any()
}

fn form(
    page: &UserMethodPage,
    method: &MethodRow,
    action: ServerAction<RemoveUserMethod>,
    outcome: Outcome,
    typed: (String, String),
    now: Moment,
) -> AnyView {
    let user = &page.user;
    let failed = move |matches: fn(RemoveOutcome) -> Option<String>| {
        Signal::derive(move || outcome.get().and_then(Result::ok).and_then(matches))
    };
    let general = move || {
        outcome.get().and_then(general_problem).map(|(fact, rest)| {
            view! { <Banner tone=Tone::Danger fact=fact alert=true>{rest}</Banner> }
        })
    };
    let sessions = match user.sessions {
        0 => "They are not signed in anywhere.".to_owned(),
        1 => "They are signed out of their 1 session.".to_owned(),
        count => format!("They are signed out of all {count} sessions."),
    };
    let last = method.removal == Removal::TakesLast;
    let rest = if last {
        "It is their last method: their backup codes go with it, and their next sign-in begins with setting up a new one."
    } else {
        "Their other methods and their backup codes stay as they are."
    };
    let stock = (method.kind == MethodKind::HardwareToken).then_some(" The token is returned to stock.");
    let reason_note = if page.reason_required { "shown in the mail and in the audit" } else { "optional" };
    let ticket_note = if page.ticket_required { "required" } else { "optional" };
    let (id, method_id) = (user.id.to_string(), method.id.to_string());
    let (what, registered, used) = (called(method), method.registered_at, method.last_used_at);
    let kind_word = method.name.is_some().then(|| method.kind.label());
    view! {
        <dl class="facts">
            <div><dt>"Method"</dt><dd><bdi>{what}</bdi>{kind_word.map(|kind| format!(", {}", kind.to_lowercase()))}</dd></div>
            <div><dt>"Registered"</dt><dd><Time at=registered now/></dd></div>
            <div><dt>"Last used"</dt><dd>{super::page::time(used, now)}</dd></div>
        </dl>
        <section class="card">
            <header class="card-head"><h2>"Confirm"</h2></header>
            <ActionForm action attr:class="card-body form">
                {general}
                <input type="hidden" name="id" value=id/>
                <input type="hidden" name="method" value=method_id/>
                <p><b>"This method stops working at once."</b>{stock}" "{rest}" "{sessions}" They are told by mail. This cannot be undone."</p>
                <TextArea
                    name="reason"
                    label="Reason"
                    note=reason_note
                    value=typed.0
                    error=failed(|outcome| {
                        (outcome == RemoveOutcome::ReasonMissing).then(|| "Say in a few words why. It stands in the mail.".to_owned())
                    })
                />
                <TextField
                    name="ticket"
                    label="Ticket"
                    note=ticket_note
                    value=typed.1
                    error=failed(|outcome| {
                        (outcome == RemoveOutcome::TicketMissing).then(|| "This customer needs a ticket number.".to_owned())
                    })
                />
                <StepUp hint="It counts for this removal only."
                    error=failed(|outcome| match outcome {
                        RemoveOutcome::Code(problem) => Some(code_problem(problem)),
                        _ => None,
                    })
                />
                <SubmitButton look=Look::Red wide=true pending=action.pending()>"Remove 1 method"</SubmitButton>
            </ActionForm>
        </section>
    }
    .into_any()
}

/// What is wrong with the whole, and what to do.
fn general_problem(outcome: Result<RemoveOutcome, ApiError>) -> Option<(&'static str, &'static str)> {
    const NOTHING: &str = "Nothing was changed.";
    match outcome {
        Ok(RemoveOutcome::Refused(refusal)) => Some((refusal_fact(refusal), NOTHING)),
        Ok(RemoveOutcome::NoMethod) => Some(("It is not there any more.", NOTHING)),
        Ok(RemoveOutcome::LinkNeeded) => Some((
            "It is their last method, and only a reset takes that.",
            "Nothing was changed. Reset all their multi-factor authentications instead.",
        )),
        Ok(RemoveOutcome::LastOwner) => Some(("A customer would be left without an owner who can sign in.", NOTHING)),
        Ok(_) => None,
        Err(ApiError::Busy) => Some(("Rekey is busy.", "Nothing was changed. Try again in a moment.")),
        Err(ApiError::Unreachable) => Some(("Rekey cannot be reached.", "Check your connection and try again.")),
        Err(_) => {
            Some(("Something failed on the server.", "Load the page anew to see whether the method is still there."))
        }
    }
}
