//! What somebody says of a conversation, kept beside the call that it is about.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use journal::{AppendError, Expect, Journal, Order, Query, ReadError};
use model::{
    Context, Digest, Event, EventType, LineageName, NewEvent, Seq, canonical,
    event::{AgentRole, IdempotencyKey, Label, Tenant},
};
use serde_json::{Map, Value, json};
use tokio::time::timeout;
use triggers::feedback_subject;
use uuid::Uuid;

/// How much of a message is taken.
pub const MESSAGE_CHARS_MAX: usize = 10_000;

/// The newest calls of a conversation among which the one that was answered is looked for.
const CALLS_MAX: usize = 100;

/// How far the clocks of those who give ids and those who write events may be apart.
const CLOCK_S_MAX: i64 = 60;

/// A call is written up to 10 ms behind its answer, and whoever was answered may be faster.
const BEHIND_MS_MAX: u64 = 250;

/// Feedback that can be given.
///
/// Invariant: it has a reward of -1 to 1, a rating of 1 to 5 or a message that says something.
#[derive(Clone, Debug, PartialEq)]
pub struct Feedback {
    conversation: Label,
    reward: Option<f64>,
    rating: Option<f64>,
    message: Option<String>,
    id: Option<Label>,
}

/// The same before anybody looked at it.
#[derive(Clone, Debug, Default)]
pub struct FeedbackParts {
    pub conversation: String,
    pub reward: Option<f64>,
    pub rating: Option<f64>,
    pub message: Option<String>,
    /// Under which it counts once.
    pub id: Option<String>,
}

/// Which way it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A tool of the Tuner.
    Tuner,
    /// A person or a program: over REST, or from a shell.
    Rest,
}

/// Feedback that is kept.
#[derive(Clone, Debug)]
pub struct Given {
    pub feedback_id: String,
    /// The tool that was called.
    pub tool: Option<String>,
    pub event: Arc<Event>,
    /// It had been given before, under the same id.
    pub was_repeated: bool,
}

/// What is wrong with feedback, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct BadFeedback {
    /// A JSON Pointer, empty for the whole.
    pub pointer: &'static str,
    pub what: String,
}

/// Why feedback was not kept. Nothing was written in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackError {
    #[error("there is no call of conversation `{conversation}`")]
    UnknownConversation { conversation: Label },
    #[error("conversation `{conversation}` is one of the lineage `{lineage}`")]
    OtherLineage {
        conversation: Label,
        lineage: LineageName,
    },
    #[error("the id `{id}` stands for other feedback, which is event {seq}")]
    IdTaken { id: Label, seq: Seq },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(AppendError),
}

impl Feedback {
    pub fn new(parts: FeedbackParts) -> Result<Self, BadFeedback> {
        let wrong = |pointer, what: &str| BadFeedback {
            pointer,
            what: what.to_owned(),
        };
        let label = |pointer, text: String| {
            let label = text.parse::<Label>();
            label.map_err(|_no_label| wrong(pointer, "it has 1 to 128 visible ASCII characters"))
        };
        if parts.reward.is_some_and(|it| !(-1.0..=1.0).contains(&it)) {
            return Err(wrong("/reward", "a reward is a number from -1 to 1"));
        }
        let is_rating = |it: f64| (1.0..=5.0).contains(&it) && it.fract() == 0.0;
        if parts.rating.is_some_and(|it| !is_rating(it)) {
            return Err(wrong("/rating", "a rating is a whole number from 1 to 5"));
        }
        if let Some(message) = &parts.message {
            if message.trim().is_empty() {
                return Err(wrong("/message", "the message says nothing"));
            }
            let chars = message.chars().count();
            if chars > MESSAGE_CHARS_MAX {
                let what = format!("it has {chars} characters, {MESSAGE_CHARS_MAX} are allowed");
                return Err(wrong("/message", &what));
            }
        }
        if parts.reward.is_none() && parts.rating.is_none() && parts.message.is_none() {
            let what = "feedback has a `reward`, a `rating` or a `message`";
            return Err(wrong("", what));
        }
        Ok(Self {
            conversation: label("/conversation_id", parts.conversation)?,
            reward: parts.reward,
            rating: parts.rating,
            message: parts.message,
            id: parts.id.map(|id| label("/id", id)).transpose()?,
        })
    }

    fn data(&self, id: &str, tool: Option<&str>, source: Source) -> Value {
        let mut data = Map::new();
        let mut tell = |name: &str, value: Value| {
            if !value.is_null() {
                data.insert(name.to_owned(), value);
            }
        };
        tell("feedback_id", id.into());
        tell("reward", self.reward.into());
        tell("rating", self.rating.into());
        tell("message", self.message.as_deref().into());
        tell("tool", tool.into());
        tell("source", source.as_str().into());
        data.into()
    }
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Self::Tuner => "tuner",
            Self::Rest => "rest",
        }
    }

    fn role(self) -> AgentRole {
        match self {
            Self::Tuner => AgentRole::Tuner,
            Self::Rest => AgentRole::Operator,
        }
    }
}

