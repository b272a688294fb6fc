//! One `luthier.call` event for each call, written behind its answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::join_all;
use jiff::Timestamp;
use journal::{Expect, Journal};
use model::{
    Context, EventType, NewEvent, Subject,
    event::{AgentRole, Label},
    trace::{SpanId, TraceId},
};
use semver::Version;
use serde_json::{Map, Value, json};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel, error::TrySendError},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

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

/// How deep arguments and results are looked through for secrets.
const REDACTED_DEPTH_MAX: usize = 32;

/// What a call came to.
pub(crate) struct CallRecord {
    pub(crate) tool: String,
    pub(crate) conversation: Option<Label>,
    pub(crate) version: Version,
    pub(crate) commit: Option<String>,
    pub(crate) revision: u64,
    pub(crate) state_hash: model::Digest,
    pub(crate) agent: Option<Label>,
    pub(crate) trace: Option<TraceId>,
    pub(crate) span: Option<SpanId>,
    pub(crate) seed: u64,
    pub(crate) outcome: &'static str,
    /// What went wrong, in words.
    pub(crate) error: Option<String>,
    pub(crate) queued: Duration,
    pub(crate) took: Duration,
    pub(crate) arguments: Bytes,
    pub(crate) result: Option<Bytes>,
}

/// Writes them.
#[derive(Clone)]
pub(crate) struct Recorder {
    queue: Sender<NewEvent>,
    journal: Arc<dyn Journal>,
    kept_bytes_max: usize,
    lost: Arc<AtomicU64>,
}

impl Recorder {
    /// The recorder, and what has to run for it; told to stop, it writes what waits and ends.
    pub(crate) fn new(
        journal: Arc<dyn Journal>,
        kept_bytes_max: usize,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, waiting) = channel(WAITING_MAX);
        let recorder = Self {
            queue,
            journal: Arc::clone(&journal),
            kept_bytes_max,
            lost: Arc::default(),
        };
        let lost = Arc::clone(&recorder.lost);
        (recorder, write_all(journal, waiting, lost, stop))
    }

    /// How many events could not be written.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Writes a record soon.
    pub(crate) fn record(&self, record: &CallRecord) {
        match self.queue.try_send(self.event(record)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Writes a record now, for calls whose feedback needs it.
    pub(crate) async fn record_durably(
        &self,
        record: &CallRecord,
    ) -> Result<(), journal::AppendError> {
        let event = self.event(record);
        self.journal.append(subject(), Expect::Any, event).await?;
        Ok(())
    }

    fn event(&self, record: &CallRecord) -> NewEvent {
        let context = Context {
            role: AgentRole::Runner,
            agent: record.agent.clone(),
            conversation: record.conversation.clone(),
            version: Some(record.version.clone()),
            trace: record.trace.clone(),
            span: record.span.clone(),
            ..Context::default()
        };
        NewEvent::new(
            EventType::CALL,
            Timestamp::now(),
            context,
            self.data(record),
        )
    }

    fn data(&self, record: &CallRecord) -> Value {
        let mut data = json!({
            "tool": record.tool,
            "outcome": record.outcome,
            "revision": record.revision,
            "state": record.state_hash,
            // A number of 64 bits does not survive every reader of JSON.
            "seed": record.seed.to_string(),
            "duration_us": micros(record.took),
            "queued_us": micros(record.queued),
            "argument_bytes": record.arguments.len(),
        });
        if let Some(commit) = &record.commit {
            data["commit"] = commit.as_str().into();
        }
        if let Some(error) = &record.error {
            data["error"] = error.as_str().into();
        }
        if let Some(arguments) = self.kept(&record.arguments) {
            data["arguments"] = arguments;
        }
        if let Some(result) = &record.result {
            data["result_bytes"] = result.len().into();
            if let Some(result) = self.kept(result) {
                data["result"] = result;
            }
        }
        data
    }

    /// The value, if it is small enough to keep, without secrets.
    fn kept(&self, json: &Bytes) -> Option<Value> {
        if json.len() > self.kept_bytes_max {
            return None;
        }
        let mut value = serde_json::from_slice(json).ok()?;
        redact(&mut value, REDACTED_DEPTH_MAX);
        Some(value)
    }
}

fn redact(value: &mut Value, depth: usize) {
    match value {
        Value::Object(members) => redact_members(members, depth),
        Value::Array(items) if depth > 0 => {
            for item in items {
                redact(item, depth - 1);
            }
        }
        Value::Array(_) => *value = Value::Null,
        _ => {}
    }
}

fn redact_members(members: &mut Map<String, Value>, depth: usize) {
    for (name, value) in members {
        if depth == 0 || is_secret(name) {
            *value = REDACTED.into();
        } else {
            redact(value, depth - 1);
        }
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
    mut waiting: Receiver<NewEvent>,
    lost: Arc<AtomicU64>,
    stop: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        let first = tokio::select! {
            biased;
            first = waiting.recv() => first,
            () = stop.cancelled(), if !waiting.is_closed() => {
                waiting.close();
                continue;
            }
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
        let writes = batch.drain(..);
        let writes = writes.map(|event| journal.append(subject(), Expect::Any, event));
        let failures = join_all(writes).await.into_iter().filter_map(Result::err);
        let failures: Vec<_> = failures.collect();
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
            "Password": "x",
            "max_tokens": 3,
            "nested": [{"X-Api-Key": 1, "note": "kept"}],
        });

        redact(&mut value, REDACTED_DEPTH_MAX);

        assert_eq!(
            value,
            json!({
                "user": "ann",
                "Password": "[redacted]",
                "max_tokens": 3,
                "nested": [{"X-Api-Key": "[redacted]", "note": "kept"}],
            })
        );
    }
}
