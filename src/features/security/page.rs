//! `/security`: one's own methods, codes and sessions, and what happened last.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::address_page::address_section;
use super::api::{SecurityPage as Security, show_security};
use super::devices::{Reader, devices_section, ended};
use super::parts::{called, kind_words};
use super::rows::{CodesRow, MethodRow, SessionRow};
use super::story_list::story;
use crate::domain::backup_code::Used;
use crate::domain::ids::TokenId;
use crate::domain::method::{MOST_METHODS, Removal};
use crate::domain::time::Time as Moment;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::features::users::list_parts::method_glyph;
use crate::ui::{Badge, Banner, Empty, Glyph, Icon, Languages, Section, SheetHead, SubmitButton, Time, Toast, Tone};
use crate::words::{browser_name, locale, td_string};

/// The own security.
#[component]
pub fn SecurityPage() -> impl IntoView {
    let page = Resource::new(|| (), |()| show_security());
    let query = use_query_map();
    let done = Memo::new(move |_| query.read().get("done"));
    let ended = left_by::<u64>("sign_out_elsewhere").map(|left| left.outcome);
    view! {
        <Title text=td_string!(locale(), own.title)/>
        {console(Section::Security, page, move |security, _, now| {
            let done = ended.map(others_ended).or_else(|| done.get_untracked().as_deref().and_then(done_words).map(str::to_owned));
            sheet(security, done, now)
        })}
    }
}

fn others_ended(count: u64) -> String {
    match count {
        0 => td_string!(locale(), own.ended.none).to_owned(),
        1 => td_string!(locale(), own.ended.other).to_owned(),
        count => td_string!(locale(), own.ended.others, count = count),
    }
}

/// What was just done, as the address says it.
fn done_words(done: &str) -> Option<&'static str> {
    let locale = locale();
    Some(match done {
        "added" => td_string!(locale, own.done.added),
        "address_asked" => td_string!(locale, addresses.own.on_its_way),
        "second_removed" => td_string!(locale, addresses.own.removed),
        "in_step" => td_string!(locale, own.done.in_step),
        "password" => td_string!(locale, own.done.password),
        "phone" => td_string!(locale, own.done.phone),
        "passkey" => td_string!(locale, own.done.passkey),
        "removed" => td_string!(locale, own.done.removed),
        "codes" => td_string!(locale, own.done.codes),
        "token" => td_string!(locale, own.done.token),
        "named" => td_string!(locale, own.done.named),
        "session" => td_string!(locale, own.ended.one),
        "device" => ended(),
        _ => return None,
    })
}

