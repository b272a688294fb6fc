//! `GET /events/replay`: state as it stood.
#![expect(
    unused_qualifications,
    reason = "utoipa's macro spells the extractors out again"
)]

use std::sync::Arc;

use axum::{Json, extract::State};
use journal::{Journal as _, Order, Query as JournalQuery};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use state::Target;
use utoipa::{IntoParams, ToSchema};
use web::{Problem, ProblemDocument, Query, Timestamp};

use crate::{
    Shared,
    answer::{problem, state_problem},
};

/// How many lineages one answer shows.
const LINEAGES_MAX: usize = 100;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Moment {
    /// A place in the ledger.
    #[param(minimum = 0)]
    seq: Option<u64>,
    /// Or a moment: everything up to and including it.
    time: Option<Timestamp>,
}

/// Every lineage's documents at one place in the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replay {
    /// The place that was meant.
    seq: u64,
    documents: Vec<Replayed>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Replayed {
    lineage: String,
    document: String,
    version: String,
    revision: u64,
    hash: String,
    #[schema(value_type = Object)]
    value: Value,
}

/// State as it stood.
#[utoipa::path(
    get,
    path = "/events/replay",
    operation_id = "replay_events",
    tag = "events",
    params(Moment),
    responses(
        (status = 200, description = "Each lineage's documents at that place.", body = Replay),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn replay(
    State(shared): State<Arc<Shared>>,
    Query(moment): Query<Moment>,
) -> Result<Json<Replay>, Problem> {
    let seq = place(&shared, moment).await?;
    let state = &shared.console.state;
    let lineages = state
        .lineages()
        .await
        .map_err(|error| state_problem(&error))?;
    let mut documents = Vec::new();
    for lineage in lineages.iter().take(LINEAGES_MAX) {
        for target in Target::ALL {
            let found = state.document_at(lineage, target, seq).await;
            let Some(document) = found.map_err(|error| state_problem(&error))? else {
                continue;
            };
            documents.push(Replayed {
                lineage: lineage.to_string(),
                document: target.to_string(),
                version: document.version.to_string(),
                revision: document.revision,
                hash: document.hash.to_string(),
                value: (*document.value).clone(),
            });
        }
    }
    Ok(Json(Replay { seq, documents }))
}

async fn place(shared: &Shared, moment: Moment) -> Result<u64, Problem> {
    match (moment.seq, moment.time) {
        (Some(seq), None) => Ok(seq),
        (None, Some(time)) => {
            let query = JournalQuery {
                // `before` excludes its own moment, and events are told apart to the microsecond.
                before: time
                    .moment()
                    .checked_add(std::time::Duration::from_micros(1))
                    .ok(),
                order: Order::NewestFirst,
                limit: 1,
                ..JournalQuery::all()
            };
            let journal = &shared.console.journal;
            let found = journal.read(query).await.map_err(|error| problem(&error))?;
            Ok(found.first().map_or(0, |event| event.seq))
        }
        (None, None) | (Some(_), Some(_)) => {
            Err(Problem::bad_request("name one place: `seq` or `time`")
                .hint("for example /events/replay?seq=120"))
        }
    }
}
