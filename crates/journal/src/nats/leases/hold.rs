//! Work that one process does for all.

use std::{sync::Arc, time::Duration};

use model::Seq;
use tokio::time::{sleep, timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{Leases, PAUSE, RENEWALS, Told, Unsaid, now};
use crate::ReadError;

const KIND: &str = "work";
/// Nobody takes what another one holds before so many halves of its lease went by in silence.
const SILENT_HALVES: u32 = 3;

/// The right to do a work, until it is [`Hold::lost`] or dropped.
pub struct Hold {
    leases: Arc<Leases>,
    name: String,
    number: Seq,
    lost: CancellationToken,
    renewing: AbortOnDropHandle<Seq>,
}

impl Hold {
    /// Waits for the right to do `work`.
    pub(in crate::nats) async fn wait(leases: Arc<Leases>, work: &str, length: Duration) -> Self {
        let name = format!("{KIND}.{work}");
        let mut told = Told {
            who: String::new(),
            length_ms: length.as_millis().try_into().unwrap_or(u64::MAX),
            taken_up: 0,
        };
        // One process may wait twice.
        told.who = format!("{}/{}", leases.who, uuid::Uuid::now_v7());
        let mut expected = leases.wait_until_free(&name).await;
        loop {
            let sent = now();
            match leases.say(&name, &told, Some(expected)).await {
                Ok(number) => return Self::begin(leases, name, told, number, sent),
                Err(Unsaid::Passed) => match leases.holder(&name).await {
                    // The answer to an earlier try got lost. When that was sent is not known any more, so it
                    // counts once it was renewed.
                    Ok(Some((seq, who))) if who == told.who => expected = seq,
                    Ok(Some(_other)) => {
                        sleep(PAUSE).await;
                        expected = leases.wait_until_free(&name).await;
                    }
                    Ok(None) => expected = 0,
                    Err(_) => sleep(PAUSE).await,
                },
                Err(Unsaid::Failed(reason)) => {
                    tracing::debug!(%reason, work, "it is taken later");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn begin(leases: Arc<Leases>, name: String, told: Told, number: Seq, sent: Duration) -> Self {
        let lost = CancellationToken::new();
        let renewing = Renewing {
            leases: leases.clone(),
            name: name.clone(),
            told,
            seq: number,
            ends: sent,
            lost: lost.clone(),
        };
        Self {
            leases,
            name,
            number,
            lost,
            renewing: AbortOnDropHandle::new(tokio::spawn(renewing.run())),
        }
    }

    /// Higher than that of whoever had it before.
    pub fn number(&self) -> Seq {
        self.number
    }

    /// Cancelled when another one may have it.
    pub fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    /// Lets go of it, so that nobody waits until it has run out.
    pub async fn end(self) {
        self.lost.cancel();
        let Ok(seq) = self.renewing.await else { return };
        let gone = Told {
            who: self.leases.who.clone(),
            length_ms: 0,
            taken_up: 0,
        };
        // Where that is not heard, it runs out.
        let said = self.leases.say(&self.name, &gone, Some(seq));
        drop(timeout(PAUSE * RENEWALS, said).await);
    }
}

impl Leases {
    /// The place of what is there in its stead, 0 if that is nothing.
    async fn wait_until_free(&self, name: &str) -> Seq {
        let mut heard = self.heard.subscribe();
        loop {
            let known = heard.borrow_and_update().said.get(name).cloned();
            let Some(known) = known else {
                return 0;
            };
            let silent = known.told.length() * SILENT_HALVES / 2;
            let Some(left) = (known.at + silent)
                .checked_sub(now())
                .filter(|left| !left.is_zero())
            else {
                return known.seq;
            };
            tokio::select! {
                changed = heard.changed() => if changed.is_err() { return known.seq },
                () = sleep(left) => {}
            }
        }
    }

    async fn holder(&self, name: &str) -> Result<Option<(Seq, String)>, ReadError> {
        let last = self.last(name).await?;
        Ok(last.map(|(seq, payload)| {
            let told = serde_json::from_slice::<Told>(&payload);
            (seq, told.map(|told| told.who).unwrap_or_default())
        }))
    }
}

struct Renewing {
    leases: Arc<Leases>,
    name: String,
    told: Told,
    seq: Seq,
    /// Until then it is held.
    ends: Duration,
    lost: CancellationToken,
}

impl Renewing {
    /// Until it is lost or let go of; says where its last message is.
    async fn run(mut self) -> Seq {
        let length = self.told.length();
        self.ends += length;
        let lost = self.lost.clone();
        while !lost.is_cancelled() {
            let left = self.ends.saturating_sub(now());
            if left.is_zero() {
                break;
            }
            let pause = match timeout(left, self.renew()).await {
                Ok(Ok(true)) => length / RENEWALS,
                Ok(Ok(false)) => break,
                Ok(Err(_)) | Err(_) => PAUSE,
            };
            tokio::select! {
                () = lost.cancelled() => break,
                () = sleep(pause.min(left)) => {}
            }
        }
        self.lost.cancel();
        self.seq
    }

    /// Is it still held?
    async fn renew(&mut self) -> Result<bool, ReadError> {
        let sent = now();
        match self
            .leases
            .say(&self.name, &self.told, Some(self.seq))
            .await
        {
            Ok(seq) => {
                self.seq = seq;
                self.ends = sent + self.told.length();
                Ok(true)
            }
            Err(Unsaid::Passed) => match self.leases.holder(&self.name).await? {
                // The answer to the last renewal got lost.
                Some((seq, who)) if who == self.told.who => {
                    self.seq = seq;
                    Ok(true)
                }
                _ => Ok(false),
            },
            Err(Unsaid::Failed(reason)) => Err(ReadError::Unavailable(reason)),
        }
    }
}
