//! Raw `SQLite` with WAL and `synchronous = FULL`, as one would write it in an afternoon.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use serde_json::Value;

use crate::{
    document,
    load::{DOCUMENTS_COUNT, Held, Session, Store},
};

const BUSY_WAIT: Duration = Duration::from_mins(1);

const CREATE: &str = "
    CREATE TABLE documents (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE TABLE ledger (
        seq INTEGER PRIMARY KEY, document INTEGER, revision INTEGER, time TEXT NOT NULL, event TEXT NOT NULL
    );
";

/// Who holds the connection.
#[derive(Clone, Copy)]
pub(crate) enum Connections {
    OnePerWriter,
    OneForAll,
}

pub(crate) struct Sqlite {
    path: PathBuf,
    shared: Option<Arc<Mutex<Connection>>>,
}

impl Sqlite {
    pub(crate) fn create(folder: &Path, connections: Connections) -> Result<Self> {
        let path = folder.join("raw.sqlite");
        let mut connection = open(&path)?;
        connection.execute_batch(CREATE)?;
        let transaction = connection.transaction()?;
        for document in 0..DOCUMENTS_COUNT {
            let body = document::new(document).to_string();
            let id = i64::try_from(document)?;
            transaction.execute("INSERT INTO documents VALUES (?, 1, ?)", params![id, body])?;
        }
        transaction.commit()?;
        let shared = match connections {
            Connections::OnePerWriter => None,
            Connections::OneForAll => Some(Arc::new(Mutex::new(connection))),
        };
        Ok(Self { path, shared })
    }
}

fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.busy_timeout(BUSY_WAIT)?;
    Ok(connection)
}

impl Store for Sqlite {
    type Session = SqliteSession;
    const IS_BLOCKING: bool = true;

    async fn session(&self) -> Result<SqliteSession> {
        let connection = match &self.shared {
            Some(shared) => shared.clone(),
            None => Arc::new(Mutex::new(open(&self.path)?)),
        };
        Ok(SqliteSession { connection })
    }
}

pub(crate) struct SqliteSession {
    connection: Arc<Mutex<Connection>>,
}

impl SqliteSession {
    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        work(&mut connection)
    }
}

impl Session for SqliteSession {
    async fn read(&mut self, document: usize) -> Result<Held> {
        self.with(|connection| load(connection, document))
    }

    async fn swap(&mut self, document: usize, held: &Held) -> Result<Option<u64>> {
        self.with(|connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let revision = replace(&transaction, document, held)?;
            transaction.commit()?;
            Ok(revision)
        })
    }

    /// The change inside one transaction: what `SQLite` has in place of a server-side change.
    async fn set_counter(
        &mut self,
        document: usize,
        counter: u64,
        _until: Instant,
    ) -> Result<bool> {
        self.with(|connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut held = load(&transaction, document)?;
            document::set_counter(&mut held.value, counter);
            let revision = replace(&transaction, document, &held)?;
            transaction.commit()?;
            Ok(revision.is_some())
        })
    }

    async fn append(&mut self, event: &Value) -> Result<()> {
        self.with(|connection| note(connection, None, None, event))
    }
}

fn load(connection: &Connection, document: usize) -> Result<Held> {
    let (revision, body): (i64, String) = connection
        .prepare_cached("SELECT revision, body FROM documents WHERE id = ?")?
        .query_row([i64::try_from(document)?], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?
        .context("the document is there")?;
    Ok(Held {
        revision: u64::try_from(revision)?,
        value: serde_json::from_str(&body)?,
    })
}

/// The new document and its ledger row.
fn replace(connection: &Connection, document: usize, held: &Held) -> Result<Option<u64>> {
    let (id, revision) = (i64::try_from(document)?, i64::try_from(held.revision)?);
    let changed = connection
        .prepare_cached(
            "UPDATE documents SET body = ?, revision = revision + 1 WHERE id = ? AND revision = ?",
        )?
        .execute(params![held.value.to_string(), id, revision])?;
    if changed == 0 {
        return Ok(None);
    }
    let event = document::small_event(held.revision + 1);
    note(connection, Some(id), Some(revision + 1), &event)?;
    Ok(Some(held.revision + 1))
}

fn note(
    connection: &Connection,
    document: Option<i64>,
    revision: Option<i64>,
    event: &Value,
) -> Result<()> {
    let time = jiff::Timestamp::now().to_string();
    connection
        .prepare_cached("INSERT INTO ledger (document, revision, time, event) VALUES (?, ?, ?, ?)")?
        .execute(params![document, revision, time, event.to_string()])?;
    Ok(())
}
