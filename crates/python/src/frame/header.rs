//! The headers of frames.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a worker is to be; the first frame it reads.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) is_async: bool,
    pub(crate) data_bytes_max: u64,
    pub(crate) output_bytes_max: usize,
    /// Behind rails, the folders that may be read beside Python's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) readable: Option<Vec<PathBuf>>,
}

/// The worker is up.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    pub(crate) python: String,
}

/// A code version: `files` names each file and its length, the body is their bytes in order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LoadCode {
    pub(crate) code: u64,
    pub(crate) hash: String,
    pub(crate) label: String,
    pub(crate) paths: Vec<String>,
    /// Where the modules are that declare what is served.
    pub(crate) folder: String,
    pub(crate) files: Vec<(String, usize)>,
}

/// A header that is only the number of a code or a state.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NumberHeader {
    pub(crate) number: u64,
}

/// Codes and states that nobody will name again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Drop {
    pub(crate) codes: Vec<u64>,
    pub(crate) states: Vec<u64>,
}

/// A call; the body is the arguments, then the session and what the client said when there are any.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CallHeader<'a> {
    pub(crate) code: u64,
    pub(crate) state: u64,
    pub(crate) kind: &'a str,
    #[serde(borrow)]
    pub(crate) name: std::borrow::Cow<'a, str>,
    pub(crate) deadline_ms: u64,
    #[serde(borrow)]
    pub(crate) conversation_id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) version: std::borrow::Cow<'a, str>,
    pub(crate) revision: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) traceparent: Option<std::borrow::Cow<'a, str>>,
    pub(crate) seed: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) notes_lines: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session_bytes: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_bytes: Option<usize>,
}

/// Why code did not load.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadFailed {
    #[serde(default)]
    pub file: String,
    #[serde(default)]
    pub line: Option<u32>,
    #[serde(default)]
    pub column: Option<u32>,
    pub message: String,
    #[serde(default)]
    pub traceback: String,
}

/// A value; the body is its JSON, then the session's when it changed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AnswerHeader {
    pub(crate) us: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session_bytes: Option<usize>,
}

/// An exception.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RaisedHeader {
    pub(crate) us: u64,
    pub(crate) r#type: String,
    pub(crate) message: String,
    pub(crate) traceback: String,
    #[serde(default)]
    pub(crate) meaning: Meaning,
    /// What a `ToolError` has, or the questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<serde_json::Value>,
}

/// What an exception is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Meaning {
    /// Something is wrong with the tool.
    #[default]
    Fault,
    /// The tool tells its caller something: a `ToolError`.
    Told,
    /// The arguments or the result break a bound.
    Refused,
    /// The client has to answer something first.
    Question,
    /// The call was stopped.
    Interrupt,
}

/// One line of a log, or of stdout or stderr.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LogHeader {
    #[serde(default)]
    pub(crate) level: String,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stream: Option<String>,
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub(crate) fields: serde_json::Map<String, serde_json::Value>,
}

/// How far a call is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProgressHeader {
    pub(crate) progress: f64,
    #[serde(default)]
    pub(crate) total: Option<f64>,
    #[serde(default)]
    pub(crate) message: Option<String>,
}

/// A call that a running tool makes; the frame's id is the running call's.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NestedHeader {
    pub(crate) nested: u64,
    pub(crate) tool: String,
}

/// How a nested call ended; the frame's id is the running call's.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ResultHeader {
    pub(crate) nested: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}
