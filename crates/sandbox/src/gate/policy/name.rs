//! Names as a workspace writes them into its policy.

use std::{borrow::Borrow, fmt};

use serde::Deserialize;

use crate::gate::names::normal;

/// A name of Python's, in the form that Python compares.
///
/// Invariant: a letter or `_`, then letters, digits and `_`, normalised as NFKC.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Identifier(String);

/// The name of a module, or of something in one.
///
/// Invariant: one identifier or more, with dots between.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct DottedName(String);

/// A text that names nothing in Python.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("`{0}` is no name: write it as Python does, such as `open`")]
    Identifier(String),
    #[error("`{0}` is no module: write it as after `import`, such as `xml.etree`, without `*`")]
    Dotted(String),
}

impl Identifier {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Identifier {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        if is_identifier(&text) {
            Ok(Self(normal(&text).into_owned()))
        } else {
            Err(NameError::Identifier(text))
        }
    }
}

impl TryFrom<String> for DottedName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        if text.split('.').all(is_identifier) {
            Ok(Self(normal(&text).into_owned()))
        } else {
            Err(NameError::Dotted(text))
        }
    }
}

fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters
        .next()
        .is_some_and(|first| first == '_' || first.is_alphabetic())
        && characters.all(|character| character == '_' || character.is_alphanumeric())
}

impl Borrow<str> for Identifier {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for DottedName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for DottedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
