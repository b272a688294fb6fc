//! What the prose of a message orders, beside its examples.

use std::sync::LazyLock;

use regex::Regex;

use super::task::{Constant, Workspace};
use crate::product::message::find_name;

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

const THING: &str = r"(?:tools?|tuner|function|command|budgets)\b";
/// What separates words of one clause.
const WORD: &str = r"[^\s.,;:!?]+\s+";

static NEGATION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:don['’]t|do not|never|must not|should not|shouldn['’]t)\b"));
static SENTENCE_END: LazyLock<Regex> = LazyLock::new(|| pattern(r"[.!?;](?:\s+|$)|\n|,?\s+but\s+"));
/// `add a tool`, `there should be a tool`
static ASKS_FOR_TOOL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:add|create|build|write|introduce|implement|provide)\s+(?:(?:an?|the|another|some|new|one|two|more)\s+(?:{WORD}){{0,6}})?{THING}|\b(?:make|need|want|like|love|give (?:me|us)|(?:to|should|could|can|must) (?:have|be|get))\s+(?:an?|another|some|new)\s+(?:{WORD}){{0,5}}{THING}"
    ))
});
/// The same without anything that may be said of a tool that is there.
static ASKS_FOR_TOOL_ALONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:add|create|build|write|introduce|implement|provide)\s+(?:an?|the|another|new)\s+(?:{WORD}){{0,2}}{THING}"
    ))
});
static RESHAPES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(rename|remove|delete|refactor|rewrite)\b"));
/// What can be reshaped and is named by no name.
static OBJECT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:the|this|that|a|an|all|my|our|of|whole|entire|old|unused|\s|`)*(?:tools?|functions?|parameters?|arguments?|constants?|symbols?|tests?|cases?|goldens?|modules?|files?|code)\b",
    )
});
/// How far behind its verb an object may begin, in bytes.
const OBJECT_BYTES_MAX: usize = 60;

/// What a prose says that should not be, by its word, if it does.
pub(super) fn negation(lower: &str) -> Option<&str> {
    NEGATION.find(lower).map(|hit| hit.as_str())
}

/// The sentences of a prose that negate something, and the others.
pub(super) fn parted(prose: &str) -> (String, String) {
    let mut parts: (String, String) = Default::default();
    let mut from = 0;
    let ends: Vec<usize> = SENTENCE_END.find_iter(prose).map(|hit| hit.end()).collect();
    for end in ends.into_iter().chain([prose.len()]) {
        let sentence = &prose[from..end];
        from = end;
        if negation(&sentence.to_lowercase()).is_some() {
            parts.0.push_str(sentence);
        } else {
            parts.1.push_str(sentence);
        }
    }
    parts
}

/// Does a prose in lower case ask for something new? With an example of a tool that is there, it has
/// to say so without anything else that could be meant.
pub(super) fn asks_for_tool(lower: &str, has_example: bool) -> bool {
    if has_example {
        ASKS_FOR_TOOL_ALONE.is_match(lower)
    } else {
        ASKS_FOR_TOOL.is_match(lower)
    }
}

/// The verb by which a prose asks for another shape of what is there. Without an example the verb alone
/// says so.
pub(super) fn reshapes(prose: &str, workspace: &Workspace, has_example: bool) -> Option<String> {
    let lower = prose.to_ascii_lowercase();
    let names: Vec<&str> = (workspace.tools.iter().map(|tool| tool.name.as_str()))
        .chain(workspace.constants.iter().map(Constant::name))
        .collect();
    RESHAPES.find_iter(&lower).find_map(|verb| {
        let end = prose.floor_char_boundary((verb.end() + OBJECT_BYTES_MAX).min(prose.len()));
        let behind = &prose[verb.end()..end];
        let clause = behind.find(['.', ',', ';', ':', '!', '?', '\n']);
        let behind = &behind[..clause.unwrap_or(behind.len())];
        let is_named = names.iter().any(|name| find_name(behind, name).is_some());
        let is_meant = !has_example || is_named || OBJECT.is_match(&behind.to_ascii_lowercase());
        is_meant.then(|| verb.as_str().to_owned())
    })
}
