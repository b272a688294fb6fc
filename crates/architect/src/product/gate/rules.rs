//! The rules, each with its weight and its question.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    Known, Rule, Unknown,
    prose::{Action, Prose, phrase},
};
use crate::product::message::{BadArguments, Call, Message};
use model::nearest::nearest;

/// How much each weighs. One that is enough to ask by itself weighs [`super::THRESHOLD_DEFAULT`] or
/// more; the others ask together: two things that are doubtful leave as much open as one that is missing.
const CONTRADICTION: f64 = 0.9;
const NOT_THERE: f64 = 0.6;
const NO_SUBJECT: f64 = 0.6;
const PRONOUN: f64 = 0.4;
const NO_OUTCOME: f64 = 0.55;
const NO_EXAMPLE: f64 = 0.3;
const VAGUE: f64 = 0.45;
const TWO_READINGS: f64 = 0.6;
const SEVERAL_REQUESTS: f64 = 0.55;
const ONLY_ASKS: f64 = 0.35;

pub(super) fn apply(message: &Message, known: &Known, prose: &Prose) -> Vec<Unknown> {
    let outcome = Outcome::of(message, prose);
    let mut found = contradictions(message, known);
    found.extend(not_there(message, known, prose));
    found.extend(no_subject(message, known, prose, &found));
    found.extend(pronoun(prose));
    found.extend(no_outcome(prose, outcome));
    found.extend(vague(prose, outcome));
    found.extend(two_readings(message, prose));
    found.extend(several_requests(prose));
    found.extend(only_asks(prose, outcome));
    found
}

fn unknown(
    rule: Rule,
    weight: f64,
    question: impl Into<String>,
    why: impl Into<String>,
    pointer: Option<&str>,
) -> Unknown {
    Unknown {
        rule,
        weight,
        question: question.into(),
        why: why.into(),
        pointer: pointer.map(|words| words.trim().to_owned()),
    }
}

/// How sure it is what should come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Missing,
    /// In words, which more than one result may fit.
    Described,
    /// By a value, a name or a bound.
    Given,
    Example,
}

static QUOTED_OUTCOME: LazyLock<Regex> = LazyLock::new(|| {
    phrase(
        r#"\b(?:should|must|to|be|with|as|by|into|say|says|answer|answers|return|returns|give|gives|instead of|not|equal)\s*:?\s*(?:["'“‘«]\S|`)"#,
    )
});
static VALUE: LazyLock<Regex> = LazyLock::new(|| {
    phrase(r"(?:\b(?:to|be|at|of|by|below|above|is)|=)\s+(?:[+-]?\d|true\b|false\b|none\b|null\b)")
});
static BOUND: LazyLock<Regex> = LazyLock::new(|| {
    phrase(
        r"\b(?:within|less than|fewer than|below|under|at most|at least|no more than|not more than|more than|up to|exactly|above|only)\s+(?:the\s+)?(?:first\s+|last\s+)?\d",
    )
});
static WANTED_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    phrase(r"\b(?:should|must)\s+(?:be|return|give|have|equal|accept|allow)\s+[+-]?\d")
});
static RENAMED: LazyLock<Regex> =
    LazyLock::new(|| phrase(r"\brename\b.{1,100}?(?:\b(?:to|into|as)\b|->|→)\s*`?[a-z_]"));
