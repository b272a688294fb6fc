//! What jobs look like to a client of REST.

use axum::http::HeaderValue;
use journal::{AppendError, ReadError};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Kind, Problem};

use super::QUEUE_FULL;
use crate::{
    architect::JobError,
    job::{Job, Question, Spent, Stage, Verdict},
};

/// When a client may try again after the journal refused work, or the queue was full.
const RETRY_AFTER_S: u32 = 1;

/// A key says that a request was sent before, and it was not this one.
const KEY_REUSED: Kind = Kind::new(
    "idempotency_key_reused",
    422,
    "Idempotency key reused",
    "send this request with a new Idempotency-Key; a key is for one request and its repetitions",
);

/// The machine did not do its part.
const JOB_FAILED: Kind = Kind::new(
    "job_failed",
    503,
    "The job failed",
    "nothing was changed; read the job, mend what it names, and send the chat again",
);

/// The kinds of problems that are this role's own.
pub const PROBLEMS: [Kind; 3] = [KEY_REUSED, JOB_FAILED, QUEUE_FULL];

/// What came of a chat. What is absent is left out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChatAnswer {
    result: Verdict,
    /// What serves from now on, or would.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_hash: Option<String>,
    /// What happened and why.
    notes: String,
}

impl ChatAnswer {
    /// Nothing while there is no answer.
    pub(super) fn of(job: &Job) -> Option<Self> {
        if let Some(released) = &job.released {
            return Some(Self {
                result: released.verdict,
                new_version: Some(released.version.to_string()),
                commit_hash: released.commit.clone(),
                notes: released.notes.clone(),
            });
        }
        let outcome = job.outcome.as_ref()?;
        Some(Self {
            result: outcome.verdict,
            new_version: outcome.version.as_ref().map(ToString::to_string),
            commit_hash: outcome.commit.clone(),
            notes: outcome.notes.clone(),
        })
    }
}

impl Job {
    /// What a path says for what serves.
    pub const ACTIVE: &str = "active";

    /// As a client of REST sees it, who asked through `version`.
    pub fn to_answer(&self, version: &str) -> serde_json::Value {
        serde_json::to_value(JobAnswer::of(self, version)).expect("it is plain data")
    }

    /// The answer to its chat, if there is one.
    pub fn to_chat_answer(&self) -> Option<serde_json::Value> {
        let answer = ChatAnswer::of(self)?;
        Some(serde_json::to_value(answer).expect("it is plain data"))
    }
}

/// The answer where the work failed instead of coming to one.
pub(super) fn failed(job: &Job) -> Option<Problem> {
    let outcome = job.outcome.as_ref()?;
    (outcome.stage == Stage::Failed).then(|| {
        let problem = Problem::of(JOB_FAILED, outcome.notes.clone());
        problem.with("job", job.id.to_string())
    })
}

/// A job, and where everything of it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobAnswer {
    #[schema(format = "uuid")]
    id: String,
    lineage: String,
    stage: Stage,
    /// What is being done.
    #[serde(skip_serializing_if = "Option::is_none")]
    doing: Option<String>,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<String>,
    dry_run: bool,
    /// What has to be known first; answered by `POST …/answer`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    questions: Vec<Question>,
    /// Why somebody has to approve of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    approval_reasons: Vec<String>,
    /// Why it waits for more budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<ChatAnswer>,
    artefacts: Vec<ArtefactLink>,
    used: Used,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    updated_at: String,
    links: Links,
}

#[derive(Debug, Serialize, ToSchema)]
struct ArtefactLink {
    name: String,
    media_type: String,
    href: String,
}

