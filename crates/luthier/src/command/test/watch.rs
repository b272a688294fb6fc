//! Runs the cases at each save.

use std::time::Duration;

use repo::Glance;
use tokio::{task::spawn_blocking, time::sleep};

use super::Testing;
use crate::{exit::Exit, failure::Failure};

/// Time between two looks at the metadata of the files.
const LOOK_MS: u64 = 100;

impl Testing<'_> {
    /// Runs the cases now and after each change, until somebody stops it. What passed with the same
    /// code and state is not run again, so a change of one golden costs one call.
    pub(super) async fn watch(&self) -> Result<Exit, Failure> {
        loop {
            let seen = self.glance().await?;
            match self.once().await {
                Ok(_verdict) => {}
                Err(_interrupted) if self.stop.is_cancelled() => return Ok(Exit::Success),
                // The next save may mend it.
                Err(failure) => self.session.output.fault(&failure.to_string()),
            }
            self.session
                .output
                .note("waiting for a change; Ctrl-C ends");
            if !self.until_changed(seen).await? {
                return Ok(Exit::Success);
            }
        }
    }

    /// Waits until the files differ and have come to rest; `false` if it was stopped.
    async fn until_changed(&self, seen: Option<Glance>) -> Result<bool, Failure> {
        let mut before = seen.clone();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return Ok(false),
                () = sleep(Duration::from_millis(LOOK_MS)) => {}
            }
            let now = self.glance().await?;
            if now == before && now != seen {
                return Ok(true);
            }
            before = now;
        }
    }

    /// None while the folder cannot be read as a workspace.
    async fn glance(&self) -> Result<Option<Glance>, Failure> {
        let workspace = self.workspace.clone();
        let looked = spawn_blocking(move || Glance::of_folder(&workspace)).await;
        let broken = |panic| Failure::new("internal", Exit::Internal, panic);
        Ok(looked.map_err(broken)?.ok())
    }
}
