//! `GET /agent/{version}/architect/jobs/{id}/events`: a job as it goes on.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use journal::{Query as JournalQuery, Watch, WatchItem};
use tokio::sync::OwnedSemaphorePermit;
use web::{
    KEEP_ALIVE, LastEventId, Path, Problem, ProblemDocument, SseEvent, sse_response, stream_place,
};

use super::{
    answer::read_problem,
    place::{self, JobPlace},
};
use crate::{architect::Architect, job::Stage};

/// Follow a job.
///
/// Each event's id is its seq: a client that reconnects with `Last-Event-ID` misses nothing. The
/// stream begins with the job's first step and ends with its last.
#[utoipa::path(
    get,
    path = "/agent/{version}/architect/jobs/{id}/events",
    operation_id = "follow_job",
    tag = "architect",
    params(
        JobPlace,
        ("last-event-id" = Option<String>, Header, description = "The last seq that was received.",
            pattern = "^[0-9]{1,18}$"),
    ),
    responses(
        (status = 200, description = "Its steps as they are recorded.",
            body = String, content_type = "text/event-stream"),
        (status = 204, description = "The job is over, and all of it was received."),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "As many streams as may be open are open.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn follow(
    State(architect): State<Architect>,
    Path(place): Path<JobPlace>,
    last: LastEventId,
) -> Result<Response, Problem> {
    let job = place::job(&architect, &place).await?;
    let parts = &architect.inner.parts;
    let permit = stream_place(&architect.inner.streams, parts.streams_max)?;
    let newest = architect.journal().newest().await;
    let newest = newest.map_err(|error| read_problem(&error))?;
    let after = last.parse::<u64>()?.unwrap_or(0);
    if after > newest {
        let told = format!("the ledger has {newest} events, and {after} comes after them");
        return Err(Problem::bad_request(told)
            .hint("send the `id` of an event that this stream gave out, or none"));
    }
    let last = architect.journal().last(&job.id.subject()).await;
    let last = last.map_err(|error| read_problem(&error))?;
    if job.stage.is_last() && last.is_some_and(|last| after >= last.seq) {
        // There is nothing more, and a browser that is told so does not come again.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let query = JournalQuery::of(job.id.subject());
    let watch = architect.journal().clone().watch(after, query);
    let events = stream::unfold(Some((watch, Arc::new(permit))), next);
    Ok(sse_response(events, KEEP_ALIVE, parts.cancel.clone()))
}

/// A watch and its place among the streams that may be open.
type Open = (Watch, Arc<OwnedSemaphorePermit>);

async fn next(open: Option<Open>) -> Option<(SseEvent, Option<Open>)> {
    let (mut watch, permit) = open?;
    match watch.next().await {
        Ok(Some(WatchItem::Event(event))) => {
            let sent = SseEvent {
                id: Some(event.seq.to_string()),
                event: event.data["step"].as_str().map(str::to_owned),
                data: event.to_json_line(),
            };
            let stage = serde_json::from_value::<Stage>(event.data["stage"].clone());
            let is_last = stage.is_ok_and(Stage::is_last);
            Some((sent, (!is_last).then_some((watch, permit))))
        }
        Ok(Some(WatchItem::Bookmark(seq))) => {
            let sent = SseEvent {
                id: Some(seq.to_string()),
                event: Some("bookmark".to_owned()),
                data: format!("{{\"seq\":{seq}}}"),
            };
            Some((sent, Some((watch, permit))))
        }
        Ok(None) => None,
        Err(error) => {
            tracing::error!(%error, "the steps of a job cannot be read");
            None
        }
    }
}
