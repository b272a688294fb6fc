//! What a run measured: all of it, or a shard's part.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    attempt::Got, coverage::Lines, run::RunOptions, shard::Shard, tier::Tier, verdict::CaseResult,
};

/// The version that was run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// Absent for a working tree.
    pub commit: Option<String>,
    pub version: String,
    pub lineage: String,
    #[serde(default)]
    pub contents: Contents,
}

/// Names what was tested by what is in it: a working tree changes under one name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    pub code: String,
    pub state: String,
    pub tests: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    pub python: String,
    pub luthier: String,
    pub os: String,
    pub cpus: usize,
}

/// Everything that the shards of one run found out; enough to make the summary of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    pub shard: Shard,
    pub tested: Tested,
    /// The version that it was compared with, side by side.
    pub base: Option<String>,
    /// Names the cases of all shards.
    pub dataset: String,
    pub tools: usize,
    /// How long the calls of each tier took, as many at once as there were.
    pub tiers: BTreeMap<Tier, TierRun>,
    pub cases: Vec<Measured>,
    /// The lines that ran, if that was looked at.
    pub lines_run: Option<Lines>,
    /// The lines that can run, if whoever started the version could say.
    pub lines: Option<Lines>,
    /// Lines that changed since the base.
    pub change_lines: Option<u64>,
    pub is_first_version: bool,
    pub environment: Environment,
    pub trace_id: String,
    pub started_at: String,
    pub ended_at: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TierRun {
    pub wall_ms: f64,
}

/// A case that was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    pub result: CaseResult,
    pub weight: f64,
    pub calls: usize,
    /// Calls that failed and should not have.
    pub calls_failed: usize,
    /// What its calls say they cost; absent unless all of them say so.
    pub cost_usd: Option<f64>,
    /// What the base made of it.
    pub base: Option<BaseRun>,
    pub is_cached: bool,
    #[serde(skip)]
    pub(crate) got: Option<Got>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaseRun {
    pub ms: f64,
    pub score: f64,
    pub is_passed: bool,
    pub is_call_failed: bool,
}

/// Why the parts are not those of one run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    #[error("there is nothing to merge")]
    Empty,
    #[error("shard {0} is there twice")]
    Twice(Shard),
    #[error("of {count} shards these are missing: {missing}")]
    Missing { count: u32, missing: String },
    #[error("shard {shard} is of another run: its {what} differ from those of shard {first}")]
    Different {
        shard: Shard,
        first: Shard,
        what: String,
    },
}

impl Partial {
    /// One run of all its shards, in any order.
    pub fn merge(parts: Vec<Self>) -> Result<Self, MergeError> {
        let mut parts = parts;
        parts.sort_by_key(|part| part.shard);
        let mut parts = parts.into_iter();
        let mut whole = parts.next().ok_or(MergeError::Empty)?;
        let first = whole.shard;
        let mut seen = BTreeSet::from([first]);
        for part in parts {
            if !seen.insert(part.shard) {
                return Err(MergeError::Twice(part.shard));
            }
            whole.check_same(&part)?;
            whole.add(part);
        }
        let indices: BTreeSet<u32> = seen.iter().map(|shard| shard.index()).collect();
        let missing = (1..=first.count()).filter(|index| !indices.contains(index));
        let missing: Vec<_> = missing.map(|index| index.to_string()).collect();
        if !missing.is_empty() {
            return Err(MergeError::Missing {
                count: first.count(),
                missing: missing.join(", "),
            });
        }
        whole.shard = Shard::WHOLE;
        whole.sort();
        Ok(whole)
    }

    /// Is this what a run would find out of some of its tiers?
    pub(crate) fn is_part_of(
        &self,
        options: &RunOptions,
        base: Option<&str>,
        tools: usize,
    ) -> bool {
        self.tested == options.tested
            && self.base.as_deref() == base
            && self.tools == tools
            && self.shard == options.shard
            && self.environment == options.environment
            && self.lines_run.is_some() == options.has_coverage
            && self.tiers.keys().all(|tier| options.tiers.contains(tier))
    }

    pub(crate) fn sort(&mut self) {
        let key = |it: &Measured| (it.result.tier, it.result.file.clone(), it.result.line);
        self.cases.sort_by_cached_key(key);
    }

    fn check_same(&self, part: &Self) -> Result<(), MergeError> {
        let name = |tested: &Tested| Tested {
            contents: Contents::default(),
            ..tested.clone()
        };
        let (own, other) = (&self.tested.contents, &part.tested.contents);
        let differences = [
            (self.shard.count() != part.shard.count(), "number of shards"),
            (name(&self.tested) != name(&part.tested), "version"),
            (own.code != other.code, "code"),
            (own.state != other.state, "state"),
            (own.tests != other.tests, "tests"),
            (self.dataset != part.dataset, "cases"),
            (self.tools != part.tools, "number of tools"),
            (!self.tiers.keys().eq(part.tiers.keys()), "tiers"),
            (self.base != part.base, "base"),
        ];
        let differing = differences.iter().filter(|(is_different, _)| *is_different);
        let differing: Vec<_> = differing.map(|(_, what)| *what).collect();
        if differing.is_empty() {
            return Ok(());
        }
        Err(MergeError::Different {
            shard: part.shard,
            first: self.shard,
            what: differing.join(", "),
        })
    }

    fn add(&mut self, part: Self) {
        self.cases.extend(part.cases);
        for (tier, run) in part.tiers {
            let wall_ms = &mut self.tiers.entry(tier).or_default().wall_ms;
            // They ran side by side.
            *wall_ms = wall_ms.max(run.wall_ms);
        }
        match (&mut self.lines_run, &part.lines_run) {
            (Some(lines), Some(more)) => lines.extend(more),
            (lines, _) => *lines = None,
        }
        match (&mut self.lines, &part.lines) {
            (Some(lines), Some(more)) => lines.extend(more),
            (lines, _) => *lines = None,
        }
        self.started_at = self.started_at.clone().min(part.started_at);
        self.ended_at = self.ended_at.clone().max(part.ended_at);
    }
}
