//! `/customers/{id}/policy`: what holds. Owners change it here, the other readers see it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use leptos_router::params::ParamsMap;

use super::api::{PolicyPage as Policy, Typed, show_policy};
use super::words::{label, meaning, second_proof, value};
use crate::domain::authority::Refusal;
use crate::domain::caller::SecondProof;
use crate::domain::ids::CustomerId;
use crate::domain::policy::{Saved, Setting};
use crate::domain::time::Time as Moment;
use crate::features::customers::head::customer_head;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::ui::{
    Banner, Checkbox, Choice, Empty, Glyph, Look, Pick, Section, SheetHead, SubmitButton, TextField, Toast, minute,
};

pub use super::review_page::PolicyReviewPage;

/// Which setting stands in which part of the page.
const PARTS: [(&str, &[Setting]); 6] = [
    ("Second factor", &[Setting::MfaRequired, Setting::GraceDays, Setting::TrustDays]),
    (
        "What people may add",
        &[
            Setting::PasskeysAllowed,
            Setting::PasskeysVerifyUser,
            Setting::HardwareTokensAllowed,
            Setting::PhonesAllowed,
            Setting::PhoneMessagesADay,
        ],
    ),
    (
        "After a reset",
        &[
            Setting::SetUpAtSignIn,
            Setting::LinkMinutes,
            Setting::RemindAfterHours,
            Setting::SecondProof,
            Setting::CallBackCheck,
        ],
    ),
    ("What a reset needs", &[Setting::ReasonRequired, Setting::TicketRequired]),
    ("Second approver", &[Setting::ApproverFrom, Setting::ApproverAcross, Setting::ApproverPrivileged]),
    ("Backup codes", &[Setting::CodesLow]),
];

/// A customer's policy.
#[component]
pub fn PolicyPage() -> impl IntoView {
    let id = customer();
    let policy = Resource::new(move || id.get(), show_policy);
    let saved = left_by::<Saved>("policy").is_some_and(|left| left.outcome == Saved::Done);
    let query = use_query_map();
    console(Section::Customers, policy, move |policy, _, now| match policy {
        None => nobody_here(),
        Some(policy) => {
            // Whoever comes back from the review finds what they had typed.
            let typed = query.with_untracked(typed).unwrap_or_else(|| Typed::from(&policy.settings));
            let toast = saved.then(|| view! { <Toast>"The policy is saved. It holds from now on."</Toast> });
            view! { {sheet(&policy, &typed, &[], now)} {toast} }.into_any()
        }
    })
}

/// The customer in the address. What is no identifier is nobody's: the same answer as for one that is not there.
pub(super) fn customer() -> Memo<CustomerId> {
    let params = use_params_map();
    let nobody = CustomerId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse().ok()).unwrap_or(nobody))
}

/// What the address says was typed; none where it says nothing of it.
pub(super) fn typed(query: &ParamsMap) -> Option<Typed> {
    let said = |setting: &Setting| Some((setting.to_string(), query.get(setting.as_str())?));
    let typed: std::collections::BTreeMap<_, _> = Setting::ALL.iter().filter_map(said).collect();
    (!typed.is_empty()).then_some(Typed(typed))
}

pub(super) fn nobody_here() -> AnyView {
    view! {
        <Title text="No such customer"/>
        <SheetHead title="No such customer" crumb=("/customers", "Customers")/>
        <div class="content">
            <Empty icon=Glyph::Building title="Nothing is here" actions=|| view! { <a class="button" href="/customers">"All customers"</a> }>
                "The address may be mistyped, or this customer is not one of yours."
            </Empty>
        </div>
    }
    .into_any()
}

/// What holds, to be changed or only to be read. `wrong` names the numbers that were refused.
pub(super) fn sheet(policy: &Policy, typed: &Typed, wrong: &[Setting], now: Moment) -> AnyView {
    let content = match policy.refusal {
        None => form(policy, typed, wrong, now),
        Some(refusal) => facts(policy, refusal, now),
    };
    view! {
        <Title text=format!("Policy · {}", policy.name)/>
        {customer_head(policy.id, &policy.name, 2)}
        <div class="content policy">{content}</div>
    }
    .into_any()
}

fn facts(policy: &Policy, refusal: Refusal, now: Moment) -> AnyView {
    let who = match refusal {
        Refusal::NoFactorOfYourOwn => {
            ("You are an owner here without a second factor.", "Set one up, and you may change this policy.")
        }
        Refusal::OwnersOnly | Refusal::NoRole | Refusal::Yourself => {
            ("You may read this policy.", "Only an owner of this customer may change it.")
        }
    };
    let row = |setting: &Setting| {
        view! {
            <div>
                <dt>{label(*setting)}</dt>
                <dd><b>{value(*setting, &policy.settings)}</b>{since(*setting, policy, now)}<p class="hint">{meaning(*setting)}</p></dd>
            </div>
        }
    };
    let part = |(title, settings): (&'static str, &[Setting])| {
        view! {
            <section class="card">
                <header class="card-head"><h2>{title}</h2></header>
                <dl class="card-body facts">{settings.iter().map(row).collect_view()}</dl>
            </section>
        }
        .into_any()
    };
    view! {
        <Banner fact=who.0 icon=Glyph::Lock>{who.1}</Banner>
        {PARTS.map(part).collect_view()}
    }
    .into_any()
}

