//! How suspicious each line is, by which tests run it. It orders what is tried; where it is nought, the search
//! makes small edits alone.

use std::collections::HashMap;

use crate::bench::Tested;

/// How suspicious a line is at least, when a failing test may have run it.
const UNSEEN: f64 = 0.5;

/// From 0 to 1 for each line that any test runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Suspicion {
    lines: HashMap<usize, f64>,
    is_blind: bool,
    /// Of any line: some of the failing tests could not be watched.
    least: f64,
}

impl Suspicion {
    /// After Ochiai: of the failing tests those that run a line, over the root of all failing times all that
    /// run it. `own` says which line of the program a line of the text with steps is.
    pub(crate) fn of(tests: &[Tested], own: &[usize]) -> Self {
        let tests: Vec<&Tested> = tests.iter().filter(|test| !test.is_skipped()).collect();
        let failing = tests.iter().filter(|test| test.fails()).count();
        let mut ran: HashMap<usize, (u32, u32)> = HashMap::new();
        for test in &tests {
            let mut lines: Vec<usize> = test
                .lines
                .iter()
                .filter_map(|line| own.get(*line).copied())
                .collect();
            lines.sort_unstable();
            lines.dedup();
            for line in lines {
                let (bad, good) = ran.entry(line).or_default();
                if test.letter == 'P' {
                    *good += 1;
                } else {
                    *bad += 1;
                }
            }
        }
        let score = |(bad, good): (u32, u32)| {
            let all = real(failing);
            let root = (all * f64::from(bad + good)).sqrt();
            if root == 0.0 {
                0.0
            } else {
                f64::from(bad) / root
            }
        };
        let mut lines: HashMap<usize, f64> = ran
            .into_iter()
            .map(|(line, counts)| (line, score(counts)))
            .collect();
        branches(&tests, own, failing, &mut lines);
        let is_unseen = |test: &&Tested| test.letter == 'T' && test.lines.is_empty();
        Self {
            is_blind: lines.is_empty(),
            least: if tests.iter().any(is_unseen) {
                UNSEEN
            } else {
                0.0
            },
            lines,
        }
    }

    /// Of the lines that an edit touches, the most suspicious one.
    pub(crate) fn of_lines(&self, lines: std::ops::RangeInclusive<usize>) -> f64 {
        if self.is_blind {
            return 1.0;
        }
        let found = lines.filter_map(|line| self.lines.get(&line));
        found.copied().fold(self.least, f64::max)
    }
}

/// A way from one line to another that failing tests alone take makes the line that it leaves suspicious.
fn branches(tests: &[&Tested], own: &[usize], failing: usize, lines: &mut HashMap<usize, f64>) {
    let mut taken: HashMap<(usize, usize), (u32, u32)> = HashMap::new();
    for test in tests {
        for (from, to) in &test.arcs {
            let (Some(from), Some(to)) = (own.get(*from), own.get(*to)) else {
                continue;
            };
            let (bad, good) = taken.entry((*from, *to)).or_default();
            if test.letter == 'P' {
                *good += 1;
            } else {
                *bad += 1;
            }
        }
    }
    let all = real(failing);
    for ((from, _), (bad, good)) in taken {
        let root = (all * f64::from(bad + good)).sqrt();
        if root > 0.0 {
            let score = f64::from(bad) / root;
            let line = lines.entry(from).or_default();
            *line = line.max(score);
        }
    }
}

/// A count among real numbers.
pub(crate) fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(letter: char, lines: &[usize], arcs: &[(usize, usize)]) -> Tested {
        Tested {
            name: String::new(),
            letter,
            again: letter,
            near: 0.0,
            message: String::new(),
            apart: Vec::new(),
            steps: 0,
            seconds: 0.0,
            wall: 0.0,
            lines: lines.to_vec(),
            arcs: arcs.to_vec(),
        }
    }

    fn is(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    /// The lines of a text without steps are their own.
    const OWN: [usize; 6] = [0, 1, 2, 3, 4, 5];

    #[test]
    fn what_failing_tests_alone_run_is_the_most_suspicious() {
        let tests = [tested('P', &[1, 2], &[]), tested('F', &[1, 3], &[])];

        let suspicion = Suspicion::of(&tests, &OWN);

        let of = |line| suspicion.of_lines(line..=line);
        assert!(of(3) > of(1) && of(1) > of(2));
        assert!(is(of(3), 1.0) && is(of(2), 0.0) && is(of(4), 0.0));
        assert!(is(suspicion.of_lines(2..=3), 1.0));
    }

    #[test]
    fn a_way_that_failing_tests_alone_take_makes_the_line_before_it_suspicious() {
        let tests = [
            tested('P', &[1, 2, 3], &[(1, 2), (2, 3)]),
            tested('F', &[1, 3], &[(1, 3)]),
        ];

        let suspicion = Suspicion::of(&tests, &OWN);

        assert!(is(suspicion.of_lines(1..=1), 1.0));
    }

    #[test]
    fn where_nothing_was_seen_everything_is_suspicious() {
        let suspicion = Suspicion::of(&[tested('F', &[], &[])], &OWN);

        assert!(is(suspicion.of_lines(4..=4), 1.0));
    }

    #[test]
    fn a_failing_test_that_could_not_be_watched_may_have_run_any_line() {
        let tests = [tested('P', &[1], &[]), tested('T', &[], &[])];

        let suspicion = Suspicion::of(&tests, &OWN);

        assert!(is(suspicion.of_lines(2..=5), UNSEEN));
    }
}
