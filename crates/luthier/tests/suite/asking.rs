//! Tools that ask their client something, and tools that return more than text.

use serde_json::{Value, json};

use crate::{
    runner::asking::{ask_with, until},
    server::{Server, Workspace},
};

const TOOLS: &str = r#"
from dataclasses import dataclass
from luthier import Context, Form, Image, Sample, tool

@dataclass
class Choice:
    day: str
    count: int = 2

@tool(stateful=True)
def book(ctx: Context) -> list:
    """Books what a person chooses and a model says."""
    ctx.session["runs"] = ctx.session.get("runs", 0) + 1
    drawn = ctx.rng.random()
    choice = ctx.ask(Form(f"Which day? {drawn}", Choice)).value
    said = ctx.ask(Sample(f"{choice.count} words on {choice.day}")).text
    return [f"Which day? {drawn}", choice.day, choice.count, said, ctx.session["runs"], ctx.conversation_id]

@tool
def outer(ctx: Context) -> int:
    """Calls a tool that asks."""
    return ctx.call("inner")

@tool
def inner(ctx: Context) -> int:
    """Asks."""
    return ctx.ask(Form("How many?", Choice)).value.count

@tool
def draw() -> list[str | Image]:
    """Returns a picture."""
    return ["a picture", Image(b"png")]
"#;

fn server() -> Server {
    let workspace = Workspace::new();
    workspace.write("tools/runner/it.py", TOOLS);
    Server::start_in(&workspace)
}

/// Calls a tool for a client that answers forms and has a model.
fn call(server: &Server, tool: &str, round: &Value) -> Value {
    let capabilities = json!({"elicitation": {}, "sampling": {}});
    let meta = json!({"io.modelcontextprotocol/clientCapabilities": capabilities});
    let mut params = json!({"name": tool, "arguments": {}, "_meta": meta});
    for key in ["inputResponses", "requestState"] {
        if round.get(key).is_some() {
            params[key] = round[key].clone();
        }
    }
    ask_with(server, "active", "tools/call", params, &[])
}

fn answered(question: &Value, answer: &Value) -> Value {
    let requests = question["inputRequests"].as_object().unwrap();
    let responses: serde_json::Map<String, Value> = requests
        .keys()
        .map(|key| (key.clone(), answer.clone()))
        .collect();
    json!({"inputResponses": responses, "requestState": question["requestState"]})
}

#[test]
fn a_call_that_asks_is_one_call_however_often_it_is_run_again() {
    let server = server();

    let first = call(&server, "book", &json!({}))["result"].clone();
    let chosen = json!({"action": "accept", "content": {"day": "Monday"}});
    let second = call(&server, "book", &answered(&first, &chosen))["result"].clone();
    let said =
        json!({"role": "assistant", "model": "m", "content": {"type": "text", "text": "so blue"}});
    let last = call(&server, "book", &answered(&second, &said))["result"].clone();
    let replayed = call(&server, "book", &answered(&second, &said))["result"].clone();

    assert_eq!(first["resultType"], "input_required", "{first}");
    let form = &first["inputRequests"]["question-1"]["params"];
    assert_eq!(form["requestedSchema"]["required"], json!(["day"]));
    let messages = &second["inputRequests"]["question-2"]["params"]["messages"];
    assert_eq!(messages[0]["content"]["text"], "2 words on Monday");
    let id = last["structuredContent"]["conversation_id"].clone();
    let booked = &last["structuredContent"]["result"];
    assert_eq!(
        *booked,
        json!([form["message"], "Monday", 2, "so blue", 1, id])
    );
    assert!(
        replayed
            .to_string()
            .contains("another call of this conversation"),
        "{replayed}"
    );
    let id = id.as_str().unwrap();
    until(&json!(["asked", "asked", "ok"]), || {
        let events = server
            .get(&format!("/events?type=call&conversation={id}"))
            .json();
        let events = events["events"].as_array().cloned().unwrap_or_default();
        let outcomes = events.iter().map(|event| event["data"]["outcome"].clone());
        outcomes.take(3).collect()
    });
}

#[test]
fn who_cannot_be_asked_is_not() {
    let server = server();

    let params = json!({"name": "inner", "arguments": {}});
    let unable = ask_with(&server, "active", "tools/call", params, &[]);
    let nested = call(&server, "outer", &json!({}))["result"].clone();
    let alone = server.commands().run(&["call", "inner"]);
    let forged = json!({"inputResponses": {}, "requestState": "forged"});
    let forged = call(&server, "inner", &forged);

    assert_eq!(
        unable["error"]["data"]["requiredCapabilities"],
        json!({"elicitation": {}}),
        "{unable}"
    );
    assert_eq!(nested["isError"], true);
    assert!(
        nested.to_string().contains("nobody can be asked"),
        "{nested}"
    );
    assert!(alone.stderr.contains("nobody can be asked"), "{alone:?}");
    assert!(
        forged["error"]["message"]
            .as_str()
            .unwrap()
            .contains("requestState"),
        "{forged}"
    );
}

#[test]
fn contents_reach_the_client_and_the_shell_as_they_are() {
    let server = server();
    let contents = json!([
        {"type": "text", "text": "a picture"},
        {"type": "image", "data": "cG5n", "mimeType": "image/png"},
    ]);

    let drawn = call(&server, "draw", &json!({}))["result"].clone();
    let shell = server.luthier_json(&["call", "draw"]);

    assert_eq!(drawn["content"], contents);
    let id = drawn["_meta"]["conversation_id"].clone();
    assert_eq!(drawn["structuredContent"], json!({"conversation_id": id}));
    assert_eq!(shell["value"], contents);
}
