//! A state document as it stood at one moment.

use std::{fmt, str::FromStr};

use model::{Digest, LineageName, Revision, Seq};
use serde::{Deserialize, Serialize};

use crate::Content;

/// Which of a lineage's two documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Where changes go.
    Staging,
    /// What production traffic gets; moves by promotion alone.
    Active,
}

impl Target {
    pub const ALL: [Target; 2] = [Target::Staging, Target::Active];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Active => "active",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A document name that is neither.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no state document: there are `staging` and `active`")]
pub struct InvalidTarget(String);

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        Self::ALL
            .into_iter()
            .find(|target| target.as_str() == text)
            .ok_or_else(|| InvalidTarget(text.to_owned()))
    }
}

/// A JSON object with its place in the history of its lineage.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub lineage: LineageName,
    pub target: Target,
    /// The version whose code it goes with.
    pub version: semver::Version,
    /// How many times this document has changed; a write names it as its base.
    pub revision: Revision,
    /// Of the canonical text of `value`.
    pub hash: Digest,
    /// The document it came from: what staging held before, or what was promoted.
    pub base: Option<Digest>,
    /// The event that made it so.
    pub seq: Seq,
    pub value: Content,
}

impl Document {
    /// As people read it in a file: indented, keys in order, a line end at the end.
    pub fn to_file_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(&*self.value).expect("a document is JSON");
        text.push('\n');
        text
    }
}

/// How large a document and a patch may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes_max: usize,
    pub depth_max: usize,
    pub operations_max: usize,
}

impl Limits {
    /// No document nests deeper: events hold parts of documents some levels down, and a reader of
    /// JSON gives up at 128.
    pub const DEPTH_MAX_MAX: usize = 100;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: 1 << 20,
            depth_max: 64,
            operations_max: 1_000,
        }
    }
}
