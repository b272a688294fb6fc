//! What the gate answers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that a candidate may not contain, where it is, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Refusal {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// In characters, from 1, as Python counts them.
    pub column: u32,
    pub code: Code,
    pub reason: String,
    /// What to do about it; empty if the reason says it.
    pub hint: String,
}

/// What kind of thing it is. The names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// It is not Python.
    Syntax,
    /// It is not UTF-8, or says of itself that it is not.
    Encoding,
    /// A character that Python does not read, or that shows people something else than runs.
    Character,
    TooLarge,
    TooMany,
    TooDeep,
    /// Reading it takes more steps than its size explains.
    TooComplex,
    /// A module that the policy does not allow.
    Import,
    /// An import by dots that leads nowhere.
    RelativeImport,
    /// Something of an allowed module that the policy refuses.
    Member,
    Builtin,
    /// An attribute that leads into the interpreter: dunders, frames, code objects.
    Attribute,
    /// An attribute by a name that is not in the text.
    ComputedAttribute,
    /// An attribute that leads into the interpreter, in a text for `str.format`.
    FormatString,
}

impl Code {
    /// As it is in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Encoding => "encoding",
            Self::Character => "character",
            Self::TooLarge => "too-large",
            Self::TooMany => "too-many",
            Self::TooDeep => "too-deep",
            Self::TooComplex => "too-complex",
            Self::Import => "import",
            Self::RelativeImport => "relative-import",
            Self::Member => "member",
            Self::Builtin => "builtin",
            Self::Attribute => "attribute",
            Self::ComputedAttribute => "computed-attribute",
            Self::FormatString => "format-string",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Refusal {
    /// What a compiler says of a module that it cannot compile. Lines and columns are from 1.
    pub fn syntax(file: &str, line: u32, column: u32, reason: impl Into<String>) -> Self {
        Self::new(Code::Syntax, file, (line, column)).because(reason)
    }

    pub(super) fn new(code: Code, file: &str, (line, column): (u32, u32)) -> Self {
        Self {
            file: file.to_owned(),
            line,
            column,
            code,
            reason: String::new(),
            hint: String::new(),
        }
    }

    pub(super) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            code,
            reason,
            ..
        } = self;
        write!(f, "{file}:{line}:{column}: {code}: {reason}")
    }
}

/// Refusals, up to a bound.
pub(super) struct Refusals {
    found: Vec<Refusal>,
    max: usize,
}

impl Refusals {
    pub(super) fn new(max: usize) -> Self {
        Self {
            found: Vec::new(),
            max,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= self.max
    }

    pub(super) fn add(&mut self, refusal: Refusal) {
        if !self.is_full() {
            self.found.push(refusal);
        }
    }

    /// Each once.
    pub(super) fn in_order(mut self) -> Vec<Refusal> {
        self.found.sort();
        self.found.dedup();
        self.found
    }
}
