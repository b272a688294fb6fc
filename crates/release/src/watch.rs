//! Watching what became active until it is known to be good, or has to go.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use model::{Context, LineageName, Seq, event::AgentRole};
use semver::Version;
use state::{Author, Clock, OnTrial, StateError, StateManager, Watched};

use crate::{
    Breach, Judge, Order, Provenance, ReleaseError, Releaser, Verdict, decision::Decision,
};

/// Who it is in the ledger, and whose decisions its subject tells.
const AGENT: &str = "watch";

/// Between two judgements of a version.
const JUDGE_MS: u64 = 1_000;

/// The Runners that serve at this moment.
#[async_trait]
pub trait Runners: Send + Sync {
    /// Has each of them told that it serves what `lineage` serves since the event `change`?
    async fn have_taken_up(&self, lineage: &LineageName, change: Seq) -> Result<bool, String>;
}

/// Looks after what the lineages serve. What it waits for is in the journal alone, so that another
/// process goes on where one stopped.
pub struct Watch {
    pub manager: StateManager,
    pub runners: Arc<dyn Runners>,
    /// How long a version is watched.
    pub window: Duration,
    pub clock: Clock,
    /// Where there is none, nothing is judged and nothing goes back by itself.
    pub guard: Option<Guard>,
}

/// What takes back a version that does badly.
pub struct Guard {
    releaser: Releaser,
    judge: Arc<dyn Judge>,
    /// When each version that is looked after was judged last.
    judged: Mutex<HashMap<(LineageName, Version), Timestamp>>,
}

impl Guard {
    pub fn new(releaser: Releaser, judge: Arc<dyn Judge>) -> Self {
        Self {
            releaser,
            judge,
            judged: Mutex::default(),
        }
    }
}

/// What came of a look.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// What serves is known to be good.
    Nothing,
    /// It is not yet.
    Watched(Watched),
    /// It is from now on.
    Good(Version),
    /// It did badly, and what is known to be good is back as another version.
    RolledBack { bad: Version, to: Version },
    /// It is on trial, and does not do badly.
    OnTrial(OnTrial),
    /// It stood its trial, and is active.
    Activated(Version),
    /// It does badly, but what would take its place is no different, or something else did.
    Failing { version: Version, breach: Breach },
}

/// Why a look came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("it is not known which Runners have taken {version} up: {reason}")]
    Runners { version: Version, reason: String },
    #[error("{version} could not be judged: {reason}")]
    Unjudged { version: Version, reason: String },
    #[error("{version} does badly, and was not taken back")]
    Stays {
        version: Version,
        #[source]
        source: Box<ReleaseError>,
    },
}

/// A version that has to stand for a while, and what takes its place if it does not.
struct Standing {
    version: Version,
    instead: Version,
    since: Seq,
    at: Timestamp,
}

