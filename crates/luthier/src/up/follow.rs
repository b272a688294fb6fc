//! What is served of a workspace, and kept at what the workspace says.

use std::{sync::Arc, time::Duration};

use model::LineageName;
use runner::Runner;
use state::StateManager;
use supervision::Supervisor;
use tokio_util::sync::CancellationToken;
use versions::Registry;

use super::{
    dev::{Teller, WorkingTree},
    seed::WorkspaceFollower,
    tools::Source,
};
use crate::{failure::Failure, output::Output};

/// Between two looks whether there is a version yet.
const LOOK_MS: u64 = 200;

/// What a server follows.
pub(super) enum Follower {
    Releases(WorkspaceFollower),
    /// What others release.
    Journal(StateManager, Option<Runner>),
    WorkingTree(Box<WorkingTree>),
}

/// Who hears of what is taken up.
pub(super) struct Told {
    pub(super) output: Output,
    /// Nothing is said before it was said where the server is.
    pub(super) announced: CancellationToken,
    /// It is known what is served, or why nothing is.
    pub(super) begun: CancellationToken,
    pub(super) supervisor: Arc<Supervisor>,
    /// Knows of the first version before anybody is told that there is one.
    pub(super) registry: Option<Registry>,
}

impl Follower {
    /// A working tree is tried in the workers of `runner`.
    pub(super) fn new(
        source: Option<Source>,
        manager: &StateManager,
        runner: Option<&Runner>,
    ) -> Self {
        let Some(source) = source else {
            return Self::Journal(manager.clone(), runner.cloned());
        };
        match (source.releasing.clone(), runner) {
            (Some(releasing), _) => Self::Releases(WorkspaceFollower {
                manager: source.manager,
                runner: runner.cloned(),
                releasing,
                workspace: source.workspace,
                refused: source.refused,
            }),
            (None, Some(runner)) => {
                Self::WorkingTree(Box::new(WorkingTree::new(source, runner.clone())))
            }
            (None, None) => unreachable!("a working tree is followed by who serves its tools"),
        }
    }

    /// For a server, which answers while the first version of a workspace is proved: whoever runs
    /// this goes on with that.
    pub(super) async fn begin_serving(&mut self) -> Result<(), Failure> {
        match self {
            Self::Releases(follower) => {
                if follower.has_begun().await? {
                    follower.bring().await?;
                    follower.load();
                }
                Ok(())
            }
            Self::Journal(manager, runner) => {
                if let Some(runner) = runner.clone() {
                    let manager = manager.clone();
                    tokio::spawn(async move {
                        // Nobody asks for what is not there yet.
                        while !has_begun(&manager).await.unwrap_or(false) {
                            tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
                        }
                        runner.prepare_until_served().await;
                    });
                }
                Ok(())
            }
            Self::WorkingTree(tree) => tree.begin().await,
        }
    }

    /// Is there a state to serve?
    pub(super) async fn has_begun(&self) -> Result<bool, Failure> {
        match self {
            Self::Releases(follower) => follower.has_begun().await,
            Self::Journal(manager, _) => has_begun(manager).await,
            Self::WorkingTree(tree) => has_begun(tree.manager()).await,
        }
    }

    /// Brings the state to what the workspace offers now.
    pub(super) async fn begin(&mut self) -> Result<(), Failure> {
        match self {
            Self::Releases(follower) => follower.bring().await,
            Self::Journal(..) => Ok(()),
            Self::WorkingTree(tree) => tree.begin().await,
        }
    }

    /// The same beside a protocol that has stdout for itself.
    pub(super) async fn run_aside(
        self,
        output: Output,
        stop: CancellationToken,
    ) -> Result<(), Failure> {
        match self {
            Self::Releases(_) | Self::Journal(..) => Ok(()),
            Self::WorkingTree(tree) => {
                let is_aside = true;
                tree.run(Teller { output, is_aside }, None, stop).await
            }
        }
    }

    /// Does so again when that changes, until `stop`.
    pub(super) async fn run(self, told: Told, stop: CancellationToken) -> Result<(), Failure> {
        match self {
            Self::Releases(follower) => follower.run(told, stop).await,
            Self::Journal(..) => {
                told.begun.cancel();
                stop.cancelled().await;
                Ok(())
            }
            Self::WorkingTree(tree) => {
                told.begun.cancel();
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = told.announced.cancelled() => {}
                }
                let teller = Teller {
                    output: told.output,
                    is_aside: false,
                };
                tree.run(teller, Some(told.supervisor), stop).await
            }
        }
    }
}

/// Is there a first version?
pub(super) async fn has_begun(manager: &StateManager) -> Result<bool, Failure> {
    let lineages = manager.lineages().await?;
    Ok(lineages.contains(&LineageName::default()))
}
