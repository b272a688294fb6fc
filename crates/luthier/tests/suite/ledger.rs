//! `luthier ledger …`

use std::fs;

use serde_json::{Value, json};

use crate::{
    nats_server::NatsServer,
    server::{Server, Workspace},
};

/// Three changes and a release, sealed.
fn with_history() -> Workspace {
    let workspace = Workspace::new();
    for n in 1..=3 {
        let merge = format!(r#"{{"n": {n}}}"#);
        workspace.luthier_json(&["state", "patch", "staging", "--merge", &merge]);
    }
    workspace.luthier_json(&["state", "promote"]);
    workspace.luthier_json(&["ledger", "seal"]);
    workspace
}

fn damage(workspace: &Workspace, statement: &str) -> Value {
    let journal = rusqlite::Connection::open(workspace.journal()).unwrap();
    journal.execute_batch(statement).unwrap();
    drop(journal);
    let said = workspace.run(&["ledger", "verify", "--json"]);
    assert_eq!(said.exit, 7, "{said:?}");
    serde_json::from_str(&said.stdout).unwrap()
}

#[test]
fn events_are_found_by_what_they_are() {
    let workspace = with_history();
    let seqs = |filters: &[&str]| {
        let found = workspace.luthier_json(&[&["ledger", "query"], filters].concat());
        let events = found["events"].as_array().unwrap().clone();
        events
            .iter()
            .map(|event| event["seq"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };

    assert_eq!(seqs(&[]), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(seqs(&["--type", "state.change"]), [2, 3, 4]);
    assert_eq!(
        seqs(&["--type", "release", "--type", "luthier.seal"]),
        [1, 6, 7]
    );
    assert_eq!(seqs(&["--newest-first", "--limit", "2"]), [7, 6]);
    // What was intended, and what was done.
    assert_eq!(seqs(&["--version", "0.1.1"]), [5, 6]);
    assert_eq!(seqs(&["--after", "4"]), [5, 6, 7]);
    assert_eq!(seqs(&["--until", "2020-01-01T00:00:00Z"]), [0; 0]);
    assert_eq!(
        seqs(&["--since", "2020-01-01T00:00:00Z", "--limit", "1"]),
        [1]
    );
}

#[test]
fn sql_answers_what_people_ask_and_writes_nothing() {
    let workspace = with_history();
    let often = "SELECT subject, count(*) AS changes FROM ledger WHERE type = 'luthier.state.change' \
                 GROUP BY subject HAVING changes > 2";

    let answer = workspace.luthier_json(&["ledger", "query", "--sql", often]);
    let shown = workspace.run(&["ledger", "query", "--sql", often]);
    let writes = workspace.run(&["ledger", "query", "--sql", "DELETE FROM events", "--json"]);
    let wrong = workspace.run(&[
        "ledger",
        "query",
        "--sql",
        "SELECT nothing FROM ledger",
        "--json",
    ]);

    assert_eq!(
        answer,
        json!({ "columns": ["subject", "changes"], "rows": [["lineage.main", 3]], "is_cut": false })
    );
    assert_eq!(shown.stdout, "subject       changes\nlineage.main  3\n");
    assert_eq!(
        (writes.exit, &writes.error()["code"]),
        (5, &json!("sql_writes"))
    );
    assert_eq!((wrong.exit, &wrong.error()["code"]), (5, &json!("sql")));
}

#[test]
fn verify_names_the_place_of_what_was_changed_dropped_or_cut() {
    let whole = with_history().luthier_json(&["ledger", "verify"]);
    assert_eq!(
        (
            &whole["ok"],
            &whole["events"],
            &whole["seals"],
            &whole["first_bad"]
        ),
        (&json!(true), &json!(7), &json!(1), &json!(null))
    );

    let first_bad = |statement: &str| {
        let verdict = damage(&with_history(), statement);
        format!(
            "{} {}",
            verdict["first_bad"]["seq"], verdict["first_bad"]["fault"]
        )
    };
    assert_eq!(
        first_bad("UPDATE events SET event = replace(event, '\"n\":2', '\"n\":7') WHERE seq = 3"),
        "3 \"edited\""
    );
    assert_eq!(
        first_bad("DELETE FROM events WHERE seq = 3"),
        "3 \"dropped\""
    );
    assert_eq!(first_bad("DELETE FROM events WHERE seq > 4"), "5 \"cut\"");
}

#[test]
fn a_replay_writes_the_state_as_it_stood() {
    let workspace = with_history();
    let value = |at: &str, into: &str| {
        let replayed = workspace.luthier_json(&["ledger", "replay", "--at", at, "--into", into]);
        let path = workspace.path().join(into).join("state/staging.state.json");
        let value: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        (replayed["seq"].as_u64().unwrap(), value["n"].clone())
    };

    assert_eq!(value("1", "a"), (1, json!(null)));
    assert_eq!(value("3", "b"), (3, json!(2)));
    assert_eq!(value("0.1.1", "c"), (6, json!(3)));
    assert_eq!(value("2100-01-01T00:00:00Z", "d"), (7, json!(3)));
    let full = workspace.run(&["ledger", "replay", "--at", "1", "--into", "a", "--json"]);
    assert_eq!(
        (full.exit, &full.error()["code"]),
        (4, &json!("folder_not_empty"))
    );
    let beyond = workspace.run(&["ledger", "replay", "--at", "99", "--into", "e", "--json"]);
    assert_eq!(
        (beyond.exit, &beyond.error()["code"]),
        (3, &json!("no_such_place"))
    );
}

#[test]
fn a_fork_is_a_data_folder_of_its_own() {
    let workspace = with_history();

    let forked = workspace.luthier_json(&["ledger", "fork", "--at", "3", "--into", "fork"]);

    assert_eq!(forked["events"], 3);
    let staging = workspace.luthier_json(&["state", "get", "staging", "--data", "fork"]);
    assert_eq!(staging["value"]["n"], 2);
    assert_eq!(
        workspace.luthier_json(&["state", "get", "staging"])["value"]["n"],
        3
    );
}

#[test]
fn events_are_exported_for_other_tools() {
    let workspace = with_history();

    let lines = workspace.run(&["ledger", "export"]);
    let csv = workspace.run(&[
        "ledger",
        "export",
        "--format",
        "csv",
        "--type",
        "state.change",
    ]);
    let file = workspace.luthier_json(&[
        "ledger",
        "export",
        "--format",
        "parquet",
        "--output",
        "e.parquet",
    ]);

    let ids: Vec<Value> = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].clone())
        .collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(csv.stdout.lines().count(), 4);
    assert_eq!(file["events"], 7);
    let parquet = fs::read(workspace.path().join("e.parquet")).unwrap();
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
}

#[test]
fn people_see_a_line_an_event() {
    let workspace = with_history();

    let tail = workspace.run(&["ledger", "tail", "-n", "2"]);

    let fields: Vec<Vec<&str>> = tail
        .stdout
        .lines()
        .map(|line| line.split_ascii_whitespace().collect())
        .collect();
    assert_eq!(
        (fields[0][0], fields[0][2], fields[0][3]),
        ("6", "release", "lineage.main")
    );
    assert_eq!(
        (fields[1][0], fields[1][2], fields[1][3]),
        ("7", "seal", "seal")
    );
}

#[test]
fn without_a_journal_the_ledger_says_where_it_looked() {
    let workspace = Workspace::new();

    let said = workspace.run(&["ledger", "query"]);

    insta::assert_snapshot!(said.seen(), @r"
    no_journal

      × there is no journal at `[folder]/bench/.luthier/journal.db`
      help: start `luthier up` once, or name another data folder with --data
    (exit 3)
    ");
    assert!(!workspace.journal().exists());
}

#[test]
fn the_server_answers_queries_and_verification_as_the_command_line_does() {
    let workspace = with_history();
    let server = Server::start_in(&workspace);

    let events = server
        .get("/events?type=luthier.state.change&limit=2")
        .json();
    let verdict = server.get("/events/verify").json();

    let seqs: Vec<&Value> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["seq"])
        .collect();
    assert_eq!(seqs.len(), 2, "{events}");
    assert_eq!(verdict["ok"], true);
}

#[test]
fn a_cut_is_not_forgotten_by_sealing_what_came_after_it() {
    let workspace = Workspace::new();
    let patch = |text: &str| {
        let merge = serde_json::json!({ "greeting": text }).to_string();
        workspace.luthier_json(&["state", "patch", "staging", "--merge", &merge]);
    };
    Server::start_in(&workspace).stop();
    (0..4).for_each(|turn| patch(&format!("before {turn}")));
    let sealed = workspace.luthier_json(&["ledger", "seal"])["seq"]
        .as_i64()
        .unwrap();
    let journal = workspace.path().join(".luthier/journal.db");
    let file = rusqlite::Connection::open(journal).unwrap();
    file.execute("DELETE FROM events WHERE seq > ?1", [sealed - 3])
        .unwrap();
    drop(file);
    (0..8).for_each(|turn| patch(&format!("after {turn}")));

    let refused = workspace.run(&["ledger", "seal", "--json"]);

    assert_eq!(refused.exit, 7, "{refused:?}");
    assert!(
        refused.stdout.contains("witness_contradicted"),
        "{refused:?}"
    );
    assert_eq!(workspace.run(&["ledger", "verify", "--json"]).exit, 7);
}

#[test]
fn a_fork_or_a_replay_that_fails_leaves_no_folder_behind() {
    let workspace = with_history();

    let fork = workspace.run(&["ledger", "fork", "--at", "99", "--into", "fork", "--json"]);
    let replay = workspace.run(&["ledger", "replay", "--at", "99", "--into", "then", "--json"]);

    assert_eq!((fork.exit, replay.exit), (3, 3));
    assert!(!workspace.path().join("fork").exists());
    assert!(!workspace.path().join("then").exists());
}

#[test]
fn a_ledger_goes_to_a_server_and_comes_back() {
    let workspace = with_history();
    let server = NatsServer::default();
    let options = server.options();
    let system = options.system.unwrap();
    let named = ["--nats", &options.servers, "--nats-system", &system];
    let migrate = |more: &[&str]| {
        let command = [&["ledger", "migrate"], more, &named].concat();
        workspace.luthier_json(&command)
    };
    let of = |data: &[&str]| {
        let lines = workspace.run(&[&["ledger", "export", "--bodies"], data].concat());
        lines.stdout
    };

    let there = migrate(&["sqlite", "nats"]);
    let again = migrate(&["sqlite", "nats"]);
    let back = migrate(&["nats", "sqlite", "--data", "back"]);

    assert_eq!(there["events"], 7);
    assert_eq!(there, again);
    assert_eq!(back["events"], 8);
    let (before, after) = (of(&[]), of(&["--data", "back"]));
    assert_eq!(after.strip_prefix(&before).unwrap().lines().count(), 1);
    let verified = workspace.luthier_json(&["ledger", "verify", "--data", "back"]);
    assert_eq!(verified["ok"], true);
    let staging = workspace.luthier_json(&["state", "get", "staging", "--data", "back"]);
    assert_eq!(staging["value"]["n"], 3);
}

#[test]
fn a_migration_that_is_refused_changes_nothing() {
    let workspace = with_history();
    let server = NatsServer::default();
    let servers = server.options().servers;
    let refused = |arguments: &[&str]| {
        let said = workspace.run(&[&["ledger", "migrate"], arguments, &["--json"]].concat());
        let error: Value = serde_json::from_str(&said.stdout).unwrap();
        (
            said.exit,
            error["error"]["code"].as_str().unwrap().to_owned(),
        )
    };

    let unseen = refused(&["sqlite", "nats", "--nats", &servers]);
    let nowhere = refused(&[
        "sqlite",
        "nats",
        "--nats",
        "nats://127.0.0.1:1",
        "--trust-sync",
    ]);
    let empty = refused(&["nats", "sqlite", "--nats", &servers, "--trust-sync"]);
    workspace.luthier_json(&[
        "ledger",
        "migrate",
        "sqlite",
        "nats",
        "--nats",
        &servers,
        "--trust-sync",
    ]);
    let there = refused(&["nats", "sqlite", "--nats", &servers, "--trust-sync"]);
    let same = refused(&["sqlite", "sqlite", "--nats", &servers]);

    assert_eq!(unseen, (6, "journal_unsafe".to_owned()));
    assert_eq!(nowhere, (6, "journal_unreachable".to_owned()));
    assert_eq!(empty, (3, "no_journal".to_owned()));
    assert_eq!(there, (4, "exists".to_owned()));
    assert_eq!(same, (2, "usage".to_owned()));
}
