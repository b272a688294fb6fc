//! Once more, where nothing is known of what else was tried.

use std::time::{Duration, Instant};

use super::{RepairError, found::Found, open};
use crate::{
    Tests,
    bench::{Bench as _, BenchError, Candidate, CommandBench, Copy, Order, Process, Tested, Text},
    program::Program,
    search::Passer,
};

/// Of those that pass, so many are verified.
const VERIFIED_MAX: usize = 5;
/// What each of these may take at least,
const VERIFYING_MIN: Duration = Duration::from_secs(30);
/// and so many times what all tests took.
const VERIFYING_FACTOR: f64 = 8.0;
/// A failing test that passes once in so many times comes out otherwise each time.
const AGAIN: usize = 8;
/// Of tests that are no longer than this,
const AGAIN_WALL_MAX: f64 = 0.25;
/// and for no longer than this.
const AGAIN_MAX: Duration = Duration::from_secs(5);

impl Found<'_> {
    /// The first that passes on its whole text, in a process that has tried nothing else.
    pub(super) fn first_that_holds<'p>(
        &self,
        order: &[usize],
        passers: &'p [Passer],
    ) -> Result<Option<&'p Passer>, RepairError> {
        let mut is_copy_alike = None;
        for place in order.iter().take(VERIFIED_MAX) {
            let passer = &passers[*place];
            let text = passer.candidate.text();
            let Ok(program) = Program::parse(&text) else {
                continue;
            };
            let mut holds = self.holds_on_disk(&text)?;
            if holds == Some(false) && !self.is_copy_alike(&mut is_copy_alike)? {
                holds = None;
            }
            let holds = match holds {
                Some(holds) => holds,
                None => self.holds_in_memory(&program)?,
            };
            if holds {
                return Ok(Some(passer));
            }
        }
        Ok(None)
    }

    /// A failing test of the program as it is that passes now and then.
    pub(super) fn find_flaky(&self, unchanged: &Candidate) -> Result<Option<&str>, RepairError> {
        let deadline = Instant::now() + AGAIN_MAX;
        let candidates = vec![unchanged.clone(); AGAIN];
        for place in &self.order.failing {
            let test = &self.baseline.tests[*place];
            if test.wall > AGAIN_WALL_MAX || test.letter == 'T' {
                continue;
            }
            let order = Order {
                failing: vec![*place],
                passing: Vec::new(),
                ..self.order.clone()
            };
            let outcomes = self
                .pool
                .with_first(|bench| bench.attempts(&candidates, &order, deadline))?;
            if outcomes.iter().any(|outcome| outcome.letters == "P") {
                return Ok(Some(&test.name));
            }
        }
        Ok(None)
    }

    /// In a copy of the project where the file says this. Nothing if there is none.
    fn holds_on_disk(&self, text: &str) -> Result<Option<bool>, RepairError> {
        Ok(match &self.task.tests {
            Tests::Tools(_) => None,
            Tests::Command { words } => Some(came(
                CommandBench::open(self.task, words, text)
                    .and_then(|mut fresh| fresh.baseline(self.deadline()))
                    .map(|baseline| self.all_pass(&baseline.tests)),
            )?),
            Tests::Cases(_) | Tests::Pytest { .. } => match self.tests_of_copy(text) {
                Some(tests) => Some(came(tests.map(|tests| self.all_pass(&tests)))?),
                None => None,
            },
        })
    }

    /// Do tests come out in a copy that nobody has changed as they did? Those that also depend on where they are
    /// do not, and then a copy says nothing. A command has never run anywhere else.
    fn is_copy_alike(&self, known: &mut Option<bool>) -> Result<bool, RepairError> {
        if let Some(known) = known {
            return Ok(*known);
        }
        let is_same = |tests: &[Tested]| {
            let mut meant = self.order.failing.iter().chain(&self.order.passing);
            let before = &self.baseline.tests;
            meant.all(|place| {
                let test = tests.get(*place);
                test.is_some_and(|test| test.letter == before[*place].letter)
            })
        };
        let is_alike = if matches!(self.task.tests, Tests::Command { .. }) {
            true
        } else {
            match self.tests_of_copy(&self.program.text) {
                Some(tests) => came(tests.map(|tests| is_same(&tests)))?,
                None => false,
            }
        };
        *known = Some(is_alike);
        Ok(is_alike)
    }

    /// What the tests say in a copy; nothing if the project is too large for one.
    fn tests_of_copy(&self, text: &str) -> Option<Result<Vec<Tested>, BenchError>> {
        let copy = match Copy::of(self.task, self.task.whole(), text) {
            Ok(copy) => copy,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the project cannot be copied: what was found is verified in memory alone"
                );
                return None;
            }
        };
        let written = Text::Written {
            instead_of: &self.task.file,
        };
        let tests = Process::start(&copy.task(self.task), self.package, written)
            .and_then(|mut fresh| fresh.tests(self.deadline()));
        Some(tests)
    }

    fn holds_in_memory(&self, program: &Program) -> Result<bool, RepairError> {
        came(
            open(self.task, self.package, program)
                .and_then(|mut fresh| fresh.baseline(self.deadline()))
                .map(|baseline| self.all_pass(&baseline.tests)),
        )
    }

    fn deadline(&self) -> Instant {
        let taken: f64 = self.baseline.tests.iter().map(|test| test.wall).sum();
        let taken = Duration::try_from_secs_f64(taken * VERIFYING_FACTOR).unwrap_or_default();
        Instant::now() + taken.max(VERIFYING_MIN)
    }

    fn all_pass(&self, tests: &[Tested]) -> bool {
        let mut meant = self.order.failing.iter().chain(&self.order.passing);
        meant.all(|place| {
            // One that was skipped may be skipped again.
            let was_skipped = self.baseline.tests[*place].is_skipped();
            let is_fine = |letter| letter == 'P' || letter == 'S' && was_skipped;
            let test = tests.get(*place);
            test.is_some_and(|test| is_fine(test.letter) && is_fine(test.again))
        })
    }
}

/// What breaks where it is run by itself does not hold; where nothing can be run, nobody knows.
fn came(holds: Result<bool, BenchError>) -> Result<bool, RepairError> {
    match holds {
        Ok(holds) => Ok(holds),
        Err(
            BenchError::Program(_)
            | BenchError::Tests(_)
            | BenchError::Ended(_)
            | BenchError::Slow { .. },
        ) => Ok(false),
        Err(error @ (BenchError::Start { .. } | BenchError::Folder { .. })) => Err(error.into()),
    }
}
