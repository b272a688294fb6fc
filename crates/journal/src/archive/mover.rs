//! Moves old events: archive, read back, record, and only then let go.

use std::{
    iter,
    sync::Arc,
    time::{Duration, Instant},
};

use fail::fail_point;
use jiff::Timestamp;
use model::{
    Context, Digest, Event, EventType, NewEvent, Revision, Seq, Subject, event::AgentRole,
};
use parquet::errors::ParquetError;
use rusqlite::params;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{
    ArchiveRecord, archive_subject,
    file::{Part, Reading, WholeRow, Writing},
    name_of,
};
use crate::{
    AppendError, Expect, Journal, Query, ReadError, SqliteJournal, Unavailable, Witness,
    seal::{SealRecord, seal_subject},
    sqlite::{self, Rows},
};

/// How many sealed ranges one archive holds at most …
const ARCHIVE_SEALS_MAX: usize = 64;

/// … unless the texts and documents in it come to this many bytes before.
const ARCHIVE_BYTES_MAX: usize = 32 << 20;

/// … and where it ends though that is in the middle of a sealed range, so that no object grows
/// beyond what a vault takes, nor a file beyond what a reader has memory for.
const ARCHIVE_BYTES_HARD_MAX: usize = 48 << 20;

/// A row group, which a reader decodes at once, ends when it has this many.
const GROUP_BYTES_MAX: usize = 2 << 20;

/// How many rows let go of their texts in one transaction, for which writers wait.
const LETTING_GO_ROWS_MAX: usize = 32;

/// After each such transaction the writers have the file for this many times as long as it took.
const PAUSE_FACTOR: u32 = 3;

/// What is to be archived.
#[derive(Clone, Debug)]
pub struct ArchivePlan {
    /// Events that are older than this …
    pub before: Timestamp,
    /// … and lie under this seal, which somebody outside the journal remembers.
    pub witness: Option<Witness>,
    /// What stays whole though it is archived, so that it is at hand.
    pub needed: Vec<Needed>,
    pub kinds_needed: Vec<EventType>,
    /// Archives also what fills no archive yet, and looks in every earlier archive for rows that
    /// were needed when it was made.
    pub is_thorough: bool,
    /// Says what would be done and does nothing.
    pub is_trial: bool,
}

/// The events of a subject with `from <= seq <= to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    pub subject: Subject,
    pub from: Seq,
    pub to: Seq,
}

/// What was archived.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ArchiveReport {
    /// Archives that were made, with so many events, in so many bytes.
    pub archives: u64,
    pub events: u64,
    pub bytes: u64,
    /// Everything up to here is archived, by this or earlier.
    pub archived_to: Seq,
    /// Rows that let go of their texts and documents.
    pub rows: u64,
}

