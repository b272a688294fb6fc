//! What every store is held against: the places, the revisions, the times, the seals and the witness. How an event
//! is kept is the store's, who says what is wrong with that.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use model::{Digest, Event, EventType, Revision, Seq};

use super::{Fault, FaultKind, Verdict};
use crate::{
    Witness, migrate,
    seal::{LEAF_DIGITS, SealRecord},
};

/// How many faults are listed, from the first place on.
const FAULTS_MAX: usize = 100;

/// Whose clocks the times are of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clocks {
    /// One writer's: no event is older than the one before it.
    One,
    /// Those of writers who need not have heard of each other: no event is older than the one before it in its
    /// subject, for which it was made.
    Many,
}

/// Takes the events of a journal in order, and says what is wrong with them.
pub(crate) struct Auditor {
    clocks: Clocks,
    events: u64,
    seals: u64,
    newest: Seq,
    /// The times of all events, where one clock made them.
    times: Times,
    subjects: HashMap<String, History>,
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
}

/// What is known of a subject.
#[derive(Default)]
struct History {
    revision: Revision,
    times: Times,
}

/// The newest time and where it is, and the one before.
#[derive(Default)]
struct Times(Option<(Timestamp, Seq, Timestamp)>);

impl Times {
    /// Times never decrease: where they do, the one out of line is the one without which they don't.
    fn take(&mut self, event: &Event) -> Option<Seq> {
        let (last, at, before) = self.0.unwrap_or((event.time, 0, Timestamp::MIN));
        if event.time >= last {
            self.0 = Some((event.time, event.seq, last));
            None
        } else if event.time >= before {
            self.0 = Some((event.time, event.seq, before));
            Some(at)
        } else {
            Some(event.seq)
        }
    }
}

impl Auditor {
    pub(crate) fn new(clocks: Clocks) -> Self {
        Self {
            clocks,
            events: 0,
            seals: 0,
            newest: 0,
            times: Times::default(),
            subjects: HashMap::new(),
            missing: 0,
            unsealed: BTreeMap::new(),
            last_seal: None,
            sealed_to: 0,
            seal_hashes: HashMap::new(),
            faults: BTreeMap::new(),
            out_of_line: BTreeSet::new(),
        }
    }

    /// The last place that was met.
    pub(crate) fn newest(&self) -> Seq {
        self.newest
    }

    /// The next place that holds anything, and the hash that it is said to have.
    pub(crate) fn meet(&mut self, seq: Seq, hash: Digest) {
        self.miss(seq.saturating_sub(1));
        self.newest = seq;
        self.events += 1;
        self.unsealed.insert(seq, hash);
    }

    /// Nothing is at the places up to there.
    pub(crate) fn miss(&mut self, to: Seq) {
        for dropped in (self.newest + 1..=to).take(FAULTS_MAX) {
            self.fault(dropped, FaultKind::Dropped);
        }
        self.missing += to.saturating_sub(self.newest);
        self.newest = self.newest.max(to);
    }

    /// The event at the place that was met, and what is wrong with how it is kept.
    pub(crate) fn take(&mut self, event: &Event, wrong: Option<FaultKind>) {
        let is_next = self.take_place(event);
        let wrong = wrong.or_else(|| is_next.err().map(FaultKind::Reordered));
        if let Some(kind) = wrong {
            return self.fault(event.seq, kind);
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

    /// Something that is no event is at the place that was met. This is what else says which place of its subject
    /// it holds, be it just the next one.
    pub(crate) fn pass(&mut self, subject: String, revision: Option<Revision>) {
        let history = self.subjects.entry(subject).or_default();
        history.revision = revision.unwrap_or(history.revision + 1);
    }

    /// The same, and nothing says which place of its subject it holds: it is the next one of some subject.
    pub(crate) fn pass_unnamed(&mut self) {
        self.missing += 1;
    }

    /// Is it the next one of its subject? A jump that dropped events explain was told with them.
    fn take_place(&mut self, event: &Event) -> Result<(), String> {
        let history = self.subjects.entry(event.subject.to_string());
        let revision = &mut history.or_default().revision;
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
    fn take_time(&mut self, event: &Event) {
        let out_of_line = match self.clocks {
            Clocks::One => self.times.take(event),
            Clocks::Many => {
                let history = self.subjects.entry(event.subject.to_string());
                history.or_default().times.take(event)
            }
        };
        self.out_of_line.extend(out_of_line);
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
    pub(crate) fn fault(&mut self, seq: Seq, kind: FaultKind) {
        self.faults.entry(seq).or_insert(kind);
        if self.faults.len() > FAULTS_MAX {
            self.faults.pop_last();
        }
    }
    pub(crate) fn close(mut self, witness: Option<&Witness>) -> Verdict {
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
