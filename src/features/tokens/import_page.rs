//! `/tokens/import`: a file goes in. `/tokens/import/{id}`: what would become of each line, and then what came of it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::import_api::{ImportPage, LineRow, show_import, stocks};
use super::outcome::{ImportOutcome, ReadOutcome};
use super::words::{kind, refused, tokens};
use crate::domain::ids::{CustomerId, TokenImportId};
use crate::domain::time::Time as Moment;
use crate::domain::token::MOST_TOKENS;
use crate::features::session::api::Me;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::features::sign_in::prove::{StepUp, code_problem};
use crate::features::users::list_parts::number;
use crate::ui::{
    Badge, Banner, Empty, Glyph, Look, Section, SheetHead, StatTile, StatTiles, SubmitButton, TextField, Tone, clock,
};

/// The page that takes a file.
#[component]
pub fn ImportTokensPage() -> impl IntoView {
    let query = use_query_map();
    let chosen = Memo::new(move |_| query.read().get("customer").and_then(|id| id.parse::<CustomerId>().ok()));
    let page = Resource::new(|| (), |()| stocks());
    let left = left_by::<ReadOutcome>("token_file").map(|left| left.outcome);
    view! {
        <Title text="Import tokens"/>
        {console(Section::Tokens, page, move |stocks, me, _| {
            let body = if stocks.is_empty() { nothing_to_import(&me) } else { form(stocks, chosen.get(), left) };
            view! {
                <SheetHead title="Import tokens" crumb=("/tokens", "Hardware tokens")/>
                <div class="content">{body}</div>
            }
            .into_any()
        })}
    }
}

fn nothing_to_import(me: &Me) -> AnyView {
    let why = if me.has_mfa {
        "Owners and admins look after their customers’ tokens. Ask one of them."
    } else {
        "Set up a second factor of your own first: sign out and in again."
    };
    view! {
        <Empty icon=Glyph::Token title="You cannot import tokens" actions=|| view! { <a class="button" href="/tokens">"Back to the tokens"</a> }>
            {why}
        </Empty>
    }
    .into_any()
}

fn form(stocks: Vec<(CustomerId, String)>, chosen: Option<CustomerId>, left: Option<ReadOutcome>) -> AnyView {
    let option = |(id, name): (CustomerId, String)| {
        let here = Some(id) == chosen;
        view! { <option value=id.to_string() selected=here>{name}</option> }
    };
    let several = stocks.len() > 1;
    let missing = match left {
        Some(ReadOutcome::KeyMissing) => Some("The file is encrypted: type the key that came with it."),
        Some(ReadOutcome::KeyMalformed) => Some("A pre-shared key has 32 characters, 0 to 9 and A to F."),
        Some(ReadOutcome::WrongKey) => Some("This key does not open the file, or the file was changed."),
        _ => None,
    };
    view! {
        <div class="decision">
            {left.and_then(unread)}
            <form class="form" method="post" action="/api/tokens/file" enctype="multipart/form-data">
                <div class="field">
                    <label for="customer">"Into the stock of"</label>
                    <select class="input" id="customer" name="customer" required=true>
                        {several.then(|| view! { <option value="">"Choose a customer"</option> })}
                        {stocks.into_iter().map(option).collect_view()}
                    </select>
                </div>
                <div class="field">
                    <label for="file">"The vendor’s file"</label>
                    <input class="input" id="file" type="file" name="file" required=true accept=".csv,.xml,.pskc,.pskcxml,text/csv,text/xml,application/xml,application/pskc+xml" aria-describedby="file-help"/>
                    <p class="hint" id="file-help">
                        {format!("The token CSV of Microsoft Entra, with or without owners, Yubico’s CSV, or PSKC. At most 1 MB and {} tokens.", number(i64::try_from(MOST_TOKENS).unwrap_or(0)))}
                    </p>
                </div>
                <TextField
                    name="key"
                    label="Key or password"
                    note="only for encrypted PSKC"
                    hint="It opens this file now and is not kept."
                    error=missing.map(str::to_owned)
                    autocomplete="off"
                    mono=true
                />
                <p class="note">"Nothing comes into the stock yet: the next page shows what would become of each line. No secret is ever shown."</p>
                <div class="actions">
                    <SubmitButton look=Look::Primary>"Look at it first"</SubmitButton>
                    <a class="button quiet" href="/tokens">"Cancel"</a>
                </div>
            </form>
        </div>
    }
    .into_any()
}

