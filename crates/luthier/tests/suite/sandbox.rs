//! `luthier sandbox …`, and the cases of the reference workspace in every place where tools can run.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::server::Workspace;

const MODULE: &str = r#"
from lib.words import shout

from luthier import tool


@tool
def greet(name: str) -> str:
    """Greets."""
    print("greeting")
    return shout(name)


def add(one: int, other: int) -> int:
    return one + other


def spin() -> None:
    while True:
        pass
"#;

/// What is answered to scripts, whatever the exit code.
fn told(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap()
}

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write(
        "tools/lib/words.py",
        "def shout(text):\n    return text.upper() + '!'\n",
    );
    workspace.write("tried.py", MODULE);
    workspace
}

#[test]
fn a_module_is_tried_in_either_sandbox_and_only_a_value_is_success() {
    let workspace = workspace();

    for tier in ["native", "wasm"] {
        let run = |call: &[&str]| {
            let arguments = [
                &["sandbox", "run", "tried.py", "--json", "--tier", tier],
                call,
            ]
            .concat();
            let said = workspace.run_in(&workspace.path(), &arguments);
            (said.exit, told(&said.stdout))
        };

        let (exit, greeted) = run(&["--call", "greet", "--args", r#"{"name": "Ann"}"#]);
        assert_eq!(
            (exit, &greeted["verdict"]),
            (0, &json!("value")),
            "{greeted}"
        );
        assert_eq!(
            (&greeted["value"], &greeted["stdout"]),
            (&json!("ANN!"), &json!("greeting\n"))
        );
        assert!(
            greeted["usage"]["memory_bytes"].as_u64() > Some(1 << 20),
            "{greeted}"
        );
        let (exit, added) = run(&["--call", "add", "--args", "[2, 3]", "--coverage"]);
        assert_eq!((exit, &added["value"]), (0, &json!(5)));
        let (exit, late) = run(&["--call", "spin", "--call-ms-max", "100"]);
        assert_eq!((exit, &late["verdict"]), (1, &json!("deadline")), "{late}");
        let (exit, raised) = run(&["--call", "add", "--args", "[2]"]);
        assert_eq!((exit, &raised["verdict"]), (1, &json!("raised")));
    }
}

#[test]
fn instructions_are_counted_where_that_is_asked_for() {
    let workspace = workspace();
    let run = |fuel: &str| {
        let call = [
            "--call", "add", "--args", "[2, 3]", "--tier", "wasm", "--fuel", fuel,
        ];
        let arguments = [&["sandbox", "run", "tried.py", "--json"], &call[..]].concat();
        told(&workspace.run_in(&workspace.path(), &arguments).stdout)
    };

    let enough = run("1000000000");
    let too_few = run("1000");

    assert_eq!(enough["value"], 5, "{enough}");
    assert!(enough["usage"]["fuel"].as_u64() > Some(1000), "{enough}");
    assert_eq!(too_few["verdict"], "fuel", "{too_few}");
}

#[test]
fn what_the_gate_refuses_is_told_with_its_place_and_nothing_runs() {
    let workspace = workspace();
    workspace.write(
        "nosy.py",
        "import os\n\n\ndef look():\n    return os.listdir('/etc')\n",
    );
    let run = |more: &[&str]| {
        let arguments = [&["sandbox", "run", "nosy.py", "--call", "look"], more].concat();
        workspace.run_in(&workspace.path(), &arguments)
    };

    let refused = run(&["--json"]);
    let tried = run(&["--json", "--no-gate"]);

    assert_eq!(refused.exit, 5);
    let refusal = &refused.error()["refusals"][0];
    assert_eq!(
        (&refusal["code"], &refusal["line"]),
        (&json!("import"), &json!(1))
    );
    assert_eq!(
        (tried.exit, &told(&tried.stdout)["verdict"]),
        (1, &json!("raised"))
    );
    workspace.write(
        "luthier.toml",
        "name = \"bench\"\n[gate.imports]\nallow = [\"os\"]\n",
    );
    assert_eq!(told(&run(&["--json"]).stdout)["verdict"], "raised");
}

#[test]
fn a_sandbox_that_is_not_there_is_named_with_what_would_help() {
    let workspace = workspace();
    workspace.write(
        "luthier.toml",
        "name = \"bench\"\n[sandbox]\ncomponent = \"/nowhere.wasm\"\n",
    );

    let doctor = workspace.run(&["sandbox", "doctor", "--json"]);
    let arguments = [
        "sandbox",
        "run",
        "tried.py",
        "--call",
        "spin",
        "--tier",
        "wasm",
        "--no-gate",
    ];
    let run = workspace.run_in(&workspace.path(), &arguments);

    assert_eq!((doctor.exit, run.exit), (6, 6));
    let sandboxes = &told(&doctor.stdout)["sandboxes"];
    assert_eq!(
        (&sandboxes[0]["tier"], &sandboxes[0]["is_fit"]),
        (&json!("wasm"), &json!(false))
    );
    assert_eq!(
        (&sandboxes[1]["tier"], &sandboxes[1]["is_fit"]),
        (&json!("native"), &json!(true))
    );
    assert!(run.stderr.contains("/nowhere.wasm"), "{run:?}");
}

/// Runs a program as on a kernel that was built without Landlock: whoever asks for it is told that there
/// is no such call.
const WITHOUT_LANDLOCK: &str = r#"
import ctypes, os, struct, sys

LANDLOCK_CREATE_RULESET, ENOSYS = 444, 38
LOAD, IF_EQUAL, RETURN, ERRNO, ALLOW = 0x20, 0x15, 0x06, 0x00050000, 0x7FFF0000
steps = [(LOAD, 0, 0, 0), (IF_EQUAL, 0, 1, LANDLOCK_CREATE_RULESET),
         (RETURN, 0, 0, ERRNO | ENOSYS), (RETURN, 0, 0, ALLOW)]
text = b"".join(struct.pack("=HBBI", *step) for step in steps)
program = struct.pack("@HP", len(steps), ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p).value)
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, program, 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
"#;

#[test]
fn without_landlock_candidates_are_refused_and_doctor_says_so() {
    let workspace = workspace();
    let run = |arguments: &[&str]| {
        let mut command = Command::new("python3");
        command
            .args(["-c", WITHOUT_LANDLOCK, env!("CARGO_BIN_EXE_luthier")])
            .args(arguments)
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .current_dir(workspace.path());
        let output = command.output().unwrap();
        let said = serde_json::from_slice::<Value>(&output.stdout).unwrap();
        (output.status.code(), said)
    };

    let (refused, error) = run(&["sandbox", "run", "tried.py", "--call", "spin", "--json"]);
    let (_, doctor) = run(&["doctor", "--json"]);

    assert_eq!(refused, Some(6));
    insta::assert_snapshot!(error["error"]["message"].as_str().unwrap(), @"the native sandbox cannot be used: this kernel has no Landlock");
    let checks = doctor["checks"].as_array().unwrap();
    let check = checks
        .iter()
        .find(|check| check["name"] == "sandbox (native)")
        .unwrap();
    assert_eq!(check["outcome"], "warn");
    insta::assert_snapshot!(check["found"].as_str().unwrap(), @"candidates are refused: this kernel has no Landlock");
    insta::assert_snapshot!(check["fix"].as_str().unwrap(), @"use Linux 5.13 or newer, built with CONFIG_SECURITY_LANDLOCK");
}

#[test]
fn what_is_no_module_or_no_argument_is_a_mistake_in_the_command_line() {
    let workspace = workspace();
    let run = |arguments: &[&str]| {
        let arguments = [&["sandbox", "run"], arguments].concat();
        workspace.run_in(&workspace.path(), &arguments).seen()
    };

    insta::assert_snapshot!(run(&["tried.txt", "--call", "x"]), @r"
    usage

      × `tried.txt` is no Python module
      help: name a file that ends in `.py`
    (exit 2)
    ");
    insta::assert_snapshot!(run(&["tried.py", "--call", "add", "--args", "{\"one\": 1}"]), @r#"
    usage

      × `add` is no tool, and a function takes an array
      help: write its arguments in order, as in --args '["text", 3]'
    (exit 2)
    "#);
    insta::assert_snapshot!(run(&["tried.py", "--call", "add", "--args", "[1"]), @r"
    bad_json

      × --args is not JSON: EOF while parsing a list at line 1 column 2
      help: check it with `python3 -m json.tool`
    (exit 5)
    ");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The verdict of each case of the reference workspace, with its tools in a place.
fn verdicts(place: &str) -> BTreeMap<String, String> {
    let workspace = Workspace::new();
    let root = root();
    let out = workspace.outside().join(place);
    let arguments = [
        "test",
        "--json",
        "--workspace",
        root.to_str().unwrap(),
        "--data",
        workspace.outside().to_str().unwrap(),
        "--in",
        place,
        "--no-cache",
        "--out",
        out.to_str().unwrap(),
    ];
    let said = workspace.run_in(workspace.outside(), &arguments);
    assert!([0, 8].contains(&said.exit), "{said:?}");
    let lines = fs::read_to_string(out.join("cases.jsonl")).unwrap();
    let cases = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    cases
        .map(|case| {
            let text = |key: &str| case[key].as_str().unwrap_or_default().to_owned();
            (
                format!("{}:{}", text("file"), case["line"]),
                text("verdict"),
            )
        })
        .collect()
}

/// Cases that come to something else in a sandbox, each with the reason.
const DIFFERENT: [(&str, &str, &str); 2] = [
    ("tests/micro/json.jsonl:31", "wasm", TOO_DEEP),
    ("tests/micro/json.jsonl:40", "wasm", TOO_DEEP),
];

/// In both, the document is nested 20,000 deep and not finished. The `json` of 3.11 gives up on the
/// depth; that of 3.14, in Wasm, reads to the end and finds that something is missing.
const TOO_DEEP: &str = "the interpreters do not give up at the same depth";

#[test]
fn the_cases_of_the_reference_workspace_come_to_the_same_in_every_place() {
    let serving = verdicts("serving");
    assert!(serving.len() > 700, "{}", serving.len());

    for place in ["rails", "wasm"] {
        let there = verdicts(place);
        let different: Vec<_> = serving
            .iter()
            .filter(|(case, verdict)| there.get(*case) != Some(*verdict))
            .map(|(case, verdict)| (case, verdict, there.get(case)))
            .filter(|(case, ..)| {
                !DIFFERENT
                    .iter()
                    .any(|(known, where_known, _why)| known == case && *where_known == place)
            })
            .collect();
        assert!(different.is_empty(), "{place}: {different:#?}");
        assert_eq!(there.len(), serving.len());
    }
}
