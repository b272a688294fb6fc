//! Is there an order of all requests in which each was told what a single journal would have told it, and which no
//! clock contradicts?
//!
//! Every event has a place, so the order of writes is known and only has to be held against when each began and
//! ended. What was read, or was the reason of a conflict, has to have been the newest of its subject at some moment
//! while it was asked for.

mod bites;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use journal::Expect;
use model::{Event, Subject};

use super::history::{Entry, Number, Outcome, Place, Request};

/// What a check found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What must never be.
    pub(super) wrong: Vec<String>,
    /// What somebody was told that another process knew to be over: who led may not have heard that it leads no more.
    pub(super) old: Vec<String>,
}

/// When a request that wrote was under way.
#[derive(Clone, Copy)]
struct Span {
    client: usize,
    began: Duration,
    /// When it was acknowledged, if it was.
    acknowledged: Option<Duration>,
}

pub(super) struct Check<'a> {
    events: &'a [Arc<Event>],
    entries: &'a [Entry],
    spans: HashMap<Number, Span>,
    /// The events of each subject, by their revisions.
    subjects: HashMap<Subject, Vec<Place>>,
    found: Found,
}

/// Somebody asked, and this was the newest event of a subject.
struct Look<'a> {
    entry: &'a Entry,
    subject: &'a Subject,
    newest: Option<Place>,
}

impl<'a> Check<'a> {
    pub(super) fn new(events: &'a [Arc<Event>], entries: &'a [Entry]) -> Self {
        let spans = entries.iter().filter_map(|entry| {
            let Request::Write { outcome, .. } = &entry.request else {
                return None;
            };
            let is_acknowledged = matches!(outcome, Outcome::Acknowledged(_));
            let span = Span {
                client: entry.client,
                began: entry.began,
                acknowledged: is_acknowledged.then_some(entry.ended),
            };
            Some((entry.number, span))
        });
        Self {
            events,
            entries,
            spans: spans.collect(),
            subjects: HashMap::new(),
            found: Found::default(),
        }
    }

    pub(super) fn run(mut self) -> Found {
        self.places();
        self.order();
        for entry in self.entries {
            match &entry.request {
                Request::Write { outcome, .. } => self.write(entry, outcome),
                Request::Again { first, found } => self.same(entry, Some(*found), *first),
                Request::FindKey { first, found } => self.same(entry, *found, *first),
                Request::Last { subject, found } => self.look(&Look {
                    entry,
                    subject,
                    newest: *found,
                }),
                Request::Read { .. } => self.read(entry),
            }
        }
        self.found
    }

    fn wrong(&mut self, what: String) {
        self.found.wrong.push(what);
    }

    /// Each event once, the places and the revisions without a gap.
    fn places(&mut self) {
        let mut written = BTreeSet::new();
        for (event, seq) in self.events.iter().zip(1..) {
            let place = Place::of(event);
            if event.seq != seq {
                self.wrong(format!("{} stands at {seq}: {event:?}", event.seq));
            }
            if !written.insert(place.by) {
                self.wrong(format!(
                    "the event of {} is there twice: {event:?}",
                    place.by
                ));
            }
            if !self.spans.contains_key(&place.by) {
                self.wrong(format!("nobody wrote {event:?}"));
            }
            let of_subject = self.subjects.entry(event.subject.clone()).or_default();
            of_subject.push(place);
            let revision = of_subject.len() as u64;
            let counted = event.data.get("count").and_then(serde_json::Value::as_u64);
            if event.revision != revision || counted.is_some_and(|counted| counted != revision) {
                self.wrong(format!("this is revision {revision}: {event:?}"));
            }
        }
    }

    /// What was acknowledged before another write began stands before it.
    fn order(&mut self) {
        let mut earliest: Option<(Duration, Number)> = None;
        for event in self.events.iter().rev() {
            let by = Place::of(event).by;
            let Some(span) = self.spans.get(&by).copied() else {
                continue;
            };
            if let Some((ended, other)) = earliest
                && ended < span.began
            {
                self.wrong(format!(
                    "{by} stands before {other}, which was acknowledged before it began: {event:?}"
                ));
            }
            if let Some(ended) = span.acknowledged
                && earliest.is_none_or(|(earliest, _)| ended < earliest)
            {
                earliest = Some((ended, by));
            }
        }
    }

