//! Why a script did not come to its end.

use std::fmt;

use rhai::{EvalAltResult, Position};

use super::Failure;
use crate::{call::Call, host::RecordError, limits::Limits, value};

/// Of a call in a message.
const CALL_BYTES_MAX: usize = 200;

/// Why a run ended before its script did.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RunError {
    /// The script threw it: the change is rejected, with this reason.
    #[error("{text}")]
    Rejected { text: String, place: Option<Place> },
    /// A step failed and the script did not catch it.
    #[error("step {path}, `{call}`, failed: {text}")]
    Failed {
        path: String,
        call: &'static str,
        text: String,
    },
    /// The host stopped it; it can be taken up again.
    #[error("stopped at step {path}: {text}")]
    Stopped { path: String, text: String },
    /// What is recorded belongs to another script, plan or workspace.
    #[error("step {path} is recorded as {}, and the script now asks for {}; start anew", brief(.recorded), brief(.asked))]
    Diverged {
        path: String,
        recorded: Box<Call>,
        asked: Box<Call>,
    },
    #[error("step {path} could not be recorded")]
    Unrecorded {
        path: String,
        #[source]
        source: RecordError,
    },
    #[error("the script went beyond `{limit}`, which is {max}")]
    Limit { limit: &'static str, max: u64 },
    /// A fault of the script that no check can see before.
    #[error("{}{text}", place.map(|place| format!("{place}: ")).unwrap_or_default())]
    Script { text: String, place: Option<Place> },
    #[error("no thread for a script: {text}")]
    Thread { text: String },
}

/// A place in a script, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl Place {
    fn of(position: Position) -> Option<Self> {
        Some(Self {
            line: position.line()?,
            column: position.position().unwrap_or(0),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl RunError {
    pub(super) fn limit(limit: &'static str, max: impl TryInto<u64>) -> Self {
        Self::Limit {
            limit,
            max: max.try_into().unwrap_or(u64::MAX),
        }
    }

    /// What Rhai ended with.
    pub(super) fn of_script(error: &EvalAltResult, limits: &Limits) -> Self {
        let inner = innermost(error);
        let place = Place::of(inner.position());
        match inner {
            EvalAltResult::ErrorRuntime(thrown, _) => {
                if let Some(failure) = thrown.read_lock::<Failure>() {
                    return failure.clone().into();
                }
                let text = if thrown.is_unit() {
                    "the script gave no reason".to_owned()
                } else {
                    value::words(thrown)
                };
                Self::Rejected { text, place }
            }
            EvalAltResult::ErrorStackOverflow(_) => {
                Self::limit("call_depth_max", limits.call_depth_max)
            }
            EvalAltResult::ErrorTooManyVariables(_) => {
                Self::limit("variables_max", limits.variables_max)
            }
            EvalAltResult::ErrorDataTooLarge(what, _) if what.contains("string") => {
                Self::limit("string_bytes_max", limits.string_bytes_max)
            }
            EvalAltResult::ErrorDataTooLarge(what, _) if what.contains("map") => {
                Self::limit("map_members_max", limits.map_members_max)
            }
            EvalAltResult::ErrorDataTooLarge(..) => {
                Self::limit("array_items_max", limits.array_items_max)
            }
            other => Self::Script {
                text: without_place(other),
                place,
            },
        }
    }
}

/// As much of a call as fits into a message.
fn brief(call: &Call) -> String {
    let text = format!("{call:?}");
    let end = text.floor_char_boundary(CALL_BYTES_MAX);
    if end < text.len() {
        return format!("{}…", &text[..end]);
    }
    text
}

fn innermost(error: &EvalAltResult) -> &EvalAltResult {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => innermost(inner),
        other => other,
    }
}

/// Rhai puts the place behind the text; it stands before it here.
fn without_place(error: &EvalAltResult) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (line ") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}
