//! Watches what the lineages serve until it is known to be good.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use journal::{Journal, NatsJournal, Order, Query};
use model::{EventType, LineageName, Seq};
use release::{Guard, Look, Runners, Watch, WatchError};
use state::StateManager;
use tokio_util::sync::CancellationToken;

use super::{live::find_runners, lock::Turns, services::chain};
use crate::{failure::Failure, ledger::Ledger};

/// Between two looks.
const LOOK_MS: u64 = 200;

pub(super) struct Watching {
    pub(super) turns: Turns,
    pub(super) data: PathBuf,
    pub(super) ledger: Ledger,
    pub(super) manager: StateManager,
    pub(super) window: Duration,
    pub(super) guard: Option<Guard>,
}

impl Watching {
    /// Watches until `stop`; of several processes one does. A failure is told and tried again: what
    /// is not known to be good stays watched.
    pub(super) async fn run(self, stop: CancellationToken) -> Result<(), Failure> {
        let journal = self.ledger.journal();
        let runners: Arc<dyn Runners> = match self.ledger {
            Ledger::File(_) => Arc::new(ServersHere {
                data: self.data,
                journal: journal.clone(),
            }),
            Ledger::Shared(journal) => Arc::new(ServersAnywhere(journal)),
        };
        let watch = Watch {
            manager: self.manager,
            runners,
            window: self.window,
            clock: Arc::new(Timestamp::now),
            guard: self.guard,
        };
        let look = |stop| look_until(&watch, &*journal, stop);
        self.turns.take("watch", &stop, look).await
    }
}

async fn look_until(
    watch: &Watch,
    journal: &dyn Journal,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let mut looks = tokio::time::interval(Duration::from_millis(LOOK_MS));
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut looked_at, mut told) = (None, Vec::new());
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            _ = looks.tick() => {}
        }
        // Nothing becomes due while nothing is watched and nothing happens.
        let newest = journal.newest().await.ok();
        if newest.is_some() && newest == looked_at {
            continue;
        }
        let looked = look(watch).await;
        looked_at = newest.filter(|_| !looked.is_watching && looked.problems.is_empty());
        if looked.problems != told {
            for problem in &looked.problems {
                tracing::warn!(problem, "what serves could not be looked after");
            }
        }
        told = looked.problems;
    }
}

/// What came of a look at all lineages.
#[derive(Default)]
struct Looked {
    is_watching: bool,
    problems: Vec<String>,
}

async fn look(watch: &Watch) -> Looked {
    let mut looked = Looked::default();
    let lineages = match watch.manager.lineages().await {
        Ok(lineages) => lineages,
        Err(error) => {
            looked.problems.push(chain(&error));
            return looked;
        }
    };
    for lineage in lineages {
        for look in [
            watch.look_at_trial(&lineage).await,
            watch.look(&lineage).await,
        ] {
            looked.take(&lineage, look);
        }
    }
    looked
}

impl Looked {
    fn take(&mut self, lineage: &LineageName, look: Result<Look, WatchError>) {
        match look {
            Ok(Look::Nothing) => {}
            Ok(Look::Watched(_) | Look::OnTrial(_)) => self.is_watching = true,
            Ok(Look::Good(version)) => tracing::info!(%lineage, %version, "known to be good"),
            Ok(Look::Activated(version)) => {
                self.is_watching = true;
                tracing::info!(%lineage, %version, "it stood its trial");
            }
            Ok(Look::RolledBack { bad, to }) => {
                self.is_watching = true;
                tracing::warn!(%lineage, %bad, %to, "what did badly was taken back");
            }
            Ok(Look::Failing { version, breach }) => {
                self.is_watching = true;
                let reason = breach.reason;
                self.problems.push(format!(
                    "`{lineage}`: {version} does badly, and nothing better is known: {reason}"
                ));
            }
            Err(error) => (self.problems).push(format!("`{lineage}`: {}", chain(&error))),
        }
    }
}

/// Those that share a journal.
struct ServersAnywhere(Arc<NatsJournal>);

#[async_trait]
impl Runners for ServersAnywhere {
    async fn have_taken_up(&self, lineage: &LineageName, change: Seq) -> Result<bool, String> {
        Ok(*lineage != LineageName::default() || self.0.have_taken_up(change))
    }
}

/// The servers of one data folder.
struct ServersHere {
    data: PathBuf,
    journal: Arc<dyn Journal>,
}

#[async_trait]
impl Runners for ServersHere {
    /// Aliases lead to `main` alone: what another lineage serves, nobody takes up by himself.
    async fn have_taken_up(&self, lineage: &LineageName, change: Seq) -> Result<bool, String> {
        if *lineage != LineageName::default() {
            return Ok(true);
        }
        let mut waiting = find_runners(&self.data).await.map_err(|it| chain(&it))?;
        let query = Query {
            after: change.saturating_sub(1),
            kinds: vec![EventType::SIGNAL],
            order: Order::NewestFirst,
            limit: Query::LIMIT_MAX,
            ..Query::of(runner::acknowledged(lineage))
        };
        let told = self.journal.read(query).await.map_err(|it| chain(&it))?;
        for event in told {
            let pid = event.data["pid"].as_u64();
            if event.data["up_to"].as_u64() >= Some(change)
                && let Some(pid) = pid.and_then(|pid| u32::try_from(pid).ok())
            {
                waiting.remove(&pid);
            }
        }
        Ok(waiting.is_empty())
    }
}