fn unread(outcome: ReadOutcome) -> Option<AnyView> {
    let (fact, rest) = match outcome {
        ReadOutcome::Waits(_) | ReadOutcome::KeyMissing | ReadOutcome::KeyMalformed | ReadOutcome::WrongKey => {
            return None;
        }
        ReadOutcome::TooLarge => ("The file is larger than 1 MB.".to_owned(), "Split it."),
        ReadOutcome::TooMany => (
            format!("The file holds more than {} tokens.", number(i64::try_from(MOST_TOKENS).unwrap_or(0))),
            "Split it.",
        ),
        ReadOutcome::Nothing => ("No token is in it.".to_owned(), "Choose the file that your vendor sent."),
        ReadOutcome::Encoding => ("The file is neither UTF-8 nor UTF-16.".to_owned(), "Save it as “CSV UTF-8”."),
        ReadOutcome::Columns => (
            "The first line names no columns that we know.".to_owned(),
            "It needs serial number, secret key and time interval, or Yubico’s serial, public id, secret and moving factor.",
        ),
        ReadOutcome::TwoColumns => ("A column is there twice.".to_owned(), "Take one of the two away."),
        ReadOutcome::OpenQuote(line) => {
            (format!("A quotation mark is opened on line {line} and never closed."), "Close it, or take it away.")
        }
        ReadOutcome::Xml => ("The file is damaged XML.".to_owned(), "Ask your vendor for it again."),
        ReadOutcome::Doctype => {
            ("The file declares a document type.".to_owned(), "PSKC needs none, and such files can be harmful.")
        }
        ReadOutcome::NotPskc => ("The file is XML, and no PSKC.".to_owned(), "RFC 6030 is what we read."),
        ReadOutcome::Encryption => (
            "The file is encrypted in a way that we do not know.".to_owned(),
            "We read AES-128-CBC with a pre-shared key or a password.",
        ),
        ReadOutcome::NoMac => (
            "Nothing in the file shows whether it was changed.".to_owned(),
            "Encrypted keys need a MAC. Ask your vendor for a file that has one.",
        ),
        ReadOutcome::NoCustomer => ("No customer was chosen.".to_owned(), "Choose one, then send the file again."),
        ReadOutcome::Refused(refusal) => return Some(refused(refusal)),
    };
    Some(view! { <Banner tone=Tone::Danger fact alert=true>{rest}" Nothing was changed."</Banner> }.into_any())
}

/// The page of one file.
#[component]
pub fn TokenImportPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("import").unwrap_or_default());
    let none = TokenImportId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    let page = Resource::new(move || id.get(), move |id| show_import(id.parse().unwrap_or(none)));
    let left = left_by::<ImportOutcome>("token_import").map(|left| left.outcome);
    console(Section::Tokens, page, move |page, _, _| match page {
        None => nothing_here(),
        Some(ImportPage { done: Some((taken, untaken)), customer, .. }) => report(customer, taken, untaken),
        Some(page) => preview(page, left),
    })
}

fn nothing_here() -> AnyView {
    view! {
        <Title text="No such file"/>
        <SheetHead title="No such file" crumb=("/tokens", "Hardware tokens")/>
        <div class="content">
            <Empty icon=Glyph::Document title="This file is not here" actions=|| view! { <a class="button" href="/tokens/import">"Read it again"</a> }>
                "A file waits for 30 minutes, for the one who brought it. Nothing came of it."
            </Empty>
        </div>
    }
    .into_any()
}

fn report((customer, name): (CustomerId, String), taken: i64, untaken: i64) -> AnyView {
    let title = format!("{} imported", tokens(taken));
    let left_out = match untaken {
        0 => "Every line of the file was taken.".to_owned(),
        1 => "1 line was left out; the preview said why.".to_owned(),
        lines => format!("{} lines were left out; the preview said why.", number(lines)),
    };
    view! {
        <Title text=title.clone()/>
        <SheetHead title crumb=("/tokens", "Hardware tokens")/>
        <div class="content">
            <Banner tone=Tone::Ok fact=format!("{} in the stock of {name}.", if taken == 1 { "1 token is".to_owned() } else { format!("{} tokens are", number(taken)) })>
                {left_out}" The file and its secrets are gone from here."
            </Banner>
            <div class="actions">
                <a class="button primary" href=format!("/tokens?customer={customer}")>"Show the stock"</a>
                <a class="button" href="/tokens/import">"Import another file"</a>
            </div>
        </div>
    }
    .into_any()
}

