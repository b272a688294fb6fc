//! What an Architect may do by itself, and how much of it.

use std::{collections::BTreeSet, fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::tree::{Files, Kind};

/// How far a change goes without a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Autonomy {
    /// It says what it would do.
    Advise,
    /// It makes the change and leaves it on a branch.
    Propose,
    /// It releases what was proved.
    #[default]
    Release,
}

/// A word that is no degree of autonomy.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no autonomy: advise, propose and release are")]
pub struct InvalidAutonomy(String);

impl FromStr for Autonomy {
    type Err = InvalidAutonomy;

    fn from_str(text: &str) -> Result<Self, InvalidAutonomy> {
        match text {
            "advise" => Ok(Self::Advise),
            "propose" => Ok(Self::Propose),
            "release" => Ok(Self::Release),
            other => Err(InvalidAutonomy(other.to_owned())),
        }
    }
}

impl fmt::Display for Autonomy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Advise => "advise",
            Self::Propose => "propose",
            Self::Release => "release",
        })
    }
}

/// The bounds of what an Architect does.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub autonomy: Autonomy,
    /// From which ambiguity on it asks.
    pub ambiguity_max: f64,
    /// Kinds of change that somebody has to approve of, beside those that always need it.
    pub approvals: BTreeSet<Kind>,
    pub files_max: usize,
    pub lines_max: usize,
    /// Beginnings of paths that stay as they are.
    pub protected_paths: Vec<String>,
    /// Tools that stay as they are.
    pub protected_tools: BTreeSet<String>,
    /// Where `https` attachments may come from.
    pub attachment_hosts: BTreeSet<String>,
    pub job_usd_max: f64,
    pub day_usd_max: f64,
    pub job_tokens_max: u64,
    /// Does a model write the script of each job? The library has one for each kind of change.
    pub writes_scripts: bool,
    /// Answers to one question, at the most.
    pub samples_max: u32,
    /// How long the script of a job may take.
    pub wall_ms_max: u64,
    /// How surely the winner of a vote is to be right, where a script names no lead.
    pub reliability: f64,
    /// How often one question is put to a provider that cannot answer it now.
    pub attempts_max: u32,
    /// Questions in a row that the provider cannot answer until it is left alone.
    pub failures_max: u32,
    /// For how long it is.
    pub rest: Duration,
    /// How long a job waits for a provider that does not answer.
    pub patience: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            autonomy: Autonomy::default(),
            ambiguity_max: crate::product::gate::THRESHOLD_DEFAULT,
            approvals: BTreeSet::new(),
            files_max: 20,
            lines_max: 400,
            protected_paths: Vec::new(),
            protected_tools: BTreeSet::new(),
            attachment_hosts: BTreeSet::new(),
            job_usd_max: 5.0,
            day_usd_max: 50.0,
            job_tokens_max: 2_000_000,
            writes_scripts: false,
            samples_max: 8,
            wall_ms_max: 30 * 60 * 1_000,
            reliability: 0.98,
            attempts_max: 5,
            failures_max: 3,
            rest: Duration::from_secs(30),
            patience: Duration::from_mins(10),
        }
    }
}

/// Kinds that nobody may release alone.
const ALWAYS_APPROVED: [Kind; 4] = [
    Kind::Budgets,
    Kind::ExistingGoldens,
    Kind::Policy,
    Kind::Wheels,
];

impl Policy {
    /// Why somebody has to approve of a change with these kinds.
    pub(crate) fn needs_approval(&self, kinds: &BTreeSet<Kind>) -> Vec<String> {
        let asks = |kind: &&Kind| ALWAYS_APPROVED.contains(kind) || self.approvals.contains(kind);
        let reasons = kinds.iter().filter(asks);
        reasons.map(|kind| format!("it changes {kind}")).collect()
    }

    /// Why a change is not let any further.
    pub(crate) fn refusal(&self, base: &Files, now: &Files) -> Option<String> {
        let changed = crate::tree::changed(base, now);
        if changed.len() > self.files_max {
            let (count, max) = (changed.len(), self.files_max);
            return Some(format!("it changes {count} files, and {max} are allowed"));
        }
        for path in &changed {
            let is_protected = |start: &&String| path.starts_with(start.as_str());
            if let Some(start) = self.protected_paths.iter().find(is_protected) {
                return Some(format!("`{path}` is protected (`{start}`)"));
            }
        }
        let lines = crate::tree::changed_lines(base, now);
        (lines > self.lines_max).then(|| {
            format!(
                "it changes {lines} lines, and {} are allowed",
                self.lines_max
            )
        })
    }
}