/// Why archiving ended early. What is archived by then is whole, and nothing is lost.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("event {seq} is missing or was changed, so nothing from there on is archived")]
    Damaged { seq: Seq },
    #[error("the journal does not hold the seal {seq} that somebody remembers")]
    Contradicted { seq: Seq },
    #[error("the archive `{name}` does not come back as it was kept")]
    Different { name: String },
    #[error("another process archives the same events")]
    Raced,
    #[error("the vault does not take part")]
    Store(#[source] Unavailable),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the archive could not be written as Parquet")]
    Parquet(#[from] ParquetError),
    #[error("that there is an archive could not be written down")]
    Write(#[source] AppendError),
    #[error("rows could not let go of what is archived")]
    LetGo(#[source] Unavailable),
}

/// Moves what `plan` says to archives, until `stop`. Begun again after a crash at any point, it goes
/// on where it was; an archive that nobody had written down yet is made anew.
pub async fn archive(
    journal: &SqliteJournal,
    plan: &ArchivePlan,
    now: impl Fn() -> Timestamp,
    stop: &CancellationToken,
    progress: impl Fn(Seq),
) -> Result<ArchiveReport, ArchiveError> {
    let limit = limit_of(journal, plan).await?;
    let records = records(journal).await?;
    let first_swept = if plan.is_thorough {
        0
    } else {
        records.len().saturating_sub(1)
    };
    let mut place = records
        .last()
        .map_or((1, 0), |last| (last.to + 1, last.seal));
    let mut sweep: Vec<_> = records.into_iter().skip(first_swept).collect();
    let mut report = ArchiveReport::default();
    while !stop.is_cancelled() {
        let is_thorough = plan.is_thorough;
        let made = journal
            .with_reader(move |rows| Ok(Draft::collect(rows, place, limit, is_thorough)))
            .await??;
        let Some(draft) = made else { break };
        place = (draft.to + 1, draft.seal);
        report.archives += 1;
        report.events += draft.to - draft.from + 1;
        report.bytes += draft.file.len() as u64;
        if !plan.is_trial {
            sweep.push(Arc::new(keep(journal, draft, &now).await?));
        }
        progress(place.0 - 1);
    }
    report.archived_to = place.0 - 1;
    if !plan.is_trial {
        for record in sweep {
            match let_go(journal, &record, plan, stop).await {
                // As in a fork, which has the records and the rows, and another vault.
                Err(ArchiveError::Read(ReadError::Unavailable(Unavailable::Archive(reason)))) => {
                    tracing::warn!(
                        reason,
                        "rows keep their texts, as their archive cannot be read"
                    );
                }
                rows => report.rows += rows?,
            }
        }
    }
    Ok(report)
}

/// The last event that may be archived: old enough, and its seal witnessed.
async fn limit_of(journal: &SqliteJournal, plan: &ArchivePlan) -> Result<Seq, ArchiveError> {
    let Some(witness) = plan.witness.clone() else {
        return Ok(0);
    };
    let query = Query {
        after: witness.seq.saturating_sub(1),
        until: witness.seq,
        limit: 1,
        ..Query::all()
    };
    let found = journal.read(query).await?;
    if found.first().is_none_or(|seal| seal.hash != witness.hash) {
        return Err(ArchiveError::Contradicted { seq: witness.seq });
    }
    let before = plan.before;
    let old = journal
        .with_reader(move |rows| {
            sqlite::last_before(rows.connection, before).map_err(|error| sqlite::read_error(&error))
        })
        .await?;
    Ok(old.min(witness.to))
}

async fn records(journal: &SqliteJournal) -> Result<Vec<Arc<ArchiveRecord>>, ReadError> {
    journal
        .with_reader(|rows| {
            let records = rows.shelf.records(rows.connection);
            records.map_err(|error| sqlite::read_error(&error))
        })
        .await
}

/// An archive that nobody else knows of yet.
struct Draft {
    from: Seq,
    to: Seq,
    seal: Revision,
    file: Vec<u8>,
    /// Of every event and its document, as the seals have them.
    hashes: Vec<(Digest, Option<Digest>)>,
}

impl Draft {
    /// As many sealed ranges up to `limit` as one archive takes, from the first event on that is in
    /// none: `place` is that, and the revision of the last seal whose range is archived whole.
    fn collect(
        rows: Rows<'_>,
        place: (Seq, Revision),
        limit: Seq,
        is_thorough: bool,
    ) -> Result<Option<Self>, ArchiveError> {
        let failed = |error| sqlite::read_error(&error);
        let (from, seal) = place;
        let subject = seal_subject();
        let seals = sqlite::whole_events_after(rows.connection, &subject, seal, ARCHIVE_SEALS_MAX)
            .map_err(failed)?;
        let mut draft = Self {
            from,
            to: from - 1,
            seal,
            file: Vec::new(),
            hashes: Vec::new(),
        };
        let (mut writing, mut bytes, mut ranges) = (Writing::begin()?, 0, 0);
        for seal in seals {
            let damaged = |_| ArchiveError::Damaged { seq: seal.seq };
            let range = SealRecord::of(&seal).map_err(damaged)?;
            if range.to > limit {
                break;
            }
            // The archive before may have ended in the middle of it.
            let is_next = range.from == draft.to + 1
                || draft.hashes.is_empty() && (range.from..=range.to).contains(&from);
            if !is_next {
                return Err(ArchiveError::Damaged { seq: draft.to + 1 });
            }
            bytes += draft.add(rows, &range, &mut writing, ARCHIVE_BYTES_HARD_MAX - bytes)?;
            if draft.to == range.to {
                draft.seal = seal.revision;
            }
            ranges += 1;
            if bytes >= ARCHIVE_BYTES_MAX {
                break;
            }
        }
        let is_full = ranges == ARCHIVE_SEALS_MAX || bytes >= ARCHIVE_BYTES_MAX;
        if ranges == 0 || !(is_full || is_thorough) {
            return Ok(None);
        }
        draft.file = writing.finish()?;
        Ok(Some(draft))
    }

    /// Adds the events of one seal that come next, if they are what it says, up to the first with
    /// which they take `bytes_max`; tells how many bytes they take.
    fn add(
        &mut self,
        rows: Rows<'_>,
        range: &SealRecord,
        writing: &mut Writing,
        bytes_max: usize,
    ) -> Result<usize, ArchiveError> {
        prove_hashes(rows, range)?;
        let failed = |error| ArchiveError::Read(sqlite::read_error(&error));
        let mut statement = rows
            .connection
            .prepare_cached(
                "SELECT seq, subject, revision, type, time, conversation, trace, version, agent, key, \
                 hash, event, body FROM events WHERE seq >= ?1 AND seq <= ?2 ORDER BY seq",
            )
            .map_err(failed)?;
        let bounds = params![(self.to + 1).cast_signed(), range.to.cast_signed()];
        let mut found = statement.query(bounds).map_err(failed)?;
        let (mut group, mut group_bytes, mut bytes) = (Vec::new(), 0, 0);
        while bytes < bytes_max
            && let Some(row) = found.next().map_err(failed)?
        {
            let seq = self.to + 1;
            let row = whole_row(row).map_err(failed)?;
            let pair = proved(&row, seq).ok_or(ArchiveError::Damaged { seq })?;
            self.hashes.push(pair);
            self.to = seq;
            bytes += row.bytes();
            group_bytes += row.bytes();
            group.push(row);
            if group_bytes >= GROUP_BYTES_MAX {
                writing.add(&group)?;
                group_bytes = 0;
                group.clear();
            }
        }
        if !group.is_empty() {
            writing.add(&group)?;
        }
        Ok(bytes)
    }

    fn record(&self) -> ArchiveRecord {
        ArchiveRecord {
            from: self.from,
            to: self.to,
            name: name_of(self.from, self.to),
            bytes: self.file.len() as u64,
            sha256: Digest::of(&self.file),
            seal: self.seal,
        }
    }

    /// Is what came back what went in, text for text?
    fn is_same(&self, file: &Reading) -> Result<bool, ParquetError> {
        if file.rows() != self.hashes.len() {
            return Ok(false);
        }
        let mut expected = self.hashes.iter();
        for group in 0..file.groups() {
            let events = file.read(group, Part::Event)?;
            let bodies = file.read(group, Part::Body)?;
            for (event, body) in events.iter().zip(&bodies) {
                let digest = |value: &Option<parquet::data_type::ByteArray>| {
                    value.as_ref().map(|value| Digest::of(value.data()))
                };
                let found = (digest(event), digest(body));
                if expected.next().map(|(event, body)| (Some(*event), *body)) != Some(found) {
                    return Ok(false);
                }
            }
        }
        Ok(expected.next().is_none())
    }
}

/// Are the hashes that the rows of `range` carry those that were sealed? What is archived of it is
/// compared with them, text by text.
fn prove_hashes(rows: Rows<'_>, range: &SealRecord) -> Result<(), ArchiveError> {
    let failed = |error| ArchiveError::Read(sqlite::read_error(&error));
    let mut statement = rows
        .connection
        .prepare_cached("SELECT seq, hash FROM events WHERE seq >= ?1 AND seq <= ?2 ORDER BY seq")
        .map_err(failed)?;
    let bounds = params![range.from.cast_signed(), range.to.cast_signed()];
    let found = statement
        .query_map(bounds, |row| {
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), Digest(row.get(1)?)))
        })
        .map_err(failed)?;
    let found: Vec<(Seq, Digest)> = found.collect::<Result<_, _>>().map_err(failed)?;
    let missing = (range.from..=range.to)
        .zip(
            found
                .iter()
                .map(|(seq, _)| Some(*seq))
                .chain(iter::repeat(None)),
        )
        .find(|(expected, seq)| *seq != Some(*expected));
    if let Some((seq, _)) = missing {
        return Err(ArchiveError::Damaged { seq });
    }
    let hashes: Vec<_> = found.into_iter().map(|(_, hash)| hash).collect();
    if Digest::merkle_root(&hashes) != range.root {
        return Err(ArchiveError::Damaged { seq: range.from });
    }
    Ok(())
}

