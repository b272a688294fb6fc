//! Who is asked, in which order.

use std::sync::Arc;

use crate::{Price, Provider, Strength};

/// A provider, and how strong its answers are taken to be.
#[derive(Clone)]
pub struct Rung {
    pub strength: Strength,
    /// What the provider answers by at this strength: what a call is priced by before it is made.
    pub model: String,
    pub provider: Arc<dyn Provider>,
}

/// Providers from cheap to strong; there is at least one.
#[derive(Clone)]
pub struct Ladder {
    rungs: Vec<Rung>,
}

/// A ladder without a rung.
#[derive(Debug, thiserror::Error)]
#[error("no provider is configured: name at least one")]
pub struct NoRungs;

impl Ladder {
    /// Of one strength, the order stays as it is given.
    pub fn new(mut rungs: Vec<Rung>) -> Result<Self, NoRungs> {
        if rungs.is_empty() {
            return Err(NoRungs);
        }
        rungs.sort_by_key(|rung| rung.strength == Strength::Strong);
        Ok(Self { rungs })
    }

    pub fn has(&self, strength: Strength) -> bool {
        self.rungs.iter().any(|rung| rung.strength == strength)
    }

    /// Those to ask in turn: a cheap question goes up if nobody cheap can answer it, a strong one
    /// goes down only if there is nobody strong.
    pub fn for_strength(&self, strength: Strength) -> &[Rung] {
        if strength == Strength::Cheap || !self.has(Strength::Strong) {
            return &self.rungs;
        }
        let first_strong = self
            .rungs
            .partition_point(|rung| rung.strength == Strength::Cheap);
        &self.rungs[first_strong..]
    }

    /// What a question may cost at most by whoever answers it; `None` if one of them has no price.
    pub fn price_max(&self, strength: Strength) -> Option<Price> {
        self.for_strength(strength)
            .iter()
            .map(|rung| rung.provider.price(&rung.model))
            .reduce(|dearest, price| Some(dearer(dearest?, price?)))
            .flatten()
    }
}

fn dearer(one: Price, other: Price) -> Price {
    Price {
        input_usd: one.input_usd.max(other.input_usd),
        output_usd: one.output_usd.max(other.output_usd),
        cached_usd: one.cached_usd.max(other.cached_usd),
    }
}
