//! `GET /events/stream`: the ledger as it grows.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use futures_util::stream;
use journal::{Journal, Query as JournalQuery, Watch, WatchItem};
use tokio::sync::OwnedSemaphorePermit;
use web::{
    KEEP_ALIVE, LastEventId, Problem, ProblemDocument, Query, SseEvent, sse_response, stream_place,
};

use crate::{
    Shared,
    answer::problem,
    filter::{Filter, beyond},
};

/// Follow the ledger.
///
/// Each event's id is its seq: a client that reconnects with `Last-Event-ID` misses nothing.
/// Without it the stream begins at `after` or `since`, and without those now. A `bookmark` says how
/// far the ledger has got without a matching event.
#[utoipa::path(
    get,
    path = "/events/stream",
    operation_id = "follow_events",
    tag = "events",
    params(
        Filter,
        ("last-event-id" = Option<String>, Header, description = "The last seq that was received.",
            pattern = "^[0-9]{1,18}$"),
    ),
    responses(
        (status = 200, description = "Events as they are committed.",
            body = String, content_type = "text/event-stream"),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "As many streams as may be open are open.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn follow(
    State(shared): State<Arc<Shared>>,
    Query(filter): Query<Filter>,
    last: LastEventId,
) -> Result<Response, Problem> {
    let (query, after) = filter.into_live()?;
    let place = stream_place(&shared.streams, shared.console.streams_max)?;
    let journal = shared.console.journal.clone();
    let newest = journal.newest().await.map_err(|error| problem(&error))?;
    let after = match (last.parse::<u64>()?.or(after), query.since) {
        (Some(seen), _) if seen > newest => return Err(beyond(seen, newest)),
        (Some(seen), _) => seen,
        (None, Some(since)) => last_before(&*journal, since, newest).await?,
        (None, None) => newest,
    };
    let watch = journal.watch(after, query);
    let events = stream::unfold((watch, place), next);
    let cancel = shared.console.cancel.clone();
    Ok(sse_response(events, KEEP_ALIVE, cancel))
}

/// The seq right before the first event at or after `since`.
async fn last_before(
    journal: &dyn Journal,
    since: jiff::Timestamp,
    newest: u64,
) -> Result<u64, Problem> {
    let first = JournalQuery {
        since: Some(since),
        limit: 1,
        ..JournalQuery::all()
    };
    let found = journal.read(first).await.map_err(|error| problem(&error))?;
    Ok(found.first().map_or(newest, |event| event.seq - 1))
}

/// A watch and its place among the streams that may be open.
type Open = (Watch, OwnedSemaphorePermit);

/// The stream ends when the journal does or cannot be read; the client comes back and resumes.
async fn next((mut watch, place): Open) -> Option<(SseEvent, Open)> {
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
    Some((event, (watch, place)))
}
