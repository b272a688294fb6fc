//! JSON Schemas of tools, compiled once, and what is told of a value that breaks one.

use jsonschema::error::ValidationErrorKind;
use model::nearest::nearest;
use rmcp::model::JsonObject;
use serde_json::Value;

use crate::failure::clip;

/// How many violations are told at once.
const VIOLATIONS_MAX: usize = 5;

/// How deep a schema may nest: compiling it recurses. Values nest as deep as the JSON parser lets
/// them.
const DEPTH_MAX: usize = 64;

pub(crate) struct Schema {
    validator: jsonschema::Validator,
    properties: Vec<String>,
}

impl Schema {
    /// Compiles `schema`; a `$ref` reaches only into the schema itself.
    pub(crate) fn compile(schema: &JsonObject) -> Result<Self, String> {
        let value = Value::Object(schema.clone());
        let depth = model::json::depth(&value);
        if depth > DEPTH_MAX {
            return Err(format!(
                "it nests {depth} levels deep, {DEPTH_MAX} are allowed"
            ));
        }
        let validator = jsonschema::validator_for(&value).map_err(|error| error.to_string())?;
        let properties = schema
            .get("properties")
            .and_then(Value::as_object)
            .map(|properties| properties.keys().cloned().collect())
            .unwrap_or_default();
        Ok(Self {
            validator,
            properties,
        })
    }

    /// What is wrong with `value`, a line for each of the first few violations.
    pub(crate) fn check(&self, value: &Value) -> Result<(), Vec<String>> {
        if self.validator.is_valid(value) {
            return Ok(());
        }
        let errors = self.validator.iter_errors(value);
        Err(errors
            .take(VIOLATIONS_MAX)
            .map(|error| self.line(&error))
            .collect())
    }

    fn line(&self, error: &jsonschema::ValidationError<'_>) -> String {
        let pointer = error.instance_path().as_str();
        let place = if pointer.is_empty() { "/" } else { pointer };
        let mut line = format!("at `{place}`: {}", clip(&error.to_string()));
        if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind()
            && pointer.is_empty()
        {
            for name in unexpected.iter().take(VIOLATIONS_MAX) {
                let known = self.properties.iter().map(String::as_str);
                if let Some(near) = nearest(name, known).first() {
                    line.push_str("; did you mean `");
                    line.push_str(near);
                    line.push_str("`?");
                }
            }
        }
        line
    }
}
