//! `state get|diff|history`

use std::collections::BTreeMap;

use model::event::time_text;
use semver::Version;
use serde::Serialize;
use serde_json::Value;
use state::{HistoryEntry, StateManager, Target};

use super::{GetArgs, HistoryArgs, LineageArgs, answer};
use crate::{failure::Failure, session::Session};

pub(super) async fn get(
    session: &Session,
    manager: &StateManager,
    args: GetArgs,
) -> Result<(), Failure> {
    let lineage = &args.lineage.lineage;
    let document = match (&args.version, args.document) {
        (None, target) => manager.document(lineage, target).await?,
        (Some(version), Target::Active) => manager.document_of(lineage, version).await?,
        (Some(_), Target::Staging) => {
            return Err(Failure::usage("a version has an active document alone")
                .with_hint("leave --version away, or ask for `active`".to_owned()));
        }
    };
    answer::show(session, &document)
}

#[derive(Serialize)]
struct Diff {
    lineage: String,
    from: Target,
    to: Target,
    staging_revision: u64,
    active_revision: u64,
    patch: json_patch::Patch,
}

pub(super) async fn diff(
    session: &Session,
    manager: &StateManager,
    args: LineageArgs,
) -> Result<(), Failure> {
    let lineage = &args.lineage;
    let root = manager.root(lineage).await?;
    let diff = Diff {
        lineage: lineage.to_string(),
        from: Target::Active,
        to: Target::Staging,
        staging_revision: root.staging.revision,
        active_revision: root.active.revision,
        patch: manager.diff(lineage).await?,
    };
    session.output.answer(&diff, |diff| {
        if diff.patch.is_empty() {
            return "staging is what active is".to_owned();
        }
        let operations = diff.patch.iter();
        let lines: Vec<String> = operations.map(ToString::to_string).collect();
        lines.join("\n")
    })
}

#[derive(Serialize)]
struct History {
    lineage: String,
    history: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    seq: u64,
    time: String,
    r#type: String,
    change: Value,
    version: String,
    staging_revision: u64,
    active_revision: u64,
    /// Aliases that the change left held at a version.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pins: BTreeMap<String, Version>,
    by: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    reason: Value,
}

impl From<HistoryEntry> for Entry {
    fn from(entry: HistoryEntry) -> Self {
        let event = &entry.event;
        let context = &event.context;
        let agent = context.agent.as_ref();
        Self {
            seq: event.seq,
            time: time_text(event.time),
            r#type: event.kind.to_string(),
            change: event.data["change"].clone(),
            version: entry.root.version.to_string(),
            staging_revision: entry.root.staging.revision,
            active_revision: entry.root.active.revision,
            pins: entry.root.pins,
            by: agent
                .map_or(context.role.as_str(), |agent| agent.as_str())
                .to_owned(),
            reason: event.data["reason"].clone(),
        }
    }
}

impl Entry {
    fn line(&self) -> String {
        let reason = self.reason.as_str().map(|reason| format!("  {reason}"));
        let pins = self.pins.iter();
        let pins: Vec<String> = pins
            .map(|(alias, version)| format!("  ({alias} pinned at {version})"))
            .collect();
        let pins = pins.concat();
        format!(
            "{:>8}  {}  {:<8}  {:<8}  staging {:<5} active {:<5} {}{}{pins}",
            self.seq,
            self.time,
            self.change.as_str().unwrap_or_default(),
            self.version,
            self.staging_revision,
            self.active_revision,
            self.by,
            reason.unwrap_or_default()
        )
    }
}

pub(super) async fn history(
    session: &Session,
    manager: &StateManager,
    args: HistoryArgs,
) -> Result<(), Failure> {
    let lineage = &args.lineage.lineage;
    let entries = manager.history(lineage, args.before, args.limit).await?;
    let history = History {
        lineage: lineage.to_string(),
        history: entries.into_iter().map(Entry::from).collect(),
    };
    session.output.answer(&history, |history| {
        let lines: Vec<String> = history.history.iter().map(Entry::line).collect();
        lines.join("\n")
    })
}
