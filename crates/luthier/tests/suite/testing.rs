//! `luthier test` in a small workspace, as people and CI run it.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::server::Workspace;

const TOOLS: &str = r#"
from luthier import Context, tool

_calls = {"count": 0}


@tool
def double(number: int, ctx: Context) -> int:
    """Doubles a number."""
    return number * ctx.state["factor"]


@tool
def refuse(what: str) -> str:
    """Never does it."""
    raise ValueError(f"{what} is not done here")


@tool
def flicker() -> bool:
    """Is right every second time."""
    _calls["count"] += 1
    return _calls["count"] % 2 == 0
"#;

const CASES: &str = r#"{"tool": "double", "args": {"number": 2}, "expect": 4}
{"tool": "double", "args": {"number": 2}, "state": {"factor": 5}, "expect": 10}
"#;

fn workspace(cases: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/runner/numbers.py", TOOLS);
    workspace.write("state/schema.json", r#"{"type": "object"}"#);
    workspace.write("state/active.state.json", r#"{"factor": 2}"#);
    workspace.write(
        "ci/budgets.json",
        r#"{"tiers": {"micro": {"wall_ms_max": 60000}}}"#,
    );
    workspace.write("tests/micro/numbers.jsonl", cases);
    workspace
}

fn test(workspace: &Workspace, args: &[&str]) -> Value {
    let said = workspace.run(&[&["test", "--json"], args].concat());
    assert!([0, 8].contains(&said.exit), "{said:?}");
    serde_json::from_str(&said.stdout).unwrap()
}

#[test]
fn cases_pass_and_fail_with_an_exit_code_and_a_difference_of_their_own() {
    let workspace = workspace(CASES);

    let passed = test(&workspace, &[]);
    workspace.write(
        "tests/micro/numbers.jsonl",
        &format!("{CASES}{{\"tool\": \"double\", \"args\": {{\"number\": 3}}, \"expect\": 7}}\n"),
    );
    let failed = workspace.run(&["test", "--tier", "micro", "--no-cache"]);

    assert_eq!(passed["verdict"], "pass", "{passed:#}");
    assert_eq!(passed["tiers"]["micro"]["passed"], 2);
    assert_eq!(passed["version"], "0.1.0-dev");
    assert_eq!(failed.exit, 8);
    let told: Vec<_> = failed.stdout.lines().collect();
    assert!(
        told[0].starts_with("FAIL tests/micro/numbers.jsonl:3 double ("),
        "{told:?}"
    );
    assert_eq!(told[1], "    the value: expected 7, got 6");
    assert!(
        told[3].starts_with("micro  2 of 3 passed, 1 failed in "),
        "{told:?}"
    );
    assert_eq!(told[4], "BROKEN tests_failed_max: 1, the limit is 0");
    assert_eq!(told[5], "fail: 2 of 3 budgets kept");
}

#[test]
fn a_flaky_case_is_reported_as_flaky_and_rejects_where_the_budgets_say_so() {
    let workspace = workspace("{\"tool\": \"flicker\", \"expect\": true}\n");
    // Each worker would count for itself.
    workspace.write("luthier.toml", "name = \"bench\"\n[runner]\nworkers = 1\n");
    let args = ["--jobs", "1", "--no-cache"];

    let flaky = test(&workspace, &args);
    workspace.write("ci/budgets.json", r#"{"tests_flaky_max": 0}"#);
    let rejected = test(&workspace, &args);

    assert_eq!(flaky["tiers"]["micro"]["flaky"], 1, "{flaky:#}");
    assert_eq!(flaky["cases"][0]["verdict"], "flaky");
    assert_eq!(flaky["verdict"], "pass");
    assert_eq!(rejected["verdict"], "fail");
}

#[test]
fn bad_cases_budgets_and_shards_are_named_and_nothing_is_run() {
    let workspace = workspace("{\"tool\": \"doubel\", \"expect\": 1}\nnonsense\n");

    let cases = workspace.run(&["test", "--json"]).error();
    workspace.write("tests/micro/numbers.jsonl", "");
    let untested = test(&workspace, &[]);
    workspace.write("ci/budgets.json", r#"{"latency_p95": 1}"#);
    let budgets = workspace.run(&["test", "--json"]).error();
    let shard = workspace.run(&["test", "--shard", "3/2"]);
    let version = workspace.run(&["test", "--version", "9.9.9", "--json"]);

    assert_eq!(
        (&cases["code"], &cases["exit"]),
        (&json!("bad_cases"), &json!(5))
    );
    assert_eq!(
        cases["problems"][0],
        json!({
            "file": "tests/micro/numbers.jsonl",
            "line": 1,
            "message": "there is no tool `doubel`; did you mean `double`?",
        })
    );
    assert_eq!(cases["problems"].as_array().unwrap().len(), 2);
    assert_eq!(untested["verdict"], "fail");
    let reason = &untested["budgets"][0]["reason"];
    assert!(
        reason.as_str().unwrap().starts_with("no_tests: "),
        "{untested:#}"
    );
    assert_eq!(budgets["code"], "bad_budgets");
    assert!(
        budgets["message"]
            .as_str()
            .unwrap()
            .contains("did you mean"),
        "{budgets}"
    );
    assert_eq!(shard.exit, 2);
    assert_ne!(version.exit, 0);
}

#[test]
fn shards_as_processes_of_their_own_merge_to_what_one_run_says() {
    let lines = (0..24).map(|n| {
        format!(
            "{{\"tool\": \"double\", \"args\": {{\"number\": {n}}}, \"expect\": {}}}\n",
            n * 2
        )
    });
    let workspace = workspace(&lines.collect::<String>());
    let mut whole: Option<Value> = None;
    for count in [1, 2, 4, 7] {
        let folders: Vec<_> = (1..=count)
            .map(|index| format!("out-{count}-{index}"))
            .collect();
        let running = folders.iter().enumerate().map(|(index, folder)| {
            let shard = format!("{}/{count}", index + 1);
            let args = [
                "test",
                "--shard",
                &shard,
                "--out",
                folder,
                "--no-cache",
                "--quiet",
            ];
            let mut command = workspace.command(&workspace.path(), &args);
            command.stdout(Stdio::null()).spawn().unwrap()
        });
        for mut child in running.collect::<Vec<_>>() {
            assert!(child.wait().unwrap().success());
        }
        let folders: Vec<_> = folders.iter().map(String::as_str).collect();
        let merged = test(&workspace, &[&["--merge"], &folders[..]].concat());

        let timeless = timeless(merged);
        assert_eq!(whole.get_or_insert_with(|| timeless.clone()), &timeless);
    }
    let whole = whole.unwrap();
    assert_eq!(whole["tiers"]["micro"]["passed"], 24);
    let missing = workspace
        .run(&["test", "--merge", "out-4-1", "out-4-3", "--json"])
        .error();
    assert_eq!(missing["message"], "of 4 shards these are missing: 2, 4");
}

#[test]
fn parts_of_a_working_tree_that_changed_between_them_are_not_merged() {
    let workspace = workspace(CASES);

    test(&workspace, &["--shard", "1/2", "--out", "one"]);
    workspace.write("tools/runner/numbers.py", &format!("{TOOLS}\n# changed\n"));
    workspace.write("tests/scorers.py", "def changed(): ...\n");
    test(&workspace, &["--shard", "2/2", "--out", "two"]);
    let refused = workspace
        .run(&["test", "--merge", "one", "two", "--json"])
        .error();

    assert_eq!(
        (&refused["code"], &refused["exit"]),
        (&json!("not_one_run"), &json!(4))
    );
    assert_eq!(
        refused["message"],
        "shard 2/2 is of another run: its code, tests differ from those of shard 1/2"
    );
    let summary = fs::read(workspace.path().join("one/summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["contents"]["code"].as_str().unwrap().len(), 64);
}

#[test]
fn tools_see_the_environment_without_what_is_the_servers_alone() {
    let workspace = workspace("");
    workspace.write(
        "tools/runner/variables.py",
        "import os\nfrom luthier import tool\n\n\n@tool\ndef variables(names: list[str]) -> list[str]:\n    \"\"\"Which of them are set.\"\"\"\n    return [name for name in names if name in os.environ]\n",
    );
    let variables = [
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("LUTHIER_VAULT_SECRET_ACCESS_KEY", "secret"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret"),
        ("SHOP_API_KEY", "of the tool"),
    ];
    let names = [&variables.map(|(name, _)| name)[..], &["PATH"]].concat();
    let expected = json!(["SHOP_API_KEY", "PATH"]);
    let case = json!({
        "tool": "variables",
        "args": {"names": names},
        "expect": expected,
    });
    workspace.write("tests/micro/variables.jsonl", &format!("{case}\n"));

    let said = workspace.run_with(&variables, &["test", "--no-cache"]);

    assert_eq!(said.exit, 0, "{said:?}");
}

/// Is killed when the test is over, however that ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // One that ended already cannot be killed, and need not be.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_run_that_is_interrupted_abandons_the_case_that_runs_and_its_workers_go() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let workspace = workspace("");
    workspace.write(
        "tools/runner/waiting.py",
        "import socket\nimport time\n\nfrom luthier import tool\n\n\n@tool(deadline_ms=600000)\ndef wait(port: int) -> None:\n    \"\"\"Takes for ever.\"\"\"\n    with socket.create_connection((\"127.0.0.1\", port)) as line:\n        line.sendall(b\"!\")\n        time.sleep(600)\n",
    );
    let case =
        json!({"tool": "wait", "args": {"port": port}, "expect": null, "timeout_ms": 600_000});
    workspace.write("tests/micro/waiting.jsonl", &format!("{case}\n"));
    let mut command = workspace.command(&workspace.path(), &["test", "--json"]);
    let mut run = Killed(
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );

    let mut worker = listener.accept().unwrap().0;
    worker.read_exact(&mut [0]).unwrap();
    let pid = i32::try_from(run.0.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.unwrap(), Signal::INT).unwrap();
    let mut told = String::new();
    run.0
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    let ended = run.0.wait().unwrap();
    // It closes when the worker is gone.
    let left = worker.read(&mut [0]);

    assert_eq!(ended.code(), Some(1));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["error"]["code"], "interrupted");
    assert!(matches!(left, Ok(0)) || left.is_err(), "{left:?}");
}

/// All of a summary but what a clock said.
fn timeless(mut summary: Value) -> Value {
    for tier in ["micro", "fast", "full"] {
        for key in ["p50_ms", "p95_ms", "p99_ms", "wall_ms"] {
            summary["tiers"][tier][key] = Value::Null;
        }
    }
    for budget in summary["budgets"].as_array_mut().unwrap() {
        if budget["name"].as_str().unwrap().ends_with("wall_ms_max") {
            budget["value"] = Value::Null;
        }
    }
    for key in ["started_at", "ended_at", "cases_sha256", "trace_id"] {
        summary[key] = Value::Null;
    }
    summary
}

#[test]
fn results_are_written_whole_and_two_of_them_are_compared() {
    let workspace = workspace(CASES);

    let before = test(&workspace, &["--out", "before", "--junit", "junit.xml"]);
    workspace.write("state/active.state.json", r#"{"factor": 3}"#);
    test(&workspace, &["--out", "after"]);
    let compared = workspace.run(&["test", "--compare", "before", "after", "--out", "page"]);

    let read = |path: &str| fs::read_to_string(workspace.path().join(path)).unwrap();
    let summary: Value = serde_json::from_str(&read("before/summary.json")).unwrap();
    assert_eq!(summary["cases_sha256"], before["cases_sha256"]);
    assert_eq!(read("before/cases.jsonl").lines().count(), 2);
    assert!(read("junit.xml").contains("tests=\"2\""));
    assert!(read("before/report.html").starts_with("<!doctype html>"));
    assert_eq!(compared.exit, 8);
    // How fast a case is on a busy machine is chance.
    assert_eq!(
        compared.stdout.replace(" 1 slower", " 0 slower"),
        "REGRESSION tests/micro/numbers.jsonl:1 double\n    the value: expected 4, got 6\n\
         0.1.0-dev → 0.1.0-dev: 1 regressions, 0 slower, 0 fixed, 0 still failing, 0 new, 0 gone\n"
    );
    assert!(read("page/comparison.html").contains("Regressions (1)"));
}

#[test]
fn goldens_are_updated_in_place_and_then_pass() {
    let workspace = workspace(
        "{\"tool\": \"double\", \"args\": {\"number\": 1}, \"expect\": 0}\n{\"tool\": \"refuse\", \"args\": {\"what\": \"it\"}, \"expect\": {\"$error\": \"x\"}}\n",
    );

    let updated = workspace.run(&["test", "--update"]);
    let after = test(&workspace, &[]);

    assert_eq!(updated.exit, 0, "{updated:?}");
    assert_eq!(
        updated.stdout.lines().next().unwrap(),
        "tests/micro/numbers.jsonl:1: 0 → 2"
    );
    assert_eq!(after["verdict"], "pass");
    assert!(
        workspace
            .run(&["test", "--update"])
            .stdout
            .starts_with("nothing to change")
    );
}

#[test]
fn a_version_in_git_is_tested_as_it_was_and_relative_budgets_compare_it_with_the_one_before() {
    let workspace = workspace(CASES);
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@b.c"]);
        let done = command
            .args(args)
            .current_dir(workspace.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q", "-b", "main"]);
    for (version, factor) in [("v0.1.0", 2), ("v0.2.0", 3)] {
        workspace.write(
            "state/active.state.json",
            &json!({"factor": factor}).to_string(),
        );
        workspace.write(
            "ci/budgets.json",
            r#"{"score_drop_max": 0, "latency_p50_ratio_max": 1000, "change_lines_max": 10, "tests_failed_max": 9, "tiers": {"micro": {"wall_ms_max": 60000}}}"#,
        );
        git(&["add", "."]);
        git(&["commit", "-q", "-m", version]);
        git(&["tag", "-a", "-m", version, version]);
    }

    let first = test(&workspace, &["--version", "0.1.0"]);
    let second = test(&workspace, &["--version", "0.2.0"]);

    assert_eq!(first["verdict"], "pass", "{first:#}");
    assert_eq!(second["verdict"], "fail", "{second:#}");
    let budgets = second["budgets"].as_array().unwrap();
    let broken = budgets.iter().filter(|budget| budget["verdict"] != "pass");
    let broken: Vec<_> = broken.collect();
    assert_eq!(broken.len(), 1, "{broken:#?}");
    assert_eq!(broken[0]["name"], "score_drop_max");
    assert_eq!(
        (&broken[0]["value"], &broken[0]["base_value"]),
        (&json!(0.5), &json!(1.0))
    );
    let names: BTreeSet<_> = budgets
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert!(names.contains("change_lines_max"));
}

#[test]
fn a_watch_runs_the_cases_again_at_each_save() {
    let workspace = workspace(CASES);
    let args = ["test", "--watch", "--tier", "micro"];
    let mut command = workspace.command(&workspace.path(), &args);
    let mut child = Killed(
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut until = |start: &str| {
        let found = lines
            .by_ref()
            .find(|line| line.as_ref().unwrap().starts_with(start));
        found.unwrap().unwrap()
    };

    until("pass: ");
    workspace.write("state/active.state.json", r#"{"factor": 4}"#);
    let failed = until("FAIL ");
    workspace.write("state/active.state.json", r#"{"factor": 2}"#);
    until("pass: ");

    assert!(
        failed.starts_with("FAIL tests/micro/numbers.jsonl:1 double"),
        "{failed}"
    );
}
