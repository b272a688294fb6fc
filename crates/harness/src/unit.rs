//! What is run as one: a case, or all turns of a conversation.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Digest;
use serde_json::Value;

use crate::{
    attempt::{Attempt, Conversation, Got},
    case::Case,
    coverage::Lines,
    dataset::Dataset,
    expect::Kind,
    partial::{BaseRun, Measured},
    shard::Shard,
    target::Target,
    tier::Tier,
    verdict::{CaseResult, CaseVerdict},
};

#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) cases: Vec<Arc<Case>>,
}

impl Unit {
    /// Those of a tier that a shard holds, in the order of the dataset.
    pub(crate) fn of(dataset: &Dataset, tier: Tier, shard: Shard) -> Vec<Self> {
        let mut units: Vec<Self> = Vec::new();
        let mut sessions: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for case in dataset.cases.iter().filter(|case| case.tier == tier) {
            let session = case.session.as_deref();
            let known = session.map(|label| (&*case.file, label));
            if let Some(&at) = known.and_then(|known| sessions.get(&known)) {
                units[at].cases.push(Arc::clone(case));
                continue;
            }
            if let Some(known) = known {
                sessions.insert(known, units.len());
            }
            units.push(Self {
                cases: vec![Arc::clone(case)],
            });
        }
        units.retain(|unit| shard.holds(&unit.identity()));
        units
    }

    fn identity(&self) -> Digest {
        let first = &self.cases[0];
        Digest::of(format!("{}\n{}\n{}", first.tier, first.file, first.id).as_bytes())
    }

    /// Half of all units ask the base first, so that neither side has it easier.
    pub(crate) fn asks_base_first(&self) -> bool {
        self.identity().0[31] % 2 == 1
    }

    pub(crate) fn is_repeatable(&self, target: &Target) -> bool {
        let mut cases = self.cases.iter();
        cases.all(|case| case.skip.is_none() && target.is_repeatable(&case.tool))
    }

    /// What its outcome depends on, beside the version. How many run at once is part of it: they
    /// wait for each other, and the times are remembered too.
    pub(crate) fn key(&self, dataset: &Dataset, concurrency: usize) -> Digest {
        let mut parts = vec![self.identity(), Digest::of(&concurrency.to_le_bytes())];
        for case in &self.cases {
            parts.push(Digest::of_json(&case.line_value));
            match &case.expect.0 {
                Kind::Scorer(scorer) => {
                    let text = dataset.scorers.get(scorer.file());
                    parts.extend(text.map(|text| Digest::of(text)));
                }
                Kind::Value(pattern) => {
                    let names = pattern.snapshots();
                    let values = names
                        .iter()
                        .map(|name| dataset.snapshots.get(name.as_str()));
                    parts.extend(values.flatten().map(Digest::of_json));
                }
                Kind::Refusal(_) => {}
            }
        }
        Digest::merkle_root(&parts)
    }
}

/// How a unit is run.
pub(crate) struct Plan<'a> {
    pub(crate) target: &'a Target,
    pub(crate) snapshots: &'a BTreeMap<String, Value>,
    /// How often a unit is run again that failed.
    pub(crate) reruns: u32,
}

/// What came of a unit.
pub(crate) struct UnitRun {
    pub(crate) measured: Vec<Measured>,
    /// The lines that ran, if that was looked at.
    pub(crate) lines: Option<Lines>,
}

