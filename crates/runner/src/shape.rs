//! Makes room for `conversation_id` in the schemas that an author wrote.

use mcp::rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

pub(crate) const CONVERSATION_ID: &str = "conversation_id";

/// How deep unions and references at the root of a schema are followed.
const DEPTH_MAX: usize = 8;

/// A stateful tool takes the id of the conversation that it continues.
pub(crate) fn with_conversation_argument(mut schema: JsonObject) -> JsonObject {
    let argument = json!({
        "type": "string",
        "description": "continues that conversation; leave it out to begin one",
    });
    properties(&mut schema).insert(CONVERSATION_ID.to_owned(), argument);
    schema
}

/// Every result names its conversation.
pub(crate) fn with_conversation_result(mut schema: JsonObject) -> JsonObject {
    let definitions = match schema.get("$defs") {
        Some(Value::Object(definitions)) => definitions.clone(),
        _ => Map::new(),
    };
    admit(&mut schema, &definitions, DEPTH_MAX);
    schema
}

/// Lets the objects that `schema` describes have one more member, whatever else it forbids.
fn admit(schema: &mut JsonObject, definitions: &JsonObject, depth: usize) {
    if depth == 0 {
        return;
    }
    if let Some(target) = referred(schema, definitions) {
        schema.remove("$ref");
        for (key, value) in target {
            schema.entry(key).or_insert(value);
        }
        admit(schema, definitions, depth - 1);
        return;
    }
    for union in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(members)) = schema.get_mut(union) {
            for member in members.iter_mut().filter_map(Value::as_object_mut) {
                admit(member, definitions, depth - 1);
            }
        }
    }
    let is_object = schema.get("type").is_some_and(|kind| kind == "object");
    if is_object || schema.contains_key("properties") {
        let text = json!({"type": "string"});
        properties(schema).insert(CONVERSATION_ID.to_owned(), text);
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
        Value::Object(with_conversation_result(schema)).to_string()
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
