//! `/sign-in` and `/sign-in/code`: address and password, then the second factor.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::api::{
    Begin, BeginOutcome, CodeOutcome, Finish, FinishWithPasskey, SendOutcome, WaitingFor, ask_passkey, waiting,
};
use super::link_page::{frozen_page, link_page};
use super::phone_form::{Sending, not_sent, phone_form};
use super::prove::BackupCode;
use super::trust::Offer;
use crate::domain::sign_in::Way;
use crate::domain::time::Time;
use crate::features::recovery::api::{AgainOutcome, SendAgain};
use crate::features::recovery::fate::{Help, about_link};
use crate::features::session::api::ApiError;
use crate::features::session::calm::{apart, calm, failed, help_desk, on_the_way, refusal};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{
    Asking, Banner, CalmShell, CodeField, Glyph, KeyButton, KeyQuestion, KeyWords, Look, PasswordField, SubmitButton,
    TextField, Tone, begin_anew, clock,
};
use crate::words::{locale, td_string};

/// Where somebody asks for a new password; the page there has this address.
const FORGOT: &str = "/forgot-password";

/// Address and password; after a reset in a customer that requires the link, where that link is.
#[component]
pub fn SignInPage() -> impl IntoView {
    let action = ServerAction::<Begin>::new();
    let left = left_by::<BeginOutcome>("sign_in");
    let typed = left.as_ref().map(|left| left.typed("address")).unwrap_or_default();
    let outcome = outcome(action, left.map(|left| left.outcome));
    let again = ServerAction::<SendAgain>::new();
    let asked_again = self::outcome(again, left_by::<AgainOutcome>("send_again").map(|left| left.outcome));
    let required = Memo::new(move |_| match outcome.get() {
        Some(Ok(BeginOutcome::LinkRequired(link))) => Some(link),
        _ => None,
    });
    let help = Help::of_page();
    move || {
        if let Some(Ok(BeginOutcome::Frozen(frozen))) = outcome.get() {
            return frozen_page(frozen);
        }
        match link_page(required.get(), (asked_again, again), help) {
            Some(page) => page,
            None => ask(action, outcome, &typed),
        }
    }
}

type BeginSignal = Signal<Option<Result<BeginOutcome, ApiError>>>;

fn ask(action: ServerAction<Begin>, outcome: BeginSignal, typed: &str) -> AnyView {
    let typed = typed.to_owned();
    let wrong = Signal::derive(move || {
        (outcome.get() == Some(Ok(BeginOutcome::Wrong))).then(|| td_string!(locale(), sign_in.wrong).to_owned())
    });
    let failure = move || match outcome.get() {
        Some(Ok(BeginOutcome::Busy)) => Some(failed(ApiError::Busy)),
        Some(Err(error)) => Some(failed(error)),
        _ => None,
    };
    let query = use_query_map();
    let new_password = move || {
        (query.read().get("password").is_some() && outcome.get().is_none()).then(|| {
            let fact = td_string!(locale(), sign_in.new_password);
            view! { <Banner tone=Tone::Ok fact icon=Glyph::Check>{td_string!(locale(), sign_in.new_password_lead)}</Banner> }
        })
    };
    let over = move || (query.read().get("over").is_some() && outcome.get().is_none()).then(over);
    // The start page only leads on to the users, and does so only when the browser itself asks for it.
    let next = move || query.read().get("next").filter(|next| next != "/").unwrap_or_else(|| "/users".to_owned());
    let title = td_string!(locale(), sign_in.title);
    view! {
        <Title text=title/>
        <CalmShell>
            <h1>{title}</h1>
            {over}
            {new_password}
            {refusal(failure)}
            <ActionForm action attr:class="form">
                <input type="hidden" name="next" value=next/>
                <TextField
                    name="address"
                    label=td_string!(locale(), sign_in.address)
                    value=typed
                    inputmode="email"
                    autocomplete="username"
                    required=true
                    autofocus=wrong.get_untracked().is_none()
                />
                <PasswordField
                    name="password"
                    label=td_string!(locale(), common.password)
                    show=td_string!(locale(), common.show)
                    hide=td_string!(locale(), common.hide)
                    error=wrong
                    aside=|| view! { <a href=FORGOT>{td_string!(locale(), sign_in.forgot)}</a> }
                />
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), common.go_on)}
                </SubmitButton>
            </ActionForm>
            <p class="note center">{td_string!(locale(), sign_in.next)}</p>
            <hr/>
            <details class="fold">
                <summary>{td_string!(locale(), sign_in.trouble)}</summary>
                <p>{td_string!(locale(), sign_in.trouble_factor)}</p>
                <p>{td_string!(locale(), sign_in.trouble_password)}</p>
            </details>
        </CalmShell>
    }
    .into_any()
}

