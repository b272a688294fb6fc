//! What came of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use similar::TextDiff;

use crate::{
    Class, Question,
    program::{Program, line_of},
};

/// Lines around a change.
const CONTEXT: usize = 3;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Does a change pass all tests, and is it sure enough that it is the one that is meant?
    pub repaired: bool,
    /// The change as a unified diff: of the repair, else of the best attempt; empty if there is none.
    pub diff: String,
    /// The program with the change, where all tests pass.
    #[serde(skip)]
    pub text: Option<String>,
    /// How many candidates were tried.
    pub tried: usize,
    pub seconds: f64,
    /// From 0 to 1.
    pub confidence: f64,
    /// In one sentence.
    pub reason: String,
    /// What kind of change it is.
    pub classes: Vec<Class>,
    /// How many tests fail as it is.
    pub failing: usize,
    /// Of those the most that an attempt passed which broke no other.
    pub fixed: usize,
    pub tests: usize,
    /// Which answer is right? It would tell the likeliest repairs apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// How many different changes pass all tests.
    pub passers: usize,
    /// The definitions that change, whole.
    #[serde(skip)]
    pub definitions: Vec<Definition>,
    /// The state with which all tests pass, where no code is at fault.
    #[serde(skip)]
    pub state: Option<serde_json::Value>,
}

/// A function, method or value of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// `f`, `C.f` or `NAME`.
    pub name: String,
    /// With its decorators.
    pub text: String,
}

/// What of `names` a program defines, as it is written there.
pub(crate) fn definitions(
    program: &Program,
    names: &BTreeSet<String>,
    before: &Program,
) -> Vec<Definition> {
    let mut found = Vec::new();
    for (place, unit) in program.units.iter().enumerate() {
        if !names.contains(&unit.name) {
            continue;
        }
        let Some(node) = program.node(place) else {
            continue;
        };
        let whole = node
            .parent()
            .filter(|parent| parent.kind() == "decorated_definition");
        let whole = whole.unwrap_or(node);
        let text = &program.text[whole.byte_range()];
        if before.text.contains(text) {
            continue;
        }
        let name = match unit.name.strip_prefix('=') {
            None => unit.name.clone(),
            Some(class) => {
                let target = text.split(['=', ':']).next().unwrap_or_default().trim();
                if class.is_empty() {
                    target.to_owned()
                } else {
                    format!("{class}.{target}")
                }
            }
        };
        found.push(Definition {
            name,
            text: unindented(&program.text, whole.start_byte(), text),
        });
    }
    found
}

/// A definition whose first line is where it is, with all others as far to the left.
fn unindented(source: &str, at: usize, text: &str) -> String {
    let (_, indent) = line_of(source, at);
    let mut lines = text.lines();
    let mut made = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        made.push('\n');
        made.push_str(line.strip_prefix(indent).unwrap_or(line));
    }
    made
}

pub(crate) fn diff(file: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&format!("a/{file}"), &format!("b/{file}"))
        .to_string()
}

/// What was changed, in one line of its own: what was there, and what is there now.
pub(crate) fn sentence(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut removed = Vec::new();
    let mut added = Vec::new();
    for change in diff.iter_all_changes() {
        let line = change.value().trim().to_owned();
        match change.tag() {
            similar::ChangeTag::Delete => removed.push(line),
            similar::ChangeTag::Insert => added.push(line),
            similar::ChangeTag::Equal => {}
        }
    }
    match (removed.as_slice(), added.as_slice()) {
        ([one], [other]) => format!("`{one}` becomes `{other}`"),
        ([], [line]) => format!("`{line}` is added"),
        ([], lines) => format!("{} lines are added, from `{}` on", lines.len(), lines[0]),
        ([line], []) => format!("`{line}` is left out"),
        (lines, []) => format!("{} lines are left out, from `{}` on", lines.len(), lines[0]),
        (removed, added) => format!(
            "{} lines become {}, from `{}` on",
            removed.len(),
            added.len(),
            added[0]
        ),
    }
}
