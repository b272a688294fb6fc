//! Why a request has no result, sorted by who can act on it.

use std::error::Error;
use std::fmt::Write as _;

use rmcp::ErrorData;
use rmcp::model::MetaObject;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What a backend answers instead of a result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was named does not exist; the server adds the nearest names.
    #[error("it does not exist")]
    Unknown,
    /// The model or the client can act: it is told `text`.
    #[error("{text}")]
    Refused {
        text: String,
        meta: Map<String, Value>,
    },
    /// Only we can act: the cause is logged once, and the client is told nothing of it.
    #[error("it is broken")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

impl Failure {
    pub fn refused(text: impl Into<String>) -> Self {
        Self::Refused {
            text: text.into(),
            meta: Map::new(),
        }
    }

    /// Tells the client more, in `_meta`.
    #[must_use]
    pub fn with_meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        if let Self::Refused { meta, .. } = &mut self {
            meta.insert(key.into(), value.into());
        }
        self
    }

    pub fn broken(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Broken(cause.into())
    }
}

/// Logs what broke, and makes the error that says so without saying what.
pub(crate) fn broken(doing: &str, cause: &(dyn Error + Send + Sync)) -> ErrorData {
    let incident = Uuid::new_v4();
    tracing::error!(%incident, doing, error = chain(cause), "a request broke");
    ErrorData::internal_error(
        format!("the server could not do this; its log says why under incident {incident}"),
        None,
    )
}

/// The error for a name that is not there, with those that are like it.
pub(crate) fn unknown(what: &str, name: &str, nearest: &[&str]) -> ErrorData {
    ErrorData::invalid_params(
        unknown_text(what, name, nearest),
        (!nearest.is_empty()).then(|| json!({ "nearest": nearest })),
    )
}

pub(crate) fn unknown_text(what: &str, name: &str, nearest: &[&str]) -> String {
    let mut text = format!("there is no {what} `{}`", clip(name));
    for (index, near) in nearest.iter().enumerate() {
        let lead = if index == 0 { "; did you mean" } else { " or" };
        let _infallible = write!(text, "{lead} `{near}`");
    }
    if !nearest.is_empty() {
        text.push('?');
    }
    text
}

/// A line of its own for each place.
pub(crate) fn listed(mut text: String, lines: &[String]) -> String {
    for line in lines {
        text.push_str("\n- ");
        text.push_str(line);
    }
    text
}

/// How much of a client's own text is given back to it.
const ECHO_CHARS_MAX: usize = 120;

pub(crate) fn clip(text: &str) -> String {
    match text.char_indices().nth(ECHO_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

pub(crate) fn meta_of(meta: Map<String, Value>) -> Option<MetaObject> {
    (!meta.is_empty()).then_some(MetaObject(meta))
}

fn chain(error: &(dyn Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _infallible = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}