fn whole_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<WholeRow> {
    let hash: [u8; 32] = row.get(10)?;
    Ok(WholeRow {
        seq: row.get(0)?,
        subject: row.get(1)?,
        revision: row.get(2)?,
        kind: row.get(3)?,
        time: row.get(4)?,
        conversation: row.get(5)?,
        trace: row.get(6)?,
        version: row.get(7)?,
        agent: row.get(8)?,
        key: row.get(9)?,
        hash: Digest(hash).to_string(),
        event: row.get(11)?,
        body: row.get(12)?,
    })
}

/// The hashes of an event and its document, if they are what the event itself says.
fn proved(row: &WholeRow, seq: Seq) -> Option<(Digest, Option<Digest>)> {
    let hash = Digest::of(row.event.as_bytes());
    let event = Event::from_sealed_text(seq, hash, &row.event).ok()?;
    let body = row.body.as_deref().map(Digest::of);
    let is_whole = row.seq.cast_unsigned() == seq && row.hash == hash.to_string();
    (is_whole && event.body == body).then_some((hash, body))
}

/// Puts the archive where it is kept, reads it back, and writes down that it is there.
async fn keep(
    journal: &SqliteJournal,
    draft: Draft,
    now: &impl Fn() -> Timestamp,
) -> Result<ArchiveRecord, ArchiveError> {
    let shelf = journal.shelf().clone();
    let work = move || {
        let record = draft.record();
        fail_point!("journal::before_archive");
        shelf
            .put(&record.name, &draft.file)
            .map_err(ArchiveError::Store)?;
        fail_point!("journal::after_archive");
        let file = shelf
            .fetch(&record.name, record.sha256)
            .map_err(ArchiveError::Store)?;
        if draft.is_same(&file)? {
            Ok(record)
        } else {
            Err(ArchiveError::Different { name: record.name })
        }
    };
    let record = tokio::task::spawn_blocking(work)
        .await
        .map_err(|_panic| ArchiveError::Store(Unavailable::Closed))??;
    let last = journal.last(&archive_subject()).await?;
    let is_next = match last.as_deref().map(ArchiveRecord::of) {
        None => record.from == 1,
        Some(last) => last.is_some_and(|last| last.to + 1 == record.from),
    };
    if !is_next {
        return Err(ArchiveError::Raced);
    }
    let data = serde_json::to_value(&record).expect("a record is plain data");
    let context = Context::of(AgentRole::Operator);
    let event = NewEvent::new(EventType::ARCHIVE, now(), context, data);
    let expect = last.map_or(Expect::Absent, |last| Expect::Revision(last.revision));
    match journal.append(archive_subject(), expect, event).await {
        Ok(_) => {}
        Err(AppendError::Conflict { .. }) => return Err(ArchiveError::Raced),
        Err(error) => return Err(ArchiveError::Write(error)),
    }
    fail_point!("journal::after_archive_record");
    Ok(record)
}

