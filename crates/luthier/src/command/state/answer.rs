//! How documents and writes are shown.

use model::Digest;
use semver::Version;
use serde::Serialize;
use serde_json::Value;
use state::{Canary, Document, Target, Written};

use crate::{failure::Failure, session::Session};

/// A document, as the contract names its fields.
#[derive(Debug, Serialize)]
pub(super) struct DocumentAnswer {
    lineage: String,
    document: Target,
    version: String,
    revision: u64,
    hash: Digest,
    value: Value,
    /// The event that wrote it; none if it already was what was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// The version that the alias `active` stays at, whatever was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<Version>,
}

impl From<&Document> for DocumentAnswer {
    fn from(document: &Document) -> Self {
        Self {
            lineage: document.lineage.to_string(),
            document: document.target,
            version: document.version.to_string(),
            revision: document.revision,
            hash: document.hash,
            value: (*document.value).clone(),
            seq: None,
            pinned: None,
        }
    }
}

/// Shows a document by its text alone: what a file of it would hold.
pub(super) fn show(session: &Session, document: &Document) -> Result<(), Failure> {
    let answer = DocumentAnswer::from(document);
    session.output.answer(&answer, |_| document.to_file_text())
}

/// Shows what a write came to; `done` says it in a word.
pub(super) fn written(session: &Session, written: &Written, done: &str) -> Result<(), Failure> {
    released(session, written, done, Stays::default())
}

/// Why `active` does not follow a release.
#[derive(Default)]
pub(super) struct Stays {
    pub(super) pinned: Option<Version>,
    pub(super) canary: Option<Canary>,
}

/// The same for a release.
pub(super) fn released(
    session: &Session,
    written: &Written,
    done: &str,
    Stays { pinned, canary }: Stays,
) -> Result<(), Failure> {
    let mut answer = DocumentAnswer::from(&written.document);
    answer.seq = written.event.as_ref().map(|event| event.seq);
    answer.pinned = pinned;
    session.output.answer(&answer, |answer| {
        let done = if answer.seq.is_none() {
            "unchanged"
        } else {
            done
        };
        let repeated = if written.was_repeated {
            ", as before under this key"
        } else {
            ""
        };
        let DocumentAnswer {
            lineage,
            document,
            version,
            revision,
            ..
        } = answer;
        let share = canary.as_ref().map_or(0.0, |canary| canary.share * 100.0);
        match (&answer.pinned, &canary) {
            (Some(pinned), _) if pinned.to_string() != *version => format!(
                "{done}: {lineage} has version {version}, revision {revision}{repeated}; `active` \
                 stays pinned at {pinned} until `luthier state pin --clear`"
            ),
            (None, Some(canary)) if canary.version.to_string() == *version => format!(
                "{done}: {lineage} has version {version}, revision {revision}{repeated}, on trial \
                 with {share} % of the conversations; `active` stays at {}",
                canary.stays
            ),
            _ => format!(
                "{done}: {lineage} {document} is version {version}, revision {revision}{repeated}"
            ),
        }
    })
}
