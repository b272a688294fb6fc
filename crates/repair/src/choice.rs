//! Which of those that pass all tests is meant. Tests say little: what is small, likely, and does on inputs
//! that nobody wrote what most of the others do, is taken; and how sure that is, is said.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::{edits::Class, rank::real, search::Passer};

/// Candidates that are compared.
pub(crate) const COMPARED_MAX: usize = 60;
/// How fast an edit becomes unlikely when it costs more.
const SHARPNESS: f64 = 1.6;
/// What it costs to raise, on all inputs, where others do not.
const RAISING: f64 = 3.0;
/// What a special case costs.
const SPECIAL: f64 = 2.5;

/// An input for which the two likeliest repairs differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub call: String,
    pub one: String,
    pub other: String,
}

/// The one that is taken, and how sure it is.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// The best first.
    pub(crate) order: Vec<usize>,
    pub(crate) confidence: f64,
    pub(crate) question: Option<Question>,
}

/// What a passer does on the inputs, and how likely it is before that.
struct Looked<'a> {
    values: &'a [String],
    weight: f64,
}

/// `values` has for each passer, and last for the program as it was, what it gives for each of `calls`.
pub(crate) fn choose(
    passers: &[Passer],
    values: &[Vec<String>],
    calls: &[(String, String)],
    source: &str,
    wanted: &[String],
) -> Choice {
    let cheapest = passers
        .iter()
        .map(|passer| passer.cost)
        .fold(f64::INFINITY, f64::min);
    let before = values.last().map(Vec::as_slice).unwrap_or_default();
    let usual = usual(&values[..passers.len()]);
    let looked: Vec<Looked<'_>> = passers
        .iter()
        .zip(values)
        .map(|(passer, values)| {
            let cost = passer.cost - cheapest
                + RAISING * raises_alone(values, &usual)
                + oddity(passer, values, before, source, wanted);
            Looked {
                values,
                weight: (-SHARPNESS * cost).exp(),
            }
        })
        .collect();
    // Where nothing can be compared, each may be something else.
    let mut groups: HashMap<(&[String], Option<usize>), Vec<usize>> = HashMap::new();
    for (place, one) in looked.iter().enumerate() {
        let alone = calls.is_empty().then_some(place);
        groups.entry((one.values, alone)).or_default().push(place);
    }
    let weight_of = |members: &[usize]| {
        // Ways to write the same are no more witnesses: each further one counts for less.
        let mut weights: Vec<f64> = members.iter().map(|place| looked[*place].weight).collect();
        weights.sort_by(|one, other| other.total_cmp(one));
        let shares = weights.iter().enumerate();
        shares
            .map(|(place, weight)| weight / (1.0 + real(place)))
            .sum::<f64>()
    };
    let mut ranked: Vec<(f64, Vec<usize>)> = groups
        .into_values()
        .map(|mut members| {
            // Among those that do the same, the shorter text is the one that a person would write.
            let merit =
                |place: usize| -looked[place].weight.ln() / SHARPNESS + wordiness(&passers[place]);
            members
                .sort_by(|one, other| merit(*one).total_cmp(&merit(*other)).then(one.cmp(other)));
            (weight_of(&members), members)
        })
        .collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    let all: f64 = ranked.iter().map(|(weight, _)| weight).sum();
    let confidence = if all > 0.0 { ranked[0].0 / all } else { 0.0 };
    let question = match ranked.as_slice() {
        [first, second, ..] => {
            question(looked[first.1[0]].values, looked[second.1[0]].values, calls)
        }
        _ => None,
    };
    Choice {
        order: ranked
            .into_iter()
            .flat_map(|(_, members)| members)
            .collect(),
        confidence,
        question,
    }
}

/// What a longer text costs among those that do the same.
fn wordiness(passer: &Passer) -> f64 {
    const PER_LETTER: f64 = 0.2;
    const LETTERS_MAX: f64 = 6.0;
    let grown: f64 = passer
        .edits
        .iter()
        .map(|edit| real(edit.text.len()) - real(edit.range.len()))
        .sum();
    PER_LETTER * grown.clamp(-LETTERS_MAX, LETTERS_MAX)
}

/// For each input what most give.
fn usual(values: &[Vec<String>]) -> Vec<String> {
    let inputs = values.first().map_or(0, Vec::len);
    (0..inputs)
        .map(|input| {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for one in values {
                if let Some(value) = one.get(input) {
                    *counts.entry(value).or_default() += 1;
                }
            }
            let most = counts.into_iter().max_by_key(|(_, count)| *count);
            most.map_or_else(String::new, |(value, _)| value.to_owned())
        })
        .collect()
}

/// The share of the inputs on which it raises or takes too long, and most do not.
fn raises_alone(values: &[String], usual: &[String]) -> f64 {
    let fails = |value: &str| value.starts_with('!') || value == "T";
    let alone = values
        .iter()
        .zip(usual)
        .filter(|(value, usual)| fails(value) && !fails(usual))
        .count();
    real(alone) / real(usual.len().max(1))
}

/// What speaks against a repair whatever it does: that it looks like an answer that was learned by heart.
fn oddity(
    passer: &Passer,
    values: &[String],
    before: &[String],
    source: &str,
    wanted: &[String],
) -> f64 {
    let mut odd = 0.0;
    for edit in &passer.edits {
        let is_guard = matches!(edit.class, Class::Guard | Class::ConditionExtended);
        let compares = edit.text.contains("==") || edit.text.contains("!=");
        // Other inputs than those of the tests come to what they came to before.
        let is_special = is_guard && compares && !before.is_empty() && values == before;
        if is_special {
            odd += SPECIAL;
        }
        if literals(&edit.text).iter().any(|literal| {
            literal.len() > 4 && !source.contains(literal.as_str()) && wanted.contains(literal)
        }) {
            odd += SPECIAL;
        }
    }
    odd
}

/// The texts between quotes.
fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for quote in ['"', '\''] {
        let pieces: Vec<&str> = text.split(quote).collect();
        found.extend(
            pieces
                .iter()
                .skip(1)
                .step_by(2)
                .map(|piece| (*piece).to_owned()),
        );
    }
    found
}

fn question(one: &[String], other: &[String], calls: &[(String, String)]) -> Option<Question> {
    // The shortest one is the easiest to answer.
    let differing = one
        .iter()
        .zip(other)
        .zip(calls)
        .filter(|((one, other), _)| one != other);
    let ((one, other), (function, arguments)) =
        differing.min_by_key(|(_, (_, arguments))| arguments.len())?;
    Some(Question {
        call: told_call(function, arguments),
        one: told(one),
        other: told(other),
    })
}

fn told_call(function: &str, arguments: &str) -> String {
    let read: serde_json::Value = serde_json::from_str(arguments).unwrap_or_default();
    let positional = read[0].as_array().into_iter().flatten();
    let named = read.as_object().or_else(|| read[1].as_object());
    let named = named.into_iter().flatten();
    let parts: Vec<String> = positional
        .map(ToString::to_string)
        .chain(named.map(|(name, value)| format!("{name}={value}")))
        .collect();
    format!("{function}({})", parts.join(", "))
}

fn told(value: &str) -> String {
    match value.split_at_checked(1) {
        Some(("=", value)) => value.to_owned(),
        Some(("!", error)) => format!("the error {error}"),
        _ => "no end".to_owned(),
    }
}