static DESCRIBED: LazyLock<Regex> = LazyLock::new(|| {
    phrase(
        r"\b(?:should|must|shall|has to|have to|needs to|instead of|rather than|so that|that (?:\w+s)|to (?:accept|allow|support|ignore|keep|return|include))\s+(?:\S+\s+){1,}?\S+|^\s*(?:please\s+)?(?:let|allow|teach|support|make|accept)\b(?:\s+\S+){3,}",
    )
});
static VAGUE_WORD: LazyLock<Regex> = LazyLock::new(|| {
    phrase(
        r"\b(?:better|nicer|smarter|cleaner|simpler|prettier|friendlier|improve[ds]?|improvements?|enhance|optimi[sz]e|clean up|modern(?:i[sz]e)?|polish|user[- ]friendly|intuitive|robust|elegant|sensible|reasonable|appropriate(?:ly)?|properly|annoying|ugly|bad|terrible|awful|useless|nice|good enough|weird|strange|somehow|more useful|more helpful|more natural|high quality)\b",
    )
});
static SPEED_WORD: LazyLock<Regex> = LazyLock::new(|| {
    phrase(
        r"\b(?:faster|quicker|slow|slower|sluggish|speed up|performan(?:ce|t)|too long to answer|takes (?:too long|forever|ages)|accelerate)\b",
    )
});
static UNDECIDED: LazyLock<Regex> = LazyLock::new(|| {
    phrase(
        r"\beither\b.{1,200}?\bor\b|\bor (?:maybe|perhaps|possibly|alternatively|something)\b|\b(?:whichever|whatever) (?:you|is|seems|works)\b|\b(?:not sure|don't know|do not know|unsure|no idea)\b|\b(?:you decide|up to you|as you (?:like|wish|see fit)|maybe|perhaps|or so|or something|something like)\b|\bon (?:the )?second thought\b",
    )
});
static PRONOUN_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    phrase(
        r"^\s*(?:please\s+)?(?:(?:fix|repair|change|make|remove|delete|improve|correct|undo|rename)\s+)?(it|they|them|this|that|these|those|its|their)\b",
    )
});
static QUESTION: LazyLock<Regex> = LazyLock::new(|| {
    phrase(r"^\s*(?:what|why|how|when|where|who|which|is|are|does|do|did)\b[^.!]*\?\s*$")
});
static POINTER: LazyLock<Regex> =
    LazyLock::new(|| phrase(r"(?:^|[\s`(])(/[a-z][a-z0-9_]*(?:/[a-z0-9_]+)*)"));
static NEW_NAME: LazyLock<Regex> = LazyLock::new(|| {
    phrase(
        r"`([a-z_][a-z0-9_]*)(?:\(|`)|\b([a-z][a-z0-9]*_[a-z0-9_]+)\b|\b([a-z_][a-z0-9_]*)\([a-z_ ,=:]*\)|\b(?:called|named)\s+([a-z_][a-z0-9_]*)|\btool\s+([a-z_][a-z0-9_]*)\s*:",
    )
});
static NEW_PARAMETER: LazyLock<Regex> =
    LazyLock::new(|| phrase(r"\b(?:parameter|argument|option|keyword|flag|setting)s?\b"));

impl Outcome {
    fn of(message: &Message, prose: &Prose) -> Self {
        if !message.examples().is_empty() {
            return Self::Example;
        }
        let sets = !prose.state.is_empty() && VALUE.is_match(&prose.text);
        let removes = prose.asks_to(Action::Remove) && prose.has_subject();
        let is_given = sets
            || removes
            || [&QUOTED_OUTCOME, &BOUND, &WANTED_NUMBER, &RENAMED]
                .iter()
                .any(|phrase| phrase.is_match(&prose.text));
        if is_given {
            return Self::Given;
        }
        if DESCRIBED.is_match(&prose.unquoted) {
            Self::Described
        } else {
            Self::Missing
        }
    }
}

fn contradictions(message: &Message, known: &Known) -> Vec<Unknown> {
    let found = message.contradictions(|tool| known.tools.get(tool).cloned());
    let ask = |found: &crate::product::message::Contradiction| {
        let call = found.call.to_string();
        unknown(
            Rule::Contradiction,
            CONTRADICTION,
            format!("Should `{call}` give {} or {}?", found.first, found.second),
            "the same call is said to give both",
            Some(&call),
        )
    };
    found.iter().map(ask).collect()
}

