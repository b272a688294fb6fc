//! A configuration file: TOML, flattened to dotted paths with the line of each.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// One `key = value` of a file.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) value: Value,
    pub(super) line: usize,
}

/// Why a file says nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("could not read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` is {bytes} bytes, {bytes_max} are allowed", path.display())]
    TooLarge {
        path: PathBuf,
        bytes: u64,
        bytes_max: u64,
    },
    #[error("`{}` line {line} is not TOML: {reason}", path.display())]
    Syntax {
        path: PathBuf,
        line: usize,
        reason: String,
    },
}

/// A longer configuration is none.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Tables nest no deeper than keys do.
const DEPTH_MAX: usize = 8;

/// What the file says; nothing where there is none.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, FileError> {
    let failed = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    if bytes > FILE_BYTES_MAX {
        let bytes_max = FILE_BYTES_MAX;
        return Err(FileError::TooLarge {
            path: path.to_owned(),
            bytes,
            bytes_max,
        });
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let table = DeTable::parse(&text).map_err(|error| FileError::Syntax {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| line_of(&text, span.start)),
        reason: error.message().to_owned(),
    })?;
    let mut entries = Vec::new();
    flatten(&text, table.get_ref(), "", DEPTH_MAX, &mut entries);
    Ok(entries)
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

fn flatten(
    text: &str,
    table: &DeTable<'_>,
    prefix: &str,
    depth_left: usize,
    entries: &mut Vec<Entry>,
) {
    for (name, value) in table {
        let path = format!("{prefix}{}", name.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) if depth_left > 0 => {
                flatten(text, inner, &format!("{path}."), depth_left - 1, entries);
            }
            other => entries.push(Entry {
                line: line_of(text, name.span().start),
                value: plain(other, depth_left),
                path,
            }),
        }
    }
}

/// As JSON; what no key takes (dates, tables in lists) becomes its text or nothing.
fn plain(value: &DeValue<'_>, depth_left: usize) -> Value {
    match value {
        DeValue::String(text) => json!(text),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| json!(number.as_str()), Value::from),
        DeValue::Float(number) => number
            .as_str()
            .parse::<f64>()
            .map_or(Value::Null, |number| json!(number)),
        DeValue::Boolean(switch) => json!(switch),
        DeValue::Datetime(time) => json!(time.to_string()),
        DeValue::Array(items) if depth_left > 0 => items
            .iter()
            .map(Spanned::get_ref)
            .map(|item| plain(item, depth_left - 1))
            .collect(),
        DeValue::Array(_) | DeValue::Table(_) => Value::Null,
    }
}
