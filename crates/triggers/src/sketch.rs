//! Percentiles of very many numbers in little memory.

use std::collections::BTreeMap;

/// How far a percentile may lie from the true one, as a part of it.
const ERROR: f64 = 0.01;

/// What is larger counts as this: three hours, in microseconds.
const VALUE_MAX: f64 = 1.1e10;

/// Counts numbers of 1 and more in bins that grow by the same factor, so that each percentile is
/// right to 1 %. Sketches add up: that of a whole is the sum of those of its parts, whatever their
/// order.
///
/// Invariant: at most [`Sketch::BINS_MAX`] bins, none of them empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    bins: BTreeMap<u16, u64>,
    count: u64,
}

impl Sketch {
    /// The bins that numbers up to [`VALUE_MAX`] can fall into.
    pub const BINS_MAX: usize = 1_160;

    pub fn add(&mut self, value: f64) {
        *self.bins.entry(bin(value)).or_default() += 1;
        self.count += 1;
    }

    pub fn merge(&mut self, other: &Self) {
        for (bin, count) in &other.bins {
            *self.bins.entry(*bin).or_default() += count;
        }
        self.count += other.count;
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn bins(&self) -> usize {
        self.bins.len()
    }

    /// The number that `percent` of 100 are not above; none without numbers.
    pub fn percentile(&self, percent: u64) -> Option<f64> {
        let rank = (self.count * percent.min(100)).div_ceil(100).max(1);
        let mut below = 0;
        let found = self.bins.iter().find(|(_, count)| {
            below += **count;
            below >= rank
        });
        found.map(|(bin, _)| middle(*bin))
    }
}

fn growth() -> f64 {
    (1.0 + ERROR) / (1.0 - ERROR)
}

fn bin(value: f64) -> u16 {
    let value = if value >= 1.0 {
        value.min(VALUE_MAX)
    } else {
        1.0
    };
    let place = (value.ln() / growth().ln()).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to BINS_MAX"
    )]
    let place = place as u16;
    place
}

/// What lies as far from both ends of a bin, in parts of itself.
fn middle(bin: u16) -> f64 {
    growth().powi(i32::from(bin)) * (1.0 - ERROR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(values: &[u32]) -> Sketch {
        let mut sketch = Sketch::default();
        for value in values {
            sketch.add(f64::from(*value));
        }
        sketch
    }

    proptest! {
        #[test]
        fn parts_that_are_merged_are_the_whole(
            first in prop::collection::vec(1..u32::MAX, 0..200),
            second in prop::collection::vec(1..u32::MAX, 0..200),
        ) {
            let whole = sketch(&[first.clone(), second.clone()].concat());
            let (mut one, mut other) = (sketch(&first), sketch(&second));
            let kept = one.clone();
            one.merge(&other);
            other.merge(&kept);

            prop_assert_eq!(&one, &whole);
            prop_assert_eq!(&other, &whole);
        }

        #[test]
        fn a_percentile_is_right_to_one_percent(
            mut values in prop::collection::vec(1..u32::MAX, 1..500),
            percent in 1..=100_u64,
        ) {
            let told = sketch(&values).percentile(percent).unwrap();

            values.sort_unstable();
            let rank = (values.len() as u64 * percent).div_ceil(100);
            let exact = f64::from(values[usize::try_from(rank).unwrap() - 1]);
            prop_assert!((told - exact).abs() <= exact * (ERROR + 1e-9), "{} for {}", told, exact);
        }
    }

    #[test]
    fn whatever_comes_the_bins_are_bounded() {
        let mut sketch = Sketch::default();
        let mut value = 1e-9;
        while value < 1e30 {
            sketch.add(value);
            value *= 1.001;
        }
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0] {
            sketch.add(odd);
        }

        assert!(sketch.bins() <= Sketch::BINS_MAX, "{}", sketch.bins());
        assert_eq!(sketch.percentile(0), Some(0.99));
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(Sketch::default().percentile(50), None);
    }
}
