//! What clients asked, when, and what they were told.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use journal::Expect;
use model::{Event, Revision, Seq, Subject};

/// The number of a request. An event that one wrote says it.
pub(super) type Number = u64;

/// An event, as far as it matters where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) seq: Seq,
    pub(super) revision: Revision,
    /// The request that wrote it.
    pub(super) by: Number,
}

impl Place {
    pub(super) fn of(event: &Event) -> Self {
        Self {
            seq: event.seq,
            revision: event.revision,
            by: event.data["by"].as_u64().unwrap(),
        }
    }
}

/// What became of a write.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Acknowledged(Place),
    Conflict {
        current: Option<Place>,
    },
    /// It was not written.
    Refused,
    Unknown,
}

#[derive(Clone, Debug)]
pub(super) enum Request {
    Write {
        subject: Subject,
        /// Nothing where the writer itself was to make the event.
        expect: Option<Expect>,
        outcome: Outcome,
    },
    /// A write that was acknowledged, once more under its key.
    Again { first: Place, found: Place },
    Last {
        subject: Subject,
        found: Option<Place>,
    },
    Read {
        subject: Subject,
        after: Seq,
        limit: usize,
        found: Vec<Place>,
    },
    /// The key of a write that was acknowledged there.
    FindKey { first: Place, found: Option<Place> },
}

/// A request that has ended.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) number: Number,
    /// The process, so to say.
    pub(super) client: usize,
    pub(super) began: Duration,
    pub(super) ended: Duration,
    pub(super) request: Request,
}

/// All that was asked.
pub(super) struct History {
    start: Instant,
    next: AtomicU64,
    entries: Mutex<Vec<Entry>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

impl Default for History {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            next: AtomicU64::new(1),
            entries: Mutex::default(),
            counts: Mutex::default(),
        }
    }
}

impl History {
    pub(super) fn begin(&self) -> (Number, Duration) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number, self.start.elapsed())
    }

    pub(super) fn end(&self, client: usize, (number, began): (Number, Duration), request: Request) {
        let ended = self.start.elapsed();
        let kind = match &request {
            Request::Write { outcome, .. } => match outcome {
                Outcome::Acknowledged(_) => "written",
                Outcome::Conflict { .. } => "conflict",
                Outcome::Refused => "refused",
                Outcome::Unknown => "unknown",
            },
            Request::Again { .. } => "again",
            Request::Last { .. } => "last",
            Request::Read { .. } => "read",
            Request::FindKey { .. } => "find_key",
        };
        self.count(kind);
        self.entries.lock().unwrap().push(Entry {
            number,
            client,
            began,
            ended,
            request,
        });
    }

    pub(super) fn count(&self, kind: &'static str) {
        *self.counts.lock().unwrap().entry(kind).or_default() += 1;
    }

    /// By outcome.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.lock().unwrap().clone()
    }

    pub(super) fn take(&self) -> Vec<Entry> {
        std::mem::take(&mut self.entries.lock().unwrap())
    }
}
