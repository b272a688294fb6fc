//! What people tell a job that waits for them.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;
use web::{CachePolicy, Json, Path, Problem, ProblemDocument};

use super::{
    answer::{JobAnswer, problem},
    place::{self, JobPlace},
};
use crate::{
    architect::{Architect, JobError},
    job::{Approval, Job},
};

/// Who decides if nobody says who.
const OPERATOR: &str = "operator";

const ANSWER_CHARS_MAX: usize = 10_000;

/// Answers by the ids of their questions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswersRequest {
    answers: BTreeMap<String, String>,
}

/// Who decides, and why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionRequest {
    #[serde(default)]
    #[schema(pattern = "\\S", max_length = 128)]
    by: Option<String>,
    #[serde(default)]
    #[schema(max_length = 10_000)]
    reason: Option<String>,
}

const NAME_CHARS_MAX: usize = 128;

impl DecisionRequest {
    /// Who decides, and why; nobody who says nothing of himself is asked for his name.
    fn read(self) -> Result<Approval, Problem> {
        let by = self.by.unwrap_or_else(|| OPERATOR.to_owned());
        if by.trim().is_empty() || by.chars().count() > NAME_CHARS_MAX {
            let told = format!("a name has 1 to {NAME_CHARS_MAX} characters");
            return Err(Problem::unprocessable("/by", told));
        }
        let reason = self.reason;
        if reason
            .as_ref()
            .is_some_and(|it| it.chars().count() > ANSWER_CHARS_MAX)
        {
            let told = format!("a reason has at most {ANSWER_CHARS_MAX} characters");
            return Err(Problem::unprocessable("/reason", told));
        }
        Ok(Approval { by, reason })
    }
}

fn respond(decided: Result<Job, JobError>, version: &str) -> Result<Response, Problem> {
    let job = decided.map_err(problem)?;
    let headers = [(header::CACHE_CONTROL, CachePolicy::NoStore.header())];
    let body = axum::Json(JobAnswer::of(&job, version));
    Ok((StatusCode::OK, headers, body).into_response())
}

/// Answers what a job asks; it goes on with them.
#[utoipa::path(
    post,
    path = "/agent/{version}/architect/jobs/{id}/answer",
    operation_id = "answer_job",
    tag = "architect",
    params(JobPlace),
    request_body = AnswersRequest,
    responses(
        (status = 200, description = "The job goes on.", body = JobAnswer),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn answer(
    State(architect): State<Architect>,
    Path(place): Path<JobPlace>,
    Json(request): Json<AnswersRequest>,
) -> Result<Response, Problem> {
    let job = place::job(&architect, &place).await?;
    if request.answers.is_empty() {
        return Err(Problem::unprocessable(
            "/answers",
            "there is no answer among them",
        ));
    }
    let is_bad = |text: &String| text.trim().is_empty() || text.chars().count() > ANSWER_CHARS_MAX;
    if let Some((id, _)) = request.answers.iter().find(|(_, text)| is_bad(text)) {
        let told = format!("an answer has 1 to {ANSWER_CHARS_MAX} characters");
        return Err(Problem::unprocessable(format!("/answers/{id}"), told));
    }
    respond(
        architect.answer(job.id, request.answers).await,
        &place.version,
    )
}

/// Lets a change be released that somebody has to approve of.
#[utoipa::path(
    post,
    path = "/agent/{version}/architect/jobs/{id}/approve",
    operation_id = "approve_job",
    tag = "architect",
    params(JobPlace),
    request_body = DecisionRequest,
    responses(
        (status = 200, description = "It is released.", body = JobAnswer),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn approve(
    State(architect): State<Architect>,
    Path(place): Path<JobPlace>,
    Json(request): Json<DecisionRequest>,
) -> Result<Response, Problem> {
    let job = place::job(&architect, &place).await?;
    let approved = architect.approve(job.id, request.read()?).await;
    respond(approved, &place.version)
}

/// Refuses a change that waits for approval.
#[utoipa::path(
    post,
    path = "/agent/{version}/architect/jobs/{id}/reject",
    operation_id = "reject_job",
    tag = "architect",
    params(JobPlace),
    request_body = DecisionRequest,
    responses(
        (status = 200, description = "It is not released.", body = JobAnswer),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn reject(
    State(architect): State<Architect>,
    Path(place): Path<JobPlace>,
    Json(request): Json<DecisionRequest>,
) -> Result<Response, Problem> {
    let job = place::job(&architect, &place).await?;
    let rejected = architect.reject(job.id, request.read()?).await;
    respond(rejected, &place.version)
}

/// Calls a job off. Nothing of it is kept but what it tells.
#[utoipa::path(
    post,
    path = "/agent/{version}/architect/jobs/{id}/cancel",
    operation_id = "cancel_job",
    tag = "architect",
    params(JobPlace),
    request_body = DecisionRequest,
    responses(
        (status = 200, description = "It ends.", body = JobAnswer),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn cancel(
    State(architect): State<Architect>,
    Path(place): Path<JobPlace>,
    Json(request): Json<DecisionRequest>,
) -> Result<Response, Problem> {
    let job = place::job(&architect, &place).await?;
    let by = request.read()?.by;
    respond(architect.cancel(job.id, by).await, &place.version)
}

/// Lets a job that waits for budget go on.
#[utoipa::path(
    post,
    path = "/agent/{version}/architect/jobs/{id}/resume",
    operation_id = "resume_job",
    tag = "architect",
    params(JobPlace),
    responses(
        (status = 200, description = "It goes on.", body = JobAnswer),
        (status = "4XX", description = "What was wrong, and what to do.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn resume(
    State(architect): State<Architect>,
    Path(place): Path<JobPlace>,
) -> Result<Response, Problem> {
    let job = place::job(&architect, &place).await?;
    respond(architect.resume(job.id).await, &place.version)
}