/// Has the rows of an archive let go of what it holds, a few at a time.
async fn let_go(
    journal: &SqliteJournal,
    record: &Arc<ArchiveRecord>,
    plan: &ArchivePlan,
    stop: &CancellationToken,
) -> Result<u64, ArchiveError> {
    let (mut after, mut rows) = (record.from - 1, 0);
    while !stop.is_cancelled() {
        let (until, kinds, needed) = (record.to, plan.kinds_needed.clone(), plan.needed.clone());
        let page = journal.with_reader(move |rows| {
            let found = sqlite::whole_rows(rows.connection, after, until, LETTING_GO_ROWS_MAX);
            let found = found.map_err(|error| sqlite::read_error(&error))?;
            let last = found.last().map(|(seq, _, _)| *seq);
            let mut stubs = Vec::with_capacity(found.len());
            for (seq, subject, kind) in found {
                let is_needed = |needed: &Needed| {
                    needed.subject == subject && (needed.from..=needed.to).contains(&seq)
                };
                if kinds.iter().any(|needed| needed.as_str() == kind)
                    || needed.iter().any(is_needed)
                {
                    continue;
                }
                // From the archive, so that a row goes only if this can be read back.
                let archived = rows.shelf.whole(rows.connection, seq)?;
                let hash = Digest::of(archived.text.as_bytes());
                let event = Event::from_sealed_text(seq, hash, &archived.text)?;
                stubs.push((seq, hash, sqlite::stub_of(&event)));
            }
            Ok((last, stubs))
        });
        let (last, stubs) = page.await?;
        let Some(last) = last else { break };
        after = last;
        if stubs.is_empty() {
            continue;
        }
        let began = Instant::now();
        let gone = journal.let_go(stubs).await.map_err(ArchiveError::LetGo)?;
        rows += gone as u64;
        pause(began.elapsed() * PAUSE_FACTOR, stop).await;
    }
    Ok(rows)
}

async fn pause(time: Duration, stop: &CancellationToken) {
    // Over by the time or by the wish to stop, which the caller looks for.
    drop(tokio::time::timeout(time, stop.cancelled()).await);
}
