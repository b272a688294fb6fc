//! Why a save is not served, at the place where its author looks.

use std::{error::Error, fmt};

use jsonc_parser::{CollectOptions, ParseOptions, ast, common::Ranged as _, parse_to_ast};
use python::LoadError;
use runner::ServeError;
use serde::{Serialize, de::IgnoredAny};
use state::StateError;

use crate::{
    failure::Failure,
    up::chain,
    workspace::{Offered, SCHEMA, STATE},
};

/// A line of somebody's file may be as long as the file.
const SHOWN_CHARS_MAX: usize = 160;

/// What is wrong, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(flatten)]
    place: Option<Place>,
    message: String,
}

/// Counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Place {
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// The line itself.
    source: String,
}

impl Fault {
    pub(super) fn said(message: String) -> Self {
        Self {
            message,
            ..Self::default()
        }
    }

    /// One that has no place.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        Self::said(chain(error))
    }

    /// Code that cannot be loaded or served.
    pub(super) fn of_serving(error: &ServeError, offered: &Offered) -> Self {
        let ServeError::Load { source, .. } = error else {
            return Self::of(error);
        };
        let problem = match source {
            LoadError::Failed(problem) => Some(problem),
            LoadError::DeadlineExceeded { at, .. } => at.as_ref(),
            _ => None,
        };
        let Some(problem) = problem.filter(|problem| !problem.file.is_empty()) else {
            return Self::of(source);
        };
        let text = source.to_string();
        // The place is told apart from what is wrong there.
        let line = problem.line.map(|line| format!(":{line}"));
        let place = format!("{}{}: ", problem.file, line.unwrap_or_default());
        let message = text.strip_prefix(&place).unwrap_or(&text).to_owned();
        let number = |of: Option<u32>| of.and_then(|of| usize::try_from(of).ok());
        let at = number(problem.line).map(|line| (line, number(problem.column)));
        Self::at(&problem.file, at, message, offered)
    }

    /// A file that is no JSON, or not there.
    pub(super) fn of_json(failure: &Failure, path: &str, offered: &Offered) -> Self {
        let text = offered.find(path).map(AsRef::as_ref);
        let at = text.and_then(|text| serde_json::from_slice::<IgnoredAny>(text).err());
        let at = at.map(|error| (error.line(), Some(error.column())));
        Self::at(path, at, chain(failure), offered)
    }

    /// A schema that is none, or a state that does not fit it.
    pub(super) fn of_state(error: &StateError, offered: &Offered) -> Self {
        let (path, pointer, message) = match error {
            StateError::Schema(error) => (SCHEMA, error.pointer.as_str(), error.to_string()),
            StateError::Invalid { violations } => {
                let Some(first) = violations.first() else {
                    return Self::of(error);
                };
                (STATE, first.pointer.as_str(), error.to_string())
            }
            _ => return Self::of(error),
        };
        let text = offered
            .find(path)
            .and_then(|text| str::from_utf8(text).ok());
        let at = text.and_then(|text| place_of(text, pointer));
        Self::at(path, at, message, offered)
    }

    fn at(
        file: &str,
        at: Option<(usize, Option<usize>)>,
        message: String,
        offered: &Offered,
    ) -> Self {
        let text = offered.find(file).map(|text| String::from_utf8_lossy(text));
        let source = |line: usize| {
            let line = text.as_ref()?.lines().nth(line.checked_sub(1)?)?;
            Some(line.chars().take(SHOWN_CHARS_MAX).collect::<String>())
        };
        let place = at.and_then(|(line, column)| {
            Some(Place {
                line,
                column,
                source: source(line)?,
            })
        });
        Self {
            file: Some(file.to_owned()),
            place,
            message,
        }
    }

    /// With the line, and a mark below the column.
    pub(super) fn shown(&self) -> String {
        let Some(Place {
            line,
            column,
            source,
        }) = &self.place
        else {
            return self.to_string();
        };
        let (number, margin) = (line.to_string(), " ".repeat(line.to_string().len()));
        let mut text = format!("{self}\n  {number} | {source}");
        let is_within = |column: &usize| (1..=source.chars().count() + 1).contains(column);
        if let Some(column) = column.filter(is_within) {
            // Tabs stay, so that the mark is below its character.
            let before = source.chars().take(column - 1);
            let before = before.map(|character| if character == '\t' { '\t' } else { ' ' });
            let before: String = before.collect();
            text = format!("{text}\n  {margin} | {before}^");
        }
        text
    }
}

/// In one line.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            f.write_str(file)?;
            if let Some(Place { line, column, .. }) = &self.place {
                write!(f, ":{line}")?;
                if let Some(column) = column {
                    write!(f, ":{column}")?;
                }
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// The line and column of what a JSON Pointer leads to.
fn place_of(text: &str, pointer: &str) -> Option<(usize, Option<usize>)> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()).ok()?;
    let mut value = parsed.value.as_ref()?;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        value = match value {
            ast::Value::Object(object) => &object.get(&token)?.value,
            ast::Value::Array(array) => array.elements.get(token.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    let before = text.get(..value.range().start)?;
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    Some((line, Some(column)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_to_its_line_and_column() {
        let text = "{\n  \"a/b\": [1, {\"c\": true}],\n  \"d\": 2\n}\n";
        for (pointer, expected) in [
            ("", Some((1, Some(1)))),
            ("/a~1b/1/c", Some((2, Some(20)))),
            ("/d", Some((3, Some(8)))),
            ("/d/e", None),
            ("/x", None),
        ] {
            assert_eq!(place_of(text, pointer), expected, "{pointer}");
        }
    }

    #[test]
    fn a_fault_is_shown_with_its_line_and_a_mark() {
        let place = Place {
            line: 12,
            column: Some(6),
            source: "\tif x = 1:".to_owned(),
        };
        let fault = Fault {
            file: Some("tools/runner/a.py".to_owned()),
            place: Some(place),
            message: "SyntaxError: invalid syntax".to_owned(),
        };

        assert_eq!(
            fault.shown(),
            "tools/runner/a.py:12:6: SyntaxError: invalid syntax\n  12 | \tif x = 1:\n     | \t    ^"
        );
        assert_eq!(Fault::said("it broke".to_owned()).shown(), "it broke");
    }
}
