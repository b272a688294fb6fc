//! What happens to a tool that does not work, and to the calls that tools make.

use serde_json::{Value, json};

use super::asking::{ask, call, commit, release, until};
use crate::server::{Server, Workspace};

const TOOLS: &str = r#"
from luthier import Context, tool

@tool(fallback=True)
def price(of: str) -> str:
    """Says what something costs."""
    return f"{of} costs 1"

@tool
def outer(ctx: Context, count: str) -> int:
    """Calls another tool with what it is given."""
    return ctx.call("inner", {"count": count if count == "many" else int(count)})

@tool
def inner(count: int) -> int:
    """Gives back what it is given."""
    return count

@tool
def sign_in(user: str, password: str) -> str:
    """Fails, and tells too much."""
    raise ValueError(f"{user} has no password {password}")
"#;

fn server() -> (Workspace, Server) {
    let workspace = Workspace::new();
    let settings = "name = \"reflex\"\n[runner]\nfailures_max = 2\n";
    workspace.write("luthier.toml", settings);
    workspace.write("tools/runner/it.py", TOOLS);
    super::asking::git(&workspace, &["init", "-q", "-b", "main"]);
    commit(&workspace);
    let server = Server::start_in(&workspace);
    (workspace, server)
}

/// The events of calls, once there are `count` of them: they are written behind the answers.
fn events(server: &Server, count: usize) -> Vec<Value> {
    let calls = || {
        let page = server.get("/events?type=call&limit=100").json();
        page["events"].as_array().cloned().unwrap_or_default()
    };
    until(&json!(count), || json!(calls().len()));
    calls()
}

#[test]
fn a_version_that_worked_answers_for_a_tool_that_keeps_failing() {
    let (workspace, server) = server();
    let price = || call(&server, "active", "price", &json!({"of": "tea"}));
    assert_eq!(price()["structuredContent"]["result"], "tea costs 1");
    let broken = TOOLS.replace("f\"{of} costs 1\"", "of[99]");
    workspace.write("tools/runner/it.py", &broken);
    let version = release(&workspace);
    until(&json!(true), || price()["isError"].clone());

    until(&json!(false), || price()["isError"].clone());
    let instead = price();

    assert_eq!(instead["structuredContent"]["result"], "tea costs 1");
    assert_eq!(instead["_meta"]["version"], "0.1.0");
    let pinned = call(&server, &version, "price", &json!({"of": "tea"}));
    assert_eq!(pinned["isError"], true, "{pinned}");
    let id = instead["_meta"]["conversation_id"].as_str().unwrap();
    until(&json!(version), || {
        let page = server.get(&format!("/events?type=call&conversation={id}"));
        page.json()["events"][0]["data"]["instead_of"].clone()
    });
}

#[test]
fn a_call_that_a_tool_makes_is_checked_and_recorded_like_any_other() {
    let (_workspace, server) = server();

    let fine = call(&server, "active", "outer", &json!({"count": "7"}));
    let wrong = call(&server, "active", "outer", &json!({"count": "many"}));

    assert_eq!(fine["structuredContent"]["result"], 7);
    let text = wrong["content"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("the arguments of `inner` do not fit"),
        "{text}"
    );
    let events = events(&server, 3);
    let inner = events.iter().find(|event| event["data"]["tool"] == "inner");
    let inner = inner.unwrap();
    assert_eq!(inner["data"]["depth"], 1);
    assert_eq!(inner["conversationid"], fine["_meta"]["conversation_id"]);
}

#[test]
fn a_secret_is_in_no_event_even_if_a_tool_tells_it() {
    let (_workspace, server) = server();

    let arguments = json!({"user": "ann", "password": "correct horse"});
    call(&server, "active", "sign_in", &arguments);

    let event = events(&server, 1)[0].to_string();
    assert!(event.contains("ann has no password [redacted]"), "{event}");
    assert!(!event.contains("correct horse"), "{event}");
}

#[test]
fn a_server_says_the_version_that_it_serves_now() {
    let (_workspace, server) = server();
    let says = || {
        let about = ask(&server, "active", "server/discover", json!({}));
        about["result"].to_string()
    };
    assert!(says().contains(r#""version":"0.1.0""#), "{}", says());

    server.patch_staging(&json!({"greeting": "Good day"}));
    server.luthier_json(&["state", "promote"]);

    assert!(says().contains(r#""version":"0.1.1""#), "{}", says());
}
