//! What people report of the reference workspace, in five tones and with nothing configured: a text goes
//! in, and a tested release comes out, a question, or an honest no.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{job, job_of, say, tell};
use crate::{
    runner::asking::{call, until},
    server::{Server, Workspace},
};

/// So long a repair is looked for.
const REPAIR_MS: &str = "20000";

/// A workspace with faults, of which nothing that is tested knows.
struct Faulty {
    workspace: Workspace,
    reports: Vec<Value>,
}

impl Faulty {
    /// The reference workspace with the faults that the reports are about, without the cases that see them.
    fn new(reports: &str) -> Self {
        let workspace = Workspace::proving();
        for folder in ["tools", "state", "tests"] {
            let own = workspace.path().join(folder);
            drop(fs::remove_dir_all(&own));
            let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            copy(&reference.join(folder), &own);
        }
        let reports: Vec<Value> = (reports.lines())
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        for fault in reports.iter().filter_map(|report| report.get("break")) {
            let file = text(fault, "file");
            let code = fs::read_to_string(workspace.path().join(file)).unwrap();
            let (before, after) = (text(fault, "before"), text(fault, "after"));
            assert_eq!(code.matches(before).count(), 1, "{fault}");
            workspace.write(file, &code.replace(before, after));
        }
        let faulty = Self { workspace, reports };
        while faulty.forget_what_fails() {}
        faulty
    }

    /// Takes out the cases that fail; false if none does.
    fn forget_what_fails(&self) -> bool {
        let said = self.workspace.run(&["test", "--json"]);
        let told: Value = serde_json::from_str(said.stdout.trim()).unwrap();
        let cases = told["cases"].as_array().unwrap();
        let failed: Vec<&Value> = (cases.iter())
            .filter(|case| case["verdict"] == "fail")
            .collect();
        for case in &failed {
            let path = self.workspace.path().join(text(case, "file"));
            let kept = fs::read_to_string(&path).unwrap();
            let line = usize::try_from(case["line"].as_u64().unwrap()).unwrap();
            let mut lines: Vec<&str> = kept.split('\n').collect();
            // An empty line is no case, and the others keep their numbers.
            lines[line - 1] = "";
            fs::write(&path, lines.join("\n")).unwrap();
        }
        !failed.is_empty()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, copied).unwrap();
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

/// Says all of it, one after the other, to one server.
fn report(reports: &str) {
    let faulty = Faulty::new(reports);
    let budget = [("LUTHIER_ARCHITECT_REPAIR_MS", REPAIR_MS)];
    let server = Server::start_with(&faulty.workspace, &[], &budget);
    for report in &faulty.reports {
        let (ends, job) = said(&server, report);
        assert_eq!(ends, report["ends"], "{report} {job}");
        for hold in report["holds"].as_array().into_iter().flatten() {
            holds(&server, hold);
        }
    }
}

/// What becomes of a report, and the job that it was.
fn said(server: &Server, report: &Value) -> (String, Value) {
    let message = json!({ "message": report["message"] });
    let reply = say(server, "active", &message, &[("prefer", "respond-async")]);
    assert_eq!(reply.status, 202, "{report} {}", reply.body);
    let id = job_of(&reply);
    until(&json!(true), || {
        let job = job(server, &id);
        json!(job["stage"] == "needs_answers" || !job["answer"].is_null())
    });
    let job = job(server, &id);
    if job["stage"] == "needs_answers" {
        assert_ne!(job["questions"], json!([]), "{report} {job}");
        tell(server, &id, "cancel", &json!({}));
        return ("asks".to_owned(), job);
    }
    let ends = match text(&job["answer"], "result") {
        "committed" => "released",
        other => other,
    };
    (ends.to_owned(), job)
}

/// What serves does for other inputs what it did before there was a fault.
fn holds(server: &Server, hold: &Value) {
    let expect = &hold["expect"];
    until(expect, || {
        let mut answer = call(server, "active/runner", text(hold, "tool"), &hold["args"]);
        if let Some(error) = expect.get("$error") {
            let told = answer["content"][0]["text"].as_str().unwrap_or_default();
            let is_refused = answer["isError"] == true && told.contains(error.as_str().unwrap());
            return if is_refused { expect.clone() } else { answer };
        }
        if let Some(given) = answer["structuredContent"].as_object_mut() {
            given.remove("conversation_id");
        }
        let given = &answer["structuredContent"];
        given.get("result").unwrap_or(given).clone()
    });
}

#[test]
fn a_terse_report_ends_as_it_should() {
    report(include_str!("reported/terse.jsonl"));
}

#[test]
fn a_polite_report_ends_as_it_should() {
    report(include_str!("reported/polite.jsonl"));
}

#[test]
fn an_angry_report_ends_as_it_should() {
    report(include_str!("reported/angry.jsonl"));
}

#[test]
fn a_chatty_report_ends_as_it_should() {
    report(include_str!("reported/chatty.jsonl"));
}

#[test]
fn a_formal_report_ends_as_it_should() {
    report(include_str!("reported/report.jsonl"));
}
