//! One event after the other of a subject, by whoever gets there first.
//!
//! Writers of one process take turns at a subject. Those of others are kept apart by the server, which takes an
//! event only if the newest one of its subject is the one that it was made for; who loses makes it anew. A message
//! whose answer got lost is sent again, with the same expectation, until it is known whether it is there: the next
//! event of the subject is it, or it never will be.

#[cfg(test)]
mod tests;

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream::{
    self, ErrorCode,
    context::{PublishError, PublishErrorKind},
    message::PublishMessage,
};
use jiff::Timestamp;
use model::{
    Body, Event, NewEvent, Seq, Subject,
    event::{IdempotencyKey, PlacedEvent},
};
use tokio::{
    runtime::Handle,
    sync::Mutex as Turn,
    time::{Instant, sleep, timeout},
};

use super::{
    keys::Keys,
    reader::{Reader, unreachable},
    wire::{Outgoing, bytes_of},
};
use crate::{
    AppendError, Change, Committed, Head, ReadError, Refusal, Unavailable,
    heads::Heads,
    log::{EVENT_BYTES_MAX, Panicked},
};

/// Subjects share turns, at most so many at once.
const TURNS: usize = 256;
/// So long one write is tried again while the server does not say what became of it.
const PATIENCE: Duration = Duration::from_secs(15);
/// So long a writer goes on that others are always quicker than.
const RIVALRY_MAX: Duration = Duration::from_mins(1);
const PAUSE_MIN: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_millis(250);

pub(super) struct Writer {
    context: jetstream::Context,
    reader: Arc<Reader>,
    keys: Arc<Keys>,
    heads: Mutex<Heads>,
    /// When the newest event was made that this process knows of, in microseconds.
    newest_time: AtomicI64,
    turns: Vec<Turn<()>>,
}

/// What has to be the newest message for another one to be taken.
#[derive(Clone, Copy)]
enum Expected {
    Newest(Seq),
    OfSubject(Seq),
}

/// What the server said of a message.
enum Said {
    Placed(Seq),
    /// Another event is the newest of the subject.
    Passed,
    /// It was there already, or another one with the same key.
    Known(Seq),
}

/// A message is on its way: what is known if nothing more is heard.
struct Failed {
    reason: Unavailable,
    /// It may be there all the same.
    is_unknown: bool,
}

/// How a change ended that was run once.
struct Ran {
    made: Result<NewEvent, Refusal>,
    change: Change,
}

impl Writer {
    pub(super) fn new(context: jetstream::Context, reader: Arc<Reader>, keys: Arc<Keys>) -> Self {
        Self {
            context,
            reader,
            keys,
            heads: Mutex::default(),
            newest_time: AtomicI64::new(i64::MIN),
            turns: (0..TURNS).map(|_| Turn::default()).collect(),
        }
    }

    pub(super) async fn apply(
        &self,
        subject: Subject,
        key: Option<IdempotencyKey>,
        mut change: Change,
    ) -> Result<Committed, AppendError> {
        let turn = timeout(RIVALRY_MAX, self.turn(&subject).lock()).await;
        let Ok(_turn) = turn else {
            let reason = format!("others wait to write to `{subject}`, too");
            return Err(AppendError::Unavailable(Unavailable::Busy(reason)));
        };
        let mut pause = PAUSE_MIN;
        // What was kept of a subject may be old: it is good enough to write on, and not to refuse by.
        let mut kept = self.heads().find(&subject);
        let until = Instant::now() + RIVALRY_MAX;
        loop {
            if let Some(key) = &key
                && let Some(event) = self.keys.find(key).await.map_err(unread)?
            {
                return repeated(event, &subject, key);
            }
            let is_kept = kept.is_some();
            let current = match kept.take() {
                Some(event) => Some(event),
                None => self.last(&subject).await.map_err(unread)?,
            };
            let ran = self.run(current.clone(), change).await?;
            change = ran.change;
            let event = match ran.made {
                Ok(event) => event.with_key(key.clone()),
                Err(_) if is_kept => continue,
                Err(refusal) => return Err(AppendError::Refused(refusal)),
            };
            let placed = match self.place(event, subject.clone(), current.as_deref()) {
                Ok(placed) => placed,
                Err(_) if is_kept => continue,
                Err(error) => return Err(error),
            };
            let expected = current.as_ref().map_or(0, |event| event.seq);
            if let Some(seq) = self.publish(&placed, expected).await? {
                let mut event = placed.event;
                event.seq = seq;
                return Ok(self.committed(event));
            }
            if Instant::now() >= until {
                let reason = format!("others write to `{subject}` all the time");
                return Err(AppendError::Unavailable(Unavailable::Busy(reason)));
            }
            sleep(pause.mul_f64(fastrand::f64())).await;
            pause = (2 * pause).min(PAUSE_MAX);
        }
    }

