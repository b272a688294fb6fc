//! A queue that somebody else empties: a person, or the agent that uses the tools.

mod ledger;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, timeout},
};

use self::ledger::Ledger;
use super::{
    Clock,
    failures::{Failures, Trouble},
};
use crate::{
    Answer, CheckSyntax, InvalidCheck, Listener, Price, Provider, ProviderError, Request, Turn,
    Usage,
};

const QUEUE_MAX: usize = 256;

/// How long whoever was offered an atom may think before it is offered again.
const LEASE_SECONDS: i64 = 600;

/// How long an atom waits for its answer.
const ANSWER_SECONDS_MAX: u64 = 3600;

/// Somebody who asked within this time is taken to be there.
const ATTENDED_SECONDS: i64 = 120;

/// How long one who asks is made to wait.
const WAIT_SECONDS_MAX: u64 = 60;

/// Limits of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandoffBounds {
    pub queue_max: usize,
    pub lease: SignedDuration,
    pub answer: Duration,
    pub attended: SignedDuration,
}

impl Default for HandoffBounds {
    fn default() -> Self {
        Self {
            queue_max: QUEUE_MAX,
            lease: SignedDuration::from_secs(LEASE_SECONDS),
            answer: Duration::from_secs(ANSWER_SECONDS_MAX),
            attended: SignedDuration::from_secs(ATTENDED_SECONDS),
        }
    }
}

/// Names one offer of an atom: the same atom offered again has another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AtomId(pub String);

/// An atom that waits for an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    pub id: AtomId,
    pub request: Request,
    /// After it, others may be offered the same.
    pub deadline: Timestamp,
    /// How often syntax may be checked before the answer; see [`Handoff::check_syntax`].
    pub checks_left: u32,
}

/// What was found of code that somebody has checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// In a line: that it parses, or where it does not and why.
    pub result: String,
    /// How often the same may be asked from now on.
    pub checks_left: u32,
}

/// Why an answer was not taken, or nothing was checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandoffError {
    #[error("there is no atom `{}`; ask for the next one", id.0)]
    Unknown { id: AtomId },
    #[error("atom `{}` has its answer already", id.0)]
    Answered { id: AtomId },
    #[error("atom `{}` was offered to somebody else after its deadline", id.0)]
    Expired { id: AtomId },
    #[error("nobody waits for atom `{}` any more", id.0)]
    Withdrawn { id: AtomId },
    #[error("the answer does not satisfy the schema of atom `{}`: {}; answer again", id.0, violations.join("; "))]
    Invalid { id: AtomId, violations: Vec<String> },
    #[error("nothing was checked for atom `{}`: {invalid}", id.0)]
    InvalidCheck { id: AtomId, invalid: InvalidCheck },
    #[error("no check is left for atom `{}`; answer it", id.0)]
    NoCheckLeft { id: AtomId },
    #[error(
        "the code takes more than the {tokens_left} tokens that checks may still take for atom `{}`; \
         check less, or answer it",
        id.0
    )]
    TooMuch { id: AtomId, tokens_left: u32 },
}

/// Atoms, handed to whoever asks for them. Clones share the queue.
#[derive(Clone)]
pub struct Handoff(Arc<Shared>);

struct Shared {
    ledger: Mutex<Ledger>,
    /// Told when there may be something to offer.
    changed: Notify,
    bounds: HandoffBounds,
    clock: Clock,
    failures: Failures,
}

impl Handoff {
    pub fn new(name: &str, bounds: HandoffBounds, clock: Clock) -> Self {
        Self(Arc::new(Shared {
            ledger: Mutex::default(),
            changed: Notify::new(),
            bounds,
            clock,
            failures: Failures::new(name, Vec::new()),
        }))
    }

    /// Lets whoever holds a coder's atom check syntax before the answer.
    #[must_use]
    pub fn with_check_syntax(self, check_syntax: CheckSyntax) -> Self {
        self.ledger().allow_checks(check_syntax);
        self
    }

