//! The mean of numbers, and how sure it is.

/// Numbers are summed as whole millionths, so that no order of adding changes a sum.
const UNITS: f64 = 1e6;

/// A larger number is none that anybody gave.
const VALUE_MAX: f64 = 1e6;

/// How far the mean of that many numbers less one lies from the true one in 95 of 100 cases, in
/// standard errors (Student's t).
const T_95: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];
const T_95_MANY: f64 = 1.960;

/// Sums from which mean and spread follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    count: u64,
    sum: i128,
    squares: i128,
}

impl Moments {
    pub fn add(&mut self, value: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "at most 10^12 after the bounds"
        )]
        let units = (value.clamp(-VALUE_MAX, VALUE_MAX) * UNITS).round() as i128;
        self.count += 1;
        self.sum += units;
        self.squares += units * units;
    }

    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    #[expect(clippy::cast_precision_loss, reason = "sums of a window")]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64 / UNITS)
    }

    /// Between which the true mean lies in 95 of 100 cases; none of fewer than two numbers.
    #[expect(clippy::cast_precision_loss, reason = "sums of a window")]
    pub fn interval(&self) -> Option<(f64, f64)> {
        let mean = self.mean().filter(|_| self.count > 1)?;
        let count = i128::from(self.count);
        let spread = self.squares * count - self.sum * self.sum;
        let variance = spread as f64 / (count * (count - 1)) as f64 / (UNITS * UNITS);
        let freedom = usize::try_from(self.count - 1).unwrap_or(usize::MAX);
        let t = T_95.get(freedom - 1).copied().unwrap_or(T_95_MANY);
        let half = t * (variance / self.count as f64).sqrt();
        Some((mean - half, mean + half))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        for value in values {
            moments.add(*value);
        }
        moments
    }

    proptest! {
        #[test]
        fn parts_that_are_merged_are_the_whole(
            first in prop::collection::vec(-1.0..=1.0_f64, 0..50),
            second in prop::collection::vec(-1.0..=1.0_f64, 0..50),
        ) {
            let whole = of(&[first.clone(), second.clone()].concat());
            let mut merged = of(&second);
            merged.merge(&of(&first));

            prop_assert_eq!(merged, whole);
        }
    }

    #[test]
    fn the_interval_is_that_of_the_textbook() {
        // Mean 3, standard deviation 1.5811, 5 numbers: 3 ± 2.776 * 1.5811 / √5.
        let (low, high) = of(&[1.0, 2.0, 3.0, 4.0, 5.0]).interval().unwrap();

        assert!((low - 1.037).abs() < 1e-3, "{low}");
        assert!((high - 4.963).abs() < 1e-3, "{high}");
        assert_eq!(of(&[0.5]).interval(), None);
        assert_eq!(of(&[0.5, 0.5]).interval(), Some((0.5, 0.5)));
    }
}
