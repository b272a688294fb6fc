//! Makes room in the schemas that an author wrote for what a server adds.

use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

/// How deep unions and references at the root of a schema are followed.
const DEPTH_MAX: usize = 8;

/// A schema of arguments that takes one more, which may be left out.
pub fn with_argument(mut schema: JsonObject, name: &str, description: &str) -> JsonObject {
    let argument = json!({"type": "string", "description": description});
    properties(&mut schema).insert(name.to_owned(), argument);
    schema
}

/// A schema of results that may have these members, whatever else it forbids.
pub fn with_members(mut schema: JsonObject, members: &[(&str, Value)]) -> JsonObject {
    let definitions = match schema.get("$defs") {
        Some(Value::Object(definitions)) => definitions.clone(),
        _ => Map::new(),
    };
    admit(&mut schema, members, &definitions, DEPTH_MAX);
    schema
}

/// Lets the objects that `schema` describes have more members.
fn admit(schema: &mut JsonObject, more: &[(&str, Value)], definitions: &JsonObject, depth: usize) {
    if depth == 0 {
        return;
    }
    if let Some(target) = referred(schema, definitions) {
        schema.remove("$ref");
        for (key, value) in target {
            schema.entry(key).or_insert(value);
        }
        admit(schema, more, definitions, depth - 1);
        return;
    }
    for union in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(members)) = schema.get_mut(union) {
            for member in members.iter_mut().filter_map(Value::as_object_mut) {
                admit(member, more, definitions, depth - 1);
            }
        }
    }
    let is_object = schema.get("type").is_some_and(|kind| kind == "object");
    if is_object || schema.contains_key("properties") {
        for (name, of) in more {
            properties(schema).insert((*name).to_owned(), of.clone());
        }
    }
}

fn referred(schema: &JsonObject, definitions: &JsonObject) -> Option<JsonObject> {
    let name = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
    definitions.get(name)?.as_object().cloned()
}

fn properties(schema: &mut JsonObject) -> &mut JsonObject {
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if !properties.is_object() {
        *properties = json!({});
    }
    properties
        .as_object_mut()
        .expect("it was made an object above")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(schema: Value) -> String {
        let Value::Object(schema) = schema else {
            panic!("{schema}")
        };
        let members = [("conversation_id", json!({"type": "string"}))];
        Value::Object(with_members(schema, &members)).to_string()
    }

    #[test]
    fn a_closed_object_is_opened_for_the_one_member() {
        assert_eq!(
            made(json!({"type": "object", "additionalProperties": {"type": "integer"}})),
            r#"{"additionalProperties":{"type":"integer"},"properties":{"conversation_id":{"type":"string"}},"type":"object"}"#
        );
    }

    #[test]
    fn each_member_of_a_union_is_opened_and_what_it_refers_to_stays_as_it_is() {
        let closed = json!({"type": "object", "additionalProperties": false});
        let schema = json!({
            "type": "object",
            "anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}],
            "$defs": {"A": closed},
        });

        assert_eq!(
            made(schema),
            r#"{"$defs":{"A":{"additionalProperties":false,"type":"object"}},"anyOf":[{"additionalProperties":false,"properties":{"conversation_id":{"type":"string"}},"type":"object"},{"type":"null"}],"properties":{"conversation_id":{"type":"string"}},"type":"object"}"#
        );
    }
}
