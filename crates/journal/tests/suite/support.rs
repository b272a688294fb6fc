//! A journal in a folder of its own, and events to put into it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use journal::{Expect, Journal, OpenOptions, Query, SqliteJournal};
use model::{
    Body, Context, Event, EventType, NewEvent, Subject,
    event::{AgentRole, IdempotencyKey},
};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with a journal in it, gone when dropped.
pub(crate) struct Scratch {
    folder: TempDir,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }
}

impl Scratch {
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    pub(crate) fn open(&self) -> Arc<SqliteJournal> {
        SqliteJournal::open(OpenOptions::new(self.path())).unwrap()
    }

    /// The file as anybody with SQLite can get at it.
    pub(crate) fn tamper(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

pub(crate) fn subject(name: &str) -> Subject {
    name.parse().unwrap()
}

pub(crate) fn key(name: &str) -> IdempotencyKey {
    name.parse().unwrap()
}

/// That many seconds into 2026.
pub(crate) fn second(n: i64) -> Timestamp {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(n)
}

pub(crate) fn event(data: Value) -> NewEvent {
    NewEvent::new(
        EventType::STATE_CHANGE,
        second(0),
        Context::of(AgentRole::Tuner),
        data,
    )
}

/// An event whose data and document both say `n`.
pub(crate) fn numbered(n: u64) -> NewEvent {
    let text = json!({"n": n, "twice": 2 * n, "filling": "x".repeat(300)}).to_string();
    event(json!({"n": n, "twice": 2 * n})).with_body(Some(Body::new(text.into_bytes())))
}

pub(crate) async fn append(journal: &dyn Journal, to: &str, event: NewEvent) -> Arc<Event> {
    let committed = journal.append(subject(to), Expect::Any, event).await;
    committed.unwrap().event
}

/// `n` events over three subjects, every second one with a document, a second apart.
pub(crate) async fn history(journal: &dyn Journal, n: u64) {
    for at in 1..=n {
        let mut event = if at % 2 == 0 {
            numbered(at)
        } else {
            event(json!({"at": at}))
        };
        event.time = second(at.cast_signed());
        append(journal, &format!("thing.{}", at % 3), event).await;
    }
}

pub(crate) async fn everything(journal: &dyn Journal) -> Vec<Arc<Event>> {
    let query = Query {
        limit: Query::LIMIT_MAX,
        ..Query::all()
    };
    journal.read(query).await.unwrap()
}
