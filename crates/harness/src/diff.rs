//! Says in words where a value is not what it should be.

use std::fmt::Write as _;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::{compare::Compared, pattern::Pattern};

/// As much of a value as is shown.
const SHOWN_CHARS_MAX: usize = 400;

/// Texts that are longer, or have lines, are compared line by line.
const INLINE_CHARS_MAX: usize = 100;

/// As much of a text is compared line by line; more would take longer than it helps.
const TEXT_BYTES_MAX: usize = 256 << 10;

/// Lines around a change.
const CONTEXT_LINES: usize = 2;

/// As much of one comparison of texts as is shown.
const DIFF_LINES_MAX: usize = 60;

/// One place, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    path: String,
    what: String,
}

impl Difference {
    pub(crate) fn words(path: &str, what: String) -> Self {
        let path = path.to_owned();
        Self { path, what }
    }

    pub(crate) fn values(path: &str, wanted: &Value, found: &Value) -> Self {
        if let (Value::String(wanted), Value::String(found)) = (wanted, found)
            && (is_long(wanted) || is_long(found))
        {
            let what = format!(
                "the text differs (- expected, + got){}",
                lines(wanted, found)
            );
            return Self::words(path, what);
        }
        Self::unlike(path, &shown(wanted), found)
    }

    pub(crate) fn unlike(path: &str, wanted: &str, found: &Value) -> Self {
        Self::words(path, format!("expected {wanted}, got {}", shown(found)))
    }

    pub(crate) fn missing(path: &str, wanted: &Pattern) -> Self {
        Self::words(path, format!("missing, expected {}", described(wanted)))
    }

    pub(crate) fn extra(path: &str, found: &Value) -> Self {
        Self::words(path, format!("not expected, got {}", shown(found)))
    }

    /// None of `items` is what is wanted.
    pub(crate) fn absent(path: &str, wanted: &Pattern, items: &[Value]) -> Self {
        let items = shown(&Value::Array(items.to_vec()));
        Self::words(
            path,
            format!("no item left for {} in {items}", described(wanted)),
        )
    }
}

/// All of it, one place a line; nothing if there is no difference.
pub(crate) fn render(compared: &Compared) -> String {
    let mut text = String::new();
    for Difference { path, what } in &compared.differences {
        let path = if path.is_empty() { "the value" } else { path };
        let _infallible = writeln!(text, "{path}: {what}");
    }
    if compared.more > 0 {
        let _infallible = writeln!(text, "… and {} more differences", compared.more);
    }
    text.truncate(text.trim_end().len());
    text
}

/// A value as people read it.
pub(crate) fn shown(value: &Value) -> String {
    clip(&value.to_string())
}

pub(crate) fn clip(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn described(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Equal(value) => shown(value),
        Pattern::Object(_) => "an object".to_owned(),
        Pattern::Array(_) => "an array".to_owned(),
        Pattern::Subset(inner) => format!("at least {}", described(inner)),
        Pattern::Schema(_) => "what a schema describes".to_owned(),
        Pattern::Regex(regex) => format!("text that matches {}", regex.as_str()),
        Pattern::Near { value, within } => format!("{value} ± {within}"),
        Pattern::Set(_) => "a set".to_owned(),
        Pattern::Snapshot(name) => format!("the snapshot `{}`", name.as_str()),
    }
}

fn is_long(text: &str) -> bool {
    text.contains('\n') || text.chars().nth(INLINE_CHARS_MAX).is_some()
}

/// What changed between two texts, line by line, each line on a line of its own.
fn lines(wanted: &str, found: &str) -> String {
    let (wanted, found) = (bounded(wanted), bounded(found));
    let diff = TextDiff::from_lines(wanted, found);
    let mut text = String::new();
    let mut count = 0;
    for (index, group) in diff.grouped_ops(CONTEXT_LINES).iter().enumerate() {
        if index > 0 {
            text.push_str("\n  …");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            count += 1;
            if count > DIFF_LINES_MAX {
                text.push_str("\n  … and more");
                return text;
            }
            let line = clip(change.value().trim_end_matches('\n'));
            let _infallible = write!(text, "\n  {}{line}", change.tag());
        }
    }
    text
}

/// How many lines were added and removed between two files; what is no text counts as one line.
pub fn changed_lines(old: &[u8], new: &[u8]) -> u64 {
    if old == new {
        return 0;
    }
    let (Ok(old), Ok(new)) = (str::from_utf8(old), str::from_utf8(new)) else {
        return 1;
    };
    let diff = TextDiff::from_lines(old, new);
    let changes = diff.iter_all_changes();
    let changed = changes.filter(|change| change.tag() != ChangeTag::Equal);
    changed.fold(0, |count, _| count + 1)
}

fn bounded(text: &str) -> &str {
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    &text[..end]
}
