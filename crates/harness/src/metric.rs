//! What a budget can limit.

use std::collections::BTreeSet;

use crate::{
    partial::{Measured, Partial},
    tier::Tier,
    unit::rounded,
    verdict::CaseVerdict,
};

/// A quantity with a limit. The name says the direction: `_max` or `_min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    CasesMin,
    ChangeLinesMax,
    CostUsdMax,
    CoveragePercentMin,
    ErrorRateMax,
    LatencyP50MsMax,
    LatencyP95MsMax,
    LatencyP99MsMax,
    LatencyP50RatioMax,
    LatencyP95RatioMax,
    LatencyP99RatioMax,
    ScoreMin,
    ScoreDropMax,
    TestsFailedMax,
    TestsFlakyMax,
    WallMsMax,
}

/// What a metric came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reading {
    pub(crate) value: Option<f64>,
    pub(crate) base_value: Option<f64>,
    /// Why there is no value, or what there is to say about it.
    pub(crate) reason: Option<String>,
    /// There is nothing that it could be compared with, and cannot be.
    pub(crate) is_without_base: bool,
}

impl Metric {
    pub const ALL: [Self; 16] = [
        Self::CasesMin,
        Self::ChangeLinesMax,
        Self::CostUsdMax,
        Self::CoveragePercentMin,
        Self::ErrorRateMax,
        Self::LatencyP50MsMax,
        Self::LatencyP95MsMax,
        Self::LatencyP99MsMax,
        Self::LatencyP50RatioMax,
        Self::LatencyP95RatioMax,
        Self::LatencyP99RatioMax,
        Self::ScoreMin,
        Self::ScoreDropMax,
        Self::TestsFailedMax,
        Self::TestsFlakyMax,
        Self::WallMsMax,
    ];

