//! W3C trace context identifiers, as the ledger keeps them.

use serde::{Deserialize, Serialize};

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $digits:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidTraceId;

            fn try_from(text: String) -> Result<Self, InvalidTraceId> {
                let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                let is_valid = text.len() == $digits
                    && text.bytes().all(is_hex)
                    && text.bytes().any(|byte| byte != b'0');
                if is_valid { Ok(Self(text)) } else { Err(InvalidTraceId(text, $digits)) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

hex_id! {
    /// Which trace: 32 lower-case hex digits, not all zero.
    TraceId, 32
}
hex_id! {
    /// Which span of it: 16 lower-case hex digits, not all zero.
    SpanId, 16
}

/// A trace or span id that is none.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no trace context id: {1} digits of 0-9 a-f, not all zero")]
pub struct InvalidTraceId(String, usize);
