//! The work on one job, from what was said to a version or an honest no.
//!
//! Everything that costs time, money or certainty is done through [`Work::once`]: what came of it is
//! in the journal before anything builds on it, so that a job which was cut off runs through the
//! same code again and finds there whatever it did before.

pub(crate) mod ask;
mod base;
mod candidate;
mod evidence;
mod host;
mod known;
mod planning;
mod proving;
mod releasing;
mod scripting;
mod subset;
mod wheels;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use atoms::board::Lesson;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    architect::{Architect, Inner},
    job::{Entry, Job, JobId, JobLog, LogError, Outcome, Stage, Verdict},
    policy::Autonomy,
};

pub(crate) use self::{base::Base, proving::says};

/// A job and whoever works on it.
pub(crate) struct Work {
    pub(crate) id: JobId,
    pub(crate) log: JobLog,
    pub(crate) job: Job,
    pub(crate) inner: Arc<Inner>,
    stop: CancellationToken,
    /// How often it began anew because another version came before it.
    attempt: AtomicU64,
}

/// Other versions that may come before it until nobody tries any more.
const ATTEMPTS_MAX: u64 = 3;

/// Under which it is kept how often the work began anew.
const ATTEMPT: &str = "attempt";

/// Why the work does not go on.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Somebody has to say something first; that is written.
    Waits,
    /// There is nothing to work on yet.
    NotYet,
    /// Another process works on it.
    Elsewhere,
    /// It is not done, and nothing was changed.
    Rejected(String),
    Cancelled,
    /// Another version came before it, which changed the same.
    Again(String),
    /// It cannot go on now, and nobody knows how far it is: it is looked at again later.
    Rests(String),
    /// Whoever is asked does not answer: it goes on when somebody does.
    Unanswered(String),
    /// The machine did not do its part.
    Failed(String),
    /// The journal takes nothing: it rests as it is.
    Log(LogError),
}

impl From<LogError> for Halt {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Elsewhere(_) => Self::Elsewhere,
            other => Self::Log(other),
        }
    }
}

impl Work {
    pub(crate) async fn take(
        architect: &Architect,
        id: JobId,
        stop: CancellationToken,
    ) -> Result<Self, LogError> {
        let log = JobLog::take(architect.journal(), id, architect.now()).await?;
        let job = log.job().await;
        let inner = architect.inner.clone();
        let attempt = log
            .find(ATTEMPT)
            .await?
            .and_then(|it| it.as_u64())
            .unwrap_or(0);
        Ok(Self {
            attempt: AtomicU64::new(attempt),
            id,
            log,
            job,
            inner,
            stop,
        })
    }

    fn now(&self) -> Timestamp {
        (self.inner.parts.clock)()
    }

    /// Goes on from wherever it is.
    pub(crate) async fn run(self: &Arc<Self>) -> Result<(), Halt> {
        if let Some(refusal) = &self.job.refusal {
            let reason = refusal.reason.as_deref().unwrap_or("no reason was given");
            let told = format!("{} did not approve of it: {reason}", refusal.by);
            return Err(Halt::Rejected(told));
        }
        loop {
            self.check_stop().await?;
            let reason = match self.try_once().await {
                Err(Halt::Again(reason)) => reason,
                ended => return ended,
            };
            let attempt = self.attempt() + 1;
            if attempt > ATTEMPTS_MAX {
                return Err(Halt::Rejected(format!(
                    "other versions came before it {attempt} times; ask again: {reason}"
                )));
            }
            self.log
                .record(ATTEMPT, &attempt.into(), self.now())
                .await?;
            self.attempt.store(attempt, Ordering::Relaxed);
            self.enter(Stage::Planning, &reason).await?;
        }
    }

    async fn try_once(self: &Arc<Self>) -> Result<(), Halt> {
        let base = Arc::new(self.base().await?);
        let planned = Arc::new(self.plan(&base).await?);
        if self.inner.policy.autonomy == Autonomy::Advise {
            let told = format!("advice only, as the policy says: {}", planned.advice());
            return Err(Halt::Rejected(told));
        }
        let script = self.script(&base, &planned).await?;
        let (candidate, proof) = self.execute(&base, &planned, script).await?;
        let proved = self.prove(&base, &candidate, proof).await?;
        if self.job.ask.dry_run {
            return self.end_dry(&base, &candidate, proved).await;
        }
        self.release(&base, &planned, candidate, proved).await
    }

