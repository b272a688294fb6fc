//! The file: its format, how it is opened, how a row becomes an event.

use std::{path::Path, sync::Arc, time::Duration};

use model::{
    Body, Digest, Event, EventType, Seq,
    event::{IdempotencyKey, Label},
    trace::TraceId,
};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Row, ffi, params};

use super::{FileIdentity, OpenError, OpenOptions};
use crate::{ReadError, Unavailable};

/// The format this build writes. Older ones are carried forward at opening, newer ones refused.
/// Files of format 1 that were made before places were checked lack that check and are read and
/// written as they are; `verify` looks for what it would have refused. A file of format 1 becomes one
/// of format 2 when the first of its rows lets go of an archived text.
pub const FORMAT: i32 = 2;

/// The oldest format that is opened.
const FORMAT_MIN: i32 = 1;

/// "Luth": marks the file as a journal.
const APPLICATION_ID: i32 = 0x4c75_7468;

/// How long a connection waits for another process to finish a transaction.
const BUSY_MS_MAX: u64 = 10_000;

/// Each index is another page to sync in every commit, so there is none that a commit of state
/// could do without: the frequent types are dense enough to be found by scanning, and times grow
/// with seq (the writer sees to it), so they are found by bisection.
const CREATE: &str = "
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY CHECK (seq >= 1),
        subject TEXT NOT NULL,
        revision INTEGER NOT NULL,
        type TEXT NOT NULL,
        rare_type TEXT,
        time INTEGER NOT NULL,
        conversation TEXT,
        trace TEXT,
        version TEXT,
        agent TEXT,
        key TEXT,
        hash BLOB NOT NULL,
        event TEXT NOT NULL,
        body BLOB
    ) STRICT;
    CREATE UNIQUE INDEX events_by_subject ON events (subject, revision);
    CREATE INDEX events_by_rare_type ON events (rare_type) WHERE rare_type IS NOT NULL;
    CREATE INDEX events_by_conversation ON events (conversation) WHERE conversation IS NOT NULL;
    CREATE INDEX events_by_trace ON events (trace) WHERE trace IS NOT NULL;
    CREATE INDEX events_by_agent ON events (agent) WHERE agent IS NOT NULL;
    CREATE UNIQUE INDEX events_by_key ON events (key) WHERE key IS NOT NULL;
    CREATE VIEW ledger AS SELECT
        seq, strftime('%Y-%m-%dT%H:%M:%fZ', time / 1000000.0, 'unixepoch') AS time, type, subject,
        revision, event ->> '$.agentrole' AS role, agent, conversation, trace, version,
        event -> '$.data' AS data, lower(hex(hash)) AS hash, event ->> '$.bodyhash' AS body_hash
        FROM events;
";

/// A connection that may write.
pub(super) fn open_for_writing(options: &OpenOptions) -> Result<Connection, OpenError> {
    let path = &options.path;
    let failed = |error| open_failure(path, &error);
    let connection = connect(
        options,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )
    .map_err(failed)?;
    // Asked before anything else is done to the file, so that a foreign one stays as it is.
    check_identity(&connection, path)?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(failed)?;
    connection
        .pragma_update(None, "synchronous", options.synchronous)
        .map_err(failed)?;
    connection
        .pragma_update(None, "wal_autocheckpoint", 0)
        .map_err(failed)?;
    create_if_empty(&connection).map_err(failed)?;
    Ok(connection)
}

/// A connection that only reads, and only the file that the journal was opened with.
pub(super) fn open_for_reading(options: &OpenOptions) -> rusqlite::Result<Connection> {
    if options.file.is_some() && FileIdentity::of(&options.path).ok() != options.file {
        let reason = "the file at its path is gone or another one";
        let error = ffi::Error::new(ffi::SQLITE_ERROR);
        return Err(rusqlite::Error::SqliteFailure(error, Some(reason.into())));
    }
    let connection = connect(options, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn connect(options: &OpenOptions, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(&options.path, flags, vfs.as_c_str())?,
        None => Connection::open_with_flags(&options.path, flags)?,
    };
    connection.busy_timeout(Duration::from_millis(BUSY_MS_MAX))?;
    connection.pragma_update(None, "cache_size", -i64::from(options.cache_kib_max))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn check_identity(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let (application, format, tables) =
        identity(connection).map_err(|error| open_failure(path, &error))?;
    let path = path.to_owned();
    match (application, format) {
        (APPLICATION_ID, FORMAT_MIN..=FORMAT) => Ok(()),
        (APPLICATION_ID, found) if found > FORMAT => Err(OpenError::Newer {
            path,
            found,
            known: FORMAT,
        }),
        // New, or another process is just about to create it.
        (0, 0) if tables == 0 => Ok(()),
        _ => Err(OpenError::Foreign { path }),
    }
}

/// Application, format and number of tables, all at one moment.
fn identity(connection: &Connection) -> rusqlite::Result<(i32, i32, i64)> {
    let moment = connection.unchecked_transaction()?;
    let number = |name: &str| moment.pragma_query_value(None, name, |row| row.get(0));
    let (application, format) = (number("application_id")?, number("user_version")?);
    let tables = moment.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    moment.commit()?;
    Ok((application, format, tables))
}

fn create_if_empty(connection: &Connection) -> rusqlite::Result<()> {
    // Two processes may get here at once: the lock decides who creates.
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        connection.execute_batch(CREATE)?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", FORMAT)?;
    }
    connection.execute_batch("COMMIT")
}

fn open_failure(path: &Path, error: &rusqlite::Error) -> OpenError {
    if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
        return OpenError::Foreign {
            path: path.to_owned(),
        };
    }
    OpenError::Unavailable {
        path: path.to_owned(),
        source: unavailable(error),
    }
}

