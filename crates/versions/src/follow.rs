//! Keeping the index current: by the journal for what lineages say, by looking at git for the rest.

use std::{sync::Arc, time::Duration};

use journal::{Journal, Query};
use model::{Event, EventType, Seq};
use state::Root;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::{
    Registry,
    marks::Marks,
    registry::{Look, RefreshError},
};

/// Time between two looks at the tags; a look is a few `stat`s.
const LOOK_MS: u64 = 250;

/// At each of so many looks the vault is asked for results that were not there before.
const LOOKS_UNTIL_VAULT: u64 = 40;

/// What comes within this time of a change goes into the same index.
const GATHER_MS: u64 = 10;

impl Registry {
    /// Follows `journal` and git until `stop`. What cannot be read is told of and tried again.
    pub async fn follow(self, journal: Arc<dyn Journal>, stop: CancellationToken) {
        let mut trouble = None;
        while !stop.is_cancelled() {
            let outcome = tokio::select! {
                () = stop.cancelled() => return,
                outcome = self.follow_until_trouble(journal.clone()) => outcome,
            };
            let told = match outcome {
                Ok(()) => return,
                Err(error) => chain(&error),
            };
            if trouble.as_ref() != Some(&told) {
                tracing::warn!(
                    reason = told,
                    "the registry of versions is not kept current"
                );
            }
            trouble = Some(told);
            tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        }
    }

    /// Ends when the journal is closed.
    async fn follow_until_trouble(&self, journal: Arc<dyn Journal>) -> Result<(), RefreshError> {
        let newest: Seq = journal.newest().await.map_err(state::StateError::Read)?;
        let query = Query {
            kinds: vec![EventType::RELEASE, EventType::STATE_CHANGE],
            ..Query::all()
        };
        let mut watch = journal.watch(newest, query);
        self.refresh().await?;
        let mut looks = interval(Duration::from_millis(LOOK_MS));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for looked in 1_u64.. {
            tokio::select! {
                _ = looks.tick() => {
                    let look = match looked % LOOKS_UNTIL_VAULT {
                        0 => Look::Everywhere,
                        _ => Look::AtTags,
                    };
                    self.refresh_with(None, look).await?;
                }
                event = watch.next_event() => {
                    let Some(event) = event.map_err(state::StateError::Read)? else {
                        return Ok(());
                    };
                    let mut marks = self.index().marks().clone();
                    let mut has_moved = take(&mut marks, &event)?;
                    let end = Instant::now() + Duration::from_millis(GATHER_MS);
                    while let Ok(event) = timeout_at(end, watch.next_event()).await {
                        match event.map_err(state::StateError::Read)? {
                            Some(event) => has_moved |= take(&mut marks, &event)?,
                            None => return Ok(()),
                        }
                    }
                    if has_moved {
                        self.refresh_with(Some(marks), Look::AtTags).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Says whether an event changed what a lineage says of its versions. Staged documents change often
/// and say nothing of that.
fn take(marks: &mut Marks, event: &Event) -> Result<bool, RefreshError> {
    let is_of_staging = event.kind == EventType::STATE_CHANGE && event.data["target"] == "staging";
    match event.subject.as_lineage() {
        Some(lineage) if !is_of_staging && event.data.get("root").is_some() => {
            Ok(marks.take(lineage, &Root::of(event)?))
        }
        _ => Ok(false),
    }
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
