//! What the words around a call say that it gives, and whether that is wanted or complained of.

mod asserted;
mod before;
mod failure;
mod lead;
mod phrase;

use std::{cell::LazyCell, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

use super::{example::Outcome, literal, session};
use lead::Lead;
use phrase::{
    AS_EXPECTED, ASKED, BARE, BUT, COMPLAINT, DOUBTFUL_LATER, INSTEAD, IS_RIGHT, JOINED, NEXT_CALL,
    NOT, NOT_THERE, NOW, OF_ANOTHER, OR, REQUEST, SO, STATED, SYMBOL, UNEQUAL, UNWANTED, VERDICT,
    WANTED,
};

pub(super) use before::{before, contrasted};
pub(super) use failure::traceback;

/// What is said of a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Relation {
    None,
    Expected {
        expected: Outcome,
        observed: Option<Outcome>,
    },
    /// A statement or an equation alone, which is a wish where nobody complains.
    Stated(Outcome),
    Observed(Outcome),
    /// It can be meant as right and as wrong.
    Unclear,
}

impl Relation {
    pub(super) fn is_wish(&self) -> bool {
        matches!(self, Self::Expected { .. } | Self::Stated(_))
    }
}

/// How what follows is meant.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Wanted,
    /// By a sign, as in code.
    Equal,
    Unwanted,
    /// It is said not to be so.
    Unequal,
    /// A statement, which is wanted unless more is said.
    Stated,
    /// As it is now.
    Now,
}

/// A text and the same in lower case, byte for byte.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) text: &'a str,
    pub(super) lower: &'a str,
    pub(super) at: usize,
}

type Told<'a> = (Relation, Place<'a>);

impl<'a> Place<'a> {
    pub(super) fn rest(&self) -> &'a str {
        &self.lower[self.at..]
    }

    fn written(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn forward(&self, bytes: usize) -> Self {
        Self {
            at: self.at + bytes,
            ..*self
        }
    }

    fn past(&self, phrase: &Regex) -> Option<Self> {
        let hit = phrase.find(self.rest())?;
        Some(self.forward(hit.end()))
    }

    /// The literal that comes after `phrase`.
    fn value_after(&self, phrase: &Regex) -> Option<(Value, Self)> {
        let begin = self.past(phrase)?;
        let is_opened = self.text[self.at..begin.at].contains('(');
        let begin = begin.forward(marks(begin.rest()));
        let (value, bytes) = literal::read_said(begin.written())?;
        let end = begin.forward(bytes);
        let closing = end.rest().trim_start_matches(['`', '*']);
        if is_opened && closing.starts_with(')') {
            return Some((value, end.forward(end.rest().len() - closing.len() + 1)));
        }
        Some((value, end))
    }

    fn outcome_after(&self, phrase: &Regex) -> Option<(Outcome, Self)> {
        let (value, place) = self.value_after(phrase)?;
        Some((Outcome::Value(value), place))
    }
}

/// How many bytes of white space and marks of code, stress and citation `text` begins with.
pub(super) fn marks(text: &str) -> usize {
    static MARKS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:```\w*[ \t]*\r?\n|[`*\s]|\n>[ \t]+)*").expect("the pattern is valid")
    });
    MARKS.find(text).map_or(0, |hit| hit.end())
}

pub(super) fn wish(expected: Outcome) -> Relation {
    Relation::Expected {
        expected,
        observed: None,
    }
}

/// What the words after the call at `begin` to `end` say, and how many bytes they are.
pub(super) fn after(text: &str, lower: &str, begin: usize, end: usize) -> (Relation, usize) {
    let place = Place {
        text,
        lower,
        at: end,
    };
    // Most words are no relation, and then nobody needs to know what leads to them.
    let lead = LazyCell::new(|| Lead::of(&lower[..begin]));
    let told = session::output(place, begin)
        .or_else(|| asserted::after(place, begin))
        .or_else(|| failure::told(place))
        .or_else(|| value(place, &|| *lead))
        .or_else(|| unread(place));
    let Some((relation, place)) = told else {
        return (Relation::None, 0);
    };
    // Who asks why it is one thing and not another does not ask which.
    let is_asked = || *lead != Lead::Why && is_question(place, begin);
    let relation = if relation.is_wish() && (*lead == Lead::Doubt || is_asked()) {
        Relation::Unclear
    } else {
        relation
    };
    (relation, place.at - end)
}