/// What its atoms used.
#[derive(Debug, Serialize, ToSchema)]
struct Used {
    requests: u32,
    /// Requests whose answer was lost in a crash.
    lost_requests: u32,
    input_tokens: u64,
    output_tokens: u64,
    cost_usd: f64,
    /// Was something used whose price nobody knows?
    has_unpriced: bool,
    seconds: f64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Links {
    #[serde(rename = "self")]
    itself: String,
    events: String,
}

impl JobAnswer {
    pub(super) fn of(job: &Job, version: &str) -> Self {
        let itself = path(job, version);
        let artefacts = job.artefacts.iter().map(|artefact| ArtefactLink {
            name: artefact.name.clone(),
            media_type: artefact.media.clone(),
            href: format!("{itself}/artefacts/{}", artefact.name),
        });
        let is_asking = job.stage == Stage::NeedsAnswers;
        let needs_approval = job.stage == Stage::NeedsApproval;
        Self {
            id: job.id.to_string(),
            lineage: job.lineage().to_string(),
            stage: job.stage,
            doing: job.doing.clone().filter(|_| !job.stage.is_last()),
            message: job.ask.message.clone(),
            attachments: job.ask.attachments.clone(),
            dry_run: job.ask.dry_run,
            questions: if is_asking {
                job.open_questions().cloned().collect()
            } else {
                Vec::new()
            },
            approval_reasons: if needs_approval {
                job.approval_reasons.clone()
            } else {
                Vec::new()
            },
            paused: job.paused.clone(),
            answer: ChatAnswer::of(job),
            artefacts: artefacts.collect(),
            used: used(&job.spent, job),
            created_at: job.created_at.to_string(),
            updated_at: job.updated_at.to_string(),
            links: Links {
                events: format!("{itself}/events"),
                itself,
            },
        }
    }
}

fn used(spent: &Spent, job: &Job) -> Used {
    Used {
        requests: spent.requests,
        lost_requests: spent.lost,
        input_tokens: spent.input_tokens,
        output_tokens: spent.output_tokens,
        cost_usd: spent.cost_usd,
        has_unpriced: spent.has_unpriced,
        seconds: job.updated_at.duration_since(job.created_at).as_secs_f64(),
    }
}

/// Where a job is.
pub(super) fn path(job: &Job, version: &str) -> String {
    format!("/agent/{version}/architect/jobs/{}", job.id)
}

/// The job behind an answer.
pub(super) fn link(job: &Job, version: &str) -> HeaderValue {
    let link = format!("<{}>; rel=\"related\"; title=\"job\"", path(job, version));
    HeaderValue::from_str(&link).unwrap_or_else(|_not_ascii| HeaderValue::from_static(""))
}

/// Sorts every error about jobs by who can act on it.
pub(super) fn problem(error: JobError) -> Problem {
    let text = error.to_string();
    match error {
        JobError::Unknown(_) => Problem::not_found(text),
        JobError::Full { waiting, .. } => Problem::of(QUEUE_FULL, text)
            .with("waiting", waiting)
            .retry_after_s(RETRY_AFTER_S),
        JobError::KeyReserved => Problem::bad_request(text),
        JobError::KeyReused(id) => Problem::of(KEY_REUSED, text).with("job", id.to_string()),
        JobError::NotNow { stage, .. } => Problem::conflict(text).with("stage", stage),
        JobError::NoSuchQuestion { .. } => Problem::unprocessable("/answers", text)
            .hint("the job lists its questions, each with the id that an answer names it by"),
        JobError::Log(failure) => match (failure.append_error(), failure.read_error()) {
            (Some(error), _) => append_problem(error),
            (_, Some(error)) => read_problem(error),
            (None, None) => Problem::internal(&failure),
        },
    }
}

pub(super) fn read_problem(error: &ReadError) -> Problem {
    match error {
        ReadError::Unavailable(reason) if reason.may_pass() => {
            Problem::unavailable(error.to_string(), RETRY_AFTER_S).hint(reason.hint())
        }
        _ => Problem::internal(error),
    }
}

fn append_problem(error: &AppendError) -> Problem {
    match error {
        AppendError::Unavailable(reason) if reason.may_pass() => {
            Problem::unavailable(error.to_string(), RETRY_AFTER_S).hint(reason.hint())
        }
        AppendError::Unknown(_) => Problem::unavailable(error.to_string(), RETRY_AFTER_S)
            .with("outcome", "unknown")
            .hint("send the request again with the same Idempotency-Key: it counts once"),
        _ => Problem::internal(error),
    }
}
