//! A workspace that is described in words, and grows by words: whoever answers the atoms.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::{Value, json};

use super::{job, job_of, say, tell};
use crate::{
    runner::asking::{call, until},
    server::{Server, Workspace},
};

/// The answers of both: a model that is a recording, and one that is a command.
const ANSWERS: &str = include_str!("described/answers.toml");
const COMMAND: &str = include_str!("described/model.py");

fn wishes() -> Vec<Value> {
    let mut answers: Value = toml::from_str(ANSWERS).unwrap();
    serde_json::from_value(answers["wishes"].take()).unwrap()
}

/// Every answer, for the prompts that quote its wish.
fn recording(wishes: &[Value]) -> String {
    let entries = wishes.iter().flat_map(|wish| {
        let kinds = ["analyst", "tester", "coder", "reviewer"];
        let said = kinds.into_iter().filter(|kind| wish[*kind].is_object());
        said.map(|kind| {
            let answers = [json!({ "value": wish[kind] })];
            json!({ "kind": kind, "contains": wish["message"], "answers": answers }).to_string()
        })
    });
    entries.collect::<Vec<_>>().join("\n")
}

fn words(wish: &Value) -> &str {
    wish["message"].as_str().unwrap()
}

/// From nothing to tools that are tuned, with cases in all tiers and budgets.
fn grow(workspace: &Workspace, provider: &[(&str, &str)]) {
    let wishes = wishes();
    let [dew_point, litres_for, bed_wanted, budgets] = &wishes[..] else {
        panic!("{} wishes", wishes.len());
    };
    let (first, second) = (words(dew_point), words(litres_for));
    let args = [
        "init",
        "bench",
        "--describe",
        first,
        "--describe",
        second,
        "--json",
    ];
    let said = workspace.run_outside_with(provider, &args);
    for chat in said.json()["chats"].as_array().unwrap() {
        assert_eq!(chat["result"], "committed", "{said:?}");
    }
    let server = Server::start_with(workspace, &[], provider);

    let reply = say(
        &server,
        "active",
        &json!({ "message": words(bed_wanted) }),
        &[],
    );
    assert_eq!(reply.json()["result"], "committed", "{}", reply.body);
    let reply = say(
        &server,
        "active",
        &json!({ "message": words(budgets) }),
        &[],
    );
    assert_eq!(reply.status, 202, "{}", reply.body);
    let id = job_of(&reply);
    assert_eq!(tell(&server, &id, "approve", &json!({})).status, 200);
    until(&json!("committed"), || {
        job(&server, &id)["answer"]["result"].clone()
    });

    let version = job(&server, &id)["answer"]["new_version"].clone();
    let version = version.as_str().unwrap();
    let tree = server.get(&format!("/versions/{version}/tree")).body;
    for path in [
        "tools/runner/dew_point.py",
        "tools/runner/litres_for.py",
        "tools/tuner/bed_wanted.py",
        "tests/micro/dew_point.jsonl",
        "tests/fast/watering.jsonl",
        "tests/full/watering.jsonl",
    ] {
        assert!(tree.contains(path), "{path}: {tree}");
    }
    let shown = server.get(&format!("/versions/{version}")).json();
    for budget in ["tiers.micro", "tiers.fast", "tiers.full", "tests_flaky_max"] {
        assert!(shown["budgets"].to_string().contains(budget), "{shown}");
    }
    learns(&server);
}

/// What was told to the tool of the Tuner makes that of the Runner better.
fn learns(server: &Server) {
    let bed = json!({ "bed_m2": 10, "dry_days": 3 });
    let before = call(server, "active/runner", "litres_for", &bed);
    assert_eq!(before["structuredContent"]["litres"], 60.0, "{before}");
    let wanted = json!({
        "conversation_id": before["structuredContent"]["conversation_id"],
        "litres": 120,
    });

    let learned = call(server, "active/tuner", "bed_wanted", &wanted);

    assert_eq!(learned["isError"], false, "{learned}");
    server.luthier_json(&["state", "promote"]);
    until(&json!(90.0), || {
        call(server, "active/runner", "litres_for", &bed)["structuredContent"]["litres"].clone()
    });
}

#[test]
fn a_workspace_grows_by_words_with_a_recorded_model() {
    let workspace = Workspace::bare();
    let answers = workspace.outside().join("answers.jsonl");
    fs::write(&answers, recording(&wishes())).unwrap();

    grow(
        &workspace,
        &[
            ("LUTHIER_ARCHITECT_PROVIDER", "replay"),
            ("LUTHIER_ARCHITECT_ANSWERS", answers.to_str().unwrap()),
        ],
    );
}

#[test]
fn a_workspace_grows_by_words_with_an_agents_command() {
    let workspace = Workspace::bare();
    let folder = workspace.outside().join("agent");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("answers.toml"), ANSWERS).unwrap();
    let command = folder.join("model.py");
    fs::write(&command, format!("#!/usr/bin/env python3\n{COMMAND}")).unwrap();
    fs::set_permissions(&command, fs::Permissions::from_mode(0o755)).unwrap();

    grow(
        &workspace,
        &[
            ("LUTHIER_ARCHITECT_PROVIDER", "agent"),
            ("LUTHIER_ARCHITECT_AGENT", "json"),
            ("LUTHIER_ARCHITECT_COMMAND", command.to_str().unwrap()),
        ],
    );
}
