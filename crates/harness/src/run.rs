//! Runs the cases of the tiers, several at once, and measures.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    budgets::Budgets,
    cache::{Cache, Passed, Remembered},
    case::Case,
    coverage::Lines,
    dataset::Dataset,
    partial::{Environment, Measured, Partial, Tested, TierRun},
    shard::Shard,
    target::Target,
    tier::Tier,
    unit::{Plan, Unit, UnitRun, rounded},
    verdict::{CaseResult, CaseVerdict},
};

/// A tier that takes so many times what it may is cut short: no verdict could change any more.
const OVERRUN_MAX: u32 = 5;

/// Is told of each case when it is done.
pub type Progress = Arc<dyn Fn(&Measured) + Send + Sync>;

/// How a run is made.
pub struct RunOptions {
    pub tested: Tested,
    pub environment: Environment,
    pub trace_id: String,
    pub tiers: Vec<Tier>,
    pub shard: Shard,
    /// Cases that are run at once.
    pub concurrency: usize,
    /// How often a case is run again that failed, to find out whether it is flaky.
    pub reruns: u32,
    pub has_coverage: bool,
    /// The lines that can run, where that is known.
    pub lines: Option<Lines>,
    /// Lines that changed since the base, where that is known.
    pub change_lines: Option<u64>,
    /// There is no version before this one, so nothing can be worse than it was.
    pub is_first_version: bool,
    pub cache: Option<Arc<Cache>>,
    /// What was found out of some tiers of the very same version earlier: they are not run again.
    pub earlier: Vec<Partial>,
    pub progress: Option<Progress>,
    /// After this no case is begun, and those that run are abandoned.
    pub stop: CancellationToken,
}

impl RunOptions {
    /// Everything, at the pace of a small machine, remembering nothing.
    pub fn new(tested: Tested, environment: Environment) -> Self {
        Self {
            tested,
            environment,
            trace_id: String::new(),
            tiers: Tier::ALL.to_vec(),
            shard: Shard::WHOLE,
            concurrency: 4,
            reruns: 2,
            has_coverage: false,
            lines: None,
            change_lines: None,
            is_first_version: false,
            cache: None,
            earlier: Vec::new(),
            progress: None,
            stop: CancellationToken::new(),
        }
    }
}

/// Puts every case to `target`, and to `base` beside it.
pub async fn run(
    dataset: &Arc<Dataset>,
    target: &Target,
    base: Option<(&str, &Target)>,
    budgets: &Budgets,
    options: &RunOptions,
) -> Partial {
    let mut started_at = Timestamp::now().to_string();
    let mut tiers = options.tiers.clone();
    tiers.sort_unstable();
    tiers.dedup();
    let mut runs = BTreeMap::new();
    let mut cases = Vec::new();
    let mut lines_run = options.has_coverage.then(Lines::default);
    let base_name = base.map(|(version, _)| version);
    for earlier in &options.earlier {
        let is_new = |tier: &Tier| !runs.contains_key(tier);
        let is_part = earlier.is_part_of(options, base_name, dataset.tools);
        if !is_part || !earlier.tiers.keys().all(is_new) {
            continue;
        }
        tiers.retain(|tier| !earlier.tiers.contains_key(tier));
        runs.extend(earlier.tiers.clone());
        cases.extend(earlier.cases.iter().cloned());
        if let (Some(lines), Some(known)) = (&mut lines_run, &earlier.lines_run) {
            lines.extend(known);
        }
        started_at = started_at.min(earlier.started_at.clone());
    }
    for tier in tiers {
        let running = Running {
            dataset: Arc::clone(dataset),
            target: target.clone(),
            base: base.map(|(_, base)| base.clone()),
            has_coverage: options.has_coverage,
            reruns: options.reruns,
            concurrency: options.concurrency.max(1),
            // What was measured earlier cannot be compared side by side.
            cache: options.cache.clone().filter(|_| base.is_none()),
            stop_at: Instant::now() + budgets.wall_max(tier) * OVERRUN_MAX,
            stop: options.stop.clone(),
        };
        let run = running.tier(tier, options).await;
        runs.insert(tier, run.tier);
        cases.extend(run.measured);
        if let Some(lines) = &mut lines_run {
            lines.extend(&run.lines);
        }
    }
    let mut partial = Partial {
        shard: options.shard,
        tested: options.tested.clone(),
        base: base_name.map(str::to_owned),
        dataset: dataset.digest.to_string(),
        tools: dataset.tools,
        tiers: runs,
        cases,
        lines_run,
        lines: options.lines.clone(),
        change_lines: options.change_lines,
        is_first_version: options.is_first_version,
        environment: options.environment.clone(),
        trace_id: options.trace_id.clone(),
        started_at,
        ended_at: Timestamp::now().to_string(),
    };
    partial.sort();
    partial
}

