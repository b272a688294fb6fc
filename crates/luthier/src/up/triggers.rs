//! Counts live traffic, holds it against the budgets of what serves, and wakes the Architect.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use journal::{Journal, Query, Watch};
use model::{Digest, Event, EventType, LineageName, Seq};
use semver::Version;
use state::{Root, StateError, StateManager};
use tokio::{task::spawn_blocking, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use triggers::{Episodes, Kpis, LiveBudgets, Observation, Told};

use super::{lock::Turns, services::chain};
use crate::{exit::Exit, failure::Failure, live};

/// Between two judgements. A window may pass, and a breach with it, while nothing is written.
const JUDGE_MS: u64 = 500;

pub(super) struct Triggers {
    pub(super) turns: Turns,
    pub(super) data: PathBuf,
    pub(super) workspace: PathBuf,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) manager: StateManager,
}

/// A lineage that is looked after.
struct Lineage {
    serves: Serves,
    kpis: Kpis,
    episodes: Episodes,
}

/// Reads that failed since the last look. The same ones are told once.
#[derive(Default)]
struct Problems {
    found: Vec<String>,
    told: Vec<String>,
}

impl Problems {
    fn tell(&mut self) {
        let found = std::mem::take(&mut self.found);
        if found != self.told {
            for problem in &found {
                tracing::warn!(problem, "live traffic could not be counted");
            }
        }
        self.told = found;
    }
}

/// What decides which budgets hold.
type Serves = (Version, Option<Digest>);

fn serves(root: &Root) -> Serves {
    let code = root.code.as_ref().map(|code| code.hash);
    (root.serving_version().clone(), code)
}

impl Triggers {
    /// Judges until `stop`; of several processes one does.
    pub(super) async fn run(self, stop: CancellationToken) -> Result<(), Failure> {
        let follow = async |stop: CancellationToken| {
            let _followed = stop.run_until_cancelled(self.follow()).await;
            Ok(())
        };
        self.turns.take("triggers", &stop, follow).await
    }

    /// Ends with the journal alone. A read that fails is told and tried again at the next look.
    async fn follow(&self) {
        let (mut lineages, mut problems) = (BTreeMap::new(), Problems::default());
        let mut looks = tokio::time::interval(Duration::from_millis(JUDGE_MS));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut watch, mut moved) = loop {
            looks.tick().await;
            match self.begin().await {
                Ok(begun) => break begun,
                Err(failure) => problems.found.push(chain(&failure)),
            }
            problems.tell();
        };
        let mut may_read = true;
        loop {
            tokio::select! {
                biased;
                _ = looks.tick() => {
                    may_read = true;
                    for lineage in std::mem::take(&mut moved) {
                        if let Err(failure) = self.take_up(&mut lineages, &lineage).await {
                            problems.found.push(format!("`{lineage}`: {}", chain(&failure)));
                            moved.insert(lineage);
                        }
                    }
                    self.judge(&mut lineages).await;
                    problems.tell();
                }
                event = watch.next_event(), if may_read => match event {
                    Ok(Some(event)) => {
                        moved.extend(event.subject.as_lineage());
                        count(&mut lineages, &event);
                    }
                    Ok(None) => return,
                    Err(error) => {
                        may_read = false;
                        problems.found.push(chain(&error));
                    }
                },
            }
        }
    }

    /// What is watched from here on, and the lineages that there are: what is committed since is
    /// either read by a lineage that begins or watched.
    async fn begin(&self) -> Result<(Watch, BTreeSet<LineageName>), Failure> {
        let watch = self.watch(self.journal.newest().await?);
        Ok((watch, self.manager.lineages().await?.into_iter().collect()))
    }

    fn watch(&self, after: Seq) -> Watch {
        let mut kinds = Observation::KINDS.to_vec();
        kinds.push(EventType::RELEASE);
        let query = Query {
            kinds,
            ..Query::all()
        };
        self.journal.clone().watch(after, query)
    }

    /// Begins to look after a lineage, or begins anew when it serves something else.
    async fn take_up(
        &self,
        lineages: &mut BTreeMap<LineageName, Lineage>,
        name: &LineageName,
    ) -> Result<(), Failure> {
        let root = match self.manager.root(name).await {
            Ok(root) if !root.is_closed => root,
            Ok(_) | Err(StateError::NoLineage { .. }) => {
                lineages.remove(name);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let serves = serves(&root);
        if lineages.get(name).is_some_and(|it| it.serves == serves) {
            return Ok(());
        }
        let budgets = self.budgets(name, root).await?;
        let mut kpis = Kpis::new(name.clone(), budgets);
        kpis.catch_up(&*self.journal, Timestamp::now()).await?;
        let episodes = Episodes::load(&*self.journal, name.clone()).await?;
        let lineage = Lineage {
            serves,
            kpis,
            episodes,
        };
        lineages.insert(name.clone(), lineage);
        Ok(())
    }

    /// Budgets that cannot be read are none: the tools are served all the same.
    async fn budgets(&self, name: &LineageName, root: Root) -> Result<LiveBudgets, Failure> {
        let (data, workspace) = (self.data.clone(), self.workspace.clone());
        let lineage = name.clone();
        let read = move || live::budgets(&data, Some(&workspace), &lineage, &root);
        let read = spawn_blocking(read).await;
        let read = read.map_err(|panic| Failure::new("internal", Exit::Internal, panic))?;
        Ok(read.unwrap_or_else(|failure| {
            let reason = chain(&failure);
            tracing::warn!(lineage = %name, reason, "live traffic is held against no budget");
            LiveBudgets::default()
        }))
    }

    /// What could not be written now is written at the next look: the breach is there still, or
    /// it is over.
    async fn judge(&self, lineages: &mut BTreeMap<LineageName, Lineage>) {
        let now = Timestamp::now();
        for (name, lineage) in lineages {
            for judged in lineage.kpis.judge(now) {
                let budget = &judged.budget.name;
                match lineage.episodes.tell(&*self.journal, &judged, now).await {
                    Ok(None) => {}
                    Ok(Some(Told::Woken(_))) => tracing::warn!(
                        lineage = %name,
                        budget,
                        kpi = %judged.budget.kpi,
                        value = judged.judgement.value,
                        limit = judged.budget.bound.limit(),
                        "a budget of live traffic is broken"
                    ),
                    Ok(Some(Told::Recovered(_))) => {
                        tracing::info!(lineage = %name, budget, "a budget is kept again");
                    }
                    Err(error) => tracing::error!(
                        lineage = %name,
                        budget,
                        error = &error as &dyn std::error::Error,
                        "what became of a budget was not told"
                    ),
                }
            }
        }
    }
}

fn count(lineages: &mut BTreeMap<LineageName, Lineage>, event: &Event) {
    for lineage in lineages.values_mut() {
        lineage.kpis.take(event);
    }
}
