//! Assertions of test frameworks around a call.

use std::sync::LazyLock;

use regex::Regex;

use super::{Place, Relation, Told, wish};
use crate::product::message::{example::Outcome, literal};

/// How far before a call an assertion may begin, in bytes.
const OPEN_BYTES_MAX: usize = 200;

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

static EQUAL_OPEN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bassert[\w.]*(?:equals?|_eq!?)\s*\(\s*$"));
static EQUAL_FIRST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bassert[\w.]*(?:equals?|_eq!?)\s*\(\s*"));
static EXPECT_OPEN: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bexpect\s*\(\s*(?:await\s+)?$"));
static RAISES_OPEN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\braises\s*\(\s*[\w.]+[^)\n]*\)\s*:\s*$"));
static COMMA: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*,\s*"));
static TO_BE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^\s*\)\s*\.\s*to(?:be|equal|strictequal|eq|\.be|\.equal|\.eql|\.deep\.equal)\s*\(\s*")
});

/// What the assertion says that the call at `begin` to the place stands in.
pub(super) fn after(place: Place<'_>, begin: usize) -> Option<Told<'_>> {
    let open = place
        .lower
        .floor_char_boundary(begin.saturating_sub(OPEN_BYTES_MAX));
    let before = &place.lower[open..begin];
    if RAISES_OPEN.is_match(before) {
        return Some((wish(Outcome::Error(String::new())), place));
    }
    if EQUAL_OPEN.is_match(before) {
        return told(place, &COMMA);
    }
    if EXPECT_OPEN.is_match(before) {
        return told(place, &TO_BE);
    }
    let first = EQUAL_FIRST.find_iter(before).last()?;
    let at = open + first.end();
    let (value, bytes) = literal::read(&place.text[at..begin])?;
    let is_next = COMMA
        .find(&place.lower[at + bytes..begin])
        .is_some_and(|hit| at + bytes + hit.end() == begin);
    is_next.then(|| (wish(Outcome::Value(value)), place))
}

fn told<'a>(place: Place<'a>, phrase: &Regex) -> Option<(Relation, Place<'a>)> {
    let begin = place.past(phrase)?;
    let (value, bytes) = literal::read(begin.written())?;
    Some((wish(Outcome::Value(value)), begin.forward(bytes)))
}
