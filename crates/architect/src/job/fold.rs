//! What the events of a job come to.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use jiff::Timestamp;
use model::{Digest, Event, LineageName, Revision, Seq};
use serde_json::Value;

use super::{Approval, Ask, Entry, JobId, Outcome, Question, Released, Stage};

/// Between two questions that nobody answered, while somebody works on the job: longer than the
/// provider is left alone.
const UNANSWERED_APART_MAX: Duration = Duration::from_hours(2);

/// A job as it stands.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: JobId,
    pub ask: Ask,
    pub stage: Stage,
    /// What is being done, in words.
    pub doing: Option<String>,
    pub questions: Vec<Question>,
    pub answers: BTreeMap<String, String>,
    /// Why somebody has to approve of it.
    pub approval_reasons: Vec<String>,
    pub approval: Option<Approval>,
    /// What it was given for.
    pub approved_commit: Option<String>,
    pub refusal: Option<Approval>,
    pub cancelled_by: Option<String>,
    pub paused: Option<String>,
    /// When it goes on by itself.
    pub paused_until: Option<Timestamp>,
    pub released: Option<Released>,
    pub outcome: Option<Outcome>,
    pub artefacts: Vec<Artefact>,
    pub spent: Spent,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Something for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artefact {
    pub name: String,
    pub media: String,
    /// The event that it travels with.
    pub seq: Seq,
}

/// What the atoms of a job used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    pub requests: u32,
    /// Requests whose answer nobody recorded: a crash came between.
    pub lost: u32,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cost_usd: f64,
    /// Was something used whose price nobody knows?
    pub has_unpriced: bool,
}

/// A job with what only its worker needs.
#[derive(Clone, Debug)]
pub(crate) struct Folded {
    pub(crate) job: Job,
    pub(crate) revision: Revision,
    pub(crate) worker: Option<String>,
    /// Results by name: the value, or the event whose document it is.
    pub(crate) recorded: HashMap<String, Kept>,
    /// Answers by question.
    pub(crate) answered: HashMap<Digest, Seq>,
    /// When whoever was asked did not answer last, and for how long by then.
    unanswered: Option<(Timestamp, Duration)>,
    open_questions: HashMap<Digest, u32>,
    /// The commit that somebody was asked to approve of last.
    asked_for: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Here(Value),
    With(Seq),
}

