//! What is reviewed of a plan: totals, who needs attention, by customer, what goes, who is skipped, the people behind every
//! number, and the mail.

use leptos::prelude::*;

use super::changes_view::changed;
use super::page::people;
use super::review_api::{CustomerSums, ItemRow, PAGE, ResetPage};
use crate::domain::ids::ResetId;
use crate::domain::method::{Artefact, Fate};
use crate::domain::plan::{Listing, Skip, Sums, Verdict, Which};
use crate::features::users::list_parts::number;
use crate::features::users::page::role_badge;
use crate::ui::{Banner, CustomerName, Empty, Glyph, Icon, Pager, Person, StatTile, StatTiles, Tone};

/// All of it.
pub fn plan(page: &ResetPage) -> AnyView {
    let sums = &page.sums;
    let tile = |count: usize, label: &'static str, which: Which| {
        let listing = Listing { which, skip: None, ..page.listing };
        let (here, number) = (listing == page.listing, counted(count));
        match count {
            0 => view! { <StatTile number label/> }.into_any(),
            _ => view! { <StatTile number label href=address(page.id, listing, 0) here/> }.into_any(),
        }
    };
    let sessions = usize::try_from(sums.losses.sessions).unwrap_or(0);
    let tiles = [
        tile(sums.selected, "selected", Which::Selected),
        tile(sums.resets, "will be reset", Which::Reset),
        tile(sums.kept(), "skipped", Which::Skipped),
        tile(sessions, "sessions end", Which::Sessions),
        tile(sums.resets, "mails go out", Which::Reset),
    ];
    view! {
        <div>
            {narrowed(page)}
            <StatTiles>{tiles}</StatTiles>
            {changed(page)}
            {privileged(page)}
            {unverified(page)}
            <div class="head"><h2>"By customer"</h2></div>
            {by_customer(page)}
            {(sums.resets > 0).then(|| view! {
                <div class="head"><h2>"What goes"</h2><p class="note">"every old way in stops at the same moment"</p></div>
                {what_goes(page)}
            })}
            {(sums.kept() > 0).then(|| view! {
                <div class="head">
                    <h2>"Skipped"</h2>
                    <p class="note">{people(sums.kept())}{if sums.kept() == 1 { " keeps" } else { " keep" }}" everything they have"</p>
                </div>
                {skips(page)}
            })}
            {listed(page)}
            {mail(page)}
        </div>
    }
    .into_any()
}

/// The address of some of a plan's people; the browser goes to where they stand.
fn address(id: ResetId, listing: Listing, after: usize) -> String {
    format!("/resets/{id}{}#people", listing.query(after))
}

fn counted(count: usize) -> String {
    number(i64::try_from(count).unwrap_or(i64::MAX))
}

/// A number that opens its list; nothing to open where nobody is.
fn link(page: &ResetPage, count: usize, listing: Listing) -> AnyView {
    match count {
        0 => "0".into_any(),
        _ => view! { <a class="count-link" href=address(page.id, listing, 0)>{counted(count)}</a> }.into_any(),
    }
}

/// Of one customer only.
fn narrowed(page: &ResetPage) -> Option<AnyView> {
    let id = page.listing.customer?;
    let name = page.customers.iter().find(|customer| customer.id == id).map(|customer| customer.name.clone())?;
    let whole = address(page.id, Listing { customer: None, ..page.listing }, 0);
    let fact = format!("Only {name} is shown.");
    let actions = move || view! { <a class="button quiet" href=whole>"Show all of it"</a> }.into_any();
    Some(view! { <Banner fact actions>{format!("The plan resets {} in all.", people(page.going))}</Banner> }.into_any())
}

fn privileged(page: &ResetPage) -> Option<AnyView> {
    let count = page.sums.privileged;
    let fact = match count {
        0 => return None,
        1 => "1 owner or admin is in this selection.".to_owned(),
        count => format!("{} owners and admins are in this selection.", counted(count)),
    };
    let href = address(page.id, Listing { which: Which::Privileged, skip: None, ..page.listing }, 0);
    Some(
        view! {
            <Banner tone=Tone::Warn fact=fact>
                "They cannot help others until they are back themselves. "
                <a href=href>{if count == 1 { "Show who".to_owned() } else { format!("Show the {}", counted(count)) }}</a>
            </Banner>
        }
        .into_any(),
    )
}

