//! Text made to fit where it goes: indentation and line ends.

use std::collections::BTreeSet;

use super::EditProblem;
use crate::syntax::{self, named_children};

/// `text` with `indent` in front of its lines instead of what it came with, without a line end.
/// Lines within strings stay as they are, docstrings excepted.
pub(super) fn indented(text: &str, indent: &str) -> Result<String, EditProblem> {
    let text = text.replace("\r\n", "\n");
    let text = trimmed(&text);
    if text.is_empty() {
        return Err(EditProblem::Empty);
    }
    let text = if is_placed(text, indent) {
        format!("{indent}{text}")
    } else {
        text.to_owned()
    };
    let first: String = text
        .chars()
        .take_while(|char| matches!(char, ' ' | '\t'))
        .collect();
    let flush = shifted(&text, &first, "");
    Ok(shifted(&flush, "", indent))
}

/// Whether all lines but the first, which was cut at its first letter, have `indent` already.
fn is_placed(text: &str, indent: &str) -> bool {
    let fixed = fixed_lines(text, "");
    let mut lines = text.split('\n').enumerate();
    let is_cut = lines
        .next()
        .is_some_and(|(_, first)| first.trim_start() == first);
    let least = lines
        .filter(|(at, line)| !fixed.contains(at) && !line.trim().is_empty())
        .map(|(_, line)| line.len() - line.trim_start().len())
        .min();
    let is_decorated = text.starts_with('@');
    let is_deep = |least: usize| least > indent.len() || (is_decorated && least == indent.len());
    is_cut && !indent.is_empty() && least.is_some_and(is_deep)
}

/// Without empty lines around it; the indentation of its first line stays.
fn trimmed(text: &str) -> &str {
    let text = text.trim_end();
    let inner = text.trim_start();
    let start = text.len() - inner.len();
    &text[text[..start].rfind('\n').map_or(0, |newline| newline + 1)..]
}

fn shifted(text: &str, from: &str, to: &str) -> String {
    let fixed = fixed_lines(text, from);
    let lines = text.split('\n').enumerate().map(|(at, line)| {
        if fixed.contains(&at) || line.trim().is_empty() {
            return line.to_owned();
        }
        match line.strip_prefix(from) {
            Some(rest) => format!("{to}{rest}"),
            None => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The lines that begin inside of a string which is not a docstring. An indented text is read as
/// the body of a block.
fn fixed_lines(text: &str, from: &str) -> BTreeSet<usize> {
    let head = if from.is_empty() { "" } else { "if x:\n" };
    let whole = format!("{head}{text}\n");
    let mut fixed = BTreeSet::new();
    let Ok(tree) = syntax::parse(&whole) else {
        return fixed;
    };
    let above = head.matches('\n').count();
    let mut stack = vec![tree.root_node()];
    while let Some(node) = stack.pop() {
        if node.kind() == "string" {
            let is_doc = node.parent().is_some_and(|parent| {
                parent.kind() == "expression_statement" && named_children(parent).len() == 1
            });
            if !is_doc {
                let rows = node.start_position().row + 1..=node.end_position().row;
                fixed.extend(rows.map(|row| row - above));
            }
            continue;
        }
        stack.extend(named_children(node));
    }
    fixed
}

/// `text` with the line ends of `source`.
pub(super) fn with_ends_of(source: &str, text: &str) -> String {
    let first = source.split_inclusive('\n').next().unwrap_or_default();
    if first.ends_with("\r\n") {
        text.replace('\n', "\r\n")
    } else {
        text.to_owned()
    }
}
