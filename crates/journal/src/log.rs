//! What a journal promises, whichever store is below it.

use std::{
    error::Error,
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

use async_trait::async_trait;
use model::{Body, Event, NewEvent, Revision, Seq, Subject, event::IdempotencyKey};

use crate::{Query, Verdict, Watch, Witness};

/// The largest event, its document included.
pub(crate) const EVENT_BYTES_MAX: usize = 8 << 20;

/// A durable, ordered log of events, one history per subject.
///
/// A write is acknowledged only when a power cut can no longer undo it. Its outcomes are:
/// committed; conflict or refusal (nothing was written); [`AppendError::Unknown`] (resolved by
/// [`Journal::find_key`]); unavailable (nothing was written).
#[async_trait]
pub trait Journal: Send + Sync + 'static {
    /// Writes `event` if the subject is as `expect` says.
    async fn append(
        &self,
        subject: Subject,
        expect: Expect,
        event: NewEvent,
    ) -> Result<Committed, AppendError> {
        let key = event.key.clone();
        let wanted = subject.clone();
        let change = only_if(expect, event);
        match self.apply(subject, key, change).await {
            Err(AppendError::Refused(refusal)) => match refusal.downcast::<Mismatch>() {
                Ok(mismatch) => Err(AppendError::Conflict {
                    subject: wanted,
                    expect: mismatch.expect,
                    current: mismatch.current,
                }),
                Err(refusal) => Err(AppendError::Refused(refusal)),
            },
            outcome => outcome,
        }
    }

    /// Writes facts of one subject that do not build on each other, in this order; each has an
    /// outcome of its own. As many as the store takes become durable together.
    async fn append_all(
        &self,
        subject: Subject,
        events: Vec<NewEvent>,
    ) -> Vec<Result<Committed, AppendError>> {
        let mut outcomes = Vec::with_capacity(events.len());
        for event in events {
            outcomes.push(self.append(subject.clone(), Expect::Any, event).await);
        }
        outcomes
    }

    /// Lets the writer itself make the event from what the subject holds at that moment, so that
    /// many writers of one subject need no retry loop. With a `key` it counts once: a second call
    /// answers with the first one's event and does not run `change`.
    async fn apply(
        &self,
        subject: Subject,
        key: Option<IdempotencyKey>,
        change: Change,
    ) -> Result<Committed, AppendError>;

    /// The newest event of `subject`.
    async fn last(&self, subject: &Subject) -> Result<Option<Arc<Event>>, ReadError>;

    /// The newest event of `subject` at or before `seq`.
    async fn last_at(&self, subject: &Subject, seq: Seq) -> Result<Option<Arc<Event>>, ReadError>;

    /// The subjects that begin with `prefix`, in order.
    async fn subjects(&self, prefix: &str) -> Result<Vec<Subject>, ReadError>;

    /// The document that travelled with the event at `seq`.
    async fn body(&self, seq: Seq) -> Result<Option<Body>, ReadError>;

    /// The events that `query` selects, at most [`Query::limit`] of them.
    async fn read(&self, query: Query) -> Result<Vec<Arc<Event>>, ReadError>;

    /// What was committed under `key`: the answer to [`AppendError::Unknown`].
    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<Arc<Event>>, ReadError>;

    /// The seq of the newest event, 0 for an empty journal.
    async fn newest(&self) -> Result<Seq, ReadError>;

    /// Every event after `after` that `query` selects, as they are committed.
    fn watch(self: Arc<Self>, after: Seq, query: Query) -> Watch;
}

/// A journal as the process sees it that has it open.
#[async_trait]
pub trait OpenJournal: Journal {
    /// What was written through it since it was opened.
    fn counts(&self) -> &WriterCounts;

    /// Writes that wait, or are under way.
    fn queued(&self) -> usize;

    /// How many may be.
    fn queue_max(&self) -> usize;

    /// Does it answer, and is it still the one that was opened?
    async fn check(&self) -> Result<(), ReadError>;

    /// Lets go of what is kept in memory alone to be quick, which is read again then; says about how many bytes
    /// it took. May block.
    fn release(&self) -> usize;

    /// Reads all of it and compares it with its hashes, its seals and the `witness`.
    async fn verify(
        &self,
        witness: Option<Witness>,
        progress: Box<dyn Fn(Seq) + Send>,
    ) -> Result<Verdict, ReadError>;

    /// Lets writes end that are under way, and ends every watch. Later writes are refused.
    async fn close(&self);
}

/// What went through a journal.
#[derive(Debug, Default)]
pub struct WriterCounts {
    pub events: AtomicU64,
    pub transactions: AtomicU64,
    pub refused: AtomicU64,
    pub failed: AtomicU64,
    pub checkpoints: AtomicU64,
}

/// What a writer believes about a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing was ever written to it.
    Absent,
    /// Its newest event has this revision.
    Revision(Revision),
    /// The writer does not care: for facts that do not build on each other.
    Any,
}

impl Expect {
    fn holds(self, current: Option<&Arc<Event>>) -> bool {
        match self {
            Expect::Absent => current.is_none(),
            Expect::Revision(revision) => current.is_some_and(|event| event.revision == revision),
            Expect::Any => true,
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expect::Absent => f.write_str("absent"),
            Expect::Revision(revision) => write!(f, "at revision {revision}"),
            Expect::Any => f.write_str("anything"),
        }
    }
}

