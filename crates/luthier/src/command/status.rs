//! `luthier status`

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use state::{Canary, StateManager};

use crate::{
    failure::Failure,
    ledger,
    session::{Opened, Session, Unopened, journal_path},
    up::{Running, ask, find_running},
};

#[derive(Serialize)]
struct Status {
    workspace: Option<String>,
    data: String,
    running: Option<Running>,
    /// Processes that serve the same folder beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<Running>,
    /// What `/readyz` says, of a server that runs.
    ready: Option<bool>,
    #[serde(skip_serializing_if = "Value::is_null")]
    reasons: Value,
    /// How each of its services is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    services: Vec<ServiceStatus>,
    journal: Option<JournalStatus>,
    /// A `luthier dev` of the same workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    dev: Option<DevStatus>,
}

#[derive(Serialize)]
struct DevStatus {
    #[serde(flatten)]
    running: Running,
    #[serde(flatten)]
    readiness: Readiness,
}

/// What a server says of itself.
#[derive(Default, Serialize)]
struct Readiness {
    ready: bool,
    #[serde(skip_serializing_if = "Value::is_null")]
    reasons: Value,
    services: Vec<ServiceStatus>,
}

#[derive(Serialize, Deserialize)]
struct ServiceStatus {
    name: String,
    status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct JournalStatus {
    path: String,
    /// Of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    newest: u64,
    lineages: Vec<LineageStatus>,
}

#[derive(Serialize)]
struct LineageStatus {
    lineage: String,
    version: String,
    last_known_good: String,
    staging_revision: u64,
    active_revision: u64,
    is_staging_changed: bool,
    /// What is on trial, and what `active` serves meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<Canary>,
    /// Aliases that are held at a version, whatever is released.
    pins: BTreeMap<String, Version>,
}

pub(crate) fn run(session: &Session) -> Result<(), Failure> {
    let (configured, data) = session.data()?;
    let mut servers = find_running(&data)?.into_iter();
    let running = servers.next();
    let mut status = Status {
        workspace: configured
            .workspace
            .as_ref()
            .map(|folder| folder.display().to_string()),
        data: data.display().to_string(),
        ready: None,
        reasons: Value::Null,
        services: Vec::new(),
        journal: None,
        dev: find_running(&configured.dev_data())?
            .into_iter()
            .next()
            .map(DevStatus::of),
        running,
        beside: servers.collect(),
    };
    if ledger::is_there(&configured.config, &data) {
        let opened = Unopened { configured, data };
        status.journal = Some(session.work_on(opened, look)?);
    }
    if let Some(url) = url_of(status.running.as_ref()) {
        let readiness = readiness(session, url)?;
        status.ready = Some(readiness.ready);
        status.reasons = readiness.reasons;
        status.services = readiness.services;
    }
    if let Some(dev) = &mut status.dev
        && let Some(url) = &dev.running.url
    {
        dev.readiness = readiness(session, url)?;
    }
    session.output.answer(&status, text_of)
}

impl DevStatus {
    fn of(running: Running) -> Self {
        let readiness = Readiness::default();
        Self { running, readiness }
    }
}

fn url_of(running: Option<&Running>) -> Option<&str> {
    running.and_then(|running| running.url.as_deref())
}

fn readiness(session: &Session, url: &str) -> Result<Readiness, Failure> {
    let answered = session.block_on(async { Ok(ask(url, "/readyz").await) })?;
    let ready = answered.as_ref().is_ok_and(|answer| answer.status == 200);
    let body = answered.map(|answer| answer.body).unwrap_or_default();
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    Ok(Readiness {
        ready,
        reasons: body["reasons"].clone(),
        services: Vec::deserialize(&body["services"]).unwrap_or_default(),
    })
}

async fn look(opened: &Opened) -> Result<JournalStatus, Failure> {
    let (path, bytes) = if let Some(nats) = &opened.configured.config.journal.nats {
        (format!("the stream `{}`", nats.stream), None)
    } else {
        let path = journal_path(&opened.data);
        let found = std::fs::metadata(&path)
            .map_err(|error| Failure::io(&format!("look at `{}`", path.display()), error))?;
        (path.display().to_string(), Some(found.len()))
    };
    let journal = opened.journal.clone();
    let manager = StateManager::new(journal.clone(), Arc::new(Timestamp::now));
    let mut lineages = Vec::new();
    for lineage in manager.lineages().await? {
        let root = manager.root(&lineage).await?;
        lineages.push(LineageStatus {
            lineage: lineage.to_string(),
            version: root.version.to_string(),
            last_known_good: root.last_known_good.to_string(),
            staging_revision: root.staging.revision,
            active_revision: root.active.revision,
            is_staging_changed: root.staging.hash != root.active.hash,
            canary: root.canary,
            pins: root.pins,
        });
    }
    Ok(JournalStatus {
        path,
        bytes,
        newest: journal.newest().await?,
        lineages,
    })
}

fn text_of(status: &Status) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        writeln!(text, "{name:<10} {value}").expect("writing to a String cannot fail");
    };
    if let Some(workspace) = &status.workspace {
        line("workspace", workspace.clone());
    }
    line("data", status.data.clone());
    match &status.running {
        None => line("server", "not running".to_owned()),
        Some(running) => {
            let ready = match status.ready {
                Some(true) => "ready",
                Some(false) => "not ready",
                None => "starting",
            };
            let url = running.url.as_deref().unwrap_or("no address yet");
            line("server", format!("{ready}: {url} (pid {})", running.pid));
            for service in &status.services {
                let reason = service.reason.as_ref();
                let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
                let (name, status) = (&service.name, &service.status);
                line("service", format!("{name} {status}{reason}"));
            }
        }
    }
    for running in &status.beside {
        let url = running.url.as_deref().unwrap_or("no address yet");
        line("beside", format!("{url} (pid {})", running.pid));
    }
    if let Some(dev) = &status.dev {
        let ready = if dev.readiness.ready {
            "ready"
        } else {
            "not ready"
        };
        let url = dev.running.url.as_deref().unwrap_or("no address yet");
        line("dev", format!("{ready}: {url} (pid {})", dev.running.pid));
        for service in &dev.readiness.services {
            if let Some(reason) = &service.reason {
                line(
                    "dev",
                    format!("{} {}: {reason}", service.name, service.status),
                );
            }
        }
    }
    let Some(journal) = &status.journal else {
        line("journal", "none yet".to_owned());
        return text;
    };
    line(
        "journal",
        match journal.bytes {
            Some(bytes) => format!("{} events, {bytes} bytes", journal.newest),
            None => format!("{} events in {}", journal.newest, journal.path),
        },
    );
    for lineage in &journal.lineages {
        line("lineage", line_of(lineage));
    }
    text
}

fn line_of(lineage: &LineageStatus) -> String {
    let changed = if lineage.is_staging_changed {
        ", staging differs"
    } else {
        ""
    };
    let pins = lineage.pins.iter();
    let pins: Vec<String> = pins
        .map(|(alias, version)| format!(", {alias} pinned at {version}"))
        .collect();
    let pins = pins.concat();
    let good = if lineage.last_known_good == lineage.version {
        String::new()
    } else {
        format!(", last known good {}", lineage.last_known_good)
    };
    let canary = lineage.canary.as_ref();
    let trial = canary.map(|canary| format!(", on trial, active stays at {}", canary.stays));
    let trial = trial.unwrap_or_default();
    format!(
        "{} {} (staging r{}, active r{}{changed}{trial}{good}{pins})",
        lineage.lineage, lineage.version, lineage.staging_revision, lineage.active_revision
    )
}
