//! Watches beside busy writers, held to their six promises.

use std::sync::Arc;

use journal::{Journal, OpenJournal as _, Query, SqliteJournal, WatchItem};
use model::{Event, Seq};
use serde_json::json;

use crate::{
    child::{Child, input},
    support::{Scratch, append, event, everything, history, numbered, subject},
    validators::{Recording, Seen, atomic, bookmarked, ordered, reliable, resumable, unique},
};

const WRITERS: u64 = 8;
/// Together far more than are kept in memory.
const EVENTS_PER_WRITER: u64 = 250;
const EVENTS: Seq = WRITERS * EVENTS_PER_WRITER;

async fn write_busily(journal: Arc<SqliteJournal>) {
    let writers = (0..WRITERS).map(|writer| {
        let journal = journal.clone();
        tokio::spawn(async move {
            for n in 0..EVENTS_PER_WRITER {
                append(&*journal, &format!("writer.{writer}"), numbered(n)).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

async fn record(journal: Arc<SqliteJournal>, after: Seq, query: Query, until: Seq) -> Recording {
    let watch = journal.clone().watch(after, query.clone());
    Recording::make(&*journal, watch, after, query, until).await
}

#[tokio::test(flavor = "multi_thread")]
async fn watchers_beside_eight_writers_keep_the_six_promises() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    let elsewhere = scratch.open();
    let one_subject = Query::of(subject("writer.3"));
    // It looks once, then not again before everything is written.
    let mut slow = journal.clone().watch(0, Query::all());

    let fast = tokio::spawn(record(journal.clone(), 0, Query::all(), EVENTS));
    let few = tokio::spawn(record(journal.clone(), 0, one_subject, EVENTS));
    let other = tokio::spawn(record(elsewhere.clone(), 0, Query::all(), EVENTS));
    let writing = tokio::spawn(write_busily(journal.clone()));
    let first = slow.next_event().await.unwrap().unwrap();
    writing.await.unwrap();
    let slow = Recording::make(&*journal, slow, 1, Query::all(), EVENTS).await;

    let committed = everything(&*journal).await;
    assert_eq!(committed.len(), usize::try_from(EVENTS).unwrap());
    assert_eq!(first.seq, 1);
    let fast = fast.await.unwrap();
    for recording in [&fast, &slow, &few.await.unwrap(), &other.await.unwrap()] {
        recording.keeps_its_promises(&committed);
    }
    for at in [0, 1, 700, EVENTS - 1, EVENTS - 1_024, EVENTS - 1_025] {
        let resumed = record(journal.clone(), at, Query::all(), EVENTS).await;
        resumable(&fast, &resumed).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_writes_is_heard() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 5).await;
    let mut watch = journal.clone().watch(5, Query::all());

    let child = Child::start("watch::child_that_writes", &json!({"path": scratch.path()}));
    let mut heard = Vec::new();
    while heard.len() < 20 {
        heard.push(watch.next_event().await.unwrap().unwrap());
    }
    child.finish();

    assert_eq!(heard, everything(&*journal).await[5..]);
    assert!(
        heard
            .iter()
            .all(|event| event.subject == subject("elsewhere"))
    );
}

#[test]
#[ignore = "a process of its own, started by another test"]
fn child_that_writes() {
    let Some(input) = input() else { return };
    let path = input["path"].as_str().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let journal = SqliteJournal::open(journal::OpenOptions::new(path)).unwrap();
        for n in 0..20 {
            append(&*journal, "elsewhere", numbered(n)).await;
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn two_handles_that_write_in_turn_are_heard_by_both_in_one_order() {
    let scratch = Scratch::default();
    let (one, other) = (scratch.open(), scratch.open());
    let first = tokio::spawn(record(one.clone(), 0, Query::all(), 100));
    let second = tokio::spawn(record(other.clone(), 0, Query::all(), 100));

    for n in 0..50 {
        append(&*one, "a", numbered(n)).await;
        append(&*other, "a", numbered(n)).await;
    }

    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let committed = everything(&*one).await;
    first.keeps_its_promises(&committed);
    second.keeps_its_promises(&committed);
    assert!(first.events().eq(second.events()));
}

#[tokio::test]
async fn a_bookmark_tells_how_far_it_is_when_nothing_matches() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 30).await;
    let mut watch = journal.clone().watch(0, Query::of(subject("other")));

    let item = watch.next().await.unwrap();

    assert!(matches!(item, Some(WatchItem::Bookmark(30))), "{item:?}");
}

#[tokio::test]
async fn a_watch_from_beyond_the_end_waits_for_what_comes_there() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 3).await;
    let mut watch = journal.clone().watch(5, Query::all());

    history(&*journal, 4).await;

    assert_eq!(watch.next_event().await.unwrap().unwrap().seq, 6);
}

#[tokio::test]
async fn a_watch_shows_the_rest_and_ends_when_the_journal_is_closed() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    let mut watch = journal.clone().watch(0, Query::all());
    append(&*journal, "a", event(json!(1))).await;

    journal.close().await;

    assert_eq!(watch.next_event().await.unwrap().unwrap().seq, 1);
    assert_eq!(watch.next_event().await.unwrap(), None);
    let mut late = journal.watch(0, Query::all());
    assert_eq!(late.next_event().await.unwrap(), None);
}

/// A good recording of 12 events, and everything that was committed.
async fn sample() -> (Recording, Vec<Arc<Event>>) {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 12).await;
    let recording = record(journal.clone(), 0, Query::all(), 12).await;
    (recording, everything(&*journal).await)
}

fn mutant(of: &Recording, mutate: impl FnOnce(&mut Vec<Seen>)) -> Recording {
    let mut mutant = of.clone();
    mutate(&mut mutant.seen);
    mutant
}

#[tokio::test]
async fn each_validator_bites_on_a_mutant() {
    let (good, committed) = sample().await;
    good.keeps_its_promises(&committed);
    resumable(&good, &good).unwrap();

    let swapped = mutant(&good, |seen| seen.swap(3, 7));
    let repeated = mutant(&good, |seen| seen.insert(5, seen[5].clone()));
    let lost = mutant(&good, |seen| drop(seen.remove(6)));
    let early = mutant(&good, |seen| {
        let Seen::Event { stored, .. } = &mut seen[4] else {
            panic!("an event")
        };
        *stored = None;
    });
    let half = mutant(&good, |seen| {
        let Seen::Event { stored_body, .. } = &mut seen[5] else {
            panic!("an event")
        };
        *stored_body = None;
    });
    let too_far = mutant(&good, |seen| seen.insert(2, Seen::Bookmark(8)));
    let back = mutant(&good, |seen| seen.insert(9, Seen::Bookmark(3)));

    let bites = [
        ordered(&swapped),
        unique(&repeated),
        reliable(&lost, &committed),
        reliable(&good, &committed[..11]),
        atomic(&early),
        atomic(&half),
        bookmarked(&too_far),
        bookmarked(&back),
        resumable(&good, &lost),
        resumable(&good, &repeated),
    ];
    let bites = bites.map(|verdict| verdict.expect_err("a mutant"));
    insta::assert_snapshot!(bites.join("\n"), @"
    8 came before 5
    6 came twice
    7 never came
    12 was not asked for
    5 was shown before it was there in whole
    6 was shown before it was there in whole
    3 came after the bookmark 8
    the bookmark 3 goes back
    12 events were left, 11 came
    12 events were left, 13 came
    ");
}
