//! A workspace that cannot be served as it is: the server comes up all the same, and says why.

use std::fs;

use serde_json::Value;

use crate::server::{Server, Workspace};

/// What the health of the state says beside `degraded`.
fn reason(server: &Server) -> String {
    let ready = server.get("/readyz");
    assert_eq!(ready.status, 200, "{ready:?}");
    let services = ready.json()["services"].as_array().unwrap().clone();
    let state = services
        .iter()
        .find(|service| service["name"] == "state")
        .unwrap()
        .clone();
    assert_eq!(state["status"], "degraded");
    let told = server.luthier_json(&["status"])["services"].clone();
    let is_told = |told: &Value| told["name"] == "state" && told["status"] == "degraded";
    assert!(told.as_array().unwrap().iter().any(is_told), "{told}");
    state["reason"].as_str().unwrap().to_owned()
}

fn greeting(server: &Server) -> Value {
    server.get("/agent/active/state/active").json()["value"]["greeting"].clone()
}

#[test]
fn a_broken_or_missing_schema_leaves_the_state_before_it_in_service() {
    let workspace = Workspace::new();
    workspace.luthier_json(&["state", "get", "active"]);
    workspace.write("state/schema.json", "{\"type\": ");
    let broken = Server::start_in(&workspace);

    assert!(reason(&broken).contains("state/schema.json` is not JSON"));
    assert_eq!(greeting(&broken), "Hello");
    broken.stop();

    fs::remove_file(workspace.path().join("state/schema.json")).unwrap();
    let missing = Server::start_in(&workspace);

    assert!(reason(&missing).contains("the workspace has no `state/schema.json`"));
    assert_eq!(greeting(&missing), "Hello");
}

#[test]
fn a_workspace_without_a_first_state_is_up_and_its_ledger_is_served() {
    let workspace = Workspace::new();
    fs::remove_file(workspace.path().join("state/schema.json")).unwrap();
    let server = Server::start_in(&workspace);

    assert!(reason(&server).contains("`main` has no state yet"));
    assert_eq!(server.get("/agent/active/state/active").status, 404);
    assert_eq!(server.get("/events").status, 200);
    let (status, _) = server.stop();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_misnamed_migration_is_told_of() {
    let workspace = Workspace::new();
    workspace.luthier_json(&["state", "get", "active"]);
    workspace.write("state/migrations/first.json", "[]");
    let misnamed = Server::start_in(&workspace);

    assert!(reason(&misnamed).contains("`first.json` is not named FROM-TO.json"));
}