fn over() -> AnyView {
    view! {
        <Banner tone=Tone::Warn fact=td_string!(locale(), sign_in.over)>{td_string!(locale(), sign_in.over_lead)}</Banner>
    }
    .into_any()
}

/// The second factor in the way that `?with=` names, or else in the user's first choice.
#[component]
pub fn CodePage() -> impl IntoView {
    let waiting = Resource::new(|| (), |()| waiting());
    let query = use_query_map();
    let asked = Memo::new(move |_| query.read().get("with").and_then(|way| way.parse::<Way>().ok()));
    // The forms take each other's place under somebody who has just pressed a link.
    Effect::new(move |before: Option<Option<Way>>| {
        let now = asked.get();
        if before.is_some_and(|before| before != now) {
            begin_anew();
        }
        now
    });
    let (by_code, by_backup_code) = (ServerAction::<Finish>::new(), ServerAction::<Finish>::new());
    let by_passkey = ServerAction::<FinishWithPasskey>::new();
    let left = left_by::<CodeOutcome>("code");
    let ticked = left.as_ref().is_some_and(|left| left.typed("trust") == "true");
    let left = left.map(|left| left.outcome);
    let sending = left_by::<SendOutcome>("send_code").map(|left| left.outcome);
    // What a form left is for the form on this page as it came, not for the other ones.
    let came_with = asked.get_untracked();
    let help = Help::of_page();
    let page = move |waiting: Option<WaitingFor>| {
        let Some(WaitingFor { customer, help_desk: desk, token_digits, ways, trust_days, phones, sent, fate }) =
            waiting
        else {
            return on_the_way();
        };
        let name = customer.clone();
        let sending = sending.clone();
        let form = move || {
            let way = asked.get().or(ways.first().copied()).unwrap_or(Way::App);
            let left = left.filter(|_| asked.get() == came_with);
            let others = || other_ways(way, &ways);
            let offer = Offer::new(trust_days, ticked);
            match way {
                Way::Passkey => passkey_form(by_passkey, outcome(by_passkey, left), &name, offer, others()),
                Way::App => code_form(by_code, outcome(by_code, left), &name, token_digits, offer, others()),
                Way::Phone => {
                    let refusal = sending.as_ref().filter(|_| asked.get() == came_with).and_then(not_sent);
                    let sending = Sending { phones: &phones, sent: sent.clone(), refusal };
                    phone_form(by_code, outcome(by_code, left), sending, offer, others())
                }
                Way::BackupCode => backup_form(by_backup_code, outcome(by_backup_code, left), &name, others()),
            }
        };
        view! {
            <CalmShell customer help_desk=help_desk(desk)>
                {form}
                // A plain form: what WebAssembly holds in memory goes with the page.
                <form method="post" action="/api/sign_in/out">
                    <button class="action" type="submit">{td_string!(locale(), sign_in.start_again)}</button>
                </form>
                {about_link(fate, help, td_string!(locale(), recovery.fate.code))}
            </CalmShell>
        }
        .into_any()
    };
    calm(waiting, page)
}

