//! How suspicious each line is, by which tests run it. It orders what is tried and never leaves out.

use std::collections::HashMap;

use crate::bench::Tested;

/// From 0 to 1 for each line that any test runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Suspicion {
    lines: HashMap<usize, f64>,
    is_blind: bool,
}

impl Suspicion {
    /// After Ochiai: of the failing tests those that run a line, over the root of all failing times all that
    /// run it. `own` says which line of the program a line of the text with steps is.
    pub(crate) fn of(tests: &[Tested], own: &[usize]) -> Self {
        let failing = tests.iter().filter(|test| test.letter != 'P').count();
        let mut ran: HashMap<usize, (u32, u32)> = HashMap::new();
        for test in tests {
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
        branches(tests, own, failing, &mut lines);
        Self {
            is_blind: lines.is_empty(),
            lines,
        }
    }

    /// Of the lines that an edit touches, the most suspicious one.
    pub(crate) fn of_lines(&self, lines: std::ops::RangeInclusive<usize>) -> f64 {
        if self.is_blind {
            return 1.0;
        }
        let found = lines.filter_map(|line| self.lines.get(&line));
        found.copied().fold(0.0, f64::max)
    }
}

/// A way from one line to another that failing tests alone take makes the line that it leaves suspicious.
fn branches(tests: &[Tested], own: &[usize], failing: usize, lines: &mut HashMap<usize, f64>) {
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
