//! What a running tool tells, and what it asks of its host.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use journal::Query;
use model::{Event, EventType, LineageName, event::Tenant};
use python::{CallEvent, Events, NestedCall, NestedFuture};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    feedback::began,
    record::{self, Attempt, Who},
    role::{Inner, lock},
};

/// Calls of one conversation that a tool is shown.
const CALLS_MAX: usize = 100;

/// Decisions that a tool is shown at most, and calls that are looked through for them.
const LOGGED_MAX: usize = 10_000;
const LOOKED_THROUGH_MAX: usize = 50_000;

/// Events that are read at once.
const PAGE: usize = 1_000;

/// Things that a call was refused, of which the ledger is told.
const ATTEMPTS_MAX: usize = 100;

/// The result of a call that is rewarded has this member.
const PROPENSITY: &str = "propensity";

/// The longest message to the Architect, and how many one call may leave.
const MESSAGE_CHARS_MAX: usize = 4_000;
const ESCALATIONS_MAX: usize = 4;
const ESCALATE: &str = "luthier/escalate";

/// Whoever listens to a call of one tool.
pub(crate) struct Host {
    tuner: Arc<Inner>,
    /// Whose calls it may look at.
    lineage: LineageName,
    tool: String,
    conversation: String,
    version: String,
    /// Under which lineage, and as whose, attempts are told.
    told_as: Option<(LineageName, Who)>,
    attempts: Mutex<Vec<Attempt>>,
    escalations: Mutex<Vec<String>>,
}

impl Host {
    pub(crate) fn new(
        tuner: &Arc<Inner>,
        lineage: &LineageName,
        tool: &str,
        conversation: &str,
        version: &str,
    ) -> Self {
        Self {
            tuner: Arc::clone(tuner),
            lineage: lineage.clone(),
            tool: tool.to_owned(),
            conversation: conversation.to_owned(),
            version: version.to_owned(),
            told_as: None,
            attempts: Mutex::default(),
            escalations: Mutex::default(),
        }
    }

    /// Tells of what was tried even if nobody waits for the call any more.
    pub(crate) fn told_as(mut self, lineage: &LineageName, who: &Who) -> Self {
        self.told_as = Some((lineage.clone(), who.clone()));
        self
    }

    /// What the Architect is to be told, if the call comes to something.
    pub(crate) fn take_escalations(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.escalations))
    }

    /// What it was refused since the last look.
    pub(crate) fn take_attempts(&self) -> Vec<Attempt> {
        std::mem::take(&mut *lock(&self.attempts))
    }
}

impl Drop for Host {
    /// The client of the call went away, and the call with it.
    fn drop(&mut self) {
        let attempts = self.take_attempts();
        let Some((lineage, who)) = self.told_as.take().filter(|_| !attempts.is_empty()) else {
            return;
        };
        let (tuner, tool) = (Arc::clone(&self.tuner), self.tool.clone());
        let conversation = self.conversation.parse().ok();
        self.tuner.tasks.spawn(async move {
            let conversation = conversation.as_ref();
            record::refuse(&tuner, &lineage, &tool, &who, conversation, attempts).await;
        });
    }
}

impl Events for Host {
    fn on_event(&self, event: CallEvent) {
        match event {
            CallEvent::Log(log) => {
                let fields = (!log.fields.is_empty()).then(|| json!(log.fields).to_string());
                let (tool, version) = (self.tool.as_str(), self.version.as_str());
                let conversation_id = self.conversation.as_str();
                let (told_as, stream, message) = (log.level, log.stream, log.message);
                tracing::info!(
                    target: "tool",
                    tool, conversation_id, version, told_as, stream, fields, message,
                );
            }
            CallEvent::Refused { what, detail } => {
                let mut attempts = lock(&self.attempts);
                if attempts.len() < ATTEMPTS_MAX {
                    attempts.push(Attempt {
                        rail: "worker",
                        what,
                        detail,
                    });
                }
            }
            CallEvent::Progress(_) | CallEvent::Lines(_) => {}
        }
    }

    fn call_tool(&self, call: NestedCall) -> NestedFuture {
        if call.tool == ESCALATE {
            let noted = self.note_escalation(&call.arguments);
            return Box::pin(async move { noted });
        }
        let (tuner, lineage) = (Arc::clone(&self.tuner), self.lineage.clone());
        Box::pin(async move { answer(&tuner, &lineage, &call).await })
    }
}

impl Host {
    fn note_escalation(&self, arguments: &[u8]) -> Result<Bytes, String> {
        let Message { message } = read(arguments)?;
        let message = checked_message(&message)?.to_owned();
        let mut escalations = lock(&self.escalations);
        if escalations.len() >= ESCALATIONS_MAX {
            return Err(format!(
                "a call wakes the Architect at most {ESCALATIONS_MAX} times: say all of it at once"
            ));
        }
        escalations.push(message);
        Ok(Bytes::from_static(b"null"))
    }
}

#[derive(Deserialize)]
struct CallsOf {
    conversation_id: String,
}

#[derive(Deserialize)]
struct LoggedOf {
    tool: String,
    limit: usize,
}

#[derive(Deserialize)]
struct Message {
    message: String,
}

#[derive(Deserialize)]
struct AssetOf {
    asset: String,
    #[serde(default)]
    body: String,
}

