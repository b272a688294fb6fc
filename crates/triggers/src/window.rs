//! The figures of the last while, in parts that are let go of one by one.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::{figures::Figures, observation::Observation};

/// How finely a window moves.
const PARTS: i64 = 60;

const MICROS_A_SECOND: i64 = 1_000_000;

/// Invariant: parts are in order, none is empty, and there are at most [`PARTS`] of them. Where a
/// part begins depends on the clock alone, so that reading again makes the same parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Window {
    part_us: i64,
    parts: VecDeque<(i64, Figures)>,
}

impl Window {
    pub(crate) fn new(window_s: u64) -> Self {
        let seconds = i64::try_from(window_s).unwrap_or(i64::MAX / MICROS_A_SECOND);
        Self {
            part_us: (seconds * MICROS_A_SECOND / PARTS).max(1),
            parts: VecDeque::new(),
        }
    }

    pub(crate) fn add(&mut self, at: Timestamp, observation: &Observation) {
        let part = self.part(at);
        // Times never decrease in a journal: what is older than the newest part belongs to it.
        match self.parts.back_mut() {
            Some((newest, figures)) if *newest >= part => figures.add(observation),
            _ => {
                let mut figures = Figures::default();
                figures.add(observation);
                self.parts.push_back((part, figures));
                self.forget(part);
            }
        }
    }

    /// Of the time up to `now`.
    pub(crate) fn figures(&self, now: Timestamp) -> Figures {
        let newest = self.part(now);
        let mut sum = Figures::default();
        for (part, figures) in &self.parts {
            if is_in(*part, newest) {
                sum.merge(figures);
            }
        }
        sum
    }

    fn forget(&mut self, newest: i64) {
        while let Some((part, _)) = self.parts.front()
            && !is_in(*part, newest)
        {
            self.parts.pop_front();
        }
    }

    fn part(&self, at: Timestamp) -> i64 {
        at.as_microsecond().div_euclid(self.part_us)
    }
}

fn is_in(part: i64, newest: i64) -> bool {
    part > newest - PARTS
}
