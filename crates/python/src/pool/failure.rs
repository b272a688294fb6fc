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

/// How a worker ended that was not asked to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crash {
    /// The tool that ran, or the code that was loading.
    pub tool: String,
    pub signal: Option<i32>,
    pub exit_code: Option<i32>,
    /// What it last wrote.
    pub last_log_lines: Vec<String>,
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
    #[error("{}: {}", .0.r#type, .0.message)]
    Raised(Box<Raised>),
    #[error("{reason}")]
    Refused { reason: String },
    #[error("the deadline of {} ms has passed{}", .after.as_millis(), if *.was_started { "" } else { " before the call could start" })]
    DeadlineExceeded {
        after: Duration,
        was_started: bool,
        traceback: String,
    },
    #[error("{0}")]
    Crashed(Box<Crash>),
    #[error("the worker was ended because of another call in it: {culprit}")]
    Collateral { culprit: Box<Crash> },
    #[error("the call was cancelled")]
    Cancelled,
    #[error("too many calls wait; try again in {retry_after_ms} ms")]
    Overloaded { retry_after_ms: u64 },
    #[error("no worker can run this: {reason}")]
    Unavailable { reason: String },
}

/// Why code is not served.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{}", show(.0))]
    Failed(Box<LoadProblem>),
    #[error("loading took longer than {} ms; do slow work in the tools, not at import", .after.as_millis())]
    DeadlineExceeded { after: Duration },
    #[error("loading failed: {0}")]
    Crashed(Box<Crash>),
    #[error("the files are {bytes} bytes and the limit is {limit}")]
    TooLarge { bytes: usize, limit: usize },
    #[error("the manifest cannot be read: {reason}")]
    Manifest { reason: String },
    #[error("no worker could load this: {reason}")]
    Unavailable { reason: String },
}

fn show(problem: &LoadProblem) -> String {
    let LoadProblem {
        file,
        line,
        message,
        ..
    } = problem;
    match (file.as_str(), line) {
        ("", _) => message.clone(),
        (file, 0) => format!("{file}: {message}"),
        (file, line) => format!("{file}:{line}: {message}"),
    }
}
