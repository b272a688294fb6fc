//! The lineage `main`, begun from the workspace and kept at what it offers.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use model::{Context, LineageName, event::AgentRole};
use python::Pool;
use repo::{CloneError, OpenError, Repo};
use runner::CodeStore;
use state::{Author, StateError, StateManager};
use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::services::chain;
use crate::{exit::Exit, failure::Failure, workspace::Offered};

/// Time between two looks at the tags; a look is a few `stat`s.
const TAGS_INTERVAL_MS: u64 = 250;

/// What the workspace asks for that the state cannot follow: what was there before serves on.
pub(crate) type Refused = Arc<Mutex<Option<String>>>;

/// Brings the lineage to what the workspace offers, and does so again when that changes.
pub(super) struct WorkspaceFollower {
    pub(super) manager: StateManager,
    pub(super) store: CodeStore,
    pub(super) workspace: PathBuf,
    /// A clone of the workspace in the data folder, so that no clean-up takes a version away.
    pub(super) git: Option<Arc<Repo>>,
    pub(super) refused: Refused,
    /// What runs migrations in Python, where tools are served.
    pub(super) pool: Option<Pool>,
}

/// Why the state is not what the workspace says.
enum Trouble {
    /// Something that whoever owns the workspace mends, and starts the server again.
    Workspace(String),
    Journal(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Journal(failure)
    }
}

/// The workspace's clone; none if the workspace is not in git.
pub(crate) fn clone(workspace: &Path, data: &Path) -> Result<Option<Arc<Repo>>, Failure> {
    match Repo::clone_into(workspace, &data.join("repo")) {
        Ok((repo, refreshed)) => {
            for skipped in &refreshed.skipped {
                tracing::warn!(
                    name = skipped.name,
                    reason = skipped.reason,
                    "left out of the clone"
                );
            }
            Ok(Some(Arc::new(repo)))
        }
        Err(CloneError::Source(OpenError::NotARepository { .. })) => Ok(None),
        Err(error) => {
            let hint = "mend the repository of the workspace, or delete the clone, `repo` in the data folder";
            let failure = Failure::new("clone_failed", Exit::Failure, error);
            Err(failure.with_hint(hint.to_owned()))
        }
    }
}

/// The workspace's own repository, to read from; none if there is none, or it cannot be read.
pub(super) fn open(workspace: &Path) -> Option<Arc<Repo>> {
    match Repo::open(workspace) {
        Ok(repo) => Some(Arc::new(repo)),
        Err(OpenError::NotARepository { .. }) => None,
        Err(error) => {
            let reason = chain(&error);
            tracing::warn!(reason, "versions in git are not served");
            None
        }
    }
}

impl WorkspaceFollower {
    /// What is wrong with the workspace degrades the server; what is wrong with the journal or the
    /// vault stops it.
    pub(super) async fn bring(&self) -> Result<(), Failure> {
        let main = LineageName::default();
        let outcome = if self.manager.lineages().await?.contains(&main) {
            self.follow(&main).await
        } else {
            self.begin(&main).await
        };
        let reason = match outcome {
            Ok(()) => None,
            Err(Trouble::Journal(failure)) => return Err(failure),
            Err(Trouble::Workspace(reason)) => Some(reason),
        };
        let before = refuse(&self.refused, reason.clone());
        if let Some(reason) = reason.as_ref().filter(|_| before != reason) {
            tracing::warn!(reason, "the workspace is not served as it is");
        }
        Ok(())
    }

    /// Looks at the tags again and again; without git there is nothing to follow.
    pub(super) async fn run(self, stop: CancellationToken) -> Result<(), Failure> {
        let Some(git) = self.git.clone() else {
            stop.cancelled().await;
            return Ok(());
        };
        let mut seen = self.tags().await;
        let mut ticks = interval(Duration::from_millis(TAGS_INTERVAL_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = ticks.tick() => {}
            }
            let tags = self.tags().await;
            if tags == seen {
                continue;
            }
            let (clone, workspace) = (Arc::clone(&git), self.workspace.clone());
            let refreshed = spawn_blocking(move || clone.refresh(&workspace)).await;
            match refreshed {
                Ok(Ok(_refreshed)) => seen = tags,
                Ok(Err(error)) => {
                    let reason = chain(&error);
                    tracing::warn!(reason, "the clone of the workspace was not refreshed");
                    continue;
                }
                Err(panic) => return Err(Failure::new("internal", Exit::Internal, panic)),
            }
            self.bring().await?;
        }
    }

