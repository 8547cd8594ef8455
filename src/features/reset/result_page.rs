//! A reset once it is confirmed: how far it is, who is back, and where each of the others stands.

use leptos::prelude::*;
use leptos_meta::Title;

use super::api::{ItemRow, ItemState, ResetPage};
use crate::domain::recovery::{End, LinkState};
use crate::domain::time::Time as Moment;
use crate::ui::{Badge, Banner, CustomerName, Glyph, Icon, Person, Seal, SheetHead, StatTile, StatTiles, Time, Tone};

/// The page of a confirmed reset.
pub fn result(page: ResetPage, now: Moment) -> AnyView {
    let count = |matches: fn(&ItemState) -> bool| page.items.iter().filter(|item| matches(&item.state)).count();
    let skipped = count(|state| matches!(state, ItemState::Skipped(_)));
    let pending = count(|state| matches!(state, ItemState::Pending));
    let back = count(|state| matches!(state, ItemState::Back(_) | ItemState::BackAtSignIn(_)));
    let queued = count(|state| matches!(state, ItemState::Queued));
    let sent = count(|state| matches!(state, ItemState::Sent(_)));
    let opened = count(|state| matches!(state, ItemState::Opened(_)));
    let attention = count(|state| matches!(state, ItemState::Bounced(_) | ItemState::LinkEnded(_)));
    let all = page.items.len() - skipped;
    let title = page.reason.clone().unwrap_or_else(|| "Reset".to_owned());
    let seal = page.seal.clone();
    let ticket = page.ticket.clone().map(|ticket| format!(" · {ticket}"));
    let approved =
        page.approval.clone().and_then(|approval| approval.by).map(|by| view! { ", approved by "<bdi>{by}</bdi> });
    let running = page.completed_at.is_none().then(|| {
        view! {
            <Banner fact="The reset is running." icon=Glyph::Refresh>
                {format!("{pending} of {all} are still to be done. You may close this page; ")}<a href="">"look again"</a>"."
            </Banner>
        }
    });
    let rows = page.items.into_iter().map(|item| row(item, now)).collect_view();
    view! {
        <Title text=title.clone()/>
        <SheetHead title=title.clone() crumb=("/resets", "Resets") beside=move || view! { <Seal plan=seal/> }.into_any()>
            <a class="button" href=""><Icon of=Glyph::Refresh/>"Refresh"</a>
        </SheetHead>
        <div class="content">
            {running}
            <div class="head">
                <p class="hero"><b>{back}</b>{format!(" of {all} {} back", if all == 1 { "person is" } else { "people are" })}</p>
                {page.confirmed_at.map(|at| view! {
                    <p class="note">"Reset "<Time at now/>" by "<bdi>{page.requester}</bdi>{approved}{ticket}</p>
                })}
            </div>
            <progress class="bar" max=all.max(1).to_string() value=back.to_string()>{format!("{back} of {all}")}</progress>
            <StatTiles>
                <StatTile number=back.to_string() label="back"/>
                <StatTile number=opened.to_string() label="opened the link"/>
                <StatTile number=sent.to_string() label="mail sent"/>
                <StatTile number=(queued + pending).to_string() label="waiting"/>
                <StatTile number=attention.to_string() label="need you"/>
                <StatTile number=skipped.to_string() label="skipped"/>
            </StatTiles>
            <div class="head"><h2>"People"</h2></div>
            <div class="card scroll">
                <table class="table">
                    <thead><tr><th>"Name"</th><th>"Customer"</th><th>"State"</th><th>"What happened"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </div>
    }
    .into_any()
}

fn row(item: ItemRow, now: Moment) -> AnyView {
    let at = move |words: &'static str, at: Moment| view! { {words}<Time at now/> }.into_any();
    let (state, happened) = match item.state {
        ItemState::Pending => ("Waiting".into_any(), "Not begun, everything still works".into_any()),
        ItemState::Skipped(skip) => (view! { <Badge>"Skipped"</Badge> }.into_any(), skip.label().into_any()),
        ItemState::Queued => ("Reset".into_any(), "The mail is on its way".into_any()),
        ItemState::Sent(sent) => (
            view! { <Badge tone=Tone::Accent icon=Glyph::Mail>"Link sent"</Badge> }.into_any(),
            at("Mail taken at ", sent),
        ),
        ItemState::Bounced(why) => (view! { <Badge tone=Tone::Warn>"Bounced"</Badge> }.into_any(), why.into_any()),
        ItemState::Opened(opened) => {
            (view! { <Badge tone=Tone::Accent>"Opened"</Badge> }.into_any(), at("Opened the link at ", opened))
        }
        ItemState::Back(back) => (
            view! { <Badge tone=Tone::Ok icon=Glyph::Check>"Back"</Badge> }.into_any(),
            at("Set up again by link at ", back),
        ),
        ItemState::BackAtSignIn(back) => (
            view! { <Badge tone=Tone::Ok icon=Glyph::Check>"Back"</Badge> }.into_any(),
            at("Set up again at sign-in, ", back),
        ),
        ItemState::LinkEnded(state) => {
            let words = match state {
                LinkState::Expired => "Expired",
                LinkState::Exhausted => "Too many wrong passwords",
                LinkState::Ended(End::Superseded) => "A newer reset took over",
                LinkState::Ended(_) | LinkState::Live => "Revoked",
            };
            let happened = "A new reset sends a new link".into_any();
            (view! { <Badge tone=Tone::Warn>{words}</Badge> }.into_any(), happened)
        }
    };
    view! {
        <tr>
            <td class="name"><Person name=item.name href=format!("/users/{}", item.user) under=item.address/></td>
            <td><CustomerName name=item.customer/></td>
            <td>{state}</td>
            <td>{happened}</td>
        </tr>
    }
    .into_any()
}
