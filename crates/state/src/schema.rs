//! The JSON Schema that the documents of a version satisfy.

use std::{fmt, sync::Arc};

use model::{Digest, canonical, json};
use serde::Serialize;
use serde_json::Value;

/// How many violations are told at once.
const VIOLATIONS_MAX: usize = 10;

/// How large and how deep a schema may be: it travels in an event, which must be readable.
const SCHEMA_BYTES_MAX: usize = 1 << 20;
const SCHEMA_DEPTH_MAX: usize = 64;

/// A compiled schema, shared by every document of its versions.
#[derive(Clone)]
pub struct Schema {
    hash: Digest,
    value: Arc<Value>,
    validator: Arc<jsonschema::Validator>,
}

/// A schema that is none.
#[derive(Debug, thiserror::Error)]
#[error("the state schema cannot be used: {reason} (at `{pointer}`)")]
pub struct SchemaError {
    pub pointer: String,
    pub reason: String,
}

/// A place where a document breaks its schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Where in the document, as a JSON Pointer.
    pub pointer: String,
    /// Where in the schema.
    pub rule: String,
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at `{}`: {}", self.pointer, self.reason)
    }
}

impl Schema {
    /// Compiles `value`; a `$ref` reaches only into the schema itself.
    pub fn compile(value: Value) -> Result<Self, SchemaError> {
        let refused = |reason: String| SchemaError {
            pointer: String::new(),
            reason,
        };
        let depth = json::depth(&value);
        if depth > SCHEMA_DEPTH_MAX {
            let reason = format!("it nests {depth} levels deep, {SCHEMA_DEPTH_MAX} are allowed");
            return Err(refused(reason));
        }
        let text = canonical::to_string(&value);
        if text.len() > SCHEMA_BYTES_MAX {
            let bytes = text.len();
            let reason = format!("it is {bytes} bytes, {SCHEMA_BYTES_MAX} are allowed");
            return Err(refused(reason));
        }
        let validator = jsonschema::validator_for(&value).map_err(|error| SchemaError {
            pointer: error.instance_path().to_string(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            hash: Digest::of(text.as_bytes()),
            value: Arc::new(value),
            validator: Arc::new(validator),
        })
    }

    pub fn hash(&self) -> Digest {
        self.hash
    }

    pub fn value(&self) -> &Value {
        &self.value
    }

    /// What is wrong with `document`, at most [`VIOLATIONS_MAX`] things.
    pub fn check(&self, document: &Value) -> Result<(), Vec<Violation>> {
        if self.validator.is_valid(document) {
            return Ok(());
        }
        let violations = self.validator.iter_errors(document).take(VIOLATIONS_MAX);
        Err(violations
            .map(|error| Violation {
                pointer: error.instance_path().to_string(),
                rule: error.schema_path().to_string(),
                reason: error.to_string(),
            })
            .collect())
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.hash.short())
    }
}