/// What the tasks of a tier share.
#[derive(Clone)]
struct Running {
    dataset: Arc<Dataset>,
    target: Target,
    base: Option<Target>,
    has_coverage: bool,
    reruns: u32,
    concurrency: usize,
    cache: Option<Arc<Cache>>,
    stop_at: Instant,
    stop: CancellationToken,
}

#[derive(Default)]
struct TierMeasured {
    tier: TierRun,
    measured: Vec<Measured>,
    lines: Lines,
}

struct UnitDone {
    run: UnitRun,
    /// How long the version took to answer its cases, whenever that was.
    own_ms: f64,
}

impl Running {
    async fn tier(&self, tier: Tier, options: &RunOptions) -> TierMeasured {
        let units = Unit::of(&self.dataset, tier, options.shard);
        let mut own_ms = vec![0.0; units.len()];
        let mut units = units.into_iter().enumerate();
        let mut done = TierMeasured::default();
        let mut tasks: JoinSet<(usize, UnitDone)> = JoinSet::new();
        loop {
            while tasks.len() < self.concurrency
                && let Some((place, unit)) = units.next()
            {
                let running = self.clone();
                tasks.spawn(async move { (place, running.unit(&unit).await) });
            }
            let Some(unit) = tasks.join_next().await else {
                break;
            };
            let (place, unit) =
                unit.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
            own_ms[place] = unit.own_ms;
            if let Some(progress) = &options.progress {
                for measured in &unit.run.measured {
                    progress(measured);
                }
            }
            done.measured.extend(unit.run.measured);
            if let Some(lines) = &unit.run.lines {
                done.lines.extend(lines);
            }
        }
        done.tier.wall_ms = wall_ms(&own_ms, self.concurrency);
        done
    }

