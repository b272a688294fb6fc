//! What a job is asked for.

use model::{LineageName, Seq};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{
    attachments::{BadAttachments, parse_all},
    product::message::{BadMessage, Message},
};

/// Feedback in words, and where it leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    pub message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<String>,
    /// Everything is done and nothing is kept.
    #[serde(default)]
    pub dry_run: bool,
    pub lineage: LineageName,
    /// The earlier version that it is said of, which gets a lineage of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<Version>,
    pub origin: Origin,
    pub priority: Priority,
    /// Pieces of feedback that it answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feedback: Vec<String>,
    /// W3C trace context of whoever asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// Why something is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAsk {
    #[error(transparent)]
    Message(#[from] BadMessage),
    #[error(transparent)]
    Attachments(#[from] BadAttachments),
}

impl Ask {
    /// Can it be understood at all?
    pub fn check(&self) -> Result<(), BadAsk> {
        Message::parse(&self.message)?;
        parse_all(&self.attachments)?;
        Ok(())
    }
}

/// Who began it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Origin {
    Chat,
    /// An event on the lineage's subject of wake-ups.
    Wake {
        event: Seq,
    },
}

/// Which of several waiting jobs comes first: the lower one, and of equals the older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Somebody waits for the answer.
    Asked,
    /// A budget is broken, or complaints are alike.
    Woken,
}
