//! Who writes and reads while all goes wrong.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use fastrand::Rng;
use journal::{AppendError, Change, Expect, Journal, Query};
use model::{NewEvent, Revision, Seq, Subject, event::IdempotencyKey};
use serde_json::json;

use super::history::{History, Number, Outcome, Place, Request};
use crate::support::{event, key, subject};

/// So many subjects are written to at a time, by everybody: few enough to get in each other's way, and enough for
/// most to be writing, and not waiting for others, when something fails.
const SUBJECTS: u64 = 12;
/// After so many requests others take their place, so that there are always some that are new.
const AGE_REQUESTS: u64 = 1_500;
/// Of the writes that were acknowledged, so many are asked for again.
const WRITTEN_MAX: usize = 64;
const PAGE_EVENTS_MAX: usize = 20;

/// What workers of all clients share.
#[derive(Default)]
pub(super) struct Common {
    pub(super) history: History,
    pub(super) is_over: AtomicBool,
    requests: AtomicU64,
    written: Mutex<Vec<Written>>,
}

#[derive(Clone)]
struct Written {
    subject: Subject,
    key: IdempotencyKey,
    place: Place,
}

impl Common {
    fn subject(&self, chance: &mut Rng) -> Subject {
        let age = self.requests.fetch_add(1, Ordering::Relaxed) / AGE_REQUESTS;
        subject(&format!("age{age}.n{}", chance.u64(..SUBJECTS)))
    }

    fn remember(&self, written: Written, chance: &mut Rng) {
        let mut all = self.written.lock().unwrap();
        if all.len() < WRITTEN_MAX {
            all.push(written);
        } else {
            all[chance.usize(..WRITTEN_MAX)] = written;
        }
    }

    fn some_written(&self, chance: &mut Rng) -> Option<Written> {
        let all = self.written.lock().unwrap();
        chance.choice(all.iter()).cloned()
    }
}

/// One of those who use a client at once.
pub(super) struct Worker {
    pub(super) client: usize,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) common: Arc<Common>,
    pub(super) chance: Rng,
}

impl Worker {
    pub(super) async fn work(mut self) {
        while !self.common.is_over.load(Ordering::Relaxed) {
            match self.chance.u32(..100) {
                0..45 => self.append().await,
                45..65 => self.count().await,
                65..80 => self.last().await,
                80..88 => self.read().await,
                88..94 => self.find_key().await,
                _ => self.again().await,
            }
        }
    }

    fn event(number: Number, key: Option<IdempotencyKey>) -> NewEvent {
        event(json!({"by": number})).with_key(key)
    }

    async fn append(&mut self) {
        let to = self.common.subject(&mut self.chance);
        let expect = match self.chance.u32(..10) {
            0..2 => Expect::Absent,
            2..6 => match self.journal.last(&to).await {
                Ok(Some(event)) => Expect::Revision(event.revision),
                Ok(None) => Expect::Absent,
                Err(_) => return self.common.history.count("not read"),
            },
            // Guessed, so that there is no reading in between.
            6 => Expect::Revision(self.chance.u64(1..20)),
            _ => Expect::Any,
        };
        let is_keyed = self.chance.u32(..3) == 0;
        let begun = self.common.history.begin();
        let number = begun.0;
        let key = is_keyed.then(|| key(&format!("k{number}")));
        let journal = self.journal.clone();
        let attempt = || journal.append(to.clone(), expect, Self::event(number, key.clone()));
        let outcome = self.until_known(key.is_some(), attempt).await;
        self.end_write(begun, to, Some(expect), key.as_ref(), outcome);
    }

    /// Adds one to what the subject holds.
    async fn count(&mut self) {
        let to = self.common.subject(&mut self.chance);
        let begun = self.common.history.begin();
        let number = begun.0;
        let key = key(&format!("k{number}"));
        let journal = self.journal.clone();
        let attempt = || {
            let change: Change = Box::new(move |head| {
                let counted: Revision = head.current().map_or(0, |event| event.revision);
                Ok(event(json!({"by": number, "count": counted + 1})))
            });
            journal.apply(to.clone(), Some(key.clone()), change)
        };
        let outcome = self.until_known(true, attempt).await;
        self.end_write(begun, to, None, Some(&key), outcome);
    }

