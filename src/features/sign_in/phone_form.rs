//! Codes on phones at `/sign-in/code`: sent for, and typed.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use super::api::{CodeOutcome, Finish, SendOutcome, SentTo};
use super::page::{Outcome, refused, sign_in};
use super::trust::Offer;
use crate::domain::ids::MethodId;
use crate::features::session::calm::{apart, refusal};
use crate::ui::{CodeField, Look, SubmitButton, clock};
use crate::words::{locale, td_string};

/// Why no code is sent.
#[must_use]
pub fn not_sent(outcome: &SendOutcome) -> Option<(String, String)> {
    match outcome {
        SendOutcome::OnItsWay(_) => None,
        SendOutcome::NotBefore { until, now } => {
            let time = clock(*until);
            let rest = match (*until - *now).as_minutes_up() {
                ..=1 => td_string!(locale(), sign_in.phone.wait_one, time = time),
                minutes => td_string!(locale(), sign_in.phone.wait_many, minutes = minutes, time = time),
            };
            Some((td_string!(locale(), sign_in.phone.many).to_owned(), rest))
        }
        SendOutcome::SpentForToday => Some((
            td_string!(locale(), sign_in.phone.spent).to_owned(),
            td_string!(locale(), sign_in.phone.spent_lead).to_owned(),
        )),
        SendOutcome::Over => {
            Some((td_string!(locale(), sign_in.over).to_owned(), td_string!(locale(), sign_in.over_lead).to_owned()))
        }
    }
}

/// What stands on the page about phones.
pub(super) struct Sending<'a> {
    /// Their phones, the numbers masked.
    pub phones: &'a [(MethodId, String)],
    /// The code that was sent last and counts.
    pub sent: Option<SentTo>,
    /// Why none was sent just now.
    pub refusal: Option<(String, String)>,
}

/// A button for each phone; and where a code is on its way, its field before them.
pub(super) fn phone_form(
    action: ServerAction<Finish>,
    outcome: Outcome,
    Sending { phones, sent, refusal: why_not }: Sending<'_>,
    offer: Offer,
    others: Option<AnyView>,
) -> AnyView {
    let title = td_string!(locale(), sign_in.phone.title);
    let is_sent = sent.is_some();
    let field = sent.map(|SentTo { masked, until }| {
        let error = Signal::derive(move || match outcome.get() {
            Some(Ok(CodeOutcome::Malformed)) => Some(td_string!(locale(), common.not_six).to_owned()),
            Some(Ok(CodeOutcome::Wrong)) => Some(td_string!(locale(), sign_in.phone.wrong).to_owned()),
            _ => None,
        });
        let lead = td_string!(locale(), sign_in.phone.sent, number = apart(&masked), time = clock(until));
        view! {
            <p class="lead">{lead}</p>
            {refusal(move || refused(outcome.get()?))}
            <ActionForm action attr:class="form">
                <CodeField name="code" label=td_string!(locale(), sign_in.code.label) error autofocus=true/>
                {offer.show()}
                {sign_in(action)}
            </ActionForm>
            <p class="note">{td_string!(locale(), sign_in.phone.again)}</p>
        }
    });
    let lead = (!is_sent).then(|| view! { <p class="lead">{td_string!(locale(), sign_in.phone.lead)}</p> });
    let look = if is_sent { Look::Default } else { Look::Primary };
    let button = |(id, masked): &(MethodId, String)| {
        let send = td_string!(locale(), sign_in.phone.send, number = apart(masked));
        view! {
            // A plain form: the page that follows shows what the server knows of the code.
            <form method="post" action="/api/sign_in/send_code">
                <input type="hidden" name="phone" value=id.to_string()/>
                <SubmitButton look wide=true>{send}</SubmitButton>
            </form>
        }
    };
    view! {
        <Title text=title/>
        <h1>{title}</h1>
        {refusal(move || why_not.clone())}
        {lead}
        {field}
        {phones.iter().map(button).collect_view()}
        {others}
    }
    .into_any()
}
