//! Examples as they are read: one argument for each parameter, and other inputs of the same kinds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Wanted;
use crate::{inputs, task::Case};

/// Other inputs on which those that fit are compared.
const COMPARED_MAX: usize = 64;
/// What is put into texts, whether any has it or not.
const STRANGE: [char; 4] = ['7', 'X', ' ', '\u{e9}'];

/// The arguments of each example in the order of the parameters, or why nothing can be looked for.
pub(super) fn arguments(wanted: &Wanted) -> Result<Vec<Vec<Value>>, String> {
    if wanted.cases.is_empty() {
        return Err("there are no examples: two or three that differ are a beginning".to_owned());
    }
    let names: Vec<&str> = wanted.names().collect();
    if let Some(name) = names.iter().find(|name| !is_name(name)) {
        return Err(format!("`{name}` is no name of a parameter"));
    }
    let mut seen = names.iter().enumerate();
    if let Some((_, name)) = seen.find(|(place, name)| names[..*place].contains(name)) {
        return Err(format!("two parameters are named `{name}`"));
    }
    let mut all: Vec<Vec<Value>> = Vec::new();
    for (place, case) in wanted.cases.iter().enumerate() {
        let told = |place: usize| told(&wanted.name, &wanted.cases[place]);
        if case.expect.is_none() {
            return Err(format!(
                "`{}` is to raise, which no composition does",
                told(place)
            ));
        }
        let Some(given) = in_order(&names, case) else {
            return Err(format!(
                "`{}` does not have one argument for each of: {}",
                told(place),
                names.join(", ")
            ));
        };
        let same = all.iter().position(|other| *other == given);
        if let Some(other) = same.filter(|other| wanted.cases[*other].expect != case.expect) {
            return Err(format!(
                "`{}` and `{}` cannot both be right: they are one call, and expect different things",
                told(other),
                told(place)
            ));
        }
        all.push(given);
    }
    Ok(all)
}

/// Nothing if there is one too few or too many.
fn in_order(names: &[&str], case: &Case) -> Option<Vec<Value>> {
    let by_name = names.get(case.args.len()..)?.iter();
    let by_name: Vec<Value> = by_name
        .map(|name| case.kwargs.get(*name).cloned())
        .collect::<Option<_>>()?;
    let is_all = by_name.len() == case.kwargs.len();
    is_all.then(|| case.args.iter().cloned().chain(by_name).collect())
}

fn is_name(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    name.starts_with(is_letter)
        && name
            .chars()
            .all(|letter| is_letter(letter) || letter.is_ascii_digit())
}

fn told(name: &str, case: &Case) -> String {
    let by_place = case.args.iter().map(ToString::to_string);
    let by_name = case.kwargs.iter();
    let by_name = by_name.map(|(name, value)| format!("{name}={value}"));
    let all: Vec<String> = by_place.chain(by_name).collect();
    let call = format!("{name}({})", all.join(", "));
    match &case.expect {
        Some(expect) => format!("{call} -> {expect}"),
        None => call,
    }
}

/// Inputs that no example has, as calls: among them texts with letters that no example has.
pub(super) fn others(wanted: &Wanted, cases: &[Vec<Value>], seed: u64) -> Vec<(String, String)> {
    let made = cases.iter().map(|given| json!([given, {}]).to_string());
    let made = BTreeMap::from([(wanted.name.clone(), made.collect())]);
    let mut calls = inputs::make(&made, seed, COMPARED_MAX);
    for (place, mark) in STRANGE.iter().enumerate() {
        let mut given = cases[place % cases.len()].clone();
        let Some(text) = given.iter_mut().find_map(|value| match value {
            Value::String(text) => Some(text),
            _ => None,
        }) else {
            break;
        };
        let middle = text
            .char_indices()
            .nth(text.chars().count() / 2)
            .map_or(text.len(), |(at, _)| at);
        text.insert(middle, *mark);
        calls.push((wanted.name.clone(), json!([given, {}]).to_string()));
    }
    calls
}

/// The arguments of a call that [`others`] made.
pub(super) fn read(call: &str) -> Vec<Value> {
    let (given, _named): (Vec<Value>, Value) =
        serde_json::from_str(call).expect("it was written from such a pair");
    given
}
