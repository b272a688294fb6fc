//! What changed between two documents.

use json_patch::{
    AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation, jsonptr::PointerBuf,
};
use serde_json::{Map, Value};

/// The operations that lead from `before` to `after`. Most of a document stays as it was, so whole
/// members are compared first, and pointers are made only where two differ.
pub fn diff(before: &Value, after: &Value) -> Patch {
    let mut operations = Vec::new();
    if before != after {
        describe(before, after, &mut PointerBuf::new(), &mut operations);
    }
    Patch(operations)
}

/// `before` and `after`, both at `at`, differ.
fn describe(before: &Value, after: &Value, at: &mut PointerBuf, into: &mut Vec<PatchOperation>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => members(before, after, at, into),
        (Value::Array(_), Value::Array(_)) => {
            let inside = json_patch::diff(before, after).0;
            into.extend(inside.into_iter().map(|operation| below(at, operation)));
        }
        _ => into.push(PatchOperation::Replace(ReplaceOperation {
            path: at.clone(),
            value: after.clone(),
        })),
    }
}

fn members(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    at: &mut PointerBuf,
    into: &mut Vec<PatchOperation>,
) {
    for (key, value) in after {
        let old = before.get(key);
        if old == Some(value) {
            continue;
        }
        at.push_back(key);
        match old {
            Some(old) => describe(old, value, at, into),
            None => into.push(PatchOperation::Add(AddOperation {
                path: at.clone(),
                value: value.clone(),
            })),
        }
        at.pop_back();
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        at.push_back(key);
        into.push(PatchOperation::Remove(RemoveOperation { path: at.clone() }));
        at.pop_back();
    }
}

/// An operation on a value, as one on the document that holds the value at `at`.
fn below(at: &PointerBuf, mut operation: PatchOperation) -> PatchOperation {
    let path = match &mut operation {
        PatchOperation::Add(AddOperation { path, .. })
        | PatchOperation::Replace(ReplaceOperation { path, .. })
        | PatchOperation::Remove(RemoveOperation { path })
        | PatchOperation::Test(json_patch::TestOperation { path, .. }) => path,
        PatchOperation::Move(json_patch::MoveOperation { path, from })
        | PatchOperation::Copy(json_patch::CopyOperation { path, from }) => {
            *from = at.concat(from);
            path
        }
    };
    *path = at.concat(path);
    operation
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let before = json!({"a": {"x/y": [1, 2, 3], "z": 1}, "b": [{"c": 1}], "gone": null});
        let after = json!({"a": {"x/y": [1, 5], "z": 1}, "b": {"c": 1}, "new": {"d": 2}});

        insta::assert_snapshot!(diff(&before, &after), @r#"[{"op":"replace","path":"/a/x~1y/1","value":5},{"op":"remove","path":"/a/x~1y/2"},{"op":"replace","path":"/b","value":{"c":1}},{"op":"add","path":"/new","value":{"d":2}},{"op":"remove","path":"/gone"}]"#);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), (0..3_i64).prop_map(Value::from)];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-c/~]", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn applied_to_the_one_it_makes_the_other(before in any_json(), after in any_json()) {
            let mut made = before.clone();
            json_patch::patch(&mut made, &diff(&before, &after)).unwrap();

            prop_assert_eq!(made, after);
        }
    }
}
