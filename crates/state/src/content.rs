//! What a document holds.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use model::{Body, Digest};
use serde_json::Value;

/// The canonical text of a document, and the value it reads as, which is made when first asked
/// for: many a document is only passed on, or superseded before anybody looks.
#[derive(Clone)]
pub struct Content(Arc<Inner>);

/// Invariant: `body` is canonical JSON that reads as an object of bounded depth, and `value`, once
/// there, is that object.
struct Inner {
    body: Body,
    value: OnceLock<Value>,
}

impl Content {
    /// `body` is the canonical text of `value`.
    pub(crate) fn new(body: Body, value: Value) -> Self {
        Self(Arc::new(Inner {
            body,
            value: OnceLock::from(value),
        }))
    }

    /// `body` is the canonical text of a value that was admitted as a document.
    pub(crate) fn of_text(body: Body) -> Self {
        Self(Arc::new(Inner {
            body,
            value: OnceLock::new(),
        }))
    }

    pub fn hash(&self) -> Digest {
        self.0.body.hash()
    }

    /// Its canonical JSON.
    pub fn bytes(&self) -> &[u8] {
        self.0.body.bytes()
    }

    pub(crate) fn body(&self) -> &Body {
        &self.0.body
    }

    /// About how much memory it takes, or will once it is read.
    pub(crate) fn memory_bytes(&self) -> usize {
        let text = self.0.body.bytes().len();
        let value = self.0.value.get().map(memory_of);
        text + value.unwrap_or(text * VALUE_BYTES_PER_TEXT_BYTE)
    }
}

/// How much more memory a value takes than its text does, usually.
const VALUE_BYTES_PER_TEXT_BYTE: usize = 8;

impl Deref for Content {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.0.value.get_or_init(|| {
            serde_json::from_slice(self.0.body.bytes()).expect("canonical text of a document reads")
        })
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.hash() == other.hash()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.0.body.bytes()))
    }
}

/// About how much memory a value takes, its members and their names included.
fn memory_of(value: &Value) -> usize {
    let inside = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(memory_of).sum(),
        Value::Object(members) => {
            // A node of the map has room for eleven members and is often half empty.
            members
                .iter()
                .map(|(name, value)| 2 * (24 + name.len()) + memory_of(value))
                .sum()
        }
    };
    size_of::<Value>() + inside
}
