//! What is known of every version, in the orders in which it is asked for.

mod bounds;
mod order;
mod shelf;

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use jiff::Timestamp;
use model::{LineageName, VersionRef, version::Alias};
use release::TestStatus;
use repo::{CommitId, Version, Versions};
use semver::VersionReq;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::shelf::Id;
use self::shelf::{Selection, Shelf, at};
use crate::{
    filter::{Filter, Tag},
    marks::Marks,
};

/// How many versions are named in place of one that does not exist.
const NEAREST_MAX: usize = 3;

/// At most this many are named where one name means several.
pub(crate) const CANDIDATES_MAX: usize = 8;

/// The versions of a workspace at one moment. It never changes; a newer one takes its place.
#[derive(Debug, Default)]
pub(crate) struct Index {
    versions: Arc<Versions>,
    /// For each of `versions`.
    facts: Vec<Facts>,
    marks: Marks,
    /// Versions in the order of their commits.
    by_commit: Vec<Id>,
    latest: Option<Id>,
    active: Option<Id>,
    canary: Option<Id>,
    /// Stable ones of `main`.
    main: Shelf,
    all: Shelf,
    stable: Shelf,
    unstable: Shelf,
    withdrawn: Shelf,
    /// What serves, the highest, what is on trial: of each at most one.
    named: [Shelf; 3],
}

/// What an index keeps of a version beside what git lists; the rest is read when it is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facts {
    /// What the tag says came of the tests.
    pub(crate) declared: Tests,
    /// What a summary in the vault says, for those whose tag says nothing.
    pub(crate) found: Option<Box<Found>>,
    /// The version of its lineage that it says it went back behind.
    pub(crate) withdraws: Option<Box<semver::Version>>,
    /// Is it marked as withdrawn, in the state of its lineage or by a later tag?
    pub(crate) is_withdrawn: bool,
}

/// What the tests of a version came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tests {
    Pass,
    Fail,
    #[default]
    Unknown,
}

/// What a summary says that no tag names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) tests: Tests,
    pub(crate) ended_at: Option<Timestamp>,
}

impl From<TestStatus> for Tests {
    fn from(status: TestStatus) -> Self {
        match status {
            TestStatus::Pass => Self::Pass,
            TestStatus::Fail => Self::Fail,
            TestStatus::Unknown => Self::Unknown,
        }
    }
}

impl Facts {
    /// Does no tag say what came of the tests?
    pub(crate) fn is_silent(&self) -> bool {
        self.declared == Tests::Unknown
    }

    pub(crate) fn tests(&self) -> Tests {
        match (self.declared, &self.found) {
            (Tests::Unknown, Some(found)) => found.tests,
            (declared, _) => declared,
        }
    }
}

/// Why a name means no version.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    Unknown {
        nearest: Vec<String>,
    },
    Several {
        candidates: Vec<(String, CommitId)>,
    },
    /// No version is on trial.
    NoCanary,
    /// `staging` is code with a state that nobody released.
    Staging,
}

impl Index {
    /// Of `versions`, with a fact for each.
    pub(crate) fn new(versions: Arc<Versions>, mut facts: Vec<Facts>, marks: Marks) -> Self {
        let list = &versions.list;
        let by_tags = list.iter().zip(&facts).filter_map(|(version, fact)| {
            let withdrawn = fact.withdraws.as_ref()?;
            find(list, &version.lineage, withdrawn)
        });
        let by_tags: BTreeSet<Id> = by_tags.collect();
        for ((version, fact), id) in list.iter().zip(&mut facts).zip(0..) {
            fact.is_withdrawn =
                by_tags.contains(&id) || marks.is_withdrawn(&version.lineage, &version.number);
        }
        let ids = || 0..Id::try_from(list.len()).expect("there are far fewer versions");
        let is_stable = |id: &Id| {
            let facts = &facts[*id as usize];
            let is_whole = !at(list, *id).is_prerelease();
            is_whole && !facts.is_withdrawn && facts.tests() == Tests::Pass
        };
        let is_of_main = |id: &Id| at(list, *id).lineage == LineageName::default();
        let mut by_commit: Vec<Id> = ids().collect();
        by_commit.sort_by_key(|id| at(list, *id).commit);
        let shelf = |is_on: &dyn Fn(&Id) -> bool| Shelf::new(ids().filter(|id| is_on(id)), list);
        let of_main =
            |number: Option<&semver::Version>| find(list, &LineageName::default(), number?);
        let main = shelf(&|id| is_stable(id) && is_of_main(id));
        let latest = main.highest(list, &VersionReq::STAR).last().copied();
        let (active, canary) = (of_main(marks.active()), of_main(marks.canary()));
        Self {
            by_commit,
            latest,
            active,
            canary,
            main,
            all: shelf(&|_| true),
            stable: shelf(&is_stable),
            unstable: shelf(&|id| !is_stable(id)),
            withdrawn: shelf(&|id| facts[*id as usize].is_withdrawn),
            named: [active, latest, canary].map(|named| Shelf::new(named.into_iter(), list)),
            facts,
            marks,
            versions,
        }
    }

