//! What the search is measured against: mutations drawn by chance, with nothing that tells which are likely.

use std::sync::Arc;

use super::{SLICE, Search, State};
use crate::{
    bench::BenchError,
    edits::{self, Class, Edit, Evidence, Tier},
    program::Program,
    rank::real,
};

/// What mutation tools do: these, and whole statements left out.
const CLASSES: [Class; 8] = [
    Class::Operator,
    Class::Number,
    Class::Constant,
    Class::Text,
    Class::Name,
    Class::Method,
    Class::Condition,
    Class::Statement,
];
const AT_A_TIME_MAX: usize = 3;

/// Goes on until one passes or the time is over.
pub(crate) fn by_chance(
    search: &mut Search<'_>,
    program: &Arc<Program>,
    seed: u64,
) -> Result<(), BenchError> {
    let root = State::root(program);
    let mut all: Vec<Edit> = Vec::new();
    for unit in 0..program.units.len() {
        let edits = edits::of(program, unit, &Evidence::default(), Tier::Small);
        all.extend(
            edits
                .into_iter()
                .filter(|edit| CLASSES.contains(&edit.class)),
        );
    }
    let mut chance = fastrand::Rng::with_seed(seed);
    while !all.is_empty() && !search.is_cut && search.passers.is_empty() {
        let drawn: Vec<Vec<Edit>> = (0..SLICE).map(|_| draw(&all, &mut chance)).collect();
        let candidates: Vec<_> = drawn.iter().map(|edits| root.candidate(edits)).collect();
        let outcomes = search.attempt(&candidates)?;
        for ((edits, candidate), outcome) in drawn.into_iter().zip(candidates).zip(outcomes) {
            let cost = real(edits.len());
            search.judge(&root, edits, candidate, cost, &outcome);
        }
        search.partials.clear();
        search.alive.clear();
    }
    search.passers.truncate(1);
    Ok(())
}

fn draw(all: &[Edit], chance: &mut fastrand::Rng) -> Vec<Edit> {
    let mut drawn: Vec<Edit> = Vec::new();
    for _ in 0..chance.usize(1..=AT_A_TIME_MAX) {
        let edit = &all[chance.usize(..all.len())];
        let is_apart = drawn
            .iter()
            .all(|other| other.range.end < edit.range.start || edit.range.end < other.range.start);
        if is_apart {
            drawn.push(edit.clone());
        }
    }
    drawn
}
