//! What an atom is for.

use serde::{Deserialize, Serialize};

/// What an atom does: one task, no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AtomKind {
    /// Writes the script of a plan.
    Architect,
    /// Says what feedback asks for, and what it leaves open.
    Analyst,
    /// Changes code.
    Coder,
    /// Looks at a change with a fresh view.
    Reviewer,
    /// Writes cases.
    Tester,
}

impl AtomKind {
    pub const ALL: [Self; 5] = [
        Self::Architect,
        Self::Analyst,
        Self::Coder,
        Self::Reviewer,
        Self::Tester,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Architect => "architect",
            Self::Analyst => "analyst",
            Self::Coder => "coder",
            Self::Reviewer => "reviewer",
            Self::Tester => "tester",
        }
    }
}
