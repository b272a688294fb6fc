//! The one writer: it makes whatever waits one transaction and syncs once.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use fail::fail_point;
use jiff::Timestamp;
use model::{Digest, Event, NewEvent, Revision, Seq, Subject, event::PlacedEvent};
use rusqlite::{Connection, hooks::Wal};

use super::{
    checkpoint::Checkpointer,
    command::{Answer, Answers, Command, Failure, Write, answer},
    schema, select,
    stub::{self, Rows},
    view::View,
};
use crate::{
    AppendError, Committed, Refusal, Unavailable, WriterCounts,
    archive::{AtHand, Shelf},
    heads::Heads,
    log::{EVENT_BYTES_MAX, Panicked},
    recent::Recent,
};

/// The write-ahead log is copied back beside the writer from this many pages on …
const WAL_PAGES_SOFT_MAX: u32 = 500;

/// … and by the writer itself from this many on, so that it starts again from the front.
const WAL_PAGES_HARD_MAX: u32 = 4_000;

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) recent: Arc<Recent>,
    pub(super) counts: Arc<WriterCounts>,
    pub(super) checkpointer: Checkpointer,
    /// A commit failed in the middle and was not yet written over.
    is_unsettled: Arc<AtomicBool>,
    shelf: Arc<Shelf>,
    heads: Heads,
    newest: Seq,
    /// The time of the newest event: none that follows is older.
    newest_time: Timestamp,
}

thread_local! {
    /// Pages in the write-ahead log after the last commit of this thread.
    static WAL_PAGES: Cell<u32> = const { Cell::new(0) };
}

#[expect(clippy::unnecessary_wraps, reason = "the hook's signature")]
fn count_wal_pages(_: &mut Wal, pages: i32) -> rusqlite::Result<()> {
    WAL_PAGES.set(u32::try_from(pages).unwrap_or(0));
    Ok(())
}

impl Writer {
    pub(super) fn new(
        mut connection: Connection,
        recent: Arc<Recent>,
        counts: Arc<WriterCounts>,
        checkpointer: Checkpointer,
        is_unsettled: Arc<AtomicBool>,
        shelf: Arc<Shelf>,
    ) -> Self {
        connection
            .wal_hook(Some(count_wal_pages))
            .expect("a fresh connection takes a hook");
        Self {
            connection,
            recent,
            counts,
            checkpointer,
            is_unsettled,
            shelf,
            heads: Heads::default(),
            newest: 0,
            newest_time: Timestamp::MIN,
        }
    }

    /// Makes one transaction of `batch` and answers all of it.
    pub(super) fn write(&mut self, batch: Vec<Command>) {
        WAL_PAGES.set(0);
        self.commit(batch);
        self.keep_log_short();
    }

    /// Lets go of the newest events of subjects; says about how many bytes they took.
    pub(super) fn release_heads(&mut self) -> usize {
        self.heads.clear()
    }

