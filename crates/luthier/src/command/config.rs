//! `luthier config …`

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use supervision::{ServiceSettings, SettingError, SettingValue, check_setting};

use crate::{
    adjust,
    config::{Key, Origin, Settings, keys},
    failure::Failure,
    ledger,
    session::{Opened, Session, Unopened},
    up::catalogue,
};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every key and what holds
    Show(ShowArgs),
    /// List what can be adjusted while `luthier up` runs, with bounds
    Settings,
    /// Adjust a setting of a service, now and after restarts
    Set(SetArgs),
    /// Take an adjustment back, so that the configuration decides again
    Unset(UnsetArgs),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ShowArgs {
    /// Say where each value is from
    #[arg(long)]
    origin: bool,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct SetArgs {
    /// Such as `supervision.health_interval_ms`
    #[arg(value_name = "SERVICE.NAME")]
    path: String,
    #[arg(allow_negative_numbers = true)]
    value: String,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct UnsetArgs {
    #[arg(value_name = "SERVICE.NAME")]
    path: String,
}

pub(crate) fn run(session: &Session, command: ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Show(args) => show(session, &args),
        ConfigCommand::Settings => settings(session),
        ConfigCommand::Set(args) => {
            let checked = check_setting(&catalogue(), &args.path, &args.value)?;
            change(session, checked.service, checked.name, Some(checked.value))
        }
        ConfigCommand::Unset(args) => {
            let (service, name) = find(&args.path)?;
            change(session, service, name, None)
        }
    }
}

/// The setting that a path names.
fn find(path: &str) -> Result<(&'static str, &'static str), Failure> {
    let catalogue = catalogue();
    let specs = catalogue
        .iter()
        .flat_map(|known| known.settings.iter().map(move |spec| (known.service, spec)));
    let mut named = specs.filter(|(service, spec)| format!("{service}.{}", spec.name) == path);
    if let Some((service, spec)) = named.next() {
        return Ok((service, spec.name));
    }
    // The check of any value finds what is wrong with the path first.
    let refused: Result<_, SettingError> = check_setting(&catalogue, path, "");
    Err(refused.map_or_else(Failure::from, |_| Failure::usage("no such setting")))
}

fn change(
    session: &Session,
    service: &'static str,
    name: &'static str,
    value: Option<SettingValue>,
) -> Result<(), Failure> {
    let opened = session.journal()?;
    let committed = session.work_on(opened, async |opened| {
        adjust::write(&*opened.journal, service, name, value).await
    })?;
    let event = &committed.event;
    let answer = json!({
        "service": service,
        "setting": name,
        "value": value,
        "previous": event.data["previous"],
        "seq": event.seq,
    });
    session.output.answer(&answer, |_| match value {
        Some(value) => format!("{service}.{name} is {value} (event {})", event.seq),
        None => format!(
            "{service}.{name} is what is configured (event {})",
            event.seq
        ),
    })
}

fn settings(session: &Session) -> Result<(), Failure> {
    let catalogue = catalogue();
    session
        .output
        .answer(&json!({ "services": catalogue }), |_| {
            catalogue.iter().map(text_of_service).collect()
        })
}

fn text_of_service(known: &ServiceSettings) -> String {
    let keys = keys();
    let mut text = String::new();
    for spec in known.settings {
        let path = format!("{}.{}", known.service, spec.name);
        let takes = keys
            .iter()
            .find(|key| key.path == path)
            .map_or_else(String::new, |key| key.kind.takes());
        writeln!(
            text,
            "{path}\n    {} {takes}; default {}",
            spec.description,
            spec.default_value()
        )
        .expect("writing to a String cannot fail");
    }
    text
}

fn show(session: &Session, args: &ShowArgs) -> Result<(), Failure> {
    let configured = session.configure(Vec::new())?;
    let mut settings = configured.settings.clone();
    if let Ok(data) = configured.data(session)
        && ledger::is_there(&configured.config, &data)
    {
        let opened = Unopened { configured, data };
        session.work_on(opened, async |opened| {
            lay_adjustments(opened, &mut settings).await
        })?;
    }
    let shown: Vec<Value> = keys().iter().map(|key| entry(key, &settings)).collect();
    session.output.answer(&json!({ "config": shown }), |_| {
        let lines: Vec<String> = shown
            .iter()
            .map(|entry| line_of(entry, args.origin))
            .collect();
        lines.join("\n")
    })
}

async fn lay_adjustments(opened: &Opened, settings: &mut Settings) -> Result<(), Failure> {
    for known in catalogue() {
        let Some((seq, adjusted)) = adjust::load(&*opened.journal, known.service).await? else {
            continue;
        };
        for (name, value) in adjusted {
            settings.adjust(&format!("{}.{name}", known.service), json!(value), seq);
        }
    }
    Ok(())
}

fn entry(key: &Key, settings: &Settings) -> Value {
    let value = settings.value(&key.path);
    let value = match value {
        Value::Array(items) if key.is_secret => items.iter().map(|_| "(hidden)").collect(),
        Value::String(text) if key.is_secret && !text.is_empty() => json!("(hidden)"),
        value => value.clone(),
    };
    let origin = settings.origin(&key.path);
    json!({ "key": key.path, "value": value, "origin": origin_json(origin) })
}

fn origin_json(origin: &Origin) -> Value {
    match origin {
        Origin::Flag(flag) => json!({ "kind": "flag", "flag": flag }),
        Origin::Variable(name) => json!({ "kind": "variable", "name": name }),
        Origin::File { path, line } => json!({ "kind": "file", "path": path, "line": line }),
        Origin::Default => json!({ "kind": "default" }),
        Origin::Ledger { seq } => json!({ "kind": "ledger", "seq": seq }),
    }
}

fn line_of(entry: &Value, has_origin: bool) -> String {
    let key = entry["key"].as_str().unwrap_or_default();
    let line = format!("{key} = {}", entry["value"]);
    if !has_origin {
        return line;
    }
    let origin = &entry["origin"];
    let text = |name: &str| origin[name].as_str().unwrap_or_default().to_owned();
    let from = match origin["kind"].as_str() {
        Some("flag") => format!("flag {}", text("flag")),
        Some("variable") => format!("variable {}", text("name")),
        Some("file") => format!("{}:{}", text("path"), origin["line"]),
        Some("ledger") => format!("config set (event {})", origin["seq"]),
        _ => "default".to_owned(),
    };
    format!("{line:<52} # {from}")
}