    /// The newest event of a subject. Who led the stream and has not heard that another one does may tell of an older
    /// one for a moment: where this process knows better, it asks again.
    pub(super) async fn last(&self, subject: &Subject) -> Result<Option<Arc<Event>>, ReadError> {
        let known = self.heads().find(subject).map_or(0, |event| event.seq);
        let until = Instant::now() + PATIENCE;
        loop {
            let last = self.reader.last(subject).await?;
            if last.as_ref().map_or(0, |event| event.seq) >= known {
                return Ok(last);
            }
            if Instant::now() >= until {
                let reason = "whoever answers has not heard of all that is written".to_owned();
                return Err(ReadError::Unavailable(Unavailable::Unreachable(reason)));
            }
            sleep(PAUSE_MAX).await;
        }
    }

    /// Puts an event at the place that it has; it has to be the next one of the stream.
    pub(super) async fn take(&self, placed: &PlacedEvent) -> Result<(), AppendError> {
        let event = &placed.event;
        let until = Instant::now() + PATIENCE;
        loop {
            match self.send(placed, Expected::Newest(event.seq - 1)).await {
                Ok(Said::Placed(seq) | Said::Known(seq)) if seq == event.seq => return Ok(()),
                // It may be there since an answer that got lost.
                Ok(_) => {
                    let own = self.is_own(placed, event.seq).await.map_err(unsettled)?;
                    if own.is_some() {
                        return Ok(());
                    }
                    let reason = format!("something else was written at {}", event.seq);
                    return Err(AppendError::Unavailable(Unavailable::Failed(reason)));
                }
                Err(Failed { reason, .. }) if Instant::now() >= until || !reason.may_pass() => {
                    return Err(AppendError::Unknown(reason));
                }
                Err(_) => sleep(PAUSE_MAX).await,
            }
        }
    }

    /// What is committed, by whom ever.
    pub(super) fn heard(&self, event: &Arc<Event>) {
        let time = event.time.as_microsecond();
        self.newest_time.fetch_max(time, Ordering::AcqRel);
        let mut heads = self.heads();
        let is_older = |known: Arc<Event>| known.seq >= event.seq;
        if !heads.find(&event.subject).is_some_and(is_older) {
            heads.put(event.clone());
        }
    }

    pub(super) fn release(&self) -> usize {
        self.heads().clear()
    }

