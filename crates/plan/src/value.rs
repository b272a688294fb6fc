//! Between the values of a script and JSON.

use rhai::{Array, Dynamic, ImmutableString, Map as Members};
use serde_json::{Map, Value};

use crate::{call::AtomKind, run::Failure};

/// Deeper values are refused on their way out.
const DEPTH_MAX: usize = 32;

pub(crate) fn to_script(value: Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(value) => value.into(),
        Value::Number(number) => number
            .as_i64()
            .map(Dynamic::from_int)
            .or_else(|| number.as_f64().map(Dynamic::from_float))
            .unwrap_or(Dynamic::UNIT),
        Value::String(text) => text.into(),
        Value::Array(items) => items.into_iter().map(to_script).collect::<Array>().into(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name.into(), to_script(value)))
            .collect::<Members>()
            .into(),
    }
}

/// Fails with what cannot leave a script.
pub(crate) fn to_json(value: &Dynamic) -> Result<Value, String> {
    convert(value, 0)
}

fn convert(value: &Dynamic, depth: usize) -> Result<Value, String> {
    if depth > DEPTH_MAX {
        return Err(format!("a value of more than {DEPTH_MAX} levels"));
    }
    if value.is_shared() {
        return convert(&value.flatten_clone(), depth);
    }
    if let Some(array) = value.read_lock::<Array>() {
        let items = array.iter().map(|item| convert(item, depth + 1));
        return items.collect::<Result<_, _>>().map(Value::Array);
    }
    if let Some(members) = value.read_lock::<Members>() {
        let members = members
            .iter()
            .map(|(name, value)| Ok((name.to_string(), convert(value, depth + 1)?)));
        return members.collect::<Result<Map<_, _>, _>>().map(Value::Object);
    }
    scalar(value).ok_or_else(|| describe(value))
}

fn scalar(value: &Dynamic) -> Option<Value> {
    if value.is_unit() {
        return Some(Value::Null);
    }
    if let Some(text) = text(value) {
        return Some(Value::String(text));
    }
    if let Some(kind) = value.clone().try_cast::<AtomKind>() {
        return serde_json::to_value(kind).ok();
    }
    if let Ok(number) = value.as_int() {
        return Some(number.into());
    }
    if let Ok(number) = value.as_float() {
        return model::json::number(number).map(Value::Number);
    }
    value.as_bool().ok().map(Value::Bool)
}

/// The text of a text, a character, or what a step failed with.
pub(crate) fn text(value: &Dynamic) -> Option<String> {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Some(text.to_string());
    }
    if let Some(failure) = value.read_lock::<Failure>() {
        return Some(failure.text.clone());
    }
    value.as_char().ok().map(String::from)
}

/// A value as words, for a log or the reason of a rejection.
pub(crate) fn words(value: &Dynamic) -> String {
    text(value).unwrap_or_else(|| match to_json(value) {
        Ok(value) => value.to_string(),
        Err(what) => what,
    })
}

/// What sort of value it is, for people.
pub(crate) fn describe(value: &Dynamic) -> String {
    let sort = match value.type_name() {
        "()" => "nothing",
        "bool" => "a truth value",
        "i64" | "f64" => "a number",
        "string" | "char" => "a text",
        "array" => "a list",
        "map" => "a map",
        "Fn" => "a closure",
        _ if value.is::<AtomKind>() => "an AtomType",
        _ if value.is::<Failure>() => "a failure",
        other => return format!("a value of type `{other}`"),
    };
    sort.to_owned()
}