fn sheet(security: Security, done: Option<String>, now: Moment) -> AnyView {
    let Security {
        methods,
        waiting,
        passkeys_work,
        phones_work,
        codes,
        codes_low,
        address,
        sessions,
        devices,
        happened,
    } = security;
    let none = methods.is_empty();
    let count = methods.len();
    let no_factor = none.then(|| {
        view! {
            <Banner tone=Tone::Warn fact=td_string!(locale(), own.alone.fact) actions=|| view! { <a class="button primary" href="/security/add">{td_string!(locale(), own.alone.button)}</a> }>
                {td_string!(locale(), own.alone.lead)}
            </Banner>
        }
    });
    let add = (!none && count < MOST_METHODS).then(|| {
        view! {
            <div class="actions">
                {passkeys_work.then(|| view! {
                    <a class="button" href="/security/add?kind=passkey"><Icon of=Glyph::Key/>{td_string!(locale(), own.add.passkey)}</a>
                })}
                {phones_work.then(|| view! {
                    <a class="button" href="/security/add?kind=phone"><Icon of=Glyph::Phone/>{td_string!(locale(), own.add.phone)}</a>
                })}
                <a class="button" href="/security/add"><Icon of=Glyph::Plus/>{td_string!(locale(), own.add.app)}</a>
            </div>
        }
    });
    let make = (!none).then(|| {
        view! { <a class="button" href="/security/codes/new"><Icon of=Glyph::Refresh/>{td_string!(locale(), own.codes.make)}</a> }
    });
    let others = sessions.iter().any(|session| !session.is_this);
    let left = (codes.made_at.is_some())
        .then(|| td_string!(locale(), own.codes.left, left = codes.left(), all = codes.used.len()));
    let rows = sessions.into_iter().map(|session| session_row(session, now)).collect_view();
    view! {
        <SheetHead title=td_string!(locale(), own.title)/>
        <div class="content columns">
            <div>
                {no_factor}
                {waiting.into_iter().map(waiting_token).collect_view()}
                {codes_banner(&codes, codes_low)}
                <div class="head">
                    <h2>{td_string!(locale(), own.methods.title)}</h2>
                    {add}
                </div>
                {methods_card(methods, now)}
                <div class="head">
                    <h2>{td_string!(locale(), own.codes.title)}</h2>
                    {left.map(|left| view! { <p class="note">{left}</p> })}
                    {make}
                </div>
                {codes_card(&codes, now)}
                <div class="head">
                    <h2>{td_string!(locale(), own.password.title)}</h2>
                    <a class="button" href="/security/password"><Icon of=Glyph::Lock/>{td_string!(locale(), own.password.change)}</a>
                </div>
                {address_section(address, now)}
                <div class="head">
                    <h2>{td_string!(locale(), own.sessions.title)}</h2>
                    <p class="note">{td_string!(locale(), own.sessions.note)}</p>
                    {others.then(|| view! {
                        <form method="post" action="/api/sign_in/out_elsewhere">
                            <SubmitButton>{td_string!(locale(), own.sessions.out_elsewhere)}</SubmitButton>
                        </form>
                    })}
                </div>
                <div class="card">
                    <table class="table own">
                        <thead>
                            <tr>
                                <th class="main">{td_string!(locale(), own.sessions.browser)}</th>
                                <th class="wide">{td_string!(locale(), own.sessions.since)}</th>
                                <th>{td_string!(locale(), own.sessions.last_used)}</th>
                                <th class="end"><span class="hidden-text">{td_string!(locale(), own.methods.actions)}</span></th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {devices.map(|devices| devices_section(devices, Reader::Own, now))}
            </div>
            <aside>
                <div class="head"><h2>{td_string!(locale(), own.activity)}</h2></div>
                {story(happened, now, false)}
                <Banner fact=td_string!(locale(), own.not_you.fact)>{td_string!(locale(), own.not_you.lead)}</Banner>
                <Languages/>
            </aside>
        </div>
        {done.map(|done| view! { <Toast>{done}</Toast> })}
    }
    .into_any()
}

/// A token that opens nothing yet.
fn waiting_token((id, serial): (TokenId, String)) -> AnyView {
    let fact = td_string!(locale(), own.token.fact, serial = serial);
    view! {
        <Banner icon=Glyph::Token fact actions=move || view! { <a class="button" href=format!("/security/tokens/{id}")>{td_string!(locale(), own.token.button)}</a> }>
            {td_string!(locale(), own.token.lead)}
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
                <Banner tone=Tone::Warn fact=td_string!(locale(), own.codes.untyped) actions=|| view! {
                    <a class="button" href="/security/codes">{td_string!(locale(), own.codes.type_back)}</a>
                }>
                    {td_string!(locale(), own.codes.untyped_lead)}
                </Banner>
            }
            .into_any(),
        );
    }
    (left <= codes_low).then(|| {
        let fact = match left {
            0 => td_string!(locale(), own.codes.left_none).to_owned(),
            1 => td_string!(locale(), own.codes.left_one).to_owned(),
            left => td_string!(locale(), own.codes.left_many, count = left),
        };
        view! {
            <Banner tone=Tone::Warn fact=fact>
                {td_string!(locale(), own.codes.low_lead)}
            </Banner>
        }
        .into_any()
    })
}

