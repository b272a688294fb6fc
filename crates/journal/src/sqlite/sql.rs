//! SQL for people: one read-only statement over the ledger.

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, ErrorCode,
    functions::FunctionFlags,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
    types::ValueRef,
};
use serde::Serialize;
use serde_json::{Number, Value};

use super::{OpenOptions, SqliteJournal, schema, stub};
use crate::{Unavailable, archive::Shelf};

/// How many steps `SQLite`'s machine takes between two looks at the clock.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// The longest statement.
const STATEMENT_BYTES_MAX: i32 = 64 << 10;

/// The longest text or blob that a statement may make: an event fits.
const VALUE_BYTES_MAX: i32 = 16 << 20;

/// The longest answer, after which it is cut.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Pragmas that tell how the tables are made; all others may change something.
const PRAGMAS: [&str; 5] = [
    "index_info",
    "index_list",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// What a statement answered.
#[derive(Debug, PartialEq, Serialize)]
pub struct SqlTable {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// There were more rows than asked for.
    pub is_cut: bool,
}

/// Why a statement has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    #[error("{0}")]
    Statement(String),
    #[error("only statements that read are allowed")]
    Writes,
    #[error("the statement took too long and was stopped")]
    TooLong,
    #[error("the journal cannot be read")]
    Unavailable(#[source] Unavailable),
}

/// Faults of the file that are named at most: one is enough to act on.
const FAULTS_MAX: u32 = 8;

impl SqliteJournal {
    /// What `SQLite` finds wrong with the file itself, within `ms_max`: its pages, and each index
    /// against its table. [`verify`](crate::verify) proves the events, and needs no index for that.
    pub async fn check_file(self: &Arc<Self>, ms_max: u64) -> Result<Vec<String>, SqlError> {
        let options = self.options.clone();
        tokio::task::spawn_blocking(move || check(&options, Duration::from_millis(ms_max)))
            .await
            .map_err(|_panic| SqlError::Unavailable(Unavailable::Closed))?
    }
}

fn check(options: &OpenOptions, patience: Duration) -> Result<Vec<String>, SqlError> {
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => SqlError::TooLong,
        _ => SqlError::Unavailable(schema::unavailable(&error)),
    };
    let mut connection = schema::open_for_reading(options).map_err(failed)?;
    let started = Instant::now();
    let is_over = move || started.elapsed() > patience;
    connection
        .progress_handler(STEPS_BETWEEN_LOOKS, Some(is_over))
        .map_err(failed)?;
    let pragma = format!("PRAGMA integrity_check({FAULTS_MAX})");
    let mut statement = connection.prepare(&pragma).map_err(failed)?;
    let found = statement.query_map([], |row| row.get(0)).map_err(failed)?;
    let found: Vec<String> = found.collect::<Result<_, _>>().map_err(failed)?;
    Ok(found.into_iter().filter(|text| text != "ok").collect())
}

pub(super) fn run(
    options: &OpenOptions,
    shelf: &Arc<Shelf>,
    statement: &str,
    rows_max: usize,
) -> Result<SqlTable, SqlError> {
    let unavailable = |error: &rusqlite::Error| SqlError::Unavailable(schema::unavailable(error));
    let mut connection = schema::open_for_reading(options).map_err(|error| unavailable(&error))?;
    show_archived(&connection, options, shelf).map_err(|error| unavailable(&error))?;
    guard(&mut connection, Duration::from_millis(options.sql_ms_max))
        .map_err(|error| unavailable(&error))?;
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => SqlError::TooLong,
        Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly) => SqlError::Writes,
        Some(ErrorCode::DatabaseCorrupt) => unavailable(&error),
        _ => SqlError::Statement(error.to_string()),
    };
    let mut statement = connection.prepare(statement).map_err(failed)?;
    if !statement.readonly() {
        return Err(SqlError::Writes);
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut table = SqlTable {
        rows: Vec::new(),
        is_cut: false,
        columns,
    };
    let mut bytes = 0;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        if table.rows.len() == rows_max || bytes > ANSWER_BYTES_MAX {
            table.is_cut = true;
            break;
        }
        let cells = (0..table.columns.len()).map(|at| {
            let value = row.get_ref(at)?;
            bytes += value
                .as_bytes_or_null()
                .ok()
                .flatten()
                .map_or(8, <[u8]>::len);
            Ok(cell(value))
        });
        let cells: rusqlite::Result<_> = cells.collect();
        table.rows.push(cells.map_err(failed)?);
    }
    Ok(table)
}

/// Has the view `ledger` show what is archived, too.
fn show_archived(
    connection: &Connection,
    options: &OpenOptions,
    shelf: &Arc<Shelf>,
) -> rusqlite::Result<()> {
    // The records are read by a connection of their own: this one is busy with the statement.
    let (known_by, shelf) = (schema::open_for_reading(options)?, shelf.clone());
    if shelf.records(&known_by)?.is_empty() {
        return Ok(());
    }
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("event_text", 2, flags, move |arguments| {
        let text = arguments.get_raw(1).as_str()?;
        if !stub::is_stub(text.as_bytes()) {
            return Ok(text.to_owned());
        }
        let seq = schema::seq_from_row(arguments.get(0)?);
        let archived = shelf.whole(&known_by, seq);
        archived
            .map(|archived| archived.text)
            .map_err(|error| rusqlite::Error::UserFunctionError(Box::new(error)))
    })?;
    connection.pragma_update(None, "query_only", false)?;
    connection.execute_batch(LEDGER_WITH_ARCHIVES)?;
    connection.pragma_update(None, "query_only", true)
}

/// In place of the view of the file, which finds nothing but stubs in some rows.
const LEDGER_WITH_ARCHIVES: &str = "
    CREATE TEMP VIEW ledger AS SELECT
        seq, strftime('%Y-%m-%dT%H:%M:%fZ', time / 1000000.0, 'unixepoch') AS time, type, subject,
        revision, event ->> '$.agentrole' AS role, agent, conversation, trace, version,
        event_text(seq, event) -> '$.data' AS data, lower(hex(hash)) AS hash,
        event_text(seq, event) ->> '$.bodyhash' AS body_hash
        FROM main.events;
";

/// Nothing but reading this one file, and that not for ever.
fn guard(connection: &mut Connection, patience: Duration) -> rusqlite::Result<()> {
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, STATEMENT_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
    let started = Instant::now();
    let is_over = move || started.elapsed() > patience;
    connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_over))?;
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => {
            Authorization::Allow
        }
        AuthAction::Function { function_name } if function_name != "load_extension" => {
            Authorization::Allow
        }
        AuthAction::Pragma { pragma_name, .. } if PRAGMAS.contains(&pragma_name) => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }))
}

fn cell(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => hex(bytes).into(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}
