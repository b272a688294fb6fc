//! Wake-ups: the events that the Architect begins its work by, one for each breach.
//!
//! A budget's episode begins with a wake-up and ends with a recovery, both of which are events, so
//! that whoever judges next, in this process or another, knows what was told already.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use journal::{AppendError, Committed, Expect, Journal, Order, Query, ReadError};
use model::{
    Context, Digest, Event, EventType, LineageName, NewEvent, Revision, Seq, Subject,
    event::{AgentRole, IdempotencyKey},
};
use serde_json::{Map, Value, json};

use crate::{
    budget::Budget,
    figures::Evidence,
    kpis::Judged,
    verdict::{Judgement, Verdict},
};

/// How often a write is tried again because others wrote meanwhile.
const TRIES_MAX: u32 = 8;

/// How much of what somebody says is kept.
const MESSAGE_CHARS_MAX: usize = 10_000;

/// Why the Architect should look.
#[derive(Clone, Debug)]
pub struct Wake {
    pub reason: Reason,
    pub evidence: Evidence,
    pub message: Option<String>,
    /// Who says so; the conversation and the version, if it is about one.
    pub context: Context,
    /// Makes a repeated request count once.
    pub key: Option<IdempotencyKey>,
}

/// What made a wake-up.
#[derive(Clone, Debug)]
pub enum Reason {
    Budget(Box<Breach>),
    /// A tool of the Tuner asks for what it cannot do itself.
    Escalation {
        tool: Option<String>,
    },
}

/// A budget that is broken.
#[derive(Clone, Debug)]
pub struct Breach {
    pub budget: Budget,
    pub judgement: Judgement,
}

/// Why nobody was woken. Nothing was written in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum WakeError {
    #[error("others wrote to `{subject}` again and again")]
    Contended { subject: Subject },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(AppendError),
}

/// What was written because of a judgement.
#[derive(Clone, Debug)]
pub enum Told {
    Woken(Committed),
    Recovered(Committed),
}

/// Where a lineage's wake-ups are.
pub fn wake_subject(lineage: &LineageName) -> Subject {
    below("wake", lineage)
}

/// Where it is said that what a wake-up told of is over.
pub fn recovery_subject(lineage: &LineageName) -> Subject {
    below("recovery", lineage)
}

/// Where feedback on the calls of a lineage is.
pub fn feedback_subject(lineage: &LineageName) -> Subject {
    below("feedback", lineage)
}

fn below(what: &str, lineage: &LineageName) -> Subject {
    let subject = format!("{what}.{}", Subject::lineage(lineage));
    subject
        .try_into()
        .expect("a lineage's subject leaves room for a word before it")
}

/// The lineage that feedback of this subject is about.
pub(crate) fn feedback_lineage(subject: &Subject) -> Option<LineageName> {
    let rest = subject.as_str().strip_prefix("feedback.")?;
    rest.parse::<Subject>().ok()?.as_lineage()
}

/// Wakes the Architect of a lineage.
pub async fn wake(
    journal: &dyn Journal,
    lineage: &LineageName,
    wake: Wake,
    now: Timestamp,
) -> Result<Committed, AppendError> {
    append(journal, wake_subject(lineage), Expect::Any, wake, now).await
}

async fn append(
    journal: &dyn Journal,
    subject: Subject,
    expect: Expect,
    wake: Wake,
    now: Timestamp,
) -> Result<Committed, AppendError> {
    let data = wake.data();
    let event = NewEvent::new(EventType::TRIGGER, now, wake.context, data).with_key(wake.key);
    journal.append(subject, expect, event).await
}

impl Wake {
    fn data(&self) -> Value {
        let mut data = Map::new();
        let mut tell = |name: &str, value: Value| {
            if !value.is_null() {
                data.insert(name.to_owned(), value);
            }
        };
        match &self.reason {
            Reason::Budget(breach) => {
                let Breach { budget, judgement } = &**breach;
                tell("reason", "budget".into());
                tell("budget", budget.name.as_str().into());
                tell("kpi", budget.kpi.name().into());
                tell("tool", budget.tool.as_deref().into());
                tell("bound", budget.bound.word().into());
                tell("limit", budget.bound.limit().into());
                tell("window_s", budget.window_s.into());
                tell("value", judgement.value.into());
                tell("samples", judgement.samples.into());
                tell("interval", json!(judgement.interval));
                tell("burn", json!(judgement.burn));
            }
            Reason::Escalation { tool } => {
                tell("reason", "escalation".into());
                tell("tool", tool.as_deref().into());
            }
        }
        tell("evidence", json!(self.evidence));
        let message = self.message.as_ref();
        let message = message.map(|text| text.chars().take(MESSAGE_CHARS_MAX).collect::<String>());
        tell("message", message.into());
        data.into()
    }
}

/// What was told of the budgets of a lineage. It is read once, and again when somebody else wrote.
#[derive(Debug)]
pub struct Episodes {
    lineage: LineageName,
    /// Of the subject of the wake-ups.
    revision: Option<Revision>,
    of: BTreeMap<String, Episode>,
}

/// The newest wake-up of a budget, and whether it is over.
#[derive(Clone, Copy, Debug, Default)]
struct Episode {
    woken: Option<(Seq, Timestamp)>,
    /// The newest recovery, 0 for none.
    recovered: Seq,
}

