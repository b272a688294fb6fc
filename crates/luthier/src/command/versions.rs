//! `luthier versions …`: the registry, from a shell.

mod diff;
mod evals;
mod list;
mod rebuild;
mod show;

use std::{path::Path, sync::Arc};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use model::VersionRef;
use repo::{OpenError, Repo};
use state::StateManager;
use versions::{Registry, Sources};

use self::list::ListArgs;
use crate::{
    failure::Failure,
    session::{Opened, Session, allowed_signers},
    up::{chain, clone_of_workspace},
};

#[derive(Debug, Subcommand)]
pub(crate) enum VersionsCommand {
    /// List versions, newest first
    List(ListArgs),
    /// Show what a version is, where it came from and what proved it
    Show(VersionArgs),
    /// Show what changed from one version to another
    Diff(DiffArgs),
    /// Show what the tests of a version came to
    Evals(VersionArgs),
    /// Make the journal's knowledge of versions anew from git alone
    Rebuild,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct VersionArgs {
    /// A version, `LINEAGE~VERSION`, a commit, a range, or `active`, `latest`, `canary`
    pub(crate) version: VersionRef,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct DiffArgs {
    /// The version to begin from
    pub(crate) from: VersionRef,
    /// The version to end at
    pub(crate) to: VersionRef,
}

pub(crate) fn run(session: &Session, command: VersionsCommand) -> Result<(), Failure> {
    let opened = session.journal()?;
    session.work_on(opened, async |opened| {
        perform(session, opened, command).await
    })
}

async fn perform(
    session: &Session,
    opened: &Opened,
    command: VersionsCommand,
) -> Result<(), Failure> {
    if matches!(command, VersionsCommand::Rebuild) {
        return rebuild::run(session, opened).await;
    }
    let workspace = opened.configured.workspace.as_deref();
    let registry = Registry::open(Sources {
        repo: repository(workspace, &opened.data)?,
        manager: StateManager::new(opened.journal.clone(), Arc::new(Timestamp::now)),
        store: opened.store()?.0,
        allowed_signers: allowed_signers(&opened.data),
    })
    .await?;
    match command {
        VersionsCommand::List(args) => list::run(session, &registry, &args),
        VersionsCommand::Show(args) => show::run(session, &registry, &args).await,
        VersionsCommand::Diff(args) => diff::run(session, &registry, &args).await,
        VersionsCommand::Evals(args) => evals::run(session, &registry, &args).await,
        VersionsCommand::Rebuild => unreachable!("it needs no registry"),
    }
}

/// The clone in the data folder, brought up to date with the workspace if there is one.
fn repository(workspace: Option<&Path>, data: &Path) -> Result<Option<Arc<Repo>>, Failure> {
    if let Some(workspace) = workspace {
        return clone_of_workspace(workspace, data);
    }
    match Repo::open(&data.join("repo")) {
        Ok(repo) => Ok(Some(Arc::new(repo))),
        Err(OpenError::NotARepository { .. }) => Ok(None),
        Err(error) => {
            tracing::warn!(reason = chain(&error), "the clone cannot be read");
            Ok(None)
        }
    }
}