fn not_there(message: &Message, known: &Known, prose: &Prose) -> Vec<Unknown> {
    let mut found: Vec<Unknown> = Vec::new();
    for call in message.calls() {
        if let Some(unknown) = missing_call(call, known, prose)
            && !found
                .iter()
                .any(|earlier| earlier.question == unknown.question)
        {
            found.push(unknown);
        }
    }
    for hit in POINTER.captures_iter(&prose.text) {
        let pointer = &hit[1];
        let is_known = known.state.iter().any(|place| {
            let place = place.to_ascii_lowercase();
            place == pointer || place.starts_with(&format!("{pointer}/"))
        });
        if !is_known && !known.state.is_empty() {
            found.push(unknown(
                Rule::NotThere,
                NOT_THERE,
                format!(
                    "Which place in the state is meant by `{pointer}`?{}",
                    meant(pointer, known.state.iter())
                ),
                "the state has no such place",
                Some(pointer),
            ));
        }
    }
    found
}

fn missing_call(call: &Call, known: &Known, prose: &Prose) -> Option<Unknown> {
    let makes_new = prose.asks_to(Action::Add) || prose.asks_to(Action::Rename);
    let Some(parameters) = known.tools.get(&call.tool) else {
        if makes_new || known.constants.contains(&call.tool) {
            return None;
        }
        let tool = &call.tool;
        let question = format!(
            "Which tool is `{tool}`, or should it be added?{}",
            meant(tool, known.tools.keys())
        );
        return Some(unknown(
            Rule::NotThere,
            NOT_THERE,
            question,
            "there is no such tool",
            Some(tool),
        ));
    };
    let wrong = call.arguments(parameters).err()?;
    let is_wanted = makes_new && NEW_PARAMETER.is_match(&prose.text);
    if is_wanted {
        return None;
    }
    let pointer = match &wrong {
        BadArguments::Unknown { name, .. } | BadArguments::Twice { name, .. } => name.clone(),
        BadArguments::TooMany { .. } => call.to_string(),
    };
    let question = format!("What should the call `{call}` be, or which parameter is to be added?");
    Some(unknown(
        Rule::NotThere,
        NOT_THERE,
        question,
        wrong.to_string(),
        Some(&pointer),
    ))
}

fn meant<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> String {
    let near = nearest(name, known.map(String::as_str));
    if near.is_empty() {
        return String::new();
    }
    format!(
        " Is it {}?",
        near.iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(" or ")
    )
}

fn no_subject(
    message: &Message,
    known: &Known,
    prose: &Prose,
    earlier: &[Unknown],
) -> Option<Unknown> {
    let is_asked = earlier.iter().any(|unknown| unknown.rule == Rule::NotThere);
    let adds = prose.asks_to(Action::Add)
        && (NEW_NAME.is_match(&prose.text) || message.calls().next().is_some());
    if prose.has_subject() || is_asked || adds {
        return None;
    }
    let some: Vec<&str> = known.tools.keys().map(String::as_str).take(5).collect();
    let such_as = if some.is_empty() {
        String::new()
    } else {
        format!(", such as {}", some.join(", "))
    };
    Some(unknown(
        Rule::NoSubject,
        NO_SUBJECT,
        format!("Which tool or setting is it about{such_as}?"),
        "no tool, setting or other name of this workspace is in the message",
        None,
    ))
}

fn pronoun(prose: &Prose) -> Option<Unknown> {
    if prose.has_subject() {
        return None;
    }
    let hit = PRONOUN_FIRST.captures(&prose.unquoted)?;
    let word = &hit[1];
    Some(unknown(
        Rule::Pronoun,
        PRONOUN,
        format!("What does `{word}` stand for?"),
        "nothing was named before it",
        Some(word),
    ))
}

