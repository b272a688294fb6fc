//! Recorded answers of a model, as `replay` reads them.

use serde_json::{Value, json};

use crate::server::Workspace;

/// A tool with a fault that nobody but a model can mend.
pub(super) const SLUGIFY: &str = r#"
"""Text for addresses."""

import re

from luthier import tool


@tool
def slugify(title: str) -> str:
    """A title as a part of an address."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    return "-".join(words)


@tool
def shout(text: str) -> str:
    """A text in capitals."""
    return text.upper()
"#;

pub(super) const CASES: &str = r#"{"tool": "slugify", "args": {"title": "Hello, World!"}, "expect": "hello-world"}
{"tool": "shout", "args": {"text": "hey"}, "expect": "HEY"}
"#;

pub(super) const COMPLAINT: &str =
    "slugify drops accents: slugify('Café au lait') should be 'cafe-au-lait'";

/// An edit that mends it.
pub(super) const MENDED: &str = r#"@tool
def slugify(title: str) -> str:
    """A title as a part of an address."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    return "-".join(words)
"#;

/// Answers by kind, which a replay gives in whatever order it is asked.
#[derive(Default)]
pub(super) struct Answers(Vec<Value>);

impl Answers {
    pub(super) fn add(mut self, kind: &str, answers: &[Value]) -> Self {
        let answers: Vec<_> = answers
            .iter()
            .map(|value| json!({ "value": value }))
            .collect();
        self.0.push(json!({ "kind": kind, "answers": answers }));
        self
    }

    /// Writes them where a workspace finds them.
    pub(super) fn write(&self, workspace: &Workspace) {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        workspace.write("answers.jsonl", &lines.join("\n"));
    }

    /// What repairs `slugify`.
    pub(super) fn of_repair() -> Self {
        Self::default()
            .add(
                "analyst",
                &[analysis("repair", &["tools/runner/text.py::slugify"])],
            )
            .add(
                "tester",
                &[json!({ "cases": [{ "file": "tests/micro/text.jsonl", "case": case() }] })],
            )
            .add("coder", &[repair(MENDED)])
            .add("reviewer", &[approval()])
    }
}

pub(super) fn case() -> Value {
    json!({ "tool": "slugify", "args": { "title": "Café au lait" }, "expect": "cafe-au-lait" })
}

pub(super) fn analysis(kind: &str, symbols: &[&str]) -> Value {
    json!({
        "kind": kind,
        "summary": "slugify keeps the letters of accented ones",
        "ambiguity": 0.1,
        "unknowns": [],
        "scope": ["slugify"],
        "out_of_scope": ["shout"],
        "acceptance": [{ "file": "tests/micro/text.jsonl", "case": case() }],
        "risks": ["addresses change"],
        "symbols": symbols,
    })
}

pub(super) fn repair(text: &str) -> Value {
    json!({
        "edits": [
            { "op": "add_import", "path": "tools/runner/text.py", "import": "import unicodedata" },
            { "op": "replace", "target": "tools/runner/text.py::slugify", "text": text },
        ],
        "rationale": "letters are taken apart before those that no address has are left out",
    })
}

pub(super) fn approval() -> Value {
    json!({ "verdict": "approve", "reasons": ["it does what was asked, and nothing else"] })
}

/// A workspace with a tool that has a fault, whose model is a recording.
pub(super) fn workspace(answers: &Answers) -> Workspace {
    let workspace = Workspace::proving();
    workspace.write("tools/runner/text.py", SLUGIFY);
    workspace.write("tests/micro/text.jsonl", CASES);
    workspace.write(
        "luthier.toml",
        "name = \"bench\"\n[architect]\nprovider = \"replay\"\nanswers = \"answers.jsonl\"\n[release]\nwatch_s = 0\n",
    );
    answers.write(&workspace);
    workspace
}