    /// Folds the log in.
    pub(super) fn close(self) {
        if let Err(error) = self
            .connection
            .pragma(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))
        {
            tracing::debug!(%error, "the log was not folded in at closing; the next opening does it");
        }
    }

    /// One transaction for all of `batch`.
    fn commit(&mut self, batch: Vec<Command>) {
        fail_point!("journal::before_begin");
        let mut answers = Answers::default();
        let mut queue = batch.into_iter();
        if let Err(error) = self.begin() {
            answers.refuse_rest(queue, &schema::unavailable(&error));
            return self.give_up(
                answers,
                AppendError::Unavailable,
                &schema::unavailable(&error),
            );
        }
        while let Some(command) = queue.next() {
            let Command { mut write, reply } = command;
            match self.make(&mut write) {
                Ok(committed) => answers.made.push((committed, reply)),
                // At once: what is archived does not depend on this batch.
                Err(Failure::Wanting) => answer(reply, Answer::Wanting(write)),
                Err(Failure::Refused(error)) => answers.refused.push((error, reply)),
                Err(Failure::Store(reason)) => {
                    answers
                        .refused
                        .push((AppendError::Unavailable(reason.clone()), reply));
                    answers.refuse_rest(queue, &reason);
                    return self.give_up(answers, AppendError::Unavailable, &reason);
                }
            }
        }
        self.finish(answers);
    }

    /// Makes durable what was written, then tells.
    fn finish(&mut self, answers: Answers) {
        fail_point!("journal::before_commit");
        if let Err(error) = self.connection.execute_batch("COMMIT") {
            let reason = schema::unavailable(&error);
            let is_unknown = schema::is_outcome_unknown(&error);
            self.is_unsettled.store(is_unknown, Ordering::Release);
            let outcome = match self.settle() {
                Ok(()) => AppendError::Unavailable,
                Err(_) => AppendError::Unknown,
            };
            return self.give_up(answers, outcome, &reason);
        }
        fail_point!("journal::after_commit");
        let written = || answers.made.iter().filter(|made| !made.0.was_repeated);
        let events = written().count();
        if events > 0 {
            let events = u64::try_from(events).unwrap_or(u64::MAX);
            self.counts.events.fetch_add(events, Ordering::Relaxed);
            self.counts.transactions.fetch_add(1, Ordering::Relaxed);
            self.recent
                .publish(written().map(|(made, _)| made.event.clone()));
        }
        for (committed, reply) in answers.made {
            answer(reply, Answer::Done(Ok(committed)));
        }
        for (error, reply) in answers.refused {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            answer(reply, Answer::Done(Err(error)));
        }
    }

    /// Gives up the transaction. What was refused in it wrote nothing in any case; it is told only
    /// that, because its reason may rest on what is now undone.
    fn give_up(
        &mut self,
        answers: Answers,
        outcome: fn(Unavailable) -> AppendError,
        reason: &Unavailable,
    ) {
        self.roll_back();
        let error = outcome(reason.clone());
        tracing::error!(%error, cause = %reason, "a transaction was given up");
        let made = answers.made.into_iter().map(|(_, reply)| (reply, outcome));
        let nothing: fn(Unavailable) -> AppendError = AppendError::Unavailable;
        let refused = answers.refused.into_iter();
        for (reply, outcome) in made.chain(refused.map(|(_, reply)| (reply, nothing))) {
            self.counts.failed.fetch_add(1, Ordering::Relaxed);
            answer(reply, Answer::Done(Err(outcome(reason.clone()))));
        }
    }

    /// If a commit failed in the middle, makes sure that nothing of it will ever be seen.
    fn settle(&mut self) -> rusqlite::Result<()> {
        if !self.is_unsettled.load(Ordering::Acquire) {
            return Ok(());
        }
        self.roll_back();
        if let Err(error) = schema::settle(&self.connection) {
            self.roll_back();
            return Err(error);
        }
        self.is_unsettled.store(false, Ordering::Release);
        Ok(())
    }

    fn begin(&mut self) -> rusqlite::Result<()> {
        self.settle()?;
        self.connection
            .prepare_cached("BEGIN IMMEDIATE")?
            .execute([])?;
        let (newest, time) = match schema::newest_with_time(&self.connection) {
            Ok(newest) => newest,
            Err(error) => {
                self.roll_back();
                return Err(error);
            }
        };
        if newest != self.newest {
            // Another process wrote: what is kept at hand may be stale.
            self.heads.clear();
            self.newest = newest;
            self.newest_time = Timestamp::from_microsecond(time).unwrap_or(Timestamp::MIN);
        }
        Ok(())
    }

    /// Runs one change and inserts what it made.
    fn make(&mut self, write: &mut Write) -> Result<Committed, Failure> {
        let made = self.try_make(write);
        // After some failures, reads included, SQLite itself rolls back; going on would write the
        // rest of the batch one by one, with a gap in front.
        if self.connection.is_autocommit() {
            return Err(Failure::Store(match made {
                Err(Failure::Store(reason)) => reason,
                Err(Failure::Refused(AppendError::Unavailable(reason))) => reason,
                _ => Unavailable::Failed("the store gave up a transaction".to_owned()),
            }));
        }
        if write.at_hand.is_wanting() {
            return Err(Failure::Wanting);
        }
        made
    }

    fn try_make(&mut self, write: &mut Write) -> Result<Committed, Failure> {
        let Write {
            subject,
            key,
            change,
            at_hand,
        } = write;
        if let Some(key) = &key
            && let Some(event) = select::find_key(self.rows(at_hand), key)?
        {
            if event.subject == *subject {
                return Ok(Committed {
                    event,
                    was_repeated: true,
                });
            }
            let (key, subject, seq) = (key.clone(), event.subject.clone(), event.seq);
            return Err(Failure::Refused(AppendError::KeyTaken {
                key,
                subject,
                seq,
            }));
        }
        let current = self.head(subject, at_hand)?;
        let revision = current.as_ref().map_or(0, |event| event.revision) + 1;
        let mut view = View {
            rows: self.rows(at_hand),
            current,
        };
        let event = catch_unwind(AssertUnwindSafe(|| change(&mut view)))
            .unwrap_or_else(|_| Err(Refusal::new(Panicked)))
            .map_err(|refusal| Failure::Refused(AppendError::Refused(refusal)))?
            .with_key(key.clone());
        // Whatever the change made of the answer that it did not get.
        if at_hand.is_wanting() {
            return Err(Failure::Wanting);
        }
        if self.connection.is_autocommit() {
            let reason = "the store failed while a change read from it".to_owned();
            return Err(Failure::Store(Unavailable::Failed(reason)));
        }
        let event = self.insert(event, subject.clone(), revision)?;
        Ok(Committed {
            event,
            was_repeated: false,
        })
    }

    fn insert(
        &mut self,
        mut event: NewEvent,
        subject: Subject,
        revision: Revision,
    ) -> Result<Arc<Event>, Failure> {
        // To the microsecond, as it is stored, and never before the event before it.
        let time = Timestamp::from_microsecond(event.time.as_microsecond());
        event.time = time.unwrap_or(Timestamp::MIN).max(self.newest_time);
        let PlacedEvent {
            mut event,
            text,
            body,
        } = Event::place(event, subject, revision);
        let bytes = text.len() + body.as_ref().map_or(0, |body| body.bytes().len());
        if bytes > EVENT_BYTES_MAX {
            let error = AppendError::TooLarge {
                bytes,
                bytes_max: EVENT_BYTES_MAX,
            };
            return Err(Failure::Refused(error));
        }
        event.seq = self.newest + 1;
        schema::insert(&self.connection, &event, &text, body.as_ref())?;
        let event = Arc::new(event);
        self.newest = event.seq;
        self.newest_time = event.time;
        self.heads.put(event.clone());
        Ok(event)
    }

    fn head(&mut self, subject: &Subject, at_hand: &AtHand) -> Result<Option<Arc<Event>>, Failure> {
        if let Some(event) = self.heads.find(subject) {
            return Ok(Some(event));
        }
        let found = select::last(self.rows(at_hand), subject)?;
        if let Some(event) = &found {
            self.heads.put(event.clone());
        }
        Ok(found)
    }

    fn rows<'a>(&'a self, at_hand: &'a AtHand) -> Rows<'a> {
        Rows {
            connection: &self.connection,
            shelf: &self.shelf,
            at_hand: Some(at_hand),
        }
    }

    /// One transaction in which rows let go of what is archived of them; says how many did.
    pub(super) fn let_go(
        &mut self,
        events: &[(Seq, Digest, String)],
    ) -> Result<usize, Unavailable> {
        WAL_PAGES.set(0);
        let outcome = self.try_let_go(events).map_err(|error| {
            let reason = schema::unavailable(&error);
            self.roll_back();
            reason
        });
        self.keep_log_short();
        outcome
    }

    fn try_let_go(&mut self, events: &[(Seq, Digest, String)]) -> rusqlite::Result<usize> {
        self.begin()?;
        schema::raise_format(&self.connection)?;
        let rows = stub::let_go(&self.connection, events)?;
        fail_point!("journal::before_letting_go");
        if let Err(error) = self.connection.execute_batch("COMMIT") {
            // What it would have changed no reader sees: it may come to light or not.
            let is_unknown = schema::is_outcome_unknown(&error);
            self.is_unsettled.store(is_unknown, Ordering::Release);
            return Err(error);
        }
        fail_point!("journal::after_letting_go");
        Ok(rows)
    }

    fn roll_back(&mut self) {
        self.heads.clear();
        self.newest = 0;
        self.newest_time = Timestamp::MIN;
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }

    fn keep_log_short(&mut self) {
        let pages = WAL_PAGES.get();
        if pages >= WAL_PAGES_HARD_MAX {
            fail_point!("journal::before_checkpoint");
            self.counts.checkpoints.fetch_add(1, Ordering::Relaxed);
            match self
                .connection
                .pragma(None, "wal_checkpoint", "PASSIVE", |_| Ok(()))
            {
                Ok(()) => WAL_PAGES.set(0),
                Err(error) => tracing::warn!(%error, "the log could not be folded in"),
            }
        } else if pages >= WAL_PAGES_SOFT_MAX {
            self.checkpointer.ask(pages);
        }
    }
}
