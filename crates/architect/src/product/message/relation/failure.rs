//! Failures: refusals that are wanted, errors that are complained of, and pasted tracebacks.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{
    BUT, INSTEAD, NOW, Place, Relation, Told, WANTED, literal, marks, observed,
    phrase::{CLASS, FAILS, FAILS_NOW, INSTEAD_OF_FAILING, PASTED, SAYING, UNFAILS},
};
use crate::product::message::example::Outcome;

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

/// What the first argument of an exception begins with.
static CONSTRUCTED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*\(\s*"));
static COLON: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[`*]*:[ \t]*"));
/// Where the text of an error ends that is written without quotes.
static TEXT_END: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[`\n;]|[.,](?:\s|$)|\s(?:but|instead|although|though|while|when|where|and it|it should)\b|$",
    )
});
static FINAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[A-Za-z_][\w.]*(?::.*)?$"));

/// What is said of failing.
pub(super) fn told(place: Place<'_>) -> Option<Told<'_>> {
    if let Some((expected, place)) = wanted(place) {
        let observed =
            ([&INSTEAD, &NOW].into_iter()).find_map(|phrase| place.outcome_after(phrase));
        let (observed, place) = match observed {
            Some((observed, place)) => (Some(observed), place),
            None => (None, place),
        };
        return Some((Relation::Expected { expected, observed }, place));
    }
    if let Some((first, place)) = failing(place, &UNFAILS) {
        return Some(match place.outcome_after(&BUT) {
            Some((expected, place)) => {
                let observed = Some(first);
                (Relation::Expected { expected, observed }, place)
            }
            None => observed(first, place),
        });
    }
    pasted(place)
        .or_else(|| named(place))
        .or_else(|| complained(place))
        .map(|(first, place)| observed(first, place))
}

/// A refusal that is wanted.
pub(super) fn wanted(place: Place<'_>) -> Option<(Outcome, Place<'_>)> {
    let end = place.past(&FAILS)?;
    // `error-free`
    if end.rest().starts_with('-') {
        return None;
    }
    let (text, place) = detail(from_class(place, end), false);
    Some((Outcome::Error(text), place))
}

/// A failure that there is now, behind what is wanted.
pub(super) fn now(place: Place<'_>) -> Option<(Outcome, Place<'_>)> {
    if let Some(place) = place.past(&INSTEAD_OF_FAILING) {
        let (text, place) = detail(place, true);
        return Some((Outcome::Error(text), place));
    }
    complained(place).or_else(|| pasted(place))
}

fn complained(place: Place<'_>) -> Option<(Outcome, Place<'_>)> {
    failing(place, &FAILS_NOW)
}

fn failing<'a>(place: Place<'a>, phrase: &Regex) -> Option<(Outcome, Place<'a>)> {
    let begin = place.past(phrase)?;
    let (text, place) = detail(from_class(place, begin), true);
    Some((Outcome::Error(text), place))
}

/// Where the class of an error begins, if it is the last word of what was read up to `end`.
fn from_class<'a>(place: Place<'a>, end: Place<'a>) -> Place<'a> {
    let said = &place.text[place.at..end.at];
    let last = said.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let is_class = CLASS.is_match(&said[last..]);
    if is_class { place.forward(last) } else { end }
}

/// `f('x'): KeyError: 'y'`
fn named(place: Place<'_>) -> Option<(Outcome, Place<'_>)> {
    let rest = place.rest();
    let begin = place.forward(marks(rest));
    let begin = match begin.rest().strip_prefix([':', '#']) {
        Some(_) => begin.forward(1),
        None => begin,
    };
    CLASS.find(begin.written())?;
    let (text, place) = detail(begin, true);
    Some((Outcome::Error(text), place))
}

