//! `/security/methods/{method}/remove` and `…/name`: one of the own methods.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::{ChangePage, Proof, show_change};
use super::method_api::{RemoveOwnMethod, RenameMethod};
use super::parts::{Outcome, back, called, factor_field, other_way, refused, with_backup};
use super::rows::MethodRow;
use crate::domain::method::Removal;
use crate::features::session::calm::{apart, calm, help_desk, refusal};
use crate::features::session::flash::{left_by, outcome};
use crate::ui::{Banner, CalmShell, Look, SubmitButton, TextField, Tone};
use crate::words::{locale, td_string};

/// The page of the method in the address; whatever is no own method is not there.
fn about_method(with: impl Fn(ChangePage, MethodRow) -> AnyView + Clone + Send + Sync + 'static) -> AnyView {
    let params = use_params_map();
    let method = Memo::new(move |_| params.with(|params| params.get("method")).and_then(|id| id.parse().ok()));
    let page = Resource::new(move || method.get(), show_change);
    let page_view = move |page: ChangePage| match page.method.clone() {
        Some(method) => with(page, method),
        None => gone(page),
    };
    calm(page, page_view)
}

fn gone(page: ChangePage) -> AnyView {
    let title = td_string!(locale(), security.gone.title);
    view! {
        <Title text=title/>
        <CalmShell customer=page.customer help_desk=help_desk(page.help_desk)>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), security.gone.lead)}</p>
            <a class="button primary wide" href="/security">{td_string!(locale(), security.back)}</a>
        </CalmShell>
    }
    .into_any()
}

/// Removes a method, after a fresh second factor.
#[component]
pub fn RemovePage() -> impl IntoView {
    let action = ServerAction::<RemoveOwnMethod>::new();
    let outcome = outcome(action, left_by::<Proof>("remove").map(|left| left.outcome));
    let backup = with_backup();
    about_method(move |page, method| removal(page, method, action, outcome, backup))
}

fn removal(
    page: ChangePage,
    method: MethodRow,
    action: ServerAction<RemoveOwnMethod>,
    outcome: Outcome,
    backup: Memo<bool>,
) -> AnyView {
    let title = td_string!(locale(), security.remove.title, name = apart(&called(&method)));
    let proofs = page.proofs;
    let (customer, desk) = (page.customer.clone(), page.help_desk.clone());
    let path = format!("/security/methods/{}/remove", method.id);
    let id = method.id.to_string();
    let inside = match method.removal {
        Removal::Refused => {
            let why = td_string!(locale(), security.remove.refused_lead, customer = apart(&page.customer));
            view! {
                <Banner tone=Tone::Warn fact=td_string!(locale(), security.remove.refused)>{why}</Banner>
                <a class="button primary wide" href="/security/add">{td_string!(locale(), security.add.title)}</a>
            }
            .into_any()
        }
        kept => {
            let lead = if kept == Removal::TakesLast {
                td_string!(locale(), security.remove.lead_last)
            } else {
                td_string!(locale(), security.remove.lead)
            };
            view! {
                <p class="lead">{lead}" "{td_string!(locale(), security.remove.ends)}</p>
                {refusal(move || refused(outcome.get()?))}
                <ActionForm action attr:class="form">
                    <input type="hidden" name="method" value=id/>
                    {move || factor_field(backup.get(), outcome, proofs)}
                    <SubmitButton look=Look::Red wide=true pending=action.pending()>
                        {td_string!(locale(), security.remove.button)}
                    </SubmitButton>
                </ActionForm>
                {move || other_way(backup.get(), &path, &page)}
            }
            .into_any()
        }
    };
    view! {
        <Title text=title.clone()/>
        <CalmShell customer help_desk=help_desk(desk)>
            <h1>{title.clone()}</h1>
            {inside}
            {back()}
        </CalmShell>
    }
    .into_any()
}

/// Gives a method a name.
#[component]
pub fn RenamePage() -> impl IntoView {
    let action = ServerAction::<RenameMethod>::new();
    let left = left_by::<Proof>("rename");
    let typed = left.as_ref().map(|left| left.typed("name"));
    let outcome = outcome(action, left.map(|left| left.outcome));
    about_method(move |page, method| rename(page, method, typed.clone(), action, outcome))
}

fn rename(
    page: ChangePage,
    method: MethodRow,
    typed: Option<String>,
    action: ServerAction<RenameMethod>,
    outcome: Outcome,
) -> AnyView {
    let title = td_string!(locale(), security.rename.title);
    let long = Signal::derive(move || {
        (outcome.get() == Some(Ok(Proof::LongName))).then(|| td_string!(locale(), security.key.name_long).to_owned())
    });
    let value = typed.or_else(|| method.name.clone()).unwrap_or_default();
    view! {
        <Title text=title/>
        <CalmShell customer=page.customer help_desk=help_desk(page.help_desk)>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), security.rename.lead)}</p>
            {refusal(move || refused(outcome.get()?))}
            <ActionForm action attr:class="form">
                <input type="hidden" name="method" value=method.id.to_string()/>
                <TextField
                    name="name"
                    label=td_string!(locale(), security.key.name)
                    note=td_string!(locale(), security.key.name_note)
                    hint=td_string!(locale(), security.key.name_hint)
                    value=value
                    error=long
                    autocomplete="off"
                />
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), security.rename.save)}
                </SubmitButton>
            </ActionForm>
            {back()}
        </CalmShell>
    }
    .into_any()
}
