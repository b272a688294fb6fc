//! What the words before a call say that it gives: `I expect 2 from f(1)`.

use std::sync::LazyLock;

use regex::Regex;

use super::{INSTEAD, NOT, NOW, Place, Relation, marks, observed, wish};
use crate::product::message::{example::Outcome, literal};

/// How far before a call its expectation may begin, in bytes.
const BEFORE_BYTES_MAX: usize = 2000;

/// How far before a call a value may begin that it is compared with, in bytes.
const COMPARED_BYTES_MAX: usize = 300;

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

static EXPECTING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:(?:not|n['’]t|never)\s+)?\b(?:expect(?:ed|ing)?|want(?:ed)?|should get|need)\s*:?")
});
static GETTING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:get|got|getting|receive|received|see|saw)\s*:?"));
static FROM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*]*,?\s*(?:back\s+)?(?:from|for|of|as the (?:result|answer|output) of|when (?:i am |we are )?calling|when (?:i|we|you) (?:call|run)|on calling|by calling|out of|after|with|in)(?: the call)?\s*[`*]*$",
    )
});
static IS_EXPECTED_FROM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*]*\s*(?:is|was|would be) (?:what (?:i|we) (?:expect(?:ed)?|want(?:ed)?)|(?:the )?(?:expected|correct|right|desired|wanted)(?: (?:return value|result|output|value|answer))?) (?:of|from|for|by)\s*[`*]*$",
    )
});
static CONTRAST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*]*,?\s*(?:but|and|yet|while|whereas|instead|however)\s+(?:now\s+|currently\s+)?(?:i (?:see|found) that\s+)?[`*]*$",
    )
});
static EQUALS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[`*]*\s*={1,3}\s*[`*]*$"));
/// A value that a test run shows to come from a call.
static WHERE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bwhere\s+$"));
static COMPARED: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bassert\s+"));

/// `from` is where something else ends that was read before, and `end` where the call ends.
pub(in super::super) fn before(
    (text, lower): (&str, &str),
    from: usize,
    (at, end): (usize, usize),
) -> (Relation, usize) {
    let begin = from.max(lower.floor_char_boundary(at.saturating_sub(BEFORE_BYTES_MAX)));
    let place = Place {
        text: &text[..at],
        lower: &lower[..at],
        at: begin,
    };
    let told = expected(place)
        .or_else(|| got(place))
        .or_else(|| compared(place));
    let behind = Place {
        text,
        lower,
        at: end,
    };
    match told {
        Some(Relation::Observed(value)) => {
            let (relation, place) = observed(value, behind);
            (relation, place.at - end)
        }
        Some(relation) => (relation, 0),
        None => (Relation::None, 0),
    }
}

/// `expected 2 but` before a call of which it is said what it gives.
pub(in super::super) fn contrasted(
    (text, lower): (&str, &str),
    from: usize,
    at: usize,
) -> Option<Outcome> {
    let near = lower.floor_char_boundary(at.saturating_sub(COMPARED_BYTES_MAX));
    let place = Place {
        text: &text[..at],
        lower: &lower[..at],
        at: from.max(near),
    };
    let hits = EXPECTING.find_iter(place.rest());
    let hit = hits
        .filter(|hit| hit.as_str().starts_with(['e', 'w', 's']))
        .last()?;
    let (expected, end) = said(place.forward(hit.end()))?;
    CONTRAST.is_match(end.rest()).then_some(expected)
}

fn said(place: Place<'_>) -> Option<(Outcome, Place<'_>)> {
    let begin = place.forward(marks(place.rest()));
    let (value, bytes) = literal::read_said(begin.written())?;
    Some((Outcome::Value(value), begin.forward(bytes)))
}

/// `I expect 2 from f(1)`, `expected 2 but got 3 for f(1)`.
fn expected(place: Place<'_>) -> Option<Relation> {
    for hit in EXPECTING.find_iter(place.rest()) {
        let Some((expected, end)) = said(place.forward(hit.end())) else {
            continue;
        };
        let is_unwanted = ["not", "n't", "n’t", "never"]
            .iter()
            .any(|word| hit.as_str().starts_with(word));
        let other = ([&INSTEAD, &NOT, &NOW].into_iter())
            .find_map(|phrase| end.outcome_after(phrase))
            .filter(|(_, place)| FROM.is_match(place.rest()));
        if let Some((observed, _)) = other {
            let observed = Some(observed);
            return Some(Relation::Expected { expected, observed });
        }
        if FROM.is_match(end.rest()) {
            return Some(if is_unwanted {
                Relation::Unclear
            } else {
                wish(expected)
            });
        }
    }
    None
}

/// `I get 3 from f(1)`, `got 3 instead of 2 for f(1)`.
fn got(place: Place<'_>) -> Option<Relation> {
    GETTING.find_iter(place.rest()).find_map(|hit| {
        let (first, end) = said(place.forward(hit.end()))?;
        let (relation, end) = observed(first, end);
        FROM.is_match(end.rest()).then_some(relation)
    })
}

/// `2 == f(1)`, `2 is expected from f(1)`, and what a test run shows of a comparison.
fn compared(place: Place<'_>) -> Option<Relation> {
    let nearest = place.lower.len().saturating_sub(COMPARED_BYTES_MAX);
    let begin = place.at.max(place.lower.floor_char_boundary(nearest));
    let line = place.lower[begin..]
        .rfind('\n')
        .map_or(begin, |at| begin + at + 1);
    let mut letter_before = ' ';
    for (offset, letter) in place.text[line..].char_indices() {
        let is_inside = letter_before.is_alphanumeric() || matches!(letter_before, '_' | '.');
        letter_before = letter;
        if is_inside || letter.is_whitespace() {
            continue;
        }
        let start = Place {
            at: line + offset,
            ..place
        };
        let Some((value, bytes)) = literal::read(start.written()) else {
            continue;
        };
        let end = start.forward(bytes);
        if IS_EXPECTED_FROM.is_match(end.rest()) {
            return Some(wish(Outcome::Value(value)));
        }
        if EQUALS.is_match(end.rest()) {
            let value = Outcome::Value(value);
            let lead = &place.lower[..start.at];
            return Some(if WHERE.is_match(lead) {
                shown(place, line, value)
            } else {
                wish(value)
            });
        }
    }
    None
}

/// A line above says what the value was compared with: `assert 'x' == 'y'`.
fn shown(place: Place<'_>, line: usize, value: Outcome) -> Relation {
    /// How many lines of a difference may stand between them.
    const LINES_MAX: usize = 20;
    let mut end = line;
    for _ in 0..LINES_MAX {
        let Some(above) = place.lower[place.at..end].strip_suffix('\n') else {
            break;
        };
        let begin = above.rfind('\n').map_or(place.at, |at| place.at + at + 1);
        let above = Place {
            text: &place.text[..end],
            lower: &place.lower[..end],
            at: begin,
        };
        end = begin;
        let compared = above.past(&COMPARED).and_then(said);
        let Some((_, behind)) = compared.filter(|(first, _)| first.is_same(&value)) else {
            continue;
        };
        if let Some((expected, _)) = behind.outcome_after(&super::SYMBOL) {
            let observed = Some(value);
            return Relation::Expected { expected, observed };
        }
    }
    Relation::Observed(value)
}
