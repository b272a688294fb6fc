//! Reads archived texts and documents back, with a bounded memory of what was read lately.

use std::{
    collections::BTreeMap,
    fmt,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use model::{Body, Digest, Event, Revision, Seq, event::UnreadableEvent};
use parquet::data_type::ByteArray;
use rusqlite::Connection;

use super::{
    ArchiveRecord, ArchiveStore, AtHand, archive_subject,
    file::{Column, Part, Reading},
};
use crate::{ReadError, Unavailable};

/// How much memory the files take that were read last …
const FILES_BYTES_MAX: usize = 64 << 20;

/// … and what was decoded of them. One file and one row group stay whatever they take.
const COLUMNS_BYTES_MAX: usize = 16 << 20;

/// What a journal has in archives.
pub(crate) struct Shelf {
    store: Option<Arc<dyn ArchiveStore>>,
    known: Mutex<Known>,
    files: Mutex<Bounded<Seq, Arc<Reading>>>,
    columns: Mutex<Bounded<(Seq, usize, Part), Arc<Column>>>,
}

/// The records that were read so far, by the last event of each.
#[derive(Debug, Default)]
struct Known {
    records: BTreeMap<Seq, Arc<ArchiveRecord>>,
    revision: Revision,
}

/// What an archive holds of one event.
pub(crate) struct Archived {
    pub(crate) text: String,
    pub(crate) body: Option<Vec<u8>>,
}

impl Shelf {
    pub(crate) fn new(store: Option<Arc<dyn ArchiveStore>>) -> Self {
        Self {
            store,
            known: Mutex::default(),
            files: Mutex::new(Bounded::new(FILES_BYTES_MAX)),
            columns: Mutex::new(Bounded::new(COLUMNS_BYTES_MAX)),
        }
    }

    /// The archived event at `seq`, whose row says that it has `hash`; with `at_hand` without a
    /// look at the store.
    pub(crate) fn event(
        &self,
        connection: &Connection,
        at_hand: Option<&AtHand>,
        seq: Seq,
        hash: Digest,
    ) -> Result<Arc<Event>, ReadError> {
        let text = self
            .value(connection, at_hand, seq, Part::Event)?
            .unwrap_or_default();
        let unreadable = |reason: String| UnreadableEvent { seq, reason };
        if Digest::of(&text) != hash {
            let reason = "what is archived of it does not have its hash".to_owned();
            return Err(unreadable(reason).into());
        }
        let text = String::from_utf8(text).map_err(|error| unreadable(error.to_string()))?;
        Ok(Arc::new(Event::from_sealed_text(seq, hash, &text)?))
    }

    /// The document that travelled with the archived event at `seq`.
    pub(crate) fn body(
        &self,
        connection: &Connection,
        at_hand: Option<&AtHand>,
        seq: Seq,
    ) -> Result<Option<Body>, ReadError> {
        let bytes = self.value(connection, at_hand, seq, Part::Body)?;
        Ok(bytes.map(Body::new))
    }

    /// All that is archived of the event at `seq`, for whoever compares it himself.
    pub(crate) fn whole(&self, connection: &Connection, seq: Seq) -> Result<Archived, ReadError> {
        let text = self
            .value(connection, None, seq, Part::Event)?
            .unwrap_or_default();
        Ok(Archived {
            text: String::from_utf8_lossy(&text).into_owned(),
            body: self.value(connection, None, seq, Part::Body)?,
        })
    }

    /// The archive that holds `seq`, if the journal knows one.
    pub(crate) fn find_record(
        &self,
        connection: &Connection,
        seq: Seq,
    ) -> rusqlite::Result<Option<Arc<ArchiveRecord>>> {
        let mut known = lock(&self.known);
        if let Some(record) = known.find(seq) {
            return Ok(Some(record));
        }
        known.catch_up(connection)?;
        Ok(known.find(seq))
    }

    /// Every archive, in order.
    pub(crate) fn records(
        &self,
        connection: &Connection,
    ) -> rusqlite::Result<Vec<Arc<ArchiveRecord>>> {
        let mut known = lock(&self.known);
        known.catch_up(connection)?;
        Ok(known.records.values().cloned().collect())
    }

    /// Puts a file into the store.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Unavailable> {
        let failed = |error: &dyn fmt::Display| lost(name, &format_args!("was not kept: {error}"));
        match &self.store {
            Some(store) => store
                .put(name, bytes)
                .map_err(|error| failed(&Chain(&*error))),
            None => Err(failed(&"this journal was opened without a vault")),
        }
    }

    /// A file as the store has it now, if it is what `sha256` says.
    pub(super) fn fetch(&self, name: &str, sha256: Digest) -> Result<Reading, Unavailable> {
        let store = self.store.as_ref().ok_or_else(|| {
            lost(
                name,
                &"cannot be reached: this journal was opened without a vault",
            )
        })?;
        let bytes = store
            .find(name)
            .map_err(|error| lost(name, &format_args!("cannot be read: {}", Chain(&*error))))?
            .ok_or_else(|| lost(name, &"is gone from the vault"))?;
        if Digest::of(&bytes) != sha256 {
            return Err(lost(name, &"was changed since it was put into the vault"));
        }
        Reading::open(bytes).map_err(|error| lost(name, &format_args!("cannot be read: {error}")))
    }

    fn value(
        &self,
        connection: &Connection,
        at_hand: Option<&AtHand>,
        seq: Seq,
        part: Part,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let record = self
            .find_record(connection, seq)
            .map_err(|error| crate::sqlite::read_error(&error))?;
        let Some(record) = record else {
            let reason = format!("event {seq} was archived and no record says where");
            return Err(ReadError::Unavailable(Unavailable::Archive(reason)));
        };
        match at_hand {
            Some(at_hand) => at_hand.value(self, record, seq, part),
            None => self.value_in(&record, seq, part),
        }
        .map_err(ReadError::Unavailable)
    }

    pub(super) fn value_in(
        &self,
        record: &ArchiveRecord,
        seq: Seq,
        part: Part,
    ) -> Result<Option<Vec<u8>>, Unavailable> {
        let file = self.file(record)?;
        self.value_from(record, &file, seq, part)
    }

    /// From the file of `record`.
    pub(super) fn value_from(
        &self,
        record: &ArchiveRecord,
        file: &Reading,
        seq: Seq,
        part: Part,
    ) -> Result<Option<Vec<u8>>, Unavailable> {
        let missing = || lost(&record.name, &format_args!("does not hold event {seq}"));
        let row = usize::try_from(seq - record.from).map_err(|_too_far| missing())?;
        let (group, at) = file.find(row).ok_or_else(missing)?;
        let column = self.column(record, file, group, part)?;
        let value = column.get(at).ok_or_else(missing)?;
        Ok(value.as_ref().map(|value| value.data().to_vec()))
    }

    fn column(
        &self,
        record: &ArchiveRecord,
        file: &Reading,
        group: usize,
        part: Part,
    ) -> Result<Arc<Column>, Unavailable> {
        let place = (record.from, group, part);
        if let Some(column) = lock(&self.columns).find(&place) {
            return Ok(column);
        }
        let column = file.read(group, part);
        let column = Arc::new(column.map_err(|error| lost(&record.name, &error))?);
        let bytes = column
            .iter()
            .map(|value| size_of_val(value) + value.as_ref().map_or(0, ByteArray::len))
            .sum();
        lock(&self.columns).put(place, column.clone(), bytes);
        Ok(column)
    }

    fn file(&self, record: &ArchiveRecord) -> Result<Arc<Reading>, Unavailable> {
        if let Some(file) = self.file_at_hand(record) {
            return Ok(file);
        }
        // With no lock held: what is far away takes its time. Two may fetch the same at once.
        let file = Arc::new(self.fetch(&record.name, record.sha256)?);
        lock(&self.files).put(record.from, file.clone(), file.bytes);
        Ok(file)
    }

    /// The file of `record`, if it was read lately.
    pub(super) fn file_at_hand(&self, record: &ArchiveRecord) -> Option<Arc<Reading>> {
        lock(&self.files).find(&record.from)
    }

    /// Lets go of what was read; says about how many bytes it took.
    pub(crate) fn release(&self) -> usize {
        lock(&self.files).clear() + lock(&self.columns).clear()
    }
}

