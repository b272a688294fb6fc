//! Which cases of the test tiers call which tool.

use serde::{Deserialize, Serialize};

use crate::syntax::Unreadable;

/// A case: a line of a file of the tiers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CaseRef {
    pub file: String,
    pub line: usize,
    pub tool: String,
    pub name: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    tool: String,
    name: Option<String>,
}

/// What was read of one file of cases.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Cases {
    pub(crate) cases: Vec<CaseRef>,
    pub(crate) problem: Option<Unreadable>,
}

/// Whether `path` is a file of cases: `tests/TIER/NAME.jsonl`.
pub(crate) fn is_case_file(path: &str) -> bool {
    let mut parts = path.split('/');
    let is_file = |name: &str| {
        name.strip_suffix(".jsonl")
            .is_some_and(|stem| !stem.is_empty())
    };
    parts.next() == Some("tests")
        && parts.next().is_some_and(|tier| tier != "snapshots")
        && parts.next().is_some_and(is_file)
        && parts.next().is_none()
}

impl Cases {
    pub(crate) fn read(path: &str, bytes: &[u8]) -> Self {
        let mut read = Self::default();
        for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice::<Line>(line) {
                Ok(case) => read.cases.push(CaseRef {
                    file: path.to_owned(),
                    line: at + 1,
                    tool: case.tool,
                    name: case.name,
                }),
                Err(error) => {
                    let what = error.to_string();
                    read.problem
                        .get_or_insert(Unreadable::Case { line: at + 1, what });
                }
            }
        }
        read
    }
}