    fn heads(&self) -> std::sync::MutexGuard<'_, Heads> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, subject: &Subject) -> &Turn<()> {
        let mut hash = DefaultHasher::new();
        subject.hash(&mut hash);
        let place = usize::try_from(hash.finish() % TURNS as u64).expect("TURNS is a usize");
        &self.turns[place]
    }

    fn committed(&self, event: Event) -> Committed {
        let event = Arc::new(event);
        self.heard(&event);
        Committed {
            event,
            was_repeated: false,
        }
    }

    /// Runs the change where it may block: it reads from the server.
    async fn run(&self, current: Option<Arc<Event>>, change: Change) -> Result<Ran, AppendError> {
        let reader = self.reader.clone();
        let mut view = View {
            handle: Handle::current(),
            reader,
            current,
        };
        let mut change = change;
        let run = move || {
            let made = catch_unwind(AssertUnwindSafe(|| change(&mut view)));
            let made = made.unwrap_or_else(|_panic| Err(Refusal::new(Panicked)));
            Ran { made, change }
        };
        let ran = tokio::task::spawn_blocking(run).await;
        ran.map_err(|_ended| AppendError::Unavailable(Unavailable::Closed))
    }

    fn place(
        &self,
        mut event: NewEvent,
        subject: Subject,
        current: Option<&Event>,
    ) -> Result<PlacedEvent, AppendError> {
        // Never before an event that this process knows of; what others write at the same moment it does not.
        let newest = self.newest_time.load(Ordering::Acquire);
        let before = current.map_or(i64::MIN, |current| current.time.as_microsecond());
        let time = event.time.as_microsecond().max(before).max(newest);
        event.time = Timestamp::from_microsecond(time).unwrap_or(Timestamp::MIN);
        let revision = current.map_or(0, |current| current.revision) + 1;
        let placed = Event::place(event, subject, revision);
        let bytes = bytes_of(&placed);
        if bytes > EVENT_BYTES_MAX {
            return Err(AppendError::TooLarge {
                bytes,
                bytes_max: EVENT_BYTES_MAX,
            });
        }
        Ok(placed)
    }

    /// Where the event is now; nothing if another one is in its place.
    async fn publish(
        &self,
        placed: &PlacedEvent,
        expected: Seq,
    ) -> Result<Option<Seq>, AppendError> {
        let until = Instant::now() + PATIENCE;
        let mut pause = PAUSE_MIN;
        let mut was_lost = false;
        loop {
            match self.send(placed, Expected::OfSubject(expected)).await {
                Ok(Said::Placed(seq)) => return Ok(Some(seq)),
                // It may be this one that is there.
                Ok(Said::Known(seq)) => {
                    return self.is_own(placed, seq).await.map_err(unsettled);
                }
                Ok(Said::Passed) => match self.follower(placed, expected).await {
                    Ok(Some((seq, is_own))) => return Ok(is_own.then_some(seq)),
                    // The server was wrong: nothing has followed.
                    Ok(None) if Instant::now() < until => {}
                    Ok(None) => {
                        let reason = "it refuses what it has no reason to refuse".to_owned();
                        return Err(ended(Unavailable::Failed(reason), was_lost));
                    }
                    Err(error) => return Err(unsettled(error)),
                },
                Err(Failed { reason, is_unknown }) => {
                    was_lost |= is_unknown;
                    if Instant::now() >= until || !reason.may_pass() {
                        return Err(ended(reason, was_lost));
                    }
                }
            }
            sleep(pause).await;
            pause = (2 * pause).min(PAUSE_MAX);
        }
    }

    /// The event that follows `expected` in its subject, and is it this one?
    async fn follower(
        &self,
        placed: &PlacedEvent,
        expected: Seq,
    ) -> Result<Option<(Seq, bool)>, ReadError> {
        let filter = self.reader.names.of_subject(&placed.event.subject);
        let Some(stored) = self.reader.next(&filter, expected + 1).await? else {
            return Ok(None);
        };
        let event = stored.event()?;
        Ok(Some((event.seq, event.hash == placed.event.hash)))
    }

    async fn is_own(&self, placed: &PlacedEvent, seq: Seq) -> Result<Option<Seq>, ReadError> {
        let stored = self.reader.at(seq).await?;
        let event = stored.map(|stored| stored.event()).transpose()?;
        Ok(event
            .filter(|event| event.hash == placed.event.hash)
            .map(|event| event.seq))
    }

    async fn send(&self, placed: &PlacedEvent, expected: Expected) -> Result<Said, Failed> {
        let names = &self.reader.names;
        let Outgoing {
            subject,
            payload,
            headers,
        } = Outgoing::of(names, placed);
        let event = &placed.event;
        // Two writers of the same key at the same moment: the server keeps the second one away.
        let id = match &event.key {
            Some(key) => names.of_key(key),
            None => event.hash.to_string(),
        };
        let message = PublishMessage::build()
            .headers(headers)
            .payload(payload)
            .message_id(id);
        let message = match expected {
            Expected::Newest(seq) => message.expected_last_sequence(seq),
            Expected::OfSubject(seq) => message.expected_last_subject_sequence(seq).header(
                "Nats-Expected-Last-Subject-Sequence-Subject",
                names.of_subject(&event.subject).as_str(),
            ),
        };
        let sent = self.context.send_publish(subject, message).await;
        let answer = sent.map_err(|error| failed(&error, false))?.await;
        match answer {
            Ok(answer) if answer.duplicate => Ok(Said::Known(answer.sequence)),
            Ok(answer) => Ok(Said::Placed(answer.sequence)),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(Said::Passed),
            Err(error) => Err(failed(&error, true)),
        }
    }
}

