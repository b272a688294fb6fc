//! A part of a running server that breaks, and what supervision makes of it.

use std::fs;

use serde_json::Value;

use crate::server::{Follower, Server, Workspace};

const IMPATIENT: &str = "name = \"bench\"
[supervision]
health_interval_ms = 20
backoff_ms = 10
heal_attempts_max = 2
restart_attempts_max = 1
[journal]
seal_interval_ms = 50
";

fn kind(event: &Value) -> &str {
    event["data"]["kind"].as_str().unwrap_or_default()
}

#[test]
fn a_vault_whose_folder_was_taken_away_is_healed_and_witnesses_again() {
    let workspace = Workspace::new();
    workspace.write("luthier.toml", IMPATIENT);
    let server = Server::start_in(&workspace);
    let mut signals = Follower::start(&workspace, &["--subject", "signal.vault"]);

    // In one step, for the server goes on putting things there.
    let away = workspace.outside().join("away");
    fs::rename(workspace.data().join("vault"), away).unwrap();
    workspace.luthier_json(&["state", "patch", "staging", "--merge", r#"{"mark": 1}"#]);
    let ill = signals.wait_for(|event| kind(event) == "health_changed");
    signals.wait_for(|event| kind(event) == "healed");
    server.stop();

    assert_eq!(ill["data"]["to"]["status"], "unhealthy");
    let verdict = workspace.luthier_json(&["ledger", "verify"]);
    assert_eq!(
        (&verdict["ok"], &verdict["unwitnessed"]),
        (&true.into(), &1.into())
    );
}

#[test]
fn a_vault_beyond_help_is_escalated_and_the_server_says_that_it_is_not_ready() {
    let workspace = Workspace::new();
    workspace.write("luthier.toml", IMPATIENT);
    let server = Server::start_in(&workspace);
    let mut signals = Follower::start(&workspace, &["--subject", "signal.vault"]);

    let vault = workspace.data().join("vault");
    fs::remove_dir_all(&vault).unwrap();
    fs::write(&vault, "in the way").unwrap();
    signals.wait_for(|event| kind(event) == "escalated");
    let ready = server.get("/readyz");

    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["reasons"][0]["part"], "vault");
    let status = workspace.luthier_json(&["status"]);
    assert_eq!(
        (&status["ready"], &status["reasons"][0]["part"]),
        (&false.into(), &"vault".into())
    );
}
