//! What each reference serves, and what a release, a failure or a restart changes for its clients.

use serde_json::{Value, json};

use super::{
    asking::{ask, call, commit, git, release, resource, tag, until},
    piped::Piped,
};
use crate::server::{Server, Workspace};

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

/// The same in git.
fn workspace_in_git() -> Workspace {
    let workspace = Workspace::proving();
    workspace.write("tools/runner/it.py", TOOLS);
    let case = json!({"tool": "count", "args": {}, "expect": {"calls": 1}});
    workspace.write("tests/micro/count.jsonl", &case.to_string());
    git(&workspace, &["init", "-q", "-b", "main"]);
    commit(&workspace);
    workspace
}

/// Other code, with a tool more.
const MORE: &str = "\n@tool\ndef more() -> int:\n    \"\"\"One more.\"\"\"\n    return 1\n";

fn two() -> String {
    TOOLS.replace("\"one\"", "\"two\"") + MORE
}

fn both(server: &Server, reference: &str) -> Value {
    let result = call(server, reference, "both", &json!({}));
    result["structuredContent"]["result"].clone()
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
    let workspace = workspace_in_git();
    let server = Server::start_in(&workspace);
    assert_eq!(
        both(&server, "active"),
        json!(["one", "Hello", "Hello", "0.1.0"])
    );

    server.patch_staging(&json!({"greeting": "Staged"}));
    assert_eq!(both(&server, "staging")[1], "Staged");
    server.luthier_json(&["state", "promote"]);
    assert_eq!(
        both(&server, "active"),
        json!(["one", "Staged", "Staged", "0.1.1"])
    );
    workspace.write("tools/runner/it.py", &two());
    assert_eq!(release(&workspace), "0.2.0");

    assert_eq!(
        both(&server, "active"),
        json!(["two", "Staged", "Staged", "0.2.0"])
    );
    assert_eq!(
        both(&server, "0.1.0"),
        json!(["one", "Hello", "Hello", "0.1.0"])
    );
    assert_eq!(
        both(&server, "0.1.1"),
        json!(["one", "Staged", "Staged", "0.1.1"])
    );
    assert_eq!(both(&server, "~0.1")[3], "0.1.1");
    let commit = resource(&server, "active", "compat://manifest")["commit"].clone();
    let commit = commit.as_str().unwrap();
    assert_eq!(both(&server, &commit[..12])[0], "two");
    let unknown = server.get("/agent/0.9.9/runner");
    assert_eq!(
        (unknown.status, &unknown.json()["nearest"][0]),
        (404, &json!("0.2.0"))
    );
}

#[test]
fn a_version_that_does_not_load_is_not_released_and_whoever_names_its_tag_is_told_why() {
    let workspace = workspace_in_git();
    let server = Server::start_in(&workspace);
    workspace.write("tools/runner/it.py", "def broken(:\n");
    tag(&workspace, "v0.4.0");

    let refused = workspace.run(&["release", "--json"]).error();

    assert_eq!(refused["code"], "not_proved");
    let reason = "version 0.1.1-candidate cannot be loaded: tools/runner/it.py:1: Syntax";
    assert!(refused.to_string().contains(reason), "{refused}");
    assert_eq!(both(&server, "active")[0], "one");
    until(&json!(422), || {
        json!(server.get("/agent/0.4.0/runner").status)
    });
    workspace.write(
        "tools/runner/it.py",
        &TOOLS.replace("\"one\"", "\"mended\""),
    );
    assert_eq!(release(&workspace), "0.1.1");
    assert_eq!(both(&server, "active")[0], "mended");
}

#[test]
fn a_conversation_goes_on_through_a_promote_a_release_and_a_restart() {
    let workspace = workspace_in_git();
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
    workspace.write("tools/runner/it.py", &two());
    release(&workspace);
    assert_eq!(both(&server, "active")[0], "two");
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
    let command = workspace.command(&workspace.path(), &["mcp", "runner"]);

    let (mut client, opened) = Piped::start(command);
    let call = json!({"name": "noisy", "arguments": {}});
    let result = client.ask(2, "tools/call", &call);

    assert_eq!(opened["protocolVersion"], "2025-11-25");
    assert_eq!(result["structuredContent"]["result"], 7);
    client.end();
}
