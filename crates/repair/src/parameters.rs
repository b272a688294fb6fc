//! Values of a state document: where a number there is at fault, no code is. One value at a time first, then
//! all numbers together.

mod evolution;

use std::{sync::Arc, time::Instant};

use serde_json::{Number, Value};

use self::evolution::Evolution;
use crate::{
    bench::{BenchError, Candidate, Order},
    journal::Journal,
    pool::Pool,
    program::Program,
    rank::real,
};

/// What tools find as state, as a part.
pub(crate) const STATE: &str = "#state";

/// Numbers that are moved together.
const TOGETHER_MAX: usize = 12;
const GENERATIONS_MAX: usize = 60;
const LEAVES_MAX: usize = 200;
const DEPTH_MAX: usize = 8;
/// What a test that passes is worth beside how near the others are.
const PASSED: f64 = 10.0;
/// Behind the first document that passes none is tried.
const PIECES_AFTER: usize = 0;

/// What is no further away than this is likelier at fault than any code.
const NEAR: f64 = 5.0;

/// A document with which all tests pass.
pub(crate) struct Moved {
    pub(crate) document: Value,
    /// Is it one value, hardly changed?
    pub(crate) is_near: bool,
}

/// A search for other values.
pub(crate) struct Parameters<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) order: &'a Order,
    pub(crate) journal: &'a Journal,
    pub(crate) program: &'a Arc<Program>,
    /// What a document has to satisfy, as JSON Schema.
    pub(crate) schema: &'a Value,
    pub(crate) until: Instant,
    pub(crate) seed: u64,
    pub(crate) tried: usize,
}

impl Parameters<'_> {
    /// The document nearest to this one with which all tests pass.
    pub(crate) fn search(&mut self, state: &Value) -> Result<Option<Moved>, BenchError> {
        // What is no schema allows anything: the release that takes the state refuses it by name.
        let schema = jsonschema::validator_for(self.schema).ok();
        let is_allowed = |document: &Value| {
            schema
                .as_ref()
                .is_none_or(|schema| schema.is_valid(document))
        };
        let leaves = leaves(state);
        let mut moves: Vec<(f64, Value)> = Vec::new();
        for leaf in &leaves {
            let Some(value) = state.pointer(leaf) else {
                continue;
            };
            for (cost, other) in others(value) {
                moves.push((cost, with(state, leaf, other)));
            }
        }
        moves.retain(|(_, document)| is_allowed(document));
        moves.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (costs, documents): (Vec<f64>, Vec<Value>) = moves.into_iter().unzip();
        let scores = self.scores(&documents)?;
        if let Some((place, _)) = scores
            .iter()
            .enumerate()
            .find(|(_, score)| score.is_infinite())
        {
            return Ok(Some(Moved {
                document: documents[place].clone(),
                is_near: costs[place] <= NEAR,
            }));
        }
        // Only those numbers that the tests depend on are moved together.
        let base = self.scores(std::slice::from_ref(state))?;
        let base = base.first().copied().unwrap_or(0.0);
        let matters = |leaf: &&String| {
            documents.iter().zip(&scores).any(|(document, score)| {
                document.pointer(leaf) != state.pointer(leaf) && (score - base).abs() > 1e-9
            })
        };
        let numbers: Vec<String> = leaves
            .iter()
            .filter(|leaf| state.pointer(leaf).is_some_and(Value::is_number))
            .filter(matters)
            .take(TOGETHER_MAX)
            .cloned()
            .collect();
        if numbers.len() < 2 {
            return Ok(None);
        }
        let found = self.evolve(state, &numbers)?;
        let allowed = found.filter(is_allowed);
        Ok(allowed.map(|document| Moved {
            document,
            is_near: false,
        }))
    }

    fn evolve(&mut self, state: &Value, numbers: &[String]) -> Result<Option<Value>, BenchError> {
        let start: Vec<f64> = numbers
            .iter()
            .map(|leaf| state.pointer(leaf).and_then(Value::as_f64).unwrap_or(0.0))
            .collect();
        let mut evolution = Evolution::new(numbers.len(), self.seed);
        for _ in 0..GENERATIONS_MAX {
            if Instant::now() >= self.until {
                return Ok(None);
            }
            let drawn = evolution.draw();
            let documents: Vec<Value> = drawn
                .iter()
                .map(|steps| {
                    let mut document = state.clone();
                    for ((leaf, start), step) in numbers.iter().zip(&start).zip(steps) {
                        let scale = if *start == 0.0 { 1.0 } else { start.abs() };
                        document =
                            with(&document, leaf, like(&document, leaf, start + scale * step));
                    }
                    document
                })
                .collect();
            let scores = self.scores(&documents)?;
            if scores.len() < documents.len() {
                return Ok(None);
            }
            if let Some(place) = scores.iter().position(|score| score.is_infinite()) {
                return Ok(Some(documents[place].clone()));
            }
            evolution.learn(drawn, &scores);
        }
        Ok(None)
    }

    /// How good each document is; the greatest of all if everything passes.
    fn scores(&mut self, documents: &[Value]) -> Result<Vec<f64>, BenchError> {
        let candidates: Vec<Candidate> = documents
            .iter()
            .map(|document| Candidate {
                base: Arc::clone(self.program),
                splices: Vec::new(),
                parts: vec![(STATE.to_owned(), document.to_string())],
            })
            .collect();
        let tried = self.pool.try_all(
            &candidates,
            self.order,
            self.journal,
            self.until,
            PIECES_AFTER,
            &|_| {},
        )?;
        self.tried += tried.outcomes.len();
        let tests = self.order.failing.len() + self.order.passing.len();
        let score = |outcome: &crate::bench::Outcome| {
            if outcome.is_pass(tests) {
                return f64::INFINITY;
            }
            let failing = self.order.failing.len().min(outcome.letters.len());
            let (first, rest) = outcome.letters.split_at(failing);
            let broken = rest.len() - rest.matches('P').count();
            PASSED * real(first.matches('P').count()) + outcome.near - PASSED * real(broken)
        };
        Ok(tried.outcomes.iter().map(score).collect())
    }
}

