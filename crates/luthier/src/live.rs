//! What live traffic has to keep to: the budgets of the version that serves.

use std::{fs, io, path::Path};

use harness::Budgets;
use model::{LineageName, VersionRef};
use repo::{OpenError, Repo, ResolveError, TreeError};
use state::Root;
use triggers::LiveBudgets;

use crate::{exit::Exit, failure::Failure, up::chain};

/// Those of the version that a lineage serves, as its commit has them; of one that git does not
/// know, as the workspace has them. Blocks on the disk.
pub(crate) fn budgets(
    data: &Path,
    workspace: Option<&Path>,
    lineage: &LineageName,
    root: &Root,
) -> Result<LiveBudgets, Failure> {
    let text = match in_git(data, lineage, root)? {
        Found::Version(text) => text,
        Found::Nothing => workspace.map_or(Ok(None), in_workspace)?,
    };
    Ok(LiveBudgets::parse(text.as_deref())?)
}

/// What git has.
enum Found {
    /// The version, with or without budgets.
    Version(Option<Vec<u8>>),
    Nothing,
}

fn in_git(data: &Path, lineage: &LineageName, root: &Root) -> Result<Found, Failure> {
    let repo = match Repo::open(&data.join("repo")) {
        Ok(repo) => repo,
        Err(OpenError::NotARepository { .. }) => return Ok(Found::Nothing),
        Err(error) => return Err(unreadable(&error)),
    };
    let reference = VersionRef::Exact {
        lineage: Some(lineage.clone()),
        version: root.serving_version().clone(),
    };
    let commit = match repo.resolve(&reference) {
        Ok(resolved) => resolved.commit,
        Err(ResolveError::Unknown { .. }) => return Ok(Found::Nothing),
        Err(error) => return Err(unreadable(&error)),
    };
    match repo.read(commit, Budgets::PATH) {
        Ok(text) => Ok(Found::Version(Some(text.to_vec()))),
        Err(TreeError::NoSuchFile { .. }) => Ok(Found::Version(None)),
        Err(error) => Err(unreadable(&error)),
    }
}

fn in_workspace(workspace: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let path = workspace.join(Budgets::PATH);
    match fs::read(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::io(&format!("read `{}`", path.display()), error)),
    }
}

fn unreadable(error: &dyn std::error::Error) -> Failure {
    let message = format!("the budgets cannot be read from git: {}", chain(error));
    Failure::new("budgets_unreadable", Exit::Failure, message)
}
