//! The pages and their addresses, and the HTML around them.

use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{Redirect, Route, Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::path;

use crate::domain::zone::Zone;
use crate::features::access::customer_page::CustomerPage;
use crate::features::access::edit_page::EditCustomerPage;
use crate::features::access::list_page::CustomersPage;
use crate::features::access::new_page::NewCustomerPage;
use crate::features::access::people_page::PeoplePage;
use crate::features::access::role_page::{ChangeRolePage, GiveRolePage};
use crate::features::accounts::invite_page::InvitePage;
use crate::features::accounts::list_page::{InviteFilePage, InviteListPage};
use crate::features::accounts::person_page::{AccountInvitationPage, RemoveUserPage, SuspendUserPage};
use crate::features::addresses::page::{ConfirmAddressPage, UndoAddressPage};
use crate::features::audit_trail::page::AuditPage;
use crate::features::forgotten::page::{ForgotPasswordPage, SetPasswordPage};
use crate::features::invitation::page::{InvitationPage, WelcomePage};
use crate::features::not_me::page::NotMePage;
use crate::features::policy::page::{PolicyPage, PolicyReviewPage};
use crate::features::recovery::page::RecoverPage;
use crate::features::reset::from_list_page::{FromListPage, ListedPage};
use crate::features::reset::list_page::ResetsPage;
use crate::features::reset::page::ResetPage;
use crate::features::reset::people_page::RecoveryBoardPage;
use crate::features::security::add_page::{AddPage, KeyPage};
use crate::features::security::address_page::{AddressPage, RemoveSecondAddressPage, SecondAddressPage};
use crate::features::security::call_back_page::UserCallBackPage;
use crate::features::security::caller_page::CallerCodePage;
use crate::features::security::codes_page::{CodesPrintPage, MakeCodesPage, NewCodesPage};
use crate::features::security::method_page::{RemovePage, RenamePage};
use crate::features::security::page::SecurityPage;
use crate::features::security::passkey_page::PasskeyPage;
use crate::features::security::password_page::PasswordPage;
use crate::features::security::phone_page::NewPhonePage;
use crate::features::security::user_method_page::RemoveUserMethodPage;
use crate::features::security::user_page::{UserActivityPage, UserMethodsPage, UserPage};
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
use crate::features::session::zone_api::tell_zone;
use crate::features::set_up::page::{CodesPage, DonePage, PrintPage, SetUpPage};
use crate::features::set_up::password_page::NewPasswordPage;
use crate::features::sign_in::page::{CodePage, SignInPage};
use crate::features::tokens::activate_page::ActivateTokenPage;
use crate::features::tokens::import_page::{ImportTokensPage, TokenImportPage};
use crate::features::tokens::list_page::TokensPage;
use crate::features::tokens::token_page::TokenPage;
use crate::features::users::methods_page::MethodsPage;
use crate::features::users::page::UsersPage;
use crate::ui::{CalmShell, browser_zone};
#[cfg(not(feature = "ssr"))]
use crate::words::tagged;
use crate::words::{Locale, be_in, direction, locale, move_to, speak, tag, td_string, zone};

/// Where the files of the front end lie. Their names change with their content.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    /// The style sheet.
    pub css: String,
    /// The script that loads the WASM; empty in a build without front end, whose pages work all the same.
    pub js: String,
    /// The WASM.
    pub wasm: String,
    /// The icon.
    pub icon: String,
}

