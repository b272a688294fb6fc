//! A new journal that holds the beginning of another one, byte for byte.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use model::Seq;
use rusqlite::{Connection, params};
use tokio::sync::mpsc;

use super::{
    OpenError, OpenOptions, SqliteJournal,
    audit::audit,
    schema,
    stub::{self, Rows},
};
use crate::{
    ReadError, Unavailable,
    archive::Shelf,
    migrate::Copied,
    verify::{Fault, Verdict},
};

/// Rows copied in one transaction, so that the source's log can be folded in between.
const BATCH_ROWS_MAX: Seq = 4096;

/// Rows that are given back in one transaction what they let go of.
const BATCH_STUBS_MAX: usize = 256;

/// Why there is no fork. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    #[error("`{}` is there already", path.display())]
    Exists { path: PathBuf },
    #[error("there is no event {at}: the newest is {newest}")]
    Beyond { at: Seq, newest: Seq },
    /// A fork up to right before the fault is possible.
    #[error("the events to copy are not whole: {0}")]
    Damaged(Fault),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the fork could not be written")]
    Write(#[source] Unavailable),
    #[error("`{}` could not be made", path.display())]
    File { path: PathBuf, source: io::Error },
}

/// Writes a journal to `into` that holds the events up to and including `at`, with the same seqs,
/// hashes and bodies, and verifies it. The file appears whole or not at all.
pub async fn fork(journal: &SqliteJournal, at: Seq, into: &Path) -> Result<Verdict, ForkError> {
    match crate::Journal::newest(journal).await {
        Ok(newest) if at > newest => return Err(ForkError::Beyond { at, newest }),
        // Where the newest event cannot be read, earlier ones may be: the copy will tell.
        Ok(_) | Err(ReadError::Unavailable(Unavailable::Damaged(_))) => {}
        Err(error) => return Err(error.into()),
    }
    let (options, into) = (journal.options.clone(), into.to_owned());
    let shelf = journal.shelf.clone();
    tokio::task::spawn_blocking(move || run(&options, &shelf, at, &into))
        .await
        .map_err(|_panic| ForkError::Write(Unavailable::Closed))?
}

fn run(options: &OpenOptions, shelf: &Shelf, at: Seq, into: &Path) -> Result<Verdict, ForkError> {
    if into.exists() {
        return Err(ForkError::Exists {
            path: into.to_owned(),
        });
    }
    let draft = Draft::beside(into);
    let verdict = draft.fill(options, shelf, at)?;
    draft.publish(into)?;
    Ok(verdict)
}

/// Writes a journal to `into` of events that come from elsewhere, whole and in order, and verifies it. The file
/// appears whole or not at all: nothing after the last page says that it was the last.
pub(crate) async fn file_of(
    mut pages: mpsc::Receiver<Option<Vec<Copied>>>,
    into: &Path,
) -> Result<Verdict, ForkError> {
    let into = into.to_owned();
    let write = move || {
        if into.exists() {
            return Err(ForkError::Exists { path: into });
        }
        let draft = Draft::beside(&into);
        let connection = draft.open(&OpenOptions::new(&into))?;
        loop {
            match pages.blocking_recv() {
                Some(Some(page)) => put(&connection, &page).map_err(|error| sort(&error))?,
                Some(None) => break,
                // Who reads them gave up.
                None => return Err(ForkError::Write(Unavailable::Closed)),
            }
        }
        let verdict = audited(&connection)?;
        drop(connection);
        draft.publish(&into)?;
        Ok(verdict)
    };
    tokio::task::spawn_blocking(write)
        .await
        .map_err(|_panic| ForkError::Write(Unavailable::Closed))?
}

fn put(connection: &Connection, page: &[Copied]) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN")?;
    for copied in page {
        let text = copied.event.sealed_text();
        schema::insert(connection, &copied.event, &text, copied.body.as_ref())?;
    }
    connection.execute_batch("COMMIT")
}

fn audited(connection: &Connection) -> Result<Verdict, ForkError> {
    let rows = Rows {
        connection,
        // Everything is in the file itself.
        shelf: &Shelf::new(None),
        at_hand: None,
    };
    let verdict = audit(rows, None, &|_| ());
    match verdict.first_bad {
        Some(fault) => Err(ForkError::Damaged(fault)),
        None => Ok(verdict),
    }
}

