//! Pairs of small edits that only help together.

use std::sync::Arc;

use super::{SLICE, Search, State};
use crate::{bench::BenchError, edits::Edit, program::Program};

/// Of how many edits, the likeliest first.
const EDITS_MAX: usize = 1_200;

impl Search<'_> {
    /// Tries pairs by what they cost together, until one passes or the time is over.
    pub(super) fn pairs(&mut self, program: &Arc<Program>) -> Result<(), BenchError> {
        let root = State::root(program);
        let alive: Vec<Edit> = self.alive.iter().take(EDITS_MAX).cloned().collect();
        let mut sums = (1..2 * alive.len()).flat_map(|sum| {
            let first = sum.saturating_sub(alive.len() - 1)..sum.div_ceil(2);
            first.map(move |one| (one, sum - one))
        });
        loop {
            let slice: Vec<[Edit; 2]> = sums
                .by_ref()
                .filter(|(one, other)| is_apart(&alive[*one], &alive[*other]))
                .take(SLICE)
                .map(|(one, other)| [alive[one].clone(), alive[other].clone()])
                .collect();
            if slice.is_empty() {
                return Ok(());
            }
            let candidates: Vec<_> = slice.iter().map(|pair| root.candidate(pair)).collect();
            let outcomes = self.attempt(&candidates)?;
            for ((pair, candidate), outcome) in slice.into_iter().zip(candidates).zip(outcomes) {
                let cost = pair[0].cost + pair[1].cost;
                self.judge(&root, pair.to_vec(), candidate, cost, &outcome);
            }
            if self.is_done() {
                return Ok(());
            }
        }
    }
}

fn is_apart(one: &Edit, other: &Edit) -> bool {
    one.range.end <= other.range.start && one.range.start < other.range.start
        || other.range.end <= one.range.start && other.range.start < one.range.start
}
