//! Written feedback becomes a proved version, an honest no, or a question.

mod answers;
mod asked;
mod described;
mod embedded;
mod governance;
mod injected;
mod killed;
mod model;
mod precedence;
mod providers;
mod replayed;
mod reported;
mod traced;
mod wheels;
mod woken;

use serde_json::{Value, json};

use crate::{
    runner::asking::call,
    server::{Reply, Server, request},
};

/// Says something of what serves, and waits for what comes of it.
fn chat(server: &Server, message: &str) -> Value {
    let reply = say(server, "active", &json!({ "message": message }), &[]);
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

fn say(server: &Server, version: &str, body: &Value, headers: &[(&str, &str)]) -> Reply {
    let path = format!("/agent/{version}/architect/chat");
    let headers = [&[("content-type", "application/json")], headers].concat();
    request(server.url(), "POST", &path, &headers, body.to_string()).unwrap()
}

/// Tells a job something: `answer`, `approve`, `reject`, `cancel`.
fn tell(server: &Server, job: &str, what: &str, body: &Value) -> Reply {
    let path = format!("/agent/active/architect/jobs/{job}/{what}");
    let headers = [("content-type", "application/json")];
    request(server.url(), "POST", &path, &headers, body.to_string()).unwrap()
}

fn job(server: &Server, id: &str) -> Value {
    let reply = server.get(&format!("/agent/active/architect/jobs/{id}"));
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

/// The job behind an answer.
fn job_of(reply: &Reply) -> String {
    let path = reply
        .header("location")
        .or_else(|| reply.header("link"))
        .unwrap();
    let id = path.split("/jobs/").nth(1).unwrap();
    id.split(['>', ';']).next().unwrap().to_owned()
}

/// Something of a job to read.
fn artefact(server: &Server, id: &str, name: &str) -> String {
    let reply = server.get(&format!(
        "/agent/active/architect/jobs/{id}/artefacts/{name}"
    ));
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body
}

/// The numbers of all versions, newest first.
fn versions(server: &Server) -> Vec<String> {
    let listed = server.get("/versions?include_unstable=true").json();
    let versions = listed["versions"].as_array().unwrap().iter();
    let numbers = versions.map(|version| version["version"].as_str().unwrap().to_owned());
    numbers.collect()
}

/// What a tool of what serves gives.
fn value(server: &Server, tool: &str, arguments: &Value) -> Value {
    let answer = call(server, "active/runner", tool, arguments);
    assert_eq!(answer["isError"], false, "{answer}");
    let mut value = answer["structuredContent"].clone();
    value.as_object_mut().unwrap().remove("conversation_id");
    value
}
