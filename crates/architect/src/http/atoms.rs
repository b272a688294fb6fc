//! The hand-off: whoever asks is given an atom, and answers it.
#![expect(
    unused_qualifications,
    reason = "utoipa's macro spells the extractors out again"
)]

use std::time::Duration;

use atoms::{AtomId, Handoff, HandoffError, InvalidCheck, Offer};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use web::{CachePolicy, Json, Path, Problem, ProblemDocument, Query};

use super::place::{self, Place};
use crate::architect::Architect;

/// Longer waits are cut.
const WAIT_S_MAX: u64 = 60;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct NextQuery {
    /// How many seconds to wait for one if there is none.
    #[serde(default)]
    #[param(maximum = 60, default = 0)]
    wait: u16,
}

/// An atom to answer: one task, whole.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AtomAnswer {
    id: String,
    kind: String,
    /// What holds for every atom of its kind.
    system: String,
    prompt: String,
    /// What an answer has to satisfy.
    #[schema(value_type = Object)]
    schema: Value,
    /// After it, others may be offered the same.
    #[schema(format = "date-time")]
    deadline: String,
    /// How often syntax may be checked before it is answered.
    checks_left: u32,
}

impl From<Offer> for AtomAnswer {
    fn from(offer: Offer) -> Self {
        Self {
            id: offer.id.0,
            kind: offer.request.kind.as_str().to_owned(),
            system: offer.request.system,
            prompt: offer.request.prompt,
            schema: offer.request.schema,
            deadline: offer.deadline.to_string(),
            checks_left: offer.checks_left,
        }
    }
}

/// The atom that waits longest, for whoever will answer it.
#[utoipa::path(
    get,
    path = "/agent/{version}/architect/atoms/next",
    operation_id = "next_atom",
    tag = "architect",
    params(Place, NextQuery),
    responses(
        (status = 200, description = "An atom.", body = AtomAnswer),
        (status = 204, description = "There is none."),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn next(
    State(architect): State<Architect>,
    Path(place): Path<Place>,
    Query(query): Query<NextQuery>,
) -> Result<Response, Problem> {
    place::resolve(&architect, &place.version).await?;
    let wait = Duration::from_secs(u64::from(query.wait).min(WAIT_S_MAX));
    let offer = handoff(&architect)?.next(wait).await;
    let headers = [(header::CACHE_CONTROL, CachePolicy::NoStore.header())];
    Ok(match offer {
        Some(offer) => (headers, axum::Json(AtomAnswer::from(offer))).into_response(),
        None => (StatusCode::NO_CONTENT, headers).into_response(),
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtomPlace {
    /// An exact version, a range, or `active`, `latest`, `staging`.
    version: String,
    /// As it was offered.
    id: String,
}

/// An answer that satisfies the atom's schema.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AtomRequest {
    #[schema(value_type = Object)]
    answer: Value,
}

/// Answers an atom.
#[utoipa::path(
    post,
    path = "/agent/{version}/architect/atoms/{id}/answer",
    operation_id = "answer_atom",
    tag = "architect",
    params(AtomPlace),
    request_body = AtomRequest,
    responses(
        (status = 204, description = "It is taken."),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn answer(
    State(architect): State<Architect>,
    Path(place): Path<AtomPlace>,
    Json(request): Json<AtomRequest>,
) -> Result<StatusCode, Problem> {
    place::resolve(&architect, &place.version).await?;
    let taken = handoff(&architect)?.answer(&AtomId(place.id), request.answer);
    taken.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Code that somebody who holds an atom wants to have checked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckRequest {
    /// Of the file within the workspace: its ending tells the language.
    path: String,
    code: String,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckAnswer {
    /// `it parses`, or where and why it does not.
    result: String,
    checks_left: u32,
}

/// Says whether code parses, for whoever holds an atom of a coder. Nothing is run.
#[utoipa::path(
    post,
    path = "/agent/{version}/architect/atoms/{id}/check",
    operation_id = "check_syntax",
    tag = "architect",
    params(AtomPlace),
    request_body = CheckRequest,
    responses(
        (status = 200, description = "What was found.", body = CheckAnswer),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn check(
    State(architect): State<Architect>,
    Path(place): Path<AtomPlace>,
    Json(request): Json<CheckRequest>,
) -> Result<axum::Json<CheckAnswer>, Problem> {
    place::resolve(&architect, &place.version).await?;
    let id = AtomId(place.id);
    let checked = handoff(&architect)?.check_syntax(&id, &request.path, &request.code);
    let checked = checked.map_err(refused)?;
    Ok(axum::Json(CheckAnswer {
        result: checked.result,
        checks_left: checked.checks_left,
    }))
}

fn refused(error: HandoffError) -> Problem {
    let told = error.to_string();
    match error {
        HandoffError::Unknown { .. } => Problem::not_found(told),
        HandoffError::Invalid { violations, .. } => {
            Problem::unprocessable("/answer", told).with("violations", violations)
        }
        HandoffError::InvalidCheck { invalid, .. } => match invalid {
            InvalidCheck::Path => Problem::unprocessable("/path", told),
            InvalidCheck::TooLong { .. } | InvalidCheck::Binary { .. } => {
                Problem::unprocessable("/code", told)
            }
        },
        HandoffError::Answered { .. }
        | HandoffError::Expired { .. }
        | HandoffError::Withdrawn { .. }
        | HandoffError::NoCheckLeft { .. }
        | HandoffError::TooMuch { .. } => Problem::conflict(told),
    }
}

fn handoff(architect: &Architect) -> Result<&Handoff, Problem> {
    architect.handoff().ok_or_else(|| {
        Problem::not_found("no atom is handed off here")
            .hint("set `architect.provider` to `handoff`, and start the server again")
    })
}
