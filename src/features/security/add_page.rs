//! `/security/add` and `/security/add/key`: one more authenticator or passkey, or the first authenticator.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::api::{ChangePage, Proof, show_change};
use super::method_api::{AddAuthenticator, AddingPage, BeginAdding, BeginSetUp, show_adding};
use super::parts::{Outcome, back, error, factor_field, other_way, refused, with_backup};
use crate::domain::method::{LONGEST_NAME, MOST_METHODS, MethodKind};
use crate::domain::sign_in::Purpose;
use crate::features::session::calm::{calm, help_desk, on_the_way, refusal, steps};
use crate::features::session::flash::{left_by, outcome};
use crate::features::set_up::page::add_key;
use crate::ui::{Banner, CalmShell, CodeField, Glyph, Icon, Look, PasswordField, SubmitButton, TextField, Tone};
use crate::words::{locale, td_string};

/// Asks whoever has a second factor for it, and whoever has none for the password.
#[component]
pub fn AddPage() -> impl IntoView {
    let page = Resource::new(|| (), |()| show_change(None));
    let query = use_query_map();
    let is_over = Memo::new(move |_| query.read().get("over").is_some());
    let kind = Memo::new(move |_| query.read().get("kind").and_then(|kind| kind.parse().ok()).unwrap_or_default());
    let backup = with_backup();
    let add = ServerAction::<BeginAdding>::new();
    let first = ServerAction::<BeginSetUp>::new();
    let adding = outcome(add, left_by::<Proof>("add").map(|left| left.outcome));
    let beginning = outcome(first, left_by::<Proof>("first").map(|left| left.outcome));
    let page_view = move |page: ChangePage| match page.methods {
        0 => first_one(page, first, beginning),
        MOST_METHODS.. => enough(page),
        _ => one_more(page, add, adding, backup, (is_over.get_untracked(), kind.get_untracked())),
    };
    calm(page, page_view)
}

fn one_more(
    page: ChangePage,
    action: ServerAction<BeginAdding>,
    outcome: Outcome,
    backup: Memo<bool>,
    (is_over, kind): (bool, MethodKind),
) -> AnyView {
    let (title, lead, path) = match kind {
        MethodKind::Passkey => {
            let lead = td_string!(locale(), security.add.lead_passkey);
            (td_string!(locale(), security.add.title_passkey), lead, "/security/add?kind=passkey")
        }
        MethodKind::Phone => {
            let lead = td_string!(locale(), security.add.lead_passkey);
            (td_string!(locale(), security.add.title_phone), lead, "/security/add?kind=phone")
        }
        MethodKind::AuthenticatorApp | MethodKind::HardwareToken => {
            (td_string!(locale(), security.add.title), td_string!(locale(), security.add.lead), "/security/add")
        }
    };
    let proofs = page.proofs;
    let (customer, desk) = (page.customer.clone(), page.help_desk.clone());
    view! {
        <Title text=title/>
        <CalmShell customer steps=steps(Purpose::AddMethod, 1) help_desk=help_desk(desk)>
            {is_over.then(over)}
            <h1>{title}</h1>
            <p class="lead">{lead}</p>
            {refusal(move || refused(outcome.get()?))}
            <ActionForm action attr:class="form">
                <input type="hidden" name="kind" value=kind.as_str()/>
                {move || factor_field(backup.get(), outcome, proofs)}
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), common.go_on)}
                </SubmitButton>
            </ActionForm>
            {move || other_way(backup.get(), path, &page)}
            {back()}
        </CalmShell>
    }
    .into_any()
}

fn over() -> AnyView {
    view! {
        <Banner tone=Tone::Warn fact=td_string!(locale(), security.over)>{td_string!(locale(), security.over_lead)}</Banner>
    }
    .into_any()
}