/// Makes the next event of a subject, or refuses. May run more than once; only the last run counts.
pub type Change = Box<dyn FnMut(&mut dyn Head) -> Result<NewEvent, Refusal> + Send>;

/// A subject as the writer sees it while it applies a [`Change`].
pub trait Head {
    /// The newest event of the subject.
    fn current(&self) -> Option<&Arc<Event>>;
    /// The subject's events with `from <= seq <= to`, oldest first.
    fn events(&mut self, from: Seq, to: Seq) -> Result<Vec<Arc<Event>>, ReadError>;
    /// The document that travelled with the event at `seq`.
    fn body(&mut self, seq: Seq) -> Result<Option<Body>, ReadError>;
}

/// A [`Change`] that said no; the caller knows the type of its reason.
pub struct Refusal(Box<dyn Error + Send + Sync>);

impl Refusal {
    pub fn new(reason: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(reason))
    }

    pub fn downcast<E: Error + 'static>(self) -> Result<E, Refusal> {
        self.0.downcast().map(|reason| *reason).map_err(Refusal)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Writes `event` if the subject is as `expect` says.
pub(crate) fn only_if(expect: Expect, event: NewEvent) -> Change {
    Box::new(move |head| {
        let current = head.current();
        if !expect.holds(current) {
            return Err(Refusal::new(Mismatch {
                expect,
                current: current.cloned(),
            }));
        }
        // It may be made anew.
        Ok(event.clone())
    })
}

#[derive(Debug, thiserror::Error)]
#[error("the subject is not {expect}")]
struct Mismatch {
    expect: Expect,
    current: Option<Arc<Event>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the change panicked; nothing was written")]
pub(crate) struct Panicked;

/// A write that is durable.
#[derive(Clone, Debug)]
pub struct Committed {
    pub event: Arc<Event>,
    /// It had been committed before, under the same idempotency key.
    pub was_repeated: bool,
}

/// Why a write was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Nothing was written; `current` is what the subject holds.
    #[error("`{subject}` is not {expect}: it is at revision {}", current.as_ref().map_or(0, |event| event.revision))]
    Conflict {
        subject: Subject,
        expect: Expect,
        current: Option<Arc<Event>>,
    },
    /// Nothing was written.
    #[error("{0}")]
    Refused(Refusal),
    /// Nothing was written: the key belongs to another write.
    #[error("the idempotency key `{key}` was used for `{subject}` at seq {seq}: choose another")]
    KeyTaken {
        key: IdempotencyKey,
        subject: Subject,
        seq: Seq,
    },
    /// Nothing was written.
    #[error("the event is {bytes} bytes, {bytes_max} are allowed")]
    TooLarge { bytes: usize, bytes_max: usize },
    /// The store did not say whether it wrote. Ask [`Journal::find_key`], or send it again under
    /// the same key.
    #[error("the store failed in the middle of a commit, so the write may or may not be there")]
    Unknown(#[source] Unavailable),
    /// Nothing was written.
    #[error("the journal takes no writes")]
    Unavailable(#[source] Unavailable),
}

/// Why a read was not answered.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Unreadable(#[from] model::event::UnreadableEvent),
    #[error("the journal cannot be read")]
    Unavailable(#[source] Unavailable),
}

/// What is wrong with the store, sorted by what an operator does about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unavailable {
    #[error("the disk is full: {0}")]
    DiskFull(String),
    #[error("the folder or file is read-only: {0}")]
    ReadOnly(String),
    #[error("the file is damaged: {0}")]
    Damaged(String),
    #[error("another process holds it for too long: {0}")]
    Busy(String),
    #[error("{0}")]
    Archive(String),
    #[error("nats-server does not answer: {0}")]
    Unreachable(String),
    #[error("it is shut down")]
    Closed,
    #[error("{0}")]
    Failed(String),
}

impl Unavailable {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::DiskFull(_) => "free some space; nothing that was acknowledged is lost",
            Self::ReadOnly(_) => "make the data folder writable, or choose another with --data",
            Self::Damaged(_) => {
                "run `luthier ledger verify`, then restore or `luthier ledger fork`"
            }
            Self::Busy(_) => "see which processes use the data folder, or try again",
            Self::Archive(_) => {
                "see that the vault can be reached and is whole: `luthier ledger verify` names what is not"
            }
            Self::Unreachable(_) => {
                "see that nats-server runs and can be reached; it is asked again by itself"
            }
            Self::Closed => "start it again",
            Self::Failed(_) => "run `luthier doctor`",
        }
    }

    /// May it pass by itself, or by what the hint says, so that asking again makes sense?
    pub fn may_pass(&self) -> bool {
        match self {
            Self::DiskFull(_)
            | Self::ReadOnly(_)
            | Self::Busy(_)
            | Self::Archive(_)
            | Self::Unreachable(_)
            | Self::Closed => true,
            Self::Damaged(_) | Self::Failed(_) => false,
        }
    }

    pub fn code(&self) -> &'static str {
        match self {
            Self::DiskFull(_) => "disk_full",
            Self::ReadOnly(_) => "read_only",
            Self::Damaged(_) => "journal_damaged",
            Self::Busy(_) => "journal_busy",
            Self::Archive(_) => "archive_unavailable",
            Self::Unreachable(_) => "journal_unreachable",
            Self::Closed => "journal_closed",
            Self::Failed(_) => "journal_failed",
        }
    }
}
