//! How far a job is.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a job stands. Each but the last five is worked on, or waits for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It is kept, and waits for its turn.
    Received,
    /// What is asked for is found out.
    Planning,
    /// It goes on when its questions are answered.
    NeedsAnswers,
    /// How it is done is written down.
    Scripting,
    /// It is done, on a copy.
    Executing,
    /// What was done is proved.
    Proving,
    /// It goes on when somebody approves of it.
    NeedsApproval,
    /// It becomes a version.
    Releasing,
    /// It is a version, which is watched.
    Watching,
    Done,
    Rejected,
    Failed,
    Cancelled,
    /// It was a version, and did badly.
    RolledBack,
}

impl Stage {
    pub const ALL: [Self; 14] = [
        Self::Received,
        Self::Planning,
        Self::NeedsAnswers,
        Self::Scripting,
        Self::Executing,
        Self::Proving,
        Self::NeedsApproval,
        Self::Releasing,
        Self::Watching,
        Self::Done,
        Self::Rejected,
        Self::Failed,
        Self::Cancelled,
        Self::RolledBack,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Planning => "planning",
            Self::NeedsAnswers => "needs_answers",
            Self::Scripting => "scripting",
            Self::Executing => "executing",
            Self::Proving => "proving",
            Self::NeedsApproval => "needs_approval",
            Self::Releasing => "releasing",
            Self::Watching => "watching",
            Self::Done => "done",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::RolledBack => "rolled_back",
        }
    }

    /// Does nothing come after it?
    pub fn is_last(self) -> bool {
        matches!(
            self,
            Self::Done | Self::Rejected | Self::Failed | Self::Cancelled | Self::RolledBack
        )
    }

    /// Does it wait for a person?
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::NeedsAnswers | Self::NeedsApproval)
    }

    /// Is there something to do that needs nobody?
    pub fn is_due(self) -> bool {
        !self.is_last() && !self.is_waiting() && self != Self::Watching
    }

    /// Are there questions to be asked, as far as can be told?
    pub(crate) fn needs_provider(self) -> bool {
        matches!(
            self,
            Self::Received | Self::Planning | Self::Scripting | Self::Executing
        )
    }

    /// Can it still be called off? What is a version already is rolled back instead.
    pub fn is_cancellable(self) -> bool {
        !self.is_last() && self != Self::Watching
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