impl Folded {
    /// Of all its events, oldest first; nothing if they begin with no request.
    pub(crate) fn of<'a>(id: JobId, events: impl IntoIterator<Item = &'a Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let first = events.next()?;
        let Ok(Entry::Received(ask)) = entry(first) else {
            return None;
        };
        let mut folded = Self {
            job: Job {
                id,
                ask: *ask,
                stage: Stage::Received,
                doing: None,
                questions: Vec::new(),
                answers: BTreeMap::new(),
                approval_reasons: Vec::new(),
                approval: None,
                approved_commit: None,
                refusal: None,
                cancelled_by: None,
                paused: None,
                paused_until: None,
                released: None,
                outcome: None,
                artefacts: Vec::new(),
                spent: Spent::default(),
                created_at: first.time,
                updated_at: first.time,
            },
            revision: first.revision,
            worker: None,
            recorded: HashMap::new(),
            answered: HashMap::new(),
            unanswered: None,
            open_questions: HashMap::new(),
            asked_for: None,
        };
        for event in events {
            if let Ok(entry) = entry(event) {
                folded.take(event, entry);
            }
        }
        Some(folded)
    }

    /// Adds what came next.
    pub(crate) fn take(&mut self, event: &Event, entry: Entry) {
        self.revision = event.revision;
        let job = &mut self.job;
        job.updated_at = event.time;
        if let Some(stage) = entry.leads_to().or_else(|| stage_of(event)) {
            job.stage = stage;
        }
        if let Some((input_tokens, output_tokens, cost_usd)) = entry.used() {
            job.spent.add(input_tokens, output_tokens, cost_usd);
        }
        match entry {
            Entry::Received(_) => {}
            Entry::Joined { feedback, .. } => job.ask.feedback.extend(feedback),
            Entry::Taken { worker } => {
                self.worker = Some(worker);
                // Whoever asked them is gone.
                job.spent.lost += self
                    .open_questions
                    .drain()
                    .map(|(_, count)| count)
                    .sum::<u32>();
            }
            Entry::Entered { note } => job.doing = note,
            Entry::Begun { name } => job.doing = Some(name),
            Entry::Recorded { name, value } => {
                let kept = value.map_or(Kept::With(event.seq), Kept::Here);
                self.recorded.insert(name, kept);
            }
            Entry::Artefact { name, media } => {
                job.artefacts.retain(|artefact| artefact.name != name);
                let seq = event.seq;
                job.artefacts.push(Artefact { name, media, seq });
            }
            Entry::Asked { question, .. } => {
                job.spent.requests += 1;
                *self.open_questions.entry(question).or_default() += 1;
            }
            Entry::Answered { question, .. } => {
                self.open_questions.remove(&question);
                self.unanswered = None;
                self.answered.insert(question, event.seq);
            }
            Entry::Discarded { question, .. } => {
                self.open_questions.remove(&question);
                self.unanswered = None;
            }
            Entry::Unanswered { question, .. } => {
                self.open_questions.remove(&question);
                self.unanswered = Some((event.time, self.unanswered_until(event.time)));
            }
            Entry::Questions { questions } => job.questions.extend(questions),
            Entry::Answers { answers } => {
                self.unanswered = None;
                job.answers.extend(answers);
            }
            Entry::ApprovalAsked { reasons, commit } => {
                job.approval_reasons = reasons;
                self.asked_for = Some(commit);
            }
            Entry::Approved(approval) => {
                job.approval = Some(approval);
                job.approved_commit.clone_from(&self.asked_for);
            }
            Entry::Refused(refusal) => job.refusal = Some(refusal),
            Entry::CancelAsked { by } => job.cancelled_by = Some(by),
            Entry::Paused { reason, until } => {
                job.paused = Some(reason);
                job.paused_until = until;
            }
            Entry::Resumed => {
                self.unanswered = None;
                job.paused = None;
                job.paused_until = None;
            }
            Entry::Released(released) => job.released = Some(released),
            Entry::Ended(outcome) => job.outcome = Some(outcome),
        }
    }
}

impl Folded {
    /// For how long nobody has answered.
    pub(crate) fn unanswered_for(&self) -> Duration {
        self.unanswered.map_or(Duration::ZERO, |(_, waited)| waited)
    }

    /// What is further apart was not waited for: nobody asked meanwhile.
    fn unanswered_until(&self, now: Timestamp) -> Duration {
        let Some((last, waited)) = self.unanswered else {
            return Duration::ZERO;
        };
        let since = now.duration_since(last).unsigned_abs();
        if since > UNANSWERED_APART_MAX {
            return waited;
        }
        waited.saturating_add(since)
    }
}

impl Spent {
    fn add(&mut self, input_tokens: u64, output_tokens: u64, cost_usd: Option<f64>) {
        self.input_tokens += input_tokens;
        self.output_tokens += output_tokens;
        self.has_unpriced |= cost_usd.is_none();
        self.cost_usd += cost_usd.unwrap_or_default();
    }
}

impl Job {
    /// Is there an answer for whoever asked?
    pub fn is_answered(&self) -> bool {
        self.released.is_some() || self.outcome.is_some()
    }

    /// Is there something to do that needs nobody?
    pub fn is_due(&self) -> bool {
        let is_called_off = self.cancelled_by.is_some() || self.refusal.is_some();
        (self.stage.is_due() && self.paused.is_none())
            || (is_called_off && self.stage.is_cancellable())
    }

    /// The questions that nobody has answered yet.
    pub fn open_questions(&self) -> impl Iterator<Item = &Question> {
        let questions = self.questions.iter();
        questions.filter(|asked| !self.answers.contains_key(&asked.id))
    }

    /// Does it wait for somebody who has not said anything yet?
    pub fn is_asking(&self) -> bool {
        let is_decided = self.cancelled_by.is_some() || self.refusal.is_some();
        !is_decided && (self.stage.is_waiting() || self.paused.is_some())
    }

    pub fn lineage(&self) -> &LineageName {
        &self.ask.lineage
    }
}

pub(crate) fn entry(event: &Event) -> Result<Entry, serde_json::Error> {
    serde_json::from_value(event.data.clone())
}

/// The stage that an event names beside its step.
fn stage_of(event: &Event) -> Option<Stage> {
    serde_json::from_value(event.data.get("stage")?.clone()).ok()
}