fn unverified(page: &ResetPage) -> Option<AnyView> {
    let count = page.sums.skipped_for(Skip::NoVerifiedAddress);
    let fact = match count {
        0 => return None,
        1 => "1 person has no verified address.".to_owned(),
        count => format!("{} have no verified address.", people(count)),
    };
    let href = address(page.id, Listing { skip: Some(Skip::NoVerifiedAddress), ..page.listing }, 0);
    Some(
        view! {
            <Banner tone=Tone::Warn fact=fact>
                "The mail could not reach them: they are skipped. "
                <a href=href>{if count == 1 { "Show who".to_owned() } else { format!("Show the {}", counted(count)) }}</a>
            </Banner>
        }
        .into_any(),
    )
}

fn by_customer(page: &ResetPage) -> AnyView {
    let row = |customer: &CustomerSums| {
        let Sums { selected, resets, losses, .. } = &customer.sums;
        let of = |which: Which| Listing { customer: Some(customer.id), skip: None, which };
        let sessions = usize::try_from(losses.sessions).unwrap_or(0);
        view! {
            <tr>
                <td><CustomerName name=customer.name.clone()/></td>
                <td class="num">{link(page, *selected, of(Which::Selected))}</td>
                <td class="num">{link(page, *resets, of(Which::Reset))}</td>
                <td class="num">{link(page, customer.sums.kept(), of(Which::Skipped))}</td>
                <td class="num">{link(page, sessions, of(Which::Sessions))}</td>
                <td class="num">{link(page, *resets, of(Which::Reset))}</td>
                <td class="num">{owners_left(customer)}</td>
            </tr>
        }
        .into_any()
    };
    view! {
        <div class="card scroll">
            <table class="table">
                <thead>
                    <tr>
                        <th>"Customer"</th><th class="num">"Selected"</th><th class="num">"Reset"</th>
                        <th class="num">"Skipped"</th><th class="num">"Sessions"</th><th class="num">"Mails"</th>
                        <th class="num" title="Owners who can sign in while the others set up again">"Owners left"</th>
                    </tr>
                </thead>
                <tbody>{page.customers.iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// How many owners stay, and behind the number who they are.
fn owners_left(customer: &CustomerSums) -> AnyView {
    let names = &customer.owners_left;
    if names.is_empty() {
        return "0".into_any();
    }
    let named = names.iter().map(|name| view! { <li><bdi>{name.clone()}</bdi></li> }).collect_view();
    view! {
        <details class="fold">
            <summary>{counted(names.len())}</summary>
            <ul>{named}</ul>
        </details>
    }
    .into_any()
}

fn what_goes(page: &ResetPage) -> AnyView {
    let line = |what: Artefact| {
        let count = page.sums.losses.count(what);
        let listing = Listing { which: Which::who_lose(what), skip: None, ..page.listing };
        let count = link(page, usize::try_from(count).unwrap_or(0), listing);
        view! { <div><dt>{what.labels()}</dt><dd>{count}</dd></div> }
    };
    let lines = |fate: Fate| {
        let all = Artefact::all();
        all.into_iter().filter(|what| what.fate() == fate).map(line).collect_view()
    };
    view! {
        <div class="card goes">
            <section>
                <h3><Icon of=Glyph::Trash/>"Deleted"</h3>
                <dl class="sums">{lines(Fate::Deleted)}</dl>
            </section>
            {(page.sums.losses.hardware_tokens > 0).then(|| view! {
                <section>
                    <h3><Icon of=Glyph::Token/>"Deactivated"</h3>
                    <dl class="sums">{lines(Fate::Deactivated)}</dl>
                    <p class="note">"returned to stock"</p>
                </section>
            })}
            <section>
                <h3><Icon of=Glyph::SignOut/>"Ended"</h3>
                <dl class="sums">{lines(Fate::Ended)}</dl>
            </section>
        </div>
    }
    .into_any()
}

fn skips(page: &ResetPage) -> AnyView {
    let row = |(skip, count): &(Skip, usize)| {
        let listing = Listing { skip: Some(*skip), ..page.listing };
        view! {
            <tr>
                <td>{skip.label()}</td>
                <td class="num">{link(page, *count, listing)}</td>
                <td>{skip.meaning()}</td>
            </tr>
        }
        .into_any()
    };
    view! {
        <div class="card">
            <table class="table">
                <thead><tr><th class="main">"Reason"</th><th class="num">"People"</th><th>"What it means"</th></tr></thead>
                <tbody>{page.sums.skipped.iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// What a list of people is called.
fn title(listing: Listing) -> String {
    match (listing.skip, listing.which) {
        (Some(skip), _) => format!("Skipped: {}", skip.label().to_lowercase()),
        (None, Which::Reset) => "Who is reset".to_owned(),
        (None, Which::Selected) => "Who is selected".to_owned(),
        (None, Which::Skipped) => "Who is skipped".to_owned(),
        (None, Which::Privileged) => "Owners and admins who are reset".to_owned(),
        (None, which) => which.loss().map_or_else(String::new, |what| {
            let words = what.labels().to_lowercase();
            match what.fate() {
                Fate::Deleted => format!("Who loses {words}"),
                Fate::Ended => format!("Whose {words} end"),
                Fate::Deactivated => format!("Whose {words} are returned"),
            }
        }),
    }
}

/// The people whom the address asks for.
fn listed(page: &ResetPage) -> AnyView {
    let listing = page.listing;
    let what = listing.which.loss().filter(|_| listing.skip.is_none());
    let everybody = address(page.id, Listing { customer: listing.customer, ..Listing::default() }, 0);
    let chip = (listing.skip.is_some() || listing.which != Which::default())
        .then(|| view! { <a class="button quiet" href=everybody>"Show who is reset"</a> });
    let head = view! { <div class="head" id="people"><h2>{title(listing)}</h2>{chip}</div> };
    if page.rows.is_empty() {
        return view! { {head}<Empty icon=Glyph::Users title="Nobody">"Nobody in this plan is meant by that."</Empty> }
            .into_any();
    }
    let (shown, found) = (page.before + page.rows.len(), page.found);
    let text = format!("{}–{} of {}", counted(page.before + 1), counted(shown), counted(found));
    let previous = (page.before > 0).then(|| address(page.id, listing, page.before.saturating_sub(PAGE)));
    let next = (shown < found).then(|| address(page.id, listing, shown));
    let pages = (previous.is_some() || next.is_some()).then(|| view! { <Pager text previous next/> });
    let column = what.map_or("Methods", Artefact::labels);
    let row = |row: &ItemRow| {
        let becomes = match row.verdict {
            Verdict::Reset => "Reset",
            Verdict::Skip(skip) => skip.label(),
        };
        let count = what.map_or_else(|| row.holdings.methods(), |what| row.holdings.count(what));
        let role = row.role;
        view! {
            <tr>
                <td>
                    <Person name=row.name.clone() href=format!("/users/{}", row.user) under=row.address.clone()>
                        {role_badge(role)}
                    </Person>
                </td>
                <td class="mid"><CustomerName name=row.customer.clone()/></td>
                <td>{becomes}</td>
                <td class="num">{count}</td>
            </tr>
        }
        .into_any()
    };
    view! {
        {head}
        <div class="card">
            <table class="table">
                <thead>
                    <tr><th>"Name"</th><th class="mid">"Customer"</th><th>"What becomes of them"</th><th class="num">{column}</th></tr>
                </thead>
                <tbody>{page.rows.iter().map(row).collect_view()}</tbody>
            </table>
            {pages}
        </div>
    }
    .into_any()
}

/// The mail as it will arrive, as far as it is known before.
fn mail(page: &ResetPage) -> Option<AnyView> {
    let mail = page.mail.clone()?;
    let open = page.approval.as_ref().and_then(|approval| approval.state).is_none();
    let rest = open.then_some(" Reason and ticket, as you type them, stand in it too.");
    Some(
        view! {
            <div class="head"><h2>"The mail they get"</h2><p class="note">"as "<bdi>{mail.to}</bdi>" will see it."{rest}</p></div>
            <div class="mail-stage">
                <article class="mail">
                    <h3>{mail.subject}</h3>
                    <iframe src=format!("/resets/{}/mail", page.id) title="The mail" sandbox=""></iframe>
                    <details class="fold">
                        <summary>"As plain text"</summary>
                        <pre class="mail-text">{mail.text}</pre>
                    </details>
                </article>
            </div>
        }
        .into_any(),
    )
}
