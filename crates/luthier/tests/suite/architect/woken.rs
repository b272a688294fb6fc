//! Nobody asks: broken budgets and people who say the same wake a job, and a release that does badly
//! in use goes.

use serde_json::{Value, json};

use super::{
    answers::{Answers, MENDED, analysis, approval, case, repair, workspace},
    value,
};
use crate::{
    runner::asking::{call, until},
    server::{Server, request},
};

/// The jobs of a server, newest first.
fn jobs(server: &Server) -> Vec<Value> {
    let listed = server.get("/agent/active/architect/jobs").json();
    listed["jobs"].as_array().unwrap().clone()
}

fn complain(server: &Server, message: &str) {
    let answer = call(
        server,
        "active/runner",
        "slugify",
        &json!({ "title": "Café au lait" }),
    );
    let conversation = answer["_meta"]["conversation_id"].as_str().unwrap();
    let body = json!({ "conversation_id": conversation, "rating": 1, "message": message });
    let headers = [("content-type", "application/json")];
    let path = "/agent/active/feedback";
    let reply = request(server.url(), "POST", path, &headers, body.to_string()).unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
}

#[test]
fn people_who_say_the_same_wake_one_job_that_ends_in_a_release() {
    let workspace = workspace(&Answers::of_repair());
    let live = json!([{ "name": "same", "kpi": "similar_complaints", "max": 2, "window_s": 3600 }]);
    workspace.write("ci/budgets.json", &json!({ "live": live }).to_string());
    let server = Server::start_in(&workspace);

    for _ in 0..4 {
        complain(
            &server,
            "slugify drops accents: slugify('Café au lait') should be 'cafe-au-lait'",
        );
    }

    until(&json!("done"), || {
        jobs(&server)
            .first()
            .map_or(Value::Null, |it| it["stage"].clone())
    });
    let jobs = jobs(&server);
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    assert_eq!(jobs[0]["answer"]["result"], "committed", "{jobs:?}");
    assert!(
        !jobs[0]["attachments"].as_array().unwrap().is_empty(),
        "{jobs:?}"
    );
    let slug = value(&server, "slugify", &json!({ "title": "Crème brûlée" }));
    assert_eq!(slug["result"], "creme-brulee");
}

#[test]
fn a_broken_budget_wakes_one_job_that_says_what_it_cannot_do() {
    let workspace = workspace(&Answers::default());
    let live = json!([{ "name": "errors", "kpi": "error_rate", "max": 0.1, "samples_min": 3, "window_s": 3600 }]);
    workspace.write("ci/budgets.json", &json!({ "live": live }).to_string());
    workspace.write(
        "tools/runner/more.py",
        "from luthier import tool\n\n@tool\ndef fails(n: int) -> int:\n    \"\"\"Fails.\"\"\"\n    raise ValueError(n)\n",
    );
    let embedded = [("LUTHIER_ARCHITECT_PROVIDER", "embedded")];
    let server = Server::start_with(&workspace, &[], &embedded);

    for number in 0..5 {
        call(&server, "active/runner", "fails", &json!({ "n": number }));
    }

    until(&json!(true), || {
        let jobs = jobs(&server);
        let stage = jobs
            .first()
            .map_or("", |job| job["stage"].as_str().unwrap());
        json!(["rejected", "needs_answers"].contains(&stage))
    });
    let jobs = jobs(&server);
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    assert!(
        jobs[0]["message"].as_str().unwrap().contains("error_rate"),
        "{jobs:?}"
    );
}

#[test]
fn a_release_that_passes_its_tests_and_does_badly_in_use_is_taken_back() {
    let text = MENDED.replace(
        "    words",
        "    if len(title) > 40:\n        raise RuntimeError('too long')\n    words",
    );
    let answers = Answers::default()
        .add(
            "analyst",
            &[analysis("repair", &["tools/runner/text.py::slugify"])],
        )
        .add(
            "tester",
            &[json!({ "cases": [{ "file": "tests/micro/text.jsonl", "case": case() }] })],
        )
        .add("coder", &[repair(&text)])
        .add("reviewer", &[approval()]);
    let workspace = workspace(&answers);
    let live = json!([{ "name": "errors", "kpi": "error_rate", "max": 0.1, "samples_min": 3, "window_s": 3600, "wake": false }]);
    workspace.write("ci/budgets.json", &json!({ "live": live }).to_string());
    let watched = [("LUTHIER_RELEASE_WATCH_S", "300")];
    let server = Server::start_with(&workspace, &[], &watched);
    let answer = super::chat(&server, super::answers::COMPLAINT);
    assert_eq!(answer["new_version"], "0.1.1", "{answer}");

    for _ in 0..5 {
        call(
            &server,
            "active/runner",
            "slugify",
            &json!({ "title": "x ".repeat(30) }),
        );
    }

    until(&json!("rolled_back"), || jobs(&server)[0]["stage"].clone());
    let slug = value(&server, "slugify", &json!({ "title": "Café" }));
    assert_eq!(slug["result"], "caf");
}
