//! `luthier release`: what a person committed becomes a version.

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use model::LineageName;
use release::{Offered, Released};
use serde::Serialize;
use state::StateManager;

use crate::{
    command::state::{AuthorArgs, LineageArgs, served::Before},
    exit::Exit,
    failure::Failure,
    releasing::Releasing,
    session::{Opened, Session},
};

#[derive(Args, Clone, Debug)]
pub(crate) struct ReleaseArgs {
    /// A commit of the workspace, by 7 or more digits of its hash [default: what is checked out; the
    /// folder where that is not in git]
    #[arg(value_name = "COMMIT")]
    pub(crate) commit: Option<String>,
    /// What changed, for people [default: what the commit says]
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    #[command(flatten)]
    pub(crate) by: AuthorArgs,
    #[command(flatten)]
    pub(crate) lineage: LineageArgs,
}

/// A release, as `--json` prints it.
#[derive(Serialize)]
struct Answer {
    lineage: String,
    version: String,
    commit: Option<String>,
    bump: String,
    reasons: Vec<String>,
    tests: String,
}

pub(crate) fn run(session: &Session, args: &ReleaseArgs) -> Result<(), Failure> {
    let opened = session.journal()?;
    session.work_on(opened, async |opened| release(session, opened, args).await)
}

async fn release(session: &Session, opened: &Opened, args: &ReleaseArgs) -> Result<(), Failure> {
    let manager = StateManager::new(opened.journal.clone(), Arc::new(Timestamp::now));
    let releasing = Releasing::of(session, opened, &manager)?;
    let before = Before::look(opened).await?;
    let released = released(&releasing, &manager, args).await?;
    tell(session, &args.lineage.lineage, &released)?;
    before.wait(session, opened).await?;
    releasing.send(session.output).await;
    Ok(())
}

async fn released(
    releasing: &Releasing,
    manager: &StateManager,
    args: &ReleaseArgs,
) -> Result<Released, Failure> {
    let offered = match &args.commit {
        Some(commit) => Some(Offered::Commit(find(releasing, commit)?)),
        None => releasing.offered().await?,
    };
    let offered = offered.ok_or_else(|| {
        Failure::usage("there is no workspace to release from: name one with --workspace")
    })?;
    let mut order = releasing.order(&offered, Some(args.by.author()))?;
    if let Some(message) = &args.message {
        order.text.clone_from(message);
    }
    let lineage = &args.lineage.lineage;
    if *lineage == LineageName::default() && !manager.lineages().await?.contains(lineage) {
        let first = releasing.begin(Some((offered.clone(), order.clone())));
        if let Some(first) = first.await? {
            return Ok(first);
        }
    }
    let prover = &*releasing.prover;
    let next = releasing
        .releaser
        .release(lineage, &offered, &order, prover);
    Ok(next.await?)
}

/// A commit of the workspace, by its hash or the beginning of it.
fn find(releasing: &Releasing, commit: &str) -> Result<repo::CommitId, Failure> {
    let unknown = |error: &dyn std::error::Error| {
        let message = format!("there is no commit `{commit}`: {error}");
        let failure = Failure::new("unknown_commit", Exit::NotFound, message);
        failure.with_hint("name it by 7 or more digits of its hash".to_owned())
    };
    let reference = commit.parse().map_err(|error| unknown(&error))?;
    let resolved = releasing.releaser.repo().resolve(&reference);
    Ok(resolved.map_err(|error| unknown(&error))?.commit)
}

fn tell(session: &Session, lineage: &LineageName, released: &Released) -> Result<(), Failure> {
    let answer = Answer {
        lineage: lineage.to_string(),
        version: released.version.to_string(),
        commit: released.commit.clone(),
        bump: released.bump.to_string(),
        reasons: released.reasons.clone(),
        tests: released.tests.to_string(),
    };
    session.output.answer(&answer, |answer| {
        let mut lines = vec![format!(
            "released: {} is version {} ({}), tests {}",
            answer.lineage, answer.version, answer.bump, answer.tests
        )];
        lines.extend(answer.reasons.iter().map(|reason| format!("  {reason}")));
        lines.join("\n")
    })
}