    pub(crate) fn versions(&self) -> &Arc<Versions> {
        &self.versions
    }

    pub(crate) fn facts(&self) -> &[Facts] {
        &self.facts
    }

    pub(crate) fn marks(&self) -> &Marks {
        &self.marks
    }

    pub(crate) fn version(&self, id: Id) -> &Version {
        at(&self.versions.list, id)
    }

    pub(crate) fn facts_of(&self, id: Id) -> &Facts {
        &self.facts[id as usize]
    }

    pub(crate) fn is_stable(&self, id: Id) -> bool {
        let facts = self.facts_of(id);
        !self.version(id).is_prerelease() && !facts.is_withdrawn && facts.tests() == Tests::Pass
    }

    /// What is said of a version at this moment.
    pub(crate) fn tags(&self, id: Id) -> Vec<Tag> {
        let is = |named: Option<Id>| named == Some(id);
        let stability = if self.is_stable(id) {
            Tag::Stable
        } else {
            Tag::Unstable
        };
        let mut tags = vec![stability];
        tags.extend(is(self.active).then_some(Tag::Active));
        tags.extend(is(self.latest).then_some(Tag::Latest));
        tags.extend(is(self.canary).then_some(Tag::Canary));
        tags.extend(self.facts_of(id).is_withdrawn.then_some(Tag::Withdrawn));
        tags
    }

    /// What of that can never change.
    pub(crate) fn lasting_tags(&self, id: Id) -> Vec<Tag> {
        let facts = self.facts_of(id);
        let is_unstable =
            self.version(id).is_prerelease() || facts.is_withdrawn || facts.declared == Tests::Fail;
        let mut tags = Vec::new();
        tags.extend(is_unstable.then_some(Tag::Unstable));
        tags.extend(facts.is_withdrawn.then_some(Tag::Withdrawn));
        tags
    }

