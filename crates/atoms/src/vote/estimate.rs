//! How often an atom's answer is right, as far as votes have shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::reliability::k_for;
use crate::AtomKind;

/// What is thought before anything was seen: nine of ten, held as lightly as ten votes.
const PRIOR_RIGHT: f64 = 9.0;
const PRIOR_WRONG: f64 = 1.0;

/// Votes beyond this many make older ones fade, so that a model that changed is noticed.
const VOTES_REMEMBERED_MAX: f64 = 500.0;

/// A running estimate of p, the probability that a vote is right (a Beta distribution).
///
/// Votes are counted as right when they agree with the one that led. That is a little too kind,
/// by the factor 1 / (2P - 1) on 2p - 1 where P is [`super::probability_right`]: under 1 % at
/// p = 0.9, k = 3.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    right: f64,
    wrong: f64,
}

impl Default for Estimate {
    fn default() -> Self {
        Self {
            right: PRIOR_RIGHT,
            wrong: PRIOR_WRONG,
        }
    }
}

impl Estimate {
    /// Learns from a vote: see [`super::Vote::votes_for_and_against`].
    pub fn learn(&mut self, votes_for: u32, votes_against: u32) {
        self.right += f64::from(votes_for);
        self.wrong += f64::from(votes_against);
        let remembered = self.right + self.wrong;
        if remembered > VOTES_REMEMBERED_MAX {
            let kept = VOTES_REMEMBERED_MAX / remembered;
            self.right *= kept;
            self.wrong *= kept;
        }
    }

    pub fn mean(&self) -> f64 {
        self.right / (self.right + self.wrong)
    }
}

/// An estimate for each kind of atom.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Estimates(BTreeMap<AtomKind, Estimate>);

impl Estimates {
    pub fn of(&self, kind: AtomKind) -> Estimate {
        self.0.get(&kind).copied().unwrap_or_default()
    }

    pub fn learn(&mut self, kind: AtomKind, votes_for: u32, votes_against: u32) {
        let estimate = self.0.entry(kind).or_default();
        estimate.learn(votes_for, votes_against);
    }

    /// The lead that makes `steps` votes of this kind all right with probability `target`.
    pub fn k_for(&self, kind: AtomKind, steps: u32, target: f64) -> u32 {
        k_for(self.of(kind).mean(), steps, target)
    }
}
