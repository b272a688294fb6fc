//! What the atoms of one job share: facts that one found and another needs, and claims on symbols
//! so that two of them do not change the same one.

mod lessons;

use std::sync::{Arc, Mutex, MutexGuard};

use serde::{Deserialize, Serialize};

pub use self::lessons::{Lesson, Lessons};

const FACTS_MAX: usize = 32;
const TOPIC_CHARS_MAX: usize = 120;
const FACT_CHARS_MAX: usize = 400;

/// Facts and claims of one job. Clones are the same board.
#[derive(Clone, Debug, Default)]
pub struct Board {
    facts: Arc<Mutex<Vec<Fact>>>,
    claims: Arc<Mutex<Claims>>,
}

/// What is known about a topic, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub topic: String,
    pub text: String,
    pub by: String,
}

#[derive(Debug, Default)]
struct Claims {
    held: Vec<Held>,
    next: u64,
}

#[derive(Debug)]
struct Held {
    number: u64,
    by: String,
    symbols: Vec<String>,
}

/// The sole right to change symbols, until it is dropped.
#[must_use = "a claim that is dropped is released"]
#[derive(Debug)]
pub struct Claim {
    claims: Arc<Mutex<Claims>>,
    number: u64,
}

/// A symbol that somebody else is at work on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{symbol}` is being changed by {by}: wait until it is done, or change something else")]
pub struct Taken {
    pub by: String,
    /// The one that was asked for.
    pub symbol: String,
}

impl Board {
    /// Goes on with facts that were kept.
    pub fn with_facts(facts: Vec<Fact>) -> Self {
        let board = Self::default();
        for fact in facts {
            board.tell(&fact.by, &fact.topic, &fact.text);
        }
        board
    }

    /// Tells a fact; what was known about its topic is replaced, and the oldest makes room.
    pub fn tell(&self, by: &str, topic: &str, text: &str) {
        let fact = Fact {
            topic: clip(topic, TOPIC_CHARS_MAX),
            text: clip(text, FACT_CHARS_MAX),
            by: clip(by, TOPIC_CHARS_MAX),
        };
        let mut facts = lock(&self.facts);
        facts.retain(|known| known.topic != fact.topic);
        if facts.len() == FACTS_MAX {
            facts.remove(0);
        }
        facts.push(fact);
    }

    /// All that is known, the newest last.
    pub fn facts(&self) -> Vec<Fact> {
        lock(&self.facts).clone()
    }

    /// Claims all of these symbols or none. A module (`PATH`) is all that is in it, and a class all
    /// of its methods.
    pub fn claim(&self, by: &str, symbols: &[String]) -> Result<Claim, Taken> {
        let mut claims = lock(&self.claims);
        for symbol in symbols {
            if let Some(held) = claims.held.iter().find(|held| held.covers(symbol)) {
                return Err(Taken {
                    by: held.by.clone(),
                    symbol: symbol.clone(),
                });
            }
        }
        let number = claims.next;
        claims.next += 1;
        claims.held.push(Held {
            number,
            by: by.to_owned(),
            symbols: symbols.to_vec(),
        });
        Ok(Claim {
            claims: Arc::clone(&self.claims),
            number,
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock(&self.claims)
            .held
            .retain(|held| held.number != self.number);
    }
}

impl Held {
    fn covers(&self, symbol: &str) -> bool {
        self.symbols.iter().any(|held| overlap(held, symbol))
    }
}

fn overlap(one: &str, other: &str) -> bool {
    let (one_path, one_name) = split(one);
    let (other_path, other_name) = split(other);
    let is_within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    one_path == other_path
        && match (one_name, other_name) {
            (None, _) | (_, None) => true,
            (Some(one), Some(other)) => is_within(one, other) || is_within(other, one),
        }
}

fn split(symbol: &str) -> (&str, Option<&str>) {
    symbol
        .split_once("::")
        .map_or((symbol, None), |(path, name)| (path, Some(name)))
}

fn clip(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding it")
}
