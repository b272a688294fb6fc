//! Proof that nothing was edited, dropped, reordered or cut, or the place where it was.

mod auditor;

use std::fmt;

use model::Seq;
use serde::Serialize;

pub(crate) use self::auditor::{Auditor, Clocks};

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    pub ok: bool,
    pub events: u64,
    pub seals: u64,
    pub first_bad: Option<Fault>,
    /// The first of them, in order of place.
    pub faults: Vec<Fault>,
    /// The last event under a seal.
    pub sealed_to: Seq,
    /// The last event under a seal that somebody outside the journal remembers.
    pub witnessed_to: Seq,
    /// How many events after that rest on the file alone.
    pub unwitnessed: u64,
}

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub seq: Seq,
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// What is wrong with an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "fault", content = "reason")]
pub enum FaultKind {
    /// Its text does not have its hash, or its columns differ from its text.
    Edited(String),
    /// Its document does not have the hash that the event says.
    BodyEdited,
    /// It is not there, and later ones are.
    Dropped,
    /// Another event stands in its place than was sealed there.
    Replaced,
    /// It is not the next one of its subject.
    Reordered(String),
    /// The seal does not follow the seal before it.
    SealBroken(String),
    /// It was sealed and witnessed, and the journal ends before it.
    Cut,
    /// The archive that holds it and others is gone, was changed or cannot be read.
    Archive(String),
    /// The file itself cannot be read from here on.
    Damaged(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match &self.kind {
            FaultKind::Edited(reason) => write!(f, "event {seq} was edited: {reason}"),
            FaultKind::BodyEdited => write!(f, "the document of event {seq} was edited"),
            FaultKind::Dropped => write!(f, "event {seq} was dropped"),
            FaultKind::Replaced => write!(f, "event {seq} is not the one that was sealed"),
            FaultKind::Reordered(reason) => write!(f, "event {seq} is out of order: {reason}"),
            FaultKind::SealBroken(reason) => write!(f, "the seal at {seq} is broken: {reason}"),
            FaultKind::Cut => write!(f, "everything from event {seq} on was cut off"),
            FaultKind::Archive(reason) => write!(f, "event {seq} cannot be read: {reason}"),
            FaultKind::Damaged(reason) => {
                write!(f, "the file cannot be read from event {seq} on: {reason}")
            }
        }
    }
}