    pub fn name(self) -> &'static str {
        self.about().0
    }

    /// What it limits, in words.
    pub fn description(self) -> &'static str {
        self.about().1
    }

    fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::CasesMin => ("cases_min", "cases that were run, at least"),
            Self::ChangeLinesMax => (
                "change_lines_max",
                "lines added and removed in tools and state since the version before",
            ),
            Self::CostUsdMax => (
                "cost_usd_max",
                "what all calls together say that they cost, in US dollars",
            ),
            Self::CoveragePercentMin => (
                "coverage_percent_min",
                "lines of the tools that ran, in percent of those that can",
            ),
            Self::ErrorRateMax => (
                "error_rate_max",
                "share of calls that failed and should not have, 0 to 1",
            ),
            Self::LatencyP50MsMax => ("latency_p50_ms_max", "half of all calls are faster"),
            Self::LatencyP95MsMax => ("latency_p95_ms_max", "95 of 100 calls are faster"),
            Self::LatencyP99MsMax => ("latency_p99_ms_max", "99 of 100 calls are faster"),
            Self::LatencyP50RatioMax => (
                "latency_p50_ratio_max",
                "p50 as a multiple of that of the version before",
            ),
            Self::LatencyP95RatioMax => (
                "latency_p95_ratio_max",
                "p95 as a multiple of that of the version before",
            ),
            Self::LatencyP99RatioMax => (
                "latency_p99_ratio_max",
                "p99 as a multiple of that of the version before",
            ),
            Self::ScoreMin => ("score_min", "weighted mean of the scores, 0 to 1"),
            Self::ScoreDropMax => (
                "score_drop_max",
                "how far the score may lie below that of the version before, 0 to 1",
            ),
            Self::TestsFailedMax => ("tests_failed_max", "cases that fail; 0 if not said"),
            Self::TestsFlakyMax => ("tests_flaky_max", "cases that pass sometimes"),
            Self::WallMsMax => (
                "wall_ms_max",
                "time that all cases take; for a tier that says nothing: micro 2000, fast 30000, full 1800000",
            ),
        }
    }

    pub(crate) fn is_floor(self) -> bool {
        matches!(
            self,
            Self::CasesMin | Self::CoveragePercentMin | Self::ScoreMin
        )
    }

    /// Can it be told of some cases, rather than of the version?
    pub(crate) fn is_of_cases(self) -> bool {
        !matches!(self, Self::ChangeLinesMax | Self::CoveragePercentMin)
    }

    /// Can it be told of one tool?
    pub(crate) fn is_of_tools(self) -> bool {
        self.is_of_cases() && self != Self::WallMsMax
    }

    /// Is it about what running costs, rather than about what comes of it?
    pub(crate) fn is_of_running(self) -> bool {
        matches!(
            self,
            Self::CostUsdMax
                | Self::LatencyP50MsMax
                | Self::LatencyP95MsMax
                | Self::LatencyP99MsMax
                | Self::WallMsMax
        )
    }

    /// Does it take the version before, run side by side?
    pub(crate) fn needs_base(self) -> bool {
        matches!(
            self,
            Self::LatencyP50RatioMax
                | Self::LatencyP95RatioMax
                | Self::LatencyP99RatioMax
                | Self::ScoreDropMax
        )
    }

    pub(crate) fn read(self, partial: &Partial, cases: &[&Measured]) -> Reading {
        match self {
            Self::CasesMin => {
                let run = cases.iter().filter(|it| is_run(it));
                Reading::of(float(run.count()))
            }
            Self::ChangeLinesMax => change_lines(partial),
            Self::CostUsdMax => cost(cases),
            Self::CoveragePercentMin => coverage(partial),
            Self::ErrorRateMax => error_rate(cases),
            Self::LatencyP50MsMax => latency(cases, 50),
            Self::LatencyP95MsMax => latency(cases, 95),
            Self::LatencyP99MsMax => latency(cases, 99),
            Self::LatencyP50RatioMax => latency_ratio(partial, cases, 50),
            Self::LatencyP95RatioMax => latency_ratio(partial, cases, 95),
            Self::LatencyP99RatioMax => latency_ratio(partial, cases, 99),
            Self::ScoreMin => match score(cases) {
                Some(score) => Reading::of(score),
                None => Reading::unmeasured("no case was run"),
            },
            Self::ScoreDropMax => score_drop(partial, cases),
            Self::TestsFailedMax => Reading::of(float(count(cases, CaseVerdict::Fail))),
            Self::TestsFlakyMax => Reading::of(float(count(cases, CaseVerdict::Flaky))),
            Self::WallMsMax => {
                let tiers: BTreeSet<Tier> = cases.iter().map(|it| it.result.tier).collect();
                let walls = tiers.iter().filter_map(|tier| partial.tiers.get(tier));
                Reading::of(rounded(walls.map(|run| run.wall_ms).sum()))
            }
        }
    }
}

impl Reading {
    fn of(value: f64) -> Self {
        Self {
            value: Some(value),
            ..Self::default()
        }
    }

    fn unmeasured(reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            ..Self::default()
        }
    }

    fn without_base(partial: &Partial) -> Self {
        if partial.is_first_version {
            return Self {
                is_without_base: true,
                ..Self::unmeasured("there is no version before this one")
            };
        }
        Self::unmeasured("the version before was not run beside it")
    }
}

pub(crate) fn is_run(measured: &Measured) -> bool {
    measured.result.verdict != CaseVerdict::Skipped
}

pub(crate) fn count(cases: &[&Measured], verdict: CaseVerdict) -> usize {
    let of_verdict = cases.iter().filter(|it| it.result.verdict == verdict);
    of_verdict.count()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nothing that is counted here comes near 2^53"
)]
pub(crate) fn float(count: usize) -> f64 {
    count as f64
}

/// The weighted mean of the scores of all that were run.
pub(crate) fn score(cases: &[&Measured]) -> Option<f64> {
    weighted(
        cases
            .iter()
            .filter(|it| is_run(it))
            .map(|it| (it.weight, it.result.score)),
    )
}

