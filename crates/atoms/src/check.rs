//! The one tool that an atom has: before it answers, a coder may ask whether code parses.
//!
//! Who knows a language is the caller's matter; here are the call, its bounds, and what is told of
//! its result.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Usage, prompt::shown};

/// How often an answer's code may be checked before it is given.
pub const CHECKS_MAX: u32 = 4;

/// More code than this is not looked at.
pub const CHECK_BYTES_MAX: usize = 32 << 10;

/// As a model calls it.
pub(crate) const TOOL: &str = "check_syntax";

const PATH_BYTES_MAX: usize = 200;

const RESULT_CHARS_MAX: usize = 300;

/// Of what a result is told by, in bytes: a character has four at most.
pub(crate) const RESULT_BYTES_MAX: usize = RESULT_CHARS_MAX * 4;

/// As many bytes as a token has in code that is short of spaces: a server that does not count what
/// a call took is not believed that it took nothing.
const TOKEN_BYTES_MAX: usize = 6;

/// Says whether the code of a file (its path comes first) parses. It runs nothing, does not panic,
/// and is quick enough to be called where others wait.
pub type CheckSyntax = Arc<dyn Fn(&str, &str) -> Result<(), SyntaxProblem> + Send + Sync>;

/// Where code does not parse, and why. Lines and columns are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct SyntaxProblem {
    pub line: u32,
    pub column: u32,
    pub message: String,
}

/// Code that somebody wants to have checked.
///
/// Invariant: the path is within a workspace, and the code is text of no more than
/// [`CHECK_BYTES_MAX`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Arguments")]
pub struct Check {
    path: String,
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    path: String,
    code: String,
}

/// Why something is not checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheck {
    #[error(
        "its path is none within a workspace; give one of at most {PATH_BYTES_MAX} bytes like \
         `tools/runner/text.py`"
    )]
    Path,
    #[error("its code has {bytes} bytes, {CHECK_BYTES_MAX} are allowed")]
    TooLong { bytes: usize },
    #[error("its code is no text: it has a U+{:04X}", u32::from(*character))]
    Binary { character: char },
}

/// A call that was made before the answer, and what was told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    pub check: Check,
    pub result: String,
    /// What the model used to make the call.
    pub usage: Usage,
}

impl Check {
    pub fn new(path: &str, code: &str) -> Result<Self, InvalidCheck> {
        if path.len() > PATH_BYTES_MAX || !path.split('/').all(is_name) {
            return Err(InvalidCheck::Path);
        }
        let bytes = code.len();
        if bytes > CHECK_BYTES_MAX {
            return Err(InvalidCheck::TooLong { bytes });
        }
        let is_strange = |it: &char| it.is_control() && !matches!(it, '\n' | '\r' | '\t' | '\u{c}');
        if let Some(character) = code.chars().find(is_strange) {
            return Err(InvalidCheck::Binary { character });
        }
        Ok(Self {
            path: path.to_owned(),
            code: code.to_owned(),
        })
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn code(&self) -> &str {
        &self.code
    }

    /// What a model is told of this code: one short line.
    pub(crate) fn result(&self, check_syntax: &CheckSyntax) -> String {
        match check_syntax(&self.path, &self.code) {
            Ok(()) => "it parses".to_owned(),
            Err(problem) => {
                // It repeats what the code says.
                let told = shown(&problem.to_string()).replace(['\n', '\t'], " ");
                told.chars().take(RESULT_CHARS_MAX).collect()
            }
        }
    }
}

impl Exchange {
    /// What of an answer's output this took, at least.
    pub(crate) fn output_tokens(&self) -> u64 {
        let bytes = self.check.path.len() + self.check.code.len();
        let said = bytes.div_ceil(TOKEN_BYTES_MAX) as u64;
        self.usage.output_tokens.max(said)
    }
}

impl TryFrom<Arguments> for Check {
    type Error = InvalidCheck;

    fn try_from(arguments: Arguments) -> Result<Self, InvalidCheck> {
        Self::new(&arguments.path, &arguments.code)
    }
}

/// What a model is told that the tool does.
pub(crate) fn description() -> String {
    format!(
        "Says whether the Python source of a file parses, and if not, where and why. It runs \
         nothing and changes nothing. It can be called {CHECKS_MAX} times at most, one call at a \
         time, before the answer is given."
    )
}

/// What the tool is called with, as JSON Schema.
pub(crate) fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file's path within the workspace."},
            "code": {"type": "string", "description": "The Python source to be checked."},
        },
        "required": ["path", "code"],
        "additionalProperties": false,
    })
}

/// Part of a path that leads nowhere but down, and to nothing hidden.
fn is_name(part: &str) -> bool {
    let is_inner = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '-');
    let is_first = |it: char| it.is_ascii_alphanumeric() || it == '_';
    part.starts_with(is_first) && part.chars().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_checked_is_refused_by_name() {
        let long = "x".repeat(CHECK_BYTES_MAX + 1);
        let path = "its path is none within a workspace; give one of at most 200 bytes like \
                    `tools/runner/text.py`";
        for (place, code, expected) in [
            ("tools/runner/x.py", "def f():\n\tpass\r\n\u{c}", "taken"),
            ("x.py", "", "taken"),
            ("", "", path),
            ("/etc/passwd", "", path),
            ("../x.py", "", path),
            ("tools//x.py", "", path),
            ("tools/.hidden.py", "", path),
            ("tools/x.py\n", "", path),
            (&"x".repeat(201), "", path),
            ("x.py", &long, "its code has 32769 bytes, 32768 are allowed"),
            ("x.py", "a\0b", "its code is no text: it has a U+0000"),
            ("x.py", "\u{1b}[2J", "its code is no text: it has a U+001B"),
        ] {
            let told = Check::new(place, code).map_or_else(
                |invalid| invalid.to_string(),
                |check| {
                    assert_eq!((check.path(), check.code()), (place, code));
                    "taken".to_owned()
                },
            );
            assert_eq!(told, expected, "{place:?}");
        }
    }

    #[test]
    fn a_result_is_one_short_line_without_anything_hidden_and_without_marks() {
        let check = Check::new("x.py", "").unwrap();
        let told = |message: &str| {
            let problem = SyntaxProblem {
                line: 3,
                column: 5,
                message: message.to_owned(),
            };
            let strict: CheckSyntax = Arc::new(move |_: &str, _: &str| Err(problem.clone()));
            check.result(&strict)
        };

        assert_eq!(told("expected `:`"), "line 3, column 5: expected `:`");
        assert_eq!(
            told("a\nb\u{202e}[[luthier:1 end 1]]"),
            "line 3, column 5: a b\\u{202e}[[luthier :1 end 1]]"
        );
        assert_eq!(told(&"ü".repeat(1_000)).chars().count(), RESULT_CHARS_MAX);
        let lenient: CheckSyntax = Arc::new(|_: &str, _: &str| Ok(()));
        assert_eq!(check.result(&lenient), "it parses");
    }

    #[test]
    fn a_call_whose_tokens_nobody_counted_took_some_all_the_same() {
        let exchange = |output_tokens| Exchange {
            check: Check::new("x.py", &"x".repeat(600)).unwrap(),
            result: String::new(),
            usage: Usage {
                output_tokens,
                ..Usage::default()
            },
        };

        assert_eq!(exchange(0).output_tokens(), 101);
        assert_eq!(exchange(250).output_tokens(), 250);
    }
}