impl Watch {
    /// Makes what `lineage` serves the last known good version if it is due, or goes back to that if
    /// it does badly.
    pub async fn look(&self, lineage: &LineageName) -> Result<Look, WatchError> {
        let Some(watched) = self.manager.find_watched(lineage).await? else {
            return Ok(Look::Nothing);
        };
        let standing = Standing {
            version: watched.version.clone(),
            instead: watched.last_known_good.clone(),
            since: watched.since,
            at: watched.at,
        };
        if let Some(look) = self.judge(lineage, &standing).await? {
            return Ok(look);
        }
        if !self.is_due(lineage, &standing).await? {
            return Ok(Look::Watched(watched));
        }
        let version = &watched.version;
        match self.manager.mark_good(lineage, version, &author()).await {
            Ok(_written) => Ok(Look::Good(watched.version)),
            // Another version took its place just now, and is watched from the next look on.
            Err(StateError::NotServing { .. } | StateError::Withdrawn { .. }) => {
                Ok(Look::Watched(watched))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes what `lineage` has on trial active if it is due, or takes it back if it does badly.
    pub async fn look_at_trial(&self, lineage: &LineageName) -> Result<Look, WatchError> {
        let Some(trial) = self.manager.find_on_trial(lineage).await? else {
            return Ok(Look::Nothing);
        };
        let standing = Standing {
            version: trial.version.clone(),
            instead: trial.stays.clone(),
            since: trial.since,
            at: trial.at,
        };
        if let Some(look) = self.judge(lineage, &standing).await? {
            return Ok(look);
        }
        if !self.is_due(lineage, &standing).await? {
            return Ok(Look::OnTrial(trial));
        }
        let version = &trial.version;
        match self.manager.activate(lineage, version, &author()).await {
            Ok(_written) => Ok(Look::Activated(trial.version)),
            // Another version took its place just now.
            Err(StateError::NotOnTrial { .. }) => Ok(Look::OnTrial(trial)),
            Err(error) => Err(error.into()),
        }
    }

    fn is_over(&self, standing: &Standing) -> bool {
        since(standing.at, (self.clock)()) >= self.window
    }

    /// Has it stood for long enough, wherever it is served?
    async fn is_due(&self, lineage: &LineageName, it: &Standing) -> Result<bool, WatchError> {
        if !self.is_over(it) {
            return Ok(false);
        }
        let taken_up = self.runners.have_taken_up(lineage, it.since).await;
        taken_up.map_err(|reason| WatchError::Runners {
            version: it.version.clone(),
            reason,
        })
    }

    /// What became of it, if it is time to judge it and a budget broke.
    async fn judge(
        &self,
        lineage: &LineageName,
        it: &Standing,
    ) -> Result<Option<Look>, WatchError> {
        let Some(guard) = &self.guard else {
            return Ok(None);
        };
        let now = (self.clock)();
        let key = (lineage.clone(), it.version.clone());
        let judged = lock(&guard.judged).get(&key).copied();
        let rests = |at| since(at, now) < Duration::from_millis(JUDGE_MS);
        if !self.is_over(it) && judged.is_some_and(rests) {
            return Ok(None);
        }
        let verdict = guard.judge.judge(lineage, &it.version, it.at).await;
        let verdict = verdict.map_err(|reason| WatchError::Unjudged {
            version: it.version.clone(),
            reason,
        })?;
        {
            let mut judged = lock(&guard.judged);
            // What nobody looks after any more is forgotten.
            judged.retain(|_, at| since(*at, now) < self.window);
            judged.insert(key, now);
        }
        match verdict {
            Verdict::Fail(breach) => Box::pin(self.take_back(guard, lineage, it, breach)).await,
            Verdict::Pass | Verdict::Inconclusive => Ok(None),
        }
    }

    async fn take_back(
        &self,
        guard: &Guard,
        lineage: &LineageName,
        it: &Standing,
        breach: Breach,
    ) -> Result<Option<Look>, WatchError> {
        let (bad, good) = (&it.version, &it.instead);
        let stays = |source: ReleaseError| WatchError::Stays {
            version: bad.clone(),
            source: Box::new(source),
        };
        let plan = self.manager.plan_rollback(lineage, Some(good.clone()));
        match plan.await {
            Ok(_plan) => {}
            Err(StateError::AlreadyActive { .. }) => {
                let version = bad.clone();
                return Ok(Some(Look::Failing { version, breach }));
            }
            Err(error) => return Err(error.into()),
        }
        let reason = format!("{bad} broke a budget of live traffic: {}", breach.reason);
        let decision = Decision {
            what: "rollback",
            version: bad.clone(),
            rationale: reason.clone(),
            rejected: vec![format!("{bad} serves on, and breaks the budget on")],
            numbers: breach.numbers.clone(),
            context: context(),
            key: format!("watch-{lineage}-{}", it.since).parse().ok(),
        };
        let journal = &*guard.releaser.parts.journal;
        let told = decision.append(journal, AGENT, lineage, (self.clock)());
        told.await.map_err(|error| stays(error.into()))?;
        let order = Order {
            author: Author {
                reason: Some(reason.clone()),
                ..author()
            },
            made_by: crate::Author::Person(AGENT.to_owned()),
            text: reason,
            provenance: Provenance::default(),
        };
        let back = guard.releaser.take_back(lineage, bad, good, &order).await;
        match back {
            Ok(released) => Ok(Some(Look::RolledBack {
                bad: bad.clone(),
                to: released.version,
            })),
            // Another version took its place just now, and is judged for itself.
            Err(ReleaseError::State(StateError::ActiveMoved)) => {
                let version = bad.clone();
                Ok(Some(Look::Failing { version, breach }))
            }
            Err(error) => Err(stays(error)),
        }
    }
}

/// The time from one moment to another. A clock that was set back makes it shorter, never longer.
fn since(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn context() -> Context {
    Context {
        agent: Some(AGENT.parse().expect("a word is a label")),
        ..Context::of(AgentRole::Operator)
    }
}

fn author() -> Author {
    Author {
        context: context(),
        ..Author::default()
    }
}
