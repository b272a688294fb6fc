//! What a running tool tells: to the log, and to the client that wants to hear it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use mcp::{Catalogue, Level, Reporter};
use python::{CallEvent, Events, LogEvent, NestedCall, NestedFuture};
use serde_json::{Map, Value, json};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    call::call_within,
    case::Coverage,
    core::Core,
    logs::{LogLine, RecentLogs, TARGET},
    offer::{Offer, Snapshot},
    trace::Trace,
};

/// Messages that wait for a slow client; it misses what comes when there is no room.
const WAITING_MAX: usize = 256;

/// How long an answer waits for the client to read them.
const FLUSH_MS_MAX: u64 = 5_000;

/// Whose messages they are.
pub(crate) struct Told {
    pub(crate) core: Arc<Core>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) offer: Arc<Offer>,
    pub(crate) now: Arc<Snapshot>,
    pub(crate) tool: String,
    pub(crate) conversation: String,
    pub(crate) seed: u64,
    pub(crate) trace: Trace,
    /// Where the lines that run are noted, if somebody wants to know them.
    pub(crate) coverage: Option<Arc<Coverage>>,
}

/// Stands between a call and whoever listens to it.
pub(crate) struct Relay {
    told: Arc<Told>,
    reporter: Option<Reporter>,
    sending: Mutex<Option<Sending>>,
}

struct Sending {
    queue: Sender<CallEvent>,
    task: JoinHandle<()>,
}

impl Told {
    pub(crate) fn push(
        &self,
        level: &str,
        message: String,
        stream: Option<String>,
        fields: Map<String, Value>,
    ) {
        self.log(level, &message, stream.as_deref(), &fields);
        let logs: &RecentLogs = &self.core.logs;
        logs.push(LogLine {
            time: Timestamp::now(),
            level: level.to_owned(),
            message,
            tool: Some(self.tool.clone()),
            conversation_id: Some(self.conversation.clone()),
            trace_id: self.trace.trace_id().map(String::from),
            version: self.now.version_text.clone(),
            stream,
            fields,
        });
    }
}

impl Told {
    /// What [`LogHistory`](crate::LogHistory) reads back.
    fn log(&self, told_as: &str, message: &str, stream: Option<&str>, fields: &Map<String, Value>) {
        macro_rules! log {
            ($level:ident) => {
                tracing::$level!(
                    target: TARGET,
                    tool = self.tool.as_str(),
                    conversation_id = self.conversation.as_str(),
                    version = self.now.version_text.as_str(),
                    told_as,
                    stream,
                    fields = (!fields.is_empty()).then(|| json!(fields).to_string()),
                    message,
                )
            };
        }
        // Of a candidate the verdicts are told; what its tools say in every case is noise.
        let is_of_case = self.core.config.takes_cases;
        self.trace.span.in_scope(|| match told_as {
            _ if is_of_case => log!(debug),
            "critical" | "error" => log!(error),
            "warning" => log!(warn),
            "info" => log!(info),
            _ => log!(debug),
        });
    }
}

impl Relay {
    pub(crate) fn new(told: Arc<Told>, reporter: Option<Reporter>) -> Self {
        Self {
            told,
            reporter,
            sending: Mutex::default(),
        }
    }

    /// Waits until the client was told everything; the answer comes after that.
    pub(crate) async fn flush(&self) {
        let sending = self.lock().take();
        if let Some(Sending { queue, task }) = sending {
            drop(queue);
            let end = task.abort_handle();
            match timeout(Duration::from_millis(FLUSH_MS_MAX), task).await {
                Ok(Ok(())) => {}
                Ok(Err(panic)) => tracing::debug!(%panic, "a client missed messages of its call"),
                Err(_elapsed) => {
                    end.abort();
                    tracing::debug!("a client does not read the messages of its call");
                }
            }
        }
    }

    fn pass_on(&self, event: CallEvent) {
        let Some(reporter) = &self.reporter else {
            return;
        };
        let is_wanted = match &event {
            CallEvent::Log(log) => reporter.wants(level_of(&log.level)),
            CallEvent::Progress(_) => reporter.wants_progress(),
            // A Runner's workers have no rails.
            CallEvent::Lines(_) | CallEvent::Refused { .. } => false,
        };
        if !is_wanted {
            return;
        }
        let mut sending = self.lock();
        let sending = sending.get_or_insert_with(|| {
            let (queue, waiting) = channel(WAITING_MAX);
            let (reporter, tool) = (reporter.clone(), self.told.tool.clone());
            let task = tokio::spawn(send_all(reporter, tool, waiting));
            Sending { queue, task }
        });
        if sending.queue.try_send(event).is_err() {
            tracing::debug!(
                tool = self.told.tool,
                "a client is too slow for the messages of its call"
            );
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Sending>> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Events for Relay {
    fn on_event(&self, event: CallEvent) {
        if let CallEvent::Log(log) = &event {
            let LogEvent {
                level,
                message,
                stream,
                fields,
            } = log.clone();
            self.told.push(&level, message, stream, fields);
        }
        if let (CallEvent::Lines(lines), Some(coverage)) = (&event, &self.told.coverage) {
            coverage.add(lines.clone());
        }
        self.pass_on(event);
    }

    fn call_tool(&self, call: NestedCall) -> NestedFuture {
        Box::pin(call_within(Arc::clone(&self.told), call))
    }
}

async fn send_all(reporter: Reporter, tool: String, mut waiting: Receiver<CallEvent>) {
    while let Some(event) = waiting.recv().await {
        match event {
            CallEvent::Log(log) => {
                let level = level_of(&log.level);
                reporter.log(level, Some(&tool), data_of(log)).await;
            }
            CallEvent::Progress(told) => {
                reporter
                    .progress(told.progress, told.total, told.message)
                    .await;
            }
            CallEvent::Lines(_) | CallEvent::Refused { .. } => {}
        }
    }
}

fn data_of(log: LogEvent) -> Value {
    if log.fields.is_empty() {
        return log.message.into();
    }
    let mut data = json!({"message": log.message});
    for (name, value) in log.fields {
        data[name] = value;
    }
    data
}

fn level_of(name: &str) -> Level {
    match name {
        "debug" => Level::Debug,
        "warning" => Level::Warning,
        "error" => Level::Error,
        "critical" => Level::Critical,
        _ => Level::Info,
    }
}
