//! What is planned for everybody in a plan, or what became of everybody in a reset, as a file to keep: CSV for spreadsheets,
//! JSON for programs, both of the same cells under the same names. No secret is in it, and nobody whom its reader may not see.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use super::board::{Row, everybody_in_parts};
use super::board_api::reached;
use super::service::found;
use super::store::Reset;
use crate::domain::approval;
use crate::domain::authority::Actor;
use crate::domain::board::Stage;
use crate::domain::ids::ResetId;
use crate::domain::method::Artefact;
use crate::domain::plan::{Holdings, LIFETIME, seal};
use crate::domain::time::Time;
use crate::features::session::upload::{failed, signed_in};
use crate::platform::text::csv_cell;
use crate::platform::{Platform, Result};
use crate::ui::iso;

/// How many are written at once. Each is a few megabytes where it holds as many people as one plan does; whoever comes later
/// waits.
static WRITERS: Semaphore = Semaphore::const_new(3);

/// The report as a CSV file.
pub async fn csv(State(platform): State<Platform>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    answer(&platform, &headers, &id, Format::Csv).await
}

/// The report as JSON.
pub async fn json(State(platform): State<Platform>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    answer(&platform, &headers, &id, Format::Json).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

async fn answer(platform: &Platform, headers: &HeaderMap, id: &str, format: Format) -> Response {
    let _writer = WRITERS.acquire().await;
    let found = match signed_in(platform, headers).await {
        Ok(Some(session)) => match id.parse::<ResetId>() {
            Ok(id) => written(platform, &session.actor, id, format).await,
            Err(_) => Ok(None),
        },
        Ok(None) => return Redirect::to("/sign-in?next=%2Fresets").into_response(),
        Err(fault) => return failed(&fault),
    };
    match found {
        Ok(Some((reset, text))) => {
            let (ending, kind) = match format {
                Format::Csv => ("csv", "text/csv; charset=utf-8"),
                Format::Json => ("json", "application/json"),
            };
            let what = if reset.confirmed_at.is_some() { "reset" } else { "plan" };
            let name = seal(&reset.plan_hash).replace(' ', "");
            let disposition = format!("attachment; filename=\"{what}-{name}.{ending}\"");
            ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], text)
                .into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(fault) => failed(&fault),
    }
}

/// The whole file. People are written as they are read, so that no more of them than one part are held beside it.
async fn written(platform: &Platform, actor: &Actor, id: ResetId, format: Format) -> Result<Option<(Reset, String)>> {
    let mut conn = platform.db.read().await?;
    let Some((reset, scope)) = found(&mut conn, actor, id).await? else {
        return Ok(None);
    };
    let mut writer = Writer::new(format, whole(&reset));
    let is_plan = reset.confirmed_at.is_none();
    everybody_in_parts(&mut conn, &scope, id.into(), &[], platform.now(), |rows| {
        for row in &rows {
            writer.add(&line(row, is_plan));
        }
    })
    .await?;
    Ok(Some((reset, writer.end())))
}

/// A name and what stands under it.
type Cell = (String, Value);

fn text(name: &str, text: Option<&str>) -> Cell {
    (name.to_owned(), text.map_or(Value::Null, Value::from))
}

fn at(name: &str, time: Option<Time>) -> Cell {
    text(name, time.map(iso).as_deref())
}

/// What holds for all of it.
fn whole(reset: &Reset) -> Vec<Cell> {
    let until = match (reset.confirmed_at, reset.approval_asked_at) {
        (Some(_), _) => None,
        (None, Some(asked_at)) => Some(asked_at + approval::LIFETIME),
        (None, None) => Some(reset.created_at + LIFETIME),
    };
    vec![
        text("plan", Some(&reset.plan_hash)),
        text("requester", Some(&reset.requester_name)),
        text("approver", reset.decider_name.as_deref()),
        text("reason", reset.reason.as_deref()),
        text("ticket", reset.ticket.as_deref()),
        at("planned_at", Some(reset.created_at)),
        at("valid_until", until),
        at("confirmed_at", reset.confirmed_at),
        at("stopped_at", reset.cancelled_at),
        at("completed_at", reset.completed_at),
    ]
}

/// One person: what is planned for them or became of them, why if it is not the reset, where their link is, and how many of
/// each kind went, or will go, in which way.
fn line(row: &Row, is_plan: bool) -> Vec<Cell> {
    let (outcome, why, outcome_at) = match row.stage {
        Stage::Pending if is_plan => ("planned", None, None),
        Stage::Pending => ("pending", None, None),
        Stage::Skipped => ("skipped", row.skip.map(crate::domain::plan::Skip::as_str), row.done_at),
        Stage::Failed => ("failed", row.failed_why.map(crate::domain::plan::Failure::as_str), row.failed_at),
        _ => ("reset", None, row.done_at),
    };
    let link = (outcome == "reset").then_some(row.stage);
    let mut cells = vec![
        text("user", Some(&row.user_id.to_string())),
        text("customer", Some(&row.customer_name)),
        text("name", Some(&row.name)),
        text("address", Some(&row.address)),
        text("role", Some(row.role().as_str())),
        text("outcome", Some(outcome)),
        text("why", why),
        at("outcome_at", outcome_at),
        text("link", link.map(Stage::as_str)),
        at("link_at", link.and_then(|_| reached(row))),
    ];
    // A plan that was not carried out for somebody took nothing.
    let goes = matches!(outcome, "planned" | "reset");
    let holdings = if goes { row.holdings() } else { Holdings::default() };
    cells.extend(
        Artefact::all()
            .into_iter()
            .map(|what| (format!("{}_{}", what.key(), what.fate().as_str()), Value::from(holdings.count(what)))),
    );
    cells
}

/// A file on its way: in CSV one line a person, each with what holds for the whole, for a spreadsheet sorts lines; in JSON
/// what holds for the whole once, and its people.
struct Writer {
    format: Format,
    whole: Vec<Cell>,
    file: String,
    lines: usize,
}

impl Writer {
    fn new(format: Format, whole: Vec<Cell>) -> Self {
        let file = match format {
            // With the mark by which spreadsheets know UTF-8.
            Format::Csv => "\u{feff}".to_owned(),
            Format::Json => {
                let whole = Value::Object(whole.iter().cloned().collect::<Map<_, _>>()).to_string();
                format!("{},\"users\":[", whole.trim_end_matches('}'))
            }
        };
        Self { format, whole, file, lines: 0 }
    }

    fn add(&mut self, line: &[Cell]) {
        match self.format {
            Format::Csv => {
                if self.lines == 0 {
                    let names: Vec<&str> = self.whole.iter().chain(line).map(|(name, _)| name.as_str()).collect();
                    self.file.push_str(&format!("{}\r\n", names.join(",")));
                }
                let cells: Vec<String> = self.whole.iter().chain(line).map(|(_, value)| cell(value)).collect();
                self.file.push_str(&format!("{}\r\n", cells.join(",")));
            }
            Format::Json => {
                let user = Value::Object(line.iter().cloned().collect::<Map<_, _>>());
                self.file.push_str(&format!("{}{user}", if self.lines == 0 { "" } else { "," }));
            }
        }
        self.lines += 1;
    }

    fn end(mut self) -> String {
        if self.format == Format::Json {
            self.file.push_str("]}");
        }
        self.file
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => csv_cell(""),
        Value::String(text) => csv_cell(text),
        other => other.to_string(),
    }
}
