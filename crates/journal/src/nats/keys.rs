//! Which event has which idempotency key.
//!
//! The server forgets the keys of messages after a while, so a second stream notes for each where its event is. It
//! is filled behind the writers, by whichever process takes the next event that has one; what is not noted yet is
//! looked for among the events themselves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream::{
    self, AckKind,
    consumer::{AckPolicy, PullConsumer, pull},
    stream::Stream,
};
use futures_util::{StreamExt as _, TryStreamExt as _};
use model::{Event, Seq, event::IdempotencyKey};
use tokio::time::sleep;

use super::{
    reader::{Reader, patiently, unreachable},
    wire::Stored,
};
use crate::{ReadError, Unavailable};

/// The name of the place up to which keys are noted, which all processes share.
const CONSUMER: &str = "keys";
/// What is taken and not noted in this time is given to another process.
const NOTED_WITHIN: Duration = Duration::from_secs(30);
/// So many may be taken and not noted yet, by all processes together.
const TAKEN_MAX: i64 = 256;
/// So many are taken at a time, and noted at once: the rest is for others.
const NOTES_MAX: usize = 32;
/// Of what is not noted yet, so much is looked through before it is asked again how far it is.
const BEHIND_MAX: usize = 16;
const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Keys {
    context: jetstream::Context,
    events: Stream<()>,
    reader: Arc<Reader>,
    /// All keys up to here are noted; further ones may be.
    noted: AtomicU64,
}

impl Keys {
    pub(super) async fn open(
        context: jetstream::Context,
        reader: Arc<Reader>,
    ) -> Result<Self, Unavailable> {
        let events = context.get_stream_no_info(&reader.names.events).await;
        let events = events.map_err(|error| unreachable(&error))?;
        let keys = Self {
            context,
            events,
            reader,
            noted: AtomicU64::new(0),
        };
        keys.consumer().await?;
        // Where that is not known yet, it is asked for by the first who has to look far.
        drop(keys.learn_noted().await);
        Ok(keys)
    }

    pub(super) async fn find(&self, key: &IdempotencyKey) -> Result<Option<Arc<Event>>, ReadError> {
        // First those that are not noted: one that is noted meanwhile is found by its note.
        if let Some(event) = self.find_among_new(key).await? {
            return Ok(Some(event));
        }
        let Some(seq) = self.reader.noted(&self.reader.names.of_key(key)).await? else {
            return Ok(None);
        };
        let event = self.reader.at(seq).await?.map(|stored| stored.event());
        let event = event.transpose()?;
        Ok(event.filter(|event| event.key.as_ref() == Some(key)))
    }

    async fn find_among_new(&self, key: &IdempotencyKey) -> Result<Option<Arc<Event>>, ReadError> {
        let keyed = self.reader.names.keyed();
        let mut from = self.noted.load(Ordering::Acquire) + 1;
        for behind in 1_usize.. {
            let Some(stored) = self.reader.next(&keyed, from).await? else {
                return Ok(None);
            };
            // What cannot be read has no key that anybody could ask for.
            let event = stored.event().ok();
            if event
                .as_ref()
                .is_some_and(|event| event.key.as_ref() == Some(key))
            {
                return Ok(event);
            }
            from = stored.seq + 1;
            if behind.is_multiple_of(BEHIND_MAX) {
                from = from.max(self.learn_noted().await? + 1);
            }
        }
        Ok(None)
    }

    async fn learn_noted(&self) -> Result<Seq, ReadError> {
        let info = patiently(|| async {
            let info = self.events.consumer_info(CONSUMER).await;
            info.map_err(|error| unreachable(&error))
        });
        let noted = info.await?.ack_floor.stream_sequence;
        Ok(self.noted.fetch_max(noted, Ordering::AcqRel).max(noted))
    }

    async fn consumer(&self) -> Result<PullConsumer, Unavailable> {
        let config = pull::Config {
            durable_name: Some(CONSUMER.to_owned()),
            filter_subject: self.reader.names.keyed(),
            ack_policy: AckPolicy::Explicit,
            ack_wait: NOTED_WITHIN,
            max_ack_pending: TAKEN_MAX,
            ..pull::Config::default()
        };
        let consumer = self.events.get_or_create_consumer(CONSUMER, config).await;
        consumer.map_err(|error| unreachable(&error))
    }

    /// Notes what nobody has noted, for ever.
    pub(super) async fn note(self: Arc<Self>) {
        loop {
            if let Err(reason) = self.note_while_connected().await {
                tracing::warn!(%reason, "keys are noted later");
            }
            sleep(PAUSE).await;
        }
    }

    async fn note_while_connected(&self) -> Result<(), Unavailable> {
        let consumer = self.consumer().await?;
        let taken = consumer.stream().max_messages_per_batch(NOTES_MAX);
        let messages = taken.messages().await;
        let messages = messages.map_err(|error| unreachable(&error))?;
        let noted = messages.map(|message| async move {
            let message = message.map_err(|error| unreachable(&error))?;
            self.note_message(message).await
        });
        // In which order makes no difference: an event has one key, and a key one event.
        noted
            .buffer_unordered(NOTES_MAX)
            .try_for_each(|()| async { Ok(()) })
            .await
    }

    async fn note_message(&self, message: jetstream::Message) -> Result<(), Unavailable> {
        let place = message.info();
        let place = place.map_err(|error| Unavailable::Unreachable(error.to_string()))?;
        let seq = place.stream_sequence;
        let (message, acker) = message.split();
        let stored = Stored::new(seq, message.headers, message.payload);
        // What cannot be read has no key that anybody could ask for.
        if let Ok(Some(key)) = stored.event().map(|event| event.key.clone()) {
            self.note_one(&key, seq).await?;
        }
        let acked = acker.ack_with(AckKind::Ack).await;
        acked.map_err(|error| Unavailable::Unreachable(error.to_string()))
    }

    async fn note_one(&self, key: &IdempotencyKey, seq: Seq) -> Result<(), Unavailable> {
        let name = self.reader.names.of_key(key);
        let sent = self.context.publish(name, seq.to_string().into()).await;
        let answer = sent.map_err(|error| unreachable(&error))?.await;
        answer.map(drop).map_err(|error| unreachable(&error))
    }
}