/// Makes sure that a commit whose sync failed never comes to light: it lies whole in the log, and
/// the next commit, though nothing is in it, is written over it.
pub(super) fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let format: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    connection.pragma_update(None, "user_version", format)?;
    connection.execute_batch("COMMIT")
}

/// Says that the file holds rows without their texts, which earlier builds would not understand.
pub(super) fn raise_format(connection: &Connection) -> rusqlite::Result<()> {
    let format: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if format < FORMAT {
        connection.pragma_update(None, "user_version", FORMAT)?;
    }
    Ok(())
}

/// Sorts what `SQLite` says by what an operator does about it.
pub(super) fn unavailable(error: &rusqlite::Error) -> Unavailable {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    let text = error.to_string();
    if let FromSqlConversionFailure(..)
    | IntegralValueOutOfRange(..)
    | InvalidColumnType(..)
    | Utf8Error(..) = error
    {
        return Unavailable::Damaged(text);
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Unavailable::DiskFull(text),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            Unavailable::ReadOnly(text)
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Unavailable::Damaged(text),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Unavailable::Busy(text),
        _ => Unavailable::Failed(text),
    }
}

/// Can a commit that failed this way still come to light after a crash? Only when every byte of
/// it was handed to the system and just the sync failed.
pub(super) fn is_outcome_unknown(error: &rusqlite::Error) -> bool {
    match error.sqlite_error() {
        Some(error) => {
            error.extended_code != ffi::SQLITE_FULL
                && error.extended_code != ffi::SQLITE_IOERR_WRITE
                && error.code != ErrorCode::DatabaseBusy
                && error.code != ErrorCode::ReadOnly
        }
        None => true,
    }
}

pub(crate) fn read_error(error: &rusqlite::Error) -> ReadError {
    ReadError::Unavailable(unavailable(error))
}

/// The columns that [`event_from_row`] reads.
pub(super) const EVENT_COLUMNS: &str = "seq, hash, event";

pub(super) fn event_from_row(row: &Row<'_>) -> rusqlite::Result<Result<Arc<Event>, ReadError>> {
    let seq: i64 = row.get(0)?;
    let text = row.get_ref(2)?.as_str()?;
    let event = Event::from_sealed_text(seq_from_row(seq), Digest(row.get(1)?), text);
    Ok(event.map(Arc::new).map_err(ReadError::from))
}

/// Writes a row where there is none.
pub(super) fn insert(
    connection: &Connection,
    event: &Event,
    text: &str,
    body: Option<&Body>,
) -> rusqlite::Result<()> {
    let context = &event.context;
    let version = context.version.as_ref().map(ToString::to_string);
    connection
        .prepare_cached(
            "INSERT INTO events (seq, subject, revision, type, rare_type, time, conversation, trace, \
             version, agent, key, hash, event, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            seq_to_row(event.seq),
            event.subject.as_str(),
            seq_to_row(event.revision),
            event.kind.as_str(),
            rare_type(&event.kind),
            event.time.as_microsecond(),
            context.conversation.as_ref().map(Label::as_str),
            context.trace.as_ref().map(TraceId::as_str),
            version,
            context.agent.as_ref().map(Label::as_str),
            event.key.as_ref().map(IdempotencyKey::as_str),
            event.hash.0,
            text,
            body.map(Body::bytes),
        ])?;
    Ok(())
}

pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Seq> {
    newest_with_time(connection).map(|(seq, _time)| seq)
}

/// The newest seq and the time of its event in microseconds, `(0, i64::MIN)` if there is none.
pub(super) fn newest_with_time(connection: &Connection) -> rusqlite::Result<(Seq, i64)> {
    connection
        .prepare_cached("SELECT seq, time FROM events ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((seq_from_row(row.get(0)?), row.get(1)?)))
        .optional()
        .map(|found| found.unwrap_or((0, i64::MIN)))
}

/// Types that make up most of a journal.
const FREQUENT_TYPES: [&str; 3] = ["luthier.call", "luthier.state.change", "luthier.seal"];

/// What the column `rare_type` holds for a type: itself, or nothing if it is frequent.
pub(super) fn rare_type(kind: &EventType) -> Option<&str> {
    let kind = kind.as_str();
    (!FREQUENT_TYPES.contains(&kind)).then_some(kind)
}

/// `SQLite`'s integers are signed; a seq stays far below the sign.
pub(super) fn seq_to_row(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

pub(super) fn seq_from_row(seq: i64) -> Seq {
    Seq::try_from(seq).unwrap_or(0)
}
