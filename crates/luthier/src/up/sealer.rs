//! Seals what was committed, every second or 256 events, and has the vault witness it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use journal::{OpenJournal, Witness};
use model::Seq;
use tokio_util::sync::CancellationToken;
use vault::Vault;

use super::{
    lock::Turns,
    services::{JournalKnobs, VaultHealth, chain},
};
use crate::{
    exit::Exit,
    failure::Failure,
    session::{confirm_witness, keep_witness, recall_witness},
};

/// Between two looks at how many events there are: a look is one load of a counter.
const LOOK_MS: u64 = 50;

pub(super) struct Sealer {
    pub(super) turns: Turns,
    pub(super) journal: Arc<dyn OpenJournal>,
    pub(super) vault: Arc<Vault>,
    pub(super) knobs: Arc<JournalKnobs>,
    pub(super) vault_health: Arc<VaultHealth>,
}

impl Sealer {
    /// Seals until `stop`, and once more then; of several processes one does.
    pub(super) async fn run(self, stop: CancellationToken) -> Result<(), Failure> {
        let seal = |stop| self.seal(stop);
        self.turns.take("sealer", &stop, seal).await
    }

    async fn seal(&self, stop: CancellationToken) -> Result<(), Failure> {
        let mut looks = tokio::time::interval(Duration::from_millis(LOOK_MS));
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut sealed_at, mut sealed_events) = (Instant::now(), 0);
        // 0 is before every event, so that what an earlier process left open is sealed now.
        let mut newest = 0;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = looks.tick() => {}
            }
            let events = self.journal.counts().events.load(Ordering::Relaxed);
            let is_full = events - sealed_events >= self.knobs.seal_events_max();
            if !is_full && sealed_at.elapsed() < self.knobs.seal_interval() {
                continue;
            }
            (sealed_at, sealed_events) = (Instant::now(), events);
            newest = self.seal_if_moved(newest).await;
        }
        self.seal_if_moved(newest).await;
        Ok(())
    }

    /// Says up to where nothing is left to seal. A failure is told and tried again: what is not sealed yet is
    /// counted by `verify`, not lost.
    async fn seal_if_moved(&self, before: Seq) -> Seq {
        match self.journal.newest().await {
            Ok(newest) if newest == before => return before,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "nothing was sealed"
                );
                return before;
            }
        }
        match journal::seal_up_to_now(&*self.journal, Timestamp::now).await {
            Ok(Some(witness)) => {
                // Where the seal is if nothing was committed while it was made: what was lies
                // before the seal and is covered by none.
                let sealed = witness.to + 1;
                // One that nobody witnessed is offered again at the next look.
                if self.witness(witness).await {
                    sealed
                } else {
                    before
                }
            }
            Ok(None) => before,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "nothing was sealed"
                );
                before
            }
        }
    }

    /// Does the journal hold what the vault remembers?
    async fn confirm(&self) -> Result<(), Failure> {
        let vault = self.vault.clone();
        let recall = move || {
            if vault.is_remote() {
                // What is sealed waits for its witness, and the next seal not for a bucket.
                vault.check()?;
            }
            recall_witness(&vault)
        };
        let kept = tokio::task::spawn_blocking(recall).await;
        let kept = kept.map_err(|panic| Failure::new("internal", Exit::Internal, panic))??;
        confirm_witness(&*self.journal, kept).await
    }

    async fn keep(&self, witness: Witness) -> Result<(), Failure> {
        let vault = self.vault.clone();
        let kept = tokio::task::spawn_blocking(move || keep_witness(&vault, &witness)).await;
        kept.map_err(|panic| Failure::new("internal", Exit::Internal, panic))?
    }

    async fn witness(&self, witness: Witness) -> bool {
        let kept = match self.confirm().await {
            Ok(()) => self.keep(witness).await,
            Err(failure) => Err(failure),
        };
        let Err(failure) = kept else {
            self.vault_health.note(None);
            return true;
        };
        let problem = chain(&failure);
        tracing::error!(problem, "the vault did not take the newest seal");
        // Whether a bucket is in reach is looked at for itself.
        self.vault_health
            .note((!failure.is_vault_away()).then_some(problem));
        false
    }
}
