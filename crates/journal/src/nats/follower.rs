//! What is committed, by whom ever, as it comes.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    consumer::{DeliverPolicy, pull::OrderedConfig},
    stream::Stream,
};
use futures_util::StreamExt as _;
use model::Seq;
use tokio::time::sleep;

use super::{reader::unreachable, wire::Stored, writer::Writer};
use crate::{Unavailable, recent::Recent};

const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Follower {
    pub(super) events: Stream<()>,
    pub(super) recent: Arc<Recent>,
    pub(super) writer: Arc<Writer>,
    pub(super) seen: Seq,
}

impl Follower {
    /// Follows for ever; where the connection is lost it goes on behind what it has seen.
    pub(super) async fn follow(mut self) {
        loop {
            if let Err(reason) = self.follow_while_connected().await {
                tracing::warn!(%reason, "the journal is followed later");
            }
            sleep(PAUSE).await;
        }
    }

    async fn follow_while_connected(&mut self) -> Result<(), Unavailable> {
        let config = OrderedConfig {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: self.seen + 1,
            },
            ..OrderedConfig::default()
        };
        let consumer = self.events.create_consumer(config).await;
        let consumer = consumer.map_err(|error| unreachable(&error))?;
        let messages = consumer.messages().await;
        let mut messages = messages.map_err(|error| unreachable(&error))?;
        while let Some(message) = messages.next().await {
            let message = message.map_err(|error| unreachable(&error))?;
            let place = message.info();
            let place = place.map_err(|error| Unavailable::Unreachable(error.to_string()))?;
            let seq = place.stream_sequence;
            let message = message.message;
            match Stored::new(seq, message.headers, message.payload).event() {
                Ok(event) => {
                    self.writer.heard(&event);
                    self.recent.publish(std::iter::once(event));
                }
                // Whoever watches reads it again, and is told why it cannot be read.
                Err(_) => self.recent.announce(seq),
            }
            self.seen = seq;
        }
        Ok(())
    }
}