    /// Sends a write again under its key while it is not known what became of it.
    async fn until_known<A>(&self, is_keyed: bool, attempt: impl Fn() -> A) -> Outcome
    where
        A: Future<Output = Result<journal::Committed, AppendError>>,
    {
        let mut was_lost = false;
        loop {
            return match attempt().await {
                Ok(committed) => Outcome::Acknowledged(Place::of(&committed.event)),
                Err(AppendError::Conflict { current, .. }) => Outcome::Conflict {
                    current: current.as_deref().map(Place::of),
                },
                Err(AppendError::Unknown(_)) if is_keyed => {
                    self.common.history.count("sent again");
                    was_lost = true;
                    continue;
                }
                Err(AppendError::Unknown(_)) => Outcome::Unknown,
                // That says nothing of the time before.
                Err(AppendError::Unavailable(_)) if was_lost => continue,
                Err(AppendError::Unavailable(_)) => Outcome::Refused,
                Err(error) => panic!("{error}"),
            };
        }
    }

    fn end_write(
        &mut self,
        begun: (Number, std::time::Duration),
        subject: Subject,
        expect: Option<Expect>,
        key: Option<&IdempotencyKey>,
        outcome: Outcome,
    ) {
        if let (Outcome::Acknowledged(place), Some(key)) = (&outcome, key) {
            let written = Written {
                subject: subject.clone(),
                key: key.clone(),
                place: *place,
            };
            self.common.remember(written, &mut self.chance);
        }
        let request = Request::Write {
            subject,
            expect,
            outcome,
        };
        self.common.history.end(self.client, begun, request);
    }

    async fn last(&mut self) {
        let subject = self.common.subject(&mut self.chance);
        let begun = self.common.history.begin();
        let Ok(found) = self.journal.last(&subject).await else {
            return self.common.history.count("not read");
        };
        let found = found.as_deref().map(Place::of);
        let request = Request::Last { subject, found };
        self.common.history.end(self.client, begun, request);
    }

    async fn read(&mut self) {
        let Some(written) = self.common.some_written(&mut self.chance) else {
            return;
        };
        let subject = written.subject;
        let after: Seq = written.place.seq.saturating_sub(self.chance.u64(1..50));
        let limit = self.chance.usize(1..PAGE_EVENTS_MAX);
        let query = Query {
            after,
            limit,
            ..Query::of(subject.clone())
        };
        let begun = self.common.history.begin();
        let Ok(found) = self.journal.read(query).await else {
            return self.common.history.count("not read");
        };
        let request = Request::Read {
            subject,
            after,
            limit,
            found: found.iter().map(|event| Place::of(event)).collect(),
        };
        self.common.history.end(self.client, begun, request);
    }

    async fn find_key(&mut self) {
        let Some(written) = self.common.some_written(&mut self.chance) else {
            return;
        };
        let begun = self.common.history.begin();
        let Ok(found) = self.journal.find_key(&written.key).await else {
            return self.common.history.count("not read");
        };
        let request = Request::FindKey {
            first: written.place,
            found: found.as_deref().map(Place::of),
        };
        self.common.history.end(self.client, begun, request);
    }

    /// Another event under a key that was used: the first one counts.
    async fn again(&mut self) {
        let Some(written) = self.common.some_written(&mut self.chance) else {
            return;
        };
        let begun = self.common.history.begin();
        let event = Self::event(begun.0, Some(written.key.clone()));
        let again = self.journal.append(written.subject, Expect::Any, event);
        let request = match again.await {
            Ok(committed) => Request::Again {
                first: written.place,
                found: Place::of(&committed.event),
            },
            Err(AppendError::Unknown(_) | AppendError::Unavailable(_)) => {
                return self.common.history.count("not answered");
            }
            Err(error) => panic!("{error}"),
        };
        self.common.history.end(self.client, begun, request);
    }
}
