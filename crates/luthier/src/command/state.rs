//! `luthier state …`: what the Tuner does over MCP, from a shell.

mod answer;
mod moves;
mod read;
pub(crate) mod served;
mod write;

use std::{path::PathBuf, sync::Arc};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use model::{
    Context, LineageName,
    event::{AgentRole, IdempotencyKey, Label},
};
use semver::Version;
use state::{Author, StateManager, Target};

use self::served::Before;
use crate::{
    failure::Failure,
    releasing::Releasing,
    session::{Opened, Session},
};

#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Show a document
    Get(GetArgs),
    /// Change the staged document
    Patch(PatchArgs),
    /// Replace the staged document by a file, such as a hand edit that was set aside
    Import(ImportArgs),
    /// Show how the staged document differs from the active one
    Diff(LineageArgs),
    /// Make the staged document the active one, as the next patch version
    Promote(PromoteArgs),
    /// Make the staged document what the active one is
    Discard(DiscardArgs),
    /// Bring an earlier version's document back, and withdraw the active version
    Rollback(RollbackArgs),
    /// Hold `active` at a version, or let it go
    Pin(PinArgs),
    /// Show what changed, newest first
    History(HistoryArgs),
}

impl StateCommand {
    fn changes_what_is_served(&self) -> bool {
        matches!(self, Self::Promote(_) | Self::Rollback(_) | Self::Pin(_))
    }
}

#[derive(Args, Clone, Debug)]
pub(crate) struct LineageArgs {
    /// The branch of evolution
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub(crate) lineage: LineageName,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct GetArgs {
    /// `staging` or `active`
    pub(crate) document: Target,
    #[command(flatten)]
    pub(crate) lineage: LineageArgs,
    /// The active document of this version, as it was released
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<Version>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct PatchArgs {
    /// Only `staging` can be changed
    pub(crate) document: Target,
    /// An RFC 7396 merge patch, or @FILE
    #[arg(
        long,
        value_name = "JSON",
        required_unless_present = "patch",
        conflicts_with = "patch"
    )]
    pub(crate) merge: Option<String>,
    /// RFC 6902 operations, or @FILE
    #[arg(long, value_name = "JSON")]
    pub(crate) patch: Option<String>,
    /// Only if the document is still at this revision
    #[arg(long, value_name = "N")]
    pub(crate) if_revision: Option<u64>,
    #[command(flatten)]
    pub(crate) by: AuthorArgs,
    #[command(flatten)]
    pub(crate) lineage: LineageArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ImportArgs {
    /// A JSON file
    pub(crate) file: PathBuf,
    /// The revision that the file was made from
    #[arg(long, value_name = "N")]
    pub(crate) if_revision: Option<u64>,
    #[command(flatten)]
    pub(crate) by: AuthorArgs,
    #[command(flatten)]
    pub(crate) lineage: LineageArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct PromoteArgs {
    /// Even if that state was active or withdrawn a few releases ago
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) staged: DiscardArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct DiscardArgs {
    /// Only if staging is still at this revision
    #[arg(long, value_name = "N")]
    pub(crate) if_revision: Option<u64>,
    #[command(flatten)]
    pub(crate) by: AuthorArgs,
    #[command(flatten)]
    pub(crate) lineage: LineageArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct RollbackArgs {
    /// The version to bring back [default: the last known good one]
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<Version>,
    #[command(flatten)]
    pub(crate) by: AuthorArgs,
    #[command(flatten)]
    pub(crate) lineage: LineageArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct PinArgs {
    /// The version to hold
    #[arg(required_unless_present = "clear", conflicts_with = "clear")]
    pub(crate) version: Option<Version>,
    /// Follow the releases again
    #[arg(long)]
    pub(crate) clear: bool,
    #[command(flatten)]
    pub(crate) by: AuthorArgs,
    #[command(flatten)]
    pub(crate) lineage: LineageArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct HistoryArgs {
    /// At most this many changes
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Only what came before this event
    #[arg(long, value_name = "SEQ")]
    pub(crate) before: Option<u64>,
    #[command(flatten)]
    pub(crate) lineage: LineageArgs,
}

/// What a change says about itself.
#[derive(Args, Clone, Debug)]
pub(crate) struct AuthorArgs {
    /// Who changes it, for the ledger
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<Label>,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Counts once however often it is sent
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<IdempotencyKey>,
}

impl AuthorArgs {
    pub(crate) fn author(&self) -> Author {
        Author {
            context: Context {
                agent: self.agent.clone(),
                ..Context::of(AgentRole::Operator)
            },
            key: self.key.clone(),
            reason: self.reason.clone(),
            ..Author::default()
        }
    }
}

pub(crate) fn run(session: &Session, command: StateCommand) -> Result<(), Failure> {
    let opened = session.journal()?;
    session.work_on(opened, async |opened| {
        perform(session, opened, command).await
    })
}

async fn perform(session: &Session, opened: &Opened, command: StateCommand) -> Result<(), Failure> {
    let manager = StateManager::new(opened.journal.clone(), Arc::new(Timestamp::now));
    begin(session, opened, &manager).await?;
    if !command.changes_what_is_served() {
        return dispatch(session, opened, &manager, command).await;
    }
    let before = Before::look(opened).await?;
    dispatch(session, opened, &manager, command).await?;
    before.wait(session, opened).await
}

async fn dispatch(
    session: &Session,
    opened: &Opened,
    manager: &StateManager,
    command: StateCommand,
) -> Result<(), Failure> {
    match command {
        StateCommand::Get(args) => read::get(session, manager, args).await,
        StateCommand::Diff(args) => read::diff(session, manager, args).await,
        StateCommand::History(args) => read::history(session, manager, args).await,
        StateCommand::Patch(args) => write::patch(session, manager, args).await,
        StateCommand::Import(args) => write::import(session, manager, args).await,
        StateCommand::Promote(args) => moves::promote(session, opened, manager, args).await,
        StateCommand::Discard(args) => moves::discard(session, manager, args).await,
        StateCommand::Rollback(args) => moves::roll_back(session, opened, manager, args).await,
        StateCommand::Pin(args) => moves::pin(session, manager, args).await,
    }
}

/// In a workspace that was never served, `main` begins now.
async fn begin(session: &Session, opened: &Opened, manager: &StateManager) -> Result<(), Failure> {
    let main = LineageName::default();
    if !manager.lineages().await?.contains(&main) {
        let releasing = Releasing::of(session, opened, manager)?;
        releasing.begin(None).await?;
        releasing.send(session.output).await;
    }
    Ok(())
}
