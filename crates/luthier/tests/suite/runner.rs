//! Tools over MCP, from outside: what each reference serves, and what a release, a failure or a
//! restart changes for its clients.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::server::{Reply, Server, Workspace, request};

/// Newer clients say it in each request and open no session.
pub(crate) const PROTOCOL: &str = "2026-07-28";

const TOOLS: &str = r#"
import time
from luthier import Context, ToolError, tool

CODE = "one"

@tool
def both(ctx: Context, wait_ms: int = 0) -> list[str]:
    """What the code and the state say, before and after a wait."""
    before = ctx.state["greeting"]
    time.sleep(wait_ms / 1000)
    return [CODE, before, ctx.state["greeting"], ctx.version]

@tool(stateful=True)
def count(ctx: Context) -> dict[str, int]:
    """Counts the calls of a conversation."""
    ctx.session["calls"] = ctx.session.get("calls", 0) + 1
    return {"calls": ctx.session["calls"]}

@tool
def fail(kind: str) -> int:
    """Fails as it is told to."""
    if kind == "refuse":
        raise ToolError("choose another kind", {"kind": kind})
    if kind == "crash":
        import os
        os.abort()
    return 1 // 0
"#;

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/runner/it.py", TOOLS);
    workspace
}

/// One request of the protocol's new era.
pub(crate) fn ask(server: &Server, reference: &str, method: &str, params: Value) -> Value {
    let reply = ask_as(&json!({}), server, reference, method, params);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// The same, of a client that can do more than nothing.
pub(crate) fn ask_as(
    capabilities: &Value,
    server: &Server,
    reference: &str,
    method: &str,
    mut params: Value,
) -> Reply {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": PROTOCOL,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    });
    let name = params["name"]
        .as_str()
        .or(params["uri"].as_str())
        .unwrap_or_default()
        .to_owned();
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", PROTOCOL),
        ("mcp-method", method),
        ("mcp-name", &name),
    ];
    let path = format!("/agent/{reference}/runner");
    request(server.url(), "POST", &path, &headers, &body.to_string()).unwrap()
}

pub(crate) fn call(server: &Server, reference: &str, tool: &str, arguments: &Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments});
    ask(server, reference, "tools/call", params)["result"].clone()
}

fn both(server: &Server, reference: &str) -> Value {
    let result = call(server, reference, "both", &json!({}));
    result["structuredContent"]["result"].clone()
}

fn resource(server: &Server, reference: &str, uri: &str) -> Value {
    let answer = ask(server, reference, "resources/read", json!({"uri": uri}));
    let text = answer["result"]["contents"][0]["text"].as_str();
    serde_json::from_str(text.unwrap_or_else(|| panic!("{answer}"))).unwrap()
}

