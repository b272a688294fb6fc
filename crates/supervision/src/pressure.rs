use std::fmt;

use serde::{Deserialize, Serialize};

/// How short memory is, from no concern to the last moment before the system kills something.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Pressure {
    #[default]
    Normal,
    Warning,
    High,
    Critical,
}

impl Pressure {
    pub const ALL: [Self; 4] = [Self::Normal, Self::Warning, Self::High, Self::Critical];

    /// The levels a service is told on the way from this one to `target`.
    ///
    /// Rising, every level between, so that mild measures come before drastic ones. Falling, the
    /// target alone: to be told High when it is Normal again would start measures for nothing.
    pub(crate) fn steps_to(self, target: Self) -> impl Iterator<Item = Self> {
        let rising = Self::ALL
            .into_iter()
            .filter(move |level| *level > self && *level <= target);
        rising.chain((target < self).then_some(target))
    }
}

impl fmt::Display for Pressure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Normal => "normal",
            Self::Warning => "warning",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Pressure::{self, Critical, High, Normal, Warning};

    #[test]
    fn a_jump_up_passes_every_level_and_a_fall_goes_straight_to_its_end() {
        let steps = |from: Pressure, to| from.steps_to(to).collect::<Vec<_>>();

        assert_eq!(steps(Normal, Critical), [Warning, High, Critical]);
        assert_eq!(steps(Warning, High), [High]);
        assert_eq!(steps(Critical, Normal), [Normal]);
        assert_eq!(steps(Critical, High), [High]);
        assert_eq!(steps(High, High), []);
    }
}
