//! What a case wants of its call.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::pattern::{self, Pattern};

/// The golden of a case.
#[derive(Clone, Debug)]
pub struct Expectation(pub(crate) Kind);

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Value(Pattern),
    /// A Python function says how good the value is, from 0 to 1.
    Scorer(Scorer),
    /// The tool refuses, with this text in what it says.
    Refusal(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Scorer {
    /// `tests/scorers.py:function`
    pub(crate) function: String,
    pub(crate) score_min: f64,
}

impl Scorer {
    pub(crate) fn file(&self) -> &str {
        let file = self.function.split_once(':');
        file.map_or(self.function.as_str(), |(file, _)| file)
    }
}

impl Expectation {
    pub(crate) fn parse(value: &Value) -> Result<Self, String> {
        let kind = match value {
            Value::Object(members) if members.contains_key("$error") => refusal(members)?,
            Value::Object(members) if members.contains_key("$scorer") => scorer(members)?,
            value => Kind::Value(pattern::parse(value, "")?),
        };
        Ok(Self(kind))
    }

    /// Is it a plain value, without a matcher?
    pub fn is_plain(&self) -> bool {
        matches!(self.0, Kind::Value(Pattern::Equal(_)))
    }
}

fn refusal(members: &Map<String, Value>) -> Result<Kind, String> {
    match (members.len(), members.get("$error")) {
        (1, Some(Value::String(text))) => Ok(Kind::Refusal(text.clone())),
        _ => Err("`$error` is `{\"$error\": \"text that stands in the refusal\"}`".to_owned()),
    }
}

fn scorer(members: &Map<String, Value>) -> Result<Kind, String> {
    /// A file below `tests/` and a function in it.
    static FUNCTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^tests/(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_]+\.py:[A-Za-z_][A-Za-z0-9_]*$")
            .expect("the expression is right")
    });
    let wanted = "`$scorer` is `{\"$scorer\": \"tests/FILE.py:FUNCTION\", \"min\": 0 to 1}`";
    let function = members.get("$scorer").and_then(Value::as_str);
    let score_min = members.get("min").and_then(Value::as_f64);
    match (members.len(), function, score_min) {
        (2, Some(function), Some(score_min))
            if (0.0..=1.0).contains(&score_min) && FUNCTION.is_match(function) =>
        {
            let function = function.to_owned();
            Ok(Kind::Scorer(Scorer {
                function,
                score_min,
            }))
        }
        _ => Err(wanted.to_owned()),
    }
}
