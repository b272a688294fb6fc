//! The document that every store is handed: 4 KB of JSON, of the shape that a tool's state has.

use serde_json::{Map, Value, json};

pub(crate) const DOCUMENT_BYTES: usize = 4096;
const ARMS_COUNT: usize = 48;

/// Numbers that learners keep, a counter that each write moves, and text that fills up the rest.
pub(crate) fn new(document: usize) -> Value {
    let arms: Map<String, Value> = (0..ARMS_COUNT)
        .map(|arm| {
            let mean =
                f64::from(u32::try_from((document * 7 + arm * 13) % 97).unwrap_or(0)) / 128.0;
            (
                format!("arm_{arm:02}"),
                json!({"mean": mean, "pulls": 100 + arm}),
            )
        })
        .collect();
    let mut value = json!({"arms": arms, "counter": 1_000_000, "note": ""});
    let rest = DOCUMENT_BYTES.saturating_sub(value.to_string().len());
    value["note"] = Value::from("x".repeat(rest));
    value
}

/// What a write changes: every one makes a document that was not there before.
pub(crate) fn set_counter(value: &mut Value, counter: u64) {
    value["counter"] = Value::from(counter);
}

/// A small event, for stores that only append.
pub(crate) fn small_event(number: u64) -> Value {
    json!({"tool": "search", "number": number, "latency_us": 1234, "outcome": "ok", "note": "x".repeat(160)})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_4_kb_whatever_its_number() {
        for document in [0, 1, 999] {
            assert_eq!(new(document).to_string().len(), DOCUMENT_BYTES);
        }
    }
}
