//! `/users/invite`: one person gets an account and a mail.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::api::{Choice, InviteOutcome, choices};
use crate::domain::authority::{Refusal, Role};
use crate::domain::ids::CustomerId;
use crate::features::session::api::Me;
use crate::features::session::flash::{Left, left_by};
use crate::features::session::page::console;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::ui::{Banner, Empty, Glyph, Icon, Look, Section, SheetHead, SubmitButton, TextField, Toast, Tone};

/// Where an invitation is sent.
const INVITE: &str = "/api/accounts/invite";

/// The page that invites one person.
#[component]
pub fn InvitePage() -> impl IntoView {
    let query = use_query_map();
    let chosen = Memo::new(move |_| query.read().get("customer").and_then(|id| id.parse::<CustomerId>().ok()));
    let page = Resource::new(|| (), |()| choices());
    let left = left_by::<InviteOutcome>("invite");
    view! {
        <Title text="Invite somebody"/>
        {console(Section::Users, page, move |choices, me, _| {
            let chosen = chosen.get();
            let by_file = chosen.map_or_else(|| "/users/invite/file".to_owned(), |id| format!("/users/invite/file?customer={id}"));
            let body = if choices.is_empty() { nobody_to_invite(&me) } else { form(choices, chosen, left.clone()) };
            view! {
                <SheetHead title="Invite somebody" crumb=("/users", "Users")>
                    <a class="button" href=by_file><Icon of=Glyph::Document/>"Invite a list"</a>
                </SheetHead>
                {body}
            }
            .into_any()
        })}
    }
}

/// What stands there for whoever may invite nobody.
pub(super) fn nobody_to_invite(me: &Me) -> AnyView {
    let why = if me.has_mfa {
        "Owners and admins invite people to their customers. Ask one of them."
    } else {
        "Set up a second factor of your own first: sign out and in again."
    };
    view! {
        <div class="content">
            <Empty icon=Glyph::Users title="You cannot invite anybody" actions=|| view! { <a class="button" href="/users">"Back to the users"</a> }>
                {why}
            </Empty>
        </div>
    }
    .into_any()
}

fn form(choices: Vec<Choice>, chosen: Option<CustomerId>, left: Option<Left<InviteOutcome>>) -> AnyView {
    let outcome = left.as_ref().map(|left| left.outcome);
    let done = matches!(outcome, Some(InviteOutcome::Invited(_)));
    let typed = |field: &str| left.as_ref().filter(|_| !done).map(|left| left.typed(field)).unwrap_or_default();
    let role = typed("role").parse().unwrap_or(Role::Member);
    let name_error = (outcome == Some(InviteOutcome::NoName)).then(|| "Say what they are called.".to_owned());
    let address_error = match outcome {
        Some(InviteOutcome::BadAddress) => Some("That is not a mail address.".to_owned()),
        Some(InviteOutcome::CannotInvite) => Some("This address cannot be invited.".to_owned()),
        _ => None,
    };
    let code_error = match outcome {
        Some(InviteOutcome::Code(problem)) => Some(code_problem(problem)),
        _ => None,
    };
    let refused = match outcome {
        Some(InviteOutcome::Refused(refusal)) => Some(refusal_banner(refusal)),
        _ => None,
    };
    let invited = match outcome {
        Some(InviteOutcome::Invited(user)) => Some((user, left.as_ref().map(|left| left.typed("name")))),
        _ => None,
    };
    let toast = invited.map(|(user, name)| {
        view! {
            <Toast>
                "The invitation to "<bdi>{name}</bdi>" is on its way. "
                <a class="action" href=format!("/users/{user}")>"Show"</a>
            </Toast>
        }
    });
    let owners = choices.iter().any(|choice| choice.owners && chosen.is_none_or(|id| id == choice.id));
    view! {
        <div class="content">
            <div class="decision">
                {refused}
                <form class="form" method="post" action=INVITE>
                    {customer_field(choices, chosen)}
                    <TextField name="name" label="Name" value=typed("name") error=name_error autocomplete="off" required=true autofocus=true/>
                    <TextField
                        name="address"
                        label="Mail address"
                        value=typed("address")
                        hint="The invitation goes there, and they sign in with it."
                        error=address_error
                        inputmode="email"
                        autocomplete="off"
                        required=true
                    />
                    {roles(role, owners)}
                    <div class="above-member">
                        <StepUp hint="This role sees or changes more than its own account."
                            error=code_error
                            may_be_empty=true
                        />
                    </div>
                    <p class="note">
                        "They get a mail with a link that works once, for seven days. They choose their password themselves."
                    </p>
                    <div class="actions">
                        <SubmitButton look=Look::Primary>"Send the invitation"</SubmitButton>
                        <a class="button quiet" href="/users">"Cancel"</a>
                    </div>
                </form>
            </div>
        </div>
        {toast}
    }
    .into_any()
}

/// The customer: fixed where the address names one, chosen where there are several.
pub(super) fn customer_field(choices: Vec<Choice>, chosen: Option<CustomerId>) -> AnyView {
    let fixed =
        if choices.len() == 1 { choices.first() } else { choices.iter().find(|choice| Some(choice.id) == chosen) };
    if let Some(choice) = fixed {
        let others = (choices.len() > 1).then(|| view! { <a href="?">"Another customer"</a> });
        let (id, name) = (choice.id.to_string(), choice.name.clone());
        return view! {
            <div class="field">
                <label for="customer-name">"Customer"</label>
                {others}
                <input class="input" id="customer-name" type="text" value=name readonly=true dir="auto"/>
                <input type="hidden" name="customer" value=id/>
            </div>
        }
        .into_any();
    }
    let option = |choice: Choice| view! { <option value=choice.id.to_string()>{choice.name}</option> };
    view! {
        <div class="field">
            <label for="customer">"Customer"</label>
            <select class="input" id="customer" name="customer" required=true>
                <option value="">"Choose a customer"</option>
                {choices.into_iter().map(option).collect_view()}
            </select>
        </div>
    }
    .into_any()
}

fn roles(chosen: Role, owners: bool) -> AnyView {
    let choice = |role: Role, name: &'static str, means: &'static str| {
        view! {
            <label>
                <input type="radio" name="role" value=role.as_str() checked={role == chosen}/>
                <span><b>{name}</b><small>{means}</small></span>
            </label>
        }
        .into_any()
    };
    view! {
        <fieldset class="choices">
            <legend>"Role"</legend>
            {choice(Role::Member, "Member", "Looks after their own account.")}
            {choice(Role::Auditor, "Auditor", "Reads everything, changes nothing.")}
            {choice(Role::Admin, "Admin", "Resets, invites and suspends everybody but owners.")}
            {owners.then(|| choice(Role::Owner, "Owner", "May do everything, to owners too."))}
        </fieldset>
    }
    .into_any()
}

/// Why something was refused.
pub(super) fn refusal_banner(refusal: Refusal) -> AnyView {
    let fact = match refusal {
        Refusal::NoFactorOfYourOwn => "You have no second factor of your own.",
        Refusal::Yourself => "Nobody does this to themself.",
        Refusal::NoRole => "Your role does not cover this.",
        Refusal::OwnersOnly => "Only an owner may do this to an owner.",
    };
    view! { <Banner tone=Tone::Danger fact alert=true>"Nothing was changed."</Banner> }.into_any()
}
