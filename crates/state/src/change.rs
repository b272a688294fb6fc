//! How a document becomes the next one: RFC 6902, RFC 7396, or a whole new value.

use std::collections::BTreeSet;

use json_patch::{Patch, PatchOperation};
use model::json;
use serde_json::Value;

use crate::Limits;

/// What a writer wants done to a document.
#[derive(Clone, Debug)]
pub enum Change {
    /// A value computed from a document that the writer read, which it must name.
    Set(Value),
    /// RFC 6902 operations, all or none.
    Patch(Patch),
    /// An RFC 7396 merge patch.
    Merge(Value),
}

/// Why a change does not fit a document. The document stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("operation {operation} failed at `{pointer}`: {reason}")]
    Operation {
        operation: usize,
        pointer: String,
        reason: String,
    },
    #[error("the patch has {operations} operations, {operations_max} are allowed")]
    TooManyOperations {
        operations: usize,
        operations_max: usize,
    },
    #[error("the patch is not one: {0}")]
    NotAPatch(String),
    #[error("the document would be {bytes} bytes, {bytes_max} are allowed")]
    TooLarge { bytes: usize, bytes_max: usize },
    #[error("the document would nest {depth} levels deep, {depth_max} are allowed")]
    TooDeep { depth: usize, depth_max: usize },
    #[error("the document would be {found}, it must be an object")]
    NotAnObject { found: &'static str },
    #[error("the number {0} cannot be kept exactly: send it as a string")]
    Number(serde_json::Number),
}

impl Change {
    /// Reads RFC 6902 operations from JSON.
    pub fn patch(operations: Value) -> Result<Self, ChangeError> {
        serde_json::from_value(operations)
            .map(Self::Patch)
            .map_err(|error| ChangeError::NotAPatch(error.to_string()))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Set(_) => "set",
            Self::Patch(_) => "patch",
            Self::Merge(_) => "merge",
        }
    }

    /// What `document` is after the change.
    pub(crate) fn apply(&self, document: Value, limits: &Limits) -> Result<Value, ChangeError> {
        let mut after = document;
        self.alter(&mut after, limits)?;
        admit(after, limits)
    }

    /// Makes `document` what it is after the change, and names the members that may have changed;
    /// none if all of them may. Only they are looked at. After an error it is no document any more.
    pub(crate) fn apply_to(
        &self,
        document: &mut Value,
        limits: &Limits,
    ) -> Result<Option<BTreeSet<String>>, ChangeError> {
        self.alter(document, limits)?;
        let touched = self.touches();
        match &touched {
            None => settle_document(document, limits)?,
            Some(names) => {
                for name in names {
                    if let Some(member) = document.get_mut(name) {
                        settle_member(member, limits)?;
                    }
                }
            }
        }
        Ok(touched)
    }

    fn alter(&self, document: &mut Value, limits: &Limits) -> Result<(), ChangeError> {
        match self {
            Self::Set(value) => document.clone_from(value),
            Self::Patch(patch) => apply_patch(patch, document, limits)?,
            Self::Merge(merge) => json_patch::merge(document, merge),
        }
        Ok(())
    }

    /// The members of a document that it may change; none if there is no telling.
    fn touches(&self) -> Option<BTreeSet<String>> {
        match self {
            Self::Merge(Value::Object(members)) => Some(members.keys().cloned().collect()),
            Self::Patch(patch) => {
                let from = patch.iter().filter_map(|operation| match operation {
                    PatchOperation::Move(moved) => Some(&moved.from),
                    _ => None,
                });
                let paths = patch.iter().map(PatchOperation::path);
                paths
                    .chain(from.map(|from| &**from))
                    .map(|path| path.first().map(|token| token.decoded().into_owned()))
                    .collect()
            }
            Self::Set(_) | Self::Merge(_) => None,
        }
    }
}

/// `value` as a document: an object of bounded depth whose numbers every reader keeps, each
/// written in the one way that its canonical text reads back to.
pub(crate) fn admit(mut value: Value, limits: &Limits) -> Result<Value, ChangeError> {
    settle_document(&mut value, limits)?;
    Ok(value)
}

/// As [`admit`], in place.
fn settle_document(value: &mut Value, limits: &Limits) -> Result<(), ChangeError> {
    if !value.is_object() {
        return Err(ChangeError::NotAnObject {
            found: kind_of(value),
        });
    }
    check_depth(value, limits)?;
    settle(value)
}

/// As [`admit`], in place, for one member of a document whose others are admitted.
fn settle_member(value: &mut Value, limits: &Limits) -> Result<(), ChangeError> {
    check_levels(1 + json::depth(value), limits)?;
    settle(value)
}

fn apply_patch(patch: &Patch, document: &mut Value, limits: &Limits) -> Result<(), ChangeError> {
    if patch.len() > limits.operations_max {
        let (operations, operations_max) = (patch.len(), limits.operations_max);
        return Err(ChangeError::TooManyOperations {
            operations,
            operations_max,
        });
    }
    for (at, operation) in patch.iter().enumerate() {
        // Even what a later operation takes out again travels in the event, which must be readable.
        match operation {
            PatchOperation::Add(add) => check_depth(&add.value, limits)?,
            PatchOperation::Replace(replace) => check_depth(&replace.value, limits)?,
            PatchOperation::Remove(_)
            | PatchOperation::Move(_)
            | PatchOperation::Copy(_)
            | PatchOperation::Test(_) => {}
        }
        json_patch::patch_unsafe(document, std::slice::from_ref(operation)).map_err(|error| {
            let pointer = error.path.to_string();
            ChangeError::Operation {
                operation: at,
                pointer,
                reason: error.kind.to_string(),
            }
        })?;
        // Copies can double the document's size and depth each time, and what walks a document
        // walks it recursively, so the end is too late to look.
        if matches!(operation, PatchOperation::Copy(_) | PatchOperation::Move(_)) {
            check_depth(document, limits)?;
            check_bytes(model::canonical::to_string(document).len(), limits)?;
        }
    }
    Ok(())
}

