//! What the words around a call say that it gives, and whether that is wanted or complained of.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{example::Outcome, literal};

/// How far before a call its expectation may begin, in bytes.
const BEFORE_BYTES_MAX: usize = 2000;

/// What is said of a call.
#[derive(Debug, PartialEq)]
pub(super) enum Relation {
    None,
    Expected {
        expected: Outcome,
        observed: Option<Outcome>,
    },
    Observed(Outcome),
    /// It can be meant as right and as wrong.
    Unclear,
}

/// How what follows is meant.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Wanted,
    Unwanted,
    /// A statement, which is wanted unless more is said.
    Stated,
    /// As it is now.
    Now,
}

const VERB: &str = r"(?:be|equal|return|give|yield|produce|become|answer(?: with)?|say|output|print|evaluate to|result in|come out as)";
const FILLER: &str = r"(?:(?:really|rather|instead|just|also|always|now|simply|actually|then|therefore|clearly|of course)\s+)*";
const OUGHT: &str = r"(?:should|must|shall|ought to|has to|have to|needs to|need to|is supposed to|is expected to|is meant to)";
const NAMES: &str =
    r"(?:(?:it|this|that|which|and|but|the (?:result|answer|output|value)|i|we|you)\s+)*";

fn anchored(pattern: &str) -> Regex {
    Regex::new(&format!(r"^[`*\s]*[,;:.–—-]?\s*(?:#\s*)?{pattern}")).expect("the pattern is valid")
}

static SYMBOL: LazyLock<Regex> = LazyLock::new(|| anchored(r"(?:={2,3}|=>|->|→|⇒|⟶|=)"));
static WANTED: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"{NAMES}{FILLER}(?:{OUGHT}\s+{FILLER}(?:{VERB}|(?:give|come) back)?|(?:is |was )?(?:expect(?:ed)?|want(?:ed)?)(?: to (?:be|see|get))?|to {VERB})(?: back)?\s*:?\s*(?:exactly\b)?"
    ))
});
static UNWANTED: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"{NAMES}{FILLER}(?:{OUGHT}\s+(?:not|never)|should\s*n't|mustn't|must not)\s+{FILLER}{VERB}\s*:?"
    ))
});
static STATED: LazyLock<Regex> = LazyLock::new(|| {
    anchored(
        r"(?:it\s+|which\s+)?(?:returns|gives(?: back)?|yields|produces|equals|evaluates to|becomes|answers(?: with)?|says|outputs|prints|is)\s*:?",
    )
});
static NOW: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"{NAMES}(?:(?:currently|wrongly|incorrectly|today|still|now|instead|at the moment|actually|mistakenly)\s+)*(?:returns?|gives?(?: me| us)?|yields?|produces?|equals|answers?|says|outputs|prints|is|returned|gave(?: me| us)?|yielded|produced|was|got|get|see|are|am)\b(?: back)?(?:\s+(?:currently|now|today|at the moment))?\s*:?"
    ))
});
static FAILS: LazyLock<Regex> = LazyLock::new(|| {
    anchored(&format!(
        r"{NAMES}{FILLER}{OUGHT}\s+{FILLER}(?:raise|throw|fail|refuse|be refused|be rejected|be an error|give an error|return an error)\b(?:\s+(?:an?\s+)?\w*(?:error|exception|refusal))?"
    ))
});
static FAILS_NOW: LazyLock<Regex> =
    LazyLock::new(|| anchored(r"(?:raises|throws|fails|crashes|is refused)\b"));
static SAYING: LazyLock<Regex> = LazyLock::new(|| {
    anchored(
        r"(?:that\s+)?(?:says|saying|with|which says|telling|tells)\s*(?:the (?:text|message|words))?\s*:?",
    )
});
static INSTEAD: LazyLock<Regex> = LazyLock::new(|| anchored(r"(?:instead of|rather than)"));
static NOT: LazyLock<Regex> = LazyLock::new(|| anchored(r"(?:and |but )?not\b"));
static COMPLAINT: LazyLock<Regex> = LazyLock::new(|| {
    anchored(
        r"(?:today\b|currently\b|now\b|right now\b|at the moment\b|at present\b|(?:which|that|this|and that) is (?:wrong|not |a bug|incorrect|nonsense|bad)|(?:which|that|this) (?:can't|cannot|isn't))",
    )
});
static EXPECTING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:expect(?:ed)?|want(?:ed)?|should get|need)\s*:?").expect("the pattern is valid")
});
static FROM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^`?\s*(?:from|for|of|as the (?:result|answer) of|when calling|when i call|out of)\s*`?$",
    )
    .expect("the pattern is valid")
});

/// A text and the same in lower case, byte for byte.
#[derive(Clone, Copy)]
struct Place<'a> {
    text: &'a str,
    lower: &'a str,
    at: usize,
}

impl<'a> Place<'a> {
    fn rest(&self) -> &'a str {
        &self.lower[self.at..]
    }

    fn past(&self, phrase: &Regex) -> Option<Self> {
        let hit = phrase.find(self.rest())?;
        Some(Self {
            at: self.at + hit.end(),
            ..*self
        })
    }

    /// The literal that comes after `phrase`.
    fn value_after(&self, phrase: &Regex) -> Option<(Value, Self)> {
        let begin = self.past(phrase)?;
        let at = begin.at + marks(begin.rest());
        let (value, bytes) = literal::read(&begin.text[at..])?;
        let at = at + bytes;
        Some((value, Self { at, ..begin }))
    }
}

/// How many bytes of white space and marks of code `text` begins with.
fn marks(text: &str) -> usize {
    text.len() - text.trim_start_matches(['`', ' ', '\t', '\n', '\r']).len()
}