    /// The versions of the workspace by what they are tagged on.
    async fn tags(&self) -> Option<Arc<repo::Versions>> {
        let workspace = self.workspace.clone();
        let looked = spawn_blocking(move || Repo::open(&workspace).ok()?.versions().ok());
        looked.await.ok().flatten()
    }

    async fn offered(&self) -> Result<Offered, Trouble> {
        let (git, workspace) = (self.git.clone(), self.workspace.clone());
        let read = spawn_blocking(move || {
            let tagged = git.map_or(Ok(None), |git| Offered::tagged(&git))?;
            tagged.map_or_else(|| Offered::of_folder(&workspace), Ok)
        });
        match read.await {
            Ok(Ok(offered)) => Ok(offered),
            Ok(Err(failure)) => Err(Trouble::Workspace(chain(&failure))),
            Err(panic) => Err(Trouble::Journal(Failure::new(
                "internal",
                Exit::Internal,
                panic,
            ))),
        }
    }

    async fn begin(&self, main: &LineageName) -> Result<(), Trouble> {
        let no_state = |reason: &dyn std::error::Error| {
            let reason = chain(reason);
            Trouble::Workspace(format!("`main` has no state yet: {reason}"))
        };
        let offered = self.offered().await?;
        let seed = offered.seed().map_err(|failure| no_state(&failure))?;
        keep_code(&self.store, &offered).await?;
        match self.manager.open(main, seed, &operator()).await {
            Ok(_root) => Ok(()),
            Err(error) if is_of_workspace(&error) => Err(no_state(&error)),
            Err(error) => Err(Trouble::Journal(error.into())),
        }
    }

    async fn follow(&self, main: &LineageName) -> Result<(), Trouble> {
        let refused =
            |reason: &str| Trouble::Workspace(format!("the workspace was refused: {reason}"));
        let offered = self.offered().await?;
        let adoption = offered
            .wanted(self.pool.as_ref())
            .map_err(|failure| refused(&chain(&failure)))?;
        keep_code(&self.store, &offered).await?;
        match self.manager.adopt(main, adoption, &operator()).await {
            Ok(written) => {
                if written.event.is_some() {
                    let version = written.document.version;
                    tracing::info!(%version, "what the workspace offers was taken up");
                }
                Ok(())
            }
            Err(error) if is_of_workspace(&error) => Err(refused(&chain(&error))),
            Err(error) => Err(Trouble::Journal(error.into())),
        }
    }
}

/// Says why the workspace is not served as it is, or that it is; hands back what was said before.
pub(super) fn refuse(refused: &Refused, reason: Option<String>) -> Option<String> {
    let mut refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut refused, reason)
}

/// The code is in the vault before anything names it.
pub(super) async fn keep_code(store: &CodeStore, offered: &Offered) -> Result<(), Failure> {
    let (store, code) = (store.clone(), offered.code.clone());
    match spawn_blocking(move || store.put(&code)).await {
        Ok(kept) => Ok(kept?),
        Err(panic) => Err(Failure::new("internal", Exit::Internal, panic)),
    }
}

pub(super) fn operator() -> Author {
    Author {
        context: Context::of(AgentRole::Operator),
        ..Author::default()
    }
}

/// Did what the workspace holds break a rule, rather than the journal?
pub(super) fn is_of_workspace(error: &StateError) -> bool {
    matches!(
        error,
        StateError::Change(_)
            | StateError::Invalid { .. }
            | StateError::Migration { .. }
            | StateError::NotNewer { .. }
            | StateError::Schema(_)
    )
}
