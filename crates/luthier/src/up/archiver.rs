//! Moves old events into the vault, an hour after an hour.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use journal::{ArchiveReport, Journal as _, SqliteJournal, archive_subject};
use state::StateManager;
use tokio_util::sync::CancellationToken;
use vault::Vault;

use super::{lock::Lease, services::JournalKnobs};
use crate::{archives, exit::Exit, failure::Failure, session::recall_witness};

/// The first round comes when a start is over, others each time so long after the one before.
const FIRST_ROUND_MS: u64 = 60_000;
const ROUND_MS: u64 = 3_600_000;

/// What fills no archive is archived all the same when the newest archive is this old.
const PARTIAL_HOURS_MIN: i64 = 24;

pub(super) struct Archiver {
    pub(super) data: PathBuf,
    pub(super) journal: Arc<SqliteJournal>,
    pub(super) vault: Arc<Vault>,
    pub(super) manager: StateManager,
    pub(super) knobs: Arc<JournalKnobs>,
}

impl Archiver {
    /// Archives until `stop`. A failure is told and tried again: what is not archived is hot.
    pub(super) async fn run(self, stop: CancellationToken) -> Result<(), Failure> {
        let mut wait_ms = FIRST_ROUND_MS;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
            }
            wait_ms = ROUND_MS;
            match self.round(&stop).await {
                Ok(Some(report)) if report.archives > 0 => tracing::info!(
                    events = report.events,
                    bytes = report.bytes,
                    archived_to = report.archived_to,
                    "archived old events"
                ),
                Ok(_) => {}
                Err(failure) => tracing::error!(
                    error = &failure as &dyn std::error::Error,
                    "old events were not archived"
                ),
            }
        }
    }

    /// Nothing if another process is at it.
    async fn round(&self, stop: &CancellationToken) -> Result<Option<ArchiveReport>, Failure> {
        let Some(_lease) = Lease::take_if_free(&self.data, "archiver")? else {
            return Ok(None);
        };
        let vault = self.vault.clone();
        let witness = tokio::task::spawn_blocking(move || recall_witness(&vault)).await;
        let witness =
            witness.map_err(|panic| Failure::new("internal", Exit::Internal, panic))??;
        let newest = self.journal.last(&archive_subject()).await?;
        let day_ago = Timestamp::now() - SignedDuration::from_hours(PARTIAL_HOURS_MIN);
        let is_thorough = newest.is_none_or(|newest| newest.time < day_ago);
        let before = hot_since(Some(self.knobs.hot_days()));
        let plan = archives::plan(&self.manager, before, witness, is_thorough).await?;
        let archived = journal::archive(&self.journal, &plan, Timestamp::now, stop, |_| ()).await;
        Ok(Some(archived?))
    }
}

/// The time so many days ago, before which events are archived.
pub(crate) fn hot_since(days: Option<u64>) -> Timestamp {
    let hours = days.and_then(|days| i64::try_from(days * 24).ok());
    let hot = SignedDuration::from_hours(hours.unwrap_or(0));
    Timestamp::now().checked_sub(hot).unwrap_or(Timestamp::MIN)
}
