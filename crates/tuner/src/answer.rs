//! What state errors and documents look like to a REST client.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use journal::{AppendError, ReadError, Unavailable};
use serde::Serialize;
use serde_json::Value;
use state::{ChangeError, Document, StateError};
use utoipa::ToSchema;
use web::{CachePolicy, ETag, Kind, Problem};

use crate::http::UNTUNABLE;

/// When a client may try again after the journal refused work.
const RETRY_AFTER_S: u32 = 1;

/// A key says that a request was sent before, and it was not this one.
const KEY_REUSED: Kind = Kind::new(
    "idempotency_key_reused",
    422,
    "Idempotency key reused",
    "send this request with a new Idempotency-Key; a key is for one request and its repetitions",
);

/// The kinds of problems that are this role's own.
pub const PROBLEMS: [Kind; 2] = [KEY_REUSED, UNTUNABLE];

/// A state document with its place in history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentAnswer {
    /// The lineage that holds it: `main`, or one opened for a write to an earlier version.
    lineage: String,
    /// `staging` or `active`.
    document: String,
    /// The version whose code it goes with.
    version: String,
    /// Grows by one with every change; what `If-Match` names.
    revision: u64,
    /// SHA-256 of the RFC 8785 canonical JSON of `value`.
    hash: String,
    /// The hash of the document it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    #[schema(value_type = Object)]
    value: Value,
}

impl From<&Document> for DocumentAnswer {
    fn from(document: &Document) -> Self {
        Self {
            lineage: document.lineage.to_string(),
            document: document.target.to_string(),
            version: document.version.to_string(),
            revision: document.revision,
            hash: document.hash.to_string(),
            base: document.base.map(|base| base.to_string()),
            value: (*document.value).clone(),
        }
    }
}

/// The tag of a document: its revision, so that a client may also write it by hand.
pub(crate) fn etag(document: &Document) -> ETag {
    ETag::strong(format!("r{}", document.revision)).expect("a revision is digits")
}

/// The revision that a tag made by [`etag`] names.
pub(crate) fn revision_of(tag: &ETag) -> Option<u64> {
    tag.opaque()
        .strip_prefix('r')
        .unwrap_or(tag.opaque())
        .parse()
        .ok()
        .filter(|_| !tag.is_weak())
}

/// 200 with a document after a write.
pub(crate) fn written(document: &Document) -> Response {
    let headers = [
        (header::ETAG, etag(document).header()),
        (header::CACHE_CONTROL, CachePolicy::NoStore.header()),
    ];
    (headers, Json(DocumentAnswer::from(document))).into_response()
}

/// 415, and what would be read.
pub(crate) fn unreadable_patch(sent: Option<&str>) -> Response {
    const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
    const TYPES: &str = "application/json-patch+json, application/merge-patch+json";
    let mut response = Problem::unsupported_media_type(sent, TYPES).into_response();
    response
        .headers_mut()
        .insert(ACCEPT_PATCH, HeaderValue::from_static(TYPES));
    debug_assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    response
}