    fn write(&mut self, entry: &Entry, outcome: &Outcome) {
        let Request::Write {
            subject, expect, ..
        } = &entry.request
        else {
            return;
        };
        let is_there = |check: &Self, place: Place| {
            let revision = usize::try_from(place.revision).unwrap();
            let of_subject = check.subjects.get(subject);
            of_subject.and_then(|places| places.get(revision.wrapping_sub(1))) == Some(&place)
        };
        match outcome {
            Outcome::Acknowledged(place) => {
                if !is_there(self, *place) || place.by != entry.number {
                    self.wrong(format!("it was acknowledged, and is not there: {entry:?}"));
                }
                let expected = match expect {
                    Some(Expect::Absent) => Some(1),
                    Some(Expect::Revision(revision)) => Some(revision + 1),
                    Some(Expect::Any) | None => None,
                };
                if expected.is_some_and(|expected| expected != place.revision) {
                    self.wrong(format!("it was not what it expected: {entry:?}"));
                }
            }
            Outcome::Conflict { current } => {
                self.nowhere(entry);
                let revision = current.map_or(0, |place| place.revision);
                let expected = match expect {
                    Some(Expect::Absent) => Some(0),
                    Some(Expect::Revision(revision)) => Some(*revision),
                    Some(Expect::Any) | None => None,
                };
                if expected.is_none_or(|expected| expected == revision) {
                    self.wrong(format!("a conflict for no reason: {entry:?}"));
                }
                self.look(&Look {
                    entry,
                    subject,
                    newest: *current,
                });
            }
            Outcome::Refused => self.nowhere(entry),
            Outcome::Unknown => {}
        }
    }

    fn nowhere(&mut self, entry: &Entry) {
        let Request::Write { subject, .. } = &entry.request else {
            return;
        };
        let places = self.subjects.get(subject);
        if let Some(place) = places.and_then(|all| all.iter().find(|p| p.by == entry.number)) {
            let place = *place;
            self.wrong(format!("it was refused, and is at {place:?}: {entry:?}"));
        }
    }

    /// The answer under a key is the first one.
    fn same(&mut self, entry: &Entry, found: Option<Place>, first: Place) {
        match found {
            Some(found) if found == first => {}
            Some(_) => self.wrong(format!("another one has its key: {entry:?}")),
            None => self
                .found
                .old
                .push(format!("its key was forgotten: {entry:?}")),
        }
    }

    fn read(&mut self, entry: &Entry) {
        let Request::Read {
            subject,
            after,
            limit,
            found,
        } = &entry.request
        else {
            return;
        };
        let places = self.subjects.get(subject).map_or(&[][..], Vec::as_slice);
        let from = places.partition_point(|place| place.seq <= *after);
        if found.len() > *limit || !places[from..].starts_with(found) {
            return self.wrong(format!("that is not the history: {entry:?}"));
        }
        let end = from + found.len();
        let newest = end.checked_sub(1).map(|last| places[last]);
        // Where it is full it does not say that there is no more.
        if found.len() < *limit {
            self.look(&Look {
                entry,
                subject,
                newest,
            });
        }
    }

    /// Was that the newest one at some moment while it was asked for?
    fn look(&mut self, look: &Look<'_>) {
        let places = self.subjects.get(look.subject);
        let places = places.map_or(&[][..], Vec::as_slice);
        let revision = look.newest.map_or(0, |place| place.revision);
        let revision = usize::try_from(revision).unwrap();
        let entry = look.entry;
        if look.newest.as_ref() != revision.checked_sub(1).and_then(|at| places.get(at)) {
            return self.wrong(format!("what was seen is not there: {entry:?}"));
        }
        let began = |place: &Place| self.spans.get(&place.by).map(|span| span.began);
        if look
            .newest
            .as_ref()
            .and_then(began)
            .is_some_and(|began| began > entry.ended)
        {
            return self.wrong(format!("it was seen before it was written: {entry:?}"));
        }
        let next = places
            .get(revision)
            .and_then(|place| self.spans.get(&place.by));
        let Some(next) = next.copied() else { return };
        let Some(over) = next.acknowledged.filter(|over| *over < entry.began) else {
            return;
        };
        let what = format!("over for {:?}: {entry:?}", entry.began.saturating_sub(over));
        // A page may end where whoever answered was behind; what is the newest of a subject is promised.
        let is_promised = !matches!(entry.request, Request::Read { .. });
        if next.client == entry.client && is_promised {
            self.wrong(format!("by what itself was told, it was {what}"));
        } else {
            self.found.old.push(what);
        }
    }
}