fn failed(error: &PublishError, was_sent: bool) -> Failed {
    let refused = std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<jetstream::Error>());
    let Some(refused) = refused else {
        return Failed {
            reason: unreachable(error),
            // Nobody was there to take it.
            is_unknown: was_sent && error.kind() != PublishErrorKind::StreamNotFound,
        };
    };
    Failed {
        reason: reason_of_refusal(refused),
        // The others may have stored what this server could not.
        is_unknown: refused.error_code() == ErrorCode::STREAM_STORE_FAILED,
    }
}

/// What the server has said no to, sorted by what is done about it.
fn reason_of_refusal(refused: &jetstream::Error) -> Unavailable {
    let text = refused.to_string();
    match refused.error_code() {
        ErrorCode::STORAGE_RESOURCES_EXCEEDED
        | ErrorCode::INSUFFICIENT_RESOURCES
        | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
        | ErrorCode::STREAM_STORE_FAILED => Unavailable::DiskFull(text),
        // Others are under way there: so it may be taken in a moment.
        ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT
        | ErrorCode::STREAM_EXPECTED_LAST_SEQ_PER_SUBJECT_NOT_READY
        | ErrorCode::STREAM_TOO_MANY_REQUESTS => Unavailable::Busy(text),
        // Whoever asks the same again is told the same.
        _ if (400..500).contains(&refused.code()) => Unavailable::Failed(text),
        _ => Unavailable::Unreachable(text),
    }
}

fn repeated(
    event: Arc<Event>,
    subject: &Subject,
    key: &IdempotencyKey,
) -> Result<Committed, AppendError> {
    if event.subject == *subject {
        return Ok(Committed {
            event,
            was_repeated: true,
        });
    }
    Err(AppendError::KeyTaken {
        key: key.clone(),
        subject: event.subject.clone(),
        seq: event.seq,
    })
}

/// No more is tried; an answer that got lost leaves it open what became of it.
fn ended(reason: Unavailable, was_lost: bool) -> AppendError {
    if was_lost {
        AppendError::Unknown(reason)
    } else {
        AppendError::Unavailable(reason)
    }
}

/// Nothing was written, for what it builds on could not be read.
fn unread(error: ReadError) -> AppendError {
    AppendError::Unavailable(reason_of(error))
}

/// What is there could not be read, and it may be this event.
fn unsettled(error: ReadError) -> AppendError {
    AppendError::Unknown(reason_of(error))
}

fn reason_of(error: ReadError) -> Unavailable {
    match error {
        ReadError::Unavailable(reason) => reason,
        ReadError::Unreadable(error) => Unavailable::Damaged(error.to_string()),
    }
}

/// What a change sees of its subject.
struct View {
    handle: Handle,
    reader: Arc<Reader>,
    current: Option<Arc<Event>>,
}

impl Head for View {
    fn current(&self) -> Option<&Arc<Event>> {
        self.current.as_ref()
    }

    fn events(&mut self, from: Seq, to: Seq) -> Result<Vec<Arc<Event>>, ReadError> {
        let Some(current) = &self.current else {
            return Ok(Vec::new());
        };
        let after = from.saturating_sub(1);
        let until = to.min(current.seq);
        let history = self
            .reader
            .history(&current.subject, after, until, usize::MAX);
        self.handle.block_on(history)
    }

    fn body(&mut self, seq: Seq) -> Result<Option<Body>, ReadError> {
        self.handle.block_on(self.reader.body(seq))
    }
}
