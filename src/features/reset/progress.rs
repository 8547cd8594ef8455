//! A running reset, told while somebody watches: how far it is, whenever that changes, until it is over.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::board;
use crate::domain::authority::Actor;
use crate::domain::ids::ResetId;
use crate::domain::progress::Progress;
use crate::features::session::upload::{failed, signed_in, still_signed_in};
use crate::platform::{Platform, Result};

/// How many watch at once in one process. Whoever comes later looks at the page as it is.
pub const WATCHERS: usize = 100;
/// How often the database is asked.
const EVERY: Duration = Duration::from_millis(500);
/// After how many questions it is asked again who is asking: a session that has ended ends this.
const SESSION_EVERY: u32 = 10;
/// How often something is said where nothing changes, so that nobody in between takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The places of those who watch.
#[derive(Clone)]
pub struct Watchers(Arc<Semaphore>);

impl Watchers {
    /// [`WATCHERS`] free places.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(WATCHERS)))
    }

    /// Ends what they are told, because the process ends.
    pub fn send_away(&self) {
        self.0.close();
    }
}

impl Default for Watchers {
    fn default() -> Self {
        Self::new()
    }
}

/// Tells how far a reset is, as server-sent events.
pub async fn tell(
    State(platform): State<Platform>,
    Extension(watchers): Extension<Watchers>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let actor = match signed_in(&platform, &headers).await {
        Ok(Some(session)) => session.actor,
        Ok(None) => return StatusCode::UNAUTHORIZED.into_response(),
        Err(fault) => return failed(&fault),
    };
    let Ok(id) = id.parse::<ResetId>() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let first = match progress(&platform, &actor, id).await {
        Ok(Some(progress)) => progress,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(fault) => return failed(&fault),
    };
    let Ok(place) = watchers.0.clone().try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "10")]).into_response();
    };
    let next = Some(first);
    let watching = Watching { platform, headers, id, actor, told: None, next, asked: 0, watchers, _place: place };
    let events = unfold(watching, async |mut watching| {
        let progress = watching.changed().await?;
        let event = Event::default().json_data(progress).ok()?;
        Some((Ok::<_, Infallible>(event), watching))
    });
    Sse::new(Box::pin(events)).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
}

async fn progress(platform: &Platform, actor: &Actor, id: ResetId) -> Result<Option<Progress>> {
    let mut conn = platform.db.read().await?;
    board::progress(&mut conn, actor, id, platform.now()).await
}

struct Watching {
    platform: Platform,
    headers: HeaderMap,
    id: ResetId,
    actor: Actor,
    told: Option<Progress>,
    next: Option<Progress>,
    asked: u32,
    watchers: Watchers,
    _place: OwnedSemaphorePermit,
}

impl Watching {
    /// What is to be told next; none when there is nothing more to tell, or nobody to tell it to.
    async fn changed(&mut self) -> Option<Progress> {
        if self.told.is_some_and(|told| told.over) {
            return None;
        }
        loop {
            let progress = match self.next.take() {
                Some(progress) => progress,
                None => self.ask().await?,
            };
            // Time alone is no change.
            let is_same = |told: Progress| Progress { elapsed: progress.elapsed, ..told } == progress;
            if !self.told.is_some_and(is_same) {
                self.told = Some(progress);
                return Some(progress);
            }
        }
    }

    async fn ask(&mut self) -> Option<Progress> {
        sleep(EVERY).await;
        if self.watchers.0.is_closed() {
            return None;
        }
        self.asked += 1;
        if self.asked.is_multiple_of(SESSION_EVERY) {
            self.actor = still_signed_in(&self.platform, &self.headers).await.ok()??.actor;
        }
        // Whatever fails ends this: the browser asks again, and is told then what failed.
        progress(&self.platform, &self.actor, self.id).await.ok()?
    }
}
