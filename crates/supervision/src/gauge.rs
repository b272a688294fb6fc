use std::collections::BTreeMap;

use crate::limits::Limits;
use crate::memory::{Origin, Reading};
use crate::pressure::Pressure;

const BASIS_POINTS_PER_PERCENT: u64 = 100;

/// The level of pressure and the reading it comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strain {
    pub(crate) level: Pressure,
    pub(crate) cause: Option<Reading>,
}

/// Turns readings into one level: each origin keeps a level of its own, the most pressing wins.
///
/// A level of its own for each, because a reading that never reached a level must not hold it only
/// since it lies within the hysteresis of what another one reached.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    levels: BTreeMap<Origin, Pressure>,
}

impl Gauge {
    /// The strain by these readings; none at all says nothing, and keeps the level as it is.
    pub(crate) fn update(&mut self, readings: &[Reading], limits: &Limits) -> Option<Strain> {
        let mut levels = BTreeMap::new();
        for reading in readings {
            let before = self
                .levels
                .get(&reading.origin())
                .copied()
                .unwrap_or_default();
            levels.insert(reading.origin(), level_of(reading, before, limits));
        }
        let most_pressing = readings
            .iter()
            .max_by_key(|reading| (levels.get(&reading.origin()), reading.basis_points()))?;
        let level = levels
            .get(&most_pressing.origin())
            .copied()
            .unwrap_or_default();
        self.levels = levels;
        Some(Strain {
            level,
            cause: Some(*most_pressing),
        })
    }
}

/// Rises as soon as a level is reached; falls only when it is left by more than the hysteresis.
fn level_of(reading: &Reading, before: Pressure, limits: &Limits) -> Pressure {
    let reached = highest(reading, limits, 0);
    if reached >= before {
        return reached;
    }
    highest(reading, limits, limits.hysteresis_percent).min(before)
}

/// The highest level whose beginning, lowered by `slack_percent`, is reached.
fn highest(reading: &Reading, limits: &Limits, slack_percent: u64) -> Pressure {
    let begins_percent = |level| match reading.origin() {
        Origin::Stall => limits.stall_percent(level),
        Origin::Process | Origin::Cgroup | Origin::Machine => limits.memory_percent(level),
    };
    Pressure::ALL
        .into_iter()
        .filter(|level| {
            // Nothing but normal may begin at zero, or it could never be left.
            let begins = begins_percent(*level);
            let begins = begins.saturating_sub(slack_percent).max(begins.min(1));
            reading.basis_points() >= begins * BASIS_POINTS_PER_PERCENT
        })
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Pressure::{Critical, High, Normal, Warning};
    use super::*;

    fn process(used_percent: u64) -> Reading {
        Reading::Process {
            used_bytes: used_percent,
            limit_bytes: 100,
        }
    }

    fn machine(used_percent: u64) -> Reading {
        Reading::Machine {
            used_bytes: used_percent,
            limit_bytes: 100,
        }
    }

    fn levels(gauge: &mut Gauge, readings: &[&[Reading]]) -> Vec<Pressure> {
        let limits = Limits::default();
        readings
            .iter()
            .map(|now| gauge.update(now, &limits).unwrap().level)
            .collect()
    }

    #[test]
    fn a_level_is_reached_at_its_threshold_and_left_only_beyond_the_hysteresis() {
        let readings =
            [74, 75, 71, 70, 69, 75, 85, 80, 79, 96, 90, 89, 10].map(|now| [process(now)]);

        let levels = levels(
            &mut Gauge::default(),
            &readings.each_ref().map(<[Reading; 1]>::as_slice),
        );

        assert_eq!(
            levels,
            [
                Normal, Warning, Warning, Warning, Normal, Warning, High, High, Warning, Critical,
                Critical, High, Normal
            ]
        );
    }

    #[test]
    fn the_most_pressing_reading_wins_and_each_falls_by_its_own_history() {
        let mut gauge = Gauge::default();
        let limits = Limits::default();

        let stalled = Reading::Stall {
            some_avg10_basis_points: 2_500,
        };
        let strained = gauge
            .update(&[process(99), machine(72), stalled], &limits)
            .unwrap();
        let relieved = gauge.update(&[process(10), machine(72)], &limits).unwrap();
        let unknown = gauge.update(&[], &limits);

        assert_eq!(
            strained,
            Strain {
                level: Critical,
                cause: Some(process(99))
            }
        );
        assert_eq!(
            relieved,
            Strain {
                level: Normal,
                cause: Some(machine(72))
            }
        );
        assert_eq!(unknown, None);
    }

    #[test]
    fn stalls_have_levels_of_their_own() {
        let stalls = [999, 1_000, 2_500, 5_000, 400].map(|points| {
            [Reading::Stall {
                some_avg10_basis_points: points,
            }]
        });

        let levels = levels(
            &mut Gauge::default(),
            &stalls.each_ref().map(<[Reading; 1]>::as_slice),
        );

        assert_eq!(levels, [Normal, Warning, High, Critical, Normal]);
    }
}