impl Episodes {
    pub async fn load(journal: &dyn Journal, lineage: LineageName) -> Result<Self, ReadError> {
        let mut of: BTreeMap<String, Episode> = BTreeMap::new();
        let woken = newest(journal, wake_subject(&lineage)).await?;
        for event in &woken {
            if let Some(budget) = event.data["budget"].as_str() {
                let woken = &mut of.entry(budget.to_owned()).or_default().woken;
                woken.get_or_insert((event.seq, event.time));
            }
        }
        for event in newest(journal, recovery_subject(&lineage)).await? {
            if let Some(budget) = event.data["budget"].as_str() {
                let episode = of.entry(budget.to_owned()).or_default();
                episode.recovered = episode.recovered.max(event.seq);
            }
        }
        Ok(Self {
            lineage,
            revision: woken.first().map(|event| event.revision),
            of,
        })
    }

    /// Writes what a judgement means, if it was not written: a wake-up when a budget is broken that
    /// was not, a recovery when it is no longer.
    pub async fn tell(
        &mut self,
        journal: &dyn Journal,
        judged: &Judged,
        now: Timestamp,
    ) -> Result<Option<Told>, WakeError> {
        for _ in 0..TRIES_MAX {
            let name = &judged.budget.name;
            let episode = self.of.get(name).copied().unwrap_or_default();
            let written = match judged.judgement.verdict {
                Verdict::Fail if episode.may_begin(judged, now) => {
                    let subject = wake_subject(&self.lineage);
                    let wake = episode.breach(&self.lineage, judged);
                    let expect = self.revision.map_or(Expect::Absent, Expect::Revision);
                    let woken = append(journal, subject, expect, wake, now).await;
                    woken.map(Told::Woken)
                }
                Verdict::Pass | Verdict::Inconclusive if episode.is_open() => {
                    let recovered = episode.recover(journal, &self.lineage, judged, now).await;
                    recovered.map(Told::Recovered)
                }
                // What cannot be read says nothing of whether it is over.
                Verdict::Fail | Verdict::Pass | Verdict::Inconclusive | Verdict::Error => {
                    return Ok(None);
                }
            };
            match written {
                Ok(told) => return Ok(self.note(name, told)),
                // Another process told first, or somebody woke for another reason.
                Err(AppendError::Conflict { .. }) => {
                    *self = Self::load(journal, self.lineage.clone()).await?;
                }
                Err(error) => return Err(WakeError::Write(error)),
            }
        }
        let subject = wake_subject(&self.lineage);
        Err(WakeError::Contended { subject })
    }

    /// Nothing is told twice.
    fn note(&mut self, budget: &str, told: Told) -> Option<Told> {
        let episode = self.of.entry(budget.to_owned()).or_default();
        let was_repeated = match &told {
            Told::Woken(Committed {
                event,
                was_repeated,
            }) => {
                episode.woken = Some((event.seq, event.time));
                self.revision = self.revision.max(Some(event.revision));
                *was_repeated
            }
            Told::Recovered(Committed {
                event,
                was_repeated,
            }) => {
                episode.recovered = event.seq;
                *was_repeated
            }
        };
        (!was_repeated).then_some(told)
    }
}

impl Episode {
    /// Was there a wake-up that is not over?
    fn is_open(self) -> bool {
        self.woken.is_some_and(|(seq, _)| seq > self.recovered)
    }

    fn may_begin(self, judged: &Judged, now: Timestamp) -> bool {
        let cool_down_s = i64::try_from(judged.budget.cool_down_s).unwrap_or(i64::MAX);
        let cool_down = SignedDuration::from_secs(cool_down_s);
        let is_rested = |(_, at): (Seq, Timestamp)| now.duration_since(at) >= cool_down;
        judged.budget.wakes && !self.is_open() && self.woken.is_none_or(is_rested)
    }

    fn breach(self, lineage: &LineageName, judged: &Judged) -> Wake {
        let Judged {
            budget,
            judgement,
            figures,
        } = judged;
        // What began after the same recovery is the same breach, whoever sees it.
        let start = json!([lineage, budget.name, self.recovered]);
        Wake {
            evidence: figures.evidence(budget.kpi),
            reason: Reason::Budget(Box::new(Breach {
                budget: budget.clone(),
                judgement: judgement.clone(),
            })),
            message: None,
            context: Context::of(AgentRole::Analyst),
            key: Some(key("wake", &start)),
        }
    }

    async fn recover(
        self,
        journal: &dyn Journal,
        lineage: &LineageName,
        judged: &Judged,
        now: Timestamp,
    ) -> Result<Committed, AppendError> {
        let woken = self.woken.map(|(seq, _)| seq);
        let data = json!({
            "reason": "recovery",
            "budget": judged.budget.name,
            "wake": woken,
            "verdict": judged.judgement.verdict,
            "value": judged.judgement.value,
        });
        let context = Context::of(AgentRole::Analyst);
        let key = key("recovery", &json!([lineage, woken]));
        let event = NewEvent::new(EventType::TRIGGER, now, context, data).with_key(Some(key));
        let subject = recovery_subject(lineage);
        journal.append(subject, Expect::Any, event).await
    }
}

/// The newest events of a subject, newest first.
async fn newest(journal: &dyn Journal, subject: Subject) -> Result<Vec<Arc<Event>>, ReadError> {
    let query = Query {
        order: Order::NewestFirst,
        limit: Query::LIMIT_MAX,
        ..Query::of(subject)
    };
    journal.read(query).await
}

fn key(what: &str, of: &Value) -> IdempotencyKey {
    let key = format!("{what}-{}", Digest::of_json(of));
    key.parse().expect("a word and hex digits are a key")
}