fn methods_card(methods: Vec<MethodRow>, now: Moment) -> AnyView {
    if methods.is_empty() {
        return view! {
            <div class="card">
                <Empty icon=Glyph::Device title=td_string!(locale(), own.methods.none)>{td_string!(locale(), own.methods.none_lead)}</Empty>
            </div>
        }
        .into_any();
    }
    let row = move |method: MethodRow| {
        let id = method.id;
        let remove = if method.removal == Removal::Refused {
            let why = td_string!(locale(), own.methods.only_why);
            view! { <span class="note" title=why>{td_string!(locale(), own.methods.only)}</span> }.into_any()
        } else {
            view! {
                <a class="action" href=format!("/security/methods/{id}/remove")>
                    {td_string!(locale(), own.methods.remove)}<span class="hidden-text">" "{called(&method)}</span>
                </a>
            }
            .into_any()
        };
        let name = if method.name.is_some() {
            td_string!(locale(), own.methods.rename)
        } else {
            td_string!(locale(), own.methods.name)
        };
        let rename = view! { <a class="action" href=format!("/security/methods/{id}/name")>{name}</a> }.into_any();
        let step = method.counting.map(|token| {
            view! { <a class="action" href=format!("/security/tokens/{token}")>{td_string!(locale(), own.methods.step)}</a> }
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
                        <th class="main">{td_string!(locale(), own.methods.method)}</th>
                        <th>{td_string!(locale(), own.methods.last_used)}</th>
                        <th class="end"><span class="hidden-text">{td_string!(locale(), own.methods.actions)}</span></th>
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
    let registered = if method.name.is_some() {
        td_string!(locale(), own.methods.registered_kind, kind = kind_words(method.kind))
    } else {
        td_string!(locale(), own.methods.registered).to_owned()
    };
    let copied = method.copied_at.map(|_| {
        view! { <Badge tone=Tone::Danger>{td_string!(locale(), own.methods.copied)}</Badge> }
    });
    view! {
        <tr>
            <td>
                <div class="person">
                    <span class="avatar"><Icon of=method_glyph(method.kind)/></span>
                    <div class="line"><b class="cut" dir="auto" title=name.clone()>{name.clone()}</b>" "{copied}</div>
                    <span class="under">{registered}" "<Time at=method.registered_at now/></span>
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
    at.map_or_else(|| td_string!(locale(), own.methods.never).into_any(), |at| view! { <Time at now/> }.into_any())
}

/// How backup codes stand: when they were made, and which were used when and from where.
pub fn codes_card(codes: &CodesRow, now: Moment) -> AnyView {
    let Some(made_at) = codes.made_at else {
        return view! { <p class="note">{td_string!(locale(), own.codes.none)}</p> }.into_any();
    };
    let used: Vec<AnyView> = (1..)
        .zip(&codes.used)
        .filter_map(|(number, used)| {
            let Used { at, from } = used.clone()?;
            let from = from.map(|from| view! { " · "<bdi>{from}</bdi> });
            Some(
                view! {
                    <div>
                        <dt><s>{td_string!(locale(), own.codes.number, number = number)}</s></dt>
                        <dd>{td_string!(locale(), own.codes.used_at)}" "<Time at now/>{from}</dd>
                    </div>
                }
                .into_any(),
            )
        })
        .collect();
    let none = used.is_empty().then(|| view! { <div><dt>{td_string!(locale(), own.codes.used)}</dt><dd>{td_string!(locale(), own.codes.unused)}</dd></div> });
    view! {
        <dl class="facts">
            <div><dt>{td_string!(locale(), own.codes.made)}</dt><dd><Time at=made_at now/></dd></div>
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
                <button class="action" type="submit">{td_string!(locale(), own.sessions.end)}<span class="hidden-text">" "{td_string!(locale(), own.sessions.end_which)}</span></button>
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
    let (browser, from) = (browser(session.browser.as_deref()), address(session.address.clone()));
    let this =
        session.is_this.then(|| view! { <Badge tone=Tone::Accent>{td_string!(locale(), own.sessions.here)}</Badge> });
    view! {
        <div class="line"><b>{browser}</b>" "{this}</div>
        <span class="under">{from}</span>
    }
    .into_any()
}

/// What a browser is called, where it says anything of itself.
pub fn browser(agent: Option<&str>) -> String {
    agent.map_or_else(
        || td_string!(locale(), own.sessions.browser_unknown).to_owned(),
        |agent| browser_name(locale(), agent),
    )
}

/// A network address, where it is known.
pub fn address(known: Option<String>) -> String {
    known.unwrap_or_else(|| td_string!(locale(), own.sessions.address_unknown).to_owned())
}
