//! The headers of frames.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a worker is to be; the first frame it reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hello {
    pub is_async: bool,
    pub data_bytes_max: u64,
    pub output_bytes_max: usize,
    /// Behind rails, the folders that may be read beside Python's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readable: Option<Vec<PathBuf>>,
}

/// The worker is up.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ready {
    pub python: String,
}

/// A code version: `files` names each file and its length, the body is their bytes in order.
#[derive(Debug, Serialize, Deserialize)]
pub struct LoadCode {
    pub code: u64,
    pub hash: String,
    pub label: String,
    pub paths: Vec<String>,
    /// Where the modules are that declare what is served.
    pub folder: String,
    pub files: Vec<(String, usize)>,
}

/// A header that is only the number of a code or a state.
#[derive(Debug, Serialize, Deserialize)]
pub struct NumberHeader {
    pub number: u64,
}

/// Codes and states that nobody will name again.
#[derive(Debug, Serialize, Deserialize)]
pub struct Drop {
    pub codes: Vec<u64>,
    pub states: Vec<u64>,
}

/// A call; the body is the arguments, then the session and what the client said when there are any.
#[derive(Debug, Serialize, Deserialize)]
pub struct CallHeader<'a> {
    pub code: u64,
    pub state: u64,
    pub kind: &'a str,
    #[serde(borrow)]
    pub name: std::borrow::Cow<'a, str>,
    pub deadline_ms: u64,
    #[serde(borrow)]
    pub conversation_id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    pub version: std::borrow::Cow<'a, str>,
    pub revision: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<std::borrow::Cow<'a, str>>,
    pub seed: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub notes_lines: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_bytes: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_bytes: Option<usize>,
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
pub struct AnswerHeader {
    pub us: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_bytes: Option<usize>,
}

/// An exception.
#[derive(Debug, Serialize, Deserialize)]
pub struct RaisedHeader {
    pub us: u64,
    pub r#type: String,
    pub message: String,
    pub traceback: String,
    #[serde(default)]
    pub meaning: Meaning,
    /// What a `ToolError` has, or the questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
}

/// What an exception is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Meaning {
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogHeader {
    #[serde(default)]
    pub level: String,
    #[serde(default)]
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// How far a call is.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProgressHeader {
    pub progress: f64,
    #[serde(default)]
    pub total: Option<f64>,
    #[serde(default)]
    pub message: Option<String>,
}

/// A call that a running tool makes; the frame's id is the running call's.
#[derive(Debug, Serialize, Deserialize)]
pub struct NestedHeader {
    pub nested: u64,
    pub tool: String,
}

/// How a nested call ended; the frame's id is the running call's.
#[derive(Debug, Serialize, Deserialize)]
pub struct ResultHeader {
    pub nested: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
