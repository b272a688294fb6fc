//! `luthier doctor`

use journal::Journal as _;
use journal::OpenJournal as _;
use serde_json::{Value, json};

use crate::server::{Server, Workspace};

fn check(report: &Value, name: &str) -> Value {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    found
        .unwrap_or_else(|| panic!("no check {name} in {report}"))
        .clone()
}

#[test]
fn a_healthy_machine_passes_every_check() {
    let workspace = Workspace::new();
    workspace.write("luthier.toml", "name = \"bench\"\n[http]\nport = 0\n");
    Server::start_in(&workspace).stop();

    let report = workspace.luthier_json(&["doctor"]);

    let checks = report["checks"].as_array().unwrap();
    let names: Vec<&str> = checks
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "python",
            "git",
            "rails",
            "port",
            "sandbox (wasm)",
            "sandbox (native)",
            "disk",
            "clock",
            "journal",
            "file",
            "vault"
        ]
    );
    for check in checks.iter().filter(|check| check["name"] != "disk") {
        assert_eq!(check["outcome"], "ok", "{check}");
    }
}

#[test]
fn without_python_and_git_the_fix_is_named() {
    let workspace = Workspace::new();
    let mut command = workspace.command(&workspace.path(), &["doctor", "--json"]);
    let output = command.env("PATH", workspace.outside()).output().unwrap();

    assert_eq!(output.status.code(), Some(6));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["outcome"], "fail");
    assert_eq!(check(&report, "python")["outcome"], "fail");
    assert_eq!(check(&report, "git")["outcome"], "warn");
    assert_eq!(
        check(&report, "git")["fix"],
        "install git: `apt-get install git`"
    );
}

#[test]
fn a_changed_event_is_found_and_named() {
    let workspace = Workspace::new();
    workspace.luthier_json(&["state", "get", "active"]);
    let journal = rusqlite::Connection::open(workspace.journal()).unwrap();
    let edit = "UPDATE events SET event = replace(event, 'operator', 'tuner')";
    assert_eq!(journal.execute(edit, []).unwrap(), 1);
    drop(journal);

    let said = workspace.run(&["doctor", "--json"]);

    assert_eq!(said.exit, 7);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(
        check(&report, "journal"),
        json!({
            "name": "journal",
            "outcome": "fail",
            "found": "event 1 is missing or was changed",
            "fix": "run `luthier ledger verify`, then restore or `luthier ledger fork`",
        })
    );
}

#[test]
fn an_event_from_the_future_means_that_the_clock_is_wrong() {
    let workspace = Workspace::new();
    workspace.luthier_json(&["state", "get", "active"]);
    write_event_at(&workspace, "2100-01-01T00:00:00Z");

    let said = workspace.run(&["doctor", "--json"]);

    assert_eq!(said.exit, 6);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    let clock = check(&report, "clock");
    assert_eq!(clock["outcome"], "fail");
    let found = clock["found"].as_str().unwrap();
    assert!(
        found.starts_with("the newest event is of 2100-01-01T00:00:00Z"),
        "{found}"
    );
}

#[test]
fn an_index_that_lost_an_entry_is_found_and_a_fork_mends_it() {
    let workspace = Workspace::new();
    for n in 1..=3 {
        let merge = format!(r#"{{"n": {n}}}"#);
        workspace.luthier_json(&["state", "patch", "staging", "--merge", &merge]);
    }
    take_from_an_index(&workspace);

    let said = workspace.run(&["doctor", "--json"]);
    let forked = workspace.run(&["ledger", "fork", "--into", "copy"]);
    let healed = workspace.run(&["doctor", "--json", "--data", "copy"]);

    assert_eq!((said.exit, forked.exit), (7, 0), "{said:?} {forked:?}");
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    let file = check(&report, "file");
    let found = file["found"].as_str().unwrap();
    assert!(found.contains("missing from index"), "{file}");
    assert!(
        file["fix"].as_str().unwrap().contains("ledger fork"),
        "{file}"
    );
    let report: Value = serde_json::from_str(&healed.stdout).unwrap();
    assert_eq!(check(&report, "file")["outcome"], "ok", "{report}");
}

/// Makes an index hold other rows than it should, as a lost page write would.
fn take_from_an_index(workspace: &Workspace) {
    let journal = rusqlite::Connection::open(workspace.journal()).unwrap();
    journal
        .pragma_update(None, "writable_schema", true)
        .unwrap();
    let edit = "UPDATE sqlite_schema SET sql = replace(sql, 'agent IS NOT NULL', 'agent IS NULL')
                WHERE name = 'events_by_agent'";
    assert_eq!(journal.execute(edit, []).unwrap(), 1);
}

fn write_event_at(workspace: &Workspace, time: &str) {
    let context = model::Context::default();
    let kind = model::EventType::DECISION;
    let event = model::NewEvent::new(kind, time.parse().unwrap(), context, json!({}));
    let subject = "decision".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let options = journal::OpenOptions::new(workspace.journal());
        let journal = journal::SqliteJournal::open(options).unwrap();
        journal
            .append(subject, journal::Expect::Any, event)
            .await
            .unwrap();
        journal.close().await;
    });
}

#[test]
fn a_port_that_another_program_has_is_found() {
    let workspace = Workspace::new();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();

    let said = workspace.run_with(&[("LUTHIER_HTTP_PORT", &port)], &["doctor", "--json"]);

    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(
        (said.exit, &check(&report, "port")["outcome"]),
        (6, &json!("fail"))
    );
}
