//! Works on jobs: one at a time of a lineage, those of several lineages side by side.

mod lock;
mod spent;
mod wake;
mod watched;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use journal::{Query, Watch};
use model::{EventType, LineageName};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use self::lock::LineageLock;
use crate::{
    architect::{Architect, JobError},
    job::{Entry, Job, JobId, JobLog, LogError, Outcome, Priority, Stage, Verdict},
    precedence::{Decision, Hub, Orders, decide},
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
    /// What was worked on last and is not done, though nobody has to say anything.
    in_hand: HashMap<LineageName, JobId>,
    /// Does the journal answer? It is where orders come from.
    hub: Hub,
    tasks: JoinSet<(LineageName, JobId, Left)>,
    wakes: wake::Wakes,
}

/// How a job was left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// The lineage may be worked on again at once.
    Free,
    /// Nothing can be done about it now.
    Resting,
    /// The circuit says when somebody is asked again.
    Unanswered,
    /// Nor is it known how it stands.
    CutOff,
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
            in_hand: HashMap::new(),
            hub: Hub::Reached,
            tasks: JoinSet::new(),
            wakes,
        })
    }

    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), JobError> {
        let mut looks = tokio::time::interval(Duration::from_millis(LOOK_MS));
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let asked = self.wakes.ask_missed(&self.architect).await;
        self.tell(asked);
        let mut may_read = true;
        loop {
            self.begin_due();
            tokio::select! {
                biased;
                // Whatever is half done goes on where it was when somebody starts again.
                () = stop.cancelled() => return Ok(()),
                Some(ended) = self.tasks.join_next() => {
                    let taken = self.ended(ended).await;
                    self.tell(taken);
                }
                event = self.watch.next_event(), if may_read => match event {
                    Ok(Some(event)) => {
                        let taken = self.take(&event).await;
                        self.tell(taken);
                    }
                    Ok(None) => return Ok(()),
                    Err(error) => {
                        // At the next look, not at once.
                        may_read = false;
                        self.tell(Err(error.into()));
                    }
                },
                _ = looks.tick() => {
                    may_read = true;
                    self.look_for_hub().await;
                    self.look_at_watched().await;
                    let resumed = self.resume_paused().await;
                    self.tell(resumed);
                }
            }
        }
    }

    /// What could not be read or written now is come back to.
    fn tell(&mut self, done: Result<(), JobError>) {
        if let Err(error) = done {
            self.hub = Hub::CutOff;
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(error = cause, "the work on jobs is held up");
        }
    }

    async fn look_for_hub(&mut self) {
        if self.hub == Hub::CutOff && self.architect.journal().newest().await.is_ok() {
            self.hub = Hub::Reached;
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

    /// Begins the next job of each lineage on which nobody works.
    fn begin_due(&mut self) {
        let mut due: Vec<&Job> = self.open.values().filter(|job| job.is_due()).collect();
        due.sort_by_key(|job| (job.ask.priority, job.id));
        let due: Vec<(JobId, LineageName)> = (due.into_iter())
            .map(|job| (job.id, job.lineage().clone()))
            .collect();
        for (id, lineage) in due {
            let is_free = !self.running.contains_key(&lineage) && !self.is_resting(&lineage);
            if !is_free || self.running.len() >= LINEAGES_MAX {
                continue;
            }
            let is_in_hand = self.in_hand.get(&lineage) == Some(&id);
            let orders = Orders {
                newest: Some(id),
                in_hand: is_in_hand.then_some(id),
                hub: self.hub,
            };
            let decision = decide(
                orders,
                |id| self.open_until(*id),
                |_id| self.claim(&lineage),
            );
            match decision {
                Decision::Follow(id, lock) => self.begin(id, lineage, lock),
                Decision::Yield(Elsewhere) => self.rest(lineage),
                // It is looked at again soon; what needs no provider may come before it.
                Decision::Rest(_) | Decision::Idle => {}
            }
        }
    }

    /// Until when a job rests for its provider's sake.
    fn open_until(&self, id: JobId) -> Option<Instant> {
        let job = self
            .open
            .get(&id)
            .filter(|job| job.stage.needs_provider())?;
        let is_asked = job.cancelled_by.is_none() && job.refusal.is_none();
        let open_until = self.architect.inner.circuit.open_until(Instant::now());
        open_until.filter(|_| is_asked)
    }

    fn claim(&self, lineage: &LineageName) -> Result<LineageLock, Elsewhere> {
        match LineageLock::try_take(&self.architect.inner.parts.turns, lineage) {
            Ok(lock) => lock.ok_or(Elsewhere),
            Err(error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::error!(%lineage, error = cause, "no job is worked on");
                Err(Elsewhere)
            }
        }
    }

    fn begin(&mut self, id: JobId, lineage: LineageName, lock: LineageLock) {
        let stop = CancellationToken::new();
        let (architect, of, token) = (self.architect.clone(), lineage.clone(), stop.clone());
        let task = self.tasks.spawn(async move {
            let left = work_on(&architect, &of, id, token).await;
            drop(lock);
            (of, id, left)
        });
        let running = Running {
            job: id,
            task: task.id(),
            stop,
        };
        self.running.insert(lineage, running);
    }

    fn rest(&mut self, lineage: LineageName) {
        let before = self.resting.get(&lineage);
        let before = before.map_or(Duration::ZERO, |(_, rest)| *rest);
        let rest = (before * 2).clamp(REST_MIN, REST_MAX);
        self.resting.insert(lineage, (Instant::now() + rest, rest));
    }

    fn is_resting(&self, lineage: &LineageName) -> bool {
        let until = self.resting.get(lineage);
        until.is_some_and(|(until, _)| Instant::now() < *until)
    }

    /// How a job stands when nobody works on it any more is read anew: what was said to it meanwhile
    /// may have come while it still was.
    async fn ended(
        &mut self,
        ended: Result<(LineageName, JobId, Left), tokio::task::JoinError>,
    ) -> Result<(), JobError> {
        let id = match ended {
            Ok((lineage, id, left)) => {
                self.running.remove(&lineage);
                self.leave(lineage, id, left);
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

    fn leave(&mut self, lineage: LineageName, id: JobId, left: Left) {
        match left {
            Left::Free => {
                self.resting.remove(&lineage);
                self.in_hand.remove(&lineage);
                return;
            }
            Left::Resting => self.rest(lineage.clone()),
            Left::Unanswered => {
                let until = Instant::now() + REST_MIN;
                self.resting.insert(lineage.clone(), (until, REST_MIN));
            }
            Left::CutOff => {
                self.hub = Hub::CutOff;
                self.rest(lineage.clone());
            }
        }
        self.in_hand.insert(lineage, id);
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

    /// What waited for a new day's budget goes on.
    async fn resume_paused(&mut self) -> Result<(), JobError> {
        let now = self.architect.now();
        let is_over = |job: &&Job| job.paused_until.is_some_and(|until| until <= now);
        let over: Vec<JobId> = self
            .open
            .values()
            .filter(is_over)
            .map(|job| job.id)
            .collect();
        for id in over {
            let job = match self.architect.resume(id).await {
                Ok(job) => Some(job),
                // Somebody else let it go on, or ended it.
                Err(JobError::NotNow { .. }) => self.architect.open_job(id).await?,
                Err(error) => return Err(error),
            };
            match job {
                Some(job) => self.open.insert(id, job),
                None => self.open.remove(&id),
            };
        }
        Ok(())
    }
}

/// Another process works on the lineage, or nobody can tell.
struct Elsewhere;

/// Works on a job until it is done or waits.
async fn work_on(
    architect: &Architect,
    lineage: &LineageName,
    id: JobId,
    stop: CancellationToken,
) -> Left {
    // What it was when it was begun may be over by now: another process may have had the lineage.
    match architect.open_job(id).await {
        Ok(Some(job)) if job.is_due() => {}
        Ok(_) => return Left::Free,
        Err(error) => return cut_off(id, &error),
    }
    let work = match Work::take(architect, id, stop).await {
        Ok(work) => std::sync::Arc::new(work),
        Err(error) => return cut_off(id, &error),
    };
    let span = tracing::info_span!("job", job = %id, %lineage);
    if let Some(traceparent) = &work.job.ask.traceparent {
        (architect.inner.parts.adopt_trace)(&span, traceparent);
    }
    let halt = match Box::pin(work.run().instrument(span)).await {
        Ok(()) => return Left::Free,
        Err(Halt::NotYet) => return Left::Resting,
        Err(halt) => halt,
    };
    settle(&work, halt)
        .await
        .unwrap_or_else(|error| cut_off(id, &error))
}

/// It goes on from what is written when the journal answers again.
fn cut_off(id: JobId, error: &(dyn std::error::Error + 'static)) -> Left {
    tracing::error!(job = %id, error, "the job rests where it is: the journal does not do its part");
    Left::CutOff
}

/// Writes why a job does not go on.
async fn settle(work: &Work, halt: Halt) -> Result<Left, LogError> {
    let (stage, notes) = match halt {
        // It is written already.
        Halt::Waits | Halt::Elsewhere | Halt::NotYet => return Ok(Left::Free),
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
            return Ok(Left::Resting);
        }
        Halt::Unanswered(reason) => {
            tracing::warn!(job = %work.id, reason, "a job waits for an answer");
            return Ok(Left::Unanswered);
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
    Ok(Left::Free)
}

/// A job that nobody asked for waits behind those that somebody waits for.
pub(crate) const WOKEN: Priority = Priority::Woken;
