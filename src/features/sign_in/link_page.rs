//! What the sign-in page says where the link in the mail is the only way back in: where that mail went, when, how it is sent
//! again, and how administrators are asked for help; and what it says where there is no way in before a reset.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use super::api::Frozen;
use crate::domain::recovery::LinkState;
use crate::features::recovery::api::{AgainOutcome, HelpOutcome, LinkRequired, SendAgain};
use crate::features::recovery::fate::{Help, ask_for_help, became};
use crate::features::session::api::ApiError;
use crate::features::session::calm::{apart, failed, help_desk};
use crate::ui::{Banner, CalmShell, Glyph, Icon, SubmitButton, Tone, clock, is_same_day, minute};
use crate::words::{locale, td_string};

type Asked = Signal<Option<Result<AgainOutcome, ApiError>>>;

/// The page, where a link is required or was asked for again; none otherwise.
pub(super) fn link_page(
    required: Option<LinkRequired>,
    (asked, again): (Asked, ServerAction<SendAgain>),
    help: Help,
) -> Option<AnyView> {
    let page = |link, said| page(link, said, again, help);
    let (said, newer) = match asked.get() {
        None => match help.outcome.get() {
            Some(Ok(HelpOutcome::OnTheBoard(link))) => (help.said(), Some(link)),
            _ => (help.said(), None),
        },
        Some(Ok(AgainOutcome::OnItsWay(link))) => (Some(on_its_way()), Some(link)),
        Some(Ok(AgainOutcome::Already(link))) => (Some(already()), Some(link)),
        Some(Ok(AgainOutcome::NotBefore(at, link))) => {
            let wait = match (at - link.now).as_minutes_up() {
                ..=1 => td_string!(locale(), sign_in.link.wait_one, time = clock(at)),
                minutes => td_string!(locale(), sign_in.link.wait_many, minutes = minutes, time = clock(at)),
            };
            (Some(warn(td_string!(locale(), sign_in.link.many).to_owned(), wait)), Some(link))
        }
        // Nobody is named to whoever has nothing to show for it.
        Some(Ok(AgainOutcome::Over)) => return required.map(|link| page(link, Some(over()))),
        Some(Err(error)) => {
            let (fact, rest) = failed(error);
            (Some(warn(fact, rest)), None)
        }
    };
    newer.or(required).map(|link| page(link, said))
}

fn on_its_way() -> AnyView {
    let fact = td_string!(locale(), sign_in.link.on_its_way);
    view! { <Banner tone=Tone::Ok fact icon=Glyph::Mail alert=true>{td_string!(locale(), sign_in.link.on_its_way_lead)}</Banner> }
        .into_any()
}

fn already() -> AnyView {
    let fact = td_string!(locale(), sign_in.link.already).to_owned();
    warn(fact, td_string!(locale(), sign_in.link.already_lead).to_owned())
}

fn over() -> AnyView {
    let fact = td_string!(locale(), sign_in.link.over).to_owned();
    warn(fact, td_string!(locale(), sign_in.link.over_lead).to_owned())
}

fn warn(fact: String, rest: String) -> AnyView {
    view! { <Banner tone=Tone::Warn fact alert=true>{rest}</Banner> }.into_any()
}

/// The password was right, and nothing more is asked for here.
fn page(link: LinkRequired, said: Option<AnyView>, action: ServerAction<SendAgain>, help: Help) -> AnyView {
    let LinkRequired { masked, customer, help_desk: desk, sent_at, again, fate, now } = link;
    let title = td_string!(locale(), sign_in.link.title);
    let address = apart(&masked);
    let lead = match (sent_at, again.is_some()) {
        (Some(at), _) if is_same_day(at, now) => {
            td_string!(locale(), sign_in.link.lead_today, address = address, time = clock(at))
        }
        (Some(at), _) => td_string!(locale(), sign_in.link.lead_date, address = address, moment = minute(at)),
        (None, true) => td_string!(locale(), sign_in.link.lead, address = address),
        (None, false) => td_string!(locale(), sign_in.link.lead_none).to_owned(),
    };
    let desk_words =
        desk.as_ref().map_or(td_string!(locale(), sign_in.link.nobody), |_| td_string!(locale(), sign_in.link.desk));
    let has_link = again.is_some();
    let again = again.map(|again| {
        view! {
            <ActionForm action attr:class="form" on:submit=move |_| help.asking.clear()>
                <input type="hidden" name="again" value=again/>
                <SubmitButton wide=true pending=action.pending()>{td_string!(locale(), sign_in.link.again)}</SubmitButton>
            </ActionForm>
        }
    });
    let works = fate.as_ref().is_some_and(|fate| fate.state == LinkState::Live);
    let why_not = fate.as_ref().filter(|_| !works).map(became);
    let ask = fate.map(|fate| ask_for_help(&fate, help, move || action.clear()));
    let points = (has_link && works).then(|| {
        view! {
            <li><Icon of=Glyph::Mail/>{td_string!(locale(), sign_in.link.open)}</li>
            <li><Icon of=Glyph::Search/>{td_string!(locale(), sign_in.link.look)}</li>
        }
    });
    view! {
        <Title text=title/>
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{title}</h1>
            {said}
            <p class="lead">{lead}</p>
            {why_not.map(|words| view! { <p class="lead">{words}</p> })}
            <ul class="points">
                {points}
                <li><Icon of=Glyph::Users/>{desk_words}</li>
            </ul>
            {again}
            {ask}
            <p class="note">{td_string!(locale(), sign_in.link.why)}</p>
            <a class="button wide" href="/sign-in" rel="external">{td_string!(locale(), sign_in.link.back)}</a>
        </CalmShell>
    }
    .into_any()
}

/// The password was right, and nobody gets in before a reset.
pub(super) fn frozen_page(frozen: Frozen) -> AnyView {
    let Frozen { customer, help_desk: desk } = frozen;
    let title = td_string!(locale(), sign_in.frozen.title);
    let call = desk
        .as_ref()
        .map_or(td_string!(locale(), sign_in.frozen.nobody), |_| td_string!(locale(), sign_in.frozen.desk));
    view! {
        <Title text=title/>
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), sign_in.frozen.lead)}</p>
            <ul class="points">
                <li><Icon of=Glyph::Phone/>{call}</li>
                <li><Icon of=Glyph::Mail/>{td_string!(locale(), sign_in.frozen.mail)}</li>
            </ul>
            <a class="button wide" href="/sign-in" rel="external">{td_string!(locale(), sign_in.link.back)}</a>
        </CalmShell>
    }
    .into_any()
}
