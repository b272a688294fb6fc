//! Works on jobs: one at a time of a lineage, those of several lineages side by side.

mod lock;
mod spent;
mod wake;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use journal::{Query, Watch};
use model::{EventType, LineageName};
use state::StateError;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use self::lock::LineageLock;
use crate::{
    architect::{Architect, JobError},
    job::{Entry, Job, JobId, JobLog, LogError, Outcome, Priority, Stage, Verdict},
    work::{Halt, Work},
};

/// Between two looks at what nobody tells of: a lock that another process holds, a window that ends.
const LOOK_MS: u64 = 250;

/// How long a lineage rests on which nothing could be done, the longer the oftener.
const REST_MIN: Duration = Duration::from_millis(200);
const REST_MAX: Duration = Duration::from_secs(30);

/// Lineages that are worked on side by side.
const LINEAGES_MAX: usize = 4;

/// The steps after which there may be something else to do.
const TURNS: [&str; 12] = [
    "received",
    "joined",
    "questions",
    "answers",
    "approval_asked",
    "approved",
    "refused",
    "cancel_asked",
    "paused",
    "resumed",
    "released",
    "ended",
];

/// A job that is worked on.
struct Running {
    job: JobId,
    task: tokio::task::Id,
    stop: CancellationToken,
}

pub(crate) struct Engine {
    architect: Architect,
    watch: Watch,
    /// Jobs that are not over.
    open: BTreeMap<JobId, Job>,
    running: HashMap<LineageName, Running>,
    /// Lineages that nobody here works on until then: another process does, or the last try failed.
    resting: HashMap<LineageName, (Instant, Duration)>,
    tasks: JoinSet<(LineageName, JobId, bool)>,
    wakes: wake::Wakes,
}

