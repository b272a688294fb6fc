//! The lineage `main`, begun from the workspace and kept at what was released.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use model::{Context, event::AgentRole};
use repo::{CloneError, CommitId, Glance, OpenError, Repo};
use runner::{CodeStore, Runner};
use state::{Author, StateError, StateManager};
use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    follow::Told,
    services::{self, chain},
};
use crate::{exit::Exit, failure::Failure, releasing::Releasing, workspace::Offered};

/// Time between two looks at the workspace; a look is a few `stat`s.
const LOOK_INTERVAL_MS: u64 = 250;

/// Why the workspace is not served as it is: its first version, or the working tree, was refused.
pub(crate) type Refused = Arc<Mutex<Option<String>>>;

/// Makes the first version of the workspace, and knows of what people tag in it. What they commit
/// is released when somebody says so.
pub(super) struct WorkspaceFollower {
    pub(super) manager: StateManager,
    pub(super) releasing: Releasing,
    /// Loads what serves, once there is something.
    pub(super) runner: Option<Runner>,
    pub(super) workspace: PathBuf,
    pub(super) refused: Refused,
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
        let reason = match self.releasing.begin(None).await {
            Ok(begun) => {
                if let Some(released) = begun {
                    tracing::info!(version = %released.version, "the first version was made");
                }
                None
            }
            Err(failure) if failure.is_of_input() => {
                Some(format!("`main` has no state yet: {}", chain(&failure)))
            }
            Err(failure) => return Err(failure),
        };
        let before = refuse(&self.refused, reason.clone());
        if let Some(reason) = reason.as_ref().filter(|_| before != reason) {
            tracing::warn!(reason, "the workspace is not served");
        }
        Ok(())
    }

    /// Looks at the workspace again and again: new tags of people are versions too, and what was
    /// refused as the first version may have been mended.
    pub(super) async fn run(self, told: Told, stop: CancellationToken) -> Result<(), Failure> {
        let _proving = self.releasing.prover.stop.clone().drop_guard();
        let mut git = None;
        let mut has_begun = self.has_begun().await?;
        if has_begun {
            told.begun.cancel();
        }
        let mut seen = self.look(&mut git).await;
        let mut ticks = interval(Duration::from_millis(LOOK_INTERVAL_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = ticks.tick() => {}
            }
            let now = self.look(&mut git).await;
            if now.is_like(&seen) && (has_begun || !is_served(&self.refused)) {
                continue;
            }
            if now.versions.is_some() && !self.refresh().await? {
                continue;
            }
            seen = now;
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                brought = self.bring() => match brought {
                    Err(failure) if failure.is_journal_away() => {
                        let reason = chain(&failure);
                        tracing::warn!(reason, "the workspace is taken up when the journal is back");
                        seen = Seen::default();
                    }
                    brought => brought?,
                },
            }
            if !has_begun && self.has_begun().await.unwrap_or(false) {
                has_begun = true;
                self.load();
                if let Some(registry) = &told.registry
                    && let Err(error) = registry.refresh().await
                {
                    tracing::warn!(reason = chain(&error), "the first version is not known yet");
                }
            }
            told.supervisor.look_at(services::STATE).await;
            told.begun.cancel();
        }
    }

    pub(super) async fn has_begun(&self) -> Result<bool, Failure> {
        super::follow::has_begun(&self.manager).await
    }

    /// Loads what serves, beside everything else.
    pub(super) fn load(&self) {
        if let Some(runner) = self.runner.clone() {
            tokio::spawn(async move { runner.prepare_until_served().await });
        }
    }

    /// Brings what the workspace's git has into the clone, unless it cannot be read just now.
    async fn refresh(&self) -> Result<bool, Failure> {
        let (clone, workspace) = (
            self.releasing.releaser.repo().clone(),
            self.workspace.clone(),
        );
        match spawn_blocking(move || clone.refresh(&workspace)).await {
            Ok(Ok(_refreshed)) => Ok(true),
            Ok(Err(error)) => {
                let reason = chain(&error);
                tracing::warn!(reason, "the clone of the workspace was not refreshed");
                Ok(false)
            }
            Err(panic) => Err(Failure::new("internal", Exit::Internal, panic)),
        }
    }

    /// `git` is kept open from one look to the next, so that it knows what it has read.
    async fn look(&self, git: &mut Option<Arc<Repo>>) -> Seen {
        let (workspace, open) = (self.workspace.clone(), git.take());
        let has_begun = is_served(&self.refused);
        let looked = spawn_blocking(move || {
            let open = open.or_else(|| Repo::open(&workspace).ok().map(Arc::new));
            let versions = open.as_ref().and_then(|git| git.versions().ok());
            let Some((git, versions)) = open.zip(versions) else {
                // Only the first version is made of a folder by itself.
                let folder = (!has_begun).then(|| Glance::of_folder(&workspace).ok());
                let seen = Seen {
                    folder: folder.flatten(),
                    ..Seen::default()
                };
                return (None, seen);
            };
            let seen = Seen {
                versions: Some(versions),
                head: git.head().ok().flatten(),
                folder: None,
            };
            (Some(git), seen)
        });
        let (open, seen) = looked.await.unwrap_or_default();
        *git = open;
        seen
    }
}

/// What a look at the workspace found.
#[derive(Default)]
struct Seen {
    versions: Option<Arc<repo::Versions>>,
    head: Option<CommitId>,
    folder: Option<Glance>,
}

impl Seen {
    /// Versions that did not change are the very same.
    fn is_like(&self, other: &Self) -> bool {
        let is_same = match (&self.versions, &other.versions) {
            (Some(one), Some(another)) => Arc::ptr_eq(one, another),
            (one, another) => one.is_none() && another.is_none(),
        };
        is_same && self.head == other.head && self.folder == other.folder
    }
}

fn is_served(refused: &Refused) -> bool {
    refused
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_none()
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
