//! `POST /agent/{version}/feedback`.
#![expect(
    unused_qualifications,
    reason = "utoipa's macro spells the extractors out again"
)]

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use journal::Journal;
use model::event::Tenant;
use serde::{Deserialize, Serialize};
use state::StateManager;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{CachePolicy, Json, Path, Problem, ProblemDocument};

use crate::{
    answer::{append_problem, read_problem},
    feedback::{self, BadFeedback, Feedback, FeedbackError, FeedbackParts, Source},
    resolve::resolve,
};

/// What the path works with.
struct Desk {
    journal: Arc<dyn Journal>,
    state: StateManager,
}

/// The path of plain feedback.
pub fn feedback_router(journal: Arc<dyn Journal>, state: StateManager) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(give))
        .with_state(Arc::new(Desk { journal, state }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct Place {
    /// An exact version, a range, or `active`, `latest`, `staging`.
    version: String,
}

/// What somebody says of a conversation: at least one of a reward, a rating and a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FeedbackRequest {
    /// The one that the call answered with.
    #[schema(pattern = "^[!-~]+$", max_length = 128)]
    conversation_id: String,
    /// How good it was.
    #[schema(minimum = -1, maximum = 1)]
    reward: Option<f64>,
    /// The same in stars.
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 5)]
    rating: Option<f64>,
    /// The same in words.
    #[schema(pattern = "\\S", max_length = 10_000)]
    message: Option<String>,
    /// Makes a repeated request count once; the answer has it as the feedback's id.
    #[schema(pattern = "^[!-~]+$", max_length = 128)]
    id: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FeedbackAnswer {
    feedback_id: String,
}

/// Says how good a conversation was.
///
/// A call of an earlier version of the lineage can be spoken of through any of its versions.
#[utoipa::path(
    post,
    path = "/agent/{version}/feedback",
    operation_id = "give_feedback",
    tag = "feedback",
    params(Place),
    request_body = FeedbackRequest,
    responses(
        (status = 201, description = "It is kept.", body = FeedbackAnswer),
        (status = "4XX", description = "What was wrong, and what to do. Nothing was kept.",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = "5XX", description = "It was not acknowledged: send it again with the same `id`.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
async fn give(
    State(desk): State<Arc<Desk>>,
    Path(place): Path<Place>,
    Json(request): Json<FeedbackRequest>,
) -> Result<Response, Problem> {
    let given = Feedback::new(request.into()).map_err(unprocessable)?;
    let lineage = resolve(&desk.state, &place.version).await?.lineage;
    let (tenant, now) = (Tenant::default(), Timestamp::now());
    let kept = feedback::give(&desk.journal, &lineage, &tenant, &given, Source::Rest, now);
    let feedback_id = kept.await.map_err(problem)?.feedback_id;
    let headers = [(header::CACHE_CONTROL, CachePolicy::NoStore.header())];
    let answer = Json(FeedbackAnswer { feedback_id });
    Ok((StatusCode::CREATED, headers, answer).into_response())
}

impl From<FeedbackRequest> for FeedbackParts {
    fn from(request: FeedbackRequest) -> Self {
        Self {
            conversation: request.conversation_id,
            reward: request.reward,
            rating: request.rating,
            message: request.message,
            id: request.id,
        }
    }
}

fn unprocessable(bad: BadFeedback) -> Problem {
    Problem::unprocessable(bad.pointer, bad.what)
}

fn problem(error: FeedbackError) -> Problem {
    let text = error.to_string();
    match error {
        FeedbackError::UnknownConversation { .. } => Problem::not_found(text)
            .hint("send the `conversation_id` that the call's result has, in `_meta` too"),
        FeedbackError::OtherLineage { lineage, .. } => Problem::conflict(text)
            .with("lineage", &lineage)
            .hint("send it to a version of that lineage: `/agent/LINEAGE~VERSION/feedback`"),
        FeedbackError::IdTaken { seq, .. } => {
            Problem::conflict(text).with("first_event", seq).hint(
                "send this with a new `id`: one is for one piece of feedback and its repetitions",
            )
        }
        FeedbackError::Read(error) => read_problem(&error),
        FeedbackError::Write(error) => append_problem(&error),
    }
}