fn preview(page: ImportPage, left: Option<ImportOutcome>) -> AnyView {
    let count = |lines: usize| i64::try_from(lines).unwrap_or(i64::MAX);
    let going = count(page.lines.iter().filter(|line| line.untaken.is_none()).count());
    let owned = count(page.lines.iter().filter(|line| line.owner.is_some()).count());
    let all = count(page.lines.len());
    let banner = match left {
        Some(ImportOutcome::Refused(refusal)) => Some(refused(refusal)),
        _ => None,
    };
    let code_error = match left {
        Some(ImportOutcome::Code(problem)) => Some(code_problem(problem)),
        _ => None,
    };
    let confirmation = if going == 0 {
        view! {
            <p>"No line of this file would come into the stock."</p>
            <div class="actions"><a class="button" href="/tokens/import">"Read another file"</a></div>
        }
        .into_any()
    } else {
        let given = match owned {
            0 => None,
            1 => Some("1 of them is given to a person, who activates it before it opens anything.".to_owned()),
            owned => Some(format!(
                "{} of them are given to people, who activate them before they open anything.",
                number(owned)
            )),
        };
        let code = given.is_some().then(|| {
            view! { <StepUp hint="It counts for this file only." error=code_error/> }
        });
        view! {
            <form class="form" method="post" action="/api/tokens/confirm">
                <input type="hidden" name="id" value=page.id.to_string()/>
                <p><b>{tokens(going)}</b>{if going == 1 { " comes into the stock. " } else { " come into the stock, all or none. " }}{given}</p>
                {code}
                <SubmitButton look=Look::Primary wide=true>{format!("Import {}", tokens(going))}</SubmitButton>
                <a class="button quiet wide" href="/tokens/import">"Read another file"</a>
            </form>
        }
        .into_any()
    };
    let title = format!("Tokens for {}", page.customer.1);
    let rows = page.lines.into_iter().map(row).collect_view();
    view! {
        <Title text=title.clone()/>
        <SheetHead title crumb=("/tokens", "Hardware tokens")/>
        <div class="content columns">
            <div>
                <StatTiles>
                    <StatTile number=number(all) label="lines"/>
                    <StatTile number=number(going) label="come into the stock"/>
                    <StatTile number=number(all - going) label="left out"/>
                    <StatTile number=number(owned) label="given to people"/>
                </StatTiles>
                {banner}
                <div class="head"><h2>"Line by line"</h2></div>
                <div class="card">
                    <table class="table lines">
                        <thead><tr><th class="num">"Line"</th><th class="main">"Serial number"</th><th>"What becomes of it"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </div>
            <aside>
                <section class="card">
                    <header class="card-head"><h2>"Confirm"</h2></header>
                    <div class="card-body">{confirmation}</div>
                </section>
                <p class="note">{format!("The file waits sealed until {}, then it is forgotten.", clock(page.confirm_until))}</p>
            </aside>
        </div>
    }
    .into_any()
}

fn row(line: LineRow) -> AnyView {
    let why =
        |why: String| view! { <Badge tone=Tone::Warn>"Left out"</Badge><span class="under">{why}</span> }.into_any();
    let becomes = match (line.untaken, line.same_as, line.owner) {
        (Some(untaken), Some(first), _) => why(format!("{} as on line {first}", untaken.label())),
        (Some(untaken), None, _) => why(untaken.label().to_owned()),
        (None, _, Some(owner)) => view! { "Given to "<bdi>{owner}</bdi> }.into_any(),
        (None, _, None) => "Into the stock".into_any(),
    };
    let words: Vec<String> = line.model.into_iter().chain(line.profile.map(kind)).collect();
    let words = words.join(" · ");
    view! {
        <tr>
            <td class="num">{line.number}</td>
            <td>
                <span class="cut mono" title=line.serial.clone()>{line.serial.clone()}</span>
                <span class="under cut" title=words.clone()>{words.clone()}</span>
            </td>
            <td>{becomes}</td>
        </tr>
    }
    .into_any()
}
