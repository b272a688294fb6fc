//! Literals within sentences, and where a sentence goes on in a way that makes them another one.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::begin;

/// The literal that `text` begins with, where a sentence may go on behind it: `2024-01-05`, `5s`,
/// `1 + 1` and `'a' or 'b'` say something else than what they begin with.
pub(in super::super) fn read_said(text: &str) -> Option<(Value, usize)> {
    if let Some(hit) = EMPTY.captures(text) {
        return Some((nothing(hit.get(1)?.as_str()), hit[0].len()));
    }
    let (value, end) = begin(text, true)?;
    let behind = &text[end..];
    let is_counted = value.is_number() && (COUNTED.is_match(behind) || SPACED.is_match(behind));
    let is_whole = !GOES_ON.is_match(behind) && !is_counted;
    is_whole.then_some((value, end))
}

/// What `an empty list` is.
fn nothing(kind: &str) -> Value {
    match kind {
        "list" | "array" => Value::Array(Vec::new()),
        "string" | "text" => Value::String(String::new()),
        _ => Value::Object(Map::new()),
    }
}

/// Is what `rest` begins with counted by the number before it? What goes on with a sentence is not.
pub(in super::super) fn is_counted(rest: &str) -> bool {
    let Some(hit) = NEXT_WORD.captures(rest) else {
        return false;
    };
    let is_call = hit.get(2).is_some();
    let word = hit[1].to_lowercase();
    !is_call && !CONTINUING.split(' ').any(|known| known == word)
}

/// Words with which a sentence goes on behind a number, none of which can be counted.
const CONTINUING: &str = "a actually after again also although always an and are as at back because before but \
    by currently did do does due e even exactly expected fix for from given gives got \
    had has have here however i if in instead is it its just like must never no not now \
    of on once only or please rather regardless repair returns right see should since so \
    still thank thanks that the then there these they this those though today unless \
    until sein ergeben liefern werden was we were whatever when whenever where whereas which while with without \
    would yet you";

static NEXT_WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[ \t]+([^\W\d_]\w*)(\()?").expect("the pattern is valid"));
static GOES_ON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"^(?:[0-9A-Za-z_%°€$£(\[{]|[-/:.+*'’][0-9A-Za-z_]|,\d|[-+*/]['"]|[ \t]+(?:\*{1,2}|\+|/{1,2}|%)[ \t]+\S|,?\s+or\s+(?:['"“‘«„\d\[({-]|none\b|null\b|true\b|false\b|more\b|less\b|fewer\b|so\b|maybe\b|perhaps\b|something\b|\w+\())"#,
    )
    .expect("the pattern is valid")
});
static EMPTY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:an? |the )?empty (list|array|string|text|object|dict|dictionary)\b")
        .expect("the pattern is valid")
});
/// More digits, or how far off it may be: `1 000 000`, `3 - 4`, `3 ± 1`.
static SPACED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:[ \t\u{a0}\u{202f}\u{2009}]\d{3}(?:\D|$)|[ \t]*[-–—][ \t]*\d|[ \t]*(?:±|\+/?-)[ \t]*\d|\+(?:\W|$))")
        .expect("the pattern is valid")
});
static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^[ \t]+(?:to \d|characters?|chars?|letters?|digits?|words?|items?|lines?|rows?|columns?|elements?|entries|results?|hits?|times?|bytes?|percent|(?:milli|micro)?seconds?|m?s|minutes?|hours?|days?|long(?:er)?|short(?:er)?|too)\b",
    )
    .expect("the pattern is valid")
});
