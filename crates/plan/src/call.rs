//! What a script asks for, as data: the same on the wire, in the journal and in a replay.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One call of a script, and where in its run it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// `3` is the third step; `4.1.2` the second one in the first branch of the fourth, which is a
    /// `parallel`. The same in every run of a script whose steps answer the same.
    pub path: String,
    pub call: Call,
}

/// Do steps of these paths run at the same time, in branches of one `parallel`?
pub fn run_beside(one: &str, other: &str) -> bool {
    // Numbers of steps and of branches take turns, and a step comes first.
    let parts = one.split('.').zip(other.split('.'));
    let first_other = parts.enumerate().find(|(_, (one, other))| one != other);
    first_other.is_some_and(|(place, _)| place % 2 == 1)
}

/// A call of the API. What each answers is for the host to say; what the scripts of the library
/// rely on stands beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call")]
pub enum Call {
    /// The atom's answer.
    #[serde(rename = "spawn_atom")]
    SpawnAtom {
        kind: AtomKind,
        task: String,
        #[serde(default)]
        options: Options,
    },
    /// The answer that was first to be ahead by `k`.
    #[serde(rename = "run_consensus")]
    RunConsensus {
        kind: AtomKind,
        task: String,
        k: u32,
    },
    /// The flags as a list of texts, empty when there are none.
    #[serde(rename = "check_red_flags")]
    CheckRedFlags,
    /// An id as a text.
    #[serde(rename = "snapshot")]
    Snapshot,
    #[serde(rename = "rollback")]
    Rollback { id: String },
    #[serde(rename = "squash")]
    Squash { id: String },
    /// Fails with the reason when the edits do not fit; then nothing of them was applied.
    #[serde(rename = "apply")]
    Apply { answer: Value },
    /// `#{passed: bool, failures: […]}`
    #[serde(rename = "tests.run")]
    RunTests { tier: Tier },
    /// `#{proved: bool, reason: text}`: were the cases added, and do they fail on the base?
    #[serde(rename = "tests.run_new")]
    RunNewTests { answer: Value },
    /// The id of the commit as a text.
    #[serde(rename = "git.commit")]
    Commit { message: String },
    /// `true` or `false`.
    #[serde(rename = "grits.has_symbol")]
    HasSymbol { name: String },
    #[serde(rename = "grits.symbol")]
    Symbol { name: String },
    #[serde(rename = "grits.neighbours")]
    Neighbours {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        depth: Option<u32>,
    },
    #[serde(rename = "grits.callers")]
    Callers { name: String },
    #[serde(rename = "grits.callees")]
    Callees { name: String },
    /// A list.
    #[serde(rename = "grits.references")]
    References { name: String },
    #[serde(rename = "grits.cycles")]
    Cycles,
    #[serde(rename = "grits.impact")]
    Impact { name: String },
    #[serde(rename = "grits.tests_covering")]
    TestsCovering { name: String },
    #[serde(rename = "grits.similar")]
    Similar { name: String },
    #[serde(rename = "load_context_var")]
    LoadContext { name: String },
    #[serde(rename = "peek_context")]
    PeekContext {
        name: String,
        from: u64,
        length: u64,
    },
    #[serde(rename = "chunk_context")]
    ChunkContext { name: String, bytes: u64 },
    #[serde(rename = "regex_filter")]
    FilterContext { name: String, pattern: String },
    #[serde(rename = "log")]
    Log { text: String },
}

/// Which kind of model call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtomKind {
    Architect,
    Analyst,
    Coder,
    Reviewer,
    Tester,
}

/// What a script may say of an atom beside its task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The symbols its context is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<String>,
    /// By how many votes the answer has to be ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<Strength>,
    /// What the atom is to know beside the code, such as the failures of the last round.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub context: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    Cheap,
    Strong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    Micro,
    Fast,
    Full,
}

impl Call {
    /// Does it cost model calls?
    pub fn is_atom(&self) -> bool {
        matches!(self, Self::SpawnAtom { .. } | Self::RunConsensus { .. })
    }

    /// As a script writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SpawnAtom { .. } => "spawn_atom",
            Self::RunConsensus { .. } => "run_consensus",
            Self::CheckRedFlags => "check_red_flags",
            Self::Snapshot => "snapshot",
            Self::Rollback { .. } => "rollback",
            Self::Squash { .. } => "squash",
            Self::Apply { .. } => "apply",
            Self::RunTests { .. } => "tests.run",
            Self::RunNewTests { .. } => "tests.run_new",
            Self::Commit { .. } => "git.commit",
            Self::HasSymbol { .. } => "grits.has_symbol",
            Self::Symbol { .. } => "grits.symbol",
            Self::Neighbours { .. } => "grits.neighbours",
            Self::Callers { .. } => "grits.callers",
            Self::Callees { .. } => "grits.callees",
            Self::References { .. } => "grits.references",
            Self::Cycles => "grits.cycles",
            Self::Impact { .. } => "grits.impact",
            Self::TestsCovering { .. } => "grits.tests_covering",
            Self::Similar { .. } => "grits.similar",
            Self::LoadContext { .. } => "load_context_var",
            Self::PeekContext { .. } => "peek_context",
            Self::ChunkContext { .. } => "chunk_context",
            Self::FilterContext { .. } => "regex_filter",
            Self::Log { .. } => "log",
        }
    }
}

impl AtomKind {
    pub const ALL: [Self; 5] = [
        Self::Architect,
        Self::Analyst,
        Self::Coder,
        Self::Reviewer,
        Self::Tester,
    ];

    /// As a script writes it, after `AtomType.`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Architect => "Architect",
            Self::Analyst => "Analyst",
            Self::Coder => "Coder",
            Self::Reviewer => "Reviewer",
            Self::Tester => "Tester",
        }
    }
}

impl fmt::Display for AtomKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AtomType.{}", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::run_beside;

    #[test]
    fn steps_run_at_the_same_time_in_branches_of_one_parallel_alone() {
        for (one, other, is_beside) in [
            ("3", "3", false),
            ("3", "4", false),
            ("4.1.2", "4.2.1", true),
            ("4.1.2", "4.1.3", false),
            ("4.1.2", "5.2.1", false),
            ("4.1.2", "4", false),
            ("4.1.2.2.1", "4.1.2.1.9", true),
            ("4.1.2.2.1", "4.1.3", false),
            ("4.1.2.2.1", "4.2.1", true),
            ("4.1.2", "4.11.2", true),
        ] {
            assert_eq!(run_beside(one, other), is_beside, "{one} {other}");
            assert_eq!(run_beside(other, one), is_beside, "{other} {one}");
        }
    }
}
