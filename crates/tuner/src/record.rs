//! What the ledger is told beside the change of the state itself.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use journal::{AppendError, Expect};
use model::{
    Context, Digest, Event, EventType, LineageName, NewEvent, Revision, Seq, Subject,
    event::{AgentRole, IdempotencyKey, Label},
    trace::TraceId,
};
use semver::Version;
use serde_json::{Value, json};
use triggers::{Evidence, Reason, Wake, feedback_subject};

use crate::role::Inner;

/// Something that a rail refused.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) rail: &'static str,
    pub(crate) what: String,
    pub(crate) detail: String,
}

/// Of what an update came.
#[derive(Clone, Debug)]
pub(crate) struct Feedback {
    pub(crate) id: String,
    pub(crate) tool: String,
    /// Names the arguments, so that another update under the same id is noticed.
    pub(crate) arguments: Digest,
    pub(crate) conversation: Option<Label>,
    /// What the conversation called, once that was looked up.
    pub(crate) call: Option<Arc<Event>>,
    pub(crate) reward: Option<f64>,
    /// Under which the change counts once; nothing if its sender cannot be known again.
    pub(crate) key: Option<IdempotencyKey>,
}

/// Whose update it is.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) agent: Option<Label>,
    pub(crate) trace: Option<TraceId>,
    pub(crate) version: Version,
}

impl Who {
    pub(crate) fn context(&self, conversation: Option<&Label>) -> Context {
        Context {
            role: AgentRole::Tuner,
            agent: self.agent.clone(),
            conversation: conversation.cloned(),
            version: Some(self.version.clone()),
            trace: self.trace.clone(),
            ..Context::default()
        }
    }
}

/// What an update came to.
pub(crate) struct Summary {
    pub(crate) outcome: &'static str,
    pub(crate) revision: Revision,
    pub(crate) changes: usize,
    pub(crate) took: Duration,
    pub(crate) seed: u64,
    pub(crate) error: Option<String>,
}

impl Feedback {
    /// What the event of the change says of it.
    pub(crate) fn facts(&self) -> Value {
        let mut facts = json!({
            "id": self.id,
            "tool": self.tool,
            "arguments": self.arguments,
        });
        if let Some(conversation) = &self.conversation {
            facts["conversation_id"] = conversation.to_string().into();
        }
        if let Some(reward) = self.reward {
            facts["reward"] = reward.into();
        }
        facts
    }

    /// What it says of the call that it is about, if it says how good that was.
    fn event(&self, who: &Who) -> Option<NewEvent> {
        let (reward, call) = (self.reward?, self.call.as_ref()?);
        let data = json!({
            "feedback_id": self.id,
            "reward": reward,
            "tool": call.data["tool"],
            "by": self.tool,
            "source": "tuner",
        });
        let context = Context {
            version: call.context.version.clone(),
            ..who.context(self.conversation.as_ref())
        };
        let event = NewEvent::new(EventType::FEEDBACK, Timestamp::now(), context, data);
        let key = self.key.as_ref().map(|key| format!("feedback-{key}"));
        Some(event.with_key(key.and_then(|key| key.parse().ok())))
    }
}

/// Tells of an update that it came to something or to nothing, and of the reward that it was.
pub(crate) async fn tell(
    tuner: &Inner,
    lineage: &LineageName,
    feedback: &Feedback,
    who: &Who,
    summary: &Summary,
) -> Result<(), AppendError> {
    let mut data = json!({
        "tool": feedback.tool,
        "outcome": summary.outcome,
        "feedback_id": feedback.id,
        "revision": summary.revision,
        "changes": summary.changes,
        "arguments": feedback.arguments,
        // A number of 64 bits does not survive every reader of JSON.
        "seed": summary.seed.to_string(),
        "duration_us": u64::try_from(summary.took.as_micros()).unwrap_or(u64::MAX),
    });
    if let Some(reward) = feedback.reward {
        data["reward"] = reward.into();
    }
    if let Some(error) = &summary.error {
        data["error"] = error.as_str().into();
    }
    let context = who.context(feedback.conversation.as_ref());
    let summary_event = NewEvent::new(EventType::TUNER_SUMMARY, Timestamp::now(), context, data);
    let counts = summary.outcome == "success";
    let mut events: Vec<_> = counts
        .then(|| feedback.event(who))
        .flatten()
        .into_iter()
        .collect();
    events.push(summary_event);
    let outcomes = tuner
        .journal
        .append_all(feedback_subject(lineage), events)
        .await;
    outcomes
        .into_iter()
        .try_for_each(|outcome| outcome.map(drop))
}

/// Keeps the reward of an update that was counted before, if whoever counted it was cut off.
pub(crate) async fn keep_reward(
    tuner: &Inner,
    lineage: &LineageName,
    feedback: &Feedback,
    who: &Who,
) -> Result<(), AppendError> {
    if let Some(event) = feedback.event(who) {
        let subject = feedback_subject(lineage);
        tuner.journal.append(subject, Expect::Any, event).await?;
    }
    Ok(())
}

/// Tells of each thing that a rail refused.
pub(crate) async fn refuse(
    tuner: &Inner,
    lineage: &LineageName,
    tool: &str,
    who: &Who,
    conversation: Option<&Label>,
    attempts: Vec<Attempt>,
) {
    let event = |attempt: Attempt| {
        let data = json!({
            "rail": attempt.rail,
            "tool": tool,
            "what": attempt.what,
            "detail": attempt.detail,
        });
        NewEvent::new(
            EventType::REFUSAL,
            Timestamp::now(),
            who.context(conversation),
            data,
        )
    };
    let events: Vec<_> = attempts.into_iter().map(event).collect();
    if events.is_empty() {
        return;
    }
    let outcomes = tuner
        .journal
        .append_all(below("refusal", lineage), events)
        .await;
    if let Some(error) = outcomes.into_iter().find_map(Result::err) {
        tracing::error!(%error, tool, "what a rail refused is not in the ledger");
    }
}

/// Wakes the Architect with a message; what it is of says the same once.
pub(crate) async fn wake(
    tuner: &Inner,
    lineage: &LineageName,
    tool: Option<String>,
    message: &str,
    of: Option<&str>,
) -> Result<Seq, AppendError> {
    let key = of.map(|of| {
        let all = Value::from(vec![lineage.as_str(), of, message]);
        let key = format!("wake-{}", Digest::of_json(&all));
        key.parse()
            .expect("letters, digits and a hyphen make a key")
    });
    let wake = Wake {
        reason: Reason::Escalation { tool },
        evidence: Evidence::default(),
        message: Some(message.to_owned()),
        context: Context::of(AgentRole::Tuner),
        key,
    };
    let woken = triggers::wake(&*tuner.journal, lineage, wake, Timestamp::now()).await?;
    Ok(woken.event.seq)
}

fn below(word: &str, lineage: &LineageName) -> Subject {
    let subject = format!("{word}.{}", Subject::lineage(lineage).as_str());
    subject.try_into().expect("a subject below a word is one")
}
