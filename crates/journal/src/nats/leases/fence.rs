//! Having everybody behind an event before its writer is answered.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::message::PublishMessage;
use model::Seq;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Heard, Leases, PAUSE, Said, Unsaid, now, tenure};
use crate::Unavailable;

pub(super) const NAME: &str = "fence";
/// So long it is tried to set the fence.
const PATIENCE: Duration = Duration::from_secs(15);
/// What a lease may seem longer here than where it is held: two clocks never tick alike.
const DRIFT_SHARE: u32 = 50;

pub(super) fn parse(payload: &[u8]) -> Option<Seq> {
    str::from_utf8(payload).ok()?.parse().ok()
}

impl Leases {
    /// Waits until whoever holds a lease has taken up the event at `seq`, or its lease has run out.
    pub(in crate::nats) async fn pass(self: &Arc<Self>, seq: Seq) -> Result<(), Unavailable> {
        if *self.passed.borrow() >= seq {
            return Ok(());
        }
        let until = Instant::now() + PATIENCE;
        let set = timeout_at(until, self.set_fence(seq)).await;
        let late = || Unavailable::Unreachable("the fence could not be set".to_owned());
        let (fence, at) = set.map_err(|_late| late())?;
        let settled = timeout_at(until, self.settle(fence)).await;
        settled.map_err(|_late| late())?;
        // Whoever renewed before the fence counts from before `at`; who did later has heard of the fence.
        let mut heard = self.heard.subscribe();
        loop {
            let Some(longest) = longest(&heard.borrow_and_update(), seq, at) else {
                break;
            };
            tokio::select! {
                changed = heard.changed() => if changed.is_err() { break },
                () = sleep(longest) => {}
            }
        }
        self.passed.send_modify(|passed| *passed = seq.max(*passed));
        Ok(())
    }

    pub(in crate::nats) fn have_taken_up(&self, seq: Seq) -> bool {
        let heard = self.heard.borrow();
        let is_behind = |(name, said): (&String, &Said)| {
            let is_over = now().saturating_sub(said.at) > said.told.length();
            tenure::is_one(name) && said.told.taken_up < seq && !is_over
        };
        !heard.said.iter().any(is_behind)
    }

    /// Where the fence is, and when that was known.
    async fn set_fence(&self, seq: Seq) -> (Seq, Duration) {
        loop {
            let before = self.last(NAME).await.ok();
            if let Some(before) = before {
                let (expected, known) = match before {
                    Some((at, payload)) => (at, parse(&payload).unwrap_or_default()),
                    None => (0, 0),
                };
                let text = known.max(seq).to_string();
                let message = PublishMessage::build().payload(text.into());
                match self.publish(NAME, message, Some(expected)).await {
                    Ok(fence) => return (fence, now()),
                    Err(Unsaid::Passed) => continue,
                    Err(Unsaid::Failed(reason)) => {
                        tracing::warn!(%reason, "the fence is set later");
                    }
                }
            }
            sleep(PAUSE).await;
        }
    }
}

/// How long the last lease goes on, at most, of those that are not behind `seq`.
fn longest(heard: &Heard, seq: Seq, fence_at: Duration) -> Option<Duration> {
    let followers = heard.said.iter();
    let followers = followers.filter(|(name, _)| tenure::is_one(name));
    let left = followers.filter_map(|(_, said)| {
        let length = said.told.length();
        // It was renewed before it was heard of, and renewals behind the fence do not count.
        let ends = fence_at.min(said.at) + length + length / DRIFT_SHARE;
        let is_behind = said.told.taken_up >= seq;
        ends.checked_sub(now()).filter(|_| !is_behind)
    });
    left.filter(|left| !left.is_zero()).max()
}