/// Keeps feedback on a call of `lineage`, of whichever version of it.
pub async fn give(
    journal: &Arc<dyn Journal>,
    lineage: &LineageName,
    tenant: &Tenant,
    feedback: &Feedback,
    source: Source,
    now: Timestamp,
) -> Result<Given, FeedbackError> {
    let call = find_call(journal, lineage, tenant, &feedback.conversation).await?;
    let tool = call.data["tool"].as_str().map(str::to_owned);
    let id = match &feedback.id {
        Some(id) => id.to_string(),
        None => Uuid::now_v7().to_string(),
    };
    let data = feedback.data(&id, tool.as_deref(), source);
    let context = Context {
        tenant: tenant.clone(),
        conversation: Some(feedback.conversation.clone()),
        version: call.context.version.clone(),
        ..Context::of(source.role())
    };
    let key = feedback.id.as_ref().map(|id| key(lineage, tenant, id));
    let event = NewEvent::new(EventType::FEEDBACK, now, context, data.clone()).with_key(key);
    let kept = journal.append(feedback_subject(lineage), Expect::Any, event);
    let kept = kept.await.map_err(FeedbackError::Write)?;
    if let Some(id) = feedback.id.as_ref().filter(|_| kept.was_repeated) {
        let first = &kept.event;
        let is_same = said(&first.data) == said(&data)
            && first.context.conversation.as_ref() == Some(&feedback.conversation);
        if !is_same {
            let (id, seq) = (id.clone(), first.seq);
            return Err(FeedbackError::IdTaken { id, seq });
        }
    }
    Ok(Given {
        feedback_id: id,
        tool,
        event: kept.event,
        was_repeated: kept.was_repeated,
    })
}

/// What a repetition has to repeat, as it is kept; which way it came does not matter.
fn said(data: &Value) -> [String; 3] {
    ["reward", "rating", "message"].map(|name| canonical::to_string(&data[name]))
}

fn key(lineage: &LineageName, tenant: &Tenant, id: &Label) -> IdempotencyKey {
    let digest = Digest::of_json(&json!([tenant, lineage, id]));
    let key = format!("feedback-{digest}");
    key.parse().expect("a word and hex digits are a key")
}

/// The call that somebody who knows of the conversation was answered by.
pub(crate) async fn find_call(
    journal: &Arc<dyn Journal>,
    lineage: &LineageName,
    tenant: &Tenant,
    conversation: &Label,
) -> Result<Arc<Event>, FeedbackError> {
    let query = Query {
        conversation: Some(conversation.clone()),
        // Another tenant's conversation is one that does not exist.
        tenant: Some(tenant.clone()),
        kinds: vec![EventType::CALL],
        since: began(conversation),
        order: Order::NewestFirst,
        limit: CALLS_MAX,
        ..Query::all()
    };
    let newest = journal.newest().await?;
    let mut calls = journal.read(query.clone()).await?;
    if calls.is_empty() && is_id_of_ours(conversation) {
        let mut coming = Arc::clone(journal).watch(newest, query);
        let patience = Duration::from_millis(BEHIND_MS_MAX);
        if let Ok(call) = timeout(patience, coming.next_event()).await {
            calls.extend(call?);
        }
    }
    let conversation = conversation.clone();
    let lineage_of = |call: &Event| {
        // Before calls named their lineage there was `main` alone.
        let name = call.data.get("lineage").and_then(Value::as_str);
        name.map_or_else(|| Ok(LineageName::default()), str::parse)
    };
    let is_outermost = |call: &&Arc<Event>| call.data.get("depth").is_none();
    let call = calls.iter().find(is_outermost).or(calls.first());
    match call.map(|call| (call, lineage_of(call))) {
        Some((call, Ok(of))) if of == *lineage => Ok(Arc::clone(call)),
        Some((_, Ok(lineage))) => Err(FeedbackError::OtherLineage {
            conversation,
            lineage,
        }),
        Some((_, Err(_))) | None => Err(FeedbackError::UnknownConversation { conversation }),
    }
}

/// When a conversation began, or a little before, by its id: its calls are not looked for among all that
/// happened before. Nothing for an id that does not say.
pub(crate) fn began(conversation: &Label) -> Option<Timestamp> {
    let id = Uuid::parse_str(conversation.as_str()).ok()?;
    let (seconds, _) = id.get_timestamp()?.to_unix();
    let seconds = i64::try_from(seconds).ok()?;
    Timestamp::from_second(seconds - CLOCK_S_MAX).ok()
}

/// Is it worth to wait for its call?
fn is_id_of_ours(conversation: &Label) -> bool {
    let id = Uuid::parse_str(conversation.as_str());
    id.is_ok_and(|id| id.get_version() == Some(uuid::Version::SortRand))
}

#[cfg(test)]
mod tests;
