//! Candidates as tests write them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sandbox::{Candidate, Case, Isolation, Limits, Sandbox, Settings};
use serde_json::Value;

/// A module with one tool, and calls of it.
pub(crate) fn candidate(source: &str, calls: &[(&str, Value)]) -> Candidate {
    named("tried", source, calls)
}

/// The same, with a name of its own.
pub(crate) fn named(name: &str, source: &str, calls: &[(&str, Value)]) -> Candidate {
    let files = BTreeMap::from([(
        format!("tools/runner/{name}.py"),
        Bytes::copy_from_slice(source.as_bytes()),
    )]);
    Candidate {
        label: name.to_owned(),
        files,
        folder: "tools/runner".to_owned(),
        state: Bytes::from_static(b"{}"),
        packages: Vec::new(),
        cases: calls
            .iter()
            .map(|(tool, arguments)| case(tool, arguments))
            .collect(),
        isolation: Isolation::Shared,
        limits: Limits::default(),
    }
}

pub(crate) fn case(tool: &str, arguments: &Value) -> Case {
    Case {
        kind: "tool".to_owned(),
        name: tool.to_owned(),
        arguments: arguments.to_string().into(),
        session: None,
        seed: 7,
        notes_lines: false,
        answers: Vec::new(),
    }
}

pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(settings())
}

/// Niceness would only make tests slow.
pub(crate) fn settings() -> Settings {
    Settings {
        niceness: 0,
        ..Settings::new(env!("CARGO_BIN_EXE_sandbox-process"), cache())
    }
}

/// Where all tests keep what was compiled, so that it is done once.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("sandbox-cache")
}
