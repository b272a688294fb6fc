//! Seals: a hash chain over ranges of events, so that writers need not wait for each other.
//!
//! A seal covers the events right after the ones before it, with their Merkle root, the beginning
//! of each event's hash (to name the place when the root does not fit), and the hash of the seal
//! before. Whoever keeps a copy of the newest seal elsewhere, a [`Witness`], can tell later that
//! nothing up to it was changed, dropped, reordered or cut.

use std::sync::Arc;

use fail::fail_point;
use jiff::Timestamp;
use model::{Context, Digest, Event, EventType, NewEvent, Seq, Subject, event::AgentRole};
use serde::{Deserialize, Serialize};

use crate::{AppendError, Expect, Journal, Query, ReadError};

/// The most events that one seal covers.
pub const SEAL_EVENTS_MAX: usize = 256;

/// How many hex digits of an event's hash a seal keeps.
pub(crate) const LEAF_DIGITS: usize = 16;

/// How often a sealer that lost to another one tries again at once.
const RACES_MAX: usize = 8;

/// What a seal says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealRecord {
    pub from: Seq,
    pub to: Seq,
    pub root: Digest,
    /// The hash of the seal before this one.
    pub previous: Option<Digest>,
    /// The first [`LEAF_DIGITS`] hex digits of each event's hash, run together.
    pub leaves: String,
}

/// The newest seal, as somebody outside the journal remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Where the seal itself is.
    pub seq: Seq,
    pub hash: Digest,
    /// The last event that it covers.
    pub to: Seq,
}

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("event {seq} is missing or was changed, so nothing from there on is sealed")]
    Damaged { seq: Seq },
    #[error("the seal at {seq} cannot be read: {reason}")]
    Unreadable { seq: Seq, reason: String },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the seal could not be written")]
    Write(#[source] AppendError),
}

/// Where seals live.
pub fn seal_subject() -> Subject {
    "seal".parse().expect("`seal` is a subject")
}

impl SealRecord {
    pub(crate) fn of(event: &Event) -> Result<Self, SealError> {
        serde_json::from_value(event.data.clone()).map_err(|error| SealError::Unreadable {
            seq: event.seq,
            reason: error.to_string(),
        })
    }

    fn over(events: &[Arc<Event>], previous: Option<&Event>) -> Option<Self> {
        let hashes: Vec<Digest> = events.iter().map(|event| event.hash).collect();
        Some(Self {
            from: events.first()?.seq,
            to: events.last()?.seq,
            root: Digest::merkle_root(&hashes),
            previous: previous.map(|seal| seal.hash),
            leaves: hashes
                .iter()
                .map(|hash| hash.to_string()[..LEAF_DIGITS].to_owned())
                .collect(),
        })
    }
}

/// Seals what no seal covers yet, seal by seal, and says what the newest one is. What is committed
/// after it began is left to the next sealing, so that it ends however busy the writers are.
///
/// Any number of sealers may run at once: the subject's revision lets one of them win.
pub async fn seal_up_to_now(
    journal: &dyn Journal,
    now: impl Fn() -> Timestamp,
) -> Result<Option<Witness>, SealError> {
    let mut races = 0;
    let until = journal.newest().await?;
    loop {
        let previous = journal.last(&seal_subject()).await?;
        let covered = match previous.as_deref() {
            Some(seal) => SealRecord::of(seal)?.to,
            None => 0,
        };
        let query = Query {
            after: covered,
            until,
            limit: SEAL_EVENTS_MAX,
            ..Query::all()
        };
        let events = journal.read(query).await?;
        // A seal over nothing but the seal before it would call for the next one, for ever. (A full
        // page of seals, left by a long catching up, has others behind it.)
        let is_last_page = events.len() < SEAL_EVENTS_MAX;
        if is_last_page && events.iter().all(|event| event.kind == EventType::SEAL) {
            return previous.as_deref().map(witness).transpose();
        }
        check(&events, covered)?;
        let Some(record) = SealRecord::over(&events, previous.as_deref()) else {
            return Ok(None);
        };
        fail_point!("journal::before_seal");
        let data = serde_json::to_value(&record).expect("a seal is plain data");
        let event = NewEvent::new(
            EventType::SEAL,
            now(),
            Context::of(AgentRole::Operator),
            data,
        );
        let expect = previous.map_or(Expect::Absent, |seal| Expect::Revision(seal.revision));
        match journal.append(seal_subject(), expect, event).await {
            Ok(_) => races = 0,
            Err(AppendError::Conflict { .. }) if races < RACES_MAX => races += 1,
            Err(error) => return Err(SealError::Write(error)),
        }
    }
}

/// Only what is whole is sealed: a seal over a changed event would make the change official.
fn check(events: &[Arc<Event>], covered: Seq) -> Result<(), SealError> {
    for (event, seq) in events.iter().zip(covered + 1..) {
        if event.seq != seq || Digest::of(event.sealed_text().as_bytes()) != event.hash {
            return Err(SealError::Damaged { seq });
        }
    }
    Ok(())
}

fn witness(seal: &Event) -> Result<Witness, SealError> {
    Ok(Witness {
        seq: seal.seq,
        hash: seal.hash,
        to: SealRecord::of(seal)?.to,
    })
}
