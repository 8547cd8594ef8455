//! `/security`: one's own methods, codes and sessions, and what happened last.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::api::{SecurityPage as Security, show_security};
use super::devices::{ENDED, Reader, devices_section};
use super::parts::called;
use super::rows::{CodesRow, MethodRow, SessionRow};
use super::story::story;
use crate::domain::device::browser_name;
use crate::domain::ids::TokenId;
use crate::domain::method::{MOST_METHODS, Removal};
use crate::domain::time::Time as Moment;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::features::users::list_parts::method_glyph;
use crate::ui::{Badge, Banner, Empty, Glyph, Icon, Section, SheetHead, SubmitButton, Time, Toast, Tone};

/// The own security.
#[component]
pub fn SecurityPage() -> impl IntoView {
    let page = Resource::new(|| (), |()| show_security());
    let query = use_query_map();
    let done = Memo::new(move |_| query.read().get("done"));
    let ended = left_by::<u64>("sign_out_elsewhere").map(|left| left.outcome);
    view! {
        <Title text="My security"/>
        {console(Section::Security, page, move |security, _, now| {
            let done = ended.map(others_ended).or_else(|| done.get_untracked().as_deref().and_then(done_words).map(str::to_owned));
            sheet(security, done, now)
        })}
    }
}

fn others_ended(count: u64) -> String {
    match count {
        0 => "There was no other session.".to_owned(),
        1 => "1 other session ended.".to_owned(),
        count => format!("{count} other sessions ended."),
    }
}

/// What was just done, as the address says it.
fn done_words(done: &str) -> Option<&'static str> {
    Some(match done {
        "added" => "Authenticator app added. We sent a note to your mailbox.",
        "in_step" => "The token is in step again: its codes are taken.",
        "password" => "Password changed. We sent a note to your mailbox.",
        "phone" => "Phone number added. We sent a note to your mailbox.",
        "passkey" => "Passkey added. We sent a note to your mailbox.",
        "removed" => "Method removed. We sent a note to your mailbox.",
        "codes" => "Your new backup codes are in place.",
        "token" => "Hardware token activated. We sent a note to your mailbox.",
        "named" => "Name saved.",
        "session" => "1 session ended.",
        "device" => ENDED,
        _ => return None,
    })
}

fn sheet(security: Security, done: Option<String>, now: Moment) -> AnyView {
    let Security { methods, waiting, passkeys_work, phones_work, codes, codes_low, sessions, devices, happened } =
        security;
    let none = methods.is_empty();
    let count = methods.len();
    let no_factor = none.then(|| {
        view! {
            <Banner tone=Tone::Warn fact="Your password alone signs you in." actions=|| view! { <a class="button primary" href="/security/add">"Set up a second factor"</a> }>
                "Whoever steals it is in as well. A second factor takes about three minutes."
            </Banner>
        }
    });
    let add = (!none && count < MOST_METHODS).then(|| {
        view! {
            <div class="actions">
                {passkeys_work.then(|| view! {
                    <a class="button" href="/security/add?kind=passkey"><Icon of=Glyph::Key/>"Add a passkey"</a>
                })}
                {phones_work.then(|| view! {
                    <a class="button" href="/security/add?kind=phone"><Icon of=Glyph::Phone/>"Add a phone number"</a>
                })}
                <a class="button" href="/security/add"><Icon of=Glyph::Plus/>"Add an authenticator app"</a>
            </div>
        }
    });
    let make = (!none).then(|| {
        view! { <a class="button" href="/security/codes/new"><Icon of=Glyph::Refresh/>"Make new codes"</a> }
    });
    let others = sessions.iter().any(|session| !session.is_this);
    let left = (codes.made_at.is_some()).then(|| format!("{} of {} left", codes.left(), codes.used_at.len()));
    let rows = sessions.into_iter().map(|session| session_row(session, now)).collect_view();
    view! {
        <SheetHead title="My security"/>
        <div class="content columns">
            <div>
                {no_factor}
                {waiting.into_iter().map(waiting_token).collect_view()}
                {codes_banner(&codes, codes_low)}
                <div class="head">
                    <h2>"Authentication methods"</h2>
                    {add}
                </div>
                {methods_card(methods, now)}
                <div class="head">
                    <h2>"Backup codes"</h2>
                    {left.map(|left| view! { <p class="note">{left}</p> })}
                    {make}
                </div>
                {codes_card(&codes, now)}
                <div class="head">
                    <h2>"Password"</h2>
                    <a class="button" href="/security/password"><Icon of=Glyph::Lock/>"Change it"</a>
                </div>
                <div class="head">
                    <h2>"Sessions"</h2>
                    <p class="note">"where you are signed in"</p>
                    {others.then(|| view! {
                        <form method="post" action="/api/sign_in/out_elsewhere">
                            <SubmitButton>"Sign out everywhere else"</SubmitButton>
                        </form>
                    })}
                </div>
                <div class="card">
                    <table class="table own">
                        <thead><tr><th class="main">"Browser"</th><th class="wide">"Since"</th><th>"Last used"</th><th class="end"><span class="hidden-text">"Actions"</span></th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {devices.map(|devices| devices_section(devices, Reader::Own, now))}
            </div>
            <aside>
                <div class="head"><h2>"Recent activity"</h2></div>
                {story(happened, now, false)}
                <Banner fact="This was not you?">
                    "Sign out everywhere else, change your password, make new backup codes, remove any method you do not know, and tell your help desk. Nobody ever needs your password or your codes from you."
                </Banner>
            </aside>
        </div>
        {done.map(|done| view! { <Toast>{done}</Toast> })}
    }
    .into_any()
}

