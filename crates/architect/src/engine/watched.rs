//! Looks after versions that are watched: each is good in the end, or was taken back.

use state::StateError;

use super::Engine;
use crate::job::{Entry, Job, JobLog, LogError, Outcome, Stage};

impl Engine {
    /// What was released is done when it is known to be good, and rolled back when it went.
    pub(super) async fn look_at_watched(&mut self) {
        let watched = self
            .open
            .values()
            .filter(|job| job.stage == Stage::Watching);
        let watched: Vec<Job> = watched.cloned().collect();
        for job in watched {
            if let Err(error) = self.look_at(&job).await {
                tracing::warn!(
                    job = %job.id,
                    error = &error as &dyn std::error::Error,
                    "what became of a version is not known"
                );
            }
        }
    }

    async fn look_at(&mut self, job: &Job) -> Result<(), LookError> {
        let Some(released) = &job.released else {
            return Ok(());
        };
        let lineage = released.lineage.as_ref().unwrap_or(job.lineage());
        let root = self.architect.inner.parts.manager.root(lineage).await?;
        let stage = if root.withdrawn.contains(&released.version) {
            Stage::RolledBack
        } else if root.last_known_good >= released.version {
            Stage::Done
        } else {
            return Ok(());
        };
        let outcome = Outcome {
            stage,
            verdict: released.verdict,
            version: Some(released.version.clone()),
            commit: released.commit.clone(),
            notes: match stage {
                Stage::RolledBack => {
                    format!("{}; it did badly in use and was taken back", released.notes)
                }
                _ => released.notes.clone(),
            },
        };
        let log = JobLog::open(self.architect.journal(), job.id).await?;
        let now = self.architect.now();
        let entry = Entry::Ended(outcome);
        let _was_first = log
            .append_if(entry, now, |job| match job.stage {
                Stage::Watching => Ok(()),
                _ => Err(()),
            })
            .await?;
        self.open.remove(&job.id);
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Log(#[from] LogError),
}