pub(crate) fn git(workspace: &Workspace, args: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"];
    let output = Command::new("git")
        .current_dir(workspace.path())
        .args(identity)
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

pub(crate) fn tag(workspace: &Workspace, version: &str) {
    git(workspace, &["add", "-A"]);
    git(workspace, &["commit", "-q", "--allow-empty", "-m", version]);
    git(workspace, &["tag", "-a", version, "-m", version]);
}

/// Asks until the answer is the one that is waited for: a new tag is noticed within a moment, and
/// health is looked at now and then. One that never comes fails the test instead of hanging it.
pub(crate) fn until(wanted: &Value, ask: impl Fn() -> Value) {
    const WAIT_S_MAX: u64 = 60;
    let began = Instant::now();
    loop {
        let last = ask();
        if last == *wanted {
            return;
        }
        let is_late = began.elapsed() > Duration::from_secs(WAIT_S_MAX);
        assert!(!is_late, "waited for {wanted}, last was {last}");
        thread::yield_now();
    }
}

#[test]
fn a_tool_is_listed_called_and_told_of_in_the_ledger() {
    let server = Server::start_in(&workspace());

    let listed = ask(&server, "active", "tools/list", json!({}));
    let result = call(&server, "active", "both", &json!({}));
    let wrong = call(&server, "active", "both", &json!({"wait_ms": "long"}));

    let tools = listed["result"]["tools"].as_array().unwrap();
    let names: Vec<_> = tools
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    // Always in this order: clients keep the list under its text.
    assert_eq!(names, ["find_tools", "call_tool", "both", "count", "fail"]);
    let expected = json!(["one", "Hello", "Hello", "0.1.0"]);
    assert_eq!(result["structuredContent"]["result"], expected);
    assert_eq!(result["content"][0]["text"], expected.to_string());
    let id = result["_meta"]["conversation_id"].as_str().unwrap();
    assert_eq!(result["structuredContent"]["conversation_id"], id);
    assert_eq!(result["_meta"]["logs_uri"], format!("logs://{id}"));
    assert_eq!(wrong["isError"], true);
    assert!(wrong.to_string().contains("/wait_ms"), "{wrong}");
    until(&json!("ok"), || {
        let events = server
            .get(&format!("/events?type=call&conversation={id}"))
            .json();
        events["events"][0]["data"]["outcome"].clone()
    });
}

#[test]
fn each_reference_serves_what_it_names_at_the_same_time() {
    let workspace = workspace();
    git(&workspace, &["init", "-q", "-b", "main"]);
    tag(&workspace, "v0.3.0");
    let server = Server::start_in(&workspace);
    assert_eq!(
        both(&server, "active"),
        json!(["one", "Hello", "Hello", "0.3.0"])
    );

    server.patch_staging(&json!({"greeting": "Staged"}));
    assert_eq!(both(&server, "staging")[1], "Staged");
    server.luthier_json(&["state", "promote"]);
    assert_eq!(
        both(&server, "active"),
        json!(["one", "Staged", "Staged", "0.3.1"])
    );
    workspace.write("tools/runner/it.py", &TOOLS.replace("\"one\"", "\"two\""));
    tag(&workspace, "v0.4.0");

    until(&json!(["two", "Staged", "Staged", "0.4.0"]), || {
        both(&server, "active")
    });
    assert_eq!(
        both(&server, "0.3.0"),
        json!(["one", "Hello", "Hello", "0.3.0"])
    );
    assert_eq!(
        both(&server, "0.3.1"),
        json!(["one", "Staged", "Staged", "0.3.1"])
    );
    assert_eq!(both(&server, "latest")[0], "two");
    assert_eq!(both(&server, "~0.3")[3], "0.3.1");
    let commit = resource(&server, "active", "compat://manifest")["commit"].clone();
    let commit = commit.as_str().unwrap();
    assert_eq!(both(&server, &commit[..12])[0], "two");
    let unknown = server.get("/agent/0.9.9/runner");
    assert_eq!(
        (unknown.status, &unknown.json()["nearest"][0]),
        (404, &json!("0.4.0"))
    );
}

#[test]
fn a_version_that_does_not_load_leaves_the_one_before_it_in_service_and_readyz_says_why() {
    let workspace = workspace();
    git(&workspace, &["init", "-q", "-b", "main"]);
    tag(&workspace, "v0.3.0");
    let server = Server::start_in(&workspace);
    assert_eq!(both(&server, "active")[0], "one");

    workspace.write("tools/runner/it.py", "def broken(:\n");
    tag(&workspace, "v0.4.0");

    let reason = || {
        let services = server.get("/readyz").json()["services"].clone();
        let services = services.as_array().cloned().unwrap_or_default();
        let runner = services
            .into_iter()
            .find(|service| service["name"] == "runner");
        let reason = runner.map_or(Value::Null, |runner| runner["reason"].clone());
        json!(
            reason
                .as_str()
                .is_some_and(|reason| reason.contains("tools/runner/it.py:1"))
        )
    };
    until(&json!(true), reason);
    assert_eq!(both(&server, "active")[0], "one");
    assert_eq!(server.get("/agent/0.4.0/runner").status, 422);
    workspace.write(
        "tools/runner/it.py",
        &TOOLS.replace("\"one\"", "\"mended\""),
    );
    tag(&workspace, "v0.4.1");
    until(&json!("mended"), || both(&server, "active")[0].clone());
    until(&json!(false), reason);
}

#[test]
fn a_conversation_goes_on_through_a_promote_a_release_and_a_restart() {
    let workspace = workspace();
    git(&workspace, &["init", "-q", "-b", "main"]);
    tag(&workspace, "v0.3.0");
    let mut server = Server::start_in(&workspace);
    let first = call(&server, "active", "count", &json!({}));
    let id = first["structuredContent"]["conversation_id"].clone();
    let next = |server: &Server| {
        let result = call(server, "active", "count", &json!({"conversation_id": id}));
        result["structuredContent"]["calls"].clone()
    };

    server.patch_staging(&json!({"greeting": "Other"}));
    server.luthier_json(&["state", "promote"]);
    assert_eq!(next(&server), 2);
    workspace.write("tools/runner/it.py", &TOOLS.replace("\"one\"", "\"two\""));
    tag(&workspace, "v0.4.0");
    until(&json!("two"), || both(&server, "active")[0].clone());
    assert_eq!(next(&server), 3);
    server.kill();
    server.restart();

    assert_eq!(next(&server), 4);
    let id = id.as_str().unwrap();
    let session = resource(&server, "active", &format!("session://{id}"));
    assert_eq!(session["session"], json!({"calls": 4}));
    let index = resource(&server, "active", "session://index?limit=5");
    assert_eq!(index["sessions"][0]["conversation_id"], id);
    let unknown = "01a1fe7e-0000-7000-8000-000000000000";
    let refused = call(
        &server,
        "active",
        "count",
        &json!({"conversation_id": unknown}),
    );
    assert_eq!(refused["isError"], true);
    assert!(refused.to_string().contains("leave it out"), "{refused}");
}

#[test]
fn each_way_to_fail_has_one_clear_answer_and_a_tool_that_keeps_failing_rests() {
    let workspace = workspace();
    workspace.write(
        "luthier.toml",
        "name = \"bench\"\n[runner]\nfailures_max = 2\n",
    );
    let server = Server::start_in(&workspace);
    let text = |kind: &str| {
        let result = call(&server, "active", "fail", &json!({"kind": kind}));
        assert_eq!(result["isError"], true, "{result}");
        assert!(result["_meta"]["conversation_id"].is_string(), "{result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    };

    assert_eq!(text("refuse"), "choose another kind");
    assert!(text("raise").contains("ZeroDivisionError: integer division"));
    assert!(text("crash").contains("`fail` ended its worker by signal 6 (SIGABRT)"));
    let rests = call(&server, "active", "fail", &json!({"kind": "raise"}));
    assert!(rests.to_string().contains("rests; try again in"), "{rests}");
    assert!(rests["_meta"]["retry_after_s"].is_number(), "{rests}");
    assert_eq!(both(&server, "active")[0], "one");
    let lines = resource(&server, "active", "logs://recent")["lines"].to_string();
    assert!(lines.contains("ZeroDivisionError"), "{lines}");
}

#[test]
fn while_state_and_code_move_each_answer_is_of_one_version() {
    let workspace = workspace();
    git(&workspace, &["init", "-q", "-b", "main"]);
    tag(&workspace, "v0.3.0");
    let server = Server::start_in(&workspace);
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let over = std::sync::atomic::Ordering::Relaxed;

    thread::scope(|scope| {
        for wait_ms in [0, 5, 20] {
            let (server, is_over) = (&server, &is_over);
            scope.spawn(move || {
                while !is_over.load(over) {
                    let result = call(server, "active", "both", &json!({"wait_ms": wait_ms}));
                    let answer = &result["structuredContent"]["result"];
                    assert_eq!(result["isError"], false, "{result}");
                    assert_eq!(answer[1], answer[2], "{answer}");
                    let number: u32 = answer[1].as_str().unwrap_or_default().parse().unwrap_or(0);
                    let code = answer[0].as_str().unwrap_or_default();
                    let patch = answer[3].as_str().and_then(|text| text.rsplit('.').next());
                    let patch: u32 = patch.and_then(|text| text.parse().ok()).unwrap_or(99);
                    let expected = match code {
                        "one" => patch,
                        _ => 10 + patch,
                    };
                    assert_eq!(number, expected, "{answer}");
                }
            });
        }
        for number in 1..=20 {
            if number == 11 {
                workspace.write("tools/runner/it.py", &TOOLS.replace("\"one\"", "\"two\""));
                tag(&workspace, "v0.4.0");
                until(&json!("two"), || both(&server, "active")[0].clone());
            }
            server.patch_staging(&json!({"greeting": number.to_string()}));
            server.luthier_json(&["state", "promote"]);
            let seen = both(&server, "active");
            assert_eq!(
                seen[1],
                number.to_string(),
                "after promote returned: {seen}"
            );
        }
        is_over.store(true, over);
    });
}

#[test]
fn a_shell_calls_a_tool_whether_a_server_runs_or_not() {
    let workspace = workspace();
    let args = r#"{"wait_ms": 1}"#;
    let alone = workspace.luthier_json(&["call", "both", "--args", args]);
    let server = Server::start_in(&workspace);
    let beside = server.luthier_json(&["call", "both", "--version", "0.1.0"]);
    let unknown = workspace.run(&["call", "bth", "--json"]).error();
    let wrong = workspace
        .run(&["call", "both", "--args", r#"{"wait": 1}"#, "--json"])
        .error();
    let failed = workspace.run(&["call", "fail", "--args", r#"{"kind": "refuse"}"#]);

    assert_eq!(alone["value"], json!(["one", "Hello", "Hello", "0.1.0"]));
    assert_eq!(
        (&beside["value"], &beside["version"]),
        (&alone["value"], &json!("0.1.0"))
    );
    assert!(alone["conversation_id"].is_string());
    assert_eq!(unknown["code"], "unknown_tool");
    assert_eq!(unknown["hint"], "did you mean `both`?");
    assert_eq!(wrong["code"], "bad_arguments");
    assert!(failed.stderr.contains("choose another kind"), "{failed:?}");
}

#[test]
fn on_standard_output_is_protocol_alone_whatever_a_tool_prints() {
    let workspace = workspace();
    let noisy = "import os\nfrom luthier import tool\nprint('loading')\n\n@tool\ndef noisy() -> int:\n    \
                 \"\"\"Prints.\"\"\"\n    print('hello')\n    os.write(1, b'raw\\n')\n    return 7\n";
    workspace.write("tools/runner/noisy.py", noisy);
    let mut command = workspace.command(&workspace.path(), &["mcp", "runner"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut say = |message: Value| writeln!(stdin, "{message}").unwrap();
    let mut hear = |id: u64| loop {
        let mut line = String::new();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "it ended");
        let message: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(message["jsonrpc"], "2.0");
        if message["id"] == id {
            return message["result"].clone();
        }
    };

    say(
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }}),
    );
    assert_eq!(hear(1)["protocolVersion"], "2025-11-25");
    say(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    say(
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
            "name": "noisy", "arguments": {},
        }}),
    );

    assert_eq!(hear(2)["structuredContent"]["result"], 7);
    drop(stdin);
    assert!(child.wait().unwrap().success());
}
