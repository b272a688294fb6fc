//! Between which two numbers the matches of a range lie.

use std::cmp::Ordering;

use semver::{BuildMetadata, Comparator, Op, Prerelease, Version, VersionReq};

/// From where to where, if there is an end. Build metadata does not count, as in a range.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    lower: Vec<Edge>,
    upper: Vec<Edge>,
}

#[derive(Debug)]
struct Edge {
    at: Version,
    is_inside: bool,
}

impl Bounds {
    pub(super) fn of(range: &VersionReq) -> Self {
        let mut bounds = Self::default();
        for comparator in &range.comparators {
            bounds.narrow(comparator, comparator.op);
        }
        bounds
    }

    /// Those of the pre-releases of the triples that a range names. What an incomplete number begins
    /// is of whole numbers alone: `>=1` has 2.0.0-rc.1 and no 1.2.0-rc.1, and `~1` has neither. Only
    /// `^` counts both.
    pub(super) fn of_prereleases(range: &VersionReq) -> Self {
        let mut bounds = Self::default();
        for comparator in &range.comparators {
            match comparator.op {
                op if comparator.patch.is_some() => bounds.narrow(comparator, op),
                Op::Exact | Op::Wildcard | Op::Tilde => bounds.nothing(),
                Op::GreaterEq => bounds.narrow(comparator, Op::Greater),
                Op::LessEq => bounds.narrow(comparator, Op::Less),
                op => bounds.narrow(comparator, op),
            }
        }
        bounds
    }

    /// The places of what is inside, among `count` numbers in the order of precedence.
    pub(super) fn places<'a>(
        &self,
        count: usize,
        number: impl Fn(usize) -> &'a Version,
    ) -> (usize, usize) {
        let is_below = |version: &Version| {
            self.lower
                .iter()
                .any(|edge| match version.cmp_precedence(&edge.at) {
                    Ordering::Less => true,
                    Ordering::Equal => !edge.is_inside,
                    Ordering::Greater => false,
                })
        };
        let is_above = |version: &Version| {
            self.upper
                .iter()
                .any(|edge| match version.cmp_precedence(&edge.at) {
                    Ordering::Less => false,
                    Ordering::Equal => !edge.is_inside,
                    Ordering::Greater => true,
                })
        };
        let start = bisect(count, |place| is_below(number(place)));
        let end = bisect(count, |place| !is_above(number(place)));
        (start, end.max(start))
    }

    /// The triples whose pre-releases a range names; it matches those of no other.
    pub(super) fn named_triples(range: &VersionReq) -> Vec<(u64, u64, u64)> {
        let named = range.comparators.iter().filter(|one| !one.pre.is_empty());
        let mut triples: Vec<_> = named
            .filter_map(|one| Some((one.major, one.minor?, one.patch?)))
            .collect();
        triples.sort_unstable();
        triples.dedup();
        triples
    }

    fn narrow(&mut self, comparator: &Comparator, op: Op) {
        let (floor, next) = (floor(comparator), next(comparator));
        match op {
            Op::Exact | Op::Wildcard => {
                self.from(floor);
                self.until(next, comparator);
            }
            Op::Greater => match next {
                Some(next) => self.lower.push(Edge {
                    at: next,
                    is_inside: comparator.patch.is_none(),
                }),
                None => self.nothing(),
            },
            Op::GreaterEq => self.from(floor),
            Op::Less => self.upper.push(Edge {
                at: floor,
                is_inside: false,
            }),
            Op::LessEq => self.until(next, comparator),
            Op::Tilde | Op::Caret => {
                self.from(floor);
                if let Some(end) = compatible_end(comparator) {
                    self.upper.push(Edge {
                        at: end,
                        is_inside: false,
                    });
                }
            }
            // An operator that is yet to be invented says nothing that could be sorted by.
            _ => self.nothing(),
        }
    }

    fn from(&mut self, floor: Version) {
        self.lower.push(Edge {
            at: floor,
            is_inside: true,
        });
    }

    /// Up to what a comparator names: itself when it is whole, all it begins when it is not.
    fn until(&mut self, next: Option<Version>, comparator: &Comparator) {
        if let Some(next) = next {
            self.upper.push(Edge {
                at: next,
                is_inside: comparator.patch.is_some(),
            });
        }
    }

    fn nothing(&mut self) {
        self.upper.push(Edge {
            at: lowest(0, 0, 0),
            is_inside: false,
        });
    }
}