/// Answers what the authors' package asks under names that no tool has.
async fn answer(
    tuner: &Arc<Inner>,
    lineage: &LineageName,
    call: &NestedCall,
) -> Result<Bytes, String> {
    let value = match call.tool.as_str() {
        "luthier/calls" => {
            let CallsOf { conversation_id } = read(&call.arguments)?;
            calls(tuner, lineage, &conversation_id).await?
        }
        "luthier/logged" => logged(tuner, lineage, read(&call.arguments)?).await?,
        "luthier/keep" => {
            let AssetOf { asset, body } = read(&call.arguments)?;
            let body = BASE64.decode(body).map_err(|error| error.to_string())?;
            tuner.keep_array(asset, body.into()).await?;
            Value::Null
        }
        "luthier/asset" => {
            let AssetOf { asset, .. } = read(&call.arguments)?;
            BASE64.encode(tuner.load_array(asset).await?).into()
        }
        tool => {
            return Err(format!(
                "`{tool}` cannot be called: a tool of the tuner changes the staged state, and calls \
                 no other"
            ));
        }
    };
    Ok(value.to_string().into())
}

fn read<'a, T: Deserialize<'a>>(arguments: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(arguments).map_err(|error| format!("the host was asked badly: {error}"))
}

/// The calls of a conversation of this lineage, oldest first.
async fn calls(tuner: &Inner, lineage: &LineageName, id: &str) -> Result<Value, String> {
    let unknown = || {
        format!(
            "no call of `{lineage}` has the conversation `{id}`: name the `conversation_id` that a \
             result of the Runner carried"
        )
    };
    let conversation = id.parse().map_err(|_malformed| unknown())?;
    let query = Query {
        since: began(&conversation),
        conversation: Some(conversation),
        tenant: Some(Tenant::default()),
        kinds: vec![EventType::CALL],
        limit: CALLS_MAX,
        ..Query::all()
    };
    let events = tuner
        .journal
        .read(query)
        .await
        .map_err(|error| error.to_string())?;
    let calls = events.iter().filter(|event| is_of(event, lineage));
    let calls: Vec<Value> = calls.map(|event| shown(event)).collect();
    if calls.is_empty() {
        return Err(unknown());
    }
    Ok(calls.into())
}

/// Was it a call of a version of this lineage? Those of `main` do not name theirs.
pub(crate) fn is_of(call: &Event, lineage: &LineageName) -> bool {
    let own = call.data.get("lineage").and_then(Value::as_str);
    own.unwrap_or(LineageName::default().as_str()) == lineage.as_str()
}

fn shown(event: &Event) -> Value {
    let data = &event.data;
    json!({
        "tool": data["tool"],
        "arguments": data["arguments"],
        "result": data["result"],
        "outcome": data["outcome"],
        "version": event.context.version,
        "seed": data["seed"],
        "at": event.time,
    })
}

/// The newest decisions of a tool, with what came of them.
async fn logged(tuner: &Inner, lineage: &LineageName, of: LoggedOf) -> Result<Value, String> {
    let limit = of.limit.clamp(1, LOGGED_MAX);
    let mut made: Vec<Arc<Event>> = Vec::new();
    let (mut until, mut looked_through) = (Query::all().until, 0);
    while made.len() < limit && looked_through < LOOKED_THROUGH_MAX {
        let query = Query {
            until,
            tenant: Some(Tenant::default()),
            kinds: vec![EventType::CALL],
            order: journal::Order::NewestFirst,
            limit: PAGE,
            ..Query::all()
        };
        let page = tuner
            .journal
            .read(query)
            .await
            .map_err(|error| error.to_string())?;
        let Some(last) = page.last() else { break };
        until = last.seq - 1;
        looked_through += page.len();
        let is_decision = |event: &&Arc<Event>| {
            event.data["tool"] == of.tool.as_str()
                && event.data["result"].get(PROPENSITY).is_some()
                && is_of(event, lineage)
        };
        let room = limit - made.len();
        made.extend(page.iter().filter(is_decision).take(room).cloned());
    }
    let Some(oldest) = made.last() else {
        return Ok(json!([]));
    };
    let rewards = rewards(tuner, lineage, oldest.seq).await?;
    let told = made.iter().map(|event| {
        let id = event.context.conversation.as_ref().map(ToString::to_string);
        let reward = id.as_ref().and_then(|id| rewards.get(id));
        json!({
            "conversation_id": id,
            "arguments": event.data["arguments"],
            "result": event.data["result"],
            "at": event.time,
            "reward": reward,
        })
    });
    Ok(told.collect())
}

/// The mean reward of each conversation that was given one since then.
async fn rewards(
    tuner: &Inner,
    lineage: &LineageName,
    since: u64,
) -> Result<HashMap<String, f64>, String> {
    let mut sums: HashMap<String, (f64, f64)> = HashMap::new();
    let mut after = since;
    loop {
        let query = Query {
            after,
            tenant: Some(Tenant::default()),
            kinds: vec![EventType::FEEDBACK],
            limit: PAGE,
            ..Query::of(triggers::feedback_subject(lineage))
        };
        let page = tuner
            .journal
            .read(query)
            .await
            .map_err(|error| error.to_string())?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for event in &page {
            let conversation = event.context.conversation.as_ref();
            let given = event.data["reward"].as_f64().zip(conversation);
            if let Some((reward, conversation)) = given {
                let sum = sums.entry(conversation.to_string()).or_default();
                *sum = (sum.0 + reward, sum.1 + 1.0);
            }
        }
    }
    let means = sums.into_iter().map(|(id, (sum, count))| (id, sum / count));
    Ok(means.collect())
}

/// What the Architect is told, if it says something.
pub(crate) fn checked_message(message: &str) -> Result<&str, String> {
    let message = message.trim();
    if message.is_empty() || message.chars().count() > MESSAGE_CHARS_MAX {
        return Err(format!(
            "say in 1 to {MESSAGE_CHARS_MAX} characters what tuning cannot solve"
        ));
    }
    Ok(message)
}
