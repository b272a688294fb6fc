//! What must not be seen.

use std::collections::HashSet;

/// A longer key is none.
const SECRET_BYTES_MAX: usize = 8192;

/// So much of a key is taken out wherever it is: what is told may have been cut in the midst of one.
const FRAGMENT_BYTES_MIN: usize = 8;

const REDACTED: &str = "[redacted]";

/// A key. It has neither `Debug` nor `Display`, and whoever holds it takes it out of what is told.
///
/// Invariant: 1 to 8192 visible ASCII characters.
#[derive(Clone)]
pub struct Secret(String);

/// Why something is no key. The text of it is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    #[error("a key is empty; leave it out, or give its value")]
    Empty,
    #[error("a key has {bytes} bytes; {SECRET_BYTES_MAX} are allowed")]
    TooLong { bytes: usize },
    #[error("a key has a character that is not visible ASCII; is it the content of another file?")]
    Character,
}

impl Secret {
    /// Space around it is none of it: files end with a line's end.
    pub fn new(text: &str) -> Result<Self, InvalidSecret> {
        let text = text.trim();
        let bytes = text.len();
        if text.is_empty() {
            return Err(InvalidSecret::Empty);
        }
        if bytes > SECRET_BYTES_MAX {
            return Err(InvalidSecret::TooLong { bytes });
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidSecret::Character);
        }
        Ok(Self(text.to_owned()))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// `text` without this key and without pieces of it.
    pub(super) fn redact(&self, text: &str) -> String {
        let size = self.0.len().min(FRAGMENT_BYTES_MIN);
        let fragments: HashSet<&[u8]> = self.0.as_bytes().windows(size).collect();
        let mut told = String::with_capacity(text.len());
        // Until where `text` was told, and until where it is of the key.
        let (mut done, mut secret_end) = (0, None);
        for (at, window) in text.as_bytes().windows(size).enumerate() {
            if secret_end.is_some_and(|end| at > end) {
                done = secret_end.take().unwrap_or(done);
                told.push_str(REDACTED);
            }
            if fragments.contains(window) {
                if secret_end.is_none() {
                    told.push_str(&text[done..at]);
                }
                secret_end = Some(at + size);
            }
        }
        if let Some(end) = secret_end {
            told.push_str(REDACTED);
            done = end;
        }
        told.push_str(&text[done..]);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_disappears_whole_and_in_pieces() {
        let key = Secret::new(" sk-ant-0123456789\n").unwrap();
        for (text, expected) in [
            ("sk-ant-0123456789", "[redacted]"),
            ("sk-ant-0123456789sk-ant-0123456789!", "[redacted]!"),
            ("ü sk-ant-0123456789 ü", "ü [redacted] ü"),
            (
                "one sk-ant-0123456789, two sk-ant-0123456789",
                "one [redacted], two [redacted]",
            ),
            ("cut here: sk-ant-012…", "cut here: [redacted]…"),
            ("t-0123456789 was before", "[redacted] was before"),
            ("it is 0123456 of it", "it is 0123456 of it"),
            ("short", "short"),
            ("", ""),
        ] {
            assert_eq!(key.redact(text), expected);
        }
    }

    #[test]
    fn a_short_key_disappears_too() {
        let key = Secret::new("hunter2").unwrap();

        assert_eq!(
            key.redact("with hunter2, not hunter"),
            "with [redacted], not hunter"
        );
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        let refused = |text: &str| Secret::new(text).map(drop).unwrap_err();

        assert_eq!(refused(" \n"), InvalidSecret::Empty);
        assert_eq!(refused("two words"), InvalidSecret::Character);
        assert_eq!(
            refused(&"k".repeat(SECRET_BYTES_MAX + 1)),
            InvalidSecret::TooLong { bytes: 8193 }
        );
    }
}