    /// The atom that waits longest and that nobody works at, waiting for one if there is none.
    pub async fn next(&self, wait: Duration) -> Option<Offer> {
        let end = Instant::now() + wait.min(Duration::from_secs(WAIT_SECONDS_MAX));
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let now = (self.0.clock)();
            let expiry = match self.ledger().offer(now, self.0.bounds.lease) {
                Ok(offer) => return Some(offer),
                Err(expiry) => expiry,
            };
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let until_expiry = expiry.map(|expiry| expiry.duration_since(now));
            let until_expiry = until_expiry.and_then(|span| Duration::try_from(span).ok());
            // It is looked again either way.
            drop(timeout(until_expiry.map_or(left, |it| it.min(left)), changed).await);
        }
    }

    /// Gives an answer to whoever asked. One that is refused leaves the atom as it was.
    pub fn answer(&self, id: &AtomId, value: Value) -> Result<(), HandoffError> {
        self.ledger().answer(id, value)
    }

    /// Says whether code parses, as often as the atom's offer allows; whoever is offered the same
    /// atom later has what is left. A call that is refused is not counted.
    pub fn check_syntax(
        &self,
        id: &AtomId,
        path: &str,
        code: &str,
    ) -> Result<Checked, HandoffError> {
        self.ledger().check(id, path, code)
    }

    /// When somebody last asked for an atom.
    pub fn asked_at(&self) -> Option<Timestamp> {
        self.ledger().asked_at()
    }

    /// Did somebody ask not long ago?
    pub fn is_attended(&self) -> bool {
        let now = (self.0.clock)();
        let asked_at = self.asked_at();
        asked_at.is_some_and(|asked_at| now.duration_since(asked_at) <= self.0.bounds.attended)
    }

    /// How many atoms have no answer.
    pub fn waiting(&self) -> usize {
        self.ledger().waiting()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        let ledger = self.0.ledger.lock();
        ledger.unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, request: &Request) -> Result<Answer, Trouble> {
        let (sender, receiver) = oneshot::channel();
        let queue_max = self.0.bounds.queue_max;
        let number = self.ledger().enqueue(request, sender, queue_max)?;
        let _waiting = Waiting {
            handoff: self,
            number,
        };
        self.0.changed.notify_waiters();
        let limit = self.0.bounds.answer;
        match timeout(limit, receiver).await {
            Ok(Ok(value)) => Ok(Answer {
                value,
                usage: Usage::default(),
                model: self.name().to_owned(),
            }),
            Ok(Err(_closed)) => Err(Trouble::unavailable("the queue is gone")),
            Err(_over) => Err(Trouble::unavailable(format!(
                "nobody answered in {limit:?}"
            ))),
        }
    }
}

#[async_trait]
impl Provider for Handoff {
    fn name(&self) -> &str {
        self.0.failures.provider()
    }

    async fn complete(
        &self,
        request: &Request,
        _listener: &Listener,
    ) -> Result<Answer, ProviderError> {
        let answer = self.ask(&request.without_checks()).await;
        answer.map_err(|trouble| self.0.failures.of(trouble, request, Usage::default()))
    }

    fn takes_checks(&self) -> bool {
        true
    }

    /// Checks are made here, while the atom is held: what comes is the answer.
    async fn take_turn(
        &self,
        request: &Request,
        _listener: &Listener,
    ) -> Result<Turn, ProviderError> {
        let answer = self.ask(request).await.map(Turn::Answer);
        answer.map_err(|trouble| self.0.failures.of(trouble, request, Usage::default()))
    }

    /// An unattended queue is no error: whoever empties it may come later. See
    /// [`Handoff::is_attended`].
    async fn health(&self) -> Result<(), ProviderError> {
        Ok(())
    }

    fn price(&self, _model: &str) -> Option<Price> {
        Some(Price::default())
    }
}

/// Takes an atom out when nobody waits for it any more.
struct Waiting<'a> {
    handoff: &'a Handoff,
    number: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.handoff.ledger().withdraw(self.number);
    }
}
