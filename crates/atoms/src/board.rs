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
    claims: Arc<Mutex<Vec<Claim>>>,
}

/// What is known about a topic, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub topic: String,
    pub text: String,
    pub by: String,
}

#[derive(Debug)]
struct Claim {
    by: String,
    symbols: Vec<String>,
}

/// A symbol that somebody else is at work on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{symbol}` is being changed beside this, by {by}: change it after that, or something else"
)]
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

    /// Claims all of these symbols or none, for as long as there is a board: a claim holds against
    /// all who are at work at the same time, which the caller knows. A module (`PATH`) is all that
    /// is in it, and a class all of its methods.
    pub fn claim(
        &self,
        by: &str,
        symbols: &[String],
        is_peer: impl Fn(&str) -> bool,
    ) -> Result<(), Taken> {
        let mut claims = lock(&self.claims);
        for symbol in symbols {
            let is_taken = |claim: &&Claim| claim.covers(symbol) && is_peer(&claim.by);
            if let Some(claim) = claims.iter().find(is_taken) {
                return Err(Taken {
                    by: claim.by.clone(),
                    symbol: symbol.clone(),
                });
            }
        }
        claims.push(Claim {
            by: by.to_owned(),
            symbols: symbols.to_vec(),
        });
        Ok(())
    }
}

impl Claim {
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
