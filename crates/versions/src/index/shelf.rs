//! Some of the versions, kept so that a page of those which a filter selects is found at once.

use jiff::Timestamp;
use repo::Version;
use semver::VersionReq;

use super::{
    bounds::Bounds,
    order::{Order, Places},
};

/// A place in the list of all versions.
pub(crate) type Id = u32;

/// Versions in two orders: by number, and newest first.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    /// Those with a whole number first, then the pre-releases; each by number and lineage.
    by_number: Vec<Id>,
    /// How many have a whole number.
    whole: usize,
    /// Newest first; of one second the highest number first.
    by_time: Vec<Id>,
    /// For each of `by_number` its place in `by_time`.
    ages: Order,
}

/// What a filter selects of a shelf.
#[derive(Debug)]
pub(crate) struct Selection<'a> {
    shelf: &'a Shelf,
    places: Vec<Places>,
    /// How many there are.
    pub(crate) total: usize,
}

impl Shelf {
    /// Of `ids`, which are in the order of `versions`: by number, then lineage.
    pub(super) fn new(ids: impl Iterator<Item = Id>, versions: &[Version]) -> Self {
        let (mut by_number, before_release) =
            ids.partition::<Vec<_>, _>(|id| !at(versions, *id).is_prerelease());
        let whole = by_number.len();
        by_number.extend(before_release);
        by_number.shrink_to_fit();
        let mut by_time: Vec<(Id, u32)> = by_number.iter().copied().zip(0..).collect();
        // Ids are in the order of numbers.
        by_time.sort_by(|(left, _), (right, _)| {
            let made = |id: Id| at(versions, id).made_at;
            (made(*right), right).cmp(&(made(*left), left))
        });
        let mut ages = vec![0; by_number.len()];
        for ((_, place), age) in by_time.iter().zip(0..) {
            ages[*place as usize] = age;
        }
        Self {
            whole,
            by_time: by_time.into_iter().map(|(id, _)| id).collect(),
            ages: Order::new(ages),
            by_number,
        }
    }

    /// Those in `range` made at or after `since`.
    pub(crate) fn select(
        &self,
        versions: &[Version],
        range: Option<&VersionReq>,
        since: Option<Timestamp>,
    ) -> Selection<'_> {
        let places = range.map_or_else(
            || vec![(0, self.by_number.len())],
            |range| self.places(versions, range),
        );
        let young = since.map_or(self.by_time.len(), |since| {
            (self.by_time).partition_point(|id| at(versions, *id).made_at >= since)
        });
        let total = self.ages.count_below(&places, young);
        Selection {
            shelf: self,
            places,
            total,
        }
    }

    /// The highest with a whole number in `range`, with those that have the same number.
    pub(super) fn highest(&self, versions: &[Version], range: &VersionReq) -> &[Id] {
        let whole = &self.by_number[..self.whole];
        let number = |place: usize| &at(versions, whole[place]).number;
        let (start, end) = Bounds::of(range).places(whole.len(), number);
        let inside = &whole[start..end];
        let Some(best) = inside.last() else {
            return inside;
        };
        let best = &at(versions, *best).number;
        &inside[inside.partition_point(|id| at(versions, *id).number < *best)..]
    }

    /// The newest few.
    pub(super) fn newest(&self, count: usize) -> &[Id] {
        &self.by_time[..count.min(self.by_time.len())]
    }

    fn places(&self, versions: &[Version], range: &VersionReq) -> Vec<Places> {
        let number = |place: usize| &at(versions, self.by_number[place]).number;
        let mut places = vec![Bounds::of(range).places(self.whole, number)];
        let bounds = Bounds::of_prereleases(range);
        let early = &self.by_number[self.whole..];
        for triple in Bounds::named_triples(range) {
            let of = |id: &Id| {
                let number = &at(versions, *id).number;
                (number.major, number.minor, number.patch)
            };
            let start = self.whole + early.partition_point(|id| of(id) < triple);
            let end = self.whole + early.partition_point(|id| of(id) <= triple);
            let inside = bounds.places(end - start, |place| number(start + place));
            places.push((start + inside.0, start + inside.1));
        }
        places
    }
}

impl Selection<'_> {
    /// A page of it, newest first.
    pub(crate) fn page(&self, offset: u64, limit: usize) -> impl Iterator<Item = Id> {
        let start = usize::try_from(offset).map_or(self.total, |offset| offset.min(self.total));
        let end = start.saturating_add(limit).min(self.total);
        (start..end).map(|nth| {
            let age = self.shelf.ages.nth_smallest(&self.places, nth);
            self.shelf.by_time[age]
        })
    }
}

pub(super) fn at(versions: &[Version], id: Id) -> &Version {
    &versions[id as usize]
}
