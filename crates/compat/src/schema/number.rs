//! Numbers of JSON, compared exactly.

use std::{cmp::Ordering, fmt};

/// From here on every number that a float can hold is whole, and none is compared as an integer.
const WHOLE_MAX: f64 = 1.0e30;

/// A number: a whole one in whatever way it is written, or any other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Whole(i128),
    /// It has a fraction, or is beyond [`WHOLE_MAX`].
    Real(f64),
}

impl Number {
    pub(crate) fn of(number: &serde_json::Number) -> Self {
        let whole = number.as_i64().map(i128::from);
        if let Some(whole) = whole.or_else(|| number.as_u64().map(i128::from)) {
            return Self::Whole(whole);
        }
        let real = number.as_f64().unwrap_or(f64::MAX);
        if real.fract() == 0.0 && real.abs() < WHOLE_MAX {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is whole and within the range"
            )]
            let whole = real as i128;
            return Self::Whole(whole);
        }
        Self::Real(real)
    }

    pub(crate) fn is_whole(self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Real(real) => real.fract() == 0.0,
        }
    }

    /// The least integer that is not less, if it can be told.
    pub(crate) fn ceil(self) -> Option<i128> {
        match self {
            Self::Whole(whole) => Some(whole),
            Self::Real(real) => within_range(real.ceil()),
        }
    }

    /// The greatest integer that is not greater, if it can be told.
    pub(crate) fn floor(self) -> Option<i128> {
        match self {
            Self::Whole(whole) => Some(whole),
            Self::Real(real) => within_range(real.floor()),
        }
    }

    pub(crate) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a.cmp(&b),
            (Self::Real(a), Self::Real(b)) => a.total_cmp(&b),
            (Self::Whole(a), Self::Real(b)) => whole_and_real(a, b),
            (Self::Real(a), Self::Whole(b)) => whole_and_real(b, a).reverse(),
        }
    }

    /// Is each multiple of `self` one of `other` too? What floats make of fractions is not
    /// reasoned about, so those have to be the same.
    pub(crate) fn is_multiple_of(self, other: Self) -> bool {
        /// Beyond it a validator may count in floats that skip integers.
        const EXACT_MAX: i128 = 1 << 53;
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => {
                let is_exact = (1..EXACT_MAX).contains(&a) && (1..EXACT_MAX).contains(&b);
                a == b || is_exact && a % b == 0
            }
            (a, b) => a == b,
        }
    }
}

fn within_range(real: f64) -> Option<i128> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is whole and within the range"
    )]
    let whole = real as i128;
    (real.abs() < WHOLE_MAX).then_some(whole)
}

/// A real is never whole within the range of integers, so the two are never equal.
fn whole_and_real(whole: i128, real: f64) -> Ordering {
    match within_range(real.floor()) {
        Some(floor) if whole <= floor => Ordering::Less,
        Some(_) => Ordering::Greater,
        None if real > 0.0 => Ordering::Less,
        None => Ordering::Greater,
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => write!(f, "{whole}"),
            Self::Real(real) => write!(f, "{real}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Number {
        Number::of(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn numbers_are_compared_exactly_where_floats_would_round() {
        let ascending = [
            "-1e300",
            "-9007199254740993",
            "-9007199254740992",
            "-0.5",
            "0",
            "0.1",
            "1",
            "1.5",
            "2",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "1e31",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(of(pair[0]).compare(of(pair[1])), Ordering::Less, "{pair:?}");
            assert_eq!(
                of(pair[1]).compare(of(pair[0])),
                Ordering::Greater,
                "{pair:?}"
            );
        }
        assert_eq!(of("1.0"), of("1"));
    }

    #[test]
    fn multiples_of_whole_numbers_are_told() {
        assert!(of("6").is_multiple_of(of("3.0")));
        assert!(!of("3").is_multiple_of(of("6")));
        assert!(of("0.5").is_multiple_of(of("0.5")));
        assert!(!of("1").is_multiple_of(of("0.1")));
    }
}
