//! The events of one job, as whoever works on it writes them.

use std::{sync::Arc, time::Duration};

use fail::fail_point;
use jiff::Timestamp;
use journal::{AppendError, Expect, Journal, Query, ReadError};
use model::{
    Body, Context, Digest, Event, EventType, LineageName, NewEvent, Seq,
    event::{AgentRole, IdempotencyKey, Label},
};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{Ask, Entry, Folded, Job, JobId, Stage, fold};

/// Values up to this size are kept in the event itself.
const VALUE_BYTES_MAX: usize = 4 << 10;

/// How often a step is written again because somebody answered, joined or called off meanwhile.
const TRIES_MAX: usize = 32;

/// A job, and where its next step is written. One process works on a job at a time: a step that
/// another worker wrote ends this one.
pub(crate) struct JobLog {
    journal: Arc<dyn Journal>,
    folded: Mutex<Folded>,
    worker: Option<String>,
}

/// Why a step was not written, or a job not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    #[error("there is no job {0}")]
    Unknown(JobId),
    /// Another process has taken it.
    #[error("job {0} is worked on elsewhere")]
    Elsewhere(JobId),
    #[error("others wrote to job {0} again and again")]
    Contended(JobId),
    #[error("a step of the job has lost its document")]
    Lost(Seq),
    #[error("what was recorded as `{name}` cannot be read")]
    Unreadable {
        name: String,
        #[source]
        source: serde_json::Error,
    },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(AppendError),
}

impl JobLog {
    /// Writes the first event of a job. With `key` a repeated request is the job that it was.
    pub(crate) async fn begin(
        journal: &Arc<dyn Journal>,
        ask: Ask,
        key: Option<IdempotencyKey>,
        now: Timestamp,
    ) -> Result<JobId, LogError> {
        let id = JobId::new();
        let (context, lineage) = (context_of_ask(&ask), ask.lineage.clone());
        let entry = Entry::Received(Box::new(ask));
        let event = event_of(&entry, (Stage::Received, &lineage), None, context, now);
        let event = event.with_key(key);
        match journal.append(id.subject(), Expect::Absent, event).await {
            Ok(_committed) => Ok(id),
            // The key is another job's, which is this one.
            Err(AppendError::KeyTaken { subject, .. }) if JobId::of(&subject).is_some() => {
                Ok(JobId::of(&subject).expect("it was looked at"))
            }
            Err(error) => Err(LogError::Write(error)),
        }
    }

    /// To look at, and to write what comes from outside.
    pub(crate) async fn open(journal: &Arc<dyn Journal>, id: JobId) -> Result<Self, LogError> {
        let events = read_all(&**journal, id, 0).await?;
        let folded = Folded::of(id, events.iter().map(|event| &**event));
        Ok(Self {
            journal: journal.clone(),
            folded: Mutex::new(folded.ok_or(LogError::Unknown(id))?),
            worker: None,
        })
    }

    /// To work on: whoever worked on it before stops at his next step.
    pub(crate) async fn take(
        journal: &Arc<dyn Journal>,
        id: JobId,
        now: Timestamp,
    ) -> Result<Self, LogError> {
        let mut log = Self::open(journal, id).await?;
        let worker = uuid::Uuid::now_v7().simple().to_string();
        let entry = Entry::Taken {
            worker: worker.clone(),
        };
        log.worker = Some(worker);
        log.append(entry, None, now).await?;
        Ok(log)
    }

    pub(crate) async fn job(&self) -> Job {
        self.folded.lock().await.job.clone()
    }

    /// Takes in what others wrote, and says how it stands.
    pub(crate) async fn look(&self) -> Result<Job, LogError> {
        let mut folded = self.folded.lock().await;
        self.catch_up(&mut folded).await?;
        Ok(folded.job.clone())
    }

