//! `state promote|discard|rollback|pin`

use model::LineageName;
use release::{Ground, Terms};
use state::{Root, StateManager, Written};

use super::{DiscardArgs, PinArgs, PromoteArgs, RollbackArgs, answer};
use crate::{
    failure::Failure,
    releasing::{Releasing, order},
    session::{Opened, Session},
};

pub(super) async fn promote(
    session: &Session,
    opened: &Opened,
    manager: &StateManager,
    PromoteArgs {
        force,
        staged: args,
    }: PromoteArgs,
) -> Result<(), Failure> {
    let lineage = &args.lineage.lineage;
    if !is_in_git(manager, lineage).await? {
        let author = args.by.author();
        let promoted = manager.promote(lineage, args.if_revision, &author).await?;
        return released(session, manager, &promoted, "promoted").await;
    }
    let releasing = Releasing::of(session, opened, manager)?;
    let order = order(Some(args.by.author()));
    let policy = &opened.configured.config.tuner.tuner.policy;
    let terms = Terms {
        base: args.if_revision,
        ground: Ground::Asked,
        canary_share: policy.canary_share,
        steadiness: (!force).then_some(policy.steadiness),
    };
    let promoted = (releasing.releaser)
        .promote_on(lineage, &terms, &order, &*releasing.prover)
        .await?;
    released(session, manager, &promoted.written, "promoted").await?;
    releasing.send(session.output).await;
    Ok(())
}

pub(super) async fn discard(
    session: &Session,
    manager: &StateManager,
    args: DiscardArgs,
) -> Result<(), Failure> {
    let author = args.by.author();
    let written = manager
        .discard_staging(&args.lineage.lineage, args.if_revision, &author)
        .await?;
    answer::written(session, &written, "discarded")
}

pub(super) async fn roll_back(
    session: &Session,
    opened: &Opened,
    manager: &StateManager,
    args: RollbackArgs,
) -> Result<(), Failure> {
    let lineage = &args.lineage.lineage;
    if !is_in_git(manager, lineage).await? {
        let author = args.by.author();
        let back = manager.roll_back(lineage, args.to, &author).await?;
        return released(session, manager, &back, "rolled back").await;
    }
    let releasing = Releasing::of(session, opened, manager)?;
    let order = order(Some(args.by.author()));
    let back = (releasing.releaser)
        .roll_back(lineage, args.to.as_ref(), &order)
        .await?;
    released(session, manager, &back.written, "rolled back").await?;
    releasing.send(session.output).await;
    Ok(())
}

/// Are its versions commits? Those that `luthier dev` makes of a working tree are not.
async fn is_in_git(manager: &StateManager, lineage: &LineageName) -> Result<bool, Failure> {
    let root = manager.root(lineage).await?;
    Ok(root.code.is_some_and(|code| code.commit.is_some()))
}

/// Shows a release, and what `active` serves if it does not follow.
async fn released(
    session: &Session,
    manager: &StateManager,
    written: &Written,
    done: &str,
) -> Result<(), Failure> {
    let root = manager.root(&written.document.lineage).await?;
    let stays = answer::Stays {
        pinned: root.pins.get(Root::ACTIVE).cloned(),
        canary: root.canary,
    };
    answer::released(session, written, done, stays)
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