/// The HTML document around a page.
pub fn shell(assets: &Assets) -> impl IntoView + use<> {
    let nonce = leptos::nonce::use_nonce();
    let boot = (!assets.js.is_empty()).then(|| {
        let Assets { js, wasm, .. } = assets.clone();
        // Both at once, and only where a script runs at all: a preload would cost those who have none the whole WASM.
        let script = format!(
            "const wasm = fetch('{wasm}'); \
             import('{js}').then(m => m.default({{module_or_path: wasm}}).then(() => m.hydrate()))"
        );
        view! { <script type="module" nonce=nonce.clone() inner_html=script></script> }
    });
    let (reader, page, zone) = (reader(), page_language(&path()), reader_zone());
    let carried = (zone != Zone::UTC).then(|| serde_json::to_string(&zone).unwrap_or_default());
    view! {
        <!DOCTYPE html>
        <html lang=tag(page) dir=direction(page) data-reader=tag(reader) data-zone=carried>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="robots" content="noindex"/>
                <link rel="icon" href=assets.icon.clone() type="image/svg+xml"/>
                <link rel="stylesheet" href=assets.css.clone()/>
                {boot}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// What stands before the pages of the console, which speak English.
const CONSOLE: [&str; 6] = ["users", "customers", "methods", "tokens", "resets", "audit"];

/// The language of the page at `path`: the reader's, but for the console.
#[must_use]
pub fn page_language(path: &str) -> Locale {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if CONSOLE.contains(&first) { Locale::en } else { reader() }
}

/// The language of whoever reads: what their request wants. The page carries it to the browser, so that both halves make the
/// same page whatever the browser itself thinks by then.
#[cfg(feature = "ssr")]
fn reader() -> Locale {
    Request::current().map(|request| request.language().locale).unwrap_or_default()
}

#[cfg(not(feature = "ssr"))]
fn reader() -> Locale {
    let carried = document().document_element().and_then(|html| html.get_attribute("data-reader"));
    carried.and_then(|carried| tagged(&carried)).unwrap_or_default()
}

/// Where whoever reads is. The page carries it to the browser as it does the language.
#[cfg(feature = "ssr")]
fn reader_zone() -> Zone {
    Request::current().map(|request| request.zone()).unwrap_or_default()
}

#[cfg(not(feature = "ssr"))]
fn reader_zone() -> Zone {
    let carried = document().document_element().and_then(|html| html.get_attribute("data-zone"));
    carried.and_then(|carried| serde_json::from_str(&carried).ok()).unwrap_or_default()
}

#[cfg(feature = "ssr")]
fn path() -> String {
    use_context::<axum::http::request::Parts>().map(|parts| parts.uri.path().to_owned()).unwrap_or_default()
}

#[cfg(not(feature = "ssr"))]
fn path() -> String {
    window().location().pathname().unwrap_or_default()
}

/// Says what language the page speaks, and that another reader may get it in another one.
#[cfg(feature = "ssr")]
pub fn tell_language() {
    use axum::http::header::{CONTENT_LANGUAGE, HeaderValue, VARY};
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.insert_header(CONTENT_LANGUAGE, HeaderValue::from_static(tag(page_language(&path()))));
        response.insert_header(VARY, HeaderValue::from_static("accept-language, cookie"));
    }
}

/// Keeps `<html lang>` true where WebAssembly goes from page to page.
#[component]
fn PageLanguage() -> impl IntoView {
    let path = use_location().pathname;
    Effect::new(move |_| {
        let page = page_language(&path.get());
        if let Some(html) = document().document_element() {
            let _ = html.set_attribute("lang", tag(page));
            let _ = html.set_attribute("dir", direction(page));
        }
    });
}

/// Says where this browser is, when that is not where the page thought it was.
#[component]
fn BrowserZone() -> impl IntoView {
    let tell = Action::new(|name: &String| tell_zone(name.clone()));
    Effect::new(move |_| {
        if let Some(name) = browser_zone().filter(|name| name != zone().name()) {
            tell.dispatch(name);
        }
    });
    Effect::new(move |_| {
        if let Some(Ok(zone)) = tell.value().get() {
            move_to(zone);
        }
    });
}

/// All pages. Each is rendered whole on the server and works as it comes; WebAssembly takes over when it has loaded.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    speak(reader());
    be_in(reader_zone());
    view! {
        <Title formatter=|title: String| if title.is_empty() { "Rekey".to_owned() } else { format!("{title} · Rekey") }/>
        <Router>
            <PageLanguage/>
            <BrowserZone/>
            <Routes fallback=NotFound>
                <Route path=path!("/") view=|| view! { <Redirect path="/users"/> } ssr=SsrMode::Async/>
                <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async/>
                <Route path=path!("/sign-in/code") view=CodePage ssr=SsrMode::Async/>
                <Route path=path!("/set-up") view=SetUpPage ssr=SsrMode::Async/>
                <Route path=path!("/set-up/password") view=NewPasswordPage ssr=SsrMode::Async/>
                <Route path=path!("/set-up/codes") view=CodesPage ssr=SsrMode::Async/>
                <Route path=path!("/set-up/codes/print") view=PrintPage ssr=SsrMode::Async/>
                <Route path=path!("/set-up/done") view=DonePage ssr=SsrMode::Async/>
                <Route path=path!("/recover/:token") view=RecoverPage ssr=SsrMode::Async/>
                <Route path=path!("/forgot-password") view=ForgotPasswordPage ssr=SsrMode::Async/>
                <Route path=path!("/new-password/:token") view=SetPasswordPage ssr=SsrMode::Async/>
                <Route path=path!("/not-me/:token") view=NotMePage ssr=SsrMode::Async/>
                <Route path=path!("/address/:token") view=ConfirmAddressPage ssr=SsrMode::Async/>
                <Route path=path!("/address/undo/:token") view=UndoAddressPage ssr=SsrMode::Async/>
                <Route path=path!("/invitation") view=WelcomePage ssr=SsrMode::Async/>
                <Route path=path!("/invitation/:token") view=InvitationPage ssr=SsrMode::Async/>
                <Route path=path!("/users") view=UsersPage ssr=SsrMode::Async/>
                <Route path=path!("/users/invite") view=InvitePage ssr=SsrMode::Async/>
                <Route path=path!("/users/invite/file") view=InviteFilePage ssr=SsrMode::Async/>
                <Route path=path!("/users/invite/file/:list") view=InviteListPage ssr=SsrMode::Async/>
                <Route path=path!("/users/:id/suspend") view=SuspendUserPage ssr=SsrMode::Async/>
                <Route path=path!("/users/:id/remove") view=RemoveUserPage ssr=SsrMode::Async/>
                <Route path=path!("/users/:id/invitation") view=AccountInvitationPage ssr=SsrMode::Async/>
                <Route path=path!("/users/:id") view=UserPage ssr=SsrMode::Async/>
                <Route path=path!("/users/:id/methods") view=UserMethodsPage ssr=SsrMode::Async/>
                <Route path=path!("/users/:id/methods/:method/remove") view=RemoveUserMethodPage ssr=SsrMode::Async/>
                <Route path=path!("/users/:id/call-back") view=UserCallBackPage ssr=SsrMode::Async/>
                <Route path=path!("/users/:id/caller-code") view=CallerCodePage ssr=SsrMode::Async/>
                <Route path=path!("/users/:id/activity") view=UserActivityPage ssr=SsrMode::Async/>
                <Route path=path!("/methods") view=MethodsPage ssr=SsrMode::Async/>
                <Route path=path!("/tokens") view=TokensPage ssr=SsrMode::Async/>
                <Route path=path!("/tokens/import") view=ImportTokensPage ssr=SsrMode::Async/>
                <Route path=path!("/tokens/import/:import") view=TokenImportPage ssr=SsrMode::Async/>
                <Route path=path!("/tokens/:id") view=TokenPage ssr=SsrMode::Async/>
                <Route path=path!("/customers") view=CustomersPage ssr=SsrMode::Async/>
                <Route path=path!("/customers/new") view=NewCustomerPage ssr=SsrMode::Async/>
                <Route path=path!("/customers/:id") view=CustomerPage ssr=SsrMode::Async/>
                <Route path=path!("/customers/:id/edit") view=EditCustomerPage ssr=SsrMode::Async/>
                <Route path=path!("/customers/:id/people") view=PeoplePage ssr=SsrMode::Async/>
                <Route path=path!("/customers/:id/people/give") view=GiveRolePage ssr=SsrMode::Async/>
                <Route path=path!("/customers/:id/people/:user") view=ChangeRolePage ssr=SsrMode::Async/>
                <Route path=path!("/customers/:id/policy") view=PolicyPage ssr=SsrMode::Async/>
                <Route path=path!("/customers/:id/policy/review") view=PolicyReviewPage ssr=SsrMode::Async/>
                <Route path=path!("/resets") view=ResetsPage ssr=SsrMode::Async/>
                <Route path=path!("/resets/from-list") view=FromListPage ssr=SsrMode::Async/>
                <Route path=path!("/resets/from-list/:list") view=ListedPage ssr=SsrMode::Async/>
                <Route path=path!("/resets/people") view=RecoveryBoardPage ssr=SsrMode::Async/>
                <Route path=path!("/resets/:id") view=ResetPage ssr=SsrMode::Async/>
                <Route path=path!("/audit") view=AuditPage ssr=SsrMode::Async/>
                <Route path=path!("/security") view=SecurityPage ssr=SsrMode::Async/>
                <Route path=path!("/security/add") view=AddPage ssr=SsrMode::Async/>
                <Route path=path!("/security/add/key") view=KeyPage ssr=SsrMode::Async/>
                <Route path=path!("/security/add/passkey") view=PasskeyPage ssr=SsrMode::Async/>
                <Route path=path!("/security/address") view=AddressPage ssr=SsrMode::Async/>
                <Route path=path!("/security/second-address") view=SecondAddressPage ssr=SsrMode::Async/>
                <Route path=path!("/security/second-address/remove") view=RemoveSecondAddressPage ssr=SsrMode::Async/>
                <Route path=path!("/security/password") view=PasswordPage ssr=SsrMode::Async/>
                <Route path=path!("/security/add/phone") view=NewPhonePage ssr=SsrMode::Async/>
                <Route path=path!("/security/codes") view=NewCodesPage ssr=SsrMode::Async/>
                <Route path=path!("/security/codes/new") view=MakeCodesPage ssr=SsrMode::Async/>
                <Route path=path!("/security/codes/print") view=CodesPrintPage ssr=SsrMode::Async/>
                <Route path=path!("/security/tokens/:id") view=ActivateTokenPage ssr=SsrMode::Async/>
                <Route path=path!("/security/methods/:method/name") view=RenamePage ssr=SsrMode::Async/>
                <Route path=path!("/security/methods/:method/remove") view=RemovePage ssr=SsrMode::Async/>
            </Routes>
        </Router>
    }
}

/// What stands at an address where nothing is.
#[component]
fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(axum::http::StatusCode::NOT_FOUND);
    }
    view! {
        <Title text=td_string!(locale(), common.nothing.title)/>
        <CalmShell>
            <h1>{td_string!(locale(), common.nothing.heading)}</h1>
            <p class="lead">{td_string!(locale(), common.nothing.lead)}</p>
            <a class="button primary wide" href="/">{td_string!(locale(), common.nothing.start)}</a>
        </CalmShell>
    }
}
