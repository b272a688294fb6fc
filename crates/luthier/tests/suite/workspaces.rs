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

/// Why what lies in the workspace is not released.
fn refused(server: &Server) -> String {
    let said = server.commands().run(&["release", "--json"]);
    said.error()["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_broken_or_missing_schema_is_not_released_and_the_state_before_it_is_served() {
    let workspace = Workspace::new();
    let server = Server::start_in(&workspace);

    workspace.write("state/schema.json", "{\"type\": ");
    assert!(refused(&server).contains("`state/schema.json` is not JSON"));
    fs::remove_file(workspace.path().join("state/schema.json")).unwrap();
    assert!(refused(&server).contains("the version holds no `state/schema.json`"));

    assert_eq!(greeting(&server), "Hello");
    server.stop();
    assert_eq!(greeting(&Server::start_in(&workspace)), "Hello");
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
    let server = Server::start_in(&workspace);

    workspace.write("state/migrations/first.json", "[]");

    assert!(refused(&server).contains("`first.json` is not named FROM-TO.json"));
}
