//! What is served of a workspace, and kept at what the workspace says.

use std::sync::Arc;

use model::LineageName;
use runner::{CodeStore, Runner};
use supervision::Supervisor;
use tokio_util::sync::CancellationToken;

use super::{
    Claim,
    dev::{Teller, WorkingTree},
    seed::WorkspaceFollower,
    tools::Source,
};
use crate::{failure::Failure, output::Output};

/// What a server follows.
pub(super) enum Follower {
    Releases(WorkspaceFollower),
    WorkingTree(Box<WorkingTree>),
}

/// Who hears of what is taken up.
pub(super) struct Told {
    pub(super) output: Output,
    /// Nothing is said before it was said where the server is.
    pub(super) announced: CancellationToken,
    pub(super) supervisor: Arc<Supervisor>,
}

impl Follower {
    /// A working tree is tried in the workers of `runner`.
    pub(super) fn new(source: Source, claim: Claim, runner: Option<&Runner>) -> Self {
        match (claim, runner) {
            (Claim::WorkingTree, Some(runner)) => {
                Self::WorkingTree(Box::new(WorkingTree::new(source, runner.clone())))
            }
            (Claim::WorkingTree, None) | (Claim::Alone | Claim::Beside, _) => {
                Self::Releases(source.follow_releases())
            }
        }
    }

    pub(super) fn is_of_releases(&self) -> bool {
        matches!(self, Self::Releases(_))
    }

    /// Is there a state to serve?
    pub(super) async fn has_begun(&self) -> Result<bool, Failure> {
        let manager = match self {
            Self::Releases(follower) => &follower.manager,
            Self::WorkingTree(tree) => tree.manager(),
        };
        Ok(manager.lineages().await?.contains(&LineageName::default()))
    }

    /// Brings the state to what the workspace offers now.
    pub(super) async fn begin(&mut self) -> Result<(), Failure> {
        match self {
            Self::Releases(follower) => follower.bring().await,
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
            Self::Releases(follower) => follower.run(stop).await,
            Self::WorkingTree(tree) => {
                let is_aside = true;
                tree.run(Teller { output, is_aside }, None, stop).await
            }
        }
    }

    /// Does so again when that changes, until `stop`.
    pub(super) async fn run(self, told: Told, stop: CancellationToken) -> Result<(), Failure> {
        match self {
            Self::Releases(follower) => follower.run(stop).await,
            Self::WorkingTree(tree) => {
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

impl Source {
    pub(super) fn follow_releases(self) -> WorkspaceFollower {
        WorkspaceFollower {
            manager: self.manager,
            store: CodeStore::new(self.vault),
            workspace: self.workspace,
            git: self.git,
            refused: self.refused,
            pool: self.pool,
        }
    }
}
