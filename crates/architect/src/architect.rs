//! The role: what it works with, and what may be asked of it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use atoms::{
    Models, Provider,
    budget::{Budget, Ledger},
};
use jiff::Timestamp;
use journal::{Journal, Query, ReadError};
use model::{EventType, LineageName, event::IdempotencyKey};
use release::Releaser;
use state::{Clock, StateManager};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use crate::{
    attachments::Sources,
    bench::Bench,
    circuit::Circuit,
    cluster,
    engine::Engine,
    estimated::Estimated,
    job::{Approval, Ask, Entry, Job, JobId, JobLog, LogError, Origin, Stage},
    learned::Learned,
    policy::Policy,
    work::ask::JobAsker,
};

/// Keys that begin like this are those of wake-ups.
pub(crate) const WAKE_KEY: &str = "wake-job-";

/// Jobs of a lineage that may wait at a time.
pub const WAITING_MAX: usize = 64;

/// What the role works with.
pub struct Parts {
    pub journal: Arc<dyn Journal>,
    pub manager: StateManager,
    pub releaser: Releaser,
    /// Tries candidates.
    pub bench: Arc<dyn Bench>,
    pub provider: Arc<dyn Provider>,
    /// What it answers by, and what it costs by that name.
    pub models: Models,
    /// Answers that were paid for, for whoever asks the same again.
    pub memory: Option<atoms::ask::Memory>,
    /// How long one answer may take.
    pub answer_time_max: Duration,
    /// Where atoms wait for a client that answers them, if one may.
    pub handoff: Option<atoms::Handoff>,
    /// What attachments name.
    pub sources: Arc<dyn Sources>,
    pub clock: Clock,
    /// A folder for the locks of lineages.
    pub turns: PathBuf,
    /// Sees at once what was released here.
    pub on_released: OnReleased,
    /// Makes the trace of whoever asks the job's.
    pub traceparent: fn() -> Option<String>,
    /// Makes a span a part of that trace.
    pub adopt_trace: fn(&Span, &str),
    /// Live streams that may be open.
    pub streams_max: usize,
    /// Ends them.
    pub cancel: CancellationToken,
}

/// Called after a release.
pub type OnReleased =
    Arc<dyn Fn() -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Turns feedback in words into versions. Cheap to clone.
#[derive(Clone)]
pub struct Architect {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) parts: Parts,
    pub(crate) policy: Policy,
    pub(crate) streams: Arc<Semaphore>,
    /// What all jobs have spent.
    pub(crate) ledger: Ledger,
    pub(crate) asker: JobAsker,
    /// Whether the provider is asked.
    pub(crate) circuit: Circuit,
    pub(crate) lessons: Learned,
    pub(crate) estimated: Estimated,
}

/// Why something is not done with a job. Nothing was changed in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error("there is no job {0}")]
    Unknown(JobId),
    #[error("{waiting} jobs of `{lineage}` wait already")]
    Full {
        lineage: LineageName,
        waiting: usize,
    },
    /// The same key stood for another request.
    #[error("the idempotency key stands for another request, which is job {0}")]
    KeyReused(JobId),
    #[error(
        "an idempotency key that begins with `{WAKE_KEY}` is of the server's own: choose another"
    )]
    KeyReserved,
    #[error("job {id} is {stage}: {what}")]
    NotNow {
        id: JobId,
        stage: Stage,
        what: &'static str,
    },
    #[error("`{name}` is none of the questions of job {id}")]
    NoSuchQuestion { id: JobId, name: String },
    #[error(transparent)]
    Log(LogFailure),
}

/// The journal did not do its part.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct LogFailure(#[from] pub(crate) LogError);

impl LogFailure {
    /// What the journal said, for who sorts its errors.
    pub fn append_error(&self) -> Option<&journal::AppendError> {
        match &self.0 {
            LogError::Write(error) => Some(error),
            _ => None,
        }
    }

    pub fn read_error(&self) -> Option<&ReadError> {
        match &self.0 {
            LogError::Read(error) => Some(error),
            _ => None,
        }
    }
}

impl From<LogError> for JobError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unknown(id) => Self::Unknown(id),
            other => Self::Log(LogFailure(other)),
        }
    }
}

impl From<ReadError> for JobError {
    fn from(error: ReadError) -> Self {
        LogError::from(error).into()
    }
}