pub(crate) fn check_bytes(bytes: usize, limits: &Limits) -> Result<(), ChangeError> {
    if bytes > limits.bytes_max {
        return Err(ChangeError::TooLarge {
            bytes,
            bytes_max: limits.bytes_max,
        });
    }
    Ok(())
}

fn check_depth(value: &Value, limits: &Limits) -> Result<(), ChangeError> {
    check_levels(json::depth(value), limits)
}

fn check_levels(depth: usize, limits: &Limits) -> Result<(), ChangeError> {
    if depth > limits.depth_max {
        return Err(ChangeError::TooDeep {
            depth,
            depth_max: limits.depth_max,
        });
    }
    Ok(())
}

/// Values that came through [`json::parse`] are settled already; those made inside might not be.
fn settle(value: &mut Value) -> Result<(), ChangeError> {
    match value {
        Value::Number(number) => {
            let settled = match number.as_f64().filter(|_| number.is_f64()) {
                Some(float) => json::number(float),
                None => number
                    .as_i64()
                    .filter(|n| n.unsigned_abs() <= model::SAFE_INTEGER_MAX)
                    .map(serde_json::Number::from),
            };
            *number = settled.ok_or_else(|| ChangeError::Number(number.clone()))?;
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(settle),
        Value::Object(members) => members.values_mut().try_for_each(settle),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(operations: Value) -> String {
        let limits = Limits {
            bytes_max: 200,
            depth_max: 3,
            operations_max: 4,
        };
        Change::patch(operations)
            .and_then(|change| change.apply(json!({"a": [1, 2], "n": null}), &limits))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_patch_that_does_not_fit_says_which_operation_and_where() {
        let copy = |n: u32| json!({"op": "copy", "from": "", "path": format!("/c{n}")});
        let table = [
            json!([{"op": "replace", "path": "/missing/x", "value": 1}]),
            json!([{"op": "add", "path": "/a/9", "value": 1}]),
            json!([{"op": "remove", "path": "/zz"}]),
            json!([{"op": "test", "path": "/a/0", "value": 7}]),
            json!([{"op": "move", "from": "/a", "path": "/a/0"}]),
            json!([{"op": "replace", "path": "", "value": [1]}]),
            json!([{"op": "add", "path": "/d", "value": [[[1]]]}]),
            json!([{"op": "add", "path": "/d", "value": [[[[1]]]]}, {"op": "remove", "path": "/d"}]),
            json!([{"op": "add", "path": "/d", "value": 9_007_199_254_740_992_u64}]),
            json!([{"op": "add", "path": "/d", "value": 1e17}]),
            json!([{"op": "jump", "path": "/d"}]),
            json!({"op": "add"}),
            json!([copy(1), copy(2), copy(3), copy(4), copy(5)]),
            json!([{"op": "add", "path": "/s", "value": "x".repeat(150)}, copy(1)]),
        ]
        .map(refused)
        .join("\n");

        insta::assert_snapshot!(table, @r#"
        operation 0 failed at `/missing/x`: path is invalid
        operation 0 failed at `/a/9`: path is invalid
        operation 0 failed at `/zz`: path is invalid
        operation 0 failed at `/a/0`: value did not match
        operation 0 failed at `/a/0`: cannot move the value inside itself
        the document would be an array, it must be an object
        the document would nest 4 levels deep, 3 are allowed
        the document would nest 4 levels deep, 3 are allowed
        the number 9007199254740992 cannot be kept exactly: send it as a string
        the number 1e+17 cannot be kept exactly: send it as a string
        the patch is not one: unknown variant `jump`, expected one of `add`, `remove`, `replace`, `move`, `copy`, `test`
        the patch is not one: invalid type: map, expected a sequence
        the patch has 5 operations, 4 are allowed
        the document would be 360 bytes, 200 are allowed
        "#);
    }

    #[test]
    fn a_document_reads_back_from_its_canonical_text_as_the_value_it_was() {
        let made = json!({"whole": 2.0, "zero": -0.0, "half": 0.5, "large": 1e21, "n": [3.0]});

        let document = admit(made, &Limits::default()).unwrap();

        let text = model::canonical::to_string(&document);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
    }

    #[test]
    fn copies_into_their_own_depth_are_refused_before_they_are_walked() {
        let limits = Limits::default();
        let mut deepest = String::from("/x");
        let mut operations = vec![json!({"op": "add", "path": "/x", "value": {}})];
        for turn in 0..12 {
            let path = format!("{deepest}/c{turn}");
            operations.push(json!({"op": "copy", "from": "/x", "path": path}));
            deepest = format!("{path}{}", &deepest[2..]);
        }

        let refused = Change::patch(json!(operations))
            .and_then(|change| change.apply(json!({}), &limits))
            .unwrap_err();

        assert!(matches!(refused, ChangeError::TooDeep { .. }), "{refused}");
    }
}
