//! The stream of events on a descriptor, and hand edits of copies.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::server::{Follower, Server, Workspace};

#[test]
fn every_event_of_a_run_is_streamed_to_the_descriptor_in_order() {
    let workspace = Workspace::new();
    let events = workspace.outside().join("events.jsonl");
    let up = format!(
        "exec {} up --port 0 --json --events-fd 3 3>{} 2>/dev/null",
        env!("CARGO_BIN_EXE_luthier"),
        events.display()
    );
    let mut command = std::process::Command::new("/bin/sh");
    command
        .args(["-c", &up])
        .current_dir(workspace.path())
        .env("HOME", workspace.outside());
    let server = Server::spawn(&workspace, &mut command);
    server.patch_staging(&json!({ "greeting": "streamed" }));
    let (status, rest) = server.stop();

    assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    let text = fs::read_to_string(events).unwrap();
    let streamed: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seqs: Vec<u64> = streamed
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    let has = |kind: &str| streamed.iter().any(|event| event["type"] == kind);
    assert!(has("luthier.state.change") && has("luthier.seal"), "{text}");
    let newest = workspace.luthier_json(&["status"])["journal"]["newest"].as_u64();
    assert_eq!(seqs.last().copied(), newest);
}

#[test]
fn a_live_stream_ends_when_the_server_is_asked_to_stop() {
    let server = Server::start();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let head = format!(
        "GET /events/stream HTTP/1.1\r\nhost: {}\r\n\r\n",
        server.address()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();

    let (status, _) = server.stop();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();

    assert_eq!(&first, b"HTTP/1.1 200");
    assert_eq!(status.code(), Some(0));
    assert!(rest.contains("content-type: text/event-stream"), "{rest}");
}

#[test]
fn a_descriptor_that_is_not_open_fails_the_start() {
    let workspace = Workspace::new();

    let refused = workspace.run(&["up", "--port", "0", "--events-fd", "77", "--json"]);

    assert_eq!(
        (refused.exit, &refused.error()["code"]),
        (2, &json!("events_fd"))
    );
}

#[test]
fn a_copy_that_was_edited_by_hand_is_kept_told_of_and_can_be_imported() {
    let workspace = Workspace::new();
    workspace.write(
        "luthier.toml",
        "name = \"bench\"\n[state]\ncopies_interval_ms = 50\n",
    );
    let server = Server::start_in(&workspace);
    let mut signals = Follower::start(&workspace, &["--subject", "signal.state"]);
    let copy = workspace.data().join("state/staging.state.json");
    // The first copy is written right after the start; until then there is nothing to edit.
    workspace.run(&["state", "patch", "staging", "--merge", r#"{"mark": 1}"#]);
    while !fs::read_to_string(&copy).is_ok_and(|text| text.contains("mark")) {
        std::thread::yield_now();
    }

    let edited = json!({ "greeting": "by hand", "limits": { "call_ms_max": 1, "results_max": 1 } });
    fs::write(&copy, edited.to_string()).unwrap();
    let told = signals.wait_for(|event| event["data"]["kind"] == "hand_edit_kept");

    let kept = told["data"]["kept"].as_str().unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), edited.to_string());
    let staging = workspace.luthier_json(&["state", "get", "staging"]);
    assert_eq!(staging["value"]["greeting"], "Hello");
    let blind = workspace.run(&["state", "import", kept, "--json"]);
    assert_eq!(
        (blind.exit, &blind.error()["code"]),
        (2, &json!("base_required"))
    );
    let imported = workspace.luthier_json(&["state", "import", kept, "--if-revision", "2"]);
    assert_eq!(imported["value"], edited);
    server.stop();
}
