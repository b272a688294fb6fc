//! The steps of a job, each an event.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::{Digest, LineageName};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Ask, Stage};

/// One step. What is large travels as the event's document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(crate) enum Entry {
    Received(Box<Ask>),
    /// The same was asked again; this job answers both.
    Joined {
        message: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        feedback: Vec<String>,
    },
    /// A process works on it from here on, and whichever did before stops.
    Taken {
        worker: String,
    },
    Entered {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Something is about to be done that must not be done twice unnoticed.
    Begun {
        name: String,
    },
    /// What came of it; without a value it is the event's document.
    Recorded {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Value>,
    },
    /// Something for people to read, which is the event's document.
    Artefact {
        name: String,
        media: String,
    },
    /// An atom is about to be asked.
    Asked {
        question: Digest,
        kind: String,
        sample: u32,
        /// What it costs at the most, if prices are known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usd_max: Option<f64>,
    },
    /// What it said, which is the event's document.
    Answered {
        question: Digest,
        kind: String,
        model: String,
        provider: String,
        input_tokens: u64,
        output_tokens: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_usd: Option<f64>,
    },
    /// An answer that is none: it was paid for and is not used.
    Discarded {
        question: Digest,
        reason: String,
        input_tokens: u64,
        output_tokens: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_usd: Option<f64>,
    },
    /// Nobody answered, though checks on the way may have been paid for: it is asked again.
    Unanswered {
        question: Digest,
        reason: String,
        input_tokens: u64,
        output_tokens: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_usd: Option<f64>,
    },
    Questions {
        questions: Vec<Question>,
    },
    Answers {
        answers: BTreeMap<String, String>,
    },
    ApprovalAsked {
        reasons: Vec<String>,
        /// What is to be approved of: another change has to be asked for again.
        commit: String,
    },
    Approved(Approval),
    Refused(Approval),
    CancelAsked {
        by: String,
    },
    /// It waits for more budget.
    Paused {
        reason: String,
        /// When it goes on by itself; otherwise somebody has to let it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    Resumed,
    /// It became a version.
    Released(Released),
    Ended(Outcome),
}

/// Something that has to be known first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Question {
    /// What an answer names it by.
    pub id: String,
    pub question: String,
    /// Why it is asked.
    pub why: String,
}

/// What somebody decided about a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A version that a job became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// Where it was released, if that is not the lineage that was spoken of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<LineageName>,
    pub version: semver::Version,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    pub verdict: Verdict,
    pub notes: String,
}

/// How a chat is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Code, tests or configuration changed.
    Committed,
    /// Only state changed.
    Tuned,
    /// Nothing changed.
    Rejected,
}

/// What a job came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub stage: Stage,
    pub verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<semver::Version>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What happened and why, for people.
    pub notes: String,
}

impl Entry {
    /// The stage that a job is in after it, where that changes.
    pub(crate) fn leads_to(&self) -> Option<Stage> {
        match self {
            Self::Received(_) => Some(Stage::Received),
            Self::Questions { .. } => Some(Stage::NeedsAnswers),
            Self::ApprovalAsked { .. } => Some(Stage::NeedsApproval),
            Self::Approved(_) => Some(Stage::Releasing),
            Self::Released(_) => Some(Stage::Watching),
            Self::Ended(outcome) => Some(outcome.stage),
            _ => None,
        }
    }

    /// What a question took, if this is what came of one: input and output tokens, and dollars where
    /// their price is known.
    pub(crate) fn used(&self) -> Option<(u64, u64, Option<f64>)> {
        match self {
            Self::Answered {
                input_tokens,
                output_tokens,
                cost_usd,
                ..
            }
            | Self::Discarded {
                input_tokens,
                output_tokens,
                cost_usd,
                ..
            }
            | Self::Unanswered {
                input_tokens,
                output_tokens,
                cost_usd,
                ..
            } => Some((*input_tokens, *output_tokens, *cost_usd)),
            _ => None,
        }
    }

    /// Is it written by others than whoever works on the job?
    pub(crate) fn is_from_outside(&self) -> bool {
        matches!(
            self,
            Self::Joined { .. }
                | Self::Answers { .. }
                | Self::Approved(_)
                | Self::Refused(_)
                | Self::CancelAsked { .. }
                | Self::Resumed
        )
    }
}
