//! One write on its way to the writer, and what comes back.

use model::{NewEvent, Subject, event::IdempotencyKey};
use tokio::sync::oneshot;

use super::schema;
use crate::{
    AppendError, Change, Committed, Expect, ReadError, Unavailable, archive::AtHand, log::only_if,
};

/// What is to be written.
pub(super) struct Write {
    pub(super) subject: Subject,
    pub(super) key: Option<IdempotencyKey>,
    pub(super) change: Change,
    /// What its earlier runs lacked of archives.
    pub(super) at_hand: AtHand,
}

/// A write that waits for the writer.
pub(super) struct Command {
    pub(super) write: Write,
    pub(super) reply: Reply,
}

pub(super) type Reply = oneshot::Sender<Answer>;

/// What became of a write.
pub(super) enum Answer {
    Done(Result<Committed, AppendError>),
    /// Nothing was written: it needs what is not at hand, and is handed in again with it.
    Wanting(Write),
}

impl Write {
    pub(super) fn new(subject: Subject, key: Option<IdempotencyKey>, change: Change) -> Self {
        Self {
            subject,
            key,
            change,
            at_hand: AtHand::default(),
        }
    }

    /// Writes `event` whatever its subject holds.
    pub(super) fn fact(subject: Subject, event: NewEvent) -> Self {
        Self::new(subject, event.key.clone(), only_if(Expect::Any, event))
    }
}

impl Command {
    /// A command, and where its answer comes.
    pub(super) fn new(write: Write) -> (Self, oneshot::Receiver<Answer>) {
        let (reply, answer) = oneshot::channel();
        (Self { write, reply }, answer)
    }
}

/// What a batch came to. All of it, refusals too, is told only when the batch is durable: a
/// conflict names an event, and that event may be part of the same batch.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) made: Vec<(Committed, Reply)>,
    pub(super) refused: Vec<(AppendError, Reply)>,
}

impl Answers {
    pub(super) fn refuse_rest(
        &mut self,
        rest: impl Iterator<Item = Command>,
        reason: &Unavailable,
    ) {
        self.refused
            .extend(rest.map(|command| (AppendError::Unavailable(reason.clone()), command.reply)));
    }
}

/// Why one write of a batch came to nothing.
pub(super) enum Failure {
    /// It alone.
    Refused(AppendError),
    /// It alone, for now.
    Wanting,
    /// The store failed, and with it the whole batch.
    Store(Unavailable),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(schema::unavailable(&error))
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unavailable(reason) => Self::Refused(AppendError::Unavailable(reason)),
            ReadError::Unreadable(reason) => Self::Refused(AppendError::Unavailable(
                Unavailable::Damaged(reason.to_string()),
            )),
        }
    }
}

pub(super) fn answer(reply: Reply, answer: Answer) {
    if reply.send(answer).is_err() {
        tracing::trace!("the writer of an event went away before its answer");
    }
}
