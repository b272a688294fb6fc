//! What is wrong with a script, said so that its author can put it right.

use std::fmt;

use model::nearest::nearest;
use rhai::Position;
use serde::{Deserialize, Serialize};

/// One fault, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// From 1; 0 when it is the whole script.
    pub line: usize,
    pub column: usize,
    pub cause: String,
    /// The name that was most likely meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
}

impl Problem {
    pub(crate) fn new(position: Position, cause: impl Into<String>) -> Self {
        Self {
            line: position.line().unwrap_or(0),
            column: position.position().unwrap_or(0),
            cause: cause.into(),
            nearest: None,
        }
    }

    pub(crate) fn meant<'a>(
        mut self,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        self.nearest = nearest(name, known).first().map(|&name| name.to_owned());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}:{}: ", self.line, self.column)?;
        }
        f.write_str(&self.cause)?;
        match &self.nearest {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}
