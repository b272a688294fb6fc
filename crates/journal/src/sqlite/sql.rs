//! SQL for people: one read-only statement over the ledger.

use std::fmt::Write as _;

use rusqlite::{Connection, limits::Limit, types::ValueRef};
use serde::Serialize;
use serde_json::{Number, Value};

use super::{OpenOptions, schema};
use crate::Unavailable;

/// How many steps of `SQLite`'s machine a statement may take, in units of [`STEPS_BETWEEN_LOOKS`].
const LOOKS_MAX: u32 = 20_000;
const STEPS_BETWEEN_LOOKS: i32 = 100_000;

/// The longest statement.
const STATEMENT_BYTES_MAX: i32 = 64 << 10;

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
    #[error("the statement took too many steps and was stopped")]
    TooLong,
    #[error("the journal cannot be read")]
    Unavailable(#[source] Unavailable),
}

pub(super) fn run(
    options: &OpenOptions,
    statement: &str,
    rows_max: usize,
) -> Result<SqlTable, SqlError> {
    let unavailable = |error: &rusqlite::Error| SqlError::Unavailable(schema::unavailable(error));
    let mut connection = schema::open_for_reading(options).map_err(|error| unavailable(&error))?;
    guard(&mut connection).map_err(|error| unavailable(&error))?;
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::OperationInterrupted) => SqlError::TooLong,
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => unavailable(&error),
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
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        if table.rows.len() == rows_max {
            table.is_cut = true;
            break;
        }
        let cells = (0..table.columns.len()).map(|at| row.get_ref(at).map(cell));
        table
            .rows
            .push(cells.collect::<Result<_, _>>().map_err(failed)?);
    }
    Ok(table)
}

/// Nothing but reading this one file, and that not for ever.
fn guard(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, STATEMENT_BYTES_MAX)?;
    let mut looks = 0;
    connection.progress_handler(
        STEPS_BETWEEN_LOOKS,
        Some(move || {
            looks += 1;
            looks > LOOKS_MAX
        }),
    )
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
