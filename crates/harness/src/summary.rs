//! What a run came to, as it is kept with the version.

use std::collections::BTreeMap;

use model::{Digest, canonical};
use serde::{Deserialize, Serialize};

use crate::{
    budgets::Budgets,
    metric::{count, percentile, score, times},
    partial::{Contents, Environment, Partial},
    tier::Tier,
    unit::rounded,
    verdict::{BudgetResult, BudgetVerdict, CaseResult, CaseVerdict, Verdict},
};

/// `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub commit: Option<String>,
    pub version: String,
    pub lineage: String,
    #[serde(default)]
    pub contents: Contents,
    pub verdict: Verdict,
    pub tiers: BTreeMap<Tier, TierSummary>,
    pub budgets: Vec<BudgetResult>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Of `cases.jsonl`.
    pub cases_sha256: String,
    pub environment: Environment,
    pub trace_id: String,
    pub started_at: String,
    pub ended_at: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TierSummary {
    pub cases: usize,
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    pub flaky: usize,
    pub score: f64,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub wall_ms: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    pub lines: usize,
    pub covered: usize,
    pub percent: f64,
}

/// A run, judged: the summary and the cases behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    pub summary: Summary,
    pub cases: Vec<CaseResult>,
    /// What of the run the reports show beyond that.
    pub partial: Partial,
}

impl Evaluation {
    /// Judges a whole run by its budgets.
    pub fn of(partial: Partial, budgets: &Budgets) -> Self {
        let cases: Vec<_> = partial.cases.iter().map(|it| it.result.clone()).collect();
        let budgets = budgets.evaluate(&partial);
        let is_kept = |budget: &BudgetResult| budget.verdict == BudgetVerdict::Pass;
        let verdict = if budgets.iter().all(is_kept) {
            Verdict::Pass
        } else {
            Verdict::Fail
        };
        let tiers = partial
            .tiers
            .keys()
            .map(|tier| (*tier, of_tier(&partial, *tier)));
        let summary = Summary {
            commit: partial.tested.commit.clone(),
            version: partial.tested.version.clone(),
            lineage: partial.tested.lineage.clone(),
            contents: partial.tested.contents.clone(),
            verdict,
            tiers: tiers.collect(),
            budgets,
            coverage: Coverage::of(&partial),
            cases_sha256: Digest::of(lines(&cases).as_bytes()).to_string(),
            environment: partial.environment.clone(),
            trace_id: partial.trace_id.clone(),
            started_at: partial.started_at.clone(),
            ended_at: partial.ended_at.clone(),
        };
        Self {
            summary,
            cases,
            partial,
        }
    }

    /// `summary.json`, canonical, so that its bytes are the same wherever it is kept.
    pub fn summary_json(&self) -> Vec<u8> {
        canonical_json(&self.summary).into_bytes()
    }

    /// `cases.jsonl`
    pub fn cases_jsonl(&self) -> Vec<u8> {
        lines(&self.cases).into_bytes()
    }
}

fn lines(cases: &[CaseResult]) -> String {
    let mut text = String::new();
    for case in cases {
        text.push_str(&canonical_json(case));
        text.push('\n');
    }
    text
}

fn canonical_json(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).expect("its numbers are finite and its keys are text");
    canonical::to_string(&value)
}

fn of_tier(partial: &Partial, tier: Tier) -> TierSummary {
    let cases = partial.cases.iter().filter(|it| it.result.tier == tier);
    let cases: Vec<_> = cases.collect();
    let latency = |percent| percentile(times(&cases), percent);
    TierSummary {
        cases: cases.len(),
        passed: count(&cases, CaseVerdict::Pass),
        failed: count(&cases, CaseVerdict::Fail),
        skipped: count(&cases, CaseVerdict::Skipped),
        flaky: count(&cases, CaseVerdict::Flaky),
        score: score(&cases).unwrap_or(0.0),
        p50_ms: latency(50),
        p95_ms: latency(95),
        p99_ms: latency(99),
        wall_ms: partial.tiers.get(&tier).map_or(0.0, |run| run.wall_ms),
    }
}

impl Coverage {
    /// `None` if it was not looked at which lines ran, or nobody knows which can.
    pub(crate) fn of(partial: &Partial) -> Option<Self> {
        let (run, all) = (partial.lines_run.as_ref()?, partial.lines.as_ref()?);
        let (lines, covered) = (all.count(), all.count_within(run));
        let percent = if lines == 0 {
            100.0
        } else {
            crate::metric::float(covered) / crate::metric::float(lines) * 100.0
        };
        Some(Self {
            lines,
            covered,
            percent: rounded(percent),
        })
    }
}