/// A token that opens nothing yet.
fn waiting_token((id, serial): (TokenId, String)) -> AnyView {
    let fact = format!("The hardware token {serial} waits for you.");
    view! {
        <Banner icon=Glyph::Token fact actions=move || view! { <a class="button" href=format!("/security/tokens/{id}")>"Activate it"</a> }>
            "It signs you in once you have typed a code that it shows."
        </Banner>
    }
    .into_any()
}

fn codes_banner(codes: &CodesRow, codes_low: usize) -> Option<AnyView> {
    codes.made_at?;
    let left = codes.left();
    if codes.saved_at.is_none() {
        return Some(
            view! {
                <Banner tone=Tone::Warn fact="You never typed one of your backup codes back." actions=|| view! {
                    <a class="button" href="/security/codes">"Type one back"</a>
                }>
                    "If you do not have them, make new ones."
                </Banner>
            }
            .into_any(),
        );
    }
    (left <= codes_low).then(|| {
        let fact = match left {
            0 => "You have no backup codes left.".to_owned(),
            1 => "You have 1 backup code left.".to_owned(),
            left => format!("You have {left} backup codes left."),
        };
        view! {
            <Banner tone=Tone::Warn fact=fact>
                "Without them a lost phone locks you out until somebody resets you. Make new ones in time."
            </Banner>
        }
        .into_any()
    })
}

fn methods_card(methods: Vec<MethodRow>, now: Moment) -> AnyView {
    if methods.is_empty() {
        return view! {
            <div class="card">
                <Empty icon=Glyph::Device title="No second factor">"An authenticator app on your phone shows six digits that nobody else has."</Empty>
            </div>
        }
        .into_any();
    }
    let row = move |method: MethodRow| {
        let id = method.id;
        let remove = if method.removal == Removal::Refused {
            let why = "It is your only one, and a second factor is required.";
            view! { <span class="note" title=why>"Your only one"</span> }.into_any()
        } else {
            view! {
                <a class="action" href=format!("/security/methods/{id}/remove")>
                    "Remove"<span class="hidden-text">" "{called(&method)}</span>
                </a>
            }
            .into_any()
        };
        let name = if method.name.is_some() { "Rename" } else { "Name it" };
        let rename = view! { <a class="action" href=format!("/security/methods/{id}/name")>{name}</a> }.into_any();
        let step = method.counting.map(|token| {
            view! { <a class="action" href=format!("/security/tokens/{token}")>"Out of step?"</a> }
        });
        method_row(&method, now, view! { <span class="two">{step}{rename}{remove}</span> }.into_any())
    };
    methods_table(methods.into_iter().map(row).collect())
}

