//! The server functions of selecting by a list of addresses.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::authority::{Refusal, Role};
use crate::domain::ids::{ResetListId, UserId};
use crate::domain::plan::{PlanOutcome, Unmatched};
use crate::domain::spelled;
use crate::domain::time::Time;
use crate::features::session::api::{ApiError, Console};

#[cfg(feature = "ssr")]
use super::api::planned;
#[cfg(feature = "ssr")]
use super::from_list::{self, Means};
#[cfg(feature = "ssr")]
use crate::features::session::request::Request;
#[cfg(feature = "ssr")]
use crate::platform::request::Query;

/// How many lines are on a page.
pub const PAGE: usize = 50;

/// Why a list was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListOutcome {
    /// More than a mebibyte.
    TooLarge,
    /// More lines than one plan holds people.
    TooMany,
    /// Nothing is in it.
    Empty,
    /// Neither UTF-8 nor UTF-16.
    Encoding,
    /// Two columns of addresses.
    TwoColumns,
    /// A quotation mark is opened on this line and never closed.
    OpenQuote(u64),
    /// Whoever asks resets nobody.
    Refused(Refusal),
}

/// What was pasted before, for whoever goes back to change it.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/list_text")]
pub async fn list_text(#[server(default)] id: Option<ResetListId>) -> Result<Console<String>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let text = match id {
        Some(id) => from_list::text(&request.platform, &session.actor, id).await?,
        None => None,
    };
    Ok(request.console(&session, text.unwrap_or_default()))
}

/// Which lines of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// Those that mean somebody who can be selected.
    Matched,
    /// Those that mean somebody whom the reader may not reset.
    LeftOut,
    /// Those that mean nobody.
    Unmatched,
    /// Those that mean somebody once more.
    Again,
}
spelled!(Part { Matched => "matched", LeftOut => "left-out", Unmatched => "unmatched", Again => "again" });

/// Somebody whom a line means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Where mails go.
    pub address: String,
    /// Their home customer.
    pub customer: String,
    /// Their role there.
    pub role: Role,
}

/// What a line means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Meaning {
    /// Somebody who can be selected.
    Matched(Listed),
    /// Somebody whom the reader may not reset.
    LeftOut(Listed, Refusal),
    /// Nobody.
    Unmatched(Unmatched),
    /// Whoever that line means.
    Again(u64),
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRow {
    /// Its number.
    pub number: u64,
    /// What stands there.
    pub typed: String,
    /// What it means.
    pub means: Meaning,
}

/// What a list means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPage {
    /// Which list.
    pub id: ResetListId,
    /// Until when it is kept.
    pub until: Time,
    /// How many lines there are of each part.
    pub counts: Vec<(Part, usize)>,
    /// The part that is shown.
    pub part: Part,
    /// How many lines of it come before these.
    pub before: usize,
    /// At most [`PAGE`] of its lines.
    pub lines: Vec<LineRow>,
}

impl ListedPage {
    /// How many lines there are of a part.
    #[must_use]
    pub fn count(&self, of: Part) -> usize {
        self.counts.iter().filter(|(part, _)| *part == of).map(|(_, count)| count).sum()
    }
}

/// A list, as the query of its page's address asks for it; none where there is none of the reader's.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/listed")]
pub async fn show_listed(
    id: ResetListId,
    #[server(default)] query: String,
) -> Result<Console<Option<ListedPage>>, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    let Some(view) = from_list::view(&request.platform, &session.actor, id).await? else {
        request.not_found();
        return Ok(request.console(&session, None));
    };
    let part = |line: &from_list::Line| match line.means {
        Means::Selected(_) => Part::Matched,
        Means::LeftOut(..) => Part::LeftOut,
        Means::Unmatched(_) => Part::Unmatched,
        Means::Again(_) => Part::Again,
    };
    let count = |of: Part| (of, view.lines.iter().filter(|line| part(line) == of).count());
    let counts: Vec<(Part, usize)> = Part::ALL.iter().map(|part| count(*part)).collect();
    let query = Query::read(&query);
    let asked = query.value("show").and_then(|part| part.parse().ok());
    let shown: Part =
        asked.or_else(|| counts.iter().find(|(_, count)| *count > 0).map(|(part, _)| *part)).unwrap_or(Part::Matched);
    let before: usize = query.value("after").and_then(|after| after.parse().ok()).unwrap_or(0);
    let lines = view.lines.iter().filter(|line| part(line) == shown).skip(before).take(PAGE).map(row).collect();
    let page = ListedPage { id, until: view.until, counts, part: shown, before, lines };
    Ok(request.console(&session, Some(page)))
}

#[cfg(feature = "ssr")]
fn row(line: &from_list::Line) -> LineRow {
    let listed = |person: &from_list::Person| Listed {
        user: person.user.id,
        name: person.name.clone(),
        address: person.address.to_string(),
        customer: person.customer_name.clone(),
        role: person.role,
    };
    let means = match &line.means {
        Means::Selected(person) => Meaning::Matched(listed(person)),
        Means::LeftOut(person, refusal) => Meaning::LeftOut(listed(person), *refusal),
        Means::Unmatched(why) => Meaning::Unmatched(*why),
        Means::Again(first) => Meaning::Again(*first),
    };
    // One cell may hold a whole file; nobody reads that.
    let typed = crate::domain::user::clean_name(&line.typed);
    LineRow { number: line.number, typed, means }
}

/// Freezes a plan of everybody whom a list means and sends the browser to its review. Nothing is reset yet.
///
/// # Errors
/// [`ApiError::SignedOut`], or when something fails on the server.
#[server(endpoint = "reset/plan_list")]
pub async fn plan_list(id: ResetListId) -> Result<PlanOutcome, ApiError> {
    let request = Request::current()?;
    let session = request.signed_in().await?;
    Ok(planned(&request, from_list::plan(&request.platform, &request.origin, &session.actor, id).await?))
}
