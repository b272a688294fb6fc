//! Which model is asked, and what it costs.

use std::collections::BTreeMap;

use crate::{Price, Strength};

/// The model for each strength, as the provider names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Models {
    pub cheap: String,
    pub strong: String,
}

/// What models cost, by name.
pub type Prices = BTreeMap<String, Price>;

impl Models {
    pub(super) fn of(&self, strength: Strength) -> &str {
        match strength {
            Strength::Cheap => &self.cheap,
            Strength::Strong => &self.strong,
        }
    }
}

/// What a model costs; servers answer with longer names (`model-20250101`) than they are asked by,
/// so the longest name that begins the model's is taken.
pub(super) fn price(prices: &Prices, model: &str) -> Option<Price> {
    let fitting = prices.iter().filter(|(name, _)| model.starts_with(*name));
    let longest = fitting.max_by_key(|(name, _)| name.len());
    longest.map(|(_, price)| *price)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_input(input_usd: f64) -> Price {
        Price {
            input_usd,
            ..Price::default()
        }
    }

    #[test]
    fn a_dated_model_costs_what_its_longest_known_name_costs() {
        let prices = Prices::from([
            ("small".to_owned(), of_input(1.0)),
            ("small-4".to_owned(), of_input(2.0)),
        ]);

        let found = ["small-4-20260101", "small", "large"].map(|model| price(&prices, model));

        assert_eq!(found, [Some(of_input(2.0)), Some(of_input(1.0)), None]);
    }
}