impl Known {
    fn find(&self, seq: Seq) -> Option<Arc<ArchiveRecord>> {
        let (_, record) = self.records.range(seq..).next()?;
        record.holds(seq).then(|| record.clone())
    }

    fn catch_up(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let subject = archive_subject();
        for event in
            crate::sqlite::whole_events_after(connection, &subject, self.revision, usize::MAX)?
        {
            self.revision = event.revision;
            if let Some(record) = ArchiveRecord::of(&event) {
                self.records.insert(record.to, Arc::new(record));
            } else {
                tracing::error!(seq = event.seq, "the record of an archive is unreadable");
            }
        }
        Ok(())
    }
}

pub(super) fn lost(name: &str, what: &dyn fmt::Display) -> Unavailable {
    Unavailable::Archive(format!("the archive `{name}` {what}"))
}

/// An error with what it came from.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// What fits into so many bytes, the least recently used out first; the newest always stays.
struct Bounded<K: std::hash::Hash + Eq, V> {
    held: LruCache<K, (V, usize)>,
    bytes: usize,
    bytes_max: usize,
}

/// However small they are.
const HELD_MAX: NonZeroUsize = NonZeroUsize::new(4096).expect("4096 is not 0");

impl<K: std::hash::Hash + Eq, V: Clone> Bounded<K, V> {
    fn new(bytes_max: usize) -> Self {
        Self {
            held: LruCache::new(HELD_MAX),
            bytes: 0,
            bytes_max,
        }
    }

    fn find(&mut self, key: &K) -> Option<V> {
        self.held.get(key).map(|(value, _)| value.clone())
    }

    fn put(&mut self, key: K, value: V, bytes: usize) {
        self.bytes += bytes;
        if let Some((_, (_, old))) = self.held.push(key, (value, bytes)) {
            self.bytes -= old;
        }
        while self.bytes > self.bytes_max
            && self.held.len() > 1
            && let Some((_, (_, oldest))) = self.held.pop_lru()
        {
            self.bytes -= oldest;
        }
    }

    fn clear(&mut self) -> usize {
        self.held.clear();
        std::mem::take(&mut self.bytes)
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