impl Engine {
    pub(crate) async fn start(architect: Architect) -> Result<Self, JobError> {
        let journal = architect.journal().clone();
        let after = journal.newest().await?;
        let query = Query {
            kinds: vec![EventType::JOB, EventType::TRIGGER],
            ..Query::all()
        };
        let watch = journal.watch(after, query);
        let mut open = BTreeMap::new();
        for id in architect.ids().await? {
            if let Some(job) = architect.open_job(id).await? {
                open.insert(id, job);
            }
        }
        spent::note(&architect, open.values()).await?;
        let wakes = wake::Wakes::load(&architect, after).await?;
        Ok(Self {
            architect,
            watch,
            open,
            running: HashMap::new(),
            resting: HashMap::new(),
            tasks: JoinSet::new(),
            wakes,
        })
    }

    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), JobError> {
        let mut looks = tokio::time::interval(Duration::from_millis(LOOK_MS));
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tell(self.wakes.ask_missed(&self.architect).await);
        let mut may_read = true;
        loop {
            self.begin_due();
            tokio::select! {
                biased;
                // Whatever is half done goes on where it was when somebody starts again.
                () = stop.cancelled() => return Ok(()),
                Some(ended) = self.tasks.join_next() => {
                    let taken = self.ended(ended).await;
                    tell(taken);
                }
                event = self.watch.next_event(), if may_read => match event {
                    Ok(Some(event)) => {
                        let taken = self.take(&event).await;
                        tell(taken);
                    }
                    Ok(None) => return Ok(()),
                    Err(error) => {
                        // At the next look, not at once.
                        may_read = false;
                        tell(Err(error.into()));
                    }
                },
                _ = looks.tick() => {
                    may_read = true;
                    self.look_at_watched().await;
                }
            }
        }
    }

    async fn take(&mut self, event: &model::Event) -> Result<(), JobError> {
        if event.kind == EventType::TRIGGER {
            return self.wakes.take(&self.architect, event).await;
        }
        let is_turn = (event.data["step"].as_str()).is_some_and(|step| TURNS.contains(&step));
        let Some(id) = JobId::of(&event.subject).filter(|_| is_turn) else {
            return Ok(());
        };
        match self.architect.open_job(id).await? {
            Some(job) => {
                let is_off = job.cancelled_by.is_some();
                let running = self.running.values().find(|running| running.job == id);
                if let Some(running) = running.filter(|_| is_off) {
                    running.stop.cancel();
                }
                self.open.insert(id, job);
            }
            None => {
                self.open.remove(&id);
            }
        }
        Ok(())
    }

    /// Begins the next job of each lineage that rests.
    fn begin_due(&mut self) {
        let mut due: Vec<&Job> = self.open.values().filter(|job| job.is_due()).collect();
        due.sort_by_key(|job| (job.ask.priority, job.id));
        for job in due {
            let (id, lineage) = (job.id, job.lineage());
            let is_free = !self.running.contains_key(lineage) && !self.is_resting(lineage);
            if !is_free || self.running.len() >= LINEAGES_MAX {
                continue;
            }
            let (lineage, stop) = (lineage.clone(), CancellationToken::new());
            let (architect, of, token) = (self.architect.clone(), lineage.clone(), stop.clone());
            let task = self.tasks.spawn(async move {
                let may_go_on = work_on(&architect, &of, id, token).await;
                (of, id, may_go_on)
            });
            let running = Running {
                job: id,
                task: task.id(),
                stop,
            };
            self.running.insert(lineage, running);
        }
    }

    fn is_resting(&self, lineage: &LineageName) -> bool {
        let until = self.resting.get(lineage);
        until.is_some_and(|(until, _)| Instant::now() < *until)
    }

    /// How a job stands when nobody works on it any more is read anew: what was said to it meanwhile
    /// may have come while it still was.
    async fn ended(
        &mut self,
        ended: Result<(LineageName, JobId, bool), tokio::task::JoinError>,
    ) -> Result<(), JobError> {
        let id = match ended {
            Ok((lineage, id, may_go_on)) => {
                self.running.remove(&lineage);
                if may_go_on {
                    self.resting.remove(&lineage);
                } else {
                    let before = self
                        .resting
                        .get(&lineage)
                        .map_or(Duration::ZERO, |(_, rest)| *rest);
                    let rest = (before * 2).clamp(REST_MIN, REST_MAX);
                    self.resting.insert(lineage, (Instant::now() + rest, rest));
                }
                id
            }
            Err(panic) => match self.fail_panicked(&panic).await? {
                Some(id) => id,
                None => return Ok(()),
            },
        };
        if let Some(job) = self.architect.open_job(id).await? {
            self.open.insert(id, job)
        } else {
            self.architect.inner.ledger.close(&id.to_string());
            self.open.remove(&id)
        };
        Ok(())
    }

    /// A job that makes its worker panic would do so again: it ends here.
    async fn fail_panicked(
        &mut self,
        panic: &tokio::task::JoinError,
    ) -> Result<Option<JobId>, JobError> {
        let running = self.running.iter().find(|(_, it)| it.task == panic.id());
        let Some((lineage, id)) = running.map(|(lineage, it)| (lineage.clone(), it.job)) else {
            return Ok(None);
        };
        tracing::error!(job = %id, error = %panic, "work on a job ended unexpectedly");
        self.running.remove(&lineage);
        let outcome = Outcome {
            stage: Stage::Failed,
            verdict: Verdict::Rejected,
            version: None,
            commit: None,
            notes: "it failed unexpectedly, and nothing was changed; the log says where".to_owned(),
        };
        let log = JobLog::open(self.architect.journal(), id).await?;
        let ended = Entry::Ended(outcome);
        log.append(ended, None, self.architect.now()).await?;
        Ok(Some(id))
    }

    /// What was released is done when it is known to be good, and rolled back when it went.
    async fn look_at_watched(&mut self) {
        let watched = self
            .open
            .values()
            .filter(|job| job.stage == Stage::Watching);
        let watched: Vec<Job> = watched.cloned().collect();
        for job in watched {
            if let Err(error) = self.look_at(&job).await {
                tracing::warn!(
                    job = %job.id,
                    error = &error as &dyn std::error::Error,
                    "what became of a version is not known"
                );
            }
        }
    }

    async fn look_at(&mut self, job: &Job) -> Result<(), LookError> {
        let Some(released) = &job.released else {
            return Ok(());
        };
        let lineage = released.lineage.as_ref().unwrap_or(job.lineage());
        let root = self.architect.inner.parts.manager.root(lineage).await?;
        let stage = if root.withdrawn.contains(&released.version) {
            Stage::RolledBack
        } else if root.last_known_good >= released.version {
            Stage::Done
        } else {
            return Ok(());
        };
        let outcome = Outcome {
            stage,
            verdict: released.verdict,
            version: Some(released.version.clone()),
            commit: released.commit.clone(),
            notes: match stage {
                Stage::RolledBack => {
                    format!("{}; it did badly in use and was taken back", released.notes)
                }
                _ => released.notes.clone(),
            },
        };
        let log = JobLog::open(self.architect.journal(), job.id).await?;
        let now = self.architect.now();
        let entry = Entry::Ended(outcome);
        let _was_first = log
            .append_if(entry, now, |job| match job.stage {
                Stage::Watching => Ok(()),
                _ => Err(()),
            })
            .await?;
        self.open.remove(&job.id);
        Ok(())
    }
}

