//! `state promote|discard|rollback|pin`

use model::LineageName;
use semver::Version;
use state::StateManager;

use super::{PinArgs, PromoteArgs, RollbackArgs, answer};
use crate::{failure::Failure, session::Session};

pub(super) async fn promote(
    session: &Session,
    manager: &StateManager,
    args: PromoteArgs,
) -> Result<(), Failure> {
    let author = args.by.author();
    let written = manager
        .promote(&args.lineage.lineage, args.if_revision, &author)
        .await?;
    let pinned = pinned(manager, &args.lineage.lineage).await?;
    answer::released(session, &written, "promoted", pinned)
}

pub(super) async fn discard(
    session: &Session,
    manager: &StateManager,
    args: PromoteArgs,
) -> Result<(), Failure> {
    let author = args.by.author();
    let written = manager
        .discard_staging(&args.lineage.lineage, args.if_revision, &author)
        .await?;
    answer::written(session, &written, "discarded")
}

pub(super) async fn roll_back(
    session: &Session,
    manager: &StateManager,
    args: RollbackArgs,
) -> Result<(), Failure> {
    let author = args.by.author();
    let written = manager
        .roll_back(&args.lineage.lineage, args.to, &author)
        .await?;
    let pinned = pinned(manager, &args.lineage.lineage).await?;
    answer::released(session, &written, "rolled back", pinned)
}

/// The version that `active` is held at, whatever is released.
async fn pinned(manager: &StateManager, lineage: &LineageName) -> Result<Option<Version>, Failure> {
    Ok(manager.root(lineage).await?.pins.remove("active"))
}

pub(super) async fn pin(
    session: &Session,
    manager: &StateManager,
    args: PinArgs,
) -> Result<(), Failure> {
    let author = args.by.author();
    let document = manager
        .pin(&args.lineage.lineage, args.version, &author)
        .await?;
    answer::show(session, &document)
}
