//! The same repair, whoever answers: over both wires, by a command, and by a client of MCP.

use std::{
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use super::{
    answers::{Answers, COMPLAINT, MENDED, analysis, approval, case, repair, workspace},
    chat, job_of,
    model::{Asked, Model, Wire},
    say, value,
};
use crate::{
    runner::asking::{call, until},
    server::{Server, Workspace},
};

/// What a model that does its work answers.
pub(super) fn right(kind: &str) -> Value {
    match kind {
        "analyst" => analysis("repair", &["tools/runner/text.py::slugify"]),
        "tester" => json!({ "cases": [{ "file": "tests/micro/text.jsonl", "case": case() }] }),
        "coder" => repair(MENDED),
        _ => approval(),
    }
}

fn is_mended(server: &Server) {
    let slug = value(server, "slugify", &json!({ "title": "Crème brûlée" }));
    assert_eq!(slug["result"], "creme-brulee");
}

#[test]
fn a_model_behind_either_wire_repairs_a_tool() {
    for (wire, name, path) in [
        (Wire::Anthropic, "anthropic", ""),
        (Wire::OpenAi, "openai", "/v1"),
    ] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let model = Model::start(wire, move |asked: Asked<'_>| {
            noted.lock().unwrap().push(asked.headers.to_owned());
            right(asked.kind)
        });
        let workspace = workspace(&Answers::default());
        let url = format!("{}{path}", model.url);
        let server = Server::start_with(
            &workspace,
            &[],
            &[
                ("LUTHIER_ARCHITECT_PROVIDER", name),
                ("LUTHIER_ARCHITECT_BASE_URL", &url),
                ("LUTHIER_ARCHITECT_MODEL", "small"),
                ("LUTHIER_ARCHITECT_INPUT_USD", "1"),
                ("LUTHIER_ARCHITECT_OUTPUT_USD", "5"),
                ("ANTHROPIC_API_KEY", "sk-secret-of-this-test"),
                ("OPENAI_API_KEY", "sk-secret-of-this-test"),
            ],
        );

        let reply = say(&server, "active", &json!({ "message": COMPLAINT }), &[]);

        assert_eq!(
            reply.json()["result"],
            "committed",
            "{name}: {}",
            reply.body
        );
        is_mended(&server);
        let job = super::job(&server, &job_of(&reply));
        assert!(
            job["used"]["cost_usd"].as_f64().unwrap() > 0.0,
            "{name}: {job}"
        );
        let headers = seen.lock().unwrap().join("\n");
        assert!(
            headers.contains("sk-secret-of-this-test"),
            "{name}: {headers}"
        );
        let ledger = server.luthier_json(&["ledger", "query", "--limit", "10000"]);
        assert!(
            !ledger.to_string().contains("sk-secret"),
            "{name}: a key is in the ledger"
        );
    }
}

