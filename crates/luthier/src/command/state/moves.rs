//! `state promote|discard|rollback|pin`

use state::{Root, StateManager, Written};

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
    released(session, manager, &written, "promoted").await
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
    released(session, manager, &written, "rolled back").await
}

/// Shows a release, and the version that `active` is held at whatever is released.
async fn released(
    session: &Session,
    manager: &StateManager,
    written: &Written,
    done: &str,
) -> Result<(), Failure> {
    let root = manager.root(&written.document.lineage).await?;
    let pinned = root.pins.get(Root::ACTIVE).cloned();
    answer::released(session, written, done, pinned)
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
