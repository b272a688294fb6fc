//! Why a version did not come to be.

use model::LineageName;
use repo::{CommitId, ListError, ObjectError, RefError, TreeError, WriteError};
use semver::Version;
use state::StateError;

use crate::{TurnError, Unproved, Unsteady};

/// Nothing was published in any of these cases, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Unproved(#[from] Unproved),
    /// The ledger says so too.
    #[error(transparent)]
    Unsteady(#[from] Unsteady),
    #[error(transparent)]
    Turn(#[from] TurnError),
    #[error("there is nothing to release: tools, state, tests and budgets are those of {version}")]
    Nothing { version: Version },
    #[error("the version holds no `{path}`")]
    Incomplete { path: &'static str },
    #[error("`{path}` is not JSON: {reason}")]
    BadJson { path: &'static str, reason: String },
    #[error("the migration `{name}` is not JSON: {reason}")]
    BadMigration { name: String, reason: String },
    #[error(transparent)]
    Migration(#[from] state::MigrationError),
    #[error("people have tagged every number of `{lineage}` from {first} to {last}")]
    Numbers {
        lineage: LineageName,
        first: Version,
        last: Version,
    },
    #[error("`{lineage}` has no commit in the repository of releases")]
    NoCommit { lineage: LineageName },
    #[error(
        "the branch `{lineage}` of the releases is at {found}, but its newest release is {expected}"
    )]
    BranchMoved {
        lineage: LineageName,
        found: String,
        expected: CommitId,
    },
    #[error("{commit} was made before {head} was released, which changed {changed} too")]
    Stale {
        commit: CommitId,
        head: Version,
        changed: String,
    },
    #[error("{commit} has no commit in common with {head}")]
    Unrelated { commit: CommitId, head: Version },
    #[error("`{lineage}` was released {attempts} times while this was being proved")]
    Busy {
        lineage: LineageName,
        attempts: usize,
    },
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Refs(#[from] RefError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    History(#[from] repo::HistoryError),
    #[error(transparent)]
    List(#[from] ListError),
    #[error("the vault does not take what belongs to the version; nothing was released")]
    Vault(#[from] vault::VaultError),
    #[error("the results of the tests could not be kept; nothing was released")]
    Evals(#[from] vault::EvalError),
    #[error("the journal does not take the release")]
    Journal(#[from] journal::AppendError),
    #[error("the journal could not be read")]
    Read(#[from] journal::ReadError),
    #[error("a thread of the release ended before its work")]
    Panicked(#[from] tokio::task::JoinError),
}

impl ReleaseError {
    /// Is it about what is to be released, and not about the machine?
    pub fn is_of_input(&self) -> bool {
        match self {
            Self::Unproved(Unproved::Rejected { .. })
            | Self::Unsteady(_)
            | Self::Nothing { .. }
            | Self::Incomplete { .. }
            | Self::BadJson { .. }
            | Self::BadMigration { .. }
            | Self::Migration(_)
            | Self::Numbers { .. }
            | Self::Stale { .. }
            | Self::Unrelated { .. } => true,
            Self::State(error) => !matches!(
                error,
                StateError::Read(_) | StateError::Write(_) | StateError::Unreadable { .. }
            ),
            _ => false,
        }
    }
}
