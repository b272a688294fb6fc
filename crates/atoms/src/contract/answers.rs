//! The answers, typed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::RedFlag;

/// An answer that keeps the contract of its kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    Architect(Script),
    Analyst(Box<Analysis>),
    Coder(Change),
    Reviewer(Review),
    Tester(Cases),
}

/// What an analyst makes of feedback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    pub kind: Intent,
    pub summary: String,
    /// From 0, nothing is open, to 1, anything may be meant.
    pub ambiguity: f64,
    /// The questions whose answers would make it less ambiguous.
    pub unknowns: Vec<String>,
    pub scope: Vec<String>,
    pub out_of_scope: Vec<String>,
    pub acceptance: Vec<TestCase>,
    pub risks: Vec<String>,
    /// The symbols that it is about, as `PATH::Name`.
    pub symbols: Vec<String>,
    /// A merge patch of the state, if the state is all that has to change.
    #[serde(default)]
    pub state: Option<Value>,
    /// The template that comes nearest.
    #[serde(default)]
    pub template: Option<String>,
    /// Why it is rejected, or why it is what `kind` says.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What feedback asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    Repair,
    AddTool,
    ChangeBehaviour,
    /// Nothing but cases, of what is so already.
    AddCases,
    /// Nothing but `ci/budgets.json`.
    Budgets,
    Tune,
    Rename,
    Remove,
    Refactor,
    Reject,
}

/// A line of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestCase {
    pub file: String,
    pub case: Value,
}

/// The script of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    pub script: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    pub cases: Vec<TestCase>,
}

/// A change of code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Each satisfies the schema of an edit; whoever applies them reads them.
    pub edits: Vec<Value>,
    pub rationale: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    pub verdict: Verdict,
    pub reasons: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    Reject,
}

impl Parsed {
    /// A schema can demand that a text is there, not that it says something.
    pub(super) fn check_said(&self) -> Result<(), RedFlag> {
        let missing = match self {
            Self::Architect(answer) => is_blank(&answer.script).then_some("script"),
            Self::Analyst(answer) => answer.missing(),
            Self::Coder(answer) => is_blank(&answer.rationale).then_some("rationale"),
            Self::Reviewer(answer) => answer.missing(),
            Self::Tester(_) => None,
        };
        missing.map_or(Ok(()), |what| {
            Err(RedFlag::Empty {
                what: what.to_owned(),
            })
        })
    }
}

impl Analysis {
    fn missing(&self) -> Option<&'static str> {
        if is_blank(&self.summary) {
            return Some("summary");
        }
        let is_rejected = self.kind == Intent::Reject;
        let has_reason = self
            .reason
            .as_deref()
            .is_some_and(|reason| !is_blank(reason));
        (is_rejected && !has_reason).then_some("reason for its rejection")
    }
}

impl Review {
    fn missing(&self) -> Option<&'static str> {
        let is_rejected = self.verdict == Verdict::Reject;
        let has_reason = self.reasons.iter().any(|reason| !is_blank(reason));
        (is_rejected && !has_reason).then_some("reasons for its rejection")
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
