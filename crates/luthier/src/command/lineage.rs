//! `luthier lineage …`: the branches of evolution.

use std::sync::Arc;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use model::LineageName;
use semver::Version;
use serde::Serialize;
use state::{Root, StateManager};

use crate::{
    command::state::AuthorArgs,
    failure::Failure,
    session::{Opened, Session},
};

#[derive(Debug, Subcommand)]
pub(crate) enum LineageCommand {
    /// List the branches of evolution
    List,
    /// Open one at a version, or find the one that was opened there before
    Fork(ForkArgs),
    /// End one: its versions stay, and nothing is added to it
    Close(CloseArgs),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ForkArgs {
    /// The version to begin at
    #[arg(value_name = "AT")]
    pub(crate) at: Version,
    /// The lineage that has it
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub(crate) lineage: LineageName,
    #[command(flatten)]
    pub(crate) by: AuthorArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct CloseArgs {
    pub(crate) lineage: LineageName,
    #[command(flatten)]
    pub(crate) by: AuthorArgs,
}

/// A lineage, as `--json` prints it.
#[derive(Serialize)]
struct Answer {
    lineage: String,
    version: String,
    serving: String,
    withdrawn: Vec<String>,
    closed: bool,
}

impl Answer {
    fn of(lineage: &LineageName, root: &Root) -> Self {
        Self {
            lineage: lineage.to_string(),
            version: root.version.to_string(),
            serving: root.serving_version().to_string(),
            withdrawn: root.withdrawn.iter().map(ToString::to_string).collect(),
            closed: root.is_closed,
        }
    }

    fn line(&self) -> String {
        let pinned = if self.serving == self.version {
            String::new()
        } else {
            format!(", pinned at {}", self.serving)
        };
        let closed = if self.closed { ", closed" } else { "" };
        format!("{} {}{pinned}{closed}", self.lineage, self.version)
    }
}

pub(crate) fn run(session: &Session, command: LineageCommand) -> Result<(), Failure> {
    let opened = session.find_journal()?;
    session.work_on(opened, async |opened| {
        perform(session, opened, command).await
    })
}

async fn perform(
    session: &Session,
    opened: &Opened,
    command: LineageCommand,
) -> Result<(), Failure> {
    let manager = StateManager::new(opened.journal.clone(), Arc::new(Timestamp::now));
    match command {
        LineageCommand::List => {
            let mut all = Vec::new();
            for lineage in manager.lineages().await? {
                all.push(Answer::of(&lineage, &manager.root(&lineage).await?));
            }
            let answer = serde_json::json!({ "lineages": all });
            session.output.answer(&answer, |_| {
                all.iter().map(Answer::line).collect::<Vec<_>>().join("\n")
            })
        }
        LineageCommand::Fork(args) => {
            let author = args.by.author();
            let name = manager.fork(&args.lineage, &args.at, &author).await?;
            let answer = Answer::of(&name, &manager.root(&name).await?);
            session.output.answer(&answer, Answer::line)
        }
        LineageCommand::Close(args) => {
            let root = manager.close(&args.lineage, &args.by.author()).await?;
            let answer = Answer::of(&args.lineage, &root);
            session.output.answer(&answer, Answer::line)
        }
    }
}