/// A value that a tool is said to turn something into, and what is said behind it.
pub(super) fn turned(value: Value, is_wanted: bool, place: Place<'_>) -> Told<'_> {
    let value = Outcome::Value(value);
    if is_wanted {
        return wanted(value, place);
    }
    match observed(value, place) {
        (Relation::Observed(_), place) => (Relation::Unclear, place),
        told => told,
    }
}

/// Do the words around what stands from `begin` to `end` say that it is so now, and wrong?
pub(super) fn is_complaint(lower: &str, (begin, end): (usize, usize)) -> bool {
    let lead = Lead::of(&lower[..begin]);
    matches!(lead, Lead::Now | Lead::Broken) || COMPLAINT.is_match(&lower[end..])
}

/// A value that is stated of what ends at a place.
pub(super) fn statement(place: Place<'_>) -> Option<(Outcome, Place<'_>)> {
    place.outcome_after(&STATED)
}

/// What is wanted, if that is said behind what there is.
pub(super) fn after_observed(place: Place<'_>, first: Outcome) -> Told<'_> {
    observed(first, place)
}

fn is_question(place: Place<'_>, begin: usize) -> bool {
    let sentence = place.lower[..begin].rsplit(['.', '!', '?', '\n']).next();
    ASKED.is_match(place.rest()) && !sentence.is_some_and(|words| REQUEST.is_match(words))
}

fn value<'a>(place: Place<'a>, lead: &dyn Fn() -> Lead) -> Option<Told<'a>> {
    if let Some((first, place)) = place.outcome_after(&BARE) {
        match lead() {
            Lead::Made | Lead::Hoped => return Some(wanted(first, place)),
            Lead::Why => return Some(observed(first, place)),
            Lead::Inverted => return Some((Relation::Unclear, place)),
            _ => {}
        }
    }
    if let Some(place) = place.past(&VERDICT) {
        return value(place, &|| Lead::Now);
    }
    let moods = [
        (&SYMBOL, Mood::Equal),
        (&UNWANTED, Mood::Unwanted),
        (&UNEQUAL, Mood::Unequal),
        (&WANTED, Mood::Wanted),
        (&STATED, Mood::Stated),
        (&NOW, Mood::Now),
    ];
    let read = moods.into_iter().find_map(|(phrase, mood)| {
        let (value, place) = place.outcome_after(phrase)?;
        Some((value, mood, place))
    });
    let Some((first, mood, place)) = read else {
        return right(place).map(|(expected, place)| (wish(expected), place));
    };
    if mood != Mood::Equal && is_counted(&first, place) {
        return None;
    }
    let lead = lead();
    let mood = match (lead, mood) {
        (Lead::Unwanted, Mood::Wanted) => Mood::Unwanted,
        (Lead::Now | Lead::Why, Mood::Stated | Mood::Equal) => Mood::Now,
        (Lead::Hoped, Mood::Stated | Mood::Equal | Mood::Now) => Mood::Wanted,
        (_, mood) => mood,
    };
    Some(match mood {
        Mood::Wanted => wanted(first, place),
        Mood::Equal => equal(first, place),
        Mood::Unwanted => unwanted(first, place),
        Mood::Now => observed(first, place),
        Mood::Unequal => unequal(place),
        Mood::Stated => match stated(first, place) {
            (Relation::Stated(_), place) if lead == Lead::Broken => (Relation::Unclear, place),
            told => told,
        },
    })
}

