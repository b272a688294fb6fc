//! A problem as JSON, and as OpenAPI describes it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The members that mean the same in every problem.
pub(super) const STANDARD: [&str; 8] = [
    "type",
    "title",
    "status",
    "detail",
    "instance",
    "code",
    "hint",
    "request_id",
];

/// An error (RFC 9457). Further members say more: `pointer`, `nearest`, the current revision, …
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Names the kind; resolves to its explanation on this server.
    #[schema(example = "/docs/problems#not_found")]
    pub r#type: String,
    /// The kind in words.
    pub title: String,
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What was wrong this time.
    pub detail: String,
    /// The path that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The kind for programs: never changes.
    pub code: String,
    /// What to do.
    pub hint: String,
    /// Found in the server's log, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    pub members: Map<String, Value>,
}
