//! Starting, serving and stopping.

use std::net::TcpListener;

use serde_json::json;

use crate::server::{Server, Workspace, request};

#[test]
fn a_server_prints_its_urls_when_it_is_ready_and_stops_cleanly_when_asked() {
    let workspace = Workspace::new();
    let server = Server::start_in(&workspace);

    let ready = server.get("/readyz");
    let state = server.get("/agent/active/state/active").json();
    let metrics = server.get("/metrics").body;
    let urls = server.ready["urls"].as_array().unwrap().len();
    let (status, rest) = server.stop();

    let names = ["telemetry", "journal", "vault", "state", "http", "runner"];
    let services = names.map(|name| json!({ "name": name, "status": "healthy" }));
    assert_eq!(
        (ready.status, ready.json()),
        (200, json!({ "status": "ready", "services": services }))
    );
    assert_eq!(state["value"]["greeting"], "Hello");
    for shown in [
        "luthier_journal_events_total",
        "luthier_state_commits_total",
        "luthier_state_cache_bytes",
        "luthier_vault_bytes_total",
        "luthier_supervision_health{service=\"journal\"} 2",
    ] {
        assert!(metrics.contains(shown), "{shown}: {metrics}");
    }
    assert_eq!(urls, 14);
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    let verdict = workspace.luthier_json(&["ledger", "verify"]);
    assert_eq!(verdict["ok"], true);
    // Whatever was written before the end is sealed and witnessed; the seal itself cannot be.
    assert_eq!(verdict["unwitnessed"], 1);
    assert_eq!(workspace.luthier_json(&["status"])["running"], json!(null));
}

#[test]
fn a_second_server_of_the_same_folder_is_told_where_the_first_one_is() {
    let workspace = Workspace::new();
    let server = Server::start_in(&workspace);

    let refused = workspace.run(&["up", "--port", "0", "--json"]);
    let shown = workspace.run(&["up", "--port", "0"]).seen();

    let error = refused.error();
    assert_eq!(refused.exit, 4);
    assert_eq!(error["code"], "already_running");
    assert_eq!(error["pid"], server.pid());
    assert_eq!(error["url"], server.url());
    let shown = shown
        .replace(server.url(), "[url]")
        .replace(&server.pid().to_string(), "[pid]");
    insta::assert_snapshot!(shown, @r"
    already_running

      × `[folder]/bench/.luthier` is served already at [url] by process [pid]
      help: use that one, stop it with `kill [pid]`, or choose another folder with --data
    (exit 4)
    ");
}

#[test]
fn a_taken_port_fails_the_start_and_names_the_way_out() {
    let workspace = Workspace::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();

    let refused = workspace.run(&["up", "--port", &port]);

    assert_eq!(refused.exit, 6);
    insta::assert_snapshot!(refused.seen().replace(&port, "[port]"), @r"
    port_taken

      × port [port] on 127.0.0.1 is taken by another program
      help: stop the program that has port [port], or choose another: `--port 0` takes a free one
    (exit 6)
    ");
    assert!(!workspace.journal().exists());
}

#[test]
fn a_server_beyond_loopback_wants_a_token_and_then_asks_for_it() {
    let workspace = Workspace::new();

    let refused = workspace.run(&["up", "--port", "0", "--bind", "0.0.0.0", "--json"]);
    let token = "0123456789abcdef-secret";
    let server = Server::start_with(
        &workspace,
        &["--bind", "0.0.0.0"],
        &[("LUTHIER_HTTP_TOKENS", token)],
    );
    let without = server.get("/events").status;
    let bearer = format!("Bearer {token}");
    let with = request(
        server.url(),
        "GET",
        "/events",
        &[("authorization", &bearer)],
        "",
    );

    assert_eq!(
        (refused.exit, refused.error()["code"].clone()),
        (2, json!("exposed_without_token"))
    );
    assert_eq!((without, with.unwrap().status), (401, 200));
}

#[test]
fn one_role_serves_its_own_paths_alone() {
    let workspace = Workspace::new();
    let mut command = workspace.command(
        &workspace.path(),
        &["serve", "tuner", "tuner", "--port", "0", "--json"],
    );
    let server = Server::spawn(&workspace, &mut command);

    assert_eq!(server.get("/agent/active/state/active").status, 200);
    assert_eq!(server.get("/events").status, 404);
    assert_eq!(server.get("/readyz").status, 200);
}

#[test]
fn status_shows_what_runs_and_where_the_state_stands() {
    let workspace = Workspace::new();
    let server = Server::start_in(&workspace);
    workspace.luthier_json(&[
        "state",
        "patch",
        "staging",
        "--merge",
        r#"{"greeting":"Hi"}"#,
    ]);

    let status = workspace.luthier_json(&["status"]);

    assert_eq!(status["running"]["pid"], server.pid());
    assert_eq!(status["running"]["url"], server.url());
    assert_eq!(status["ready"], true);
    assert_eq!(
        status["journal"]["lineages"],
        json!([{
            "lineage": "main",
            "version": "0.1.0",
            "last_known_good": "0.1.0",
            "staging_revision": 2,
            "active_revision": 1,
            "is_staging_changed": true,
            "pins": {},
        }])
    );
}

#[test]
fn a_new_schema_with_its_migration_becomes_the_next_version() {
    let workspace = Workspace::new();
    workspace.luthier_json(&["state", "get", "active"]);
    workspace.write(
        "state/schema.json",
        r#"{"type": "object", "required": ["salute"], "properties": {"greeting": false}}"#,
    );
    let refused = workspace.run(&["release", "--json"]).error();
    workspace.write(
        "state/migrations/0.1.0-0.2.0.json",
        r#"[{"op": "move", "from": "/greeting", "path": "/salute"}]"#,
    );

    let released = workspace.luthier_json(&["release"]);

    assert!(refused.to_string().contains("salute"), "{refused}");
    assert_eq!(released["version"], "0.1.1");
    let active = workspace.luthier_json(&["state", "get", "active"]);
    assert_eq!(active["value"]["salute"], "Hello");
}