impl Architect {
    pub fn new(mut parts: Parts, policy: Policy) -> Self {
        let streams = Arc::new(Semaphore::new(parts.streams_max));
        let budget = Budget {
            per_job_usd: Some(policy.job_usd_max),
            per_day_usd: Some(policy.day_usd_max),
            tokens_per_job: policy.job_tokens_max,
        };
        Self {
            inner: Arc::new(Inner {
                lessons: Learned::load(&parts.turns),
                estimated: Estimated::load(&parts.turns),
                ledger: Ledger::new(budget),
                asker: JobAsker::new(&mut parts, &policy),
                circuit: Circuit::new(policy.failures_max, policy.rest),
                parts,
                policy,
                streams,
            }),
        }
    }

    /// Works on whatever is due until `stop`.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), JobError> {
        Engine::start(self.clone()).await?.run(stop).await
    }

    pub fn handoff(&self) -> Option<&atoms::Handoff> {
        self.inner.parts.handoff.as_ref()
    }

    pub(crate) fn journal(&self) -> &Arc<dyn Journal> {
        &self.inner.parts.journal
    }

    pub(crate) fn traceparent(&self) -> Option<String> {
        (self.inner.parts.traceparent)()
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.inner.parts.clock)()
    }

    /// Keeps a request. Feedback that says what a job which is not done says joins that one.
    pub async fn ask(&self, ask: Ask, key: Option<IdempotencyKey>) -> Result<Job, JobError> {
        if let Some(key) = &key
            && let Some(event) = self.journal().find_key(key).await?
        {
            return self.repeated(&ask, &event).await;
        }
        let is_own = |key: &IdempotencyKey| key.as_str().starts_with(WAKE_KEY);
        if ask.origin == Origin::Chat && key.as_ref().is_some_and(is_own) {
            return Err(JobError::KeyReserved);
        }
        let open = self.open_jobs(&ask.lineage).await?;
        let alike = open.iter().find(|job| cluster::is_alike(&job.ask, &ask));
        if let Some(alike) = alike.filter(|_| key.is_none()) {
            let entry = Entry::Joined {
                message: ask.message.clone(),
                feedback: ask.feedback.clone(),
            };
            let log = JobLog::open(self.journal(), alike.id).await?;
            let joined = log.append_if(entry, self.now(), |job| {
                if job.is_answered() { Err(()) } else { Ok(()) }
            });
            if let Ok(job) = joined.await? {
                return Ok(job);
            }
        }
        let waiting = open.iter().filter(|job| job.released.is_none()).count();
        if waiting >= WAITING_MAX {
            let lineage = ask.lineage.clone();
            return Err(JobError::Full { lineage, waiting });
        }
        let id = JobLog::begin(self.journal(), ask, key, self.now()).await?;
        self.job(id).await
    }

    /// The job that was asked for under the same key before.
    async fn repeated(&self, ask: &Ask, event: &model::Event) -> Result<Job, JobError> {
        let id = JobId::of(&event.subject);
        let job = match id {
            Some(id) => self.job(id).await?,
            None => return Err(JobError::KeyReused(JobId::nil())),
        };
        // A wake-up is one event, however its numbers are written.
        let is_woken = job.ask.origin == ask.origin && ask.origin != Origin::Chat;
        let is_same = job.ask.message == ask.message
            && job.ask.attachments == ask.attachments
            && job.ask.dry_run == ask.dry_run
            && job.ask.lineage == ask.lineage;
        if is_woken || is_same {
            Ok(job)
        } else {
            Err(JobError::KeyReused(job.id))
        }
    }

    pub async fn job(&self, id: JobId) -> Result<Job, JobError> {
        Ok(JobLog::open(self.journal(), id).await?.job().await)
    }

    /// What is there to read of a job, by its name.
    pub async fn artefact(
        &self,
        id: JobId,
        name: &str,
    ) -> Result<Option<(String, Vec<u8>)>, JobError> {
        let log = JobLog::open(self.journal(), id).await?;
        let job = log.job().await;
        let found = job.artefacts.iter().find(|artefact| artefact.name == name);
        match found {
            None => Ok(None),
            Some(found) => Ok(Some((found.media.clone(), log.document(found.seq).await?))),
        }
    }

    /// The jobs of a lineage, newest first.
    pub async fn jobs(
        &self,
        lineage: &LineageName,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Job>, usize), JobError> {
        let mut found = Vec::new();
        let mut count = 0;
        for id in self.ids().await?.into_iter().rev() {
            let newest = self.journal().last(&id.subject()).await?;
            let Some(newest) = newest else { continue };
            if newest.data["lineage"] != lineage.as_str() {
                continue;
            }
            if count >= offset && found.len() < limit {
                found.push(self.job(id).await?);
            }
            count += 1;
        }
        Ok((found, count))
    }

    /// Those that are not over.
    pub(crate) async fn open_jobs(&self, lineage: &LineageName) -> Result<Vec<Job>, JobError> {
        let mut jobs = Vec::new();
        for id in self.ids().await? {
            if let Some(job) = self.open_job(id).await?
                && job.lineage() == lineage
            {
                jobs.push(job);
            }
        }
        Ok(jobs)
    }

    /// The job, if it is not over.
    pub(crate) async fn open_job(&self, id: JobId) -> Result<Option<Job>, JobError> {
        let newest = self.journal().last(&id.subject()).await?;
        let is_over = newest.is_none_or(|event| {
            let stage = serde_json::from_value::<Stage>(event.data["stage"].clone());
            stage.is_ok_and(Stage::is_last)
        });
        if is_over {
            return Ok(None);
        }
        self.job(id).await.map(Some)
    }

    pub(crate) async fn ids(&self) -> Result<Vec<JobId>, JobError> {
        let subjects = self.journal().subjects(crate::job::SUBJECTS).await?;
        let mut ids: Vec<JobId> = subjects.iter().filter_map(JobId::of).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Waits until there is an answer, or a question to somebody.
    pub async fn wait(&self, id: JobId) -> Result<Job, JobError> {
        let after = self.journal().newest().await?;
        let query = Query {
            kinds: vec![EventType::JOB],
            ..Query::of(id.subject())
        };
        let mut watch = self.journal().clone().watch(after, query);
        loop {
            let job = self.job(id).await?;
            if job.is_answered() || job.is_asking() {
                return Ok(job);
            }
            if watch.next_event().await?.is_none() {
                return Ok(job);
            }
        }
    }

    /// Answers questions. It goes on when none is left.
    pub async fn answer(
        &self,
        id: JobId,
        answers: std::collections::BTreeMap<String, String>,
    ) -> Result<Job, JobError> {
        let log = JobLog::open(self.journal(), id).await?;
        let named: Vec<String> = answers.keys().cloned().collect();
        let entry = Entry::Answers { answers };
        log.append_to_if(entry, self.now(), |job| {
            if job.stage != Stage::NeedsAnswers {
                return Err(not_now(job, "it asks nothing"));
            }
            let is_asked = |name: &str| job.questions.iter().any(|asked| asked.id == name);
            if let Some(name) = named.iter().find(|name| !is_asked(name)) {
                return Err(JobError::NoSuchQuestion {
                    id,
                    name: name.clone(),
                });
            }
            let mut left = job.open_questions();
            Ok(if left.all(|asked| named.contains(&asked.id)) {
                Stage::Planning
            } else {
                Stage::NeedsAnswers
            })
        })
        .await?
    }

    pub async fn approve(&self, id: JobId, approval: Approval) -> Result<Job, JobError> {
        self.decide(id, Entry::Approved(approval)).await
    }

    pub async fn reject(&self, id: JobId, refusal: Approval) -> Result<Job, JobError> {
        self.decide(id, Entry::Refused(refusal)).await
    }

    async fn decide(&self, id: JobId, entry: Entry) -> Result<Job, JobError> {
        let log = JobLog::open(self.journal(), id).await?;
        log.append_if(entry, self.now(), |job| match job.stage {
            Stage::NeedsApproval if job.is_asking() => Ok(()),
            _ => Err(not_now(job, "it waits for nobody's approval")),
        })
        .await?
    }

    /// Calls it off. What is a version already is rolled back instead.
    pub async fn cancel(&self, id: JobId, by: String) -> Result<Job, JobError> {
        let log = JobLog::open(self.journal(), id).await?;
        log.append_if(Entry::CancelAsked { by }, self.now(), |job| {
            match job.stage.is_cancellable() && job.stage != Stage::Releasing {
                true => Ok(()),
                false if job.stage.is_last() => Err(not_now(job, "it is over")),
                false => Err(not_now(job, "roll the version back instead")),
            }
        })
        .await?
    }

    /// Lets a job that waits for budget go on.
    pub async fn resume(&self, id: JobId) -> Result<Job, JobError> {
        let log = JobLog::open(self.journal(), id).await?;
        log.append_if(Entry::Resumed, self.now(), |job| match job.paused {
            Some(_) => Ok(()),
            None => Err(not_now(job, "it does not wait for budget")),
        })
        .await?
    }
}

fn not_now(job: &Job, what: &'static str) -> JobError {
    JobError::NotNow {
        id: job.id,
        stage: job.stage,
        what,
    }
}