#[test]
fn a_command_of_this_machine_repairs_a_tool() {
    let workspace = workspace(&Answers::default());
    let answers: Vec<String> = ["analyst", "tester", "coder", "reviewer"]
        .iter()
        .map(|kind| json!([kind, right(kind)]).to_string())
        .collect();
    let script = format!(
        "#!/usr/bin/env python3\nimport json, sys\nanswers = dict(json.loads(line) for line in '''{}'''.splitlines())\nasked = json.load(sys.stdin)\nprint(json.dumps({{'value': answers[asked['kind']]}}))\n",
        answers.join("\n").replace('\\', "\\\\")
    );
    workspace.write("agent", &script);
    let agent = workspace.path().join("agent");
    std::fs::set_permissions(&agent, std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = Server::start_with(
        &workspace,
        &[],
        &[
            ("LUTHIER_ARCHITECT_PROVIDER", "agent"),
            ("LUTHIER_ARCHITECT_AGENT", "json"),
            ("LUTHIER_ARCHITECT_COMMAND", agent.to_str().unwrap()),
        ],
    );

    let answer = chat(&server, COMPLAINT);

    assert_eq!(answer["result"], "committed", "{answer}");
    is_mended(&server);
}

/// The one tool that a coder has, as often as it may.
fn checks_syntax(server: &Server, id: &str) {
    let check = |code: &str| {
        let arguments = json!({ "id": id, "path": "tools/runner/text.py", "code": code });
        call(server, "active/tuner", "check_syntax", &arguments)
    };
    for (code, told, left) in [
        ("x = 1\n", "it parses", 3),
        ("def f(:\n    pass\n", "line 1, column 7: `)` is missing", 2),
        ("x = 1\n", "it parses", 1),
        ("x = 1\n", "it parses", 0),
    ] {
        let checked = &check(code)["structuredContent"];
        assert_eq!(checked["details"], told, "{checked}");
        assert_eq!(checked["checks_left"], left, "{checked}");
    }
    assert_eq!(check("x = 1\n")["isError"], true);
}

#[test]
fn a_client_of_mcp_that_uses_the_tools_mends_them() {
    let workspace: Workspace = workspace(&Answers::default());
    let handoff = [("LUTHIER_ARCHITECT_PROVIDER", "handoff")];
    let server = Server::start_with(&workspace, &[], &handoff);
    let body = json!({ "message": COMPLAINT });

    thread::scope(|scope| {
        let asked = scope.spawn(|| say(&server, "active", &body, &[]));
        while !asked.is_finished() {
            let next = call(
                &server,
                "active/tuner",
                "next_atom",
                &json!({ "wait_s": 1 }),
            );
            let next = &next["structuredContent"];
            let Some(id) = next["id"].as_str() else {
                continue;
            };
            if next["kind"] == "coder" {
                checks_syntax(&server, id);
            }
            let answer = right(next["kind"].as_str().unwrap());
            let wrong = call(
                &server,
                "active/tuner",
                "answer_atom",
                &json!({ "id": id, "answer": {} }),
            );
            assert_eq!(wrong["isError"], true, "{wrong}");
            let told = call(
                &server,
                "active/tuner",
                "answer_atom",
                &json!({ "id": id, "answer": answer }),
            );
            assert_eq!(told["isError"], false, "{told}");
        }
        let reply = asked.join().unwrap();
        assert_eq!(reply.json()["result"], "committed", "{}", reply.body);
    });

    is_mended(&server);
    until(&json!("done"), || {
        let jobs = server.get("/agent/active/architect/jobs").json();
        jobs["jobs"][0]["stage"].clone()
    });
}

#[test]
fn what_was_tried_first_and_is_then_done_is_paid_for_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let model = Model::start(Wire::Anthropic, move |it: Asked<'_>| {
        count.fetch_add(1, Ordering::SeqCst);
        right(it.kind)
    });
    let server = Server::start_with(
        &workspace(&Answers::default()),
        &[],
        &[
            ("LUTHIER_ARCHITECT_PROVIDER", "anthropic"),
            ("LUTHIER_ARCHITECT_BASE_URL", &model.url),
            ("LUTHIER_ARCHITECT_MODEL", "small"),
            ("ANTHROPIC_API_KEY", "sk-of-this-test"),
        ],
    );
    let body = json!({ "message": COMPLAINT, "dry_run": true });
    let tried = say(&server, "active", &body, &[]);
    let paid = asked.load(Ordering::SeqCst);

    let answer = chat(&server, COMPLAINT);

    assert_eq!(tried.json()["result"], "committed", "{}", tried.body);
    assert_eq!(answer["result"], "committed", "{answer}");
    is_mended(&server);
    assert_eq!(asked.load(Ordering::SeqCst), paid);
    let jobs = server.get("/agent/active/architect/jobs").json();
    let used = |job: usize| {
        let id = jobs["jobs"][job]["id"].as_str().unwrap();
        super::job(&server, id)["used"]["input_tokens"].clone()
    };
    let mut used = [used(0), used(1)];
    used.sort_by_key(Value::as_u64);
    assert_eq!(used[0], 0);
    assert_ne!(used[1], 0);
}
