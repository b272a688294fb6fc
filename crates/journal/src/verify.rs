//! Proof that nothing was edited, dropped, reordered or cut, or the place where it was.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use jiff::Timestamp;
use model::{
    Digest, Event, EventType, Revision, Seq,
    event::{IdempotencyKey, Label},
    trace::TraceId,
};
use rusqlite::{
    Connection, OptionalExtension as _, Row,
    types::{Type, ValueRef},
};
use serde::Serialize;

use crate::{
    ReadError, SqliteJournal, Witness, migrate,
    seal::{LEAF_DIGITS, SealRecord},
    sqlite::{Rows, is_stub, rare_type, stub_of},
};

/// Rows read at once, so that the writer's log can be folded in between.
const PAGE_ROWS_MAX: i64 = 4096;

/// How many faults are listed, from the first place on.
const FAULTS_MAX: usize = 100;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    pub ok: bool,
    pub events: u64,
    pub seals: u64,
    pub first_bad: Option<Fault>,
    /// The first of them, in order of place.
    pub faults: Vec<Fault>,
    /// The last event under a seal.
    pub sealed_to: Seq,
    /// The last event under a seal that somebody outside the journal remembers.
    pub witnessed_to: Seq,
    /// How many events after that rest on the file alone.
    pub unwitnessed: u64,
}

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub seq: Seq,
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// What is wrong with an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "fault", content = "reason")]
pub enum FaultKind {
    /// Its text does not have its hash, or its columns differ from its text.
    Edited(String),
    /// Its document does not have the hash that the event says.
    BodyEdited,
    /// It is not there, and later ones are.
    Dropped,
    /// Another event stands in its place than was sealed there.
    Replaced,
    /// It is not the next one of its subject.
    Reordered(String),
    /// The seal does not follow the seal before it.
    SealBroken(String),
    /// It was sealed and witnessed, and the journal ends before it.
    Cut,
    /// The archive that holds it and others is gone, was changed or cannot be read.
    Archive(String),
    /// The file itself cannot be read from here on.
    Damaged(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match &self.kind {
            FaultKind::Edited(reason) => write!(f, "event {seq} was edited: {reason}"),
            FaultKind::BodyEdited => write!(f, "the document of event {seq} was edited"),
            FaultKind::Dropped => write!(f, "event {seq} was dropped"),
            FaultKind::Replaced => write!(f, "event {seq} is not the one that was sealed"),
            FaultKind::Reordered(reason) => write!(f, "event {seq} is out of order: {reason}"),
            FaultKind::SealBroken(reason) => write!(f, "the seal at {seq} is broken: {reason}"),
            FaultKind::Cut => write!(f, "everything from event {seq} on was cut off"),
            FaultKind::Archive(reason) => write!(f, "event {seq} cannot be read: {reason}"),
            FaultKind::Damaged(reason) => {
                write!(f, "the file cannot be read from event {seq} on: {reason}")
            }
        }
    }
}

/// Reads the whole journal and compares it with its hashes, its seals and the `witness`.
pub async fn verify(
    journal: &SqliteJournal,
    witness: Option<Witness>,
    progress: impl Fn(Seq) + Send + 'static,
) -> Result<Verdict, ReadError> {
    journal
        .with_reader(move |rows| Ok(audit(rows, witness.as_ref(), &progress)))
        .await
}

pub(crate) fn audit(rows: Rows<'_>, witness: Option<&Witness>, progress: &dyn Fn(Seq)) -> Verdict {
    let mut audit = Audit::default();
    if let Err(error) = audit.read_all(rows, progress) {
        audit.fault(audit.newest + 1, FaultKind::Damaged(error.to_string()));
    }
    audit.close(witness)
}