    async fn unit(&self, unit: &Unit) -> UnitDone {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => UnitDone::unbegun(unit, "not run: it was interrupted"),
            done = self.undisturbed(unit) => done,
        }
    }

    async fn undisturbed(&self, unit: &Unit) -> UnitDone {
        if Instant::now() >= self.stop_at {
            return UnitDone::unbegun(
                unit,
                "not run: the tier had taken several times as long as it may",
            );
        }
        let key = unit.key(&self.dataset, self.concurrency);
        if let Some(run) = self.remembered(unit, &key) {
            return run;
        }
        let Some(base) = &self.base else {
            let done = self.own(unit).await;
            self.remember(unit, &key, &done);
            return done;
        };
        let base = self.plan(base);
        if unit.asks_base_first() {
            let runs = base.run_base(unit).await;
            let mut done = self.own(unit).await;
            done.take_base(runs);
            done
        } else {
            let mut done = self.own(unit).await;
            done.take_base(base.run_base(unit).await);
            done
        }
    }

    async fn own(&self, unit: &Unit) -> UnitDone {
        let plan = self.plan(&self.target);
        let began = Instant::now();
        let mut run = plan.run(unit).await;
        let own_ms = rounded(began.elapsed().as_secs_f64() * 1e3);
        if self.has_coverage {
            run.lines = Some(plan.lines(unit).await);
        }
        UnitDone { run, own_ms }
    }

    fn plan<'a>(&'a self, target: &'a Target) -> Plan<'a> {
        Plan {
            target,
            snapshots: &self.dataset.snapshots,
            reruns: self.reruns,
        }
    }

    fn remembered(&self, unit: &Unit, key: &model::Digest) -> Option<UnitDone> {
        let known = self.cache.as_ref()?.find(key)?;
        let is_enough = known.lines.is_some() || !self.has_coverage;
        if known.cases.len() != unit.cases.len() || !is_enough {
            return None;
        }
        let cases = unit.cases.iter().zip(known.cases);
        let measured = cases.map(|(case, passed)| of_cache(case, passed));
        Some(UnitDone {
            run: UnitRun {
                measured: measured.collect(),
                lines: known.lines,
            },
            own_ms: known.own_ms,
        })
    }

    /// Only what passed without fail, by tools that look at nothing that changes.
    fn remember(&self, unit: &Unit, key: &model::Digest, done: &UnitDone) {
        let Some(cache) = &self.cache else { return };
        let run = &done.run;
        let is_passed = |it: &Measured| it.result.verdict == CaseVerdict::Pass;
        if !unit.is_repeatable(&self.target) || !run.measured.iter().all(is_passed) {
            return;
        }
        let passed = run.measured.iter().map(|it| Passed {
            ms: it.result.ms,
            score: it.result.score,
            calls: it.calls,
            cost_usd: it.cost_usd,
        });
        let remembered = Remembered {
            cases: passed.collect(),
            own_ms: done.own_ms,
            lines: run.lines.clone(),
        };
        cache.add(key, remembered);
    }
}

impl UnitDone {
    fn take_base(&mut self, runs: Vec<Option<crate::BaseRun>>) {
        for (measured, run) in self.run.measured.iter_mut().zip(runs) {
            measured.base = run;
        }
    }

    fn unbegun(unit: &Unit, why: &str) -> Self {
        let measured = unit.cases.iter().map(|case| Measured {
            result: result_of(case, CaseVerdict::Fail, 0.0, 0.0, Some(why.to_owned())),
            ..blank(case)
        });
        Self {
            run: UnitRun {
                measured: measured.collect(),
                lines: None,
            },
            own_ms: 0.0,
        }
    }
}

/// How long a tier takes whose units take so long, begun in this order, so many at once. What a
/// clock said would count the base and looking at lines too, which are not the tier's fault, and
/// leave out what was measured earlier and is remembered.
fn wall_ms(own_ms: &[f64], concurrency: usize) -> f64 {
    let mut busy_until = vec![0.0_f64; concurrency.clamp(1, own_ms.len().max(1))];
    for own in own_ms {
        if let Some(next) = busy_until.iter_mut().min_by(|a, b| a.total_cmp(b)) {
            *next += own;
        }
    }
    rounded(busy_until.into_iter().fold(0.0, f64::max))
}

fn of_cache(case: &Case, passed: Passed) -> Measured {
    Measured {
        result: result_of(case, CaseVerdict::Pass, passed.score, passed.ms, None),
        calls: passed.calls,
        cost_usd: passed.cost_usd,
        is_cached: true,
        ..blank(case)
    }
}

fn blank(case: &Case) -> Measured {
    Measured {
        result: result_of(case, CaseVerdict::Skipped, 0.0, 0.0, None),
        weight: case.weight,
        calls: 0,
        calls_failed: 0,
        cost_usd: None,
        base: None,
        is_cached: false,
        got: None,
    }
}

fn result_of(
    case: &Case,
    verdict: CaseVerdict,
    score: f64,
    ms: f64,
    error: Option<String>,
) -> CaseResult {
    CaseResult {
        id: case.id.clone(),
        tier: case.tier,
        file: case.file.to_string(),
        line: case.line,
        tool: case.tool.clone(),
        verdict,
        score,
        ms,
        diff: None,
        error,
        tags: case.tags.clone(),
    }
}