fn weighted(scores: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (weights, sum) = scores.fold((0.0, 0.0), |(weights, sum), (weight, score)| {
        (weights + weight, sum + weight * score)
    });
    (weights > 0.0).then(|| exact(sum / weights))
}

/// Sums come out the same in whatever order the shards are added.
fn exact(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// The nearest rank among `times`.
pub(crate) fn percentile(mut times: Vec<f64>, percent: usize) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times.get(rank - 1).copied()
}

/// The times of calls that were answered.
pub(crate) fn times(cases: &[&Measured]) -> Vec<f64> {
    let answered = cases.iter().filter(|it| it.calls > 0);
    answered.map(|it| it.result.ms).collect()
}

fn latency(cases: &[&Measured], percent: usize) -> Reading {
    match percentile(times(cases), percent) {
        Some(ms) => Reading::of(ms),
        None => Reading::unmeasured("no call was made"),
    }
}

fn latency_ratio(partial: &Partial, cases: &[&Measured], percent: usize) -> Reading {
    let both = cases.iter().filter_map(|it| {
        let base = it.base.filter(|base| !base.is_call_failed)?;
        (it.calls > 0 && it.calls_failed == 0).then_some((it.result.ms, base.ms))
    });
    let (own, base): (Vec<_>, Vec<_>) = both.unzip();
    match (percentile(own, percent), percentile(base, percent)) {
        (Some(own), Some(base)) if base > 0.0 => Reading {
            value: Some(rounded(own / base)),
            base_value: Some(base),
            reason: Some(format!("{own} ms against {base} ms")),
            is_without_base: false,
        },
        (Some(_), Some(_)) => Reading::unmeasured("the version before was too fast to measure"),
        _ if partial.base.is_none() => Reading::without_base(partial),
        _ => Reading::unmeasured("there is no case that both versions answer"),
    }
}

fn score_drop(partial: &Partial, cases: &[&Measured]) -> Reading {
    let both = cases.iter().filter(|it| it.base.is_some() && is_run(it));
    let both: Vec<_> = both.copied().collect();
    let own = score(&both);
    let base = both
        .iter()
        .filter_map(|it| Some((it.weight, it.base?.score)));
    match (own, weighted(base)) {
        (Some(own), Some(base)) => Reading {
            value: Some(exact((base - own).max(0.0))),
            base_value: Some(base),
            reason: None,
            is_without_base: false,
        },
        _ if partial.base.is_none() => Reading::without_base(partial),
        _ => Reading::unmeasured("there is no case that both versions have the tools for"),
    }
}

fn error_rate(cases: &[&Measured]) -> Reading {
    let calls: usize = cases.iter().map(|it| it.calls).sum();
    let failed: usize = cases.iter().map(|it| it.calls_failed).sum();
    if calls == 0 {
        return Reading::unmeasured("no call was made");
    }
    Reading {
        reason: (failed > 0).then(|| format!("{failed} of {calls} calls")),
        ..Reading::of(exact(float(failed) / float(calls)))
    }
}

fn cost(cases: &[&Measured]) -> Reading {
    let run = cases.iter().filter(|it| it.calls > 0);
    match run.map(|it| it.cost_usd).sum::<Option<f64>>() {
        Some(cost) => Reading::of(exact(cost)),
        None => Reading::unmeasured("not every result says what it cost"),
    }
}

fn coverage(partial: &Partial) -> Reading {
    match crate::summary::Coverage::of(partial) {
        Some(coverage) => Reading {
            reason: Some(format!("{} of {} lines", coverage.covered, coverage.lines)),
            ..Reading::of(coverage.percent)
        },
        None => Reading::unmeasured("it was not looked at which lines ran"),
    }
}

fn change_lines(partial: &Partial) -> Reading {
    match partial.change_lines {
        Some(lines) => Reading::of(float(usize::try_from(lines).unwrap_or(usize::MAX))),
        None if partial.is_first_version => Reading::without_base(partial),
        None => Reading::unmeasured("there is no version before it to compare its files with"),
    }
}
