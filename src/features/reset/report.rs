//! What became of everybody in a reset, as a file to keep: CSV for spreadsheets, JSON for programs. No secret is in it, and
//! nobody whom its reader may not see.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::board::{Row, everybody, seen};
use super::board_api::reached;
use super::store::Reset;
use crate::domain::authority::Right;
use crate::domain::board::Stage;
use crate::domain::ids::ResetId;
use crate::domain::plan::{Holdings, seal};
use crate::domain::time::Time;
use crate::features::session::upload::{failed, signed_in};
use crate::platform::text::csv_cell;
use crate::platform::{Platform, Result};
use crate::ui::iso;

/// How many are written at once, each of them whole in memory. Whoever comes later waits.
static WRITERS: Semaphore = Semaphore::const_new(3);

/// The report as a CSV file.
pub async fn csv(State(platform): State<Platform>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    answer(&platform, &headers, &id, "csv", "text/csv; charset=utf-8", table).await
}

/// The report as JSON.
pub async fn json(State(platform): State<Platform>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    answer(&platform, &headers, &id, "json", "application/json", |reset, rows| object(reset, rows).to_string()).await
}

async fn answer(
    platform: &Platform,
    headers: &HeaderMap,
    id: &str,
    ending: &str,
    kind: &'static str,
    write: fn(&Reset, &[Row]) -> String,
) -> Response {
    let _writer = WRITERS.acquire().await;
    let found = match signed_in(platform, headers).await {
        Ok(Some(session)) => match id.parse::<ResetId>() {
            Ok(id) => read(platform, &session.actor, id).await,
            Err(_) => Ok(None),
        },
        Ok(None) => return Redirect::to("/sign-in?next=%2Fresets").into_response(),
        Err(fault) => return failed(&fault),
    };
    match found {
        Ok(Some((reset, rows))) => {
            let name = seal(&reset.plan_hash).replace(' ', "");
            let disposition = format!("attachment; filename=\"reset-{name}.{ending}\"");
            let head = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
            (head, write(&reset, &rows)).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(fault) => failed(&fault),
    }
}

async fn read(
    platform: &Platform,
    actor: &crate::domain::authority::Actor,
    id: ResetId,
) -> Result<Option<(Reset, Vec<Row>)>> {
    let mut conn = platform.db.read().await?;
    match seen(&mut conn, actor, id).await? {
        Some(reset) => {
            let rows = everybody(&mut conn, &actor.scope(Right::Read), id.into(), &[], platform.now()).await?;
            Ok(Some((reset, rows)))
        }
        None => Ok(None),
    }
}

/// The name and the number of each kind of what went. A plan that was not carried out for somebody took nothing.
fn went(row: &Row) -> [(&'static str, i64); 9] {
    let done = !matches!(row.stage, Stage::Pending | Stage::Skipped | Stage::Failed);
    let Holdings {
        authenticator_apps,
        passkeys,
        hardware_tokens,
        phones,
        backup_codes,
        sessions,
        trusted_devices,
        challenges,
        links,
    } = if done { row.holdings() } else { Holdings::default() };
    [
        ("authenticator_apps", authenticator_apps),
        ("passkeys", passkeys),
        ("hardware_tokens", hardware_tokens),
        ("phones", phones),
        ("backup_codes", backup_codes),
        ("sessions", sessions),
        ("trusted_devices", trusted_devices),
        ("half_finished_sign_ins", challenges),
        ("older_links", links),
    ]
}

/// What became of somebody, why if it was not the reset, and when.
fn outcome(row: &Row) -> (&'static str, Option<&'static str>, Option<Time>) {
    match row.stage {
        Stage::Pending => ("pending", None, None),
        Stage::Skipped => ("skipped", row.skip.map(crate::domain::plan::Skip::as_str), row.done_at),
        Stage::Failed => ("failed", row.failed_why.map(crate::domain::plan::Failure::as_str), row.failed_at),
        _ => ("reset", None, row.done_at),
    }
}

/// Where the link is, and since when; nothing where there is none.
fn link(row: &Row) -> Option<(Stage, Option<Time>)> {
    (outcome(row).0 == "reset").then(|| (row.stage, reached(row)))
}

/// One line a user, each with what holds for the whole: a spreadsheet sorts lines.
fn table(reset: &Reset, rows: &[Row]) -> String {
    const HEAD: [&str; 17] = [
        "plan",
        "requester",
        "approver",
        "reason",
        "ticket",
        "planned_at",
        "confirmed_at",
        "stopped_at",
        "completed_at",
        "customer",
        "name",
        "address",
        "role",
        "outcome",
        "why",
        "outcome_at",
        "link",
    ];
    let at = |time: Option<Time>| csv_cell(&time.map(iso).unwrap_or_default());
    let text = |text: Option<&str>| csv_cell(text.unwrap_or_default());
    // With the mark by which spreadsheets know UTF-8.
    let mut table = format!("\u{feff}{},link_at", HEAD.join(","));
    let kinds = rows.first().map(went).unwrap_or_default();
    for (kind, _) in kinds {
        table.push_str(&format!(",{kind}"));
    }
    table.push_str("\r\n");
    let whole = [
        csv_cell(&reset.plan_hash),
        csv_cell(&reset.requester_name),
        csv_cell(reset.decider_name.as_deref().unwrap_or_default()),
        text(reset.reason.as_deref()),
        text(reset.ticket.as_deref()),
        at(Some(reset.created_at)),
        at(reset.confirmed_at),
        at(reset.cancelled_at),
        at(reset.completed_at),
    ]
    .join(",");
    for row in rows {
        let ((outcome, why, outcome_at), link) = (outcome(row), link(row));
        let cells = [
            csv_cell(&row.customer_name),
            csv_cell(&row.name),
            csv_cell(row.address.as_str()),
            csv_cell(row.role().as_str()),
            csv_cell(outcome),
            text(why),
            at(outcome_at),
            text(link.map(|(stage, _)| stage.as_str())),
            at(link.and_then(|(_, at)| at)),
        ];
        table.push_str(&format!("{whole},{}", cells.join(",")));
        for (_, count) in went(row) {
            table.push_str(&format!(",{count}"));
        }
        table.push_str("\r\n");
    }
    table
}

fn object(reset: &Reset, rows: &[Row]) -> Value {
    let at = |time: Option<Time>| time.map(iso);
    let user = |row: &Row| {
        let ((outcome, why, outcome_at), link) = (outcome(row), link(row));
        let went: serde_json::Map<String, Value> =
            went(row).into_iter().map(|(kind, count)| (kind.to_owned(), count.into())).collect();
        json!({
            "customer": row.customer_name,
            "name": row.name,
            "address": row.address.as_str(),
            "role": row.role().as_str(),
            "outcome": outcome,
            "why": why,
            "at": at(outcome_at),
            "went": went,
            "link": link.map(|(stage, since)| json!({ "state": stage.as_str(), "at": at(since) })),
        })
    };
    json!({
        "plan": reset.plan_hash,
        "requester": reset.requester_name,
        "approver": reset.decider_name,
        "reason": reset.reason,
        "ticket": reset.ticket,
        "planned_at": iso(reset.created_at),
        "confirmed_at": at(reset.confirmed_at),
        "stopped_at": at(reset.cancelled_at),
        "completed_at": at(reset.completed_at),
        "users": rows.iter().map(user).collect::<Vec<_>>(),
    })
}
