//! The name of a branch of evolution.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a lineage, `main` by default.
///
/// Invariant: 1 to 64 of `a-z A-Z 0-9 . _ -`, beginning with a letter or digit, without `..` and
/// not ending in `.` or `.lock` (git would refuse the branch).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LineageName(String);

const BYTES_MAX: usize = 64;

impl LineageName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LineageName {
    fn default() -> Self {
        Self("main".to_owned())
    }
}

/// A lineage name that is not one.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no name of a lineage: 1 to 64 of a-z A-Z 0-9 . _ - that git takes for a branch")]
pub struct InvalidLineageName(String);

impl TryFrom<String> for LineageName {
    type Error = InvalidLineageName;

    fn try_from(text: String) -> Result<Self, InvalidLineageName> {
        let is_valid = text.len() <= BYTES_MAX
            && text
                .bytes()
                .next()
                .is_some_and(|first| first.is_ascii_alphanumeric())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            && !text.contains("..")
            && !text.ends_with('.')
            && !text.to_ascii_lowercase().ends_with(".lock");
        if is_valid {
            Ok(Self(text))
        } else {
            Err(InvalidLineageName(text))
        }
    }
}

impl std::str::FromStr for LineageName {
    type Err = InvalidLineageName;

    fn from_str(text: &str) -> Result<Self, InvalidLineageName> {
        text.to_owned().try_into()
    }
}

impl From<LineageName> for String {
    fn from(name: LineageName) -> String {
        name.0
    }
}

impl fmt::Display for LineageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
