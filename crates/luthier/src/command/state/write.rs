//! `state patch|import`

use std::path::Path;

use serde_json::Value;
use state::{Change, StateManager, Target};

use super::{ImportArgs, PatchArgs, answer};
use crate::{
    exit::Exit,
    failure::Failure,
    session::Session,
    workspace::{parse_json, read_json},
};

pub(super) async fn patch(
    session: &Session,
    manager: &StateManager,
    args: PatchArgs,
) -> Result<(), Failure> {
    if args.document == Target::Active {
        let message = "only the staged state can be changed";
        return Err(Failure::new("active_is_immutable", Exit::Invalid, message)
            .with_hint("patch `staging`, then `luthier state promote`".to_owned()));
    }
    let change = match (&args.merge, &args.patch) {
        (Some(merge), _) => Change::Merge(json_of(session, merge, "--merge")?),
        (None, Some(patch)) => Change::patch(json_of(session, patch, "--patch")?)?,
        (None, None) => return Err(Failure::usage("give --merge or --patch")),
    };
    let lineage = &args.lineage.lineage;
    let author = args.by.author();
    let written = manager
        .request(lineage, None, change, args.if_revision, &author)
        .await?;
    answer::written(session, &written, "patched")
}

/// The argument itself, or the file that it names after an `@`.
fn json_of(session: &Session, argument: &str, flag: &str) -> Result<Value, Failure> {
    match argument.strip_prefix('@') {
        Some(file) => read_json(&session.environment.folder.join(Path::new(file))),
        None => parse_json(argument.as_bytes(), &format!("the value of {flag}")),
    }
}

pub(super) async fn import(
    session: &Session,
    manager: &StateManager,
    args: ImportArgs,
) -> Result<(), Failure> {
    let value = read_json(&session.environment.folder.join(&args.file))?;
    let lineage = &args.lineage.lineage;
    let author = args.by.author();
    let written = manager
        .request(lineage, None, Change::Set(value), args.if_revision, &author)
        .await?;
    answer::written(session, &written, "imported")
}
