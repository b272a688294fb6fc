//! One `luthier.call` event for each call, written behind its answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use journal::{Expect, Journal};
use model::{
    Context, EventType, LineageName, NewEvent, Subject,
    event::{AgentRole, Label},
    trace::{SpanId, TraceId},
};
use serde_json::{Map, Value, json};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::offer::Snapshot;

/// Events that wait to be written; what comes when there is no room is counted as lost.
const WAITING_MAX: usize = 8192;

/// Written together, after at most as long as this.
const BATCH_MAX: usize = 256;
const BATCH_MS: u64 = 10;

/// Members whose names contain one of these, whatever stands between their words, are never kept.
const SECRET_WORDS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "accesstoken",
    "authtoken",
    "apikey",
    "privatekey",
    "accesskey",
    "authorization",
    "credential",
    "cookie",
];

/// The same of whole names.
const SECRET_NAMES: [&str; 3] = ["token", "pwd", "bearer"];

/// What took the place of a secret.
const REDACTED: &str = "[redacted]";

/// What is shorter is found in too much of any text.
const SECRET_BYTES_MIN: usize = 4;

/// How much of an error is kept with its event.
const ERROR_CHARS_MAX: usize = 2_000;

/// How deep arguments and results are looked through for secrets.
const REDACTED_DEPTH_MAX: usize = 32;

/// What a call came to.
pub(crate) struct CallRecord {
    pub(crate) at: Timestamp,
    pub(crate) tool: String,
    pub(crate) conversation: Option<Label>,
    /// The version that answered, and its state.
    pub(crate) now: Arc<Snapshot>,
    pub(crate) agent: Option<Label>,
    pub(crate) trace: Option<TraceId>,
    pub(crate) span: Option<SpanId>,
    pub(crate) seed: u64,
    pub(crate) outcome: &'static str,
    /// What went wrong, in words.
    pub(crate) error: Option<String>,
    pub(crate) queued: Duration,
    pub(crate) took: Duration,
    pub(crate) arguments: Recorded,
    pub(crate) result: Option<Recorded>,
    /// The version that was asked for, when an earlier one answered in its place.
    pub(crate) instead_of: Option<String>,
    /// How many calls lay around it.
    pub(crate) depth: usize,
}

/// A JSON value, of which the size alone is kept where it is too large.
pub(crate) struct Recorded {
    json: Bytes,
    is_kept: bool,
}

impl Recorded {
    pub(crate) fn new(json: &Bytes, bytes_max: usize) -> Self {
        Self {
            json: json.clone(),
            is_kept: json.len() <= bytes_max,
        }
    }

    /// Without secrets, which go into `secrets` as far as they are texts.
    fn value(&self, secrets: &mut Vec<String>) -> Option<Value> {
        let mut value = serde_json::from_slice(&self.json).ok()?;
        redact(&mut value, REDACTED_DEPTH_MAX, secrets);
        Some(value)
    }
}

/// Writes them. A record becomes an event where it is written, so that no answer waits for that.
#[derive(Clone)]
pub(crate) struct Recorder {
    queue: Sender<CallRecord>,
    journal: Arc<dyn Journal>,
    lost: Arc<AtomicU64>,
}

impl Recorder {
    /// The recorder, and what has to run for it; told to stop, it writes what waits and ends.
    pub(crate) fn new(
        journal: Arc<dyn Journal>,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, waiting) = channel(WAITING_MAX);
        let recorder = Self {
            queue,
            journal: Arc::clone(&journal),
            lost: Arc::default(),
        };
        let lost = Arc::clone(&recorder.lost);
        (recorder, write_all(journal, waiting, lost, stop))
    }

    /// Events that could not be written since the start.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Writes a record soon.
    pub(crate) fn record(&self, record: CallRecord) {
        if self.queue.try_send(record).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes a record now, for calls whose feedback needs it.
    pub(crate) async fn record_durably(
        &self,
        record: CallRecord,
    ) -> Result<(), journal::AppendError> {
        let event = record.into_event();
        self.journal.append(subject(), Expect::Any, event).await?;
        Ok(())
    }
}

impl CallRecord {
    fn into_event(self) -> NewEvent {
        let data = self.data();
        let context = Context {
            role: AgentRole::Runner,
            agent: self.agent,
            conversation: self.conversation,
            version: Some(self.now.version.clone()),
            trace: self.trace,
            span: self.span,
            ..Context::default()
        };
        NewEvent::new(EventType::CALL, self.at, context, data)
    }