/// Links to the ways that are not this one.
fn other_ways(way: Way, ways: &[Way]) -> Option<AnyView> {
    let link = |other: &Way| {
        let words = match other {
            Way::Passkey => td_string!(locale(), sign_in.passkey.link),
            Way::App => td_string!(locale(), sign_in.backup.instead_link),
            Way::Phone => td_string!(locale(), sign_in.phone.link),
            Way::BackupCode => td_string!(locale(), sign_in.code.instead_link),
        };
        view! { <a href=format!("/sign-in/code?with={other}")>{words}</a> }
    };
    let others: Vec<_> = ways.iter().filter(|other| **other != way).map(link).collect();
    let instead = match (way, others.len()) {
        (_, 0) => return None,
        (Way::App, 1) if ways.contains(&Way::BackupCode) => td_string!(locale(), sign_in.code.instead),
        (Way::BackupCode, 1) if ways.contains(&Way::App) => td_string!(locale(), sign_in.backup.instead),
        _ => td_string!(locale(), sign_in.another),
    };
    Some(
        view! {
            <div>
                <p class="note">{instead}</p>
                <p class="ways">{others}</p>
            </div>
        }
        .into_any(),
    )
}

pub(super) type Outcome = Signal<Option<Result<CodeOutcome, ApiError>>>;

fn code_form(
    action: ServerAction<Finish>,
    outcome: Outcome,
    customer: &str,
    token_digits: Option<u8>,
    offer: Offer,
    others: Option<AnyView>,
) -> AnyView {
    let error = Signal::derive(move || match outcome.get() {
        Some(Ok(CodeOutcome::Malformed)) => Some(td_string!(locale(), common.not_six).to_owned()),
        Some(Ok(CodeOutcome::Wrong)) => Some(td_string!(locale(), sign_in.code.wrong).to_owned()),
        _ => None,
    });
    let title = td_string!(locale(), sign_in.code.title);
    let (lead, label) = if token_digits.is_some() {
        let lead = td_string!(locale(), sign_in.code.lead_token, customer = apart(customer));
        (lead, td_string!(locale(), sign_in.code.label_token))
    } else {
        (td_string!(locale(), sign_in.code.lead, customer = apart(customer)), td_string!(locale(), sign_in.code.label))
    };
    view! {
        <Title text=title/>
        <h1>{title}</h1>
        <p class="lead">{lead}</p>
        {refusal(move || refused(outcome.get()?))}
        <ActionForm action attr:class="form">
            <CodeField name="code" label error autofocus=true places=token_digits.unwrap_or(6)/>
            {offer.show()}
            {sign_in(action)}
        </ActionForm>
        {others}
    }
    .into_any()
}

/// What is said around keys on calm pages, with these words on the button and where the question is void.
#[must_use]
pub fn key_words(label: &'static str, over: &'static str) -> KeyWords {
    KeyWords {
        label,
        no_script: td_string!(locale(), common.key.no_script),
        over,
        cancelled: td_string!(locale(), common.key.cancelled),
        known: td_string!(locale(), common.key.known),
        unable: td_string!(locale(), common.key.unable),
    }
}

fn passkey_form(
    action: ServerAction<FinishWithPasskey>,
    outcome: Outcome,
    customer: &str,
    offer: Offer,
    others: Option<AnyView>,
) -> AnyView {
    let title = td_string!(locale(), sign_in.passkey.title);
    let wrong = move || match outcome.get()? {
        Ok(CodeOutcome::Malformed | CodeOutcome::Wrong) => {
            Some((td_string!(locale(), sign_in.passkey.wrong).to_owned(), String::new()))
        }
        other => refused(other),
    };
    let words = key_words(td_string!(locale(), sign_in.passkey.button), td_string!(locale(), sign_in.over));
    let ask: Asking = || {
        Box::pin(async {
            let question = ask_passkey().await.ok().flatten()?;
            Some(KeyQuestion { carry: String::new(), question })
        })
    };
    let then = move |(_, answer)| {
        action.dispatch(FinishWithPasskey { answer, trust: offer.is_ticked() });
    };
    view! {
        <Title text=title/>
        <h1>{title}</h1>
        <p class="lead">{td_string!(locale(), sign_in.passkey.lead, customer = apart(customer))}</p>
        {refusal(wrong)}
        <div class="form">
            {offer.show()}
            <KeyButton words ask then=Callback::new(then) pending=action.pending() look=Look::Primary wide=true/>
        </div>
        {others}
    }
    .into_any()
}

