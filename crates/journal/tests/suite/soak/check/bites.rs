//! The check, on histories that it must not let pass.

use std::{sync::Arc, time::Duration};

use journal::Expect;
use model::{Event, Revision, Seq};
use serde_json::json;

use super::{
    super::history::{Entry, Number, Outcome, Place, Request},
    Check, Found,
};
use crate::support::{event, subject};

/// Three events of one subject, written one after the other: 1 from second 0 to 1, 2 from 2 to 3, 3 from 4 to 5.
fn three() -> (Vec<Arc<Event>>, Vec<Entry>) {
    let events = (1..=3).map(|n| stored(n, n, n));
    let entries = (1..=3).map(|n| wrote(n, 2 * n - 2, Outcome::Acknowledged(place(n, n, n))));
    (events.collect(), entries.collect())
}

fn place(seq: Seq, revision: Revision, by: Number) -> Place {
    Place { seq, revision, by }
}

fn stored(seq: Seq, revision: Revision, by: Number) -> Arc<Event> {
    let event = event(json!({"by": by}));
    let mut event = Event::place(event, subject("a"), revision).event;
    event.seq = seq;
    Arc::new(event)
}

/// By a client of its own, in one second.
fn entry(number: Number, began: u64, request: Request) -> Entry {
    Entry {
        number,
        client: usize::try_from(number).unwrap(),
        began: Duration::from_secs(began),
        ended: Duration::from_secs(began + 1),
        request,
    }
}

fn wrote(number: Number, began: u64, outcome: Outcome) -> Entry {
    let request = Request::Write {
        subject: subject("a"),
        expect: Some(Expect::Any),
        outcome,
    };
    entry(number, began, request)
}

fn expecting(expect: Expect, mut entry: Entry) -> Entry {
    if let Request::Write { expect: is, .. } = &mut entry.request {
        *is = Some(expect);
    }
    entry
}

fn last(number: Number, began: u64, found: Option<Place>) -> Entry {
    let subject = subject("a");
    entry(number, began, Request::Last { subject, found })
}

/// What is found when this was done to what was stored and told.
fn found(change: impl FnOnce(&mut Vec<Arc<Event>>, &mut Vec<Entry>)) -> Found {
    let (mut events, mut entries) = three();
    change(&mut events, &mut entries);
    Check::new(&events, &entries).run()
}

/// The first thing that is wrong, without the details.
fn wrong(change: impl FnOnce(&mut Vec<Arc<Event>>, &mut Vec<Entry>)) -> String {
    let wrong = found(change).wrong.into_iter().next().unwrap_or_default();
    wrong.split(':').next().unwrap().to_owned()
}

#[test]
fn a_history_that_fits_is_let_pass() {
    let found = found(|_, entries| {
        let current = Some(place(2, 2, 2));
        entries.push(last(4, 3, current));
        entries.push(last(5, 4, current));
        let refused = wrote(6, 3, Outcome::Conflict { current });
        entries.push(expecting(Expect::Absent, refused));
        entries.push(wrote(7, 0, Outcome::Unknown));
    });

    assert!(found.wrong.is_empty() && found.old.is_empty(), "{found:?}");
}

#[test]
fn an_event_that_is_lost_doubled_or_nobodys_is_named() {
    let lost = wrong(|events, _| drop(events.pop()));
    let doubled = wrong(|events, _| events.push(stored(4, 4, 3)));
    let gap = wrong(|events, _| events.push(stored(4, 5, 4)));
    let nobodys = wrong(|events, _| events.push(stored(4, 4, 9)));

    assert_eq!(lost, "it was acknowledged, and is not there");
    assert_eq!(doubled, "the event of 3 is there twice");
    assert_eq!(
        (gap, nobodys),
        (
            "nobody wrote Event { seq".into(),
            "nobody wrote Event { seq".into()
        )
    );
}

#[test]
fn an_event_that_was_refused_is_nowhere() {
    let refused = wrong(|_, entries| entries[2] = wrote(3, 4, Outcome::Refused));
    let current = Some(place(2, 2, 2));
    let conflict = wrong(|_, entries| {
        let conflict = wrote(3, 4, Outcome::Conflict { current });
        entries[2] = expecting(Expect::Revision(1), conflict);
    });

    assert_eq!(refused, "it was refused, and is at Place { seq");
    assert_eq!(conflict, "it was refused, and is at Place { seq");
}

#[test]
fn a_write_that_began_later_stands_later() {
    let order = wrong(|_, entries| entries[0].began = Duration::from_secs(6));

    assert_eq!(
        order,
        "1 stands before 2, which was acknowledged before it began"
    );
}

#[test]
fn a_conflict_needs_a_reason_and_a_success_what_it_expected() {
    let none = wrong(|_, entries| {
        let current = Some(place(2, 2, 2));
        let conflict = wrote(4, 3, Outcome::Conflict { current });
        entries.push(expecting(Expect::Revision(2), conflict));
    });
    let other = wrong(|_, entries| {
        let entry = entries[2].clone();
        entries[2] = expecting(Expect::Revision(1), entry);
    });

    assert_eq!(none, "a conflict for no reason");
    assert_eq!(other, "it was not what it expected");
}

#[test]
fn what_was_seen_was_the_newest_while_it_was_asked_for() {
    let unwritten = wrong(|_, entries| entries.push(last(4, 1, Some(place(3, 3, 3)))));
    let elsewhere = wrong(|_, entries| entries.push(last(4, 6, Some(place(3, 3, 2)))));
    let own = wrong(|_, entries| {
        let mut own = last(4, 6, Some(place(2, 2, 2)));
        own.client = 3;
        entries.push(own);
    });
    let old = found(|_, entries| entries.push(last(4, 6, Some(place(2, 2, 2)))));

    assert_eq!(unwritten, "it was seen before it was written");
    assert_eq!(elsewhere, "what was seen is not there");
    assert_eq!(own, "by what itself was told, it was over for 1s");
    assert_eq!((old.wrong.len(), old.old.len()), (0, 1));
}

#[test]
fn a_history_without_an_event_in_between_is_none() {
    let skipped = wrong(|_, entries| {
        let read = Request::Read {
            subject: subject("a"),
            after: 0,
            limit: 10,
            found: vec![place(1, 1, 1), place(3, 3, 3)],
        };
        entries.push(entry(4, 6, read));
    });

    assert_eq!(skipped, "that is not the history");
}
