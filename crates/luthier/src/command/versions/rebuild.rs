//! `versions rebuild`

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use state::StateManager;

use crate::{
    failure::Failure,
    releasing::Releasing,
    session::{Opened, Session},
};

pub(super) async fn run(session: &Session, opened: &Opened) -> Result<(), Failure> {
    let manager = StateManager::new(opened.journal.clone(), Arc::new(Timestamp::now));
    let releasing = Releasing::of(session, opened, &manager)?;
    let mut versions = Vec::new();
    let rebuilt = releasing
        .releaser
        .rebuild(|version| versions.push(version.to_owned()));
    rebuilt.await?;
    let answer = json!({ "versions": versions });
    session.output.answer(&answer, |_| match versions.last() {
        None => "the journal has every version that git has".to_owned(),
        Some(last) => format!("rebuilt: {} versions, {last} the newest", versions.len()),
    })
}
