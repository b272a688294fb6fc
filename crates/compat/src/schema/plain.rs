//! Schemas as the JSON that they are: where sub-schemas stand in it, and what only explains.

use serde_json::{Map, Value};

use super::pointer::Pointer;

/// Keywords that hold a schema.
const ONE: [&str; 12] = [
    "additionalProperties",
    "propertyNames",
    "items",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "unevaluatedProperties",
    "unevaluatedItems",
    "contentSchema",
    "additionalItems",
];

/// Keywords that hold a list of schemas.
const LIST: [&str; 4] = ["prefixItems", "allOf", "anyOf", "oneOf"];

/// Keywords that hold schemas by name.
const NAMED: [&str; 6] = [
    "properties",
    "patternProperties",
    "dependentSchemas",
    "$defs",
    "definitions",
    "dependencies",
];

/// Keywords that say nothing of which values fit.
const REMARKS: [&str; 13] = [
    "$schema",
    "$comment",
    "$id",
    "$anchor",
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "examples",
];

/// Calls `visit` with each schema that is an object, and where it stands.
pub(crate) fn walk(
    schema: &Value,
    pointer: &Pointer,
    visit: &mut impl FnMut(&Map<String, Value>, &Pointer),
) {
    let Value::Object(schema) = schema else {
        return;
    };
    visit(schema, pointer);
    for (keyword, value) in schema {
        let pointer = pointer.child(keyword);
        match value {
            Value::Object(named) if NAMED.contains(&keyword.as_str()) => {
                for (name, schema) in named {
                    walk(schema, &pointer.child(name), visit);
                }
            }
            Value::Array(list) if LIST.contains(&keyword.as_str()) => {
                for (index, schema) in list.iter().enumerate() {
                    walk(schema, &pointer.child(&index.to_string()), visit);
                }
            }
            one if ONE.contains(&keyword.as_str()) => walk(one, &pointer, visit),
            _ => {}
        }
    }
}

/// The schema with nothing left but what decides which values fit. Definitions go too: what is used
/// of them is found by its references.
pub(crate) fn without_annotations(schema: &Value) -> Value {
    let Value::Object(schema) = schema else {
        return schema.clone();
    };
    let kept = schema
        .iter()
        .filter(|(keyword, _)| !REMARKS.contains(&keyword.as_str()));
    let kept = kept.map(|(keyword, value)| {
        let value = match value {
            Value::Object(named) if NAMED.contains(&keyword.as_str()) => {
                let named = named.iter();
                let named = named.map(|(name, it)| (name.clone(), without_annotations(it)));
                Value::Object(named.collect())
            }
            Value::Array(list) if LIST.contains(&keyword.as_str()) => {
                list.iter().map(without_annotations).collect()
            }
            one if ONE.contains(&keyword.as_str()) => without_annotations(one),
            other => other.clone(),
        };
        (keyword.clone(), value)
    });
    Value::Object(kept.collect())
}

/// Collects what a schema refers to. Says `false` if a reference depends on who uses the schema.
pub(crate) fn references(schema: &Value, found: &mut Vec<String>) -> bool {
    let mut is_certain = true;
    walk(schema, &Pointer::root(), &mut |schema, _| {
        match schema.get("$ref") {
            Some(Value::String(reference)) => found.push(reference.clone()),
            Some(_) => is_certain = false,
            None => {}
        }
        let depends = ["$dynamicRef", "$dynamicAnchor", "$recursiveRef"];
        is_certain &= !depends.iter().any(|keyword| schema.contains_key(*keyword));
    });
    is_certain
}
