//! `/address/{token}`: the link in the mail to a new address. `/address/undo/{token}`: the one in the mail to the old address.
//! Opening either changes nothing; only its button does.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::{Confirm, LinkOutcome, Opened, Undo, open, open_undo};
use crate::domain::address::Place;
use crate::features::session::api::ApiError;
use crate::features::session::calm::{apart, calm, failed, help_desk, refusal};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{Banner, CalmShell, Glyph, Icon, Look, SubmitButton, Tone};
use crate::words::{locale, td_string};

type Outcome = Signal<Option<Result<LinkOutcome, ApiError>>>;

/// Confirms a new address.
#[component]
pub fn ConfirmAddressPage() -> impl IntoView {
    let token = token();
    let opened = Resource::new(move || token.get(), open);
    let action = ServerAction::<Confirm>::new();
    let outcome = outcome(action, left_by::<LinkOutcome>("confirm_address").map(|left| left.outcome));
    page(opened, outcome, confirmed, move |opened| ask_to_confirm(opened, token.get(), action, outcome))
}

/// Undoes a change of address.
#[component]
pub fn UndoAddressPage() -> impl IntoView {
    let token = token();
    let opened = Resource::new(move || token.get(), open_undo);
    let action = ServerAction::<Undo>::new();
    let outcome = outcome(action, left_by::<LinkOutcome>("undo_address").map(|left| left.outcome));
    page(opened, outcome, undone, move |opened| ask_to_undo(opened, token.get(), action, outcome))
}

fn token() -> Memo<String> {
    let params = use_params_map();
    Memo::new(move |_| params.read().get("token").unwrap_or_default())
}

/// What there is to do, or what came of it: a link that did what it is for is dead as well.
fn page(
    opened: Resource<Result<Option<Opened>, ApiError>>,
    outcome: Outcome,
    done: fn(Place) -> AnyView,
    ask: impl Fn(Opened) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView {
    let came = Memo::new(move |_| outcome.get().and_then(Result::ok));
    calm(opened, move |opened| {
        #[cfg(feature = "ssr")]
        if let (None, None, Some(response)) =
            (&opened, came.get_untracked(), use_context::<leptos_axum::ResponseOptions>())
        {
            response.set_status(axum::http::StatusCode::NOT_FOUND);
        }
        let ask = ask.clone();
        let page = move || match (came.get(), opened.clone()) {
            (Some(LinkOutcome::Done(place)), _) => done(place),
            (Some(LinkOutcome::Taken), _) => taken(),
            (Some(LinkOutcome::Dead), _) | (None, None) => dead(),
            (None, Some(opened)) => ask(opened),
        };
        page.into_any()
    })
}

/// What failed on the server.
fn failure(outcome: Outcome) -> AnyView {
    refusal(move || outcome.get().and_then(Result::err).map(failed))
}

fn ask_to_confirm(opened: Opened, token: String, action: ServerAction<Confirm>, outcome: Outcome) -> AnyView {
    let Opened { customer, help_desk: desk, address, place } = opened;
    let title = td_string!(locale(), addresses.confirm.title);
    let (address, of) = (apart(&address), apart(&customer));
    let lead = match place {
        Place::Primary => td_string!(locale(), addresses.confirm.lead, address = address, customer = of),
        Place::Second => td_string!(locale(), addresses.confirm.lead_second, address = address, customer = of),
    };
    view! {
        <Title text=title/>
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{title}</h1>
            <p class="lead">{lead}</p>
            {failure(outcome)}
            <ActionForm action attr:class="form">
                <input type="hidden" name="token" value=token/>
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), addresses.confirm.button)}
                </SubmitButton>
            </ActionForm>
            <p class="note">{td_string!(locale(), addresses.confirm.not_you)}</p>
        </CalmShell>
    }
    .into_any()
}

fn confirmed(place: Place) -> AnyView {
    let title = td_string!(locale(), addresses.confirmed.title);
    let lead = match place {
        Place::Primary => td_string!(locale(), addresses.confirmed.lead),
        Place::Second => td_string!(locale(), addresses.confirmed.lead_second),
    };
    view! {
        <Title text=title/>
        <CalmShell>
            <h1>{title}</h1>
            <p class="lead" role="status">{lead}</p>
            <a class="button primary wide" href="/security">{td_string!(locale(), addresses.confirmed.go_on)}</a>
        </CalmShell>
    }
    .into_any()
}

/// It says nothing of whose it is.
fn taken() -> AnyView {
    let title = td_string!(locale(), addresses.taken.title);
    view! {
        <Title text=title/>
        <CalmShell>
            <h1>{title}</h1>
            <p class="lead" role="status">{td_string!(locale(), addresses.taken.lead)}</p>
            <a class="button primary wide" href="/security">{td_string!(locale(), addresses.confirmed.go_on)}</a>
        </CalmShell>
    }
    .into_any()
}

fn ask_to_undo(opened: Opened, token: String, action: ServerAction<Undo>, outcome: Outcome) -> AnyView {
    let Opened { customer, help_desk: desk, address, .. } = opened;
    let title = td_string!(locale(), addresses.undo.title);
    view! {
        <Title text=title/>
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), addresses.undo.lead, address = apart(&address))}</p>
            <ul class="points">
                <li><Icon of=Glyph::Mail/>{td_string!(locale(), addresses.undo.point_mails)}</li>
                <li><Icon of=Glyph::SignOut/>{td_string!(locale(), addresses.undo.point_out)}</li>
                <li><Icon of=Glyph::Key/>{td_string!(locale(), addresses.undo.point_links)}</li>
            </ul>
            {failure(outcome)}
            <ActionForm action attr:class="form">
                <input type="hidden" name="token" value=token/>
                <SubmitButton look=Look::Red wide=true pending=action.pending()>
                    {td_string!(locale(), addresses.undo.button)}
                </SubmitButton>
            </ActionForm>
            <p class="note">{td_string!(locale(), addresses.undo.was_you)}</p>
        </CalmShell>
    }
    .into_any()
}

fn undone(_: Place) -> AnyView {
    let title = td_string!(locale(), addresses.undone.title);
    view! {
        <Title text=title/>
        <CalmShell>
            <h1>{title}</h1>
            <Banner tone=Tone::Ok fact=td_string!(locale(), addresses.undone.fact) icon=Glyph::Mail alert=true>
                {td_string!(locale(), addresses.undone.lead)}
            </Banner>
            <ul class="points">
                <li><Icon of=Glyph::Lock/>{td_string!(locale(), addresses.undone.password)}</li>
                <li><Icon of=Glyph::Phone/>{td_string!(locale(), addresses.undone.desk)}</li>
            </ul>
            <a class="button primary wide" href="/forgot-password">{td_string!(locale(), forgotten.title)}</a>
            <a class="button wide" href="/sign-in">{td_string!(locale(), common.sign_in)}</a>
        </CalmShell>
    }
    .into_any()
}

/// The same for every link that does not work, whatever the reason; it names nobody.
fn dead() -> AnyView {
    let title = td_string!(locale(), addresses.dead.title);
    view! {
        <Title text=title/>
        <CalmShell>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), addresses.dead.lead)}</p>
            <a class="button primary wide" href="/sign-in">{td_string!(locale(), common.sign_in)}</a>
            <p class="note">{td_string!(locale(), addresses.dead.after)}</p>
        </CalmShell>
    }
    .into_any()
}
