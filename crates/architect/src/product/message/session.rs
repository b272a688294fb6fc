//! Sessions of a Python prompt: what is typed, and what is printed below it.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{
    example::{Call, Outcome},
    literal,
    relation::{self, Place, Relation},
};

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

static PROMPT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[ \t>]*(?:>>>|in \[\d+\]:)[ \t]*(print\()?[ \t]*$"));
static ANSWER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[ \t]*(?:out\[\d+\]:[ \t]*)?"));
static NAMED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:>>>|In \[\d+\]:)[ \t]*([A-Za-z_]\w*)[ \t]*(=[ \t]*)?"));

/// What a line of a session does with a name.
pub(super) enum Statement {
    /// It stands for a value from here on.
    Value(String, Value),
    /// It stands for what a call gives, which ends at this byte.
    Call(String, Call, usize),
    /// What it stands for is printed; the name ends at this byte.
    Shown(String, usize),
}

/// The statement of the prompt that `at` is the begin of.
pub(super) fn statement(
    text: &str,
    at: usize,
    read_call: impl Fn(&str) -> Option<(Call, usize)>,
) -> Option<Statement> {
    let line = text[at..].lines().next()?;
    let hit = NAMED.captures(line)?;
    let name = hit[1].to_owned();
    let begin = hit[0].len();
    if hit.get(2).is_none() {
        let is_alone = line[begin..].trim().is_empty();
        return is_alone.then(|| Statement::Shown(name, at + begin));
    }
    let is_end = |end: usize| {
        text[at + begin + end..]
            .lines()
            .next()
            .unwrap_or("")
            .trim()
            .is_empty()
    };
    if let Some((value, end)) = literal::read(&text[at + begin..]) {
        return is_end(end).then_some(Statement::Value(name, value));
    }
    let (call, end) = read_call(&text[at + begin..])?;
    is_end(end).then(|| Statement::Call(name, call, at + begin + end))
}

/// Is what `name` stands for printed in a later line?
pub(super) fn is_shown(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let hit = NAMED.captures(line.trim_start());
        hit.is_some_and(|hit| &hit[1] == name && hit[0].len() == line.trim().len())
    })
}

/// What the call that begins at `begin` and ends at the place prints, if it is typed at a prompt.
pub(super) fn output(place: Place<'_>, begin: usize) -> Option<(Relation, Place<'_>)> {
    let line = place.lower[..begin].rsplit('\n').next()?;
    let prompt = PROMPT.captures(line)?;
    let is_printed = prompt.get(1).is_some();
    let (typed, rest) = place.text[place.at..].split_once('\n')?;
    let is_whole = typed.trim() == if is_printed { ")" } else { "" };
    if !is_whole {
        return None;
    }
    let begin = place.at + typed.len() + 1;
    let indent = ANSWER
        .find(&place.lower[begin..])
        .map_or(0, |hit| hit.end());
    let place = Place {
        at: begin + indent,
        ..place
    };
    if rest[indent..].starts_with("Traceback") {
        return raised(place);
    }
    if is_printed {
        return printed(place);
    }
    let (value, bytes) = literal::read(&place.text[place.at..])?;
    let place = Place {
        at: place.at + bytes,
        ..place
    };
    is_line_end(place).then(|| judged(Outcome::Value(value), place))
}

/// The value alone on the line below a call of a shell, with what is said of it.
pub(super) fn printed_below(place: Place<'_>) -> Option<(Relation, Place<'_>)> {
    let begin = place.rest().strip_prefix(['\r', '\n'])?.trim_start();
    let at = place.lower.len() - begin.len();
    let (value, bytes) = literal::read(&place.text[at..])?;
    let end = Place {
        at: at + bytes,
        ..place
    };
    let told = is_line_end(end).then(|| relation::after_observed(end, Outcome::Value(value)))?;
    Some(match told {
        (Relation::Observed(_), end) => (Relation::Unclear, end),
        told => told,
    })
}

fn is_line_end(place: Place<'_>) -> bool {
    place.rest().lines().next().unwrap_or("").trim().is_empty()
}

fn raised(place: Place<'_>) -> Option<(Relation, Place<'_>)> {
    let (last, end) = relation::traceback(place)?;
    let (_, text) = last.split_once(':').unwrap_or((last, ""));
    Some(
        match relation::after_observed(end, Outcome::Error(last.to_owned())) {
            (Relation::Observed(_), end) => {
                let expected = Outcome::Error(text.trim().to_owned());
                (Relation::Stated(expected), end)
            }
            told => told,
        },
    )
}

/// A text is printed without its quotes, so that `5` may be a text or a number.
fn printed(place: Place<'_>) -> Option<(Relation, Place<'_>)> {
    let line = place.text[place.at..].lines().next()?;
    let place = Place {
        at: place.at + line.len(),
        ..place
    };
    let next = place.text[place.at..].lines().nth(1).unwrap_or("").trim();
    let is_last = next.is_empty() || next.starts_with(">>>") || next.starts_with("```");
    let text = line.trim_end();
    if text.is_empty() || !is_last {
        return None;
    }
    if literal::read(text).is_some() {
        return Some((Relation::Unclear, place));
    }
    Some(judged(Outcome::Value(Value::from(text)), place))
}

/// What a session shows is how it should be, unless it is complained of below.
fn judged(first: Outcome, place: Place<'_>) -> (Relation, Place<'_>) {
    relation::stated(first, place)
}
