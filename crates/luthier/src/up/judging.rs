//! What live traffic says of a version that is watched: the budgets that its own commit has.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use journal::Journal;
use model::LineageName;
use release::{Breach, Judge, Verdict};
use semver::Version;
use serde_json::json;
use state::{Root, StateManager};
use tokio::task::spawn_blocking;
use triggers::{Budget, Figures, Kpis, LiveBudgets, Tally, Verdict as Judged, judge};

use super::services::chain;
use crate::live;

/// Versions whose figures are kept. What was forgotten is read again.
const KEPT_MAX: usize = 64;

pub(super) struct LiveJudge {
    pub(super) data: PathBuf,
    pub(super) workspace: PathBuf,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) manager: StateManager,
    /// Those that were judged, newest last.
    pub(super) kept: Mutex<VecDeque<Kept>>,
}

/// What is known of a version that is watched.
pub(super) struct Kept {
    watched: Watched,
    tally: Tally,
    /// What the good one did, over a window of each budget before that.
    before: Vec<Figures>,
}

/// Which version it is, and what it is held against.
#[derive(PartialEq)]
struct Watched {
    lineage: LineageName,
    version: Version,
    since: Timestamp,
    good: Version,
    budgets: Vec<Budget>,
}

#[async_trait]
impl Judge for LiveJudge {
    async fn judge(
        &self,
        lineage: &LineageName,
        version: &Version,
        since: Timestamp,
    ) -> Result<Verdict, String> {
        let mut budgets = self.budgets(lineage, version).await?.list;
        budgets.retain(|budget| budget.rolls_back);
        if budgets.is_empty() {
            return Ok(Verdict::Inconclusive);
        }
        let root = self.manager.root(lineage).await;
        let watched = Watched {
            lineage: lineage.clone(),
            version: version.clone(),
            since,
            good: root.map_err(|error| chain(&error))?.last_known_good,
            budgets,
        };
        let mut kept = match self.take(&watched) {
            Some(kept) => kept,
            None => self.begin(watched).await?,
        };
        let caught_up = kept.tally.catch_up(&*self.journal).await;
        let verdict = kept.verdict();
        self.keep(kept);
        caught_up.map_err(|error| chain(&error))?;
        Ok(verdict)
    }
}

impl Kept {
    fn verdict(&self) -> Verdict {
        let mut verdict = Verdict::Inconclusive;
        for (budget, before) in self.watched.budgets.iter().zip(&self.before) {
            let figures = self.tally.figures(budget.tool.as_deref());
            let figures = figures.expect("it counts for each budget");
            let judged = judge(budget, figures, None, Some(before));
            match judged.verdict {
                Judged::Fail => {
                    return Verdict::Fail(Breach {
                        reason: in_words(budget, judged.value, judged.samples),
                        numbers: json!({
                            "budget": budget.name,
                            "kpi": budget.kpi.name(),
                            budget.bound.word(): budget.bound.limit(),
                            "measured": judged,
                        }),
                    });
                }
                Judged::Pass => verdict = Verdict::Pass,
                Judged::Inconclusive | Judged::Error => {}
            }
        }
        verdict
    }
}

impl LiveJudge {
    async fn budgets(
        &self,
        lineage: &LineageName,
        version: &Version,
    ) -> Result<LiveBudgets, String> {
        let root = self.manager.root_of(lineage, version).await;
        let root = Root {
            // Whatever an alias was held at then.
            pins: BTreeMap::new(),
            ..root.map_err(|error| chain(&error))?
        };
        let (data, workspace) = (self.data.clone(), self.workspace.clone());
        let lineage = lineage.clone();
        let read = move || live::budgets(&data, Some(&workspace), &lineage, &root);
        let read = spawn_blocking(read)
            .await
            .map_err(|panic| panic.to_string())?;
        read.map_err(|failure| chain(&failure))
    }

    /// What was kept of it, unless something else is asked by now.
    fn take(&self, watched: &Watched) -> Option<Kept> {
        let mut kept = self.lock();
        let place = kept.iter().position(|it| it.watched == *watched)?;
        kept.remove(place)
    }

    fn keep(&self, new: Kept) {
        let mut kept = self.lock();
        kept.push_back(new);
        if kept.len() > KEPT_MAX {
            kept.pop_front();
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn begin(&self, watched: Watched) -> Result<Kept, String> {
        let mut before = Vec::new();
        for budget in &watched.budgets {
            before.push(self.before(&watched, budget).await?);
        }
        let Watched {
            lineage, version, ..
        } = &watched;
        let tools = watched.budgets.iter().map(|budget| budget.tool.clone());
        let tally = Tally::new(lineage.clone(), version.clone(), tools, watched.since);
        Ok(Kept {
            watched,
            tally,
            before,
        })
    }

    /// What the last known good version did over a window of the budget before that.
    async fn before(&self, watched: &Watched, budget: &Budget) -> Result<Figures, String> {
        let Watched {
            lineage,
            since,
            good,
            ..
        } = watched;
        let window = SignedDuration::from_secs(i64::try_from(budget.window_s).unwrap_or(i64::MAX));
        let from = since.checked_sub(window).unwrap_or(Timestamp::MIN);
        let (journal, tool) = (&*self.journal, budget.tool.as_deref());
        let until = Some(*since);
        let figures = Kpis::of_version_and_tool(journal, lineage, good, tool, from, until).await;
        figures.map_err(|error| chain(&error))
    }
}

fn in_words(budget: &Budget, value: Option<f64>, samples: u64) -> String {
    let of = match &budget.tool {
        Some(tool) => format!(" of `{tool}`"),
        None => String::new(),
    };
    format!(
        "`{}`: {}{of} is {} over {samples} samples, and its {} is {}",
        budget.name,
        budget.kpi.name(),
        value.unwrap_or(f64::NAN),
        budget.bound.word(),
        budget.bound.limit(),
    )
}