/// What is wanted, and perhaps what there is: `2, not 3`, `2 but it gives 3`.
fn wanted(expected: Outcome, place: Place<'_>) -> Told<'_> {
    let other = [&INSTEAD, &NOT, &UNWANTED, &NOW];
    let observed = (other.into_iter())
        .find_map(|phrase| place.outcome_after(phrase))
        .or_else(|| failure::now(place));
    let (observed, place) = match observed {
        Some((observed, place)) => (Some(observed), place),
        None => (None, place),
    };
    (Relation::Expected { expected, observed }, place)
}

/// `-> 2`, which is wanted unless something else is: `-> 3 (expected 2)`.
fn equal(first: Outcome, place: Place<'_>) -> Told<'_> {
    if place.outcome_after(&INSTEAD).is_some() {
        return (Relation::Unclear, place);
    }
    // `is not what I get` confirms it.
    if let Some(place) = place.past(&NOT_THERE) {
        return (wish(first), place);
    }
    let is_complaint = place.past(&COMPLAINT).is_some();
    match observed(first, place) {
        (Relation::Observed(first), place) if !is_complaint => match wanted(first, place) {
            (
                Relation::Expected {
                    expected,
                    observed: None,
                },
                place,
            ) => (Relation::Stated(expected), place),
            told => told,
        },
        told => told,
    }
}

/// What there is, and perhaps what is wanted: `3 but should be 2`, `3 instead of 2`.
fn observed(observed: Outcome, place: Place<'_>) -> Told<'_> {
    let found = ([&INSTEAD, &WANTED].into_iter())
        .find_map(|phrase| place.outcome_after(phrase))
        .filter(|(expected, place)| !is_counted(expected, *place))
        .or_else(|| right(place))
        .or_else(|| right(place.past(&COMPLAINT)?))
        .or_else(|| failure::wanted(place))
        .filter(|(_, place)| !OF_ANOTHER.is_match(place.rest()));
    match found {
        Some((expected, place)) => {
            let observed = Some(observed);
            (Relation::Expected { expected, observed }, place)
        }
        None => (Relation::Observed(observed), place),
    }
}

/// `2 is expected` and `not 2, as I expected`, after what there is.
fn right(place: Place<'_>) -> Option<(Outcome, Place<'_>)> {
    if let Some((value, place)) = place.outcome_after(&NOT) {
        return place.past(&AS_EXPECTED).map(|place| (value, place));
    }
    let (value, place) = place.outcome_after(&JOINED)?;
    place.past(&IS_RIGHT).map(|place| (value, place))
}

fn unwanted(first: Outcome, place: Place<'_>) -> Told<'_> {
    let other = [&BUT, &SO].into_iter();
    match other
        .into_iter()
        .find_map(|phrase| place.outcome_after(phrase))
    {
        Some((expected, place)) => {
            let observed = Some(first);
            (Relation::Expected { expected, observed }, place)
        }
        None => observed(first, place),
    }
}

fn unequal(place: Place<'_>) -> Told<'_> {
    match place.outcome_after(&WANTED) {
        Some((expected, place)) => (wish(expected), place),
        None => (Relation::Unclear, place),
    }
}

/// `gives 2` is a wish, unless it goes on as a complaint; `gives 2, not 3` can be both.
pub(super) fn stated(first: Outcome, place: Place<'_>) -> Told<'_> {
    let is_complaint = place.past(&COMPLAINT).is_some();
    match observed(first, place) {
        (Relation::Observed(_), place) if place.value_after(&NOT).is_some() => {
            (Relation::Unclear, place)
        }
        (Relation::Observed(_), place) if !is_complaint && is_doubtful(place) => {
            (Relation::Unclear, place)
        }
        (Relation::Observed(first), place) if !is_complaint => (Relation::Stated(first), place),
        told => told,
    }
}

/// Does the rest of the sentence speak of something wrong?
fn is_doubtful(place: Place<'_>) -> bool {
    let rest = place.rest();
    let end = NEXT_CALL.find(rest).map_or(rest.len(), |hit| hit.start());
    DOUBTFUL_LATER.is_match(&rest[..end])
}

/// One of several values.
fn unread(place: Place<'_>) -> Option<Told<'_>> {
    let phrases = [&SYMBOL, &WANTED, &STATED];
    let begin = phrases.into_iter().find_map(|phrase| place.past(phrase))?;
    let begin = begin.forward(marks(begin.rest()));
    let (_, bytes) = literal::read(begin.written())?;
    let is_offered = OR.is_match(begin.forward(bytes).rest());
    is_offered.then_some((Relation::Unclear, place))
}

/// Is a number that of something, as in `5 euros`? In prose anything may be counted.
fn is_counted(value: &Outcome, place: Place<'_>) -> bool {
    matches!(value, Outcome::Value(Value::Number(_))) && literal::is_counted(place.written())
}