fn backup_form(action: ServerAction<Finish>, outcome: Outcome, customer: &str, others: Option<AnyView>) -> AnyView {
    let error = Signal::derive(move || match outcome.get() {
        Some(Ok(CodeOutcome::Malformed)) => Some(td_string!(locale(), common.not_a_backup_code).to_owned()),
        Some(Ok(CodeOutcome::Wrong)) => Some(td_string!(locale(), sign_in.backup.wrong).to_owned()),
        _ => None,
    });
    let title = td_string!(locale(), sign_in.backup.title);
    view! {
        <Title text=title/>
        <h1>{title}</h1>
        <p class="lead">{td_string!(locale(), sign_in.backup.lead, customer = apart(customer))}</p>
        {refusal(move || refused(outcome.get()?))}
        <ActionForm action attr:class="form">
            <BackupCode error autofocus=true/>
            {sign_in(action)}
        </ActionForm>
        {others}
    }
    .into_any()
}

/// The button that ends a sign-in.
pub(super) fn sign_in(action: ServerAction<Finish>) -> AnyView {
    view! {
        <SubmitButton look=Look::Primary wide=true pending=action.pending()>
            {td_string!(locale(), common.sign_in)}
        </SubmitButton>
    }
    .into_any()
}

/// What is said above the form.
pub(super) fn refused(outcome: Result<CodeOutcome, ApiError>) -> Option<(String, String)> {
    match outcome {
        Ok(CodeOutcome::Locked { until, now }) => Some(locked(until, now)),
        Ok(CodeOutcome::Disabled) => Some(disabled()),
        Ok(CodeOutcome::Copied) => Some((
            td_string!(locale(), sign_in.passkey.copied).to_owned(),
            td_string!(locale(), sign_in.passkey.copied_lead).to_owned(),
        )),
        Ok(CodeOutcome::GoOn | CodeOutcome::Malformed | CodeOutcome::Wrong | CodeOutcome::Over) => None,
        Err(error) => Some(failed(error)),
    }
}

/// What is said while no code is taken.
#[must_use]
pub fn locked(until: Time, now: Time) -> (String, String) {
    let time = clock(until);
    let rest = match (until - now).as_minutes_up() {
        ..=1 => td_string!(locale(), sign_in.locked_one, time = time),
        minutes => td_string!(locale(), sign_in.locked_many, minutes = minutes, time = time),
    };
    (td_string!(locale(), sign_in.locked).to_owned(), rest)
}

/// What is said when no code is taken any more.
#[must_use]
pub fn disabled() -> (String, String) {
    (td_string!(locale(), sign_in.disabled).to_owned(), td_string!(locale(), sign_in.disabled_lead).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_says_how_long_and_until_when() {
        let at = |seconds: i64| Time::from_unix_milliseconds(seconds * 1000);
        let said = |until| {
            let locked = CodeOutcome::Locked { until: at(until), now: at(0) };
            refused(Ok(locked)).map(|(_, rest)| rest)
        };
        let one = "Your next code is taken in 1 minute, at 00:00 UTC.";
        let many = "Your next code is taken in 15 minutes, at 00:15 UTC.";
        assert_eq!(said(59).as_deref(), Some(one));
        assert_eq!(said(900).as_deref(), Some(many));
        assert_eq!(refused(Ok(CodeOutcome::Wrong)), None);
    }
}