/// Methods in a card.
pub fn methods_table(rows: Vec<AnyView>) -> AnyView {
    view! {
        <div class="card">
            <table class="table own">
                <thead>
                    <tr>
                        <th class="main">"Method"</th>
                        <th>"Last used"</th>
                        <th class="end"><span class="hidden-text">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// One method with what can be done to it.
pub fn method_row(method: &MethodRow, now: Moment, actions: AnyView) -> AnyView {
    let name = called(method);
    let kind = method.name.is_some().then(|| format!("{}, registered ", method.kind.label()));
    let registered = kind.unwrap_or_else(|| "Registered ".to_owned());
    let copied = method.copied_at.map(|_| {
        view! { <Badge tone=Tone::Danger>"Copied, refused"</Badge> }
    });
    view! {
        <tr>
            <td>
                <div class="person">
                    <span class="avatar"><Icon of=method_glyph(method.kind)/></span>
                    <div class="line"><b class="cut" dir="auto" title=name.clone()>{name.clone()}</b>" "{copied}</div>
                    <span class="under">{registered}<Time at=method.registered_at now/></span>
                </div>
            </td>
            <td>{time(method.last_used_at, now)}</td>
            <td class="end">{actions}</td>
        </tr>
    }
    .into_any()
}

/// A moment, or that there was none.
pub fn time(at: Option<Moment>, now: Moment) -> AnyView {
    at.map_or_else(|| "Never".into_any(), |at| view! { <Time at now/> }.into_any())
}

/// How backup codes stand: when they were made, and which were used when.
pub fn codes_card(codes: &CodesRow, now: Moment) -> AnyView {
    let Some(made_at) = codes.made_at else {
        return view! { <p class="note">"None. They come with the first authenticator app."</p> }.into_any();
    };
    let used: Vec<AnyView> = (1..)
        .zip(&codes.used_at)
        .filter_map(|(number, used)| {
            let at = (*used)?;
            Some(view! { <div><dt>{format!("Code {number}")}</dt><dd>"Used "<Time at now/></dd></div> }.into_any())
        })
        .collect();
    let none = used.is_empty().then(|| view! { <div><dt>"Used"</dt><dd>"None yet"</dd></div> });
    view! {
        <dl class="facts">
            <div><dt>"Made"</dt><dd><Time at=made_at now/></dd></div>
            {used}
            {none}
        </dl>
    }
    .into_any()
}

fn session_row(session: SessionRow, now: Moment) -> AnyView {
    let SessionRow { id, is_this, created_at, last_seen_at, .. } = session;
    let end = (!is_this).then(|| {
        view! {
            <form method="post" action="/api/security/end_session">
                <input type="hidden" name="session" value=id.to_string()/>
                <button class="action" type="submit">"End"<span class="hidden-text">" this session"</span></button>
            </form>
        }
    });
    view! {
        <tr>
            <td>{session_place(&session)}</td>
            <td class="wide"><Time at=created_at now/></td>
            <td><Time at=last_seen_at now/></td>
            <td class="end">{end}</td>
        </tr>
    }
    .into_any()
}

/// The browser of a session, and where it is.
pub fn session_place(session: &SessionRow) -> AnyView {
    let browser = session.browser.as_deref().map_or_else(|| "Unknown browser".to_owned(), browser_name);
    let from = session.address.clone().unwrap_or_else(|| "Unknown address".to_owned());
    let this = session.is_this.then(|| view! { <Badge tone=Tone::Accent>"This one"</Badge> });
    view! {
        <div class="line"><b>{browser}</b>" "{this}</div>
        <span class="under">{from}</span>
    }
    .into_any()
}
