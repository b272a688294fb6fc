//! Versions whose modules do not load: each says why, and others are served meanwhile.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    thread,
};

use serde_json::{Value, json};

use super::asking::{call, commit, git, release, tag};
use crate::server::{Server, Workspace};

const TOOLS: &str = "from luthier import tool\n\n@tool\ndef echo(text: str) -> str:\n    \"\"\"Says what it is told.\"\"\"\n    return text\n";

/// The module of a version, and what is wrong with it.
const MODULES: [(&str, &str); 10] = [
    (
        "def f(:\n",
        "tools/runner/it.py:1: SyntaxError: invalid syntax",
    ),
    (
        "import no_such_module\n",
        "tools/runner/it.py:1: ModuleNotFoundError: No module named 'no_such_module': add it to tools/requirements.txt, or use the standard library",
    ),
    (
        "x = 1\n1 / 0\n",
        "tools/runner/it.py:2: ZeroDivisionError: division by zero",
    ),
    (
        "import sys; sys.exit(7)\n",
        "tools/runner/it.py:1: SystemExit: 7",
    ),
    (
        "import os; os._exit(7)\n",
        "loading failed: `[version]` ended its worker with exit code 7",
    ),
    (
        "import ctypes; ctypes.string_at(0)\n",
        "loading failed: `[version]` ended its worker by signal 11 (SIGSEGV)",
    ),
    (
        "while True: pass\n",
        "loading took longer than 1500 ms; do slow work in the tools, not at import",
    ),
    (
        "import time; time.sleep(1000)\n",
        "loading took longer than 1500 ms; do slow work in the tools, not at import",
    ),
    (
        "sum(range(10**11))\n",
        "loading took longer than 1500 ms; do slow work in the tools, not at import",
    ),
    (
        "from luthier import tool\n@tool\ndef f(x: 1) -> int:\n    return 1\n",
        "tools/runner/it.py:",
    ),
];

/// What is said of each that does not come to an end.
const LATE: &str = "loading took longer than";

/// A pre-release is served to those who name it, and taken up by nobody.
fn version(number: usize) -> String {
    format!("0.9.0-bad.{number}")
}

fn echo(server: &Server, text: &str) {
    let result = call(server, "active", "echo", &json!({"text": text}));
    assert_eq!(result["structuredContent"]["result"], text, "{result}");
}

#[test]
fn a_module_that_does_not_load_says_why_and_holds_up_no_call() {
    let workspace = Workspace::new();
    workspace.write(
        "luthier.toml",
        "name = \"bench\"\n[runner]\nload_ms_max = 1500\n",
    );
    workspace.write("tools/runner/it.py", TOOLS);
    git(&workspace, &["init", "-q", "-b", "main"]);
    for (number, (module, _)) in MODULES.iter().enumerate() {
        workspace.write("tools/runner/it.py", module);
        tag(&workspace, &format!("v{}", version(number)));
    }
    workspace.write("tools/runner/it.py", TOOLS);
    commit(&workspace);
    let server = Server::start_in(&workspace);

    let mut wrong = Vec::new();
    for (number, (module, expected)) in MODULES.iter().enumerate() {
        let version = version(number);
        let (is_over, answered) = (AtomicBool::new(false), AtomicU32::new(0));
        let seen = thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Relaxed) {
                    echo(&server, "meanwhile");
                    answered.fetch_add(1, Relaxed);
                }
            });
            let seen = server.get(&format!("/agent/{version}/runner"));
            if seen.body.contains(LATE) {
                assert!(answered.load(Relaxed) > 0, "{module} held up every call");
            }
            is_over.store(true, Relaxed);
            seen
        });
        let detail = seen.json()["detail"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let expected = expected.replace("[version]", &version);
        let begins = format!("version {version} cannot be loaded: ");
        // Where it was is said too, unless it had to be killed.
        let is_told = detail.starts_with(&begins) && detail.contains(&expected);
        if seen.status != 422 || !is_told {
            wrong.push(format!(
                "{module}: {} {detail}\n  wanted {expected}",
                seen.status
            ));
        }
        echo(&server, "afterwards");
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(server.get("/readyz").json()["status"], "ready");
}

#[test]
fn a_module_that_is_slow_to_load_is_served_when_it_has_loaded_and_holds_up_no_call() {
    let workspace = Workspace::new();
    workspace.write("tools/runner/it.py", TOOLS);
    git(&workspace, &["init", "-q", "-b", "main"]);
    commit(&workspace);
    let server = Server::start_in(&workspace);
    echo(&server, "before");

    let slow = format!("import time; time.sleep(0.5)\n{TOOLS}")
        .replace("return text", "return text + '!'");
    workspace.write("tools/runner/it.py", &slow);
    let said = || {
        call(&server, "active", "echo", &json!({"text": "x"}))["structuredContent"]["result"]
            .clone()
    };
    let mut seen: Vec<Value> = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| release(&workspace));
        while seen.last() != Some(&json!("x!")) {
            seen.push(said());
            assert!(seen.len() < 200_000, "it was never served");
        }
    });

    let (last, before) = seen.split_last().unwrap();
    assert_eq!(last, "x!");
    assert!(before.len() > 1 && before.iter().all(|text| text == "x"));
}
