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
            bounds.narrow(comparator);
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

    fn narrow(&mut self, comparator: &Comparator) {
        let (floor, next) = (floor(comparator), next(comparator));
        match comparator.op {
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
