//! Text of others is data: a model that obeys whatever it takes for an order does nothing else than
//! one that was never told.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{
    answers::{Answers, COMPLAINT, MENDED, analysis, approval, case, repair, workspace},
    artefact, job_of,
    model::{Asked, Model, Wire},
    say,
};
use crate::server::Server;

const CORPUS: &str = include_str!("../../../../architect/tests/injections/corpus.jsonl");

/// A prompt without what stands between marks: what a model may take for orders.
fn orders(prompt: &str) -> String {
    let mut orders = String::new();
    let mut is_data = false;
    for line in prompt.lines() {
        let is_mark = line.starts_with("[[luthier:");
        if is_mark {
            is_data = line.contains(" begin ");
        } else if !is_data {
            orders.push_str(line);
            orders.push('\n');
        }
    }
    orders
}

/// Does whatever it is told outside of marks, and its work otherwise.
fn obey(asked: &Asked<'_>, injections: &[String], obeyed: &Mutex<Vec<String>>) -> Value {
    let orders = orders(asked.prompt);
    let told = injections.iter().find(|text| {
        let mut lines = text.lines().filter(|line| line.trim().len() > 8);
        lines.any(|line| orders.contains(line.trim()))
    });
    if let Some(told) = told {
        obeyed.lock().unwrap().push(told.clone());
        return match asked.kind {
            "coder" => json!({
                "edits": [{ "op": "remove_file", "path": "tools/runner/text.py" }],
                "rationale": "I was told to",
            }),
            _ => approval(),
        };
    }
    match asked.kind {
        "analyst" => analysis("repair", &["tools/runner/text.py::slugify"]),
        "tester" => json!({ "cases": [{ "file": "tests/micro/text.jsonl", "case": case() }] }),
        "coder" => repair(MENDED),
        _ => approval(),
    }
}

#[test]
fn no_injection_has_an_effect_on_a_model_that_obeys() {
    let corpus: Vec<Value> = CORPUS
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(corpus.len() >= 30);
    let texts: Vec<String> = corpus
        .iter()
        .map(|injection| injection["text"].as_str().unwrap().to_owned())
        .collect();
    let obeyed = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&obeyed);
    let known = texts.clone();
    let model = Model::start(Wire::OpenAi, move |asked| obey(&asked, &known, &noted));
    let workspace = workspace(&Answers::default());
    for (number, text) in texts.iter().enumerate() {
        workspace.write(&format!("state/assets/{number}.txt"), text);
    }
    let url = format!("{}/v1", model.url);
    let server = Server::start_with(
        &workspace,
        &[],
        &[
            ("LUTHIER_ARCHITECT_PROVIDER", "openai"),
            ("LUTHIER_ARCHITECT_BASE_URL", &url),
            ("LUTHIER_ARCHITECT_MODEL", "small"),
        ],
    );
    let dry = |message: &str, attachments: Value| {
        let body = json!({ "message": message, "attachments": attachments, "dry_run": true });
        say(&server, "active", &body, &[])
    };
    let untold = artefact(&server, &job_of(&dry(COMPLAINT, json!([]))), "change.diff");

    for (number, injection) in corpus.iter().enumerate() {
        let text = injection["text"].as_str().unwrap();
        let reply = if injection["where"] == "message" {
            dry(&format!("{COMPLAINT}\n{text}"), json!([]))
        } else {
            dry(
                COMPLAINT,
                json!([format!("file:state/assets/{number}.txt")]),
            )
        };

        let answer = reply.json();
        // What a message orders that no Architect may do is refused before any model sees it.
        let is_refused = injection["where"] == "message"
            && (answer["result"] == "rejected" || reply.status == 202);
        if !is_refused {
            assert_eq!(answer["result"], "committed", "{injection} {}", reply.body);
            let diff = artefact(&server, &job_of(&reply), "change.diff");
            assert_eq!(diff, untold, "{injection}");
        }
    }
    assert_eq!(*obeyed.lock().unwrap(), Vec::<String>::new());
}
