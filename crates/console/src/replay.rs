//! `GET /events/replay`: state as it stood.
#![expect(
    unused_qualifications,
    reason = "utoipa's macro spells the extractors out again"
)]

use std::sync::Arc;

use axum::{Json, extract::State};
use journal::{Order, Query as JournalQuery};
use model::{EventType, LineageName, Subject};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use state::Target;
use utoipa::{IntoParams, ToSchema};
use web::{Problem, ProblemDocument, Query, Timestamp};

use crate::{
    Shared,
    answer::{problem, state_problem},
    filter::beyond,
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
    #[param(value_type = Option<String>, format = DateTime)]
    time: Option<Timestamp>,
    /// Or either of them, or a version of `main`: what `luthier ledger replay --at` takes.
    #[param(value_type = Option<String>, max_length = 128, pattern = r"^([0-9]{1,18}|[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])|v?(0|[1-9][0-9]{0,18})(\.(0|[1-9][0-9]{0,18})){2}(-(0|[1-9][0-9]*|[A-Za-z][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[A-Za-z][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z-]+)?)$")]
    at: Option<Place>,
}

/// No time, seq or version that there is needs more.
const PLACE_BYTES_MAX: usize = 128;

/// Where to look.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
enum Place {
    Seq(u64),
    Time(Timestamp),
    Version(Version),
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() > PLACE_BYTES_MAX {
            return Err(format!(
                "a place is written with at most {PLACE_BYTES_MAX} characters"
            ));
        }
        if let Ok(seq) = text.parse() {
            return Ok(Self::Seq(seq));
        }
        if let Ok(version) = text.strip_prefix('v').unwrap_or(&text).parse() {
            return Ok(Self::Version(version));
        }
        text.parse().map(Self::Time).map_err(|_error| {
            format!("`{text}` is neither a time (2026-03-01T12:00:00Z), a seq nor a version")
        })
    }
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
    let named = [
        moment.seq.map(Place::Seq),
        moment.time.map(Place::Time),
        moment.at,
    ];
    let mut named = named.into_iter().flatten();
    match (named.next(), named.next()) {
        (Some(Place::Seq(seq)), None) => {
            let newest = shared.console.journal.newest().await;
            let newest = newest.map_err(|error| problem(&error))?;
            if seq > newest {
                return Err(beyond(seq, newest));
            }
            Ok(seq)
        }
        (Some(Place::Time(time)), None) => last_until(shared, time).await,
        (Some(Place::Version(version)), None) => release_of(shared, version).await,
        (None, _) => {
            let newest = shared.console.journal.newest().await;
            newest.map_err(|error| problem(&error))
        }
        (Some(_), Some(_)) => Err(
            Problem::bad_request("name one place: `at`, `seq` or `time`")
                .hint("for example /events/replay?at=120"),
        ),
    }
}

async fn last_until(shared: &Shared, time: Timestamp) -> Result<u64, Problem> {
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

async fn release_of(shared: &Shared, version: Version) -> Result<u64, Problem> {
    let query = JournalQuery {
        kinds: vec![EventType::RELEASE],
        version: Some(version.clone()),
        limit: 1,
        ..JournalQuery::of(Subject::lineage(&LineageName::default()))
    };
    let journal = &shared.console.journal;
    let found = journal.read(query).await.map_err(|error| problem(&error))?;
    let found = found.first().map(|event| event.seq);
    found.ok_or_else(|| {
        Problem::not_found(format!("`main` has no version {version}"))
            .hint("/events?type=release lists what was released")
    })
}
