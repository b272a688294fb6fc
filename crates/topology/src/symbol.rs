//! The things that have a name: functions, classes, methods, constants.

use std::{fmt, ops::Range, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// Where a symbol is: `tools/runner/text.py::slugify`, `tools/lib/arms.py::Arm.pull`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SymbolPath {
    pub file: Arc<str>,
    /// Its name in the file, nested ones by dots.
    pub name: Arc<str>,
}

impl SymbolPath {
    pub fn new(file: &str, name: &str) -> Self {
        Self {
            file: file.into(),
            name: name.into(),
        }
    }

    /// The last part of the name.
    pub fn last(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    /// What it is nested in.
    pub fn parent(&self) -> Option<Self> {
        let (outer, _) = self.name.rsplit_once('.')?;
        Some(Self {
            file: Arc::clone(&self.file),
            name: outer.into(),
        })
    }

    /// Whether it is `other` or nested in it.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.file == other.file
            && self
                .name
                .strip_prefix(&*other.name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl fmt::Display for SymbolPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.file, self.name)
    }
}

impl fmt::Debug for SymbolPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A text that is no symbol path.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no symbol path: write `PATH::NAME` or `PATH::CLASS.METHOD`")]
pub struct InvalidSymbolPath(String);

impl FromStr for SymbolPath {
    type Err = InvalidSymbolPath;

    fn from_str(text: &str) -> Result<Self, InvalidSymbolPath> {
        match text.split_once("::") {
            Some((file, name)) if !file.is_empty() && !name.is_empty() => Ok(Self::new(file, name)),
            _ => Err(InvalidSymbolPath(text.to_owned())),
        }
    }
}

impl TryFrom<String> for SymbolPath {
    type Error = InvalidSymbolPath;

    fn try_from(text: String) -> Result<Self, InvalidSymbolPath> {
        text.parse()
    }
}

impl From<SymbolPath> for String {
    fn from(path: SymbolPath) -> String {
        path.to_string()
    }
}

/// A stretch of a file, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    pub(crate) fn of(node: tree_sitter::Node<'_>) -> Self {
        Self {
            start: node.start_byte(),
            end: node.end_byte(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SymbolKind {
    Function,
    Class,
    Method,
    /// A name that a module gives a value to: `NAME = …`, `NAME: T = …`, `type NAME = …`.
    Constant,
}

/// A definition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Symbol {
    pub path: SymbolPath,
    pub kind: SymbolKind,
    /// With its decorators.
    pub span: Span,
    /// The line it begins on, decorators included, counted from 1.
    pub line: usize,
    /// From `def` or `class` to the colon, of a constant its first line.
    pub signature: String,
    pub decorators: Vec<String>,
    /// The first line of its docstring.
    pub doc: Option<String>,
    pub is_tool: bool,
    #[serde(skip)]
    pub(crate) name_span: Span,
    /// The statements of a function or class.
    #[serde(skip)]
    pub(crate) body: Option<Span>,
    /// Whether it stands in an `if` or `try`, where a second of its name is no clash.
    #[serde(skip)]
    pub(crate) is_conditional: bool,
    /// Whether it is nested in a function: what it uses, the function uses.
    #[serde(skip)]
    pub(crate) is_nested: bool,
    #[serde(skip)]
    pub(crate) fingerprint: Vec<u32>,
}

impl Symbol {
    /// Which of several symbols of one name.
    pub(crate) fn candidate(&self) -> Candidate {
        Candidate {
            path: self.path.clone(),
            line: self.line,
        }
    }

    /// Whether a second definition of its name adds to it instead of hiding it.
    pub(crate) fn is_part(&self) -> bool {
        self.is_conditional
            || self.decorators.iter().any(|decorator| {
                let name = decorator.split('(').next().unwrap_or_default().trim();
                let last = name.rsplit('.').next().unwrap_or_default();
                matches!(
                    last,
                    "overload" | "setter" | "getter" | "deleter" | "register"
                )
            })
    }
}

/// One of the things that were perhaps meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Candidate {
    pub path: SymbolPath,
    pub line: usize,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (line {})", self.path, self.line)
    }
}

/// `a`, `b` and `c`, for messages.
pub(crate) fn listed<T: fmt::Display>(items: &[T]) -> String {
    items
        .iter()
        .map(T::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