/// What a failure says of itself, as far as that can be told from the sentence around it. Of what
/// there is now the class is kept, too; of what is wanted the text alone, which a refusal has to have
/// in it.
fn detail(place: Place<'_>, is_now: bool) -> (String, Place<'_>) {
    let class = CLASS.captures(place.written());
    let (begin, name) = match &class {
        Some(hit) => (place.forward(hit[0].len()), hit.get(1)),
        None => (place, None),
    };
    let alone = || match name {
        Some(name) if is_now => name.as_str().to_owned(),
        _ => String::new(),
    };
    if let Some((Value::String(text), place)) = begin
        .value_after(&SAYING)
        .or_else(|| argument(begin))
        .or_else(|| quoted(place).filter(|_| is_now && name.is_none()))
    {
        return (text, place);
    }
    let Some(text) = begin.past(&COLON) else {
        return (alone(), begin);
    };
    if let Some((value, bytes)) = literal::read_said(text.written()) {
        let end = text.forward(bytes);
        return match (value, name) {
            (Value::String(said), None) => (said, end),
            (Value::String(said), Some(_)) if !is_now => (said, end),
            _ => {
                let from = name.map_or(text.at, |name| place.at + name.start());
                let written = place.text[from..end.at].to_owned();
                (written, end)
            }
        };
    }
    let length = TEXT_END
        .find(text.rest())
        .map_or(text.rest().len(), |hit| hit.start());
    let end = text.forward(length);
    let is_marked = end.rest().starts_with(['`', '\n', ';', '.']) || end.rest().is_empty();
    // Within a sentence it cannot be told where a text ends that something has to say.
    if length == 0 || !(is_now || is_marked) || name.is_none() {
        return (alone(), begin);
    }
    let from = if is_now {
        name.map_or(text.at, |name| place.at + name.start())
    } else {
        text.at
    };
    (place.text[from..end.at].trim_end().to_owned(), end)
}

/// `ValueError('too small')`
fn argument(place: Place<'_>) -> Option<(Value, Place<'_>)> {
    let begin = place.past(&CONSTRUCTED)?;
    let (value, bytes) = literal::read(begin.written())?;
    let end = begin.forward(bytes);
    let closed = end.rest().trim_start().strip_prefix(')')?;
    Some((value, end.forward(end.rest().len() - closed.len())))
}

fn quoted(place: Place<'_>) -> Option<(Value, Place<'_>)> {
    let begin = place.forward(marks(place.rest()));
    let (value, bytes) = literal::read_said(begin.written())?;
    Some((value, begin.forward(bytes)))
}

/// A traceback that is pasted below a call.
fn pasted(place: Place<'_>) -> Option<(Outcome, Place<'_>)> {
    let hit = PASTED.find(place.rest())?;
    // What is pasted below something else that is said of the call is of another one.
    if WANTED.is_match(place.rest()) {
        return None;
    }
    let head = hit.as_str().rfind("traceback")?;
    let (last, place) = traceback(place.forward(head))?;
    Some((Outcome::Error(last.to_owned()), place))
}

/// The last line of the traceback that begins at a place, which says what went wrong.
pub(in super::super) fn traceback(place: Place<'_>) -> Option<(&str, Place<'_>)> {
    const GOES_ON: [&str; 3] = ["Traceback", "During handling", "The above exception"];
    let line = place.text[..place.at].rfind('\n').map_or(0, |at| at + 1);
    let lead = &place.text[line..place.at];
    let indent = &lead[..lead.len() - lead.trim_start().len()];
    let mut at = place.at;
    let mut last = None;
    for line in place.text[place.at..].split_inclusive('\n') {
        let begin = at;
        at += line.len();
        let line = line.trim_end();
        let inner = line.strip_prefix(indent).unwrap_or(line);
        let is_more = GOES_ON.iter().any(|words| inner.starts_with(words));
        if is_more {
            last = None;
            continue;
        }
        if inner.is_empty() || inner.starts_with([' ', '\t']) {
            continue;
        }
        if last.is_some() || !FINAL.is_match(inner) {
            break;
        }
        last = Some((inner, begin + line.len()));
    }
    let (last, at) = last?;
    Some((last, Place { at, ..place }))
}
