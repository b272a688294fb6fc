//! What a thing in the journal is called.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::LineageName;

/// The name of one thing with a history of its own: a lineage, a session, a job.
///
/// Invariant: 1 to 128 bytes; tokens of `a-z A-Z 0-9 _ = -` joined by dots (what a message broker
/// takes for a subject, too).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject(String);

const BYTES_MAX: usize = 128;

impl Subject {
    /// Where the state of a lineage lives. A dot in its name is written `=`, which no name has.
    pub fn lineage(name: &LineageName) -> Self {
        Self(format!("lineage.{}", name.as_str().replace('.', "=")))
    }

    /// The lineage whose state lives here, if one does.
    pub fn as_lineage(&self) -> Option<LineageName> {
        let name = self.0.strip_prefix("lineage.")?;
        // `lineage.main.wake` is a subject below a lineage, not a lineage with a dot in its name.
        if name.contains('.') {
            return None;
        }
        name.replace('=', ".").try_into().ok()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A subject that is not one.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no subject: 1 to 128 of a-z A-Z 0-9 _ = - in tokens joined by dots")]
pub struct InvalidSubject(String);

impl TryFrom<String> for Subject {
    type Error = InvalidSubject;

    fn try_from(text: String) -> Result<Self, InvalidSubject> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_=-".contains(&byte);
        let is_valid = text.len() <= BYTES_MAX
            && text
                .split('.')
                .all(|token| !token.is_empty() && token.bytes().all(fits));
        if is_valid {
            Ok(Self(text))
        } else {
            Err(InvalidSubject(text))
        }
    }
}

impl std::str::FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, InvalidSubject> {
        text.to_owned().try_into()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> String {
        subject.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lineage_is_found_again_in_its_subject() {
        for name in ["main", "from-1.4.2", "a_b"] {
            let name: LineageName = name.to_owned().try_into().unwrap();
            assert_eq!(Subject::lineage(&name).as_lineage(), Some(name));
        }
    }

    #[test]
    fn what_is_below_a_lineage_is_not_a_lineage() {
        assert_eq!(
            "lineage.main.wake".parse::<Subject>().unwrap().as_lineage(),
            None
        );
    }

    #[test]
    fn empty_tokens_and_foreign_letters_are_refused() {
        for text in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a b",
            "a.*",
            "a.>",
            "é",
            &"x".repeat(129),
        ] {
            assert!(text.parse::<Subject>().is_err(), "{text}");
        }
    }
}