    pub(crate) fn select(&self, filter: &Filter) -> Selection<'_> {
        let [active, latest, canary] = &self.named;
        let shelf = match filter.tag {
            None if filter.has_unstable() => &self.all,
            None | Some(Tag::Stable) => &self.stable,
            Some(Tag::Unstable) => &self.unstable,
            Some(Tag::Withdrawn) => &self.withdrawn,
            Some(Tag::Active) => active,
            Some(Tag::Latest) => latest,
            Some(Tag::Canary) => canary,
        };
        let is_left_out = !filter.has_unstable()
            && match filter.tag {
                None | Some(Tag::Stable | Tag::Latest) => false,
                Some(Tag::Unstable | Tag::Withdrawn) => true,
                Some(Tag::Active) => self.active.is_some_and(|id| !self.is_stable(id)),
                Some(Tag::Canary) => self.canary.is_some_and(|id| !self.is_stable(id)),
            };
        let nothing = VersionReq::parse("<0.0.0-0").expect("a range of nothing");
        let range = if is_left_out {
            Some(&nothing)
        } else {
            filter.range.as_ref()
        };
        shelf.select(&self.versions.list, range, filter.since)
    }

    /// The version that a reference means at this moment.
    pub(crate) fn find(&self, reference: &VersionRef) -> Result<Id, Missed> {
        let unknown = || Missed::Unknown {
            nearest: self.names(self.newest()),
        };
        match reference {
            VersionRef::Exact { lineage, version } => self.find_exact(lineage.as_ref(), version),
            VersionRef::Commit(digits) => self.find_commit(digits),
            VersionRef::Range(range) => self.find_highest(range),
            VersionRef::Alias(Alias::Latest) => self.latest.ok_or_else(unknown),
            VersionRef::Alias(Alias::Active) => self.active.ok_or_else(unknown),
            VersionRef::Alias(Alias::Canary) => self.canary.ok_or(Missed::NoCanary),
            VersionRef::Alias(Alias::Staging) => Err(Missed::Staging),
        }
    }

    /// Does a reference, which means `id` now, mean it for ever? What a side lineage alone has is
    /// `main`'s once that has it, and the first digits of a hash may begin another one.
    pub(crate) fn is_lasting(&self, reference: &VersionRef, id: Id) -> bool {
        let version = self.version(id);
        match reference {
            VersionRef::Exact { lineage, .. } => {
                lineage.is_some() || version.lineage == LineageName::default()
            }
            VersionRef::Commit(digits) => digits.len() == version.commit.to_string().len(),
            VersionRef::Range(_) | VersionRef::Alias(_) => false,
        }
    }

    fn find_exact(
        &self,
        lineage: Option<&LineageName>,
        number: &semver::Version,
    ) -> Result<Id, Missed> {
        let list = &self.versions.list;
        let main = LineageName::default();
        if let Some(id) = find(list, lineage.unwrap_or(&main), number) {
            return Ok(id);
        }
        let same = with_number(list, number);
        match (lineage, same.len()) {
            (None, 1) => Ok(same.start),
            (None, 2..) => Err(self.several(same)),
            (_, 0) | (Some(_), _) => Err(Missed::Unknown {
                nearest: self.neighbours(same),
            }),
        }
    }

    fn find_commit(&self, digits: &str) -> Result<Id, Missed> {
        let hash = |id: &Id| self.version(*id).commit.to_string();
        let start = (self.by_commit).partition_point(|id| hash(id).as_str() < digits);
        let after = &self.by_commit[start..];
        let same = &after[..after.partition_point(|id| hash(id).starts_with(digits))];
        let commits: BTreeSet<CommitId> = same.iter().map(|id| self.version(*id).commit).collect();
        match commits.len() {
            0 => Err(Missed::Unknown {
                nearest: self.names(self.newest()),
            }),
            // The highest that the commit carries.
            1 => Ok(same.iter().copied().max().unwrap_or_default()),
            _ => Err(self.several(same.iter().copied())),
        }
    }

    fn find_highest(&self, range: &VersionReq) -> Result<Id, Missed> {
        let list = &self.versions.list;
        if let [id] = self.main.highest(list, range) {
            return Ok(*id);
        }
        match self.stable.highest(list, range) {
            [] => Err(Missed::Unknown {
                nearest: self.names(self.newest()),
            }),
            [id] => Ok(*id),
            several => Err(self.several(several.iter().copied())),
        }
    }

    /// Versions on a commit, highest last.
    pub(crate) fn of_commit(&self, commit: CommitId) -> Option<Id> {
        let start = (self.by_commit).partition_point(|id| self.version(*id).commit < commit);
        let after = &self.by_commit[start..];
        let end = after.partition_point(|id| self.version(*id).commit == commit);
        after[..end].iter().copied().max()
    }

    fn several(&self, ids: impl Iterator<Item = Id>) -> Missed {
        let candidates = ids.take(CANDIDATES_MAX).map(|id| {
            let version = self.version(id);
            (version.name(), version.commit)
        });
        Missed::Several {
            candidates: candidates.collect(),
        }
    }

    /// Those on either side of where a number would be, the nearest first.
    fn neighbours(&self, place: Range<Id>) -> Vec<String> {
        let count = Id::try_from(self.versions.list.len()).unwrap_or(Id::MAX);
        let (mut below, mut above) = ((0..place.start).rev(), place.start..count);
        let mut near = Vec::new();
        while near.len() < NEAREST_MAX {
            let pair = [below.next(), above.next()];
            if pair == [None, None] {
                break;
            }
            near.extend(pair.into_iter().flatten());
        }
        near.truncate(NEAREST_MAX);
        self.names(&near)
    }

    fn newest(&self) -> &[Id] {
        match self.stable.newest(NEAREST_MAX) {
            [] => self.all.newest(NEAREST_MAX),
            stable => stable,
        }
    }

    fn names(&self, ids: &[Id]) -> Vec<String> {
        ids.iter().map(|id| self.version(*id).name()).collect()
    }
}

/// The versions with a number, of whatever lineage; where it would be, if there is none.
fn with_number(list: &[Version], number: &semver::Version) -> Range<Id> {
    let place = |is_before: &dyn Fn(&Version) -> bool| {
        let place = list.partition_point(is_before);
        Id::try_from(place).expect("there are far fewer versions")
    };
    place(&|version| version.number < *number)..place(&|version| version.number <= *number)
}

/// The version of one lineage with a number.
pub(crate) fn find(
    list: &[Version],
    lineage: &LineageName,
    number: &semver::Version,
) -> Option<Id> {
    let key = (number, lineage);
    let place = list.binary_search_by(|version| (&version.number, &version.lineage).cmp(&key));
    place.ok().and_then(|place| Id::try_from(place).ok())
}
