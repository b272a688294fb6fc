//! What an object is called.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The name of an object, such as `witness/seal.json`.
///
/// Invariant: 1 to 512 bytes; parts of 1 to 128 of `a-z A-Z 0-9 . _ = + -` joined by `/`, none of
/// which begins with a dot. So it never leaves its vault and never meets a file of the vault's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

const BYTES_MAX: usize = 512;
const PART_BYTES_MAX: usize = 128;

/// A key that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no key of an object: parts of 1 to 128 of a-z A-Z 0-9 . _ = + - joined by `/`, \
     none beginning with a dot"
)]
pub struct InvalidKey(String);

impl Key {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_part(part: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._=+-".contains(&byte);
    (1..=PART_BYTES_MAX).contains(&part.len()) && !part.starts_with('.') && part.bytes().all(fits)
}

impl TryFrom<String> for Key {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, InvalidKey> {
        if text.len() <= BYTES_MAX && text.split('/').all(is_part) {
            Ok(Self(text))
        } else {
            Err(InvalidKey(text))
        }
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        text.to_owned().try_into()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> String {
        key.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_could_leave_the_vault_is_refused() {
        let long_part = "x".repeat(129);
        let long_key = vec!["x".repeat(127); 5].join("/");
        for text in [
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            "..",
            "../a",
            "a/../b",
            "a/./b",
            ".hidden",
            "a b",
            "a\\b",
            "a\0b",
            "é",
            &long_part,
            &long_key,
        ] {
            assert!(text.parse::<Key>().is_err(), "{text:?}");
        }
        for text in [
            "a",
            "witness/seal.json",
            "evals/0a1b/cases.jsonl",
            "v1.2.3+b=c_d",
        ] {
            assert!(text.parse::<Key>().is_ok(), "{text:?}");
        }
    }
}
