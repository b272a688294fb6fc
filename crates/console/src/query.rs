//! `GET /events` and `GET /events/{seq}`.
#![expect(
    unused_qualifications,
    reason = "utoipa's macro spells the extractors out again"
)]

use std::sync::Arc;

use axum::{Json, extract::State, response::Response};
use journal::{Order, Query as JournalQuery};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use web::{CachePolicy, ETag, IfNoneMatch, Path, Problem, ProblemDocument, Query};

use crate::{Shared, answer::problem, filter::Filter};

/// Events, and where the next page begins.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Events {
    /// CloudEvents 1.0 envelopes.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
    pagination: Page,
}

#[derive(Debug, Serialize, ToSchema)]
struct Page {
    limit: usize,
    /// What `after` asks for next, absent when this was the last page or the newest come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<u64>,
}

/// Events of the ledger.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "list_events",
    tag = "events",
    params(Filter),
    responses(
        (status = 200, description = "The events, a page at a time.", body = Events),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(filter): Query<Filter>,
) -> Result<Json<Events>, Problem> {
    let query = filter.into_query()?;
    let (limit, order) = (query.limit, query.order);
    let events = shared
        .console
        .journal
        .read(query)
        .await
        .map_err(|error| problem(&error))?;
    let is_full = events.len() == limit && order == Order::OldestFirst;
    let next_after = events.last().filter(|_| is_full).map(|event| event.seq);
    let events = events.iter().map(|event| event.to_json()).collect();
    Ok(Json(Events {
        events,
        pagination: Page { limit, next_after },
    }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct Place {
    /// Its place in the ledger.
    #[param(minimum = 1)]
    seq: u64,
}

/// One event.
#[utoipa::path(
    get,
    path = "/events/{seq}",
    operation_id = "show_event",
    tag = "events",
    params(Place),
    responses(
        (status = 200, description = "The event; it never changes.", body = Object),
        (status = 304, description = "The client holds it already."),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(place): Path<Place>,
    held: IfNoneMatch,
) -> Result<Response, Problem> {
    let seq = place.seq.min(JournalQuery::all().until);
    let query = JournalQuery {
        after: seq.saturating_sub(1),
        until: seq,
        limit: 1,
        ..JournalQuery::all()
    };
    let journal = &shared.console.journal;
    let found = journal.read(query).await.map_err(|error| problem(&error))?;
    let Some(event) = found.first() else {
        let newest = journal.newest().await.map_err(|error| problem(&error))?;
        return Err(
            Problem::not_found(format!("there is no event {}", place.seq)).with("newest", newest),
        );
    };
    let tag = ETag::strong(event.hash.to_string()).expect("a digest is hex digits");
    Ok(web::cached(
        &held,
        &tag,
        CachePolicy::Immutable,
        Json(event.to_json()),
    ))
}