/// Where values are that are no containers, as JSON Pointers.
fn leaves(state: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, depth: usize, found: &mut Vec<String>) {
        if found.len() >= LEAVES_MAX || depth > DEPTH_MAX {
            return;
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    walk(member, &format!("{at}/{name}"), depth + 1, found);
                }
            }
            Value::Number(_) | Value::Bool(_) => found.push(at.to_owned()),
            // Texts and lists are content, and not settings of a search.
            Value::Array(_) | Value::String(_) | Value::Null => {}
        }
    }
    let mut found = Vec::new();
    walk(state, "", 0, &mut found);
    found
}

/// Other values of the same type, with how far away each is.
fn others(value: &Value) -> Vec<(f64, Value)> {
    match value {
        Value::Bool(is) => vec![(1.0, Value::Bool(!is))],
        Value::Number(number) => number
            .as_i64()
            .map_or_else(|| fractions(number.as_f64().unwrap_or(0.0)), whole_numbers),
        _ => Vec::new(),
    }
}

fn whole_numbers(whole: i64) -> Vec<(f64, Value)> {
    let near = [1, -1, 2, -2, 3, -3, 5, -5, 10, -10].map(|step| whole.saturating_add(step));
    let far = [
        whole / 2,
        whole.saturating_mul(2),
        whole / 10,
        whole.saturating_mul(10),
    ];
    let common = [0, 1, 20, 50, 100, 1000];
    let all = near.into_iter().chain(far).chain(common).enumerate();
    all.filter(|(_, other)| *other != whole)
        .map(|(place, other)| (1.0 + real(place), Value::from(other)))
        .collect()
}

fn fractions(float: f64) -> Vec<(f64, Value)> {
    let factors = [1.1, 0.9, 1.25, 0.8, 1.5, 0.5, 2.0, 3.0, 0.25, 10.0, 0.1];
    let scaled = factors.into_iter().map(|factor| float * factor);
    let all = scaled.chain([0.0, 1.0, 0.5]).enumerate();
    all.map(|(place, other)| (1.5 + real(place), short(other)))
        .collect()
}

/// A number with as many digits as people write.
fn short(number: f64) -> Value {
    let rounded: f64 = format!("{number:.4}").parse().unwrap_or(number);
    Number::from_f64(rounded).map_or(Value::Null, Value::Number)
}

/// A number of the type that is there.
fn like(document: &Value, leaf: &str, number: f64) -> Value {
    let is_whole = document.pointer(leaf).is_some_and(Value::is_i64);
    if is_whole {
        let text = format!("{number:.0}");
        return text.parse::<i64>().map_or(Value::Null, Value::from);
    }
    short(number)
}

fn with(document: &Value, leaf: &str, value: Value) -> Value {
    let mut changed = document.clone();
    if let Some(place) = changed.pointer_mut(leaf) {
        *place = value;
    }
    changed
}
