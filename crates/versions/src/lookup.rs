//! From a name to a version, and why there may be none.

use std::sync::Arc;

use model::VersionRef;
use repo::{CommitId, ObjectError, Repo, TreeError};
use tokio::task::spawn_blocking;
use vault::VaultError;

use crate::{
    EvalsError, Registry,
    index::{Id, Index, Missed},
    registry::RefreshError,
};

/// Why nothing can be told of a version.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    #[error("there is no version `{reference}`")]
    Unknown {
        reference: String,
        nearest: Vec<String>,
    },
    #[error("`{reference}` means several versions: {}", named(candidates))]
    Several {
        reference: String,
        candidates: Vec<(String, CommitId)>,
    },
    #[error("no version is on trial")]
    NoCanary,
    #[error("`staging` is the active code with a state that nobody released: it is no version")]
    Staging,
    #[error(transparent)]
    Evals(#[from] EvalsError),
    #[error(transparent)]
    Refresh(#[from] RefreshError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("a thread that read a version ended early: {0}")]
    Broken(String),
}

impl Registry {
    /// The version that `reference` means, with the index in which it does.
    pub(crate) async fn look_up(
        &self,
        reference: &VersionRef,
    ) -> Result<(Arc<Index>, Id), LookupError> {
        self.find(reference).await?.map_err(|missed| match missed {
            Missed::Unknown { nearest } => LookupError::Unknown {
                reference: reference.to_string(),
                nearest,
            },
            Missed::Several { candidates } => LookupError::Several {
                reference: reference.to_string(),
                candidates,
            },
            Missed::NoCanary => LookupError::NoCanary,
            Missed::Staging => LookupError::Staging,
        })
    }

    /// Reads git or the vault, on a thread that may wait for the disk.
    pub(crate) async fn reading<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, LookupError> + Send + 'static,
    ) -> Result<T, LookupError> {
        let registry = self.clone();
        let ended = spawn_blocking(move || read(&registry)).await;
        ended.map_err(|panic| LookupError::Broken(panic.to_string()))?
    }

    /// Where there is a version there is git.
    pub(crate) fn repo(&self) -> Result<&Repo, LookupError> {
        let repo = self.sources.repo.as_deref();
        repo.ok_or_else(|| LookupError::Broken("there is no repository".to_owned()))
    }
}

fn named(candidates: &[(String, CommitId)]) -> String {
    let each = candidates.iter();
    let named: Vec<String> = each
        .map(|(name, commit)| format!("{name} (commit {})", commit.short()))
        .collect();
    named.join(", ")
}
