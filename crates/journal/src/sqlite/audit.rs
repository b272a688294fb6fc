//! A file's rows, each held against its text.

use model::{
    Digest, Event, Revision, Seq,
    event::{IdempotencyKey, Label},
    trace::TraceId,
};
use rusqlite::{
    Connection, OptionalExtension as _, Row,
    types::{Type, ValueRef},
};

use super::{
    schema::rare_type,
    stub::{Rows, is_stub, stub_of},
};
use crate::{
    ReadError, Verdict, Witness,
    verify::{Auditor, Clocks, FaultKind},
};

/// Rows read at once, so that the writer's log can be folded in between.
const PAGE_ROWS_MAX: i64 = 4096;

pub(super) fn audit(rows: Rows<'_>, witness: Option<&Witness>, progress: &dyn Fn(Seq)) -> Verdict {
    let mut audit = Audit {
        auditor: Auditor::new(Clocks::One),
        lost_to: 0,
    };
    if let Err(error) = audit.read_all(rows, progress) {
        let next = audit.auditor.newest() + 1;
        let damaged = FaultKind::Damaged(error.to_string());
        audit.auditor.fault(next, damaged);
    }
    audit.auditor.close(witness)
}

struct Audit {
    auditor: Auditor,
    /// The last event of an archive that cannot be read, which was told.
    lost_to: Seq,
}

/// Where the text of a row was.
enum Filled {
    Whole,
    /// In an archive; this was in its place.
    Archived(Vec<u8>),
    /// In an archive that cannot be read, for this reason if it was not told yet.
    Lost(Option<String>),
}

/// One row as it is in the file.
struct Stored {
    seq: Seq,
    subject: String,
    revision: i64,
    kind: String,
    rare_kind: Option<String>,
    time: i64,
    conversation: Option<String>,
    trace: Option<String>,
    version: Option<String>,
    agent: Option<String>,
    key: Option<String>,
    hash: Vec<u8>,
    /// Bytes, because an edit may have made it no text at all.
    text: Vec<u8>,
    body: Option<Vec<u8>>,
    /// A column that is not of the type that readers expect, whatever its bytes say.
    mistyped: Option<&'static str>,
}

/// Columns of text, then of bytes, with their place in a [`Stored`] row.
const TYPED: [(usize, &str, Type); 11] = [
    (1, "subject", Type::Text),
    (3, "type", Type::Text),
    (4, "rare_type", Type::Text),
    (6, "conversation", Type::Text),
    (7, "trace", Type::Text),
    (8, "version", Type::Text),
    (9, "agent", Type::Text),
    (10, "key", Type::Text),
    (11, "hash", Type::Blob),
    (12, "event", Type::Text),
    (13, "body", Type::Blob),
];

impl Stored {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let bytes = |at: usize| Ok::<_, rusqlite::Error>(row.get_ref(at)?.as_bytes()?.to_vec());
        let lossy = |at: usize| bytes(at).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let optional = |at: usize| match row.get_ref(at)? {
            ValueRef::Null => Ok(None),
            _ => lossy(at).map(Some),
        };
        let mut mistyped = None;
        for (at, name, expected) in TYPED {
            let found = row.get_ref(at)?.data_type();
            if found != expected && found != Type::Null {
                mistyped = mistyped.or(Some(name));
            }
        }
        Ok(Self {
            mistyped,
            seq: Seq::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
            subject: lossy(1)?,
            revision: row.get(2)?,
            kind: lossy(3)?,
            rare_kind: optional(4)?,
            time: row.get(5)?,
            conversation: optional(6)?,
            trace: optional(7)?,
            version: optional(8)?,
            agent: optional(9)?,
            key: optional(10)?,
            hash: bytes(11)?,
            text: bytes(12)?,
            body: match row.get_ref(13)? {
                ValueRef::Null => None,
                _ => bytes(13).map(Some)?,
            },
        })
    }

    /// The event, if its text has its hash.
    fn event(&self) -> Result<Event, String> {
        if Digest::of(&self.text).0.as_slice() != self.hash {
            return Err("its text does not have its hash".to_owned());
        }
        let text = str::from_utf8(&self.text).map_err(|error| error.to_string())?;
        Event::from_sealed_text(self.seq, self.digest(), text).map_err(|error| error.reason)
    }

    /// A hash of another length is none.
    fn digest(&self) -> Digest {
        Digest(self.hash.as_slice().try_into().unwrap_or_default())
    }
}

impl Audit {
    fn read_all(&mut self, from: Rows<'_>, progress: &dyn Fn(Seq)) -> rusqlite::Result<()> {
        let connection = from.connection;
        self.expect_beginning(connection)?;
        // What is committed from here on is the next verification's. Where the newest page cannot
        // be read, everything before it still can.
        let end = connection.query_row("SELECT max(seq) FROM events", [], |row| row.get(0));
        let (end, unreadable): (Option<i64>, _) = match end {
            Ok(end) => (end, None),
            Err(error) => (Some(i64::MAX), Some(error)),
        };
        let mut page = connection.prepare(
            "SELECT seq, subject, revision, type, rare_type, time, conversation, trace, version, agent, \
             key, hash, event, body FROM events NOT INDEXED \
             WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
        )?;
        loop {
            let after = self.auditor.newest();
            let first = i64::try_from(after).unwrap_or(i64::MAX);
            let mut rows = page.query([first, end.unwrap_or(0), PAGE_ROWS_MAX])?;
            while let Some(row) = rows.next()? {
                let mut row = Stored::from_row(row)?;
                let reason = self.fill(from, &mut row);
                self.take(&row, reason);
            }
            if self.auditor.newest() == after {
                if let Some(error) = unreadable {
                    return Err(error);
                }
                self.expect_end(end.and_then(|end| Seq::try_from(end).ok()));
                return Ok(());
            }
            progress(self.auditor.newest());
        }
    }

