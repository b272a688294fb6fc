//! A program on the way: the one that is repaired, with edits that brought it nearer.

use std::{
    cmp::Ordering,
    collections::BTreeSet,
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering as Memory},
    },
};

use crate::{
    bench::Candidate,
    edits::{Edit, Tier},
    program::Program,
    rank::real,
};

/// No repair has more edits.
const EDITS_MAX: usize = 3;

/// What tests say of a state.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Standing {
    /// Failing tests that pass now.
    pub(crate) fixed: usize,
    /// Passing tests that fail now.
    pub(crate) broken: usize,
    /// How much nearer the failing ones are.
    pub(crate) gain: f64,
    pub(crate) behaviour: String,
    pub(crate) letters: String,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) program: Arc<Program>,
    pub(crate) edits: Vec<Edit>,
    pub(crate) cost: f64,
    /// The parts that differ from the program that is repaired.
    pub(crate) changed: BTreeSet<String>,
    standing: Standing,
    /// How much larger it is, by the line where.
    growth: Vec<(usize, isize)>,
    expanded: AtomicU8,
}

impl State {
    pub(crate) fn root(program: &Arc<Program>) -> Arc<Self> {
        Arc::new(Self {
            program: Arc::clone(program),
            edits: Vec::new(),
            cost: 0.0,
            changed: BTreeSet::new(),
            standing: Standing::default(),
            growth: Vec::new(),
            expanded: AtomicU8::new(0),
        })
    }

    pub(crate) fn is_root(&self) -> bool {
        self.edits.is_empty()
    }

    /// This state after more edits, if that is a program.
    pub(crate) fn next(
        &self,
        edits: Vec<Edit>,
        text: &str,
        cost: f64,
        standing: Standing,
    ) -> Option<Self> {
        if self.edits.len() + edits.len() >= EDITS_MAX {
            return None;
        }
        let program = Program::parse(text).ok()?;
        let mut changed = self.changed.clone();
        let mut growth = self.growth.clone();
        for edit in &edits {
            changed.insert(self.program.units[edit.unit].name.clone());
            let before = self.program.text[edit.range.clone()].matches('\n').count();
            let after = edit.text.matches('\n').count();
            growth.push((edit.line, after.cast_signed() - before.cast_signed()));
        }
        Some(Self {
            program: Arc::new(program),
            edits: self.edits.iter().cloned().chain(edits).collect(),
            cost,
            changed,
            standing,
            growth,
            expanded: AtomicU8::new(0),
        })
    }

    /// The lines of the program that is repaired, for lines of this one.
    pub(crate) fn own_lines(&self, lines: RangeInclusive<usize>) -> RangeInclusive<usize> {
        let own = |line: usize| {
            self.growth.iter().rev().fold(line, |line, (at, more)| {
                if line > *at {
                    line.saturating_add_signed(-more).max(*at)
                } else {
                    line
                }
            })
        };
        own(*lines.start())..=own(*lines.end())
    }

    /// With more edits of it, as what is tried.
    pub(crate) fn candidate(&self, edits: &[Edit]) -> Candidate {
        let splices: Vec<_> = edits.iter().map(Edit::splice).collect();
        let mut units: Vec<usize> = edits.iter().map(|edit| edit.unit).collect();
        units.sort_unstable();
        units.dedup();
        let is_now = |name: &String| {
            units
                .iter()
                .any(|unit| self.program.units[*unit].name == *name)
        };
        let mut parts = self.statements(&units);
        // Statements have no names, and were all told.
        let functions = self.changed.iter().filter(|name| !name.starts_with('='));
        for name in functions.filter(|name| !is_now(name)) {
            parts.push((name.clone(), self.text_of(name)));
        }
        for unit in units {
            let own: Vec<_> = edits
                .iter()
                .filter(|edit| edit.unit == unit)
                .map(Edit::splice)
                .collect();
            let name = self.program.units[unit].name.clone();
            parts.push((name, self.program.part(unit, &own)));
        }
        Candidate {
            base: Arc::clone(&self.program),
            splices,
            parts,
        }
    }

    /// The statements that bind values, if one of them has changed before.
    fn statements(&self, without: &[usize]) -> Vec<(String, String)> {
        let kinds: Vec<&String> = self
            .changed
            .iter()
            .filter(|name| name.starts_with('='))
            .collect();
        let units = self.program.units.iter().enumerate();
        units
            .filter(|(place, unit)| kinds.contains(&&unit.name) && !without.contains(place))
            .map(|(place, unit)| (unit.name.clone(), self.program.part(place, &[])))
            .collect()
    }

    pub(crate) fn text_of(&self, name: &str) -> String {
        let place = self.program.units.iter().position(|unit| unit.name == name);
        place.map_or_else(String::new, |place| self.program.part(place, &[]))
    }

    /// The better comes first.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let score = |state: &Self| {
            let Standing {
                fixed,
                broken,
                gain,
                ..
            } = &state.standing;
            10.0 * real(*fixed) - 15.0 * real(*broken) + 4.0 * gain - state.cost
        };
        score(other)
            .total_cmp(&score(self))
            .then_with(|| self.standing.behaviour.cmp(&other.standing.behaviour))
    }

    /// Does it do the same on the tests that fail?
    pub(crate) fn stands_as(&self, other: &Standing) -> bool {
        self.standing.behaviour == other.behaviour && self.standing.letters == other.letters
    }

    pub(crate) fn may_expand(&self, tier: Tier) -> bool {
        self.expanded.load(Memory::Relaxed) <= tier as u8
    }

    pub(crate) fn expanded(&self, tier: Tier) {
        self.expanded.store(tier as u8 + 1, Memory::Relaxed);
    }

    /// Does it pass failing tests, and break none?
    pub(crate) fn is_clean(&self) -> bool {
        self.standing.fixed > 0 && self.standing.broken == 0
    }
}
