//! Events for other tools: JSON Lines, CSV and Parquet.

mod csv;
mod parquet;

use std::{
    fmt,
    io::{self, Write},
    str::FromStr,
    sync::Arc,
};

use model::{Event, canonical, event::time_text};

use crate::{Journal, Order, Query, ReadError};

/// Events read at once.
const PAGE_EVENTS_MAX: usize = 1_000;

/// Once the documents of a page take this much memory, the page ends; one document may be larger.
const PAGE_BODY_BYTES_MAX: usize = 8 << 20;

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A `CloudEvents` envelope a line.
    JsonLines,
    /// RFC 4180 with a header.
    Csv,
    Parquet,
}

impl ExportFormat {
    pub const ALL: [Self; 3] = [Self::JsonLines, Self::Csv, Self::Parquet];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A format that is none.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no export format: jsonl, csv or parquet")]
pub struct InvalidExportFormat(String);

impl FromStr for ExportFormat {
    type Err = InvalidExportFormat;

    fn from_str(text: &str) -> Result<Self, InvalidExportFormat> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == text);
        found.ok_or_else(|| InvalidExportFormat(text.to_owned()))
    }
}

/// Why an export ended early. What was written by then is there.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("the events could not be read")]
    Read(#[from] ReadError),
    #[error("the export could not be written")]
    Write(#[from] io::Error),
    #[error("the export could not be written as Parquet")]
    Parquet(#[from] ::parquet::errors::ParquetError),
}

/// Writes the events that `query` selects and says how many. [`Query::limit`] counts them all and
/// may be larger than [`Query::LIMIT_MAX`]: `usize::MAX` is everything. With `with_bodies`, the
/// documents that travelled with them are there as text. Blocks on `out`.
pub async fn export(
    journal: &dyn Journal,
    query: Query,
    format: ExportFormat,
    with_bodies: bool,
    out: &mut (dyn Write + Send),
) -> Result<u64, ExportError> {
    let mut pages = Pages {
        journal,
        left: query.limit,
        query,
        with_bodies,
    };
    let mut events = 0;
    match format {
        ExportFormat::JsonLines => {
            while let Some(page) = pages.next().await? {
                for row in &page {
                    writeln!(out, "{}", json_line(row))?;
                    events += 1;
                }
            }
        }
        ExportFormat::Csv => {
            csv::write_header(out, with_bodies)?;
            while let Some(page) = pages.next().await? {
                for row in &page {
                    csv::write_row(out, row, with_bodies)?;
                    events += 1;
                }
            }
        }
        ExportFormat::Parquet => {
            let mut file = parquet::ParquetFile::new(&mut *out, with_bodies)?;
            while let Some(page) = pages.next().await? {
                events += file.write(&page)?;
            }
            file.close()?;
        }
    }
    out.flush()?;
    Ok(events)
}

/// An event and, if wanted and there, its document as text.
struct Row {
    event: Arc<Event>,
    body: Option<String>,
}

/// Every column but the body, in order.
const COLUMNS: [&str; 14] = [
    "seq",
    "time",
    "type",
    "subject",
    "revision",
    "role",
    "agent",
    "conversation",
    "trace",
    "version",
    "tenant",
    "data",
    "hash",
    "body_hash",
];

impl Row {
    /// The column as text, if it has a value.
    fn column(&self, name: &str) -> Option<String> {
        let (event, context) = (&self.event, &self.event.context);
        match name {
            "seq" => Some(event.seq.to_string()),
            "time" => Some(time_text(event.time)),
            "type" => Some(event.kind.to_string()),
            "subject" => Some(event.subject.to_string()),
            "revision" => Some(event.revision.to_string()),
            "role" => Some(context.role.as_str().to_owned()),
            "agent" => context.agent.as_ref().map(ToString::to_string),
            "conversation" => context.conversation.as_ref().map(ToString::to_string),
            "trace" => context
                .trace
                .as_ref()
                .map(|trace| trace.as_str().to_owned()),
            "version" => context.version.as_ref().map(ToString::to_string),
            "tenant" => Some(context.tenant.to_string()),
            "data" => Some(canonical::to_string(&event.data)),
            "hash" => Some(event.hash.to_string()),
            "body_hash" => event.body.as_ref().map(ToString::to_string),
            "body" => self.body.clone(),
            _ => None,
        }
    }
}

fn json_line(row: &Row) -> String {
    let mut line = row.event.to_json_line();
    if let Some(body) = &row.body {
        line.pop();
        line.push_str(",\"body\":");
        canonical::write_text(body, &mut line);
        line.push('}');
    }
    line
}

/// A query, page by page.
struct Pages<'a> {
    journal: &'a dyn Journal,
    query: Query,
    left: usize,
    with_bodies: bool,
}

impl Pages<'_> {
    async fn next(&mut self) -> Result<Option<Vec<Row>>, ReadError> {
        self.query.limit = self.left.min(PAGE_EVENTS_MAX);
        if self.query.limit == 0 {
            return Ok(None);
        }
        let events = self.journal.read(self.query.clone()).await?;
        let mut rows: Vec<Row> = Vec::with_capacity(events.len());
        let mut body_bytes = 0;
        for event in events {
            if body_bytes >= PAGE_BODY_BYTES_MAX {
                break;
            }
            let body = match event.body {
                Some(_) if self.with_bodies => self.journal.body(event.seq).await?,
                _ => None,
            };
            let body = body.map(|body| String::from_utf8_lossy(body.bytes()).into_owned());
            body_bytes += body.as_ref().map_or(0, String::len);
            rows.push(Row { event, body });
        }
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        self.left -= rows.len();
        match self.query.order {
            Order::OldestFirst => self.query.after = last.event.seq,
            Order::NewestFirst => self.query.until = last.event.seq - 1,
        }
        Ok(Some(rows))
    }
}
