//! The pool of workers, with two spans for each call while somebody collects them: that of the
//! worker, from when the call was sent to it, and that of Python within.

use std::{collections::BTreeMap, time::SystemTime};

use bytes::Bytes;
use python::{Answer, CallError, CallRequest, Code, LoadError, Pool, State};
use telemetry::{FinishedSpan, KeyValue, TraceParent};

pub(crate) struct Workers(Pool);

impl Workers {
    pub(crate) fn new(pool: Pool) -> Self {
        Self(pool)
    }

    pub(crate) async fn call(&self, mut request: CallRequest) -> Result<Answer, CallError> {
        let Some(way) = Way::begin(&mut request) else {
            return self.0.call(request).await;
        };
        let outcome = self.0.call(request).await;
        way.end(&outcome);
        outcome
    }

    pub(crate) async fn load(
        &self,
        label: &str,
        hash: &str,
        files: BTreeMap<String, Bytes>,
    ) -> Result<Code, LoadError> {
        self.0.load(label, hash, files).await
    }

    pub(crate) fn load_state(&self, document: &[u8]) -> Result<State, LoadError> {
        self.0.load_state(document)
    }
}

/// What a call passes through in another process.
struct Way {
    caller: TraceParent,
    worker: TraceParent,
    python: TraceParent,
    tool: String,
    conversation_id: String,
    began: SystemTime,
}

impl Way {
    /// Tells Python its own place instead of the caller's.
    fn begin(request: &mut CallRequest) -> Option<Self> {
        if !telemetry::is_collecting() {
            return None;
        }
        let caller = TraceParent::parse(request.traceparent.as_deref()?, None)?;
        let worker = caller.child();
        let python = worker.child();
        request.traceparent = Some(python.traceparent());
        Some(Self {
            caller,
            worker,
            python,
            tool: request.name.clone(),
            conversation_id: request.conversation_id.clone(),
            began: SystemTime::now(),
        })
    }

    fn end(&self, outcome: &Result<Answer, CallError>) {
        let ended = SystemTime::now();
        let (sent, called, error) = match outcome {
            Ok(answer) => {
                let sent = (self.began + answer.queued).min(ended);
                let called = ended.checked_sub(answer.took).unwrap_or(sent);
                (sent, called.max(sent), None)
            }
            Err(error) if was_started(error) => (self.began, self.began, Some(error.to_string())),
            Err(_no_worker_had_it) => return,
        };
        let span = |parent, place, name, began| FinishedSpan {
            parent,
            place,
            name,
            began,
            ended,
            attributes: vec![
                KeyValue::new("tool", self.tool.clone()),
                KeyValue::new("conversation_id", self.conversation_id.clone()),
            ],
            error: error.clone(),
        };
        telemetry::finish(span(&self.worker, &self.python, "python", called));
        telemetry::finish(span(&self.caller, &self.worker, "worker", sent));
    }
}

fn was_started(error: &CallError) -> bool {
    match error {
        CallError::Raised(_)
        | CallError::Refused { .. }
        | CallError::Crashed(_)
        | CallError::Collateral { .. }
        | CallError::Asks { .. } => true,
        CallError::DeadlineExceeded { was_started, .. } => *was_started,
        CallError::Cancelled | CallError::Overloaded { .. } | CallError::Unavailable { .. } => {
            false
        }
    }
}