impl Plan<'_> {
    /// Runs a unit as often as it takes to know whether it passes always, sometimes or never.
    pub(crate) async fn run(&self, unit: &Unit) -> UnitRun {
        let repeat = unit.cases.iter().map(|case| case.repeat).max().unwrap_or(1);
        let mut rounds = Vec::new();
        for _ in 0..repeat {
            rounds.push(self.once(unit, false).await);
        }
        while rounds.len() <= self.reruns as usize && is_failed_so_far(&rounds) {
            rounds.push(self.once(unit, false).await);
        }
        let measured = unit.cases.iter().enumerate().map(|(index, case)| {
            let attempts = rounds.iter().filter_map(|round| round[index].as_ref());
            measure(case, &attempts.collect::<Vec<_>>())
        });
        UnitRun {
            measured: measured.collect(),
            lines: None,
        }
    }

    /// The lines that a unit runs, found out in a run of its own: looking makes calls several times
    /// slower.
    pub(crate) async fn lines(&self, unit: &Unit) -> Lines {
        let mut lines = Lines::default();
        for attempt in self.once(unit, true).await.iter().flatten() {
            lines.extend(&attempt.lines);
        }
        lines
    }

    /// Runs it once; a case that is skipped has no attempt.
    async fn once(&self, unit: &Unit, has_coverage: bool) -> Vec<Option<Attempt>> {
        let mut talk = Conversation::begin(self.target, self.snapshots, has_coverage);
        let mut attempts = Vec::new();
        for case in &unit.cases {
            let attempt = match case.skip {
                Some(_) => None,
                None => Some(talk.turn(case).await),
            };
            attempts.push(attempt);
        }
        attempts
    }

    /// Asks the base the same, once: what it answers is compared, not judged.
    pub(crate) async fn run_base(&self, unit: &Unit) -> Vec<Option<BaseRun>> {
        let has_tools = unit.cases.iter().all(|case| self.target.has(&case.tool));
        if !has_tools {
            return vec![None; unit.cases.len()];
        }
        let attempts = self.once(unit, false).await.into_iter();
        let runs = attempts.map(|attempt| {
            attempt.map(|attempt| BaseRun {
                ms: rounded(attempt.ms),
                score: attempt.score,
                is_passed: attempt.is_passed,
                is_call_failed: attempt.is_call_failed,
            })
        });
        runs.collect()
    }
}

/// Did a case fail each time it was tried?
fn is_failed_so_far(rounds: &[Vec<Option<Attempt>>]) -> bool {
    let passes = |index: usize| {
        let mut attempts = rounds.iter().filter_map(|round| round[index].as_ref());
        attempts.any(|attempt| attempt.is_passed)
    };
    let is_tried = |index: usize| rounds[0][index].is_some();
    (0..rounds[0].len()).any(|index| is_tried(index) && !passes(index))
}

fn measure(case: &Case, attempts: &[&Attempt]) -> Measured {
    let passed = attempts.iter().filter(|attempt| attempt.is_passed).count();
    let verdict = match (attempts.len(), passed) {
        (0, _) => CaseVerdict::Skipped,
        (_, 0) => CaseVerdict::Fail,
        (tried, passed) if passed == tried => CaseVerdict::Pass,
        _ => CaseVerdict::Flaky,
    };
    let failure = attempts.iter().find(|attempt| !attempt.is_passed);
    let mut error = failure.and_then(|attempt| attempt.error.clone());
    if verdict == CaseVerdict::Flaky {
        let said = error.map_or_else(String::new, |error| format!(": {error}"));
        error = Some(format!("passes {passed} times of {}{said}", attempts.len()));
    }
    let scores = attempts.iter().map(|attempt| attempt.score);
    let costs: Vec<_> = attempts.iter().map(|attempt| attempt.cost_usd).collect();
    Measured {
        result: CaseResult {
            id: case.id.clone(),
            tier: case.tier,
            file: case.file.to_string(),
            line: case.line,
            tool: case.tool.clone(),
            verdict,
            score: rounded(mean(scores)),
            ms: rounded(median(attempts)),
            diff: failure.and_then(|attempt| attempt.diff.clone()),
            error: error.or_else(|| case.skip.clone()),
            tags: case.tags.clone(),
        },
        weight: case.weight,
        calls: attempts.len(),
        calls_failed: attempts.iter().filter(|it| it.is_call_failed).count(),
        cost_usd: costs.into_iter().sum(),
        base: None,
        is_cached: false,
        got: Got::of(attempts),
    }
}

fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len();
    if count == 0 {
        return 0.0;
    }
    numbers.sum::<f64>() / crate::metric::float(count)
}

fn median(attempts: &[&Attempt]) -> f64 {
    let mut times: Vec<_> = attempts.iter().map(|attempt| attempt.ms).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}

/// As exact as anything here is measured.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}