    fn data(&self) -> Value {
        let mut data = json!({
            "lineage": self.now.lineage,
            "tool": self.tool,
            "outcome": self.outcome,
            "revision": self.now.revision,
            "state": self.now.hash,
            // A number of 64 bits does not survive every reader of JSON.
            "seed": self.seed.to_string(),
            "duration_us": micros(self.took),
            "queued_us": micros(self.queued),
            "argument_bytes": self.arguments.json.len(),
        });
        if let Some(commit) = &self.now.commit {
            data["commit"] = commit.as_str().into();
        }
        // Lineages may have the same numbers.
        if self.now.lineage != LineageName::default() {
            data["lineage"] = self.now.lineage.as_str().into();
        }
        if let Some(version) = &self.instead_of {
            data["instead_of"] = version.as_str().into();
        }
        if self.depth > 0 {
            data["depth"] = self.depth.into();
        }
        let mut secrets = Vec::new();
        // What is too large to keep may still be in what the tool raised.
        let is_read = self.arguments.is_kept || self.error.is_some();
        let arguments = is_read.then(|| self.arguments.value(&mut secrets));
        if let Some(arguments) = arguments.flatten().filter(|_| self.arguments.is_kept) {
            data["arguments"] = arguments;
        }
        if let Some(error) = &self.error {
            data["error"] = told(error, &secrets).into();
        }
        if let Some(result) = &self.result {
            data["result_bytes"] = result.json.len().into();
            if result.is_kept
                && let Some(result) = result.value(&mut secrets)
            {
                data["result"] = result;
            }
        }
        data
    }
}

/// An error as it is kept: tools put what they were given into what they raise.
fn told(error: &str, secrets: &[String]) -> String {
    let mut text = error.to_owned();
    for secret in secrets {
        text = text.replace(secret.as_str(), REDACTED);
    }
    if let Some((end, _)) = text.char_indices().nth(ERROR_CHARS_MAX) {
        text.truncate(end);
    }
    text
}

fn redact(value: &mut Value, depth: usize, secrets: &mut Vec<String>) {
    match value {
        Value::Object(members) => redact_members(members, depth, secrets),
        Value::Array(items) if depth > 0 => {
            for item in items {
                redact(item, depth - 1, secrets);
            }
        }
        Value::Array(_) => *value = Value::Null,
        _ => {}
    }
}

fn redact_members(members: &mut Map<String, Value>, depth: usize, secrets: &mut Vec<String>) {
    for (name, value) in members {
        if depth == 0 || is_secret(name) {
            collect(std::mem::replace(value, REDACTED.into()), secrets);
        } else {
            redact(value, depth - 1, secrets);
        }
    }
}

/// All texts of a secret.
fn collect(secret: Value, texts: &mut Vec<String>) {
    match secret {
        Value::String(text) if text.len() >= SECRET_BYTES_MIN => texts.push(text),
        Value::Array(items) => items.into_iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => {
            let values = members.into_iter().map(|(_, value)| value);
            values.for_each(|value| collect(value, texts));
        }
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.collect::<String>().to_lowercase();
    SECRET_NAMES.contains(&name.as_str()) || SECRET_WORDS.iter().any(|word| name.contains(word))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Calls do not build on each other, so they share a subject.
fn subject() -> Subject {
    "call".to_owned().try_into().expect("a word is a subject")
}

async fn write_all(
    journal: Arc<dyn Journal>,
    mut waiting: Receiver<CallRecord>,
    lost: Arc<AtomicU64>,
    stop: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        let first = tokio::select! {
            biased;
            () = stop.cancelled(), if !waiting.is_closed() => {
                waiting.close();
                continue;
            }
            first = waiting.recv() => first,
        };
        let Some(first) = first else { return };
        batch.push(first);
        let until = Instant::now() + Duration::from_millis(BATCH_MS);
        while batch.len() < BATCH_MAX {
            let room = BATCH_MAX - batch.len();
            match timeout_at(until, waiting.recv_many(&mut batch, room)).await {
                Ok(0) | Err(_) => break,
                Ok(_more) => {}
            }
        }
        let events = batch.drain(..).map(CallRecord::into_event).collect();
        let outcomes = journal.append_all(subject(), events).await;
        let failures: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
        if let Some(error) = failures.first() {
            let count = failures.len() as u64;
            let all = lost.fetch_add(count, Ordering::Relaxed) + count;
            tracing::warn!(%error, count, all, "events of calls were lost");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_kept_at_no_depth() {
        let mut value = json!({
            "user": "ann",
            "Password": ["xyzzy"],
            "max_tokens": 3,
            "nested": [{"X-Api-Key": 1, "note": "kept"}],
        });

        let mut secrets = Vec::new();
        redact(&mut value, REDACTED_DEPTH_MAX, &mut secrets);

        assert_eq!(
            value,
            json!({
                "user": "ann",
                "Password": "[redacted]",
                "max_tokens": 3,
                "nested": [{"X-Api-Key": "[redacted]", "note": "kept"}],
            })
        );
        assert_eq!(
            told("KeyError: 'xyzzy' of ann", &secrets),
            "KeyError: '[redacted]' of ann"
        );
    }
}