/// What the words after the call at `begin` to `end` say, and how many bytes they are.
pub(super) fn after(text: &str, lower: &str, begin: usize, end: usize) -> (Relation, usize) {
    let place = Place {
        text,
        lower,
        at: end,
    };
    let told = doctest(place, begin)
        .or_else(|| failure(place))
        .or_else(|| value(place));
    match told {
        Some((relation, place)) => (relation, place.at - end),
        None => (Relation::None, 0),
    }
}

/// What the words before the call at `at` say: `I expect 2 from f(1)`.
pub(super) fn before(text: &str, lower: &str, at: usize, from: usize) -> Relation {
    let mut begin = from.max(at.saturating_sub(BEFORE_BYTES_MAX));
    while !text.is_char_boundary(begin) {
        begin += 1;
    }
    for hit in EXPECTING.find_iter(&lower[begin..at]) {
        let start = begin + hit.end();
        let start = start + marks(&text[start..at]);
        let Some((value, bytes)) = literal::read(&text[start..at]) else {
            continue;
        };
        if FROM.is_match(&lower[start + bytes..at]) {
            return Relation::Expected {
                expected: Outcome::Value(value),
                observed: None,
            };
        }
    }
    Relation::None
}

fn doctest(place: Place<'_>, begin: usize) -> Option<(Relation, Place<'_>)> {
    let line = place.text[..begin].rsplit('\n').next()?;
    if line.trim() != ">>>" {
        return None;
    }
    let (spaces, rest) = place.text[place.at..].split_once('\n')?;
    let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let at = place.at + spaces.len() + 1 + indent;
    if !spaces.trim().is_empty() {
        return None;
    }
    let expected = |expected| Relation::Expected {
        expected,
        observed: None,
    };
    if rest[indent..].starts_with("Traceback") {
        let (_, told) = rest.lines().find_map(|line| {
            let is_last = line.starts_with(|letter: char| letter.is_ascii_alphabetic())
                && !line.starts_with("Traceback");
            is_last.then(|| line.split_once(':').unwrap_or((line, "")))
        })?;
        return Some((
            expected(Outcome::Error(told.trim().to_owned())),
            Place { at, ..place },
        ));
    }
    let (value, bytes) = literal::read(&place.text[at..])?;
    let place = Place {
        at: at + bytes,
        ..place
    };
    let is_whole_line = place.rest().lines().next().unwrap_or("").trim().is_empty();
    is_whole_line.then(|| (expected(Outcome::Value(value)), place))
}

fn failure(place: Place<'_>) -> Option<(Relation, Place<'_>)> {
    if let Some(place) = place.past(&FAILS) {
        let (text, place) = match place.value_after(&SAYING) {
            Some((Value::String(text), place)) => (text, place),
            _ => (String::new(), place),
        };
        let expected = Outcome::Error(text);
        return Some((
            Relation::Expected {
                expected,
                observed: None,
            },
            place,
        ));
    }
    let place = place.past(&FAILS_NOW)?;
    let observed = Outcome::Error(String::new());
    Some(match place.value_after(&WANTED) {
        Some((value, place)) => {
            let expected = Outcome::Value(value);
            let observed = Some(observed);
            (Relation::Expected { expected, observed }, place)
        }
        None => (Relation::Observed(observed), place),
    })
}

fn value(place: Place<'_>) -> Option<(Relation, Place<'_>)> {
    let moods = [
        (&SYMBOL, Mood::Wanted),
        (&UNWANTED, Mood::Unwanted),
        (&WANTED, Mood::Wanted),
        (&STATED, Mood::Stated),
        (&NOW, Mood::Now),
    ];
    let (first, mood, place) = moods.into_iter().find_map(|(phrase, mood)| {
        let (value, place) = place.value_after(phrase)?;
        Some((Outcome::Value(value), mood, place))
    })?;
    Some(match mood {
        Mood::Wanted => wanted(first, place),
        Mood::Unwanted | Mood::Now => observed(first, place),
        Mood::Stated => stated(first, place),
    })
}

/// What is wanted, and perhaps what there is: `2, not 3`, `2 but it gives 3`.
fn wanted(expected: Outcome, place: Place<'_>) -> (Relation, Place<'_>) {
    let other = [&INSTEAD, &NOT, &UNWANTED, &NOW];
    let observed = other
        .into_iter()
        .find_map(|phrase| place.value_after(phrase));
    let (observed, place) = match observed {
        Some((value, place)) => (Some(Outcome::Value(value)), place),
        None => (None, place),
    };
    (Relation::Expected { expected, observed }, place)
}

/// What there is, and perhaps what is wanted: `3 but should be 2`, `3 instead of 2`.
fn observed(observed: Outcome, place: Place<'_>) -> (Relation, Place<'_>) {
    let other = [&INSTEAD, &WANTED];
    match other
        .into_iter()
        .find_map(|phrase| place.value_after(phrase))
    {
        Some((value, place)) => {
            let expected = Outcome::Value(value);
            let observed = Some(observed);
            (Relation::Expected { expected, observed }, place)
        }
        None => (Relation::Observed(observed), place),
    }
}

/// `gives 2` is a wish, unless it goes on as a complaint; `gives 2, not 3` can be both.
fn stated(first: Outcome, place: Place<'_>) -> (Relation, Place<'_>) {
    if place.value_after(&NOT).is_some() {
        return (Relation::Unclear, place);
    }
    let is_complaint = place.past(&COMPLAINT).is_some();
    match observed(first, place) {
        (Relation::Observed(first), place) if !is_complaint => {
            let (expected, observed) = (first, None);
            (Relation::Expected { expected, observed }, place)
        }
        told => told,
    }
}
