//! Answers that were recorded or written down before.

use std::time::Duration;

use async_trait::async_trait;
use model::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::failures::{Failures, Trouble, shorten};
use crate::{Answer, AtomKind, Listener, Price, Provider, ProviderError, Request, Turn, Usage};

/// More are no recording but a mistake.
const ENTRIES_MAX: usize = 100_000;

const TASK_CHARS_MAX: usize = 200;

/// Answers every question out of a text; it keeps nothing from one to the next.
pub struct Replay {
    entries: Vec<Entry>,
    failures: Failures,
}

/// A line of a recording.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Of exactly this question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<Digest>,
    pub(super) kind: AtomKind,
    /// Of every question of its kind whose prompt has all of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) contains: Option<Contains>,
    /// In turn, by the number of the sample.
    pub(super) answers: Vec<Recorded>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Contains {
    One(String),
    All(Vec<String>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Recorded {
    Given(Given),
    Failed(Failed),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    pub(super) value: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Usage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failed {
    pub(super) error: Failure,
}

/// It passes if it says when to ask again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failure {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retry_after_s: Option<u64>,
    pub(super) reason: String,
}

/// Why a text is no recording. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(
        "line {line} is no entry, which has a `kind`, `answers` of a `value` or an `error` each, and perhaps \
             `request` and `contains`"
    )]
    Line {
        line: usize,
        #[source]
        source: serde_json::Error,
    },
    #[error("line {line} has no answers; give one at least")]
    NoAnswers { line: usize },
    #[error("there are more than {ENTRIES_MAX} entries; split them")]
    TooMany,
}

impl Replay {
    /// Reads JSON lines; empty ones are passed over.
    pub fn parse(name: &str, text: &str) -> Result<Self, ReplayError> {
        let mut entries = Vec::new();
        for (at, text) in text.lines().enumerate() {
            if text.trim().is_empty() {
                continue;
            }
            if entries.len() == ENTRIES_MAX {
                return Err(ReplayError::TooMany);
            }
            entries.push(Entry::parse(at + 1, text)?);
        }
        let failures = Failures::new(name, Vec::new());
        Ok(Self { entries, failures })
    }

    fn find(&self, request: &Request) -> Option<&Entry> {
        let digest = request.digest();
        let exact = self.entries.iter().find(|it| it.request == Some(digest));
        exact.or_else(|| self.entries.iter().find(|entry| entry.fits(request)))
    }

    fn answer(&self, request: &Request) -> Result<Answer, Trouble> {
        let entry = self.find(request).ok_or_else(|| unknown(request))?;
        let sample = usize::try_from(request.sample).unwrap_or(usize::MAX);
        match &entry.answers[sample % entry.answers.len()] {
            Recorded::Given(given) => Ok(Answer {
                value: given.value.clone(),
                usage: given.usage.unwrap_or_default(),
                model: given.model.as_deref().unwrap_or(self.name()).to_owned(),
            }),
            Recorded::Failed(failed) => Err(failed.error.clone().into()),
        }
    }
}

#[async_trait]
impl Provider for Replay {
    fn name(&self) -> &str {
        self.failures.provider()
    }

    async fn complete(
        &self,
        request: &Request,
        _listener: &Listener,
    ) -> Result<Answer, ProviderError> {
        let answer = self.answer(request);
        answer.map_err(|trouble| self.failures.of(trouble, request, Usage::default()))
    }

    /// Whatever was checked before: an answer is recorded as that of its question.
    async fn take_turn(
        &self,
        request: &Request,
        listener: &Listener,
    ) -> Result<Turn, ProviderError> {
        self.complete(request, listener).await.map(Turn::Answer)
    }

    async fn health(&self) -> Result<(), ProviderError> {
        Ok(())
    }

    fn price(&self, _model: &str) -> Option<Price> {
        Some(Price::default())
    }
}

impl Entry {
    fn parse(line: usize, text: &str) -> Result<Self, ReplayError> {
        let entry: Self =
            serde_json::from_str(text).map_err(|source| ReplayError::Line { line, source })?;
        if entry.answers.is_empty() {
            return Err(ReplayError::NoAnswers { line });
        }
        Ok(entry)
    }

    /// An entry that names a question and nothing else is for that question alone.
    fn fits(&self, request: &Request) -> bool {
        let contains = match &self.contains {
            None if self.request.is_some() => return false,
            None => &[][..],
            Some(Contains::One(part)) => std::slice::from_ref(part),
            Some(Contains::All(parts)) => parts,
        };
        self.kind == request.kind && contains.iter().all(|part| request.prompt.contains(part))
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        let reason = failure.reason;
        match failure.retry_after_s {
            Some(seconds) => Self::Unavailable {
                reason,
                retry_after: Some(Duration::from_secs(seconds)),
            },
            None => Self::Refused(reason),
        }
    }
}

fn unknown(request: &Request) -> Trouble {
    let lines = &mut request.prompt.lines();
    let task = lines.find(|line| !line.trim().is_empty());
    let task = shorten(task.unwrap_or("nothing").trim(), TASK_CHARS_MAX);
    let kind = request.kind.as_str();
    Trouble::refused(format!("no {kind} answer is recorded for `{task}`"))
}
