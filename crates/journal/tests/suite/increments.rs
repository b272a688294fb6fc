//! Read, add one, write: by threads and by processes, none lost, none torn.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use journal::{
    AppendError, Change, Expect, Journal, OpenJournal as _, Order, Query, SqliteJournal,
};
use model::{Event, Revision};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::{
    child::{Child, input},
    support::{Scratch, append, numbered, subject},
};

const SUBJECT: &str = "counter";

/// The number that both the event and its document say, each twice.
async fn read_number(journal: &dyn Journal) -> (Revision, u64) {
    let Some(event) = journal.last(&subject(SUBJECT)).await.unwrap() else {
        return (0, 0);
    };
    let number = whole_number(&event);
    let body = journal.body(event.seq).await.unwrap().unwrap();
    let body: Value = serde_json::from_slice(body.bytes()).unwrap();
    assert_eq!(body["n"], number);
    assert_eq!(body["twice"], 2 * number);
    (event.revision, number)
}

fn whole_number(event: &Event) -> u64 {
    let number = event.data["n"].as_u64().unwrap();
    assert_eq!(event.data["twice"], 2 * number);
    number
}

/// Demands that the subject is as it was read, and reads again if it is not.
async fn increment(journal: &dyn Journal) {
    loop {
        let (revision, number) = read_number(journal).await;
        let expect = match revision {
            0 => Expect::Absent,
            revision => Expect::Revision(revision),
        };
        let next = numbered(number + 1);
        match journal.append(subject(SUBJECT), expect, next).await {
            Ok(_) => return,
            Err(AppendError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

async fn is_whole(journal: &Arc<SqliteJournal>, events: u64) {
    let verdict = journal.verify(None, Box::new(|_| ())).await.unwrap();
    assert!(verdict.ok, "{:?}", verdict.first_bad);
    assert_eq!(verdict.events, events);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn eight_threads_of_fifty_increments_make_four_hundred() {
    let scratch = Scratch::default();
    let journal = scratch.open();

    let threads = (0..8).map(|_| {
        let journal = journal.clone();
        tokio::spawn(async move {
            for _ in 0..50 {
                increment(&*journal).await;
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.await.unwrap();
    }

    assert_eq!(read_number(&*journal).await, (400, 400));
    is_whole(&journal, 400).await;
}

#[tokio::test]
async fn eight_processes_of_a_hundred_increments_make_eight_hundred() {
    let scratch = Scratch::default();
    // Nothing is there yet: they also race to create it.
    let input = json!({"path": scratch.path()});
    let start = || Child::start("increments::child_that_increments", &input);
    let children: Vec<_> = (0..8).map(|_| start()).collect();
    for child in children {
        child.finish();
    }

    let journal = scratch.open();
    assert_eq!(read_number(&*journal).await, (800, 800));
    is_whole(&journal, 800).await;
}

#[test]
#[ignore = "a process of its own, started by the test above"]
fn child_that_increments() {
    let Some(input) = input() else { return };
    let path = input["path"].as_str().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let journal = SqliteJournal::open(journal::OpenOptions::new(path)).unwrap();
        for _ in 0..100 {
            increment(&*journal).await;
        }
        journal.close().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn increments_made_by_the_writer_itself_need_no_second_try() {
    let scratch = Scratch::default();
    let journal = scratch.open();

    let threads = (0..8).map(|_| {
        let journal = journal.clone();
        tokio::spawn(async move {
            for _ in 0..50 {
                let change: Change = Box::new(|head| {
                    let number = head.current().map_or(0, |event| whole_number(event));
                    Ok(numbered(number + 1))
                });
                journal.apply(subject(SUBJECT), None, change).await.unwrap();
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.await.unwrap();
    }

    assert_eq!(read_number(&*journal).await, (400, 400));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_comparison_increments_are_lost() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    let all_have_read = Arc::new(Barrier::new(8));

    let threads = (0..8).map(|_| {
        let (journal, all_have_read) = (journal.clone(), all_have_read.clone());
        tokio::spawn(async move {
            for _ in 0..50 {
                let (_revision, number) = read_number(&*journal).await;
                all_have_read.wait().await;
                append(&*journal, SUBJECT, numbered(number + 1)).await;
                all_have_read.wait().await;
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.await.unwrap();
    }

    assert_eq!(read_number(&*journal).await, (400, 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_a_million_reads_beside_writers_is_torn() {
    const READS: u64 = 1_000_000;
    const PAGE_EVENTS: usize = 500;
    let scratch = Scratch::default();
    let journal = scratch.open();
    append(&*journal, SUBJECT, numbered(1)).await;
    let (reads, is_over) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );

    let readers = (0..2).map(|_| {
        let (journal, reads) = (journal.clone(), reads.clone());
        tokio::spawn(async move {
            while reads.load(Ordering::Relaxed) < READS {
                read_number(&*journal).await;
                let query = Query {
                    order: Order::NewestFirst,
                    limit: PAGE_EVENTS,
                    ..Query::of(subject(SUBJECT))
                };
                let page = journal.read(query).await.unwrap();
                for pair in page.windows(2) {
                    assert_eq!(whole_number(&pair[0]), whole_number(&pair[1]) + 1);
                }
                reads.fetch_add(page.len() as u64 + 1, Ordering::Relaxed);
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    let writer = {
        let (journal, is_over) = (journal.clone(), is_over.clone());
        tokio::spawn(async move {
            let mut written = 0_u64;
            while !is_over.load(Ordering::Relaxed) {
                increment(&*journal).await;
                written += 1;
                // Leaves the readers some of the two cores; nothing waits for it.
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
            written
        })
    };
    for reader in readers {
        reader.await.unwrap();
    }
    is_over.store(true, Ordering::Relaxed);

    let written = writer.await.unwrap();
    assert!(written > 100, "only {written} writes went beside the reads");
    assert!(reads.load(Ordering::Relaxed) >= READS);
}
