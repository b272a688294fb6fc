//! A document that is patched again and again.

use std::collections::BTreeMap;

use model::{Body, canonical};
use serde_json::Value;

use crate::{Change, ChangeError, Limits, change};

/// A value of which nobody else has a share, and the canonical text of each of its members: a patch
/// then costs what it touches, and not what there is.
pub(crate) struct Draft {
    value: Value,
    /// By name; each is `"name":value`.
    members: BTreeMap<String, String>,
    bytes: usize,
}

impl Draft {
    /// `value` is a document.
    pub(crate) fn of(value: Value) -> Self {
        let mut draft = Self {
            value,
            members: BTreeMap::new(),
            bytes: 0,
        };
        draft.write_all();
        draft
    }

    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    /// The size of its text.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Changes it and says what its text is now. After an error it is no document any more.
    pub(crate) fn change(&mut self, change: &Change, limits: &Limits) -> Result<Body, ChangeError> {
        match change.apply_to(&mut self.value, limits)? {
            None => self.write_all(),
            Some(names) => names.into_iter().for_each(|name| self.write_member(name)),
        }
        let text = self.text();
        self.bytes = text.len();
        change::check_bytes(self.bytes, limits)?;
        Ok(Body::new(text.into_bytes()))
    }

    fn write_all(&mut self) {
        self.members = match &self.value {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), member_text(name, value)))
                .collect(),
            _ => BTreeMap::new(),
        };
    }

    fn write_member(&mut self, name: String) {
        match self.value.get(&name) {
            Some(value) => {
                let text = member_text(&name, value);
                self.members.insert(name, text);
            }
            None => {
                self.members.remove(&name);
            }
        }
    }

    /// Canonical order is that of bytes as long as every name is ASCII.
    fn text(&self) -> String {
        if !self.members.keys().all(|name| name.is_ascii()) {
            return canonical::to_string(&self.value);
        }
        let bytes: usize = self.members.values().map(|text| text.len() + 1).sum();
        let mut out = String::with_capacity(bytes + 2);
        out.push('{');
        for (at, text) in self.members.values().enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(text);
        }
        out.push('}');
        out
    }
}

fn member_text(name: &str, value: &Value) -> String {
    let mut text = String::new();
    canonical::write_text(name, &mut text);
    text.push(':');
    canonical::write(value, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            (-2..3_i64).prop_map(Value::from),
            prop_oneof![Just(0.5), Just(2.0), Just(1e300)].prop_map(Value::from),
            "[a\"é\n]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                any_object(inner),
            ]
        })
    }

    fn any_object(member: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
        prop::collection::hash_map("[a-c/~é\u{1f600}\u{fb33}]{0,2}", member, 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    fn any_pointer() -> impl Strategy<Value = String> {
        prop::collection::vec("[a-c/~é]{0,2}|0|-", 0..3)
            .prop_map(|tokens| json_patch::jsonptr::PointerBuf::from_tokens(tokens).to_string())
    }

    fn any_change() -> impl Strategy<Value = Change> {
        let operation = prop_oneof![
            (any_pointer(), any_value())
                .prop_map(|(path, value)| json!({"op": "add", "path": path, "value": value})),
            (any_pointer(), any_value())
                .prop_map(|(path, value)| json!({"op": "replace", "path": path, "value": value})),
            any_pointer().prop_map(|path| json!({"op": "remove", "path": path})),
            (any_pointer(), any_pointer())
                .prop_map(|(from, path)| json!({"op": "move", "from": from, "path": path})),
            (any_pointer(), any_pointer())
                .prop_map(|(from, path)| json!({"op": "copy", "from": from, "path": path})),
        ];
        prop_oneof![
            any_value().prop_map(Change::Merge),
            prop::collection::vec(operation, 1..4)
                .prop_map(|operations| Change::patch(Value::from(operations)).unwrap()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_draft_becomes_what_the_document_becomes(
            document in any_object(any_value()),
            changes in prop::collection::vec(any_change(), 1..5),
        ) {
            let limits = Limits { depth_max: 4, bytes_max: 300, ..Limits::default() };
            let Ok(mut document) = change::admit(document, &limits) else { return Ok(()) };
            let mut draft = Draft::of(document.clone());
            for change in changes {
                let whole = change.apply(document.clone(), &limits);
                let whole = whole.and_then(|after| {
                    change::check_bytes(canonical::to_string(&after).len(), &limits)?;
                    Ok(after)
                });
                match (draft.change(&change, &limits), whole) {
                    (Ok(body), Ok(after)) => {
                        let text = canonical::to_string(&after);
                        prop_assert_eq!(body.bytes(), text.as_bytes());
                        prop_assert_eq!(draft.value(), &after);
                        document = after;
                    }
                    (Err(partly), Err(whole)) => {
                        prop_assert_eq!(partly.to_string(), whole.to_string());
                        draft = Draft::of(document.clone());
                    }
                    (partly, whole) => {
                        prop_assert!(false, "{partly:?} is not {whole:?}");
                    }
                }
            }
        }
    }
}
