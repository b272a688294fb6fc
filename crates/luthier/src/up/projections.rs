//! Copies of `main`'s documents below the data folder, for people and their tools.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use journal::Journal;
use model::{LineageName, Seq};
use serde_json::json;
use state::{HandEdit, Projection, ProjectionError, StateError, StateManager, Target};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{lock::Lease, services::StateKnobs, signals};
use crate::failure::Failure;

/// Between two writes of copies, however fast the state moves.
const WRITE_INTERVAL_MS: u64 = 100;

pub(super) struct Projections {
    pub(super) manager: StateManager,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) data: PathBuf,
    pub(super) knobs: Arc<StateKnobs>,
    pub(super) after: Seq,
}

impl Projections {
    /// Writes the copies after each change, and looks now and then whether somebody edited them; of
    /// several processes one does.
    pub(super) async fn run(self, stop: CancellationToken) -> Result<(), Failure> {
        let Some(_lease) = Lease::wait(&self.data, "copies", &stop).await? else {
            return Ok(());
        };
        let mut projection = Projection::open(self.data.join("state"))?;
        let main = LineageName::default();
        let mut watch = self.manager.watch(&main, self.after);
        let mut due = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = sleep_until(due) => {}
                changed = watch.next() => {
                    if changed?.is_none() {
                        break;
                    }
                    due = due.min(Instant::now() + Duration::from_millis(WRITE_INTERVAL_MS));
                    continue;
                }
            }
            projection = self.write(projection).await?;
            due = Instant::now() + self.knobs.copies_interval();
        }
        self.write(projection).await?;
        Ok(())
    }

    async fn write(&self, mut projection: Projection) -> Result<Projection, Failure> {
        let main = LineageName::default();
        let mut documents = Vec::new();
        for target in Target::ALL {
            match self.manager.document(&main, target).await {
                Ok(document) => documents.push(document),
                // The workspace could not begin it; the health of the state says why.
                Err(StateError::NoLineage { .. }) => {}
                // Without the journal there is nothing to copy; its own health says so.
                Err(StateError::Read(error)) => {
                    tracing::warn!(%error, "the copies of the state are not up to date");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let written = tokio::task::spawn_blocking(move || {
            let outcomes: Vec<Result<Option<HandEdit>, ProjectionError>> = documents
                .iter()
                .map(|document| projection.write(document))
                .collect();
            (projection, outcomes)
        })
        .await;
        let (projection, outcomes) = written
            .map_err(|panic| Failure::new("internal", crate::exit::Exit::Internal, panic))?;
        for outcome in outcomes {
            match outcome {
                Ok(None) => {}
                Ok(Some(edit)) => self.tell(&edit).await,
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a copy of the state was not written"
                ),
            }
        }
        Ok(projection)
    }

    async fn tell(&self, edit: &HandEdit) {
        let kept = edit.kept.display();
        tracing::warn!(
            document = %edit.target,
            %kept,
            "a copy of the state was edited by hand: the edit is kept, `luthier state import {kept} \
             --if-revision N` takes it, where N is the revision that was edited"
        );
        let data = json!({
            "kind": "hand_edit_kept",
            "service": "state",
            "document": edit.target,
            "kept": kept.to_string(),
        });
        if let Err(error) = signals::append(&*self.journal, "state", Timestamp::now(), data).await {
            tracing::warn!(%error, "the ledger was not told of the edit");
        }
    }
}
