//! `/customers/{id}`: one customer at a glance.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::{CustomerPage as Details, show_customer};
use super::list_page::factor;
use super::words::{last_day, role};
use crate::domain::access::{AddOutcome, EditOutcome};
use crate::domain::ids::CustomerId;
use crate::domain::resilience::Weakness;
use crate::domain::time::Time as Moment;
use crate::domain::user::Standing;
use crate::domain::user_filter::UserFilter;
use crate::features::customers::head::customer_head;
use crate::features::session::flash::left_by;
use crate::features::session::page::console;
use crate::ui::{Empty, Glyph, Section, SheetHead, StatTile, StatTiles, Time, Toast};
use crate::words::{languages, place, tagged};

/// The customer of the address; what is no identifier is no customer.
pub(super) fn customer_of_address() -> Memo<CustomerId> {
    let params = use_params_map();
    let none = CustomerId::new(Moment::from_unix_milliseconds(0), [0; 10]);
    Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse().ok()).unwrap_or(none))
}

/// Facts and figures.
#[component]
pub fn CustomerPage() -> impl IntoView {
    let id = customer_of_address();
    let customer = Resource::new(move || id.get(), show_customer);
    let added = left_by::<AddOutcome>("add_customer").map(|left| left.outcome);
    let edited = left_by::<EditOutcome>("edit_customer").is_some_and(|left| left.outcome == EditOutcome::Done);
    console(Section::Customers, customer, move |details, _, now| {
        details.map_or_else(nothing_here, |details| overview(details, added, edited, now))
    })
}

/// What stands at the address of a customer that is none, or none of the reader's.
pub(super) fn nothing_here() -> AnyView {
    view! {
        <Title text="No such customer"/>
        <SheetHead title="No such customer" crumb=("/customers", "Customers")/>
        <div class="content">
            <Empty icon=Glyph::Building title="No customer is here" actions=|| view! { <a class="button" href="/customers">"All customers"</a> }>
                "The address may be mistyped, or this customer is not one of yours."
            </Empty>
        </div>
    }
    .into_any()
}

fn overview(details: Details, added: Option<AddOutcome>, edited: bool, now: Moment) -> AnyView {
    let just_added = added == Some(AddOutcome::Added(details.id));
    let name = details.name.clone();
    view! {
        <Title text=name.clone()/>
        {customer_head(details.id, &name, 0)}
        <div class="content">{facts(&details, now)}{resilience(&details)}</div>
        {edited.then(|| view! { <Toast>"Saved. Mails from now on say so."</Toast> })}
        {just_added.then(|| view! { <Toast><span><bdi>{name}</bdi>" is a customer now, and you are its owner."</span></Toast> })}
    }
    .into_any()
}

fn facts(details: &Details, now: Moment) -> AnyView {
    let provider = match details.provider.clone() {
        Some((Some(id), name)) => {
            view! { <a class="count-link" href=format!("/customers/{id}")><bdi>{name}</bdi></a> }.into_any()
        }
        Some((None, name)) => view! { <bdi>{name}</bdi> }.into_any(),
        None if details.is_provider => "Is a provider: its owners and admins add customers".into_any(),
        None => "None".into_any(),
    };
    let desk =
        details.help_desk.clone().map_or_else(|| "None".into_any(), |desk| view! { <bdi>{desk}</bdi> }.into_any());
    let tongue = details.language.as_deref().and_then(tagged).unwrap_or_default();
    let tongue = languages().into_iter().find(|(locale, _)| *locale == tongue).map(|(_, name)| name);
    let zone = details.zone.as_deref().map_or_else(|| "UTC".to_owned(), place);
    let mails = view! { <bdi lang=details.language.clone()>{tongue}</bdi>", "{zone} };
    let until = details.ends_at.map(|at| format!(" until {}", last_day(at)));
    let id = details.id;
    let standings = details
        .standings
        .iter()
        .map(|(standing, users)| {
            let filter = UserFilter { standing: Some(*standing), ..UserFilter::default() };
            let words = match standing {
                Standing::Active => " active",
                Standing::Invited => " not set up yet",
                Standing::Suspended => " suspended",
            };
            view! { <span class="figure"><a class="count-link" href=list_of(id, &filter)>{*users}</a>{words}</span> }
        })
        .collect_view();
    view! {
        <dl class="facts">
            <div><dt>"Help desk"</dt><dd>{desk}</dd></div>
            <div><dt>"Mails"</dt><dd>{mails}</dd></div>
            <div><dt>"Provider"</dt><dd>{provider}</dd></div>
            <div><dt>"Added"</dt><dd><Time at=details.added_at now/></dd></div>
            <div><dt>"Second factor"</dt><dd>{factor(details.mfa_required, details.grace_until, now)}</dd></div>
            <div><dt>"Users"</dt><dd>{standings}</dd></div>
            <div><dt>"Your role"</dt><dd>{role(details.role)}{until}</dd></div>
        </dl>
        {details.may_edit.then(|| view! { <p><a class="button" href=format!("/customers/{id}/edit")>"Edit customer"</a></p> })}
    }
    .into_any()
}

/// The address of the list of those at home in `customer` whom `filter` means.
fn list_of(customer: CustomerId, filter: &UserFilter) -> String {
    let filter = UserFilter { customers: vec![customer], ..filter.clone() };
    let pairs: Vec<String> = filter.pairs().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("/users?{}", pairs.join("&"))
}

/// Next month's tickets, today. Every number opens its list.
fn resilience(details: &Details) -> AnyView {
    let Some(score) = details.score else {
        return ().into_any();
    };
    let id = details.id;
    let tile = |(weakness, users): &(Weakness, i64)| {
        let label = match weakness {
            Weakness::NoFactor => "no second factor",
            Weakness::OneFactor => "one factor only",
            Weakness::CodesUnsaved => "codes never saved",
            Weakness::CodesLow => "codes low",
            Weakness::AddressUnverified => "address not verified",
            Weakness::NeverSeen => "never signed in",
        };
        let (number, href) = (users.to_string(), list_of(id, &weakness.filter()));
        view! { <StatTile number label href/> }.into_any()
    };
    let tiles = details.weaknesses.iter().map(tile).collect_view();
    let advice = details.most_worth.map(|(weakness, then)| {
        let users = details.weaknesses.iter().find(|(one, _)| *one == weakness).map_or(0, |(_, users)| *users);
        advice(weakness, users, score, then)
    });
    view! {
        <div class="head"><h2>"Resilience"</h2><p class="note">"next month’s tickets, today"</p></div>
        <p class="hero"><b>{score}</b>"of 100"</p>
        {advice.map(|advice| view! { <p>{advice}</p> })}
        <StatTiles>{tiles}</StatTiles>
    }
    .into_any()
}

/// What would raise the score most.
fn advice(weakness: Weakness, users: i64, score: i64, then: i64) -> String {
    let who = if users == 1 { "1 person".to_owned() } else { format!("{users} people") };
    let (one, what) = match weakness {
        Weakness::NoFactor => ("set up a second factor", "set up a second factor"),
        Weakness::OneFactor => ("added a second method", "added a second method each"),
        Weakness::CodesUnsaved => ("saved their backup codes", "saved their backup codes"),
        Weakness::CodesLow => ("made new backup codes", "made new backup codes"),
        Weakness::AddressUnverified => ("had their address verified", "had their addresses verified"),
        Weakness::NeverSeen => ("signed in for the first time", "signed in for the first time"),
    };
    let what = if users == 1 { one } else { what };
    let to = if then > score { format!(", to {then},") } else { String::new() };
    format!("It would rise most{to} if {who} {what}.")
}
