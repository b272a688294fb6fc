//! Why an answer is thrown away.

use serde::{Deserialize, Serialize};

/// Why an answer counts as a sample and not as a vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "flag", rename_all = "snake_case")]
pub enum RedFlag {
    /// The provider found no answer in what came back.
    #[error("it is no answer: {reason}")]
    Malformed { reason: String },
    /// It was cut at the limit, so that its end is missing.
    #[error("it is longer than {output_tokens_max} tokens")]
    Cut { output_tokens_max: u32 },
    /// It is whole, and longer than is allowed.
    #[error("it has {bytes} bytes, {bytes_max} are allowed")]
    TooLong { bytes: usize, bytes_max: usize },
    #[error("it breaks the schema: {}", violations.join("; "))]
    Schema { violations: Vec<String> },
    /// It keeps to the schema and says nothing.
    #[error("it has no {what}")]
    Empty { what: String },
}