    /// Writes a step that only a worker writes, or only somebody outside.
    pub(crate) async fn append(
        &self,
        entry: Entry,
        body: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<Arc<Event>, LogError> {
        let stage = entry.leads_to();
        self.append_in(stage, entry, body, now).await
    }

    /// Goes on to another stage.
    pub(crate) async fn enter(
        &self,
        stage: Stage,
        note: Option<String>,
        now: Timestamp,
    ) -> Result<(), LogError> {
        let is_there = {
            let folded = self.folded.lock().await;
            folded.job.stage == stage && folded.job.doing == note
        };
        if !is_there {
            self.append_in(Some(stage), Entry::Entered { note }, None, now)
                .await?;
        }
        Ok(())
    }

    /// Writes a step if the job, as it is then, allows it.
    pub(crate) async fn append_if<E>(
        &self,
        entry: Entry,
        now: Timestamp,
        may: impl Fn(&Job) -> Result<(), E>,
    ) -> Result<Result<Job, E>, LogError> {
        let leads_to = entry.leads_to();
        let stage = |job: &Job| may(job).map(|()| leads_to.unwrap_or(job.stage));
        self.append_to_if(entry, now, stage).await
    }

    /// The same, where the job as it is then says to which stage it leads, too.
    pub(crate) async fn append_to_if<E>(
        &self,
        entry: Entry,
        now: Timestamp,
        stage: impl Fn(&Job) -> Result<Stage, E>,
    ) -> Result<Result<Job, E>, LogError> {
        let mut folded = self.folded.lock().await;
        self.catch_up(&mut folded).await?;
        for _try in 0..TRIES_MAX {
            let stage = match stage(&folded.job) {
                Ok(stage) => stage,
                Err(refused) => return Ok(Err(refused)),
            };
            let written = self.try_append(&mut folded, Some(stage), &entry, None, now);
            if written.await?.is_some() {
                return Ok(Ok(folded.job.clone()));
            }
        }
        Err(LogError::Contended(folded.job.id))
    }

    async fn append_in(
        &self,
        stage: Option<Stage>,
        entry: Entry,
        body: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<Arc<Event>, LogError> {
        let mut folded = self.folded.lock().await;
        let body = body.map(Body::new);
        for _try in 0..TRIES_MAX {
            let written = self.try_append(&mut folded, stage, &entry, body.clone(), now);
            if let Some(event) = written.await? {
                return Ok(event);
            }
        }
        Err(LogError::Contended(folded.job.id))
    }

    /// Nothing if others wrote meanwhile; what they wrote is taken in.
    async fn try_append(
        &self,
        folded: &mut Folded,
        stage: Option<Stage>,
        entry: &Entry,
        body: Option<Body>,
        now: Timestamp,
    ) -> Result<Option<Arc<Event>>, LogError> {
        let stage = stage.unwrap_or(folded.job.stage);
        let context = context_of(&folded.job);
        let place = (stage, &folded.job.ask.lineage);
        let event = event_of(entry, place, body, context, now);
        let expect = Expect::Revision(folded.revision);
        fail_point!("job::before_step");
        let written = self
            .journal
            .append(folded.job.id.subject(), expect, event)
            .await;
        match written {
            Ok(committed) => {
                fail_point!("job::after_step");
                folded.take(&committed.event, entry.clone());
                Ok(Some(committed.event))
            }
            Err(AppendError::Conflict { .. }) => {
                self.catch_up(folded).await?;
                Ok(None)
            }
            Err(error) => Err(LogError::Write(error)),
        }
    }

    async fn catch_up(&self, folded: &mut Folded) -> Result<(), LogError> {
        let id = folded.job.id;
        let newest = self.journal.last(&id.subject()).await?;
        if newest.is_none_or(|newest| newest.revision == folded.revision) {
            return Ok(());
        }
        let known = folded.revision;
        for event in read_all(&*self.journal, id, 0).await? {
            if event.revision <= known {
                continue;
            }
            let Ok(entry) = fold::entry(&event) else {
                continue;
            };
            let is_strange = !entry.is_from_outside();
            folded.take(&event, entry);
            if is_strange && self.worker.is_some() {
                return Err(LogError::Elsewhere(id));
            }
        }
        Ok(())
    }

    /// What was recorded under a name.
    pub(crate) async fn find(&self, name: &str) -> Result<Option<Value>, LogError> {
        let kept = self.folded.lock().await.recorded.get(name).cloned();
        match kept {
            None => Ok(None),
            Some(fold::Kept::Here(value)) => Ok(Some(value)),
            Some(fold::Kept::With(seq)) => {
                let bytes = self.document(seq).await?;
                let value = serde_json::from_slice(&bytes);
                value.map(Some).map_err(|source| LogError::Unreadable {
                    name: name.to_owned(),
                    source,
                })
            }
        }
    }

    /// What was recorded under names that begin so, with the names.
    pub(crate) async fn find_all(&self, prefix: &str) -> Result<Vec<(String, Value)>, LogError> {
        let names: Vec<String> = {
            let folded = self.folded.lock().await;
            let names = folded.recorded.keys();
            names
                .filter(|name| name.starts_with(prefix))
                .cloned()
                .collect()
        };
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            if let Some(value) = self.find(&name).await? {
                found.push((name, value));
            }
        }
        Ok(found)
    }

    pub(crate) async fn record(
        &self,
        name: &str,
        value: &Value,
        now: Timestamp,
    ) -> Result<(), LogError> {
        let name = name.to_owned();
        let text = value.to_string();
        let (value, body) = if text.len() <= VALUE_BYTES_MAX {
            (Some(value.clone()), None)
        } else {
            (None, Some(text.into_bytes()))
        };
        self.append(Entry::Recorded { name, value }, body, now)
            .await?;
        Ok(())
    }

    /// For how long whoever is asked has not answered.
    pub(crate) async fn unanswered_for(&self) -> Duration {
        self.folded.lock().await.unanswered_for()
    }

    /// What an atom said to a question, if it was recorded.
    pub(crate) async fn find_answer(&self, question: Digest) -> Result<Option<Vec<u8>>, LogError> {
        let seq = self.folded.lock().await.answered.get(&question).copied();
        match seq {
            None => Ok(None),
            Some(seq) => self.document(seq).await.map(Some),
        }
    }

    pub(crate) async fn document(&self, seq: Seq) -> Result<Vec<u8>, LogError> {
        let body = self.journal.body(seq).await?;
        let body = body.ok_or(LogError::Lost(seq))?;
        Ok(body.bytes().to_vec())
    }
}

/// The events of a job, oldest first.
async fn read_all(
    journal: &dyn Journal,
    id: JobId,
    mut after: Seq,
) -> Result<Vec<Arc<Event>>, ReadError> {
    let mut events = Vec::new();
    loop {
        let query = Query {
            after,
            limit: Query::LIMIT_MAX,
            ..Query::of(id.subject())
        };
        let page = journal.read(query).await?;
        let is_last = page.len() < Query::LIMIT_MAX;
        after = page.last().map_or(after, |event| event.seq);
        events.extend(page);
        if is_last {
            return Ok(events);
        }
    }
}

fn event_of(
    entry: &Entry,
    (stage, lineage): (Stage, &LineageName),
    body: Option<Body>,
    context: Context,
    now: Timestamp,
) -> NewEvent {
    let mut data = serde_json::to_value(entry).expect("a step is plain data");
    data["lineage"] = lineage.as_str().into();
    data["stage"] = serde_json::to_value(stage).expect("a stage is a word");
    NewEvent::new(EventType::JOB, now, context, data).with_body(body)
}

/// The role, the trace and the job's own name, by which its events are found.
pub(crate) fn context_of(job: &Job) -> Context {
    Context {
        agent: job.id.to_string().parse::<Label>().ok(),
        ..context_of_ask(&job.ask)
    }
}

/// The same before there is a job.
pub(crate) fn context_of_ask(ask: &Ask) -> Context {
    let trace = ask
        .traceparent
        .as_deref()
        .and_then(|it| it.split('-').nth(1));
    Context {
        trace: trace.and_then(|trace| trace.to_owned().try_into().ok()),
        ..Context::of(AgentRole::Architect)
    }
}