fn enough(page: ChangePage) -> AnyView {
    let title = td_string!(locale(), security.add.title);
    view! {
        <Title text=title/>
        <CalmShell customer=page.customer help_desk=help_desk(page.help_desk)>
            <h1>{title}</h1>
            <Banner tone=Tone::Warn fact=td_string!(locale(), security.add.many)>
                {td_string!(locale(), security.add.many_lead)}
            </Banner>
            {back()}
        </CalmShell>
    }
    .into_any()
}

fn first_one(page: ChangePage, action: ServerAction<BeginSetUp>, outcome: Outcome) -> AnyView {
    let title = td_string!(locale(), security.first.title);
    let error = error(outcome, "", td_string!(locale(), security.first.wrong));
    view! {
        <Title text=title/>
        <CalmShell customer=page.customer help_desk=help_desk(page.help_desk)>
            <h1>{title}</h1>
            <p class="lead">{td_string!(locale(), security.first.lead)}</p>
            <ul class="points">
                <li><Icon of=Glyph::Lock/>{td_string!(locale(), security.first.point_password)}</li>
                <li><Icon of=Glyph::Device/>{td_string!(locale(), security.first.point_app)}</li>
                <li><Icon of=Glyph::Key/>{td_string!(locale(), security.first.point_codes)}</li>
            </ul>
            {refusal(move || refused(outcome.get()?))}
            <ActionForm action attr:class="form">
                <PasswordField
                    name="password"
                    label=td_string!(locale(), common.password)
                    show=td_string!(locale(), common.show)
                    hide=td_string!(locale(), common.hide)
                    autocomplete="current-password"
                    error
                />
                <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                    {td_string!(locale(), common.go_on)}
                </SubmitButton>
            </ActionForm>
            {back()}
        </CalmShell>
    }
    .into_any()
}

/// The key for the new app, and its first code.
#[component]
pub fn KeyPage() -> impl IntoView {
    let shown = Resource::new(|| (), |()| show_adding());
    let action = ServerAction::<AddAuthenticator>::new();
    let left = left_by::<Proof>("register");
    let typed = left.as_ref().map(|left| left.typed("name")).unwrap_or_default();
    let outcome = outcome(action, left.map(|left| left.outcome));
    let page = move |shown: Option<AddingPage>| match shown {
        Some(shown) => key(shown, typed.clone(), action, outcome),
        None => on_the_way(),
    };
    view! { <Title text=td_string!(locale(), security.key.title)/> {calm(shown, page)} }
}

fn key(shown: AddingPage, typed: String, action: ServerAction<AddAuthenticator>, outcome: Outcome) -> AnyView {
    let AddingPage { customer, help_desk: desk, address, key } = shown;
    let wrong = error(outcome, td_string!(locale(), common.not_six), td_string!(locale(), set_up.code_wrong));
    let long = Signal::derive(move || {
        (outcome.get() == Some(Ok(Proof::LongName))).then(|| td_string!(locale(), security.key.name_long).to_owned())
    });
    debug_assert_eq!(LONGEST_NAME, 60, "the words name the number");
    view! {
        <CalmShell customer steps=steps(Purpose::AddMethod, 2) help_desk=help_desk(desk)>
            <h1>{td_string!(locale(), security.key.title)}</h1>
            <p class="lead">{td_string!(locale(), set_up.lead)}</p>
            {add_key(key, &address)}
            <section>
                <h2>{td_string!(locale(), set_up.prove)}</h2>
                {refusal(move || refused(outcome.get()?))}
                <ActionForm action attr:class="form">
                    <CodeField name="code" label=td_string!(locale(), set_up.code) error=wrong/>
                    <TextField
                        name="name"
                        label=td_string!(locale(), security.key.name)
                        note=td_string!(locale(), security.key.name_note)
                        hint=td_string!(locale(), security.key.name_hint)
                        value=typed
                        error=long
                        autocomplete="off"
                    />
                    <SubmitButton look=Look::Primary wide=true pending=action.pending()>
                        {td_string!(locale(), security.key.finish)}
                    </SubmitButton>
                </ActionForm>
            </section>
            {back()}
        </CalmShell>
    }
    .into_any()
}