#[derive(Default)]
struct Audit {
    events: u64,
    seals: u64,
    newest: Seq,
    /// The newest time and where it is, and the one before.
    times: Option<(Timestamp, Seq, Timestamp)>,
    revisions: HashMap<String, Revision>,
    /// Dropped events that no jump of a revision was put down to yet.
    missing: u64,
    /// Hashes that no seal covers yet; a place without an event has none.
    unsealed: BTreeMap<Seq, Digest>,
    last_seal: Option<(Seq, Digest)>,
    sealed_to: Seq,
    seal_hashes: HashMap<Seq, Digest>,
    faults: BTreeMap<Seq, FaultKind>,
    /// Events whose times are out of line, as far as nothing says why.
    out_of_line: BTreeSet<Seq>,
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
            let after = self.newest;
            let first = i64::try_from(after).unwrap_or(i64::MAX);
            let mut rows = page.query([first, end.unwrap_or(0), PAGE_ROWS_MAX])?;
            while let Some(row) = rows.next()? {
                let mut row = Stored::from_row(row)?;
                let reason = self.fill(from, &mut row);
                self.take(&row, reason);
            }
            if self.newest == after {
                if let Some(error) = unreadable {
                    return Err(error);
                }
                self.expect_end(end.and_then(|end| Seq::try_from(end).ok()));
                return Ok(());
            }
            progress(self.newest);
        }
    }

    /// Nothing stands before the first place, where no reader would look.
    fn expect_beginning(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "SELECT seq FROM events NOT INDEXED WHERE seq < 1 LIMIT 1";
        let found = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        if let Some(seq) = found.optional()? {
            let reason = format!("a row stands at {seq}, before the first place");
            self.fault(0, FaultKind::Reordered(reason));
        }
        Ok(())
    }

    /// A scan that stops before the newest row met a page that leads nowhere.
    fn expect_end(&mut self, end: Option<Seq>) {
        if let Some(end) = end.filter(|end| *end > self.newest) {
            let reason = format!("the rows up to {end} cannot be reached");
            self.fault(self.newest + 1, FaultKind::Damaged(reason));
        }
    }

    /// Gives a row back what it let go of; says whether that could be done.
    fn fill(&mut self, from: Rows<'_>, row: &mut Stored) -> Filled {
        if !is_stub(&row.text) {
            return Filled::Whole;
        }
        if row.body.is_some() {
            // What it had is in the archive.
            self.fault(row.seq, FaultKind::BodyEdited);
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
        for dropped in (self.newest + 1..row.seq).take(FAULTS_MAX) {
            self.fault(dropped, FaultKind::Dropped);
        }
        self.missing += row.seq - self.newest - 1;
        self.newest = row.seq;
        self.events += 1;
        self.unsealed.insert(row.seq, row.digest());
        let stub = match filled {
            Filled::Whole => None,
            Filled::Archived(stub) => Some(stub),
            Filled::Lost(reason) => {
                // Its hash is here, and seals can be compared with that.
                let revision = Revision::try_from(row.revision).unwrap_or_default();
                self.revisions.insert(row.subject.clone(), revision);
                if let Some(reason) = reason {
                    self.fault(row.seq, FaultKind::Archive(reason));
                }
                return;
            }
        };
        match row.event() {
            Ok(event) if stub.is_some_and(|stub| stub != stub_of(&event).into_bytes()) => {
                let reason = "what stayed of it differs from the archived text".to_owned();
                self.fault(row.seq, FaultKind::Edited(reason));
                self.take_event(row, &event);
            }
            Ok(event) => self.take_event(row, &event),
            Err(reason) => {
                // The columns are what is left to say which place of its subject it holds.
                let revision = Revision::try_from(row.revision).unwrap_or_default();
                self.revisions.insert(row.subject.clone(), revision);
                self.fault(row.seq, FaultKind::Edited(reason));
            }
        }
    }

    fn take_event(&mut self, row: &Stored, event: &Event) {
        let is_next = self.take_place(event);
        if let Some(column) = row.mistyped {
            let reason = format!("the column `{column}` is of another type");
            return self.fault(row.seq, FaultKind::Edited(reason));
        }
        if let Some(column) = differing_column(row, event) {
            let reason = format!("the column `{column}` differs from the text");
            return self.fault(row.seq, FaultKind::Edited(reason));
        }
        if event.body != row.body.as_deref().map(Digest::of) {
            return self.fault(row.seq, FaultKind::BodyEdited);
        }
        if let Err(reason) = is_next {
            return self.fault(row.seq, FaultKind::Reordered(reason));
        }
        self.take_time(event);
        if migrate::says_where_from(event) {
            // Until there several processes wrote, which did not wait for each other.
            self.out_of_line.clear();
        }
        if event.kind == EventType::SEAL {
            self.take_seal(event);
        }
    }

    /// Is it the next one of its subject? A jump that dropped events explain was told with them.
    fn take_place(&mut self, event: &Event) -> Result<(), String> {
        let revision = self.revisions.entry(event.subject.to_string()).or_default();
        let before = std::mem::replace(revision, event.revision);
        if event.revision == before + 1 {
            return Ok(());
        }
        match event.revision.checked_sub(before + 1) {
            Some(jump) if jump <= self.missing => {
                self.missing -= jump;
                Ok(())
            }
            _ => Err(format!(
                "`{}` goes from revision {before} to {}",
                event.subject, event.revision
            )),
        }
    }

    /// Times never decrease: where they do, the one out of line is the one without which they don't.
    fn take_time(&mut self, event: &Event) {
        let (last, at, before) = self.times.unwrap_or((event.time, 0, Timestamp::MIN));
        if event.time >= last {
            self.times = Some((event.time, event.seq, last));
        } else if event.time >= before {
            self.out_of_line.insert(at);
            self.times = Some((event.time, event.seq, before));
        } else {
            self.out_of_line.insert(event.seq);
        }
        if self.out_of_line.len() > FAULTS_MAX {
            self.out_of_line.pop_last();
        }
    }

    fn take_seal(&mut self, event: &Event) {
        self.seals += 1;
        self.seal_hashes.insert(event.seq, event.hash);
        let broken = |reason: &str| FaultKind::SealBroken(reason.to_owned());
        let record = match SealRecord::of(event) {
            Ok(record) => record,
            Err(error) => return self.fault(event.seq, broken(&error.to_string())),
        };
        let previous = self.last_seal.replace((event.seq, event.hash));
        if record.previous != previous.map(|(_, hash)| hash) {
            self.fault(event.seq, broken("it does not name the seal before it"));
        }
        if record.from != self.sealed_to + 1 || record.to >= event.seq || record.to < record.from {
            return self.fault(
                event.seq,
                broken("it does not begin where the one before ends"),
            );
        }
        self.sealed_to = record.to;
        let later = self.unsealed.split_off(&(record.to + 1));
        let covered = std::mem::replace(&mut self.unsealed, later);
        self.compare(&record, &covered, event.seq);
    }

    fn compare(&mut self, record: &SealRecord, covered: &BTreeMap<Seq, Digest>, seal: Seq) {
        let mut is_named = false;
        for (at, seq) in (record.from..=record.to).enumerate() {
            let leaf = record.leaves.get(at * LEAF_DIGITS..(at + 1) * LEAF_DIGITS);
            let found = covered.get(&seq).map(ToString::to_string);
            match (leaf, found) {
                (Some(leaf), Some(found)) if found.starts_with(leaf) => {}
                (Some(_), Some(_)) => {
                    is_named = true;
                    self.fault(seq, FaultKind::Replaced);
                }
                // A missing event was named when the gap was met.
                (_, None) => is_named = true,
                (None, Some(_)) => {}
            }
        }
        let hashes: Vec<Digest> = covered.values().copied().collect();
        if !is_named && Digest::merkle_root(&hashes) != record.root {
            let reason = format!(
                "events {} to {} do not have its root",
                record.from, record.to
            );
            self.fault(seal, FaultKind::SealBroken(reason));
        }
    }

    /// The first thing found wrong at a place is the one that is told. The first places are kept,
    /// because some faults are found late: a seal tells of events long before it.
    fn fault(&mut self, seq: Seq, kind: FaultKind) {
        self.faults.entry(seq).or_insert(kind);
        if self.faults.len() > FAULTS_MAX {
            self.faults.pop_last();
        }
    }

    fn close(mut self, witness: Option<&Witness>) -> Verdict {
        for seq in std::mem::take(&mut self.out_of_line) {
            let reason = "its time is not between its neighbours'".to_owned();
            self.fault(seq, FaultKind::Reordered(reason));
        }
        let mut witnessed_to = 0;
        if let Some(witness) = witness {
            witnessed_to = witness.to.min(self.newest);
            match self.seal_hashes.get(&witness.seq) {
                Some(hash) if *hash == witness.hash => {}
                _ if self.newest < witness.seq => self.fault(self.newest + 1, FaultKind::Cut),
                Some(_) => self.fault(witness.seq, FaultKind::Replaced),
                None => {
                    let reason = "a seal was witnessed here and is gone".to_owned();
                    self.fault(witness.seq, FaultKind::SealBroken(reason));
                }
            }
        }
        let faults: Vec<Fault> = self
            .faults
            .into_iter()
            .map(|(seq, kind)| Fault { seq, kind })
            .collect();
        Verdict {
            ok: faults.is_empty(),
            events: self.events,
            seals: self.seals,
            first_bad: faults.first().cloned(),
            faults,
            sealed_to: self.sealed_to,
            witnessed_to,
            unwitnessed: self.newest - witnessed_to,
        }
    }
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
