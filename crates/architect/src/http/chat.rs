//! `POST /agent/{version}/architect/chat`.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::event::IdempotencyKey;
use serde::Deserialize;
use tokio::time::timeout;
use utoipa::ToSchema;
use web::{CachePolicy, Json, Path, Problem, ProblemDocument};

use super::{
    answer::{self, ChatAnswer, JobAnswer, problem},
    place::{self, Place},
    prefer,
};
use crate::{
    architect::{Architect, WAKE_KEY},
    job::{Ask, BadAsk, Job, Origin, Priority},
};

/// A message and the names of attachments are small.
pub(super) const BODY_BYTES_MAX: u64 = 256 << 10;

/// Feedback in words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChatRequest {
    /// What is wrong, or wanted.
    #[schema(pattern = "\\S", max_length = 10_000)]
    message: String,
    /// What it is about: `logs://`, `state://`, `eval://`, `session://`, `assets://`, `s3://`,
    /// `https://` or `file:`.
    #[serde(default)]
    #[schema(max_items = 8)]
    attachments: Vec<String>,
    /// Do all of the work and keep none of it.
    #[serde(default)]
    dry_run: bool,
}

/// Changes tools as somebody asks for, if the change can be proved.
///
/// The answer comes when the work is done; `Prefer: respond-async` answers at once with the job.
#[utoipa::path(
    post,
    path = "/agent/{version}/architect/chat",
    operation_id = "chat",
    tag = "architect",
    params(
        Place,
        ("prefer" = Option<String>, Header,
            description = "`respond-async`, or `wait=SECONDS`."),
        ("idempotency-key" = Option<String>, Header,
            description = "Makes a repeated request count once.",
            pattern = "^[!-~]+$", max_length = 128),
    ),
    request_body = ChatRequest,
    responses(
        (status = 200, description = "What came of it.", body = ChatAnswer,
            headers(("link" = String, description = "The job behind it."))),
        (status = 202, description = "It is worked on, or waits for somebody.", body = JobAnswer,
            headers(("location" = String, description = "The job."))),
        (status = "4XX", description = "What was wrong, and what to do. Nothing was begun.",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = "5XX", description = "It failed, or was not acknowledged.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn chat(
    State(architect): State<Architect>,
    Path(place): Path<Place>,
    headers: HeaderMap,
    Json(request): Json<ChatRequest>,
) -> Result<Response, Problem> {
    let key = key(&headers)?;
    let resolved = place::resolve(&architect, &place.version).await?;
    let ask = Ask {
        message: request.message,
        attachments: request.attachments,
        dry_run: request.dry_run,
        opens: place::opens(&resolved),
        lineage: resolved.lineage,
        origin: Origin::Chat,
        priority: Priority::Asked,
        feedback: Vec::new(),
        traceparent: architect.traceparent(),
    };
    ask.check().map_err(|error| bad(&error))?;
    let job = architect.ask(ask, key).await.map_err(problem)?;
    let job = match prefer::wait(&headers) {
        None => architect.wait(job.id).await.map_err(problem)?,
        Some(wait) => match timeout(wait, architect.wait(job.id)).await {
            Ok(job) => job.map_err(problem)?,
            Err(_late) => architect.job(job.id).await.map_err(problem)?,
        },
    };
    respond(&job, &place.version)
}

/// 200 with an answer, 202 with the job while there is none.
fn respond(job: &Job, version: &str) -> Result<Response, Problem> {
    if let Some(problem) = answer::failed(job) {
        return Err(problem.header(header::LINK, answer::link(job, version)));
    }
    let cache = (header::CACHE_CONTROL, CachePolicy::NoStore.header());
    if let Some(answer) = ChatAnswer::of(job) {
        let link = (header::LINK, answer::link(job, version));
        return Ok((StatusCode::OK, [cache, link], axum::Json(answer)).into_response());
    }
    let location = HeaderValue::from_str(&answer::path(job, version));
    let location = location.map_err(|_not_ascii| {
        Problem::bad_request("the version has characters that no path has")
    })?;
    let body = axum::Json(JobAnswer::of(job, version));
    let headers = [cache, (header::LOCATION, location)];
    Ok((StatusCode::ACCEPTED, headers, body).into_response())
}

fn bad(error: &BadAsk) -> Problem {
    let pointer = match error {
        BadAsk::Message(_) => "/message",
        BadAsk::Attachments(_) => "/attachments",
    };
    Problem::unprocessable(pointer, error.to_string())
}

fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let text = value.to_str().ok();
    let key = text.and_then(|text| text.parse::<IdempotencyKey>().ok());
    let key = key.filter(|key| !key.as_str().starts_with(WAKE_KEY));
    key.map(Some).ok_or_else(|| {
        Problem::bad_request(format!(
            "the `Idempotency-Key` is not 1 to 128 visible ASCII characters, or begins with \
             `{WAKE_KEY}`, which keys of the server's own do"
        ))
    })
}
