//! The lease of somebody who answers from what it has taken up of the journal.

use std::{sync::Arc, time::Duration};

use model::Seq;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use super::{Leases, RENEWALS, Told, now};

/// What its messages are called, and a dot and a name behind it.
const KIND: &str = "follower";

pub(super) fn is_one(name: &str) -> bool {
    name.split_once('.').is_some_and(|(kind, _)| kind == KIND)
}

/// A lease that is renewed until this is dropped. While [`Tenure::is_current`], whoever has it has taken up
/// everything whose writer was answered.
pub struct Tenure {
    leases: Arc<Leases>,
    name: String,
    length: Duration,
    taken_up: watch::Sender<Seq>,
    /// The end of the lease, on the clock of [`now`].
    ends: watch::Sender<Duration>,
    renewing: AbortOnDropHandle<()>,
}

impl Tenure {
    /// Begins to renew a lease; it is current once it was renewed for the first time.
    pub(in crate::nats) fn begin(leases: Arc<Leases>, length: Duration) -> Self {
        let name = format!("{KIND}.{}", uuid::Uuid::now_v7());
        let taken_up = watch::Sender::new(0);
        let ends = watch::Sender::new(Duration::ZERO);
        let renewing = Renewing {
            leases: leases.clone(),
            name: name.clone(),
            length,
            taken_up: taken_up.subscribe(),
            ends: ends.clone(),
        };
        Self {
            leases,
            name,
            length,
            taken_up,
            ends,
            renewing: AbortOnDropHandle::new(tokio::spawn(renewing.run())),
        }
    }

    /// Everything up to `seq` was taken up.
    pub fn has_taken_up(&self, seq: Seq) {
        self.taken_up.send_if_modified(|known| {
            let is_news = seq > *known;
            *known = seq.max(*known);
            is_news
        });
    }

    /// Is what was taken up all that anybody was answered for?
    pub fn is_current(&self) -> bool {
        now() < *self.ends.borrow()
    }

    /// Was it ever?
    pub fn was_current(&self) -> bool {
        !self.ends.borrow().is_zero()
    }

    /// The same, and waits for it a little.
    pub async fn is_current_within(&self, patience: Duration) -> bool {
        let mut ends = self.ends.subscribe();
        let renewed = timeout(patience, ends.wait_for(|ends| now() < *ends)).await;
        matches!(renewed, Ok(Ok(_)))
    }

    /// How long ago it ended, if it has.
    pub fn ended_since(&self) -> Option<Duration> {
        now().checked_sub(*self.ends.borrow())
    }

    /// Lets go of it for ever, so that nobody waits until it has run out.
    pub async fn end(&self) {
        self.renewing.abort();
        self.ends.send_replace(Duration::ZERO);
        let gone = Told {
            who: self.leases.who.clone(),
            length_ms: 0,
            taken_up: *self.taken_up.borrow(),
        };
        // Where that is not heard, it runs out.
        let said = self.leases.say(&self.name, &gone, None);
        drop(timeout(self.length, said).await);
    }
}

struct Renewing {
    leases: Arc<Leases>,
    name: String,
    length: Duration,
    taken_up: watch::Receiver<Seq>,
    ends: watch::Sender<Duration>,
}

impl Renewing {
    async fn run(mut self) {
        let mut is_told = false;
        loop {
            // What is not answered within a lease renews nothing.
            let renewed = timeout(self.length, self.renew()).await;
            let trouble = match renewed {
                Ok(Ok(())) => None,
                Ok(Err(reason)) => Some(reason),
                Err(_late) => Some("there is no answer".to_owned()),
            };
            if let Some(reason) = trouble.as_ref().filter(|_| !is_told) {
                tracing::warn!(reason, "the journal is not heard of");
            }
            is_told = trouble.is_some();
            tokio::select! {
                changed = self.taken_up.changed() => if changed.is_err() { return },
                () = sleep(self.length / RENEWALS) => {}
            }
        }
    }

    async fn renew(&mut self) -> Result<(), String> {
        let taken_up = *self.taken_up.borrow_and_update();
        let told = Told {
            who: self.leases.who.clone(),
            length_ms: self.length.as_millis().try_into().unwrap_or(u64::MAX),
            taken_up,
        };
        let sent = now();
        let said = self.leases.say(&self.name, &told, None).await;
        let seq = said.map_err(|unsaid| unsaid.to_string())?;
        self.leases.settle(seq).await;
        // Every fence is known by now that was set before the lease was renewed.
        if taken_up >= self.leases.heard.borrow().fence {
            let ends = sent + self.length;
            self.ends.send_modify(|known| *known = ends.max(*known));
        }
        Ok(())
    }
}
