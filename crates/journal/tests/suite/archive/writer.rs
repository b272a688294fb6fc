//! Writes and what is archived: they find it, and nobody else waits for that.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use journal::{
    AppendError, ArchiveStore, Change, Expect, Journal as _, OpenJournal as _, SqliteJournal,
    StoreFailure, Unavailable,
};
use model::{Event, NewEvent};
use serde_json::json;
use tokio::sync::Notify;

use super::{Folder, archive_all, folder_beside, open, open_over};
use crate::support::{Scratch, append, event, history, key, numbered, subject};

/// Far more than a write takes, and less than a test may.
const PATIENCE: Duration = Duration::from_secs(20);

/// A store that answers when it is let.
#[derive(Debug)]
struct Gate {
    folder: Folder,
    is_open: Mutex<bool>,
    moved: Condvar,
    is_away: AtomicBool,
    /// Somebody waits at it.
    reached: Notify,
}

impl Gate {
    fn over(folder: Folder) -> Arc<Self> {
        Arc::new(Self {
            folder,
            is_open: Mutex::new(false),
            moved: Condvar::new(),
            is_away: AtomicBool::new(false),
            reached: Notify::new(),
        })
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.moved.notify_all();
    }
}

impl ArchiveStore for Gate {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreFailure> {
        self.folder.put(name, bytes)
    }

    fn find(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFailure> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err("it is away".into());
        }
        self.reached.notify_one();
        let is_open = self.is_open.lock().unwrap();
        drop(self.moved.wait_while(is_open, |is_open| !*is_open).unwrap());
        self.folder.find(name)
    }
}

/// A journal whose events up to 12 are archived, the first of them under the key `once`, opened
/// anew before a store that does not answer.
async fn gated(scratch: &Scratch) -> (Arc<SqliteJournal>, Arc<Gate>, Arc<Event>) {
    let journal = open(scratch);
    let first = numbered(7).with_key(Some(key("once")));
    let first = append(&*journal, "thing", first).await;
    history(&*journal, 10).await;
    append(&*journal, "thing", event(json!("last"))).await;
    archive_all(&journal).await;
    journal.close().await;
    let gate = Gate::over(folder_beside(&scratch.path()));
    (open_over(&scratch.path(), gate.clone()), gate, first)
}

fn again() -> NewEvent {
    numbered(8).with_key(Some(key("once")))
}

/// Makes an event of how much it sees of its subject; takes what it cannot see for nothing.
fn looking() -> Change {
    Box::new(|head| {
        let events = head.events(1, 5).map_or(0, |events| events.len());
        let body = head.body(1).ok().flatten();
        let bytes = body.map_or(0, |body| body.bytes().len());
        Ok(event(json!([events, bytes])))
    })
}

#[tokio::test]
async fn a_change_sees_what_is_archived_of_its_subject_and_a_key_still_counts_once() {
    let scratch = Scratch::default();
    let (journal, gate, first) = gated(&scratch).await;
    gate.open();

    let seen = journal.apply(subject("thing"), None, looking()).await;
    let again = journal.append(subject("thing"), Expect::Any, again()).await;
    let elsewhere = numbered(8).with_key(Some(key("once")));
    let elsewhere = journal
        .append(subject("other"), Expect::Any, elsewhere)
        .await;

    let bytes = journal.body(1).await.unwrap().unwrap().bytes().len();
    let (seen, again) = (seen.unwrap().event, again.unwrap());
    assert_eq!((&seen.data, seen.revision), (&json!([1, bytes]), 3));
    assert!(again.was_repeated);
    assert_eq!(again.event, first);
    assert!(matches!(
        elsewhere,
        Err(AppendError::KeyTaken { seq: 1, .. })
    ));
}

#[tokio::test]
async fn writes_go_on_while_another_waits_for_an_archive() {
    for is_keyed in [true, false] {
        let scratch = Scratch::default();
        let (journal, gate, first) = gated(&scratch).await;
        let writer = journal.clone();
        let waiting = tokio::spawn(async move {
            if is_keyed {
                writer.append(subject("thing"), Expect::Any, again()).await
            } else {
                writer.apply(subject("thing"), None, looking()).await
            }
        });
        gate.reached.notified().await;

        let others = async {
            append(&*journal, "other", event(json!(1))).await;
            append(&*journal, "thing", event(json!("newer"))).await
        };
        let newer = tokio::time::timeout(PATIENCE, others).await.unwrap();
        let is_waiting = !waiting.is_finished();
        gate.open();
        let waited = waiting.await.unwrap().unwrap();

        assert!(is_waiting);
        if is_keyed {
            assert_eq!(waited.event, first);
        } else {
            assert_eq!(waited.event.revision, newer.revision + 1);
            assert_eq!(waited.event.data[0], 1);
        }
    }
}

#[tokio::test]
async fn many_facts_at_once_wait_only_where_one_repeats_an_archived_key() {
    let scratch = Scratch::default();
    let (journal, gate, first) = gated(&scratch).await;
    let writer = journal.clone();
    let waiting = tokio::spawn(async move {
        let facts = vec![event(json!(1)), again(), event(json!(2))];
        writer.append_all(subject("thing"), facts).await
    });
    gate.reached.notified().await;

    let last = async {
        let mut watch = journal
            .clone()
            .watch(14, journal::Query::of(subject("thing")));
        watch.next_event().await.unwrap();
        watch.next_event().await.unwrap().unwrap()
    };
    let last = tokio::time::timeout(PATIENCE, last).await.unwrap();
    gate.open();
    let outcomes = waiting.await.unwrap();

    assert_eq!(last.data, json!(2));
    assert_eq!(outcomes.len(), 3);
    assert_eq!(outcomes[1].as_ref().unwrap().event, first);
    assert_eq!(outcomes[2].as_ref().unwrap().event, last);
}

#[tokio::test]
async fn a_write_that_needs_an_archive_out_of_reach_writes_nothing_and_says_why() {
    let scratch = Scratch::default();
    let (journal, gate, _) = gated(&scratch).await;
    gate.is_away.store(true, Ordering::SeqCst);
    let newest = journal.newest().await.unwrap();

    let keyed = journal.append(subject("thing"), Expect::Any, again()).await;
    let looked = journal.apply(subject("thing"), None, looking()).await;

    for refused in [keyed, looked] {
        let Err(AppendError::Unavailable(reason @ Unavailable::Archive(_))) = refused else {
            panic!("{refused:?}")
        };
        let name = "journal/00000000000000000001-00000000000000000012.parquet";
        let told = format!("the archive `{name}` cannot be read: it is away");
        assert_eq!(reason.to_string(), told);
    }
    assert_eq!(journal.newest().await.unwrap(), newest);
}
