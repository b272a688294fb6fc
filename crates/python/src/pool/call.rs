//! What is asked of a pool and what comes back.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::frame::BODY_BYTES_MAX;

use super::{
    code::{Code, State},
    failure::CallError,
    lane::Lane,
};

/// What of a module is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallKind {
    Tool,
    Resource,
    Prompt,
    Completion,
    /// A function of one of the version's files that nobody serves, as `PATH:FUNCTION`.
    Script,
    /// What the host knows of the code.
    About,
}

/// What of [`CallKind::About`] says which lines of the code calls could run.
const LINES: &str = "lines";

impl CallKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
            Self::Completion => "completion",
            Self::Script => "script",
            Self::About => "about",
        }
    }
}

/// One call.
#[derive(Clone)]
pub struct CallRequest {
    pub code: Code,
    pub state: State,
    pub kind: CallKind,
    pub name: String,
    /// A JSON object; of a script, an array.
    pub arguments: Bytes,
    /// The session's JSON object, for a call that may change one.
    pub session: Option<Bytes>,
    /// What the client can be asked and has answered, as the JSON object `{"can", "answers"}`; for a
    /// call that may ask.
    pub client: Option<Bytes>,
    /// From now, waiting included; a call within another ends with that at the latest.
    pub deadline: Duration,
    pub conversation_id: String,
    pub version: String,
    pub revision: u64,
    pub traceparent: Option<String>,
    pub seed: u64,
    /// Tell [`CallRequest::events`] which lines ran, which makes the call several times slower.
    pub notes_lines: bool,
    pub events: Option<Arc<dyn Events>>,
    /// The call that makes this one, when a tool does: from [`NestedCall`].
    pub within: Option<Within>,
}

/// What may be sent beside the arguments: names, ids, trace context.
const NAMES_BYTES_MAX: usize = 64 << 10;
/// No deadline is further away than this.
const DEADLINE_MAX: Duration = Duration::from_hours(24);

impl CallRequest {
    /// When the call ends that starts now.
    pub(super) fn ends_at(&self, now: Instant) -> Instant {
        let own = now + self.deadline.min(DEADLINE_MAX);
        let outer = self.within.as_ref().map_or(own, |within| within.deadline);
        own.min(outer).max(now)
    }

    /// Refuses what would not fit into a frame.
    pub(super) fn check_size(&self) -> Result<(), CallError> {
        let names = [&self.name, &self.conversation_id, &self.version];
        let names: usize = names.into_iter().map(String::len).sum();
        let names = names + self.traceparent.as_ref().map_or(0, String::len);
        let session = self.session.as_ref().map_or(0, Bytes::len);
        let client = self.client.as_ref().map_or(0, Bytes::len);
        let bytes = self.arguments.len() + session + client;
        let (what, bytes, limit) = if names > NAMES_BYTES_MAX {
            ("names and ids", names, NAMES_BYTES_MAX)
        } else if bytes > BODY_BYTES_MAX {
            ("arguments, session and answers", bytes, BODY_BYTES_MAX)
        } else {
            return Ok(());
        };
        let reason = format!("the {what} of the call are {bytes} bytes and the limit is {limit}");
        Err(CallError::Refused { reason })
    }

    /// A call of a tool with what it cannot do without.
    pub fn tool(code: &Code, state: &State, name: &str, arguments: impl Into<Bytes>) -> Self {
        Self {
            code: code.clone(),
            state: state.clone(),
            kind: CallKind::Tool,
            name: name.to_owned(),
            arguments: arguments.into(),
            session: None,
            client: None,
            deadline: Duration::from_secs(30),
            conversation_id: String::new(),
            version: String::new(),
            revision: 0,
            traceparent: None,
            seed: 0,
            notes_lines: false,
            events: None,
            within: None,
        }
    }

    /// A call of a function of one of the version's files, `PATH:FUNCTION`, with a JSON array of
    /// arguments. What it raises comes as a message for whoever called it, with its place in
    /// [`super::Raised::data`].
    pub fn script(code: &Code, state: &State, function: &str, arguments: impl Into<Bytes>) -> Self {
        Self {
            kind: CallKind::Script,
            ..Self::tool(code, state, function, arguments)
        }
    }

    /// Asks which lines of the code calls could run: a [`Lines`] as JSON.
    pub fn lines(code: &Code, state: &State) -> Self {
        Self {
            kind: CallKind::About,
            ..Self::tool(code, state, LINES, Bytes::from_static(b"{}"))
        }
    }
}

/// Lines of functions, in order, by file.
pub type Lines = BTreeMap<String, Vec<u32>>;

/// What a call came to.
#[derive(Clone, Debug)]
pub struct Answer {
    /// A JSON value.
    pub value: Bytes,
    /// The session's JSON, when the call changed it.
    pub session: Option<Bytes>,
    /// Until the call was sent to a worker.
    pub queued: Duration,
    /// In Python.
    pub took: Duration,
}

/// One line that a call logged or printed.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEvent {
    pub level: String,
    pub message: String,
    /// `stdout` or `stderr` when it was printed, `output` when it was written to the descriptor of
    /// either: by C code, or by a program that the tool started.
    pub stream: Option<String>,
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// How far a call is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    pub progress: f64,
    pub total: Option<f64>,
    pub message: Option<String>,
}

/// What a running call tells.
#[derive(Clone, Debug, PartialEq)]
pub enum CallEvent {
    Log(LogEvent),
    Progress(Progress),
    /// The lines that ran, told once, before the call ends.
    Lines(Lines),
    /// A system call that its rails do not allow, which fails with `EPERM`. What it was to be done
    /// to, such as a path, is as the code named it, and may be empty.
    Refused {
        what: String,
        detail: String,
    },
}

/// A call that a running tool makes.
pub struct NestedCall {
    pub tool: String,
    pub arguments: Bytes,
    /// To be handed on in the [`CallRequest`].
    pub within: Within,
}

/// The value of a nested call as JSON, or a message for the tool that made it.
pub type NestedFuture = Pin<Box<dyn Future<Output = Result<Bytes, String>> + Send>>;

/// Whoever listens to a running call. Called from the task that reads a worker: do not block.
pub trait Events: Send + Sync {
    fn on_event(&self, event: CallEvent);

    /// Runs a call that the tool makes; nobody allows it unless this is written.
    fn call_tool(&self, call: NestedCall) -> NestedFuture {
        let tool = call.tool;
        Box::pin(async move { Err(format!("`{tool}` cannot be called from here")) })
    }
}

/// The call that makes another one.
#[derive(Clone)]
pub struct Within {
    pub(super) chain: Vec<Link>,
    pub(super) deadline: Instant,
}

/// A call that waits for one that it has made.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) lane: Weak<Lane>,
    pub(super) process: u64,
}

impl Within {
    /// How many calls lie around the one to be made.
    pub fn depth(&self) -> usize {
        self.chain.len()
    }

    /// When the calls around it end, whatever deadline it is given itself.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}