/// The fork while it is made, under another name; gone when dropped.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn beside(into: &Path) -> Self {
        let mut name = OsString::from(".");
        name.push(into.file_name().unwrap_or_default());
        name.push(format!(".{}.fork", uuid::Uuid::now_v7().simple()));
        Self {
            path: into.with_file_name(name),
        }
    }

    fn fill(&self, source: &OpenOptions, shelf: &Shelf, at: Seq) -> Result<Verdict, ForkError> {
        let connection = self.open(source)?;
        copy(&connection, &source.path, at).map_err(|error| sort(&error))?;
        make_whole(&connection, source, shelf)?;
        audited(&connection)
    }

    fn open(&self, like: &OpenOptions) -> Result<Connection, ForkError> {
        // Nothing of it counts before the file is synced as a whole.
        let options = OpenOptions {
            synchronous: "OFF",
            vfs: None,
            path: self.path.clone(),
            ..like.clone()
        };
        Ok(schema::open_for_writing(&options)?)
    }

    fn publish(&self, into: &Path) -> Result<(), ForkError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => ForkError::Exists {
                path: into.to_owned(),
            },
            _ => ForkError::File {
                path: into.to_owned(),
                source,
            },
        };
        let folder = match into.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(&self.path)
            .and_then(|file| file.sync_all())
            // A second name, because a rename would replace what appeared there meanwhile.
            .and_then(|()| fs::hard_link(&self.path, into))
            .and_then(|()| fs::remove_file(&self.path))
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(failed)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = self.path.clone().into_os_string();
            path.push(suffix);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(%error, path = %path.display(), "a draft of a fork stays behind");
                }
                _ => {}
            }
        }
    }
}

fn copy(connection: &Connection, source: &Path, at: Seq) -> rusqlite::Result<()> {
    const COLUMNS: &str = "seq, subject, revision, type, rare_type, time, conversation, trace, \
                           version, agent, key, hash, event, body";
    connection.execute("ATTACH ?1 AS source", [source.to_string_lossy()])?;
    let mut batch = connection.prepare(&format!(
        "INSERT INTO main.events ({COLUMNS}) SELECT {COLUMNS} FROM source.events \
         WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3"
    ))?;
    for after in (0..at).step_by(usize::try_from(BATCH_ROWS_MAX).unwrap_or(usize::MAX)) {
        let until = at.min(after + BATCH_ROWS_MAX);
        batch.execute(params![
            schema::seq_to_row(after),
            schema::seq_to_row(until),
            // So that the page after the last one need not be whole.
            schema::seq_to_row(until - after)
        ])?;
    }
    drop(batch);
    connection.execute("DETACH source", [])?;
    Ok(())
}

/// Gives every row back what it let go of, since the fork has no vault.
fn make_whole(
    connection: &Connection,
    source: &OpenOptions,
    shelf: &Shelf,
) -> Result<(), ForkError> {
    let failed = |error: rusqlite::Error| sort(&error);
    // What says where archives are may lie behind the end of the fork.
    let known_by = schema::open_for_reading(source).map_err(failed)?;
    let mut after = 0;
    loop {
        let page = stub::stubs_after(connection, after, BATCH_STUBS_MAX).map_err(failed)?;
        let Some(last) = page.last() else { break };
        after = *last;
        connection.execute_batch("BEGIN").map_err(failed)?;
        for seq in page {
            let archived = shelf.whole(&known_by, seq)?;
            connection
                .prepare_cached("UPDATE events SET event = ?2, body = ?3 WHERE seq = ?1")
                .and_then(|mut update| {
                    let seq = schema::seq_to_row(seq);
                    update.execute(params![seq, archived.text, archived.body])
                })
                .map_err(failed)?;
        }
        connection.execute_batch("COMMIT").map_err(failed)?;
    }
    connection
        .pragma(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))
        .map_err(failed)
}

fn sort(error: &rusqlite::Error) -> ForkError {
    match schema::unavailable(error) {
        damaged @ Unavailable::Damaged(_) => ForkError::Read(ReadError::Unavailable(damaged)),
        reason => ForkError::Write(reason),
    }
}