/// The first place of `0..count` for which `is_before` does not hold.
fn bisect(count: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut start, mut end) = (0, count);
    while start < end {
        let middle = start.midpoint(end);
        if is_before(middle) {
            start = middle + 1;
        } else {
            end = middle;
        }
    }
    start
}

/// The lowest number that a comparator names, or begins.
fn floor(comparator: &Comparator) -> Version {
    match (comparator.minor, comparator.patch) {
        (Some(minor), Some(patch)) => Version {
            major: comparator.major,
            minor,
            patch,
            pre: comparator.pre.clone(),
            build: BuildMetadata::EMPTY,
        },
        (minor, _) => lowest(comparator.major, minor.unwrap_or(0), 0),
    }
}

/// The number itself when it is whole; else the lowest after all that it begins, if there is any.
fn next(comparator: &Comparator) -> Option<Version> {
    match (comparator.minor, comparator.patch) {
        (Some(_), Some(_)) => Some(floor(comparator)),
        (Some(minor), None) => after_minor(comparator.major, minor),
        (None, _) => after_major(comparator.major),
    }
}

/// Where `~` and `^` end.
fn compatible_end(comparator: &Comparator) -> Option<Version> {
    let major = comparator.major;
    match (comparator.op, comparator.minor, comparator.patch) {
        (Op::Tilde, Some(minor), _) => after_minor(major, minor),
        (_, None, _) => after_major(major),
        (_, Some(_), _) if major > 0 => after_major(major),
        (_, Some(0), Some(patch)) => match patch.checked_add(1) {
            Some(patch) => Some(lowest(0, 0, patch)),
            None => after_minor(0, 0),
        },
        (_, Some(minor), _) => after_minor(0, minor),
    }
}

fn after_major(major: u64) -> Option<Version> {
    Some(lowest(major.checked_add(1)?, 0, 0))
}

fn after_minor(major: u64, minor: u64) -> Option<Version> {
    match minor.checked_add(1) {
        Some(minor) => Some(lowest(major, minor, 0)),
        None => after_major(major),
    }
}

/// Below every pre-release of the three.
fn lowest(major: u64, minor: u64, patch: u64) -> Version {
    Version {
        pre: Prerelease::new("0").expect("0 is a pre-release, the lowest"),
        ..Version::new(major, minor, patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [&str; 14] = [
        "0.0.0-a",
        "0.0.0",
        "0.0.1",
        "0.1.0-a",
        "0.1.0",
        "0.2.1",
        "1.0.0-0",
        "1.0.0",
        "1.1.0-a.1",
        "1.1.1-a",
        "1.1.1",
        "1.2.0-b",
        "2.0.0-a",
        "2.0.0",
    ];

    fn comparators() -> Vec<Comparator> {
        let mut texts = vec!["1.*".to_owned(), "1.1.*".to_owned(), "0.*".to_owned()];
        for operator in ["=", "^", "~", ">", ">=", "<", "<="] {
            for number in ["0", "1", "2", "0.0", "0.1", "1.0", "1.1", "1.2"] {
                texts.push(format!("{operator}{number}"));
            }
            texts.extend(NUMBERS.map(|number| format!("{operator}{number}")));
        }
        let parse = |text: String| Comparator::parse(&text).unwrap();
        texts.into_iter().map(parse).collect()
    }

    #[test]
    fn what_is_inside_is_what_the_range_matches() {
        for comparator in comparators() {
            for number in NUMBERS.map(|number| Version::parse(number).unwrap()) {
                // Only a range that names the triple of a pre-release can match it.
                let naming = Comparator {
                    op: Op::GreaterEq,
                    major: number.major,
                    minor: Some(number.minor),
                    patch: Some(number.patch),
                    pre: Prerelease::new("0").unwrap(),
                };
                let range = VersionReq {
                    comparators: vec![comparator.clone(), naming],
                };
                let bounds = if number.pre.is_empty() {
                    Bounds::of(&range)
                } else {
                    Bounds::of_prereleases(&range)
                };
                let is_inside = bounds.places(1, |_| &number) == (0, 1);
                assert_eq!(
                    is_inside,
                    range.matches(&number),
                    "{number} in {comparator}"
                );
            }
        }
    }
}
