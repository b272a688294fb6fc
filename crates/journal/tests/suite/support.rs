//! A journal in a folder of its own, and events to put into it.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;

use jiff::{SignedDuration, Timestamp};
use journal::{
    AppendError, Change, Committed, Expect, Journal, OpenOptions, Query, ReadError, SqliteJournal,
    Watch,
};
use model::{
    Body, Context, Event, EventType, NewEvent, Seq, Subject,
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

/// A journal that never rests: before each write through here, somebody else's is committed.
pub(crate) struct Busy {
    pub(crate) journal: Arc<SqliteJournal>,
    pub(crate) writes: AtomicUsize,
    pub(crate) reads: AtomicUsize,
}

impl Busy {
    pub(crate) fn over(journal: Arc<SqliteJournal>) -> Self {
        Self {
            journal,
            writes: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
        }
    }
}

#[async_trait]
impl Journal for Busy {
    async fn apply(
        &self,
        subject: Subject,
        key: Option<IdempotencyKey>,
        change: Change,
    ) -> Result<Committed, AppendError> {
        const WRITES_MAX: usize = 100;
        let writes = self.writes.fetch_add(1, Ordering::Relaxed);
        assert!(writes < WRITES_MAX, "this does not end");
        append(&*self.journal, "busy", event(json!(writes))).await;
        self.journal.apply(subject, key, change).await
    }

    async fn last(&self, subject: &Subject) -> Result<Option<Arc<Event>>, ReadError> {
        self.journal.last(subject).await
    }

    async fn last_at(&self, subject: &Subject, seq: Seq) -> Result<Option<Arc<Event>>, ReadError> {
        self.journal.last_at(subject, seq).await
    }

    async fn subjects(&self, prefix: &str) -> Result<Vec<Subject>, ReadError> {
        self.journal.subjects(prefix).await
    }

    async fn body(&self, seq: Seq) -> Result<Option<Body>, ReadError> {
        self.journal.body(seq).await
    }

    async fn read(&self, query: Query) -> Result<Vec<Arc<Event>>, ReadError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.journal.read(query).await
    }

    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<Arc<Event>>, ReadError> {
        self.journal.find_key(key).await
    }

    async fn newest(&self) -> Result<Seq, ReadError> {
        self.journal.newest().await
    }

    fn watch(self: Arc<Self>, after: Seq, query: Query) -> Watch {
        self.journal.clone().watch(after, query)
    }
}
