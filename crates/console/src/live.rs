//! `GET /events/stream`: the ledger as it grows.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, response::Response};
use futures_util::stream;
use journal::{Journal as _, Watch, WatchItem};
use web::{LastEventId, Problem, ProblemDocument, Query, SseEvent, sse_response};

use crate::{Shared, answer::problem, filter::Filter};

/// A silent stream shows that it lives this often.
const KEEP_ALIVE_S: u64 = 15;

/// Follow the ledger.
///
/// Each event's id is its seq: a client that reconnects with `Last-Event-ID` misses nothing.
/// Without it and without `after`, the stream begins now. A `bookmark` says how far the ledger has
/// got without a matching event.
#[utoipa::path(
    get,
    path = "/events/stream",
    operation_id = "follow_events",
    tag = "events",
    params(
        Filter,
        ("last-event-id" = Option<String>, Header, description = "The last seq that was received."),
    ),
    responses(
        (status = 200, description = "Events as they are committed.",
            body = String, content_type = "text/event-stream"),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn follow(
    State(shared): State<Arc<Shared>>,
    Query(filter): Query<Filter>,
    last: LastEventId,
) -> Result<Response, Problem> {
    let query = filter.into_live()?;
    let journal = shared.console.journal.clone();
    let after = match last.parse::<u64>()? {
        Some(seen) => seen,
        None if query.after > 0 => query.after,
        None => journal.newest().await.map_err(|error| problem(&error))?,
    };
    let watch = journal.watch(after, query);
    let events = stream::unfold(watch, next);
    Ok(sse_response(
        events,
        Duration::from_secs(KEEP_ALIVE_S),
        shared.console.cancel.clone(),
    ))
}

/// The stream ends when the journal does or cannot be read; the client comes back and resumes.
async fn next(mut watch: Watch) -> Option<(SseEvent, Watch)> {
    let event = match watch.next().await {
        Ok(Some(WatchItem::Event(event))) => SseEvent {
            id: Some(event.seq.to_string()),
            event: Some(event.kind.to_string()),
            data: event.to_json_line(),
        },
        Ok(Some(WatchItem::Bookmark(seq))) => SseEvent {
            id: Some(seq.to_string()),
            event: Some("bookmark".to_owned()),
            data: format!("{{\"seq\":{seq}}}"),
        },
        Ok(None) => return None,
        Err(error) => {
            tracing::error!(%error, "a live stream ended because the journal cannot be read");
            return None;
        }
    };
    Some((event, watch))
}
