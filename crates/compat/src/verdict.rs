//! What a comparison comes to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Bump;

/// Which number a change makes, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub bump: Bump,
    /// Each difference that somebody could notice, those first that decided.
    pub reasons: Vec<Reason>,
}

/// A difference, and the bump that it demands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub bump: Bump,
    #[serde(flatten)]
    pub subject: Subject,
    /// Where it stands in the schema that is stricter there, as a JSON Pointer: in the new one for
    /// what it no longer accepts, in the old one for what it promised. Absent where the difference
    /// is not within a schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What differs, in words.
    pub what: String,
}

/// What a difference is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "subject", rename_all = "lowercase")]
pub enum Subject {
    /// A tool as a whole, or one of its schemas.
    Tool {
        tool: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        side: Option<Side>,
    },
    Golden {
        golden: String,
    },
    State,
    /// All tools at once, where nothing can be said of each.
    Tools,
}

/// What a tool takes, or what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Input,
    Output,
}

impl Verdict {
    /// The greatest bump that is demanded; without any reason it is a patch.
    pub(crate) fn of(mut reasons: Vec<Reason>) -> Self {
        let bump = reasons.iter().map(|reason| reason.bump).max();
        // The sort is stable, so reasons of one weight stay in the order of their subjects.
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.bump));
        Self {
            bump: bump.unwrap_or_default(),
            reasons,
        }
    }

    /// The reasons that alone would have come to the same bump.
    pub fn decisive(&self) -> impl Iterator<Item = &Reason> {
        let bump = self.bump;
        self.reasons
            .iter()
            .filter(move |reason| reason.bump == bump)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.what)?;
        match self.pointer.as_deref() {
            Some(pointer) if !pointer.is_empty() => write!(f, " (at `{pointer}`)"),
            Some(_) | None => Ok(()),
        }
    }
}

/// A golden is named by all that its case says; people know it by the beginning.
const GOLDEN_CHARS_MAX: usize = 120;

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tool { tool, side: None } => write!(f, "tool `{tool}`"),
            Self::Tool {
                tool,
                side: Some(Side::Input),
            } => write!(f, "input of `{tool}`"),
            Self::Tool {
                tool,
                side: Some(Side::Output),
            } => write!(f, "output of `{tool}`"),
            Self::Golden { golden } => match golden.char_indices().nth(GOLDEN_CHARS_MAX) {
                Some((end, _)) => write!(f, "golden `{}…`", &golden[..end]),
                None => write!(f, "golden `{golden}`"),
            },
            Self::State => f.write_str("state"),
            Self::Tools => f.write_str("tools"),
        }
    }
}
