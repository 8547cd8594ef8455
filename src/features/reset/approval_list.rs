//! On top of all resets: those that wait for the reader's approval, and those of the reader that wait for somebody's.

use leptos::prelude::*;

use super::approval_api::WaitingRow;
use super::page::people;
use crate::domain::time::Time as Moment;
use crate::ui::{Seal, Time};

/// Both, as far as there are any.
pub fn waiting(rows: Vec<WaitingRow>, now: Moment) -> AnyView {
    let (mine, for_me): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.is_mine);
    view! {
        {table("Waiting for your approval", for_me, now)}
        {table("Waiting for somebody’s approval", mine, now)}
    }
    .into_any()
}

fn table(title: &'static str, rows: Vec<WaitingRow>, now: Moment) -> Option<AnyView> {
    if rows.is_empty() {
        return None;
    }
    let row = move |row: WaitingRow| {
        let title = row.reason.unwrap_or_else(|| "No reason given".to_owned());
        view! {
            <tr>
                <td class="name"><a class="cut" dir="auto" title=title.clone() href=format!("/resets/{}", row.id)>{title.clone()}</a></td>
                <td>{row.ticket.unwrap_or_default()}</td>
                <td><span class="cut" dir="auto">{row.requester}</span></td>
                <td>{people(row.people)}</td>
                <td>{row.until.map(|at| view! { <Time at now/> })}</td>
                <td><Seal plan=row.seal/></td>
            </tr>
        }
        .into_any()
    };
    let rows = rows.into_iter().map(row).collect_view();
    Some(
        view! {
            <div class="head"><h2>{title}</h2></div>
            <div class="card scroll">
                <table class="table">
                    <thead>
                        <tr>
                            <th>"Reason"</th><th>"Ticket"</th><th>"Asked by"</th><th>"Resets"</th><th>"Until"</th><th>"Plan"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any(),
    )
}
