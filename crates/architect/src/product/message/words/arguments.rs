//! Arguments as a sentence lists them: `title 'A b' and separator '_'`.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::product::message::{ToolShape, example::Call, literal, relation, relation::Place};

/// How many arguments a sentence may list.
const ARGUMENTS_MAX: usize = 16;

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

static ARTICLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:the|a|an|its|my|your|argument|arguments|parameter|keyword|option)\s+")
});
static NOUN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:text|string|word|phrase|value|input|argument|number|list|title|name)\s*:?\s+")
});
static IS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*]*\s*(?:={1,2}|:|\b(?:is set to|set to|equal to|is|are|of|as|to|being|equals|was)\b)?\s*",
    )
});
static AS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[`*]*\s+(?:as|for)\s+(?:the\s+)?[`*]*"));
static MORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[`*]*(?:\s*(?:,\s*(?:and\s+)?(?:with\s+)?|(?:and|with|when|if|using|where|plus|&)\s+(?:with\s+|the\s+)?)|[ \t]+)",
    )
});

/// A call in words, and where its arguments end.
#[derive(Clone, Debug)]
pub(in super::super) struct Arguments {
    pub(in super::super) call: Call,
    pub(in super::super) end: usize,
}

/// The arguments that begin at a place, at least one.
pub(super) fn read_arguments(place: Place<'_>, tool: &ToolShape<'_>) -> Option<Arguments> {
    let mut call = Call {
        tool: tool.name.to_owned(),
        positional: Vec::new(),
        keywords: [].into(),
    };
    let mut end = argument(place, tool, &mut call)?;
    for _ in 1..ARGUMENTS_MAX {
        let Some(hit) = MORE.find(end.rest()) else {
            break;
        };
        let mut longer = call.clone();
        let Some(next) = argument(step(end, hit.end()), tool, &mut longer) else {
            break;
        };
        (call, end) = (longer, next);
    }
    spread(&mut call, tool);
    let named = call.arguments(tool.parameters).ok()?;
    // Without what comes first a call is not told, but a part of it.
    let is_told = named.contains_key(tool.parameters.first()?);
    is_told.then_some(Arguments { call, end: end.at })
}

/// The arguments with names that begin at a place, at least one, added to `call`, and where they end.
pub(in super::super) fn read_named(
    place: Place<'_>,
    tool: &ToolShape<'_>,
    call: &Call,
) -> Option<Arguments> {
    let mut found = None;
    let mut place = place;
    for _ in 0..ARGUMENTS_MAX {
        let mut call = found
            .as_ref()
            .map_or(call, |found: &Arguments| &found.call)
            .clone();
        let named = call.keywords.len();
        let Some(end) = argument(place, tool, &mut call) else {
            break;
        };
        let is_fit = call.keywords.len() > named && call.arguments(tool.parameters).is_ok();
        if !is_fit {
            break;
        }
        let next = MORE.find(end.rest()).map(|hit| step(end, hit.end()));
        found = Some(Arguments { call, end: end.at });
        let Some(next) = next else {
            break;
        };
        place = next;
    }
    found
}

/// Does a sentence go on with one more value?
pub(super) fn goes_on(place: Place<'_>, tool: &ToolShape<'_>) -> bool {
    MORE.find(place.rest()).is_some_and(|hit| {
        let next = step(place, hit.end());
        value(next).is_some() || parameter(next, tool).is_some()
    })
}

/// One object with the names of parameters is all arguments.
fn spread(call: &mut Call, tool: &ToolShape<'_>) {
    let [Value::Object(members)] = call.positional.as_slice() else {
        return;
    };
    let are_names = members.keys().all(|name| tool.parameters.contains(name));
    if call.keywords.is_empty() && !members.is_empty() && are_names {
        call.keywords = members.clone().into_iter().collect();
        call.positional.clear();
    }
}

fn step(place: Place<'_>, bytes: usize) -> Place<'_> {
    Place {
        at: place.at + bytes,
        ..place
    }
}

fn past<'a>(place: Place<'a>, phrase: &Regex) -> Option<Place<'a>> {
    phrase.find(place.rest()).map(|hit| step(place, hit.end()))
}

fn value(place: Place<'_>) -> Option<(Value, Place<'_>)> {
    let begin = step(place, relation::marks(place.rest()));
    let (value, bytes) = literal::read_said(&begin.text[begin.at..])?;
    Some((value, step(begin, bytes)))
}

fn argument<'a>(place: Place<'a>, tool: &ToolShape<'_>, call: &mut Call) -> Option<Place<'a>> {
    let mut begin = step(place, relation::marks(place.rest()));
    begin = past(begin, &ARTICLE).unwrap_or(begin);
    begin = step(begin, relation::marks(begin.rest()));
    begin = step(
        begin,
        begin.rest().len() - begin.rest().trim_start_matches("--").len(),
    );
    if let Some((name, end)) = parameter(begin, tool)
        && let Some((value, end)) = value(past(end, &IS).unwrap_or(end))
    {
        let is_new = call.keywords.insert(name.to_owned(), value).is_none();
        return is_new.then_some(end);
    }
    begin = past(begin, &NOUN).unwrap_or(begin);
    let (value, end) = value(begin)?;
    if let Some(behind) = past(end, &AS)
        && let Some((name, end)) = parameter(behind, tool)
    {
        let is_new = call.keywords.insert(name.to_owned(), value).is_none();
        return is_new.then_some(end);
    }
    // What comes by place comes before what has a name.
    if !call.keywords.is_empty() {
        return None;
    }
    call.positional.push(value);
    Some(end)
}

/// The name of a parameter, as it is or with spaces.
fn parameter<'a, 't>(place: Place<'a>, tool: &ToolShape<'t>) -> Option<(&'t str, Place<'a>)> {
    tool.parameters.iter().find_map(|name| {
        let lower = name.to_ascii_lowercase();
        [lower.clone(), lower.replace('_', " ")]
            .iter()
            .find_map(|spoken| {
                let rest = place.rest().strip_prefix(spoken.as_str())?;
                let is_other =
                    rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
                (!is_other).then(|| (name.as_str(), step(place, spoken.len())))
            })
    })
}
