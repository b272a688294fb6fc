//! One entry in the text of a client's file. Everything else in it stays as it is, byte for byte.

use std::path::Path;

use jsonc_parser::{
    ParseOptions,
    cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode},
    errors::ParseError,
};
use serde_json::Value;

use super::entry::{Entry, is_ours};
use crate::{exit::Exit, failure::Failure};

/// Some editors begin a file with it; it is no part of the JSON.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The members that an entry of ours may have. What somebody added beside them stays.
const OURS: [&str; 5] = ["type", "url", "headers", "command", "args"];

/// What became of the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Added,
    Updated,
    Unchanged,
}

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Why a file is left alone.
#[derive(Debug, thiserror::Error)]
pub(super) enum EditError {
    #[error("is not JSON: {0}")]
    Syntax(ParseError),
    #[error("holds {found} where {what} should be an object")]
    Shape { what: String, found: &'static str },
    #[error("has {0} twice")]
    Twice(String),
    #[error("has another server under the name `{0}`")]
    Taken(String),
}

impl EditError {
    pub(super) fn into_failure(self, path: &Path) -> Failure {
        let message = format!("`{}` {self}", path.display());
        match self {
            Self::Taken(_) => Failure::new("name_taken", Exit::Conflict, message)
                .with_hint("choose another name with --name; nothing was changed".to_owned()),
            Self::Syntax(error) => broken(message)
                .with("line", error.line_display())
                .with("column", error.column_display()),
            Self::Shape { .. } | Self::Twice(_) => broken(message),
        }
    }
}

fn broken(message: String) -> Failure {
    Failure::new("client_file_broken", Exit::Invalid, message)
        .with_hint("put the file right by hand, or move it away; nothing was changed".to_owned())
}

/// A file as it will be.
pub(super) struct Edit {
    pub(super) text: String,
    pub(super) outcome: Outcome,
}

impl Edit {
    pub(super) fn of(text: &str, entry: &Entry) -> Result<Self, EditError> {
        let (mark, text) = match text.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) => (BYTE_ORDER_MARK.to_string(), rest),
            None => (String::new(), text),
        };
        let root = CstRootNode::parse(text, &syntax()).map_err(EditError::Syntax)?;
        let whole = match root.value() {
            None => root.object_value_or_set(),
            Some(value) => value
                .as_object()
                .ok_or_else(|| shape("the whole", value.to_serde_value().as_ref()))?,
        };
        let servers = member_object(&whole, entry.client.servers())?;
        let outcome = put(&servers, entry)?;
        let text = if outcome == Outcome::Unchanged {
            text.to_owned()
        } else {
            root.to_string()
        };
        Ok(Self {
            text: mark + text.as_str(),
            outcome,
        })
    }
}

/// JSON with comments and commas at ends, as editors write it, and nothing looser.
fn syntax() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// The member of a name, if there is one. Of two, readers take one or the other.
fn find(object: &CstObject, name: &str) -> Result<Option<CstObjectProp>, EditError> {
    let mut named = object
        .properties()
        .into_iter()
        .filter(|member| member.decoded_name().as_deref() == Some(name));
    let first = named.next();
    if named.next().is_some() {
        return Err(EditError::Twice(format!("`{name}`")));
    }
    Ok(first)
}

/// The object that a member holds; made, if there is no such member.
fn member_object(object: &CstObject, name: &str) -> Result<CstObject, EditError> {
    let Some(member) = find(object, name)? else {
        let empty = CstInputValue::Object(Vec::new());
        return Ok(object.append(name, empty).object_value_or_set());
    };
    let misfit = || shape(&format!("`{name}`"), member.to_serde_value().as_ref());
    member.object_value().ok_or_else(misfit)
}

fn put(servers: &CstObject, entry: &Entry) -> Result<Outcome, EditError> {
    let wanted = entry.members();
    let Some(member) = find(servers, &entry.name)? else {
        let members = wanted
            .iter()
            .map(|(name, value)| ((*name).to_owned(), input(value)));
        servers.append(&entry.name, CstInputValue::Object(members.collect()));
        return Ok(Outcome::Added);
    };
    let present = member.to_serde_value().unwrap_or_default();
    let (Some(object), true) = (member.object_value(), is_ours(&present)) else {
        return Err(EditError::Taken(entry.name.clone()));
    };
    renew(&object, &wanted)
}

/// Brings the members that are ours up to date.
fn renew(object: &CstObject, wanted: &[(&str, Value)]) -> Result<Outcome, EditError> {
    let mut outcome = Outcome::Unchanged;
    for name in OURS {
        let value = wanted.iter().find(|(wanted, _)| *wanted == name);
        match (find(object, name)?, value.map(|(_, value)| value)) {
            (None, None) => continue,
            (Some(member), Some(value)) if member.to_serde_value().as_ref() == Some(value) => {
                continue;
            }
            (Some(member), Some(value)) => member.set_value(input(value)),
            (Some(member), None) => member.remove(),
            (None, Some(value)) => drop(object.append(name, input(value))),
        }
        outcome = Outcome::Updated;
    }
    Ok(outcome)
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(is_true) => CstInputValue::Bool(*is_true),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(members) => CstInputValue::Object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), input(value)))
                .collect(),
        ),
    }
}

fn shape(what: &str, found: Option<&Value>) -> EditError {
    EditError::Shape {
        what: what.to_owned(),
        found: match found {
            Some(Value::Null) | None => "null",
            Some(Value::Bool(_)) => "a truth value",
            Some(Value::Number(_)) => "a number",
            Some(Value::String(_)) => "text",
            Some(Value::Array(_)) => "a list",
            Some(Value::Object(_)) => "an object",
        },
    }
}
