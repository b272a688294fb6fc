//! What a question has taken so far.

use std::time::Duration;

use super::Rung;
use crate::{Usage, budget::cost_usd};

/// What was used on the way, and what that cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paid {
    pub usage: Usage,
    /// `None` if nobody knows the price of a part of it.
    pub cost_usd: Option<f64>,
}

/// What has been spent on a question until now, by all who were asked.
#[derive(Default)]
pub(super) struct Effort {
    pub(super) attempts: u32,
    pub(super) waited: Duration,
    pub(super) paid: Paid,
}

impl Default for Paid {
    /// Nothing costs nothing.
    fn default() -> Self {
        Self {
            usage: Usage::default(),
            cost_usd: Some(0.0),
        }
    }
}

impl Effort {
    pub(super) fn pay(&mut self, rung: &Rung, model: &str, usage: Usage) {
        // Servers answer with names more exact than those that prices are known by.
        let price = rung.provider.price(model);
        let price = price.or_else(|| rung.provider.price(&rung.model));
        let cost_usd = price.map(|price| cost_usd(&price, usage));
        self.paid.usage = self.paid.usage + usage;
        self.paid.cost_usd = self.paid.cost_usd.zip(cost_usd).map(|(sum, it)| sum + it);
    }
}