    fn attempt(&self) -> u64 {
        self.attempt.load(Ordering::Relaxed)
    }

    /// What something is kept under: what was found out on another base says nothing of this one.
    fn named(&self, name: &str) -> String {
        match self.attempt() {
            0 => name.to_owned(),
            attempt => format!("{name}@{attempt}"),
        }
    }

    fn is_embedded(&self) -> bool {
        self.inner.parts.provider.name() == crate::embedded::NAME
    }

    /// Says what is being done, in the stage that it is in.
    async fn enter_note(&self, note: &str) -> Result<(), Halt> {
        let stage = self.log.job().await.stage;
        self.enter(stage, note).await
    }

    /// Keeps why a change did not come about, for the jobs to come.
    pub(crate) async fn learn(&self, reason: &str) {
        let job = self.log.job().await;
        if job.spent.requests == 0 || self.is_embedded() {
            return;
        }
        let text = format!("{}: {reason}", planning::one_line(&job.ask.message));
        self.inner.lessons.add(Lesson::new(self.now(), &text, &[]));
    }

    /// What earlier jobs had learned about something like it when it was asked first.
    async fn lessons(&self, about: &str) -> Result<Vec<String>, Halt> {
        let name = format!("lessons-{}", planning::name_of(about));
        let (lessons, provider) = (&self.inner.lessons, &*self.inner.parts.provider);
        self.once(&name, async { Ok(lessons.find(about, provider).await) })
            .await
    }

    /// Does something whose outcome is kept under `name`, or finds that it was done.
    async fn once<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        act: impl Future<Output = Result<T, Halt>>,
    ) -> Result<T, Halt> {
        let name = &self.named(name);
        if let Some(kept) = self.log.find(name).await? {
            return serde_json::from_value(kept).map_err(|source| {
                let name = name.to_owned();
                Halt::Log(LogError::Unreadable { name, source })
            });
        }
        self.check_stop().await?;
        let begun = Entry::Begun {
            name: name.to_owned(),
        };
        self.log.append(begun, None, self.now()).await?;
        let done = self.unless_stopped(act).await?;
        let value = serde_json::to_value(&done).map_err(|error| Halt::Failed(error.to_string()))?;
        self.log.record(name, &value, self.now()).await?;
        Ok(done)
    }

    /// What is begun and not done when somebody calls it off is let go of.
    async fn unless_stopped<T>(
        &self,
        act: impl Future<Output = Result<T, Halt>>,
    ) -> Result<T, Halt> {
        self.stop
            .run_until_cancelled(act)
            .await
            .unwrap_or(Err(Halt::Cancelled))
    }

    async fn check_stop(&self) -> Result<(), Halt> {
        match self.log.look().await?.cancelled_by {
            Some(_) => Err(Halt::Cancelled),
            None => Ok(()),
        }
    }

    async fn enter(&self, stage: Stage, note: &str) -> Result<(), Halt> {
        let note = (!note.is_empty()).then(|| note.to_owned());
        Ok(self.log.enter(stage, note, self.now()).await?)
    }

    /// Keeps something for people to read, unless it is there already.
    async fn artefact(&self, name: &str, media: &str, bytes: Vec<u8>) -> Result<(), Halt> {
        let job = self.log.job().await;
        let known = job.artefacts.iter().find(|artefact| artefact.name == name);
        if let Some(known) = known
            && self.log.document(known.seq).await? == bytes
        {
            return Ok(());
        }
        let entry = Entry::Artefact {
            name: name.to_owned(),
            media: media.to_owned(),
        };
        self.log.append(entry, Some(bytes), self.now()).await?;
        Ok(())
    }

    pub(crate) async fn end(&self, outcome: Outcome) -> Result<(), LogError> {
        let ended = self.log.append(Entry::Ended(outcome), None, self.now());
        ended.await.map(|_event| ())
    }

    /// What would have come of it.
    async fn end_dry(
        &self,
        base: &Base,
        candidate: &candidate::Candidate,
        proof: proving::Proved,
    ) -> Result<(), Halt> {
        let is_tuned = candidate.is_state_alone(base);
        let outcome = Outcome {
            stage: Stage::Done,
            verdict: if is_tuned {
                Verdict::Tuned
            } else {
                Verdict::Committed
            },
            version: Some(proof.version.clone()),
            commit: None,
            notes: format!("nothing was kept, as asked: {}", proof.told(candidate)),
        };
        Ok(self.end(outcome).await?)
    }
}

/// What a value is for an error that says what was recorded.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
