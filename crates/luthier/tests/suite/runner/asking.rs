//! Clients of both eras of the protocol, and a workspace whose versions are tags.

use std::{
    process::Command,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::server::{Reply, Server, Workspace, client::EventStream, request};

/// Newer clients say it in each request and open no session.
pub(crate) const SESSIONLESS: &str = "2026-07-28";

/// The newest version in which clients open sessions.
pub(crate) const SESSIONS: &str = "2025-11-25";

/// What is waited for comes within a moment, or never.
const WAIT_S_MAX: u64 = 60;

/// What every client sends.
pub(crate) const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/json"),
    ("accept", "application/json, text/event-stream"),
];

/// Where a version's tools are; those of its tuner are asked for as `VERSION/tuner`.
fn path(reference: &str) -> String {
    match reference.split_once('/') {
        Some((version, role)) => format!("/agent/{version}/{role}"),
        None => format!("/agent/{reference}/runner"),
    }
}

/// What a newer client says of itself in each request.
pub(crate) fn about_client() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": SESSIONLESS,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// One request of the new era, with whatever headers and metadata its parameters add.
struct Message {
    headers: Vec<(String, String)>,
    body: String,
}

impl Message {
    fn new(method: &str, mut params: Value, more: &[(&str, &str)]) -> Self {
        let mut meta = about_client();
        for (key, value) in params["_meta"].as_object().into_iter().flatten() {
            meta[key] = value.clone();
        }
        params["_meta"] = meta;
        let name = params["name"].as_str().or(params["uri"].as_str());
        let own = [
            ("mcp-protocol-version", SESSIONLESS),
            ("mcp-method", method),
            ("mcp-name", name.unwrap_or_default()),
        ];
        let all = HEADERS.iter().chain(&own).chain(more);
        let headers = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        Self {
            headers: headers.collect(),
            body: body.to_string(),
        }
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        let all = self.headers.iter();
        all.map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}

/// What a request of the new era is answered with, whatever that is.
pub(crate) fn ask_with(
    server: &Server,
    reference: &str,
    method: &str,
    params: Value,
    headers: &[(&str, &str)],
) -> Value {
    let message = Message::new(method, params, headers);
    let reply = request(
        server.url(),
        "POST",
        &path(reference),
        &message.headers(),
        &message.body,
    );
    let reply = reply.unwrap();
    let answer = answer_of(&reply);
    assert!(answer.is_object(), "{reply:?}");
    answer
}

/// A request whose server dies of it: was there no answer?
pub(crate) fn ask_and_be_cut_off(
    server: &Server,
    reference: &str,
    method: &str,
    params: Value,
) -> bool {
    let message = Message::new(method, params, &[]);
    let (path, headers) = (path(reference), message.headers());
    request(server.url(), "POST", &path, &headers, &message.body).is_err()
}

/// One request of the protocol's new era, which is answered.
pub(crate) fn ask(server: &Server, reference: &str, method: &str, params: Value) -> Value {
    let answer = ask_with(server, reference, method, params, &[]);
    assert!(answer["result"].is_object(), "{answer}");
    answer
}

pub(crate) fn call(server: &Server, reference: &str, tool: &str, arguments: &Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments});
    ask(server, reference, "tools/call", params)["result"].clone()
}

pub(crate) fn resource(server: &Server, reference: &str, uri: &str) -> Value {
    let answer = ask(server, reference, "resources/read", json!({"uri": uri}));
    let text = answer["result"]["contents"][0]["text"].as_str();
    serde_json::from_str(text.unwrap_or_else(|| panic!("{answer}"))).unwrap()
}

/// A stream of the new era that is told of tools that come and go, and of changes of `uri`.
pub(crate) fn listen(server: &Server, reference: &str, uri: &str) -> EventStream {
    let filter = json!({"toolsListChanged": true, "resourceSubscriptions": [uri]});
    let params = json!({"notifications": filter});
    let message = Message::new("subscriptions/listen", params, &[]);
    let mut stream = EventStream::open(
        server.url(),
        "POST",
        &path(reference),
        &message.headers(),
        &message.body,
    );
    let acknowledged = stream.next_data();
    assert_eq!(
        acknowledged["method"],
        "notifications/subscriptions/acknowledged"
    );
    stream
}

/// The message of an answer, which may be the last event of a stream.
pub(crate) fn answer_of(reply: &Reply) -> Value {
    let events = reply.body.lines();
    let mut data = events.filter_map(|line| line.strip_prefix("data: "));
    match data.rfind(|data| !data.is_empty()) {
        Some(data) => serde_json::from_str(data).unwrap_or(Value::Null),
        None => reply.json(),
    }
}

/// A client of the old era.
pub(crate) struct Session<'a> {
    server: &'a Server,
    reference: &'a str,
    id: String,
    asked: AtomicU64,
}

impl<'a> Session<'a> {
    pub(crate) fn open(server: &'a Server, reference: &'a str) -> Self {
        let mut session = Self {
            server,
            reference,
            id: String::new(),
            asked: AtomicU64::default(),
        };
        let params = json!({
            "protocolVersion": SESSIONS,
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        });
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        let opened = session.post(&body, &[]);
        session.id = String::from(opened.header("mcp-session-id").unwrap());
        let body = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(session.post(&body, &[]).status, 202);
        session
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn post(&self, body: &Value, more: &[(&str, &str)]) -> Reply {
        let own = self.headers();
        let headers = [&HEADERS[..], &own[..], more].concat();
        let path = path(self.reference);
        request(self.server.url(), "POST", &path, &headers, body.to_string()).unwrap()
    }

    pub(crate) fn ask(&self, method: &str, params: &Value, headers: &[(&str, &str)]) -> Value {
        // Requests of one session that are under way at once need ids of their own.
        let id = self.asked.fetch_add(1, Relaxed);
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let reply = self.post(&body, headers);
        let answer = answer_of(&reply);
        assert!(answer["result"].is_object(), "{reply:?}");
        answer["result"].clone()
    }

    pub(crate) fn call(&self, tool: &str, arguments: &Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        self.ask("tools/call", &params, &[])
    }

    /// The stream on which a session is told of changes.
    pub(crate) fn listen(&self, uri: &str) -> EventStream {
        self.ask("resources/subscribe", &json!({"uri": uri}), &[]);
        let headers = [&HEADERS[1..], &self.headers()[..]].concat();
        let path = path(self.reference);
        EventStream::open(self.server.url(), "GET", &path, &headers, "")
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        let version = ("mcp-protocol-version", SESSIONS);
        match self.id.as_str() {
            "" => Vec::new(),
            id => vec![version, ("mcp-session-id", id)],
        }
    }
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

/// Commits all that lies in the workspace.
pub(crate) fn commit(workspace: &Workspace) {
    git(workspace, &["add", "-A"]);
    git(
        workspace,
        &["commit", "-q", "--allow-empty", "-m", "change"],
    );
}

/// Commits it and releases that; says which version it is, once whoever serves has it.
pub(crate) fn release(workspace: &Workspace) -> String {
    commit(workspace);
    let released = workspace.luthier_json(&["release"]);
    released["version"].as_str().unwrap().to_owned()
}

/// Commits it with a tag that nobody proved.
pub(crate) fn tag(workspace: &Workspace, version: &str) {
    commit(workspace);
    git(workspace, &["tag", "-a", version, "-m", version]);
}

/// Asks until the answer is the one that is waited for: a new tag is noticed within a moment, and
/// health is looked at now and then. One that never comes fails the test instead of hanging it.
pub(crate) fn until(wanted: &Value, ask: impl Fn() -> Value) {
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