/// Since when MFA is required and until when it may be put off, beside what it says.
fn since(setting: Setting, policy: &Policy, now: Moment) -> Option<String> {
    match (setting, policy.required_since, policy.grace_until) {
        (Setting::MfaRequired, Some(since), _) => Some(format!(", since {}", minute(since))),
        (Setting::GraceDays, _, Some(until)) if policy.settings.grace_days > 0 => {
            let ends = if now < until { "end" } else { "ended" };
            Some(format!(", which {ends} on {}", minute(until)))
        }
        _ => None,
    }
}

fn form(policy: &Policy, typed: &Typed, wrong: &[Setting], now: Moment) -> AnyView {
    let part = |(title, settings): (&'static str, &[Setting])| {
        let fields = settings.iter().map(|setting| field(*setting, policy, typed, wrong, now)).collect_view();
        view! {
            <section class="card">
                <header class="card-head"><h2>{title}</h2></header>
                <div class="card-body form">{fields}</div>
            </section>
        }
        .into_any()
    };
    view! {
        <form class="form" method="get" action=format!("/customers/{}/policy/review", policy.id)>
            <input type="hidden" name="seen" value=policy.version.clone()/>
            {PARTS.map(part).collect_view()}
            <div class="actions">
                <SubmitButton look=Look::Primary>"Review the changes"</SubmitButton>
                <p class="note">"Nothing is changed yet. You first see whom it concerns."</p>
            </div>
        </form>
    }
    .into_any()
}

fn field(setting: Setting, policy: &Policy, typed: &Typed, wrong: &[Setting], now: Moment) -> AnyView {
    let since = since(setting, policy, now)
        .map(|since| format!(" Now {}{since}.", value(setting, &policy.settings).to_lowercase()));
    let hint = format!("{}{}", meaning(setting), since.unwrap_or_default());
    if setting == Setting::SecondProof {
        let pick = |proof: &SecondProof| {
            let (words, meaning) = second_proof(*proof);
            Pick { value: proof.to_string(), words: words.to_owned(), meaning: meaning.to_owned() }
        };
        let error = wrong.contains(&setting).then(|| "Choose one of these.".to_owned());
        let picks = SecondProof::ALL.iter().map(pick).collect();
        return view! {
            <div class="setting">
                <Choice name=setting.as_str() label=label(setting) picks value=typed.get(setting) error/>
                <p class="hint">{hint}</p>
            </div>
        }
        .into_any();
    }
    let Some(bounds) = setting.bounds() else {
        let words = match setting {
            Setting::MfaRequired => "Multi-factor authentication is required",
            Setting::PasskeysAllowed => "People may add passkeys and security keys",
            Setting::HardwareTokensAllowed => "People may activate hardware tokens",
            Setting::PasskeysVerifyUser => "Passkeys must ask for a PIN, a finger or a face",
            Setting::PhonesAllowed => "People may add phone numbers",
            Setting::SetUpAtSignIn => "After a reset, people may set up again at sign-in",
            Setting::CallBackCheck => "The help desk confirms each new set-up by three words",
            Setting::ReasonRequired => "A reset needs a reason",
            Setting::ApproverAcross => "A second person approves resets across several customers",
            Setting::ApproverPrivileged => "A second person approves resets of owners and admins",
            _ => "A reset needs a ticket number",
        };
        let checked = typed.is_on(setting);
        return view! {
            <div class="setting">
                <Checkbox name=setting.as_str() value="on" label=words checked/>
                <p class="hint">{hint}</p>
            </div>
        }
        .into_any();
    };
    let words = match setting {
        Setting::TrustDays => "Days for which a device may be trusted",
        Setting::LinkMinutes => "Lifetime of recovery links, in minutes",
        Setting::ApproverFrom => "A second person approves resets of this many users or more",
        Setting::RemindAfterHours => "Hours until whoever is not back gets a link once more",
        Setting::CodesLow => "Warn at this many backup codes left",
        _ => label(setting),
    };
    let error =
        wrong.contains(&setting).then(|| format!("Type a whole number from {} to {}.", bounds.start(), bounds.end()));
    view! {
        <TextField
            name=setting.as_str()
            label=words
            value=typed.get(setting)
            inputmode="numeric"
            autocomplete="off"
            required=true
            hint
            error
        />
    }
    .into_any()
}
