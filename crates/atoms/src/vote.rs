//! First to be ahead by k: which of several answers is taken.
//!
//! Only what passed the tests is a candidate, and equal candidates have equal keys; both are the
//! caller's to say. An answer that was discarded is a sample and no vote.

mod estimate;
mod reliability;

use std::collections::HashMap;

use model::Digest;
use serde::{Deserialize, Serialize};

pub use self::estimate::{Estimate, Estimates};
pub use self::reliability::{K_MAX, k_for, probability_right, votes_expected};

/// How long a vote may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteBounds {
    /// Votes and discarded answers together.
    pub samples_max: u32,
    /// Discarded answers: past this, more of them are not worth their price.
    pub flagged_max: u32,
}

impl Default for VoteBounds {
    fn default() -> Self {
        Self {
            samples_max: SAMPLES_MAX,
            flagged_max: FLAGGED_MAX,
        }
    }
}

/// Lets k = 6 be reached at an error rate of a fifth in all but one or two votes of a hundred.
const SAMPLES_MAX: u32 = 24;
const FLAGGED_MAX: u32 = 8;

/// How a vote stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Open,
    /// The index under which the winner was added first.
    Won(usize),
    /// No candidate can get ahead by k any more.
    Exhausted(Exhaustion),
}

/// What a vote without a winner came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exhaustion {
    pub k: u32,
    pub samples: u32,
    pub flagged: u32,
    /// Most votes first; of as many, the one that was there first.
    pub candidates: Vec<Candidate>,
}

/// An answer, and how many agree with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub key: Digest,
    /// Under which it was added first.
    pub index: usize,
    pub votes: u32,
}

impl Exhaustion {
    /// Do answers that all passed the tests differ? Then the task leaves something open that more
    /// votes will not settle, and somebody should be asked.
    pub fn is_disagreement(&self) -> bool {
        self.candidates.len() > 1
    }
}

/// A vote that is being held.
#[derive(Clone, Debug)]
pub struct Vote {
    k: u32,
    bounds: VoteBounds,
    flagged: u32,
    /// In the order in which they came.
    candidates: Vec<Candidate>,
    places: HashMap<Digest, usize>,
    standing: Standing,
}

impl Vote {
    /// A lead of 0 would be no vote: it is taken for 1.
    pub fn new(k: u32, bounds: VoteBounds) -> Self {
        let mut vote = Self {
            k: k.max(1),
            bounds,
            flagged: 0,
            candidates: Vec::new(),
            places: HashMap::new(),
            standing: Standing::Open,
        };
        vote.settle();
        vote
    }

    /// Adds a vote. What comes after the end changes nothing.
    pub fn add(&mut self, key: Digest, index: usize) -> Standing {
        if self.standing == Standing::Open {
            let next = self.candidates.len();
            let place = *self.places.entry(key).or_insert(next);
            if place == next {
                let votes = 0;
                self.candidates.push(Candidate { key, index, votes });
            }
            self.candidates[place].votes += 1;
            self.settle();
        }
        self.standing.clone()
    }

    /// Adds an answer that was discarded.
    pub fn flag(&mut self) -> Standing {
        if self.standing == Standing::Open {
            self.flagged += 1;
            self.settle();
        }
        self.standing.clone()
    }

    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// How many samples have been taken.
    pub fn samples(&self) -> u32 {
        self.votes() + self.flagged
    }

    /// The least number of votes that could end it now: so many may be asked for at once without
    /// one too many. 0 when it has ended.
    pub fn votes_wanted(&self) -> u32 {
        match self.standing {
            Standing::Open => self.k - self.lead(),
            Standing::Won(_) | Standing::Exhausted(_) => 0,
        }
    }

    /// The votes for the one that leads, and those for all others: what [`Estimate`] learns from.
    pub fn votes_for_and_against(&self) -> (u32, u32) {
        let first = self.ranked().first().map_or(0, |leader| leader.votes);
        (first, self.votes() - first)
    }

    fn votes(&self) -> u32 {
        self.candidates
            .iter()
            .map(|candidate| candidate.votes)
            .sum()
    }

    fn ranked(&self) -> Vec<Candidate> {
        let mut ranked = self.candidates.clone();
        // The sort is stable: equals stay in the order in which they came.
        ranked.sort_by_key(|candidate| std::cmp::Reverse(candidate.votes));
        ranked
    }

    fn lead(&self) -> u32 {
        let ranked = self.ranked();
        let votes = |place: usize| ranked.get(place).map_or(0, |candidate| candidate.votes);
        votes(0) - votes(1)
    }

    fn settle(&mut self) {
        let lead = self.lead();
        let left = self.bounds.samples_max.saturating_sub(self.samples());
        let has_too_many_flagged = self.flagged > self.bounds.flagged_max;
        if lead >= self.k {
            self.standing = Standing::Won(self.ranked()[0].index);
        } else if self.k - lead > left || has_too_many_flagged {
            self.standing = Standing::Exhausted(Exhaustion {
                k: self.k,
                samples: self.samples(),
                flagged: self.flagged,
                candidates: self.ranked(),
            });
        }
    }
}
