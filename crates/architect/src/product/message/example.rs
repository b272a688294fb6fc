//! Examples: calls of which a message says what they should give.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ToolShape;

/// A call with literal arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub tool: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positional: Vec<Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keywords: BTreeMap<String, Value>,
}

/// What comes of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Value(Value),
    /// A refusal that has this text in it.
    Error(String),
}

/// A call and what it should give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    pub call: Call,
    pub expected: Outcome,
    /// What it gives now, if the message says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Outcome>,
    /// Where the call stands in the message, in bytes.
    pub at: usize,
}

/// A call of which the message does not say what it should give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mention {
    pub call: Call,
    /// What it gives now, if the message says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Outcome>,
    /// What it gives can be meant as right and as wrong.
    #[serde(default)]
    pub is_unclear: bool,
    pub at: usize,
}

/// Why the arguments of a call have no names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadArguments {
    #[error("`{tool}` takes {takes} arguments and {given} are given: leave out the rest")]
    TooMany {
        tool: String,
        takes: usize,
        given: usize,
    },
    #[error("`{tool}` has no parameter `{name}`: it has {has}")]
    Unknown {
        tool: String,
        name: String,
        has: String,
    },
    #[error("`{name}` is given twice to `{tool}`: once by place and once by name")]
    Twice { tool: String, name: String },
}

impl Call {
    /// The arguments by name, given the names of the tool's parameters in their order.
    pub fn arguments(&self, parameters: &[String]) -> Result<Map<String, Value>, BadArguments> {
        if self.positional.len() > parameters.len() {
            return Err(BadArguments::TooMany {
                tool: self.tool.clone(),
                takes: parameters.len(),
                given: self.positional.len(),
            });
        }
        let by_place = parameters.iter().cloned().zip(self.positional.clone());
        let mut arguments: Map<String, Value> = by_place.collect();
        for (name, value) in &self.keywords {
            if !parameters.contains(name) {
                return Err(BadArguments::Unknown {
                    tool: self.tool.clone(),
                    name: name.clone(),
                    has: parameters.join(", "),
                });
            }
            if arguments.insert(name.clone(), value.clone()).is_some() {
                return Err(BadArguments::Twice {
                    tool: self.tool.clone(),
                    name: name.clone(),
                });
            }
        }
        Ok(arguments)
    }

    /// With its arguments by name, if it fits so many parameters.
    pub(super) fn named_by(&self, parameters: Option<&[String]>) -> Self {
        let arguments = parameters.and_then(|names| self.arguments(names).ok());
        arguments.map_or_else(
            || self.clone(),
            |arguments| Self {
                tool: self.tool.clone(),
                positional: Vec::new(),
                keywords: arguments.into_iter().collect(),
            },
        )
    }

    /// Is it the same call, however its arguments are given? `names` tells the parameters of its tool.
    pub fn is_same_as(&self, other: &Self, names: impl Fn(&Self) -> Option<Vec<String>>) -> bool {
        let normal = |call: &Self| call.named_by(names(call).as_deref());
        normal(self).is_same(&normal(other))
    }

    /// The same, for tools that are known.
    pub(super) fn normal(&self, tools: &[ToolShape<'_>]) -> Self {
        let known = tools.iter().find(|tool| tool.name == self.tool);
        self.named_by(known.map(|tool| tool.parameters))
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_same_list = self.positional.len() == other.positional.len()
            && (self.positional.iter().zip(&other.positional)).all(|(one, two)| is_equal(one, two));
        let is_same_map = self.keywords.len() == other.keywords.len()
            && (self.keywords.iter().zip(&other.keywords))
                .all(|((name, one), (other_name, two))| name == other_name && is_equal(one, two));
        self.tool == other.tool && is_same_list && is_same_map
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let positional = self.positional.iter().map(ToString::to_string);
        let keywords = (self.keywords.iter()).map(|(name, value)| format!("{name}={value}"));
        let arguments: Vec<String> = positional.chain(keywords).collect();
        write!(f, "{}({})", self.tool, arguments.join(", "))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Error(text) if text.is_empty() => f.write_str("a refusal"),
            Self::Error(text) => write!(f, "a refusal with {text:?}"),
        }
    }
}

impl Outcome {
    /// What a case expects, if that is one value or a refusal.
    pub fn of_case(expect: &Value) -> Option<Self> {
        let matcher = expect
            .as_object()
            .filter(|members| members.len() == 1)
            .and_then(|members| members.iter().next());
        match matcher {
            Some((name, value)) if name == "$equal" => Some(Self::Value(value.clone())),
            Some((name, Value::String(text))) if name == "$error" => {
                Some(Self::Error(text.clone()))
            }
            _ => (!has_matcher(expect)).then(|| Self::Value(expect.clone())),
        }
    }

    /// The same, as a case says it.
    pub fn as_case(&self) -> Value {
        match self {
            Self::Value(value) if has_matcher(value) => json!({ "$equal": value }),
            Self::Value(value) => value.clone(),
            Self::Error(text) => json!({ "$error": text }),
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(one), Self::Value(two)) => is_equal(one, two),
            // One may be a part of the other.
            (Self::Error(one), Self::Error(two)) => one.contains(two) || two.contains(one),
            (Self::Value(_), Self::Error(_)) | (Self::Error(_), Self::Value(_)) => false,
        }
    }
}

/// Would a case that expects this value be taken to match, and not to equal it?
fn has_matcher(value: &Value) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| name.starts_with('$') || has_matcher(member)),
        Value::Array(items) => items.iter().any(has_matcher),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// As Python compares: `1` is `1.0`.
pub(crate) fn is_equal(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => one == two || one.as_f64() == two.as_f64(),
        (Value::Array(one), Value::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| is_equal(one, two))
        }
        (Value::Object(one), Value::Object(two)) => {
            one.len() == two.len()
                && (one.iter()).all(|(key, one)| two.get(key).is_some_and(|two| is_equal(one, two)))
        }
        (one, two) => one == two,
    }
}
