//! Pairs of schemas, each with the verdict that people came to.

use compat::Bump;
use serde::Deserialize;
use serde_json::Value;

use crate::{of_input, of_output, of_state};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    name: String,
    #[serde(rename = "as")]
    way: String,
    old: Value,
    new: Value,
    #[serde(default)]
    migrates: bool,
    bump: Bump,
    /// Where one of the reasons points.
    at: Option<String>,
    /// What the same reason says.
    what: Option<String>,
}

/// What is wrong with the verdict on a pair.
fn disagreement(pair: &Pair) -> Option<String> {
    let verdict = match pair.way.as_str() {
        "input" => of_input(&pair.old, &pair.new),
        "output" => of_output(&pair.old, &pair.new),
        "state" => of_state(&pair.old, &pair.new, pair.migrates),
        other => panic!("`{}` is about {other}, which there is not", pair.name),
    };
    let is_told = verdict.decisive().any(|reason| {
        let is_there = pair.at.is_none() || pair.at == reason.pointer;
        is_there && pair.what.as_ref().is_none_or(|what| *what == reason.what)
    });
    let is_silent = pair.at.is_none() && pair.what.is_none();
    if verdict.bump == pair.bump && (is_told || is_silent) {
        return None;
    }
    let reasons: Vec<String> = verdict.reasons.iter().map(ToString::to_string).collect();
    Some(format!(
        "{}: expected {} {:?} {:?}, found {}: {reasons:#?}",
        pair.name, pair.bump, pair.at, pair.what, verdict.bump
    ))
}

#[test]
fn every_pair_has_the_verdict_that_people_came_to() {
    let lines = include_str!("pairs.jsonl").lines();
    let pairs: Vec<Pair> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    let disagreements: Vec<_> = pairs.iter().filter_map(disagreement).collect();

    assert!(pairs.len() >= 60, "{} pairs", pairs.len());
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}
