//! How a call or a load can fail, by what the caller does about it.

use std::{fmt, time::Duration};

pub use crate::frame::LoadFailed as LoadProblem;

/// An exception of the tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    pub r#type: String,
    pub message: String,
    /// Empty when the tool meant to be understood by whoever called it.
    pub traceback: String,
    /// Was it a `ToolError`, which a model can act on?
    pub is_tool_error: bool,
    pub data: Option<serde_json::Value>,
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.r#type)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

/// How a worker ended that was not asked to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crash {
    /// The tool that ran, or the code that was loading.
    pub tool: String,
    pub signal: Option<i32>,
    pub exit_code: Option<i32>,
    /// What the call last printed or wrote.
    pub last_log_lines: Vec<String>,
    /// Where Python was, innermost call last; empty when there was no time to find out.
    pub traceback: String,
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ended its worker ", self.tool)?;
        match (self.signal, self.exit_code) {
            (Some(signal), _) => write!(f, "by signal {signal} ({})", signal_name(signal)),
            (None, Some(code)) => write!(f, "with exit code {code}"),
            (None, None) => write!(f, "in an unknown way"),
        }
    }
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGABRT => "SIGABRT",
        libc::SIGKILL => "SIGKILL",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGILL => "SIGILL",
        libc::SIGTERM => "SIGTERM",
        _ => "see `kill -l`",
    }
}

/// Why a call has no value.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The tool raised.
    #[error("{0}")]
    Raised(Box<Raised>),
    /// Its client has to be asked this first; it can be called again with the answers.
    #[error("it has to ask its client something, and has none")]
    Asks { questions: serde_json::Value },
    /// The arguments or the result break a bound of the pool.
    #[error("{reason}")]
    Refused { reason: String },
    #[error("the deadline of {} ms has passed{}", .after.as_millis(), if *.was_started { "" } else { " before the call could start" })]
    DeadlineExceeded {
        after: Duration,
        was_started: bool,
        /// Where Python was; empty for a call that was not started, or that hid it.
        traceback: String,
        /// What the call last printed, when its worker had to be killed.
        last_log_lines: Vec<String>,
    },
    /// The call ended its worker.
    #[error("{0}")]
    Crashed(Box<Crash>),
    /// Another call in the same worker ended it: one that this call has made, or, for `async def`,
    /// one that took turns with it.
    #[error("the worker was ended because of another call in it: {culprit}")]
    Collateral { culprit: Box<Crash> },
    #[error("the call was cancelled")]
    Cancelled,
    /// It was not started, and can be made again.
    #[error("too many calls wait; try again in {retry_after_ms} ms")]
    Overloaded { retry_after_ms: u64 },
    /// It was not started: workers do not start, or end before it could begin.
    #[error("no worker can run this: {reason}")]
    Unavailable { reason: String },
}

/// Why code is not served.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{}", show(.0))]
    Failed(Box<LoadProblem>),
    #[error("{}loading took longer than {} ms; do slow work in the tools, not at import", place(.at.as_deref()), .after.as_millis())]
    DeadlineExceeded {
        after: Duration,
        /// Where it was interrupted.
        at: Option<Box<LoadProblem>>,
    },
    #[error("loading failed: {0}")]
    Crashed(Box<Crash>),
    /// The packages that `tools/requirements.txt` names are not to be had.
    #[error("tools/requirements.txt: {reason}")]
    Wheels { reason: String },
    #[error("the files are {bytes} bytes and the limit is {limit}")]
    TooLarge { bytes: usize, limit: usize },
    #[error("the manifest cannot be read: {reason}")]
    Manifest { reason: String },
    #[error("no worker could load this: {reason}")]
    Unavailable { reason: String },
}

fn show(problem: &LoadProblem) -> String {
    format!("{}{}", place_of(problem), problem.message)
}

fn place(at: Option<&LoadProblem>) -> String {
    at.map(place_of).unwrap_or_default()
}

fn place_of(problem: &LoadProblem) -> String {
    match (problem.file.as_str(), problem.line) {
        ("", _) => String::new(),
        (file, None) => format!("{file}: "),
        (file, Some(line)) => format!("{file}:{line}: "),
    }
}
