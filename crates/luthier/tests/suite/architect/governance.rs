//! What needs a person, and what a person may say.

use serde_json::{Value, json};

use super::{
    answers::{Answers, COMPLAINT, MENDED, analysis, approval, repair, workspace},
    job, job_of, say, tell, value,
};
use crate::{
    runner::asking::until,
    server::{Server, Workspace},
};

/// A change of a case that is there, as the feedback asks.
fn changing() -> (Server, String) {
    let changed =
        json!({ "tool": "slugify", "args": { "title": "Hello, World!" }, "expect": "hello_world" });
    let text = "@tool\ndef slugify(title: str) -> str:\n    \"\"\"A title as a part of an address.\"\"\"\n    return '_'.join(re.findall(r'[a-z0-9]+', title.lower()))\n";
    let answers = Answers::default()
        .add("analyst", &[analysis("change_behaviour", &["tools/runner/text.py::slugify"])])
        .add("tester", &[json!({ "cases": [{ "file": "tests/micro/text.jsonl", "case": changed }] })])
        .add("coder", &[json!({
            "edits": [{ "op": "replace", "target": "tools/runner/text.py::slugify", "text": text }],
            "rationale": "words are joined by what was asked for",
        })])
        .add("reviewer", &[approval()]);
    let server = Server::start_in(&workspace(&answers));
    let message =
        "slugify should join by underscores: slugify('Hello, World!') should be 'hello_world'";
    let reply = say(&server, "active", &json!({ "message": message }), &[]);
    assert_eq!(reply.status, 202, "{}", reply.body);
    let asked = reply.json();
    assert_eq!(asked["stage"], "needs_approval", "{asked}");
    let id = job_of(&reply);
    (server, id)
}

#[test]
fn a_case_that_was_there_changes_when_somebody_approves() {
    let (server, id) = changing();
    assert_eq!(slug(&server), "hello-world");

    let told = tell(&server, &id, "approve", &json!({ "by": "ann" }));

    assert_eq!(told.status, 200, "{}", told.body);
    until(&json!("done"), || job(&server, &id)["stage"].clone());
    let answer = job(&server, &id)["answer"].clone();
    assert_eq!(answer["new_version"], "0.2.0", "{answer}");
    assert_eq!(slug(&server), "hello_world");
}

#[test]
fn what_is_not_approved_of_changes_nothing() {
    let (server, id) = changing();

    let told = tell(
        &server,
        &id,
        "reject",
        &json!({ "by": "ann", "reason": "links would break" }),
    );

    assert_eq!(told.status, 200, "{}", told.body);
    until(&json!("rejected"), || job(&server, &id)["stage"].clone());
    let notes = job(&server, &id)["answer"]["notes"].clone();
    assert_eq!(notes, "ann did not approve of it: links would break");
    assert_eq!(slug(&server), "hello-world");
    assert_eq!(tell(&server, &id, "approve", &json!({})).status, 409);
}

#[test]
fn a_job_that_waits_can_be_called_off() {
    let (server, id) = changing();

    let told = tell(&server, &id, "cancel", &json!({ "by": "ann" }));

    assert_eq!(told.status, 200, "{}", told.body);
    until(&json!("cancelled"), || job(&server, &id)["stage"].clone());
    assert_eq!(slug(&server), "hello-world");
}

#[test]
fn whoever_only_advises_or_proposes_releases_nothing_alone() {
    let table = [("advise", 200), ("propose", 202)];
    for (autonomy, status) in table {
        let workspace = workspace(&Answers::of_repair());
        let server =
            Server::start_with(&workspace, &[], &[("LUTHIER_ARCHITECT_AUTONOMY", autonomy)]);

        let reply = say(&server, "active", &json!({ "message": COMPLAINT }), &[]);

        assert_eq!(reply.status, status, "{autonomy}: {}", reply.body);
        assert_eq!(
            value(&server, "slugify", &json!({ "title": "Café" }))["result"],
            "caf"
        );
        if autonomy == "propose" {
            let id = job_of(&reply);
            assert_eq!(tell(&server, &id, "approve", &json!({})).status, 200);
            until(&json!("done"), || job(&server, &id)["stage"].clone());
            assert_eq!(
                value(&server, "slugify", &json!({ "title": "Café" }))["result"],
                "cafe"
            );
        }
    }
}

#[test]
fn what_is_protected_stays_as_it_is() {
    let table = [
        (
            "LUTHIER_ARCHITECT_PROTECTED_TOOLS",
            "slugify",
            "`slugify` is protected",
        ),
        (
            "LUTHIER_ARCHITECT_PROTECTED_PATHS",
            "tools/runner/",
            "is protected",
        ),
        ("LUTHIER_ARCHITECT_LINES_MAX", "1", "lines"),
    ];
    for (variable, said, named) in table {
        let workspace = workspace(&Answers::of_repair());
        let server = Server::start_with(&workspace, &[], &[(variable, said)]);

        let answer = super::chat(&server, COMPLAINT);

        assert_eq!(answer["result"], "rejected", "{variable}: {answer}");
        assert!(
            answer["notes"].as_str().unwrap().contains(named),
            "{variable}: {answer}"
        );
    }
}

#[test]
fn a_job_that_costs_too_much_waits_and_goes_on_when_it_may() {
    let workspace: Workspace = workspace(&Answers::of_repair());
    let poor = [("LUTHIER_ARCHITECT_JOB_TOKENS_MAX", "1000")];
    let mut server = Server::start_with(&workspace, &[], &poor);
    let reply = say(&server, "active", &json!({ "message": COMPLAINT }), &[]);
    assert_eq!(reply.status, 202, "{}", reply.body);
    let paused: Value = reply.json();
    assert!(paused["paused"].is_string(), "{paused}");
    let id = job_of(&reply);
    server.kill();
    let server = Server::start_in(&workspace);

    assert_eq!(tell(&server, &id, "resume", &json!({})).status, 200);

    until(&json!("done"), || job(&server, &id)["stage"].clone());
}

#[test]
fn votes_are_counted_among_what_passes() {
    let text = MENDED.replace("plain", "bare");
    let answers = Answers::default()
        .add("analyst", &[analysis("repair", &["tools/runner/text.py::slugify"])])
        .add("tester", &[json!({ "cases": [{ "file": "tests/micro/text.jsonl", "case": super::answers::case() }] })])
        .add("coder", &[repair(&text), repair(MENDED), repair(&text), repair(&text)])
        .add("reviewer", &[approval()]);
    let server = Server::start_in(&workspace(&answers));

    let answer = super::chat(&server, COMPLAINT);

    assert_eq!(answer["result"], "committed", "{answer}");
}

fn slug(server: &Server) -> Value {
    value(server, "slugify", &json!({ "title": "Hello, World!" }))["result"].clone()
}
