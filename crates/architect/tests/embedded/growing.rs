//! An empty workspace that grows by chats alone, run by the real Python.

use architect::templates::{self, Kind};
use atoms::AtomKind;
use serde_json::{Value, json};

use crate::{
    python::{Folder, python},
    workspace::carried_out,
};

/// Carries out a chat as a job does: cases first, then the edits.
fn chat(folder: &Folder, message: &str) {
    let workspace = folder.workspace();
    let cases = carried_out(AtomKind::Tester, message, &workspace);
    let edits = carried_out(AtomKind::Coder, message, &workspace);
    folder.change(&cases, &edits);
}

fn chat_about_budgets(folder: &Folder) {
    let edits = carried_out(
        AtomKind::Coder,
        "add budgets for the three tiers",
        &folder.workspace(),
    );
    folder.change(&json!({"cases": []}), &edits);
}

#[test]
fn every_template_passes_its_own_cases() {
    for template in templates::all()
        .iter()
        .filter(|template| template.kind != Kind::Budgets)
    {
        let folder = Folder::new();
        chat(&folder, &format!("add the tool {}", template.name));

        let told = python(&["cases", folder.path()]);

        let with_needs = template.with_needs();
        let cases: usize = with_needs.iter().map(|part| part.cases().len()).sum();
        assert_eq!(
            (&told["failed"], &told["passed"]),
            (&json!([]), &json!(cases)),
            "{}",
            template.name
        );
        for part in with_needs.iter().filter(|part| part.kind == Kind::Runner) {
            let mut arguments = told["tools"][part.name].as_array().unwrap().clone();
            arguments.sort_by_key(|name| part.arguments.iter().position(|known| *name == **known));
            assert_eq!(json!(arguments), json!(part.arguments), "{}", part.name);
        }
    }
}

#[test]
fn an_empty_workspace_becomes_one_that_learns() {
    let folder = Folder::new();

    chat(&folder, "Add a tool that counts words");
    chat(&folder, "add a tool that picks one of several wordings");
    chat(
        &folder,
        "add a tuner that learns from rewards which wording is best",
    );
    chat_about_budgets(&folder);

    let files = folder.files();
    let tools: Vec<&String> = files
        .iter()
        .filter(|file| file.starts_with("tools/"))
        .collect();
    assert_eq!(
        tools,
        [
            "tools/runner/count_words.py",
            "tools/runner/pick_variant.py",
            "tools/tuner/reward_variant.py"
        ]
    );
    for tier in ["micro", "fast", "full"] {
        assert!(
            files
                .iter()
                .any(|file| file.starts_with(&format!("tests/{tier}/"))),
            "{tier}"
        );
        assert!(
            folder.workspace()["budgets"]["tiers"][tier]["wall_ms_max"].is_u64(),
            "{tier}"
        );
    }
    let told = python(&["cases", folder.path()]);
    assert_eq!((&told["failed"], &told["passed"]), (&json!([]), &json!(20)));
    // What was there stays.
    assert_eq!(folder.workspace()["budgets"]["latency_p95_ms_max"], 250);
    assert_eq!(folder.workspace()["state"]["greeting"], "Hello");
}

#[test]
fn rewards_move_picks_to_what_earns_most() {
    let folder = Folder::new();
    chat(&folder, "add a tuner that improves pick_variant");
    let pick =
        |name: &str, reward: f64| json!({"variant": name, "propensity": 0.3, "reward": reward});
    let picks = json!([
        pick("plain", -0.5),
        pick("warm", 1.0),
        pick("brief", 0.0),
        pick("warm", 0.5)
    ]);

    let learned = python(&[
        "learn",
        folder.path(),
        "reward_variant",
        "{}",
        &picks.to_string(),
    ]);

    let arms = &learned["variants"]["arms"];
    assert_eq!(
        (&arms["warm"]["pulls"], &arms["warm"]["reward_sum"]),
        (&json!(2), &json!(1.5))
    );
    assert_eq!(
        (&arms["plain"]["pulls"], &arms["plain"]["reward_sum"]),
        (&json!(1), &json!(-0.5))
    );
    assert_allowed(&folder, &learned);
    let picked = case(
        &folder,
        &learned,
        &json!({"$subset": {"variant": "warm", "propensity": 1}}),
        "pick_variant",
        &json!({}),
    );
    assert_eq!(picked["failed"], json!([]));
}

#[test]
fn judged_messages_move_the_threshold() {
    let folder = Folder::new();
    chat(&folder, "add a tuner that learns which messages are urgent");
    let judged = json!({"examples": [
        {"message": "please, today", "urgent": true},
        {"message": "please", "urgent": false},
        {"message": "soon", "urgent": false},
    ]});
    let arguments = json!({"message": "please, today"});
    let flagged = json!({"$subset": {"urgent": true, "score": 3}});
    let before = case(
        &folder,
        &folder.workspace()["state"],
        &flagged,
        "flag_urgent",
        &arguments,
    );

    let learned = python(&[
        "learn",
        folder.path(),
        "tune_threshold",
        &judged.to_string(),
        "[]",
    ]);

    assert_eq!(learned["urgent"]["threshold"], 3);
    assert_eq!(
        learned["urgent"]["judged"],
        json!({"3": {"urgent": 1, "other": 0}, "1": {"urgent": 0, "other": 2}})
    );
    assert_allowed(&folder, &learned);
    let after = case(&folder, &learned, &flagged, "flag_urgent", &arguments);
    assert_eq!(
        (before["failed"].as_array().unwrap().len(), &after["failed"]),
        (1, &json!([]))
    );
}

fn assert_allowed(folder: &Folder, state: &Value) {
    let schema = folder.workspace()["schema"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(state), "{state:#}");
}

/// Runs one case, alone, against a state without exploring.
fn case(folder: &Folder, state: &Value, expect: &Value, tool: &str, arguments: &Value) -> Value {
    let alone = Folder::new();
    let code = folder
        .files()
        .into_iter()
        .filter(|file| file.starts_with("tools/"));
    let create = |path: &str| {
        let text = std::fs::read_to_string(format!("{}/{path}", folder.path())).unwrap();
        json!({"op": "create", "path": path, "text": text})
    };
    let mut edits: Vec<Value> = code.map(|path| create(&path)).collect();
    edits.push(
        json!({"op": "create", "path": "state/active.state.json", "text": state.to_string()}),
    );
    let mut one = json!({"tool": tool, "args": arguments, "expect": expect});
    if tool == "pick_variant" {
        one["state"] = json!({"variants": {"epsilon": 0}});
    }
    alone.change(
        &json!({"cases": [{"file": "tests/micro/one.jsonl", "case": one}]}),
        &json!({"edits": edits}),
    );
    python(&["cases", alone.path()])
}
