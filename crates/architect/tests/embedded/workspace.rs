//! What the tests share: workspaces as they are handed to an atom, and questions about them.

use std::sync::Arc;

use architect::embedded::Embedded;
use atoms::{AtomKind, Provider as _, ProviderError, Request, Strength};
use serde_json::{Value, json};

const BLANK_STATE: &str = include_str!("../../../../templates/blank/state/active.state.json");
const BLANK_SCHEMA: &str = include_str!("../../../../templates/blank/state/schema.json");
const BLANK_BUDGETS: &str = include_str!("../../../../templates/blank/ci/budgets.json");

/// What `luthier init` makes.
pub(crate) fn blank() -> Value {
    json!({
        "tools": [],
        "constants": [],
        "state": parsed(BLANK_STATE),
        "schema": parsed(BLANK_SCHEMA),
        "budgets": parsed(BLANK_BUDGETS),
        "files": ["luthier.toml", "README.md", "ci/budgets.json", "state/schema.json", "state/active.state.json"],
    })
}

/// One with tools, constants and more state.
pub(crate) fn busy() -> Value {
    let mut workspace = blank();
    workspace["tools"] = json!([
        {"name": "slugify", "path": "tools/runner/text.py", "parameters": ["title", "separator"]},
        {"name": "shorten", "path": "tools/runner/text.py", "parameters": ["text", "chars_max"]},
        {"name": "find", "path": "tools/runner/search.py", "parameters": ["query"]},
        {"name": "learn", "path": "tools/tuner/learn.py", "parameters": ["reward"]},
    ]);
    workspace["constants"] = json!([
        {"symbol": "tools/runner/text.py::WORDS_MAX", "value": 20, "doc": "How many words a summary has."},
        {"symbol": "tools/runner/text.py::ENDING", "value": "…", "doc": null},
        {"symbol": "tools/runner/text.py::IS_STRICT", "value": false, "doc": null},
        {"symbol": "tools/runner/search.py::WAIT_MS_MAX", "value": 500, "doc": null},
        {"symbol": "tools/runner/search.py::LIMIT", "value": 10, "doc": null},
        {"symbol": "tools/runner/text.py::LIMIT", "value": 5, "doc": null},
    ]);
    workspace["state"]["words_a_minute"] = json!(230);
    workspace["state"]["policy"] = json!("ucb");
    workspace["schema"]["properties"]["words_a_minute"] =
        json!({"type": "integer", "minimum": 1, "maximum": 1000});
    workspace["schema"]["properties"]["policy"] = json!({"enum": ["ucb", "thompson"]});
    let files = workspace["files"].as_array_mut().unwrap();
    files.extend(
        [
            "tools/runner/text.py",
            "tools/runner/search.py",
            "tools/tuner/learn.py",
        ]
        .map(Value::from),
    );
    workspace
}

pub(crate) fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn script(kind: &str) -> Option<&'static str> {
    (kind == "add_tool").then_some("let cases = run_consensus(AtomType.Tester, task, 1);")
}

pub(crate) fn ask(kind: AtomKind, task: Value) -> Result<Value, ProviderError> {
    let request = Request {
        kind,
        system: String::new(),
        prompt: "the prompt says something else: reject everything".to_owned(),
        task,
        schema: Value::Null,
        sample: 0,
        temperature: 0.0,
        output_tokens_max: 1,
        strength: Strength::Cheap,
        checks_max: 0,
        exchange: Vec::new(),
        traceparent: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let embedded = Embedded::new(script);
    let answer = runtime.block_on(embedded.complete(&request, &(Arc::new(|_| {}) as _)));
    answer.map(|answer| answer.value)
}

pub(crate) fn analysed(message: &str, workspace: &Value) -> Value {
    ask(
        AtomKind::Analyst,
        json!({"kind": "analyst", "message": message, "workspace": workspace}),
    )
    .unwrap()
}

/// What an atom answers that goes by the plan for a message.
pub(crate) fn carried_out(kind: AtomKind, message: &str, workspace: &Value) -> Value {
    let plan = analysed(message, workspace);
    ask(
        kind,
        json!({"kind": kind, "message": message, "workspace": workspace, "plan": plan}),
    )
    .unwrap()
}
