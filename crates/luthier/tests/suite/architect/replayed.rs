//! With recorded answers of a model.

use serde_json::json;

use super::{
    answers::{Answers, CASES, COMPLAINT, analysis, approval, case, repair, workspace},
    artefact, chat, job_of, say, value, versions,
};
use crate::{runner::asking::until, server::Server};

#[test]
fn a_fault_is_shown_by_a_case_mended_proved_and_released() {
    let server = Server::start_in(&workspace(&Answers::of_repair()));

    let reply = say(&server, "active", &json!({ "message": COMPLAINT }), &[]);

    let answer = reply.json();
    assert_eq!(answer["result"], "committed", "{answer}");
    assert_eq!(answer["new_version"], "0.1.1", "{answer}");
    let slug = value(&server, "slugify", &json!({ "title": "Crème brûlée" }));
    assert_eq!(slug["result"], "creme-brulee");
    let history = server.luthier_json(&["history"]);
    assert!(
        history.to_string().contains("slugify keeps the letters"),
        "{history}"
    );
    let id = job_of(&reply);
    until(&json!("done"), || super::job(&server, &id)["stage"].clone());
    let script = artefact(&server, &id, "script.rhai");
    assert!(script.contains("add_cases"), "{script}");
}

#[test]
fn the_test_is_a_commit_of_its_own_before_the_edit() {
    let server = Server::start_in(&workspace(&Answers::of_repair()));
    let answer = chat(&server, COMPLAINT);
    let commit = answer["commit_hash"].as_str().unwrap();

    let repo = server.commands().data().join("repo");
    let log = std::process::Command::new("git")
        .args(["log", "--format=%s", "--name-only", "-2", commit])
        .current_dir(repo)
        .output()
        .unwrap();

    let log = String::from_utf8(log.stdout).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(
        lines,
        [
            "slugify keeps the letters of accented ones",
            "tools/runner/text.py",
            "tests: slugify keeps the letters of accented ones",
            "tests/micro/text.jsonl",
        ]
    );
}

/// What a provider may do to get its way, and by what it is found out.
#[test]
fn what_a_provider_must_not_do_is_found_by_name_and_changes_nothing() {
    let special = "@tool\ndef slugify(title: str) -> str:\n    \"\"\"A title as a part of an address.\"\"\"\n    if title == 'Café au lait':\n        return 'cafe-au-lait'\n    return '-'.join(re.findall(r'[a-z0-9]+', title.lower()))\n";
    let edits = |edits: serde_json::Value| json!({ "edits": edits, "rationale": "so" });
    let table = [
        (
            "special-cases the case",
            repair(special),
            "answers the case",
        ),
        (
            "deletes the tests",
            edits(json!([{ "op": "remove_file", "path": "tests/micro/text.jsonl" }])),
            "may not touch tests",
        ),
        (
            "weakens a budget",
            edits(json!([{ "op": "remove_file", "path": "ci/budgets.json" }])),
            "may not touch budgets",
        ),
        (
            "edits the policy",
            edits(json!([{ "op": "remove_file", "path": "luthier.toml" }])),
            "policy",
        ),
        (
            "edits the CI",
            edits(
                json!([{ "op": "create", "path": ".github/workflows/ci.yml", "text": "on: push\n" }]),
            ),
            "it breaks the schema: at `/edits/0`",
        ),
        (
            "writes elsewhere",
            edits(json!([{ "op": "create", "path": "crates/evil.rs", "text": "fn main() {}\n" }])),
            "nothing else",
        ),
        (
            "edits another file",
            edits(json!([{ "op": "delete", "target": "tools/runner/other.py::f" }])),
            "other.py",
        ),
        (
            "does nothing",
            edits(
                json!([{ "op": "rename", "target": "tools/runner/text.py::shout", "to": "yell" }]),
            ),
            "slugify",
        ),
    ];
    for (what, answer, named) in table {
        let answers = Answers::default()
            .add(
                "analyst",
                &[analysis("repair", &["tools/runner/text.py::slugify"])],
            )
            .add(
                "tester",
                &[json!({ "cases": [{ "file": "tests/micro/text.jsonl", "case": case() }] })],
            )
            .add("coder", &[answer])
            .add("reviewer", &[approval()]);
        let server = Server::start_in(&workspace(&answers));

        let answer = chat(&server, COMPLAINT);

        assert_eq!(answer["result"], "rejected", "{what}: {answer}");
        let notes = answer["notes"].as_str().unwrap();
        assert!(notes.contains(named), "{what}: {notes}");
        assert_eq!(versions(&server), ["0.1.0"], "{what}");
    }
}

#[test]
fn an_answer_that_is_none_is_discarded_and_not_mended() {
    let answers = Answers::default().add("analyst", &[json!({ "kind": "repair" })]);
    let server = Server::start_in(&workspace(&answers));

    let answer = chat(&server, COMPLAINT);

    assert_eq!(answer["result"], "rejected", "{answer}");
    assert!(
        answer["notes"].as_str().unwrap().contains("discarded"),
        "{answer}"
    );
}

#[test]
fn a_case_that_passes_already_shows_nothing() {
    let passing = json!({ "tool": "slugify", "args": { "title": "a b c" }, "expect": "a-b-c" });
    let answers = Answers::default()
        .add(
            "analyst",
            &[analysis("repair", &["tools/runner/text.py::slugify"])],
        )
        .add(
            "tester",
            &[json!({ "cases": [{ "file": "tests/micro/text.jsonl", "case": passing }] })],
        );
    let workspace = workspace(&answers);
    workspace.write("tests/micro/text.jsonl", CASES);
    let server = Server::start_in(&workspace);

    let answer = chat(&server, COMPLAINT);

    assert_eq!(answer["result"], "rejected", "{answer}");
    assert!(
        answer["notes"]
            .as_str()
            .unwrap()
            .contains("no case was found that fails today"),
        "{answer}"
    );
}