    /// Nothing stands before the first place, where no reader would look.
    fn expect_beginning(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "SELECT seq FROM events NOT INDEXED WHERE seq < 1 LIMIT 1";
        let found = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        if let Some(seq) = found.optional()? {
            let reason = format!("a row stands at {seq}, before the first place");
            self.auditor.fault(0, FaultKind::Reordered(reason));
        }
        Ok(())
    }

    /// A scan that stops before the newest row met a page that leads nowhere.
    fn expect_end(&mut self, end: Option<Seq>) {
        if let Some(end) = end.filter(|end| *end > self.auditor.newest()) {
            let reason = format!("the rows up to {end} cannot be reached");
            self.auditor
                .fault(self.auditor.newest() + 1, FaultKind::Damaged(reason));
        }
    }

    /// Gives a row back what it let go of; says whether that could be done.
    fn fill(&mut self, from: Rows<'_>, row: &mut Stored) -> Filled {
        if !is_stub(&row.text) {
            return Filled::Whole;
        }
        if row.body.is_some() {
            // What it had is in the archive.
            self.auditor.fault(row.seq, FaultKind::BodyEdited);
        }
        if self.lost_to >= row.seq {
            return Filled::Lost(None);
        }
        match from.shelf.whole(from.connection, row.seq) {
            Ok(archived) => {
                let text = archived.text.into_bytes();
                let stub = std::mem::replace(&mut row.text, text);
                row.body = archived.body;
                Filled::Archived(stub)
            }
            Err(error) => {
                let record = from.shelf.find_record(from.connection, row.seq);
                let record = record.ok().flatten();
                self.lost_to = record.map_or(row.seq, |record| record.to);
                let reason = match error {
                    ReadError::Unavailable(reason) => reason.to_string(),
                    ReadError::Unreadable(error) => error.to_string(),
                };
                Filled::Lost(Some(reason))
            }
        }
    }
    fn take(&mut self, row: &Stored, filled: Filled) {
        self.auditor.meet(row.seq, row.digest());
        let stub = match filled {
            Filled::Whole => None,
            Filled::Archived(stub) => Some(stub),
            Filled::Lost(reason) => {
                // Its hash is here, and seals can be compared with that.
                self.pass(row);
                if let Some(reason) = reason {
                    self.auditor.fault(row.seq, FaultKind::Archive(reason));
                }
                return;
            }
        };
        match row.event() {
            Ok(event) => {
                if stub.is_some_and(|stub| stub != stub_of(&event).into_bytes()) {
                    let reason = "what stayed of it differs from the archived text".to_owned();
                    self.auditor.fault(row.seq, FaultKind::Edited(reason));
                }
                self.auditor.take(&event, wrong_with(row, &event));
            }
            Err(reason) => {
                self.pass(row);
                self.auditor.fault(row.seq, FaultKind::Edited(reason));
            }
        }
    }

    /// The columns are what is left to say which place of its subject it holds.
    fn pass(&mut self, row: &Stored) {
        let revision = Revision::try_from(row.revision).unwrap_or_default();
        self.auditor.pass(row.subject.clone(), Some(revision));
    }
}

/// Columns that do not say what the text says.
fn wrong_with(row: &Stored, event: &Event) -> Option<FaultKind> {
    if let Some(column) = row.mistyped {
        let reason = format!("the column `{column}` is of another type");
        return Some(FaultKind::Edited(reason));
    }
    if let Some(column) = differing_column(row, event) {
        let reason = format!("the column `{column}` differs from the text");
        return Some(FaultKind::Edited(reason));
    }
    (event.body != row.body.as_deref().map(Digest::of)).then_some(FaultKind::BodyEdited)
}

fn differing_column(row: &Stored, event: &Event) -> Option<&'static str> {
    let context = &event.context;
    let version = context.version.as_ref().map(ToString::to_string);
    let same = |stored: &Option<String>, text: Option<&str>| stored.as_deref() == text;
    [
        ("subject", row.subject == event.subject.as_str()),
        (
            "revision",
            Revision::try_from(row.revision) == Ok(event.revision),
        ),
        ("type", row.kind == event.kind.as_str()),
        ("rare_type", same(&row.rare_kind, rare_type(&event.kind))),
        ("time", row.time == event.time.as_microsecond()),
        (
            "conversation",
            same(
                &row.conversation,
                context.conversation.as_ref().map(Label::as_str),
            ),
        ),
        (
            "trace",
            same(&row.trace, context.trace.as_ref().map(TraceId::as_str)),
        ),
        ("version", same(&row.version, version.as_deref())),
        (
            "agent",
            same(&row.agent, context.agent.as_ref().map(Label::as_str)),
        ),
        (
            "key",
            same(&row.key, event.key.as_ref().map(IdempotencyKey::as_str)),
        ),
    ]
    .into_iter()
    .find_map(|(column, is_same)| (!is_same).then_some(column))
}
