//! `luthier ledger …`: read, prove, replay and copy the log of everything.

mod archive;
mod copy;
mod filter;
mod migrate;
mod prove;
mod query;
mod replay;
mod tail;

use clap::Subcommand;

use self::{
    archive::ArchiveArgs,
    copy::{ExportArgs, ForkArgs},
    filter::FilterArgs,
    migrate::MigrateArgs,
    query::QueryArgs,
    replay::ReplayArgs,
    tail::TailArgs,
};
use crate::{
    exit::Exit,
    failure::Failure,
    session::{Opened, Session},
};

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    #[command(flatten)]
    OfData(Box<DataCommand>),
    /// Copy the ledger to NATS `JetStream` or back, and compare every event
    Migrate(MigrateArgs),
}

/// What is done with the ledger of the data folder.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Show the newest events, and what comes
    Tail(TailArgs),
    /// Show the events of a kind, or ask in SQL
    Query(QueryArgs),
    /// Prove that nothing was changed, dropped, reordered or cut, or name the place
    Verify,
    /// Write code and state as they stood at one place
    Replay(ReplayArgs),
    /// Copy the beginning of the ledger to a new data folder
    Fork(ForkArgs),
    /// Write events for other tools
    Export(ExportArgs),
    /// Seal what no seal covers yet, and remember the seal in the vault
    Seal,
    /// Move old sealed events to archives in the vault, where they are still read
    Archive(ArchiveArgs),
}

pub(crate) fn run(session: &Session, command: LedgerCommand) -> Result<Exit, Failure> {
    let command = match command {
        LedgerCommand::OfData(command) => *command,
        LedgerCommand::Migrate(args) => {
            migrate::run(session, &args)?;
            return Ok(Exit::Success);
        }
    };
    let opened = session.find_journal()?;
    session.work_on(opened, async |opened| {
        perform(session, opened, command).await
    })
}

async fn perform(
    session: &Session,
    opened: &Opened,
    command: DataCommand,
) -> Result<Exit, Failure> {
    match command {
        DataCommand::Tail(args) => tail::run(session, opened, args).await?,
        DataCommand::Query(args) => query::run(session, opened, args).await?,
        DataCommand::Verify => return prove::verify(session, opened).await,
        DataCommand::Replay(args) => replay::run(session, opened, args).await?,
        DataCommand::Fork(args) => copy::fork(session, opened, args).await?,
        DataCommand::Export(args) => copy::export(session, opened, args).await?,
        DataCommand::Seal => prove::seal(session, opened).await?,
        DataCommand::Archive(args) => archive::run(session, opened, args).await?,
    }
    Ok(Exit::Success)
}

/// An event as a line for a person.
pub(crate) fn line_of(event: &model::Event) -> String {
    let context = &event.context;
    let who = context
        .agent
        .as_ref()
        .map_or(context.role.as_str(), |agent| agent.as_str());
    let kind = event.kind.as_str();
    let kind = kind.strip_prefix("luthier.").unwrap_or(kind);
    let data = event.data.to_string();
    let mut end = data.len().min(DATA_BYTES_SHOWN_MAX);
    while !data.is_char_boundary(end) {
        end -= 1;
    }
    let more = if end < data.len() { "…" } else { "" };
    format!(
        "{:>8}  {}  {kind:<13}  {:<20}  {who:<10}  {}{more}",
        event.seq,
        model::event::time_text(event.time),
        event.subject.as_str(),
        &data[..end],
    )
}

/// A line shows the beginning of an event's data; `--json` has all of it.
const DATA_BYTES_SHOWN_MAX: usize = 80;