fn no_outcome(prose: &Prose, outcome: Outcome) -> Option<Unknown> {
    let subject = prose.tools.first().or(prose.state.first());
    let of = subject.map_or_else(String::new, |name| format!(" of `{name}`"));
    match outcome {
        Outcome::Example | Outcome::Given => None,
        Outcome::Described => Some(unknown(
            Rule::NoOutcome,
            NO_EXAMPLE,
            format!("Is there an example{of}: a call, and what it should give?"),
            "what is wanted is described without an example",
            None,
        )),
        Outcome::Missing => {
            let question = if prose.asks_to(Action::Rename) {
                format!("What should be the new name{of}?")
            } else if prose.asks_to(Action::Set) {
                format!("What should be the new value{of}?")
            } else {
                format!("What should come out{of}: for which call, and which result?")
            };
            let why = "it is not said what should be different afterwards";
            Some(unknown(Rule::NoOutcome, NO_OUTCOME, question, why, None))
        }
    }
}

fn vague(prose: &Prose, outcome: Outcome) -> Vec<Unknown> {
    let mut found = Vec::new();
    let has_measure = BOUND.is_match(&prose.text);
    if let Some(word) = SPEED_WORD.find(&prose.unquoted).filter(|_| !has_measure) {
        found.push(unknown(
            Rule::Vague,
            VAGUE,
            "How long may it take at most, for which call?",
            "speed is named without a measure",
            Some(word.as_str()),
        ));
    }
    if let Some(word) = VAGUE_WORD
        .find(&prose.unquoted)
        .filter(|_| outcome < Outcome::Given)
    {
        let word = word.as_str();
        found.push(unknown(
            Rule::Vague,
            VAGUE,
            format!("By what would one see that it is not `{word}` any more, or has become so?"),
            "the word is no measure",
            Some(word),
        ));
    }
    found
}

fn two_readings(message: &Message, prose: &Prose) -> Vec<Unknown> {
    let mut found = Vec::new();
    if let Some(words) = UNDECIDED.find(&prose.unquoted) {
        found.push(unknown(
            Rule::TwoReadings,
            TWO_READINGS,
            "Which of the possibilities should it be?",
            "more than one is offered",
            Some(words.as_str()),
        ));
    }
    for mention in message
        .mentions()
        .iter()
        .filter(|mention| mention.is_unclear)
    {
        let call = mention.call.to_string();
        found.push(unknown(
            Rule::TwoReadings,
            TWO_READINGS,
            format!("What should `{call}` give?"),
            "what it gives can be meant as right and as wrong",
            Some(&call),
        ));
    }
    found
}

fn several_requests(prose: &Prose) -> Option<Unknown> {
    let [first, others @ ..] = prose.requests.as_slice() else {
        return None;
    };
    let named = |clause: &str| -> Vec<&String> {
        let names = prose.tools.iter().chain(&prose.state);
        names
            .filter(|name| clause.contains(name.to_ascii_lowercase().as_str()))
            .collect()
    };
    let about = named(&first.clause);
    let other = others.iter().find(|other| {
        let names = named(&other.clause);
        let is_same_thing = names.is_empty() || names.iter().any(|name| about.contains(name));
        let goes_on = other.action == first.action || other.action == Action::Repair;
        !(is_same_thing && goes_on)
    })?;
    Some(unknown(
        Rule::SeveralRequests,
        SEVERAL_REQUESTS,
        format!(
            "Which of them first: `{}` or `{}`? Please chat about one thing at a time.",
            first.clause, other.clause
        ),
        format!("{} things are asked for", prose.requests.len()),
        Some(&other.clause),
    ))
}

fn only_asks(prose: &Prose, outcome: Outcome) -> Option<Unknown> {
    let is_question = outcome < Outcome::Given && QUESTION.is_match(&prose.unquoted);
    is_question.then(|| {
        unknown(
            Rule::OnlyAsks,
            ONLY_ASKS,
            "What should be changed?",
            "the message is a question and asks for no change",
            None,
        )
    })
}