/// What could not be read or written now is come back to.
fn tell(done: Result<(), JobError>) {
    if let Err(error) = done {
        let cause: &dyn std::error::Error = &error;
        tracing::warn!(error = cause, "the work on jobs is held up");
    }
}

#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Works on a job until it is done or waits. May the lineage be worked on again at once?
async fn work_on(
    architect: &Architect,
    lineage: &LineageName,
    id: JobId,
    stop: CancellationToken,
) -> bool {
    let _lock = match LineageLock::try_take(&architect.inner.parts.turns, lineage) {
        Ok(Some(lock)) => lock,
        Ok(None) => return false,
        Err(error) => {
            tracing::error!(%lineage, error = &error as &dyn std::error::Error, "no job is worked on");
            return false;
        }
    };
    // What it was when it was begun may be over by now: another process may have had the lineage.
    match architect.open_job(id).await {
        Ok(Some(job)) if job.is_due() => {}
        Ok(_) => return true,
        Err(error) => {
            tracing::error!(job = %id, error = &error as &dyn std::error::Error, "the job cannot be read");
            return false;
        }
    }
    let work = match Work::take(architect, id, stop).await {
        Ok(work) => std::sync::Arc::new(work),
        Err(error) => {
            tracing::error!(job = %id, error = &error as &dyn std::error::Error, "the job cannot be read");
            return false;
        }
    };
    let span = tracing::info_span!("job", job = %id, %lineage);
    if let Some(traceparent) = &work.job.ask.traceparent {
        (architect.inner.parts.adopt_trace)(&span, traceparent);
    }
    let halt = match Box::pin(work.run().instrument(span)).await {
        Ok(()) => return true,
        Err(Halt::NotYet) => return false,
        Err(halt) => halt,
    };
    match settle(&work, halt).await {
        Ok(may_go_on) => may_go_on,
        Err(error) => {
            tracing::error!(job = %id, error = &error as &dyn std::error::Error, "the job rests where it is");
            false
        }
    }
}

/// Writes why a job does not go on. May the lineage be worked on again at once?
async fn settle(work: &Work, halt: Halt) -> Result<bool, LogError> {
    let (stage, notes) = match halt {
        // It is written already.
        Halt::Waits | Halt::Elsewhere | Halt::NotYet => return Ok(true),
        Halt::Rejected(reason) | Halt::Again(reason) => {
            work.learn(&reason).await;
            (Stage::Rejected, reason)
        }
        Halt::Cancelled => {
            let by = work.log.look().await?.cancelled_by.unwrap_or_default();
            (
                Stage::Cancelled,
                format!("called off by {by}; nothing was changed"),
            )
        }
        Halt::Failed(reason) => {
            tracing::error!(job = %work.id, reason, "a job failed");
            let notes = format!("it failed, and nothing was changed: {reason}");
            (Stage::Failed, notes)
        }
        Halt::Rests(reason) => {
            tracing::error!(job = %work.id, reason, "a job rests where it is");
            return Ok(false);
        }
        // What was lost does not come back.
        Halt::Log(error @ (LogError::Unreadable { .. } | LogError::Lost(_))) => {
            (Stage::Failed, error.to_string())
        }
        Halt::Log(error) => return Err(error),
    };
    let outcome = Outcome {
        stage,
        verdict: Verdict::Rejected,
        version: None,
        commit: None,
        notes,
    };
    work.end(outcome).await?;
    Ok(true)
}

/// A job that nobody asked for waits behind those that somebody waits for.
pub(crate) const WOKEN: Priority = Priority::Woken;