/// Sorts every state error by who can act on it.
pub(crate) fn problem(error: StateError) -> Problem {
    let text = error.to_string();
    match error {
        StateError::NoLineage { nearest, .. } | StateError::UnknownVersion { nearest, .. } => {
            Problem::not_found(text).nearest(nearest)
        }
        StateError::BaseRequired => Problem::precondition_required(text),
        StateError::Stale {
            current,
            moved,
            base,
            ..
        } => {
            let problem = Problem::precondition_failed(text)
                .with("base_revision", base)
                .with("current_revision", current.revision)
                .with("current_hash", current.hash)
                .hint("read the document again, redo the change on it, and send its new ETag");
            match *moved {
                Some(moved) => problem
                    .with(
                        "moved_by",
                        moved
                            .by
                            .agent
                            .as_ref()
                            .map_or_else(|| moved.by.role.as_str().to_owned(), ToString::to_string),
                    )
                    .with("moved_at", moved.at.to_string())
                    .with("moved_by_event", moved.seq)
                    .with("diff", moved.diff),
                None => problem,
            }
        }
        StateError::Future { current, base, .. } => Problem::precondition_failed(text)
            .with("base_revision", base)
            .with("current_revision", current)
            .hint("name a revision that was read from this server"),
        StateError::Change(error) => change_problem(&error),
        StateError::Invalid { violations } => {
            let pointer = violations.first().map(|first| first.pointer.clone());
            Problem::unprocessable(pointer.unwrap_or_default(), text)
                .with("violations", violations)
                .hint("`violations` lists each rule and place; send a change that fits them")
        }
        StateError::Schema(error) => Problem::unprocessable(error.pointer.clone(), text),
        StateError::NothingToPromote
        | StateError::LineageName(_)
        | StateError::Withdrawn { .. }
        | StateError::Closed { .. }
        | StateError::MainCloses
        | StateError::AlreadyActive { .. }
        | StateError::NotServing { .. }
        | StateError::NotOnTrial { .. }
        | StateError::NotNewer { .. }
        | StateError::NothingToRollBack
        | StateError::ActiveMoved
        | StateError::HeadMoved { .. }
        | StateError::MovedMeanwhile
        | StateError::Migration { .. } => Problem::conflict(text),
        StateError::KeyReused { seq } => Problem::of(KEY_REUSED, text).with("first_event", seq),
        StateError::Read(error) => read_problem(&error),
        StateError::Write(error) => append_problem(&error),
        StateError::Unreadable { .. } => Problem::internal(&error),
    }
}

/// The same for a client of MCP, which reads text alone.
pub(crate) fn in_words(error: &StateError) -> String {
    let text = error.to_string();
    match error {
        StateError::Stale { current, .. } => {
            format!(
                "{text}; read it again: it is at revision {}",
                current.revision
            )
        }
        StateError::Invalid { violations } => {
            let places = violations
                .iter()
                .map(|violation| format!("\n- {violation}"));
            let text = "the document would break its schema, so nothing was changed:".to_owned();
            places.fold(text, |text, place| text + &place)
        }
        StateError::BaseRequired => format!("{text}: name it as `if_revision`"),
        StateError::UnknownVersion { nearest, .. } | StateError::NoLineage { nearest, .. }
            if !nearest.is_empty() =>
        {
            format!("{text}; there are: {}", nearest.join(", "))
        }
        _ => text,
    }
}

fn change_problem(error: &ChangeError) -> Problem {
    let text = error.to_string();
    match error {
        ChangeError::Operation {
            pointer, operation, ..
        } => Problem::unprocessable(pointer.clone(), text).with("operation", operation),
        ChangeError::NotAPatch(_) => Problem::bad_request(text)
            .hint("send a list of RFC 6902 operations, such as [{\"op\": \"add\", …}]"),
        ChangeError::TooManyOperations { .. }
        | ChangeError::TooLarge { .. }
        | ChangeError::TooDeep { .. }
        | ChangeError::NotAnObject { .. }
        | ChangeError::Number(_) => Problem::unprocessable("", text),
    }
}

pub(crate) fn read_problem(error: &ReadError) -> Problem {
    match error {
        ReadError::Unavailable(reason) => unavailable(reason, error),
        ReadError::Unreadable(_) => Problem::internal(error),
    }
}

pub(crate) fn append_problem(error: &AppendError) -> Problem {
    let text = error.to_string();
    match error {
        AppendError::Conflict { .. } => Problem::conflict(text),
        AppendError::KeyTaken { seq, .. } => Problem::of(KEY_REUSED, text).with("first_event", seq),
        AppendError::TooLarge { .. } => Problem::unprocessable("", text),
        AppendError::Unknown(_) => Problem::unavailable(text, RETRY_AFTER_S)
            .with("outcome", "unknown")
            .hint("send the request again with the same Idempotency-Key: it counts once"),
        AppendError::Unavailable(reason) => unavailable(reason, error),
        AppendError::Refused(_) => Problem::internal(error),
    }
}

fn unavailable(reason: &Unavailable, error: &(dyn std::error::Error + 'static)) -> Problem {
    if !reason.may_pass() {
        return Problem::internal(error);
    }
    Problem::unavailable(error.to_string(), RETRY_AFTER_S)
        .with("reason", reason.code())
        .hint(reason.hint())
}
