//! What is to be tried, and within which bounds.

use std::{collections::BTreeMap, path::PathBuf};

use bytes::Bytes;

/// Code that nobody trusts yet, and the calls that it is tried with.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// How people know it; tracebacks and modules show it.
    pub label: String,
    /// By path, such as `tools/runner/text.py`.
    pub files: BTreeMap<String, Bytes>,
    /// Where the modules are that declare what is served.
    pub folder: String,
    /// The state document, as JSON.
    pub state: Bytes,
    /// Folders of third-party packages. Only the native jail can load them.
    pub packages: Vec<PathBuf>,
    pub cases: Vec<Case>,
    pub isolation: Isolation,
    pub limits: Limits,
}

/// One call. What it should come to is not known in the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// As in [`python::CallKind`]: `tool`, `resource`, `prompt`, `completion` or `script`.
    pub kind: String,
    pub name: String,
    /// JSON: an object, and of a script an array.
    pub arguments: Bytes,
    /// JSON of what a stateful tool remembers.
    pub session: Option<Bytes>,
    pub seed: u64,
    /// Are the lines to be told that ran?
    pub notes_lines: bool,
    /// What is answered when it asks for something outside; whatever is not here is refused.
    pub answers: Vec<Recorded>,
}

/// A call that goes out of the sandbox, and what came back when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub tool: String,
    pub arguments: serde_json::Value,
    /// JSON, or why it failed.
    pub answer: Result<Bytes, String>,
}

/// How far cases are kept from one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// All in one instance, as long as it lives.
    #[default]
    Shared,
    /// A new one for each.
    Fresh,
}

/// What a candidate may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// To load all modules.
    pub load_ms_max: u64,
    /// One call.
    pub call_ms_max: u64,
    /// Beside what Python itself has.
    pub memory_bytes_max: u64,
    /// The JSON of one value.
    pub value_bytes_max: usize,
    /// What is printed, together.
    pub output_bytes_max: usize,
    /// Instructions of the Wasm machine for one call; counting them takes time.
    pub fuel_max: Option<u64>,
    pub threads_max: u32,
    pub open_files_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            load_ms_max: 5_000,
            call_ms_max: 1_000,
            memory_bytes_max: 256 << 20,
            value_bytes_max: 4 << 20,
            output_bytes_max: 1 << 20,
            fuel_max: None,
            threads_max: 16,
            open_files_max: 64,
        }
    }
}
