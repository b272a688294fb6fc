//! Who may go on for how long without having heard of the journal.
//!
//! A second small stream holds one message for each lease, renewed while its holder lives, and one that says how
//! far everybody has to be: the fence. Whoever renews a lease hears of every fence that was set before, and whoever
//! sets a fence hears of every lease that was renewed before. So a write that must not be overlooked sets the fence
//! and waits until each lease is behind it, or has run out. No clocks are compared: both sides measure with their
//! own how long ago they sent or heard something.

mod fence;
mod hold;
mod tenure;

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_nats::jetstream::{
    self,
    consumer::{DeliverPolicy, pull::OrderedConfig},
    context::{PublishError, PublishErrorKind},
    message::PublishMessage,
    stream::Stream,
};
use futures_util::StreamExt as _;
use model::Seq;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::sleep};

pub use self::{hold::Hold, tenure::Tenure};
use super::{
    reader::{patiently, told, unreachable},
    wire::Names,
};
use crate::{ReadError, Unavailable};

/// A message that nobody renews goes after so many times what it promises: by then it says nothing any more.
const KEPT_TIMES: u32 = 2;
const KEPT_MIN: Duration = Duration::from_secs(2);
/// A lease is renewed so many times while it lasts.
const RENEWALS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// Time since the machine began, which goes on while it sleeps.
pub(super) fn now() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::try_from(now).unwrap_or_default()
}

/// What a message says: of a lease who has it and for how long, and of a follower, up to where it has taken up.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Told {
    who: String,
    /// 0 lets go of it.
    length_ms: u64,
    taken_up: Seq,
}

impl Told {
    fn length(&self) -> Duration {
        Duration::from_millis(self.length_ms)
    }

    /// By then it has run out, whoever has it.
    fn kept(&self) -> Duration {
        (self.length() * KEPT_TIMES).max(KEPT_MIN)
    }
}

/// A lease as it was heard of.
#[derive(Clone, Debug)]
struct Said {
    /// Its place in the stream of leases.
    seq: Seq,
    /// When it was heard; it was said before.
    at: Duration,
    told: Told,
}

/// What was heard on the stream of leases.
#[derive(Clone, Debug, Default)]
struct Heard {
    /// All that was said up to here is known, or what was said in its place.
    settled: Seq,
    fence: Seq,
    /// By the name of what is leased.
    said: HashMap<String, Said>,
}

/// The leases of a journal.
pub(super) struct Leases {
    context: jetstream::Context,
    stream: Stream<()>,
    names: Names,
    heard: watch::Sender<Heard>,
    /// The newest event that every lease is known to be behind.
    passed: watch::Sender<Seq>,
    /// Who this process is, to the others.
    who: String,
}

impl Leases {
    pub(super) async fn open(
        context: jetstream::Context,
        names: Names,
    ) -> Result<Arc<Self>, Unavailable> {
        let stream = context.get_stream_no_info(&names.leases).await;
        let stream = stream.map_err(|error| unreachable(&error))?;
        Ok(Arc::new(Self {
            context,
            stream,
            names,
            heard: watch::Sender::default(),
            passed: watch::Sender::default(),
            who: uuid::Uuid::now_v7().to_string(),
        }))
    }

    /// Listens for ever; where the connection is lost, what is there is heard again.
    pub(super) async fn listen(self: Arc<Self>) {
        loop {
            if let Err(reason) = self.listen_while_connected().await {
                tracing::warn!(%reason, "leases are heard of later");
            }
            sleep(PAUSE).await;
        }
    }

    async fn listen_while_connected(&self) -> Result<(), Unavailable> {
        let config = OrderedConfig {
            deliver_policy: DeliverPolicy::LastPerSubject,
            filter_subject: self.names.all_leases(),
            ..OrderedConfig::default()
        };
        let consumer = self.stream.create_consumer(config).await;
        let consumer = consumer.map_err(|error| unreachable(&error))?;
        let messages = consumer.messages().await;
        let mut messages = messages.map_err(|error| unreachable(&error))?;
        while let Some(message) = messages.next().await {
            let message = message.map_err(|error| unreachable(&error))?;
            let place = message.info();
            let place = place.map_err(|error| Unavailable::Unreachable(error.to_string()))?;
            let (seq, is_last) = (place.stream_sequence, place.pending == 0);
            let name = self.names.lease_of(&message.subject);
            let name = name.unwrap_or_default().to_owned();
            self.heard.send_modify(|heard| {
                heard.take(name, seq, &message.payload);
                if is_last {
                    heard.settled = heard.settled.max(seq);
                }
            });
        }
        Ok(())
    }

    /// Says it, if the newest message of that name is the one `expected`; says where it is.
    async fn say(&self, name: &str, told: &Told, expected: Option<Seq>) -> Result<Seq, Unsaid> {
        let text = serde_json::to_vec(told).expect("a lease is plain data");
        let message = PublishMessage::build().payload(text.into());
        let message = message.ttl(told.kept());
        self.publish(name, message, expected).await
    }

    async fn publish(
        &self,
        name: &str,
        message: PublishMessage,
        expected: Option<Seq>,
    ) -> Result<Seq, Unsaid> {
        let message = match expected {
            Some(seq) => message.expected_last_subject_sequence(seq),
            None => message,
        };
        let sent = self
            .context
            .send_publish(self.names.of_lease(name), message);
        let answer = sent.await.map_err(|error| Unsaid::of(&error))?.await;
        let answer = answer.map_err(|error| Unsaid::of(&error))?;
        Ok(answer.sequence)
    }

    /// What is said under a name now, and where, as the leader has it.
    async fn last(&self, name: &str) -> Result<Option<(Seq, Vec<u8>)>, ReadError> {
        let subject = self.names.of_lease(name);
        patiently(|| async {
            let asked = self.stream.raw_message_builder().last_by_subject(&subject);
            let found = told(asked.send().await)?;
            Ok(found.map(|stored| (stored.seq, stored.payload().to_vec())))
        })
        .await
    }

    /// Waits until everything is known that was said up to `seq`.
    async fn settle(&self, seq: Seq) {
        let mut heard = self.heard.subscribe();
        // It ends with this journal, and then nobody waits.
        drop(heard.wait_for(|heard| heard.settled >= seq).await);
    }
}

impl Heard {
    fn take(&mut self, name: String, seq: Seq, payload: &[u8]) {
        if name == fence::NAME {
            self.fence = self.fence.max(fence::parse(payload).unwrap_or_default());
            return;
        }
        // What cannot be read is no lease that anybody here gave.
        let Ok(told) = serde_json::from_slice::<Told>(payload) else {
            return;
        };
        let at = now();
        self.said
            .retain(|_, said| at.saturating_sub(said.at) < said.told.kept());
        if self.said.get(&name).is_none_or(|known| known.seq < seq) {
            self.said.insert(name, Said { seq, at, told });
        }
    }
}

/// Why something was not said.
#[derive(Debug, thiserror::Error)]
enum Unsaid {
    #[error("something else is there than was expected")]
    Passed,
    #[error(transparent)]
    Failed(Unavailable),
}

impl Unsaid {
    fn of(error: &PublishError) -> Self {
        match error.kind() {
            PublishErrorKind::WrongLastSequence => Self::Passed,
            _ => Self::Failed(unreachable(error)),
        }
    }
}
