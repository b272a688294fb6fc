//! The figures of a lineage, kept up to date with its journal.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use journal::{Journal, Query, ReadError};
use model::{Event, LineageName, Seq};
use semver::Version;

use crate::{
    budget::{Budget, LiveBudgets},
    figures::Figures,
    observation::Observation,
    tally::{Tally, read_all},
    verdict::{Judgement, judge},
    window::Window,
};

/// One window of the calls of one tool, or of all.
type Scope = (Option<String>, u64);

/// Everything that the budgets of a lineage need, counted once for each window that they have.
#[derive(Clone, Debug, PartialEq)]
pub struct Kpis {
    lineage: LineageName,
    budgets: Vec<Budget>,
    windows: BTreeMap<Scope, Window>,
    seen: Seq,
}

/// A budget, what it was held against and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub budget: Budget,
    pub judgement: Judgement,
    pub figures: Figures,
}

impl Kpis {
    pub fn new(lineage: LineageName, budgets: LiveBudgets) -> Self {
        let mut windows = BTreeMap::new();
        for budget in &budgets.list {
            let short = budget.burn.map(|burn| burn.short_window_s);
            for window_s in short.into_iter().chain([budget.window_s]) {
                let scope = (budget.tool.clone(), window_s);
                windows.insert(scope, Window::new(window_s));
            }
        }
        Self {
            lineage,
            budgets: budgets.list,
            windows,
            seen: 0,
        }
    }

    /// The same, and the whole lineage over a window, for which there need be no budget.
    #[must_use]
    pub fn with_window(mut self, window_s: u64) -> Self {
        let scope = (None, window_s);
        let window = || Window::new(window_s);
        self.windows.entry(scope).or_insert_with(window);
        self
    }

    /// Reads what `journal` has and was not read yet, as far back as the longest window reaches:
    /// what is counted depends on the journal and the clock alone, not on when it was read.
    pub async fn catch_up(
        &mut self,
        journal: &dyn Journal,
        now: Timestamp,
    ) -> Result<(), ReadError> {
        let longest_s = self.windows.keys().map(|(_, window_s)| *window_s).max();
        let Some(longest_s) = longest_s else {
            self.seen = journal.newest().await?;
            return Ok(());
        };
        let longest = SignedDuration::from_secs(i64::try_from(longest_s).unwrap_or(i64::MAX));
        let since = now.checked_sub(longest).unwrap_or(Timestamp::MIN);
        let newest = journal.newest().await?;
        let span = Query {
            until: newest,
            since: Some(since),
            ..Query::all()
        };
        let mut after = self.seen;
        read_all(journal, &mut after, &span, |event| self.take(event)).await?;
        self.seen = newest;
        Ok(())
    }

    /// Counts one event, unless it was counted.
    pub fn take(&mut self, event: &Event) {
        if event.seq <= self.seen {
            return;
        }
        self.seen = event.seq;
        let Some(observation) = Observation::of(event) else {
            return;
        };
        if observation.lineage != self.lineage {
            return;
        }
        for ((tool, _), window) in &mut self.windows {
            if tool.is_none() || *tool == observation.tool {
                window.add(event.time, &observation);
            }
        }
    }

    pub fn lineage(&self) -> &LineageName {
        &self.lineage
    }

    /// The newest event that was looked at.
    pub fn seen(&self) -> Seq {
        self.seen
    }

    /// Of a window that a budget or [`Kpis::with_window`] asked for.
    pub fn figures(&self, tool: Option<&str>, window_s: u64, now: Timestamp) -> Option<Figures> {
        let scope = (tool.map(str::to_owned), window_s);
        self.windows.get(&scope).map(|window| window.figures(now))
    }

    /// Each budget as it stands.
    pub fn judge(&self, now: Timestamp) -> Vec<Judged> {
        let judged = self.budgets.iter().map(|budget| {
            let of = |window_s| self.figures(budget.tool.as_deref(), window_s, now);
            let figures = of(budget.window_s).unwrap_or_default();
            let short = budget.burn.and_then(|burn| of(burn.short_window_s));
            Judged {
                judgement: judge(budget, &figures, short.as_ref(), None),
                budget: budget.clone(),
                figures,
            }
        });
        judged.collect()
    }

    /// What one version did since `since`, by itself.
    pub async fn of_version(
        journal: &dyn Journal,
        lineage: &LineageName,
        version: &Version,
        since: Timestamp,
    ) -> Result<Figures, ReadError> {
        Self::of_version_and_tool(journal, lineage, version, None, since, None).await
    }

    /// The same of the calls of one tool, for a budget that has one, and before `until`.
    pub async fn of_version_and_tool(
        journal: &dyn Journal,
        lineage: &LineageName,
        version: &Version,
        tool: Option<&str>,
        since: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Figures, ReadError> {
        let tools = [tool.map(str::to_owned)];
        let tally = Tally::new(lineage.clone(), version.clone(), tools, since);
        let mut tally = tally.until(until);
        tally.catch_up(journal).await?;
        Ok(tally.figures(tool).cloned().unwrap_or_default())
    }
}
