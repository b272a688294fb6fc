//! A job: the work behind one piece of written feedback, as its events tell it.

mod ask;
mod entry;
mod fold;
mod log;
mod stage;

use std::{fmt, str::FromStr};

use model::Subject;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::{
    ask::{Ask, BadAsk, Origin, Priority},
    entry::{Approval, Outcome, Question, Released, Verdict},
    fold::{Artefact, Job, Spent},
    stage::Stage,
};
pub(crate) use self::{
    entry::Entry,
    fold::{Folded, entry as entry_of},
    log::{JobLog, LogError, context_of},
};

/// Which job it is; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(Uuid);

/// Below it are the subjects of all jobs.
pub(crate) const SUBJECTS: &str = "job.";

/// A text that names no job.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no job: a job is named by a UUID, as the answer to a chat names it")]
pub struct InvalidJobId(String);

impl JobId {
    pub(crate) fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// Of a job that nobody has.
    pub(crate) fn nil() -> Self {
        Self(Uuid::nil())
    }

    pub(crate) fn subject(self) -> Subject {
        let subject = format!("{SUBJECTS}{}", self.0.simple()).parse();
        subject.expect("a word and hex digits are a subject")
    }

    pub(crate) fn of(subject: &Subject) -> Option<Self> {
        subject.as_str().strip_prefix(SUBJECTS)?.parse().ok()
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;

    fn from_str(text: &str) -> Result<Self, InvalidJobId> {
        let id = Uuid::try_parse(text);
        id.map(Self)
            .map_err(|_no_uuid| InvalidJobId(text.to_owned()))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
