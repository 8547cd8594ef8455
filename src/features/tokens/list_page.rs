//! `/tokens`: the stock.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;

use super::api::{TokenRow, TokensPage as List, list_tokens};
use super::words::{kind, model, state, tokens};
use crate::domain::time::Time as Moment;
use crate::domain::token::TokenState;
use crate::domain::user_filter::UserFilter;
use crate::features::session::api::Me;
use crate::features::session::page::console;
use crate::features::users::list_api::address;
use crate::features::users::list_parts::{not_begun, number};
use crate::features::users::selector::customer_selector;
use crate::ui::{CustomerName, Empty, Glyph, Icon, Pager, SearchField, Section, SheetHead, StatTile, StatTiles, Time};

const HERE: &str = "/tokens";

/// Every hardware token of the reader's customers.
#[component]
pub fn TokensPage() -> impl IntoView {
    let query = use_query_map();
    let query = Memo::new(move |_| query.with(leptos_router::params::ParamsMap::to_query_string));
    let page = Resource::new(move || query.get(), list_tokens);
    view! {
        <Title text="Hardware tokens"/>
        {console(Section::Tokens, page, move |list, me, now| sheet(list, &me, now))}
    }
}

/// The address of the stock with this state, from its beginning or after a token.
fn place(filter: &UserFilter, state: Option<TokenState>, after: Option<&str>) -> String {
    let at = address(HERE, filter, after);
    match state {
        Some(state) => format!("{at}{}state={state}", if at.contains('?') { '&' } else { '?' }),
        None => at,
    }
}

fn sheet(list: List, me: &Me, now: Moment) -> AnyView {
    let List { head, state: asked, counts, tokens: rows, next, may_import } = list;
    let filter = head.filter.clone();
    let filter = &filter;
    let all: i64 = counts.iter().map(|(_, count)| count).sum();
    let matching = asked.map_or(all, |asked| counts.iter().find(|(state, _)| *state == asked).map_or(0, |(_, n)| *n));
    let import = match filter.customers.as_slice() {
        [one] => format!("/tokens/import?customer={one}"),
        _ => "/tokens/import".to_owned(),
    };
    let to_import = import.clone();
    let again = place(filter, asked, head.after.as_deref());
    let narrowed = asked.is_some() || !filter.search.is_empty();
    let plain = UserFilter { customers: filter.customers.clone(), ..UserFilter::default() };
    let search = filter.search.clone();
    let customers: Vec<String> = filter.customers.iter().map(ToString::to_string).collect();
    let count = if asked.is_some() { format!("{} of {}", number(matching), tokens(all)) } else { tokens(all) };
    let tile = |(state, count): (TokenState, i64)| (state.label(), number(count), place(filter, Some(state), None));
    let tiles = (!counts.is_empty()).then(|| {
        let tiles: Vec<_> = counts.into_iter().map(tile).collect();
        view! {
            <div class="content tiles-only">
                <StatTiles>
                    {tiles.into_iter().map(|(label, number, href)| view! { <StatTile number label href/> }).collect_view()}
                </StatTiles>
            </div>
        }
    });
    let not_begun = not_begun(HERE, &head, me, "No import");
    view! {
        <SheetHead title="Hardware tokens" beside=customer_selector(HERE, &head)>
            <p class="fresh">"Fetched at "<Time at=now now seconds=true/></p>
            <a class="button icon" href=again><Icon of=Glyph::Refresh/><span class="hidden-text">"Refresh"</span></a>
            {may_import.then(|| view! { <a class="button" href=to_import><Icon of=Glyph::Plus/><span class="label">"Import tokens"</span></a> })}
        </SheetHead>
        <div class="toolbar">
            <Form method="GET" action=HERE attr:class="search" attr:role="search">
                <SearchField label="Search serial number or holder" value=search/>
                {customers.into_iter().map(|id| view! { <input type="hidden" name="customer" value=id/> }).collect_view()}
                {asked.map(|state| view! { <input type="hidden" name="state" value=state.as_str()/> })}
            </Form>
            {asked.map(|state| view! {
                <a class="chip set" href=place(filter, None, None)>
                    "State "<b>{state.label()}</b><Icon of=Glyph::Close/><span class="hidden-text">"Remove this filter"</span>
                </a>
            })}
            {narrowed.then(|| view! { <a class="button quiet" href=place(&plain, None, None)>"Clear"</a> })}
            <p class="count">{count}</p>
        </div>
        {not_begun}
        {tiles}
        {table(rows, me, now, narrowed, may_import.then_some(import))}
        {(matching > 0).then(|| {
            let next = next.map(|after| place(filter, asked, Some(&after)));
            let previous = head.after.is_some().then(|| place(filter, asked, None));
            view! { <Pager text=format!("by serial number, {}", tokens(matching)) previous next/> }
        })}
    }
    .into_any()
}

fn table(rows: Vec<TokenRow>, me: &Me, now: Moment, narrowed: bool, import: Option<String>) -> AnyView {
    if rows.is_empty() {
        return empty(me, narrowed, import);
    }
    let rows = rows.into_iter().map(|token| row(token, now)).collect_view();
    view! {
        <table class="table stock" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th class="name" role="columnheader">"Serial number"</th>
                    <th class="state" role="columnheader">"State"</th>
                    <th role="columnheader">"Holder"</th>
                    <th class="mid" role="columnheader">"Model"</th>
                    <th class="wide" role="columnheader">"Kind"</th>
                    <th class="customer" role="columnheader">"Customer"</th>
                    <th class="wide when" role="columnheader">"Since"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
    .into_any()
}

fn empty(me: &Me, narrowed: bool, import: Option<String>) -> AnyView {
    let (title, rest) = match (me.reads, narrowed) {
        (false, _) => ("No tokens to look after", "Your role covers yourself. My security is yours."),
        (true, true) => ("No token matches", "Any part of a serial number or of its holder’s name will do."),
        (true, false) => ("No hardware tokens yet", "They come with the file that their vendor sends: a CSV, or PSKC."),
    };
    let import = import.filter(|_| !narrowed);
    let actions = move || {
        view! {
            {narrowed.then(|| view! { <a class="button" href="/tokens?customer=all">"Show every token"</a> })}
            {import.map(|import| view! { <a class="button primary" href=import>"Import tokens"</a> })}
        }
        .into_any()
    };
    view! { <div class="content"><Empty icon=Glyph::Token title actions>{rest}</Empty></div> }.into_any()
}

fn row(token: TokenRow, now: Moment) -> AnyView {
    let model = model(&token);
    let href = format!("/tokens/{}", token.id);
    let holder = token.holder.map(|(user, name)| {
        view! { <a class="cut" dir="auto" title=name.clone() href=format!("/users/{user}")>{name.clone()}</a> }
    });
    view! {
        <tr role="row">
            <td class="name" role="cell">
                <a class="cut mono" href=href title=token.serial.clone()>{token.serial.clone()}</a>
            </td>
            <td class="state" role="cell">{state(token.state)}</td>
            <td class="holder" role="cell">{holder}</td>
            <td class="mid" role="cell"><span class="cut" title=model.clone()>{model.clone()}</span></td>
            <td class="wide" role="cell">{kind(token.profile)}</td>
            <td class="customer" role="cell"><CustomerName name=token.customer_name/></td>
            <td class="wide when" role="cell"><Time at=token.since now/></td>
        </tr>
    }
    .into_any()
}
