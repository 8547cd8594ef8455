//! `/security/tokens/{id}`: a token that waits for its holder becomes a second factor of theirs, or one that has run ahead is
//! brought into step.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::api::{WaitingToken, show_waiting};
use super::outcome::ActivateOutcome;
use crate::domain::ids::TokenId;
use crate::domain::sign_in::CodeProblem;
use crate::domain::time::Time as Moment;
use crate::domain::totp::Moving;
use crate::features::session::api::Proofs;
use crate::features::session::calm::{apart, calm, help_desk};
use crate::features::session::flash::left_by;
use crate::features::sign_in::prove::{BackupCode, StepUp, code_problem};
use crate::ui::{Banner, CalmShell, CodeField, Look, SubmitButton, Tone};
use crate::words::{locale, td_string};

/// Activates a token of one's own.
#[component]
pub fn ActivateTokenPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let backup = Memo::new(move |_| query.read().get("with").as_deref() == Some("backup"));
    let none = TokenId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    let page = Resource::new(move || id.get(), move |id| show_waiting(id.parse().unwrap_or(none)));
    let left = left_by::<ActivateOutcome>("activate_token").map(|left| left.outcome);
    view! {
        <Title text=td_string!(locale(), security.token.title)/>
        {calm(page, move |page: Option<WaitingToken>| match page {
            None => gone(),
            Some(token) if !token.has_factor => no_factor(token),
            Some(token) => form(token, backup.get(), left),
        })}
    }
}

fn back() -> AnyView {
    view! { <p class="ways"><a href="/security">{td_string!(locale(), security.back)}</a></p> }.into_any()
}

fn gone() -> AnyView {
    view! {
        <CalmShell>
            <h1>{td_string!(locale(), security.gone.title)}</h1>
            <p class="lead">{td_string!(locale(), security.gone.lead)}</p>
            <a class="button primary wide" href="/security">{td_string!(locale(), security.back)}</a>
        </CalmShell>
    }
    .into_any()
}

fn no_factor(token: WaitingToken) -> AnyView {
    view! {
        <CalmShell customer=token.customer help_desk=help_desk(token.help_desk)>
            <h1>{td_string!(locale(), security.token.title)}</h1>
            <Banner tone=Tone::Warn fact=td_string!(locale(), security.token.no_factor)>
                {td_string!(locale(), security.token.no_factor_lead)}
            </Banner>
            <a class="button primary wide" href="/security/add">{td_string!(locale(), security.add.title)}</a>
            {back()}
        </CalmShell>
    }
    .into_any()
}

fn form(token: WaitingToken, backup: bool, left: Option<ActivateOutcome>) -> AnyView {
    let digits = token.profile.digits;
    let by_press = token.profile.moving == Moving::Counter;
    let ran_ahead = left == Some(ActivateOutcome::TwoNeeded) && !token.two_codes;
    let (again, proofs) = (token.is_active, token.proofs);
    let two = token.two_codes || ran_ahead || again;
    let malformed = td_string!(locale(), security.token.malformed, digits = digits);
    let first_error = match left {
        Some(ActivateOutcome::Malformed) => Some(malformed),
        Some(ActivateOutcome::Wrong) if two => Some(td_string!(locale(), security.token.wrong_two).to_owned()),
        Some(ActivateOutcome::Wrong) => Some(td_string!(locale(), security.token.wrong).to_owned()),
        _ => None,
    };
    let second_error = (left == Some(ActivateOutcome::TwoNeeded) && !ran_ahead)
        .then(|| td_string!(locale(), security.token.two_needed).to_owned());
    let why_two = if again {
        None
    } else if ran_ahead {
        Some(td_string!(locale(), security.token.ahead))
    } else {
        token.two_codes.then(|| td_string!(locale(), security.token.two))
    };
    let first = if two {
        td_string!(locale(), security.token.first, digits = digits)
    } else {
        td_string!(locale(), security.token.first_one, digits = digits)
    };
    let second = two.then(|| {
        let hint = if by_press {
            td_string!(locale(), security.token.second_press)
        } else {
            td_string!(locale(), security.token.second_time)
        };
        let label = td_string!(locale(), security.token.second, digits = digits);
        view! { <CodeField name="second" label hint=hint.to_owned() error=second_error places=digits/> }
    });
    let over = match left {
        Some(ActivateOutcome::Over) => {
            Some((td_string!(locale(), security.over), td_string!(locale(), security.over_lead)))
        }
        Some(ActivateOutcome::TooMany) => {
            Some((td_string!(locale(), security.add.many), td_string!(locale(), security.add.many_lead)))
        }
        Some(ActivateOutcome::NotAllowed) => Some((
            td_string!(locale(), security.token.not_allowed),
            td_string!(locale(), security.token.not_allowed_lead),
        )),
        _ => None,
    };
    let serial = apart(&token.serial);
    let (title, lead, button) = if again {
        let lead = td_string!(locale(), security.token.step_lead, serial = serial);
        (td_string!(locale(), security.token.step_title), lead, td_string!(locale(), security.token.step_button))
    } else {
        let lead = td_string!(locale(), security.token.lead, serial = serial);
        let lead = format!("{lead} {}", td_string!(locale(), security.token.ends));
        (td_string!(locale(), security.token.title), lead, td_string!(locale(), security.token.button))
    };
    let path = format!("/security/tokens/{}", token.id);
    let (href, link) = if backup {
        (path, td_string!(locale(), sign_in.backup.instead_link))
    } else {
        (format!("{path}?with=backup"), td_string!(locale(), sign_in.code.instead_link))
    };
    view! {
        <CalmShell customer=token.customer help_desk=help_desk(token.help_desk)>
            <h1>{title}</h1>
            <p class="lead">{lead}</p>
            {why_two.map(|why| view! { <p>{why}</p> })}
            {over.map(|(fact, rest)| view! { <Banner tone=Tone::Danger fact alert=true>{rest}</Banner> })}
            <form class="form" method="post" action="/api/tokens/activate">
                <input type="hidden" name="id" value=token.id.to_string()/>
                <CodeField name="first" label=first error=first_error places=digits/>
                {second}
                {own_factor(backup, left, proofs)}
                <SubmitButton look=Look::Primary wide=true>{button}</SubmitButton>
            </form>
            <p class="ways"><a href=href>{link}</a></p>
            {back()}
        </CalmShell>
    }
    .into_any()
}

/// The field for the factor that whoever asks has already.
fn own_factor(backup: bool, left: Option<ActivateOutcome>, proofs: Proofs) -> AnyView {
    let error = match left {
        Some(ActivateOutcome::Code(CodeProblem::Malformed)) if backup => {
            Some(td_string!(locale(), common.not_a_backup_code).to_owned())
        }
        Some(ActivateOutcome::Code(CodeProblem::Wrong)) if backup => {
            Some(td_string!(locale(), sign_in.backup.wrong).to_owned())
        }
        Some(ActivateOutcome::Code(problem)) => Some(code_problem(problem)),
        _ => None,
    };
    if backup {
        return view! {
            <BackupCode error/>
        }
        .into_any();
    }
    view! { <StepUp label=td_string!(locale(), security.token.own) error proofs/> }.into_any()
}
