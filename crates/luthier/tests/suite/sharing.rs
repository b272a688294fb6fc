//! Several processes and one data folder.

use std::fs::{self, File};

use rustix::fs::{FlockOperation, flock};
use serde_json::json;

use crate::server::{Follower, Server, Workspace};

fn serve(workspace: &Workspace, role: &str) -> Server {
    let args = ["serve", role, "--port", "0", "--json"];
    Server::spawn(workspace, &mut workspace.command(&workspace.path(), &args))
}

#[test]
fn roles_are_served_by_processes_of_their_own_and_one_seals_for_all() {
    let workspace = Workspace::new();
    workspace.write(
        "luthier.toml",
        "name = \"bench\"\n[journal]\nseal_interval_ms = 50\n",
    );
    let mut tuner = serve(&workspace, "tuner");
    let console = serve(&workspace, "console");
    let status = workspace.luthier_json(&["status"]);

    assert_eq!(tuner.patch_staging(&json!({ "mark": 1 })).status, 200);
    let changes = console.get("/events?type=state.change").json();
    tuner.kill();
    workspace.luthier_json(&["state", "patch", "staging", "--merge", r#"{"mark": 2}"#]);
    let newest = workspace.luthier_json(&["status"]);
    let mut seals = Follower::start(&workspace, &["--type", "seal"]);

    assert_eq!(changes["events"].as_array().unwrap().len(), 1);
    let mut pids = [&status["running"]["pid"], &status["beside"][0]["pid"]]
        .map(|pid| u32::try_from(pid.as_u64().unwrap()).unwrap());
    let mut wanted = [tuner.pid(), console.pid()];
    pids.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(pids, wanted);
    assert_eq!(newest["running"]["pid"], console.pid());
    assert!(newest["beside"].is_null());
    // The one that sealed is gone; the other takes over.
    let newest = newest["journal"]["newest"].as_u64().unwrap();
    seals.wait_for(|event| event["seq"].as_u64().unwrap() >= newest);
    assert_eq!(workspace.luthier_json(&["ledger", "verify"])["ok"], true);
}

#[test]
fn a_command_makes_no_journal_while_another_process_is_starting() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.data()).unwrap();
    let starting = File::create(workspace.data().join("start.lock")).unwrap();
    flock(&starting, FlockOperation::LockExclusive).unwrap();

    let said = workspace.run(&["state", "get", "active", "--json"]);
    let is_made = workspace.journal().exists();
    drop(starting);
    let after = workspace.run(&["state", "get", "active"]);

    assert_eq!((said.exit, &said.error()["code"]), (6, &json!("starting")));
    assert!(!is_made);
    assert_eq!(after.exit, 0, "{after:?}");
}

#[test]
fn a_journal_that_is_moved_away_or_replaced_is_noticed() {
    let workspace = Workspace::new();
    workspace.write(
        "luthier.toml",
        "name = \"bench\"\n[supervision]\nhealth_interval_ms = 20\n",
    );
    let server = Server::start_in(&workspace);
    let wait_for = |wanted: &str| {
        while !server.get("/readyz").body.contains(wanted) {
            std::thread::yield_now();
        }
    };
    let away = workspace.data().join("away.db");

    fs::rename(workspace.journal(), &away).unwrap();
    wait_for("was moved away");
    fs::copy(&away, workspace.journal()).unwrap();
    wait_for("was replaced by another file");
    fs::rename(&away, workspace.journal()).unwrap();
    wait_for("\"status\":\"ready\"");
}
