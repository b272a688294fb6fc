//! What clients send that they should not, and clients that go away.

use std::{
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    thread,
};

use serde_json::{Value, json};

use super::asking::{
    HEADERS, SESSIONLESS, SESSIONS, Session, about_client, answer_of, call, until,
};
use crate::server::{
    Server, Workspace,
    client::{Reply, send},
    request,
};

const TOOLS: &str = r#"
import asyncio, os, pathlib, time
from luthier import Context, tool

def begin(folder: pathlib.Path) -> None:
    (folder / "pid").write_text(str(os.getpid()))
    (folder / "begun").touch()

@tool
def echo(text: str) -> str:
    """Says what it is told."""
    return text

@tool(deadline_ms=60000)
def looks(ctx: Context, folder: str) -> None:
    """Looks now and then whether anybody waits for it."""
    folder = pathlib.Path(folder)
    try:
        begin(folder)
        while not ctx.cancelled:
            time.sleep(0.005)
    finally:
        # Wherever it was stopped, it is told why.
        if ctx.cancelled:
            (folder / "ended").touch()

@tool(deadline_ms=60000)
def never_looks(folder: str) -> None:
    """Is ended, since it does not look."""
    folder = pathlib.Path(folder)
    try:
        begin(folder)
        while True:
            time.sleep(0.005)
    except BaseException:
        (folder / "ended").touch()
        raise

@tool(stateful=True, deadline_ms=60000)
def remembers(ctx: Context, folder: str = "") -> int:
    """Counts, after it was let go on if it is given a folder."""
    if folder:
        (pathlib.Path(folder) / "begun").touch()
        while not (pathlib.Path(folder) / "go").exists():
            time.sleep(0.005)
    ctx.session["count"] = ctx.session.get("count", 0) + 1
    return ctx.session["count"]

@tool(deadline_ms=60000)
async def waits(folder: str) -> None:
    """Lets others have their turn."""
    folder = pathlib.Path(folder)
    try:
        begin(folder)
        await asyncio.sleep(1000)
    except asyncio.CancelledError:
        (folder / "ended").touch()
        raise
"#;

const PATH: &str = "/agent/active/runner";

/// An id that no server has given.
const FORGED: &str = "0b2c1e9e-7c0c-4f4a-9a52-0f5b3f8a3a11";

const MESSAGE: &str = "400 -32600: the body is no message of JSON-RPC 2.0:";

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/runner/it.py", TOOLS);
    workspace
}

/// A good call, to be spoiled.
fn good() -> String {
    let params = json!({"name": "echo", "arguments": {"text": "x"}, "_meta": about_client()});
    // In this order, and with no space, so that parts of it can be replaced.
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)
}

fn headers() -> Vec<(&'static str, &'static str)> {
    vec![
        HEADERS[0],
        HEADERS[1],
        ("mcp-protocol-version", SESSIONLESS),
        ("mcp-method", "tools/call"),
        ("mcp-name", "echo"),
    ]
}

/// The status and the one answer, without what differs from call to call.
fn told(reply: &Reply) -> String {
    let answer = answer_of(reply);
    let (status, error) = (reply.status, &answer["error"]);
    if error.is_object() {
        let message = error["message"].as_str().unwrap();
        return format!("{status} {}: {message}", error["code"]);
    }
    match answer["result"]["content"][0]["text"].as_str() {
        Some(text) => format!("{status} {text}"),
        None => format!("{status} {}", reply.body),
    }
}

/// A body, and what it is answered with.
fn spoiled_bodies() -> Vec<(Vec<u8>, String)> {
    let good = good();
    let spoil = |part: &str, with: &str| {
        assert!(good.contains(part), "{part} in {good}");
        good.replace(part, with).into_bytes()
    };
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let parse = |text: &str| format!("400 -32700: the body is not {text}");
    let text = r#""text":"x""#;
    vec![
        (good.clone().into_bytes(), "200 x".to_owned()),
        (b"what?".to_vec(), parse("JSON: expected value at line 1 column 1")),
        (Vec::new(), parse("JSON: EOF while parsing a value at line 1 column 0")),
        (good.as_bytes()[..30].to_vec(), parse("JSON: EOF while parsing a string at line 1 column 30")),
        ([b"[", good.as_bytes(), b"]"].concat(), "400 -32600: batches are no part of the protocol any more; send each message by itself".to_owned()),
        (b"\"hello\"".to_vec(), "400 -32600: the body has to be an object, which a message of JSON-RPC is".to_owned()),
        (spoil("\"2.0\"", "\"1.0\""), format!("{MESSAGE} `jsonrpc` has to be \"2.0\"")),
        (spoil("\"id\":1", "\"id\":1.5"), format!("{MESSAGE} `id` has to be text or a whole number")),
        (spoil("\"id\":1", "\"id\":null"), format!("{MESSAGE} `id` has to be text or a whole number")),
        (spoil("\"tools/call\"", "7"), format!("{MESSAGE} `method` has to be text")),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1}".to_vec(), format!("{MESSAGE} it has neither `method` nor `result` nor `error`")),
        (spoil("\"id\":1", "\"id\":1,\"id\":2"), format!("{MESSAGE} a member is there twice, or is none that it may have")),
        (b"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\xfe\"}".to_vec(), parse("UTF-8: no character begins at byte 23")),
        (spoil(text, r#""text":"\ud800""#), parse("JSON: ")),
        (spoil(text, r#""text":1e999"#), parse("JSON: number out of range")),
        (spoil(text, &format!("\"text\":{}", "9".repeat(400))), parse("JSON: number out of range")),
        (spoil(text, r#""text":NaN"#), parse("JSON: expected value")),
        ("[".repeat(100_000).into_bytes(), parse("JSON: recursion limit exceeded")),
        (spoil(text, &format!("\"text\":{}", nested(200))), parse("JSON: recursion limit exceeded")),
        (spoil(text, &format!("\"text\":{}", nested(60))), "200 the arguments of `echo` do not fit its input schema\n- at `/text`: [[".to_owned()),
        // As most readers of JSON have it, the last one counts.
        (spoil(text, r#""text":"x","text":"y""#), "200 y".to_owned()),
        (spoil(r#"{"text":"x"}"#, "[1]"), "200 -32602: the params of `tools/call` cannot be read: invalid type: sequence, expected a map".to_owned()),
        (spoil("\"echo\"", "7"), "200 -32602: the params of `tools/call` cannot be read: invalid type: integer `7`, expected a string".to_owned()),
    ]
}

#[test]
fn whatever_a_client_sends_has_one_clear_answer() {
    let server = Server::start_in(&workspace());

    let mut wrong = Vec::new();
    for (body, expected) in spoiled_bodies() {
        let seen = told(&request(server.url(), "POST", PATH, &headers(), &body).unwrap());
        if !seen.starts_with(&expected) {
            let body = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
            wrong.push(format!("{body}\n  {seen}\n  wanted {expected}"));
        }
        let after = request(server.url(), "POST", PATH, &headers(), good()).unwrap();
        assert_eq!(told(&after), "200 x");
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The good headers with some replaced, and those left out that are replaced by nothing.
fn with<'a>(replaced: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let is_replaced = |name: &str| replaced.iter().any(|(known, _)| *known == name);
    let mut headers = headers();
    headers.retain(|(name, _)| !is_replaced(name));
    let replaced = replaced.iter().filter(|(_, value)| !value.is_empty());
    headers.into_iter().chain(replaced.copied()).collect()
}

#[test]
fn whatever_a_client_says_of_its_message_has_one_clear_answer() {
    let server = Server::start_in(&workspace());
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "1999-01-01",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }});
    let far = good().replace(SESSIONLESS, "2031-01-01");
    let eat = good().replace("tools/call", "tools/eat");
    let post = |headers: &[(&str, &str)], body: &str| {
        let reply = request(server.url(), "POST", PATH, headers, body).unwrap();
        told(&reply)
    };
    let session = |id: &'static str| {
        [
            &HEADERS[..],
            &[("mcp-session-id", id), ("mcp-protocol-version", SESSIONS)],
        ]
        .concat()
    };

    let seen = [
        post(&with(&[("content-type", "text/plain")]), &good()),
        post(&with(&[("accept", "image/png")]), &good()),
        post(&with(&[("mcp-protocol-version", "1999-01-01")]), &good()),
        post(&with(&[("mcp-protocol-version", "2031-01-01")]), &far),
        post(&with(&[("mcp-protocol-version", "")]), &good()),
        post(&with(&[("mcp-name", "order")]), &good()),
        post(&with(&[("mcp-method", "tools/eat")]), &eat),
        post(&with(&[("traceparent", "none")]), &good()),
        post(&session(FORGED), &list),
        post(&session("../../etc/passwd"), &list),
        post(&session(""), &list),
        told(&request(server.url(), "GET", PATH, &session(FORGED), "").unwrap()),
        told(&request(server.url(), "PUT", PATH, &headers(), good()).unwrap()),
    ];
    let opened =
        answer_of(&request(server.url(), "POST", PATH, &HEADERS, initialize.to_string()).unwrap());
    let claimed = claim_too_much(&server);

    insta::assert_snapshot!(seen.join("\n"), @"
    415 -32600: the body must be JSON: send `Content-Type: application/json`
    406 -32600: Client must accept both application/json and text/event-stream
    400 -32020: MCP-Protocol-Version header (1999-01-01) does not match request _meta protocolVersion (2026-07-28)
    400 -32022: Unsupported protocol version
    400 -32020: request _meta protocolVersion requires MCP-Protocol-Version header
    400 -32020: Mcp-Name header `order` does not match body value `echo`
    404 -32601: there is no method `tools/eat`
    200 x
    404 -32600: there is no such session; initialize a new one
    404 -32600: there is no such session; initialize a new one
    404 -32600: there is no such session; initialize a new one
    404 -32600: there is no such session; initialize a new one
    405 -32600: Method Not Allowed
    ");
    assert_eq!(opened["result"]["protocolVersion"], SESSIONS);
    assert!(claimed.starts_with("HTTP/1.0 413 "), "{claimed}");
    assert_eq!(post(&headers(), &good()), "200 x");
}

/// What is answered to a request that says it is larger than it may be, and sends nothing.
fn claim_too_much(server: &Server) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let mut head = format!("POST {PATH} HTTP/1.0\r\nhost: {}\r\n", server.address());
    for (name, value) in headers() {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    write!(stream, "{head}content-length: {}\r\n\r\n", 5 << 20).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Calls that are begun, and the folders in which they say so.
struct Begun {
    workspace: Workspace,
    server: Server,
}

impl Begun {
    fn folder(&self, name: &str) -> String {
        let folder = self.workspace.outside().join(name);
        fs::create_dir(&folder).unwrap();
        folder.display().to_string()
    }

    fn has(&self, name: &str, mark: &str) -> bool {
        self.workspace.outside().join(name).join(mark).exists()
    }

    /// Did it end by itself, or its worker with it, as happens when it has no time left for that?
    fn has_ended(&self, name: &str) -> bool {
        let pid = self.workspace.outside().join(name).join("pid");
        let pid = fs::read_to_string(pid).unwrap();
        self.has(name, "ended") || !Path::new("/proc").join(pid).exists()
    }

    fn wait(&self, name: &str, mark: &str) {
        until(&json!(true), || json!(self.has(name, mark)));
    }

    /// What the ledger says of the calls of a tool.
    fn outcomes(&self, tool: &str) -> Vec<Value> {
        let events = self.server.get("/events?type=call&limit=100").json();
        let events = events["events"].as_array().cloned().unwrap_or_default();
        let of_tool = events
            .into_iter()
            .filter(|event| event["data"]["tool"] == tool);
        of_tool
            .map(|event| event["data"]["outcome"].clone())
            .collect()
    }
}

#[test]
fn a_call_whose_client_vanished_sees_that_or_is_ended_and_harms_nobody() {
    let workspace = workspace();
    let begun = Begun {
        server: Server::start_in(&workspace),
        workspace,
    };
    let server = &begun.server;

    for tool in ["looks", "never_looks", "waits"] {
        let arguments = json!({"folder": begun.folder(tool)});
        let body = good().replace("\"echo\"", &format!("\"{tool}\""));
        let body = body.replace(r#"{"text":"x"}"#, &arguments.to_string());
        let headers = with(&[("mcp-name", tool)]);
        let stream = send(server.url(), "POST", PATH, &headers, body.as_bytes()).unwrap();
        begun.wait(tool, "begun");
        drop(stream);
        until(&json!(true), || json!(begun.has_ended(tool)));
        until(&json!(["cancelled"]), || json!(begun.outcomes(tool)));
    }

    for _ in 0..20 {
        let result = call(server, "active", "echo", &json!({"text": "on"}));
        assert_eq!(result["structuredContent"]["result"], "on");
    }
}

#[test]
fn a_call_that_a_session_takes_back_is_ended_and_one_that_it_left_goes_on() {
    let workspace = workspace();
    let begun = Begun {
        server: Server::start_in(&workspace),
        workspace,
    };
    let session = Session::open(&begun.server, "active");
    let body = |id: u64, name: &str| {
        let arguments = json!({"folder": begun.folder(name)});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "looks", "arguments": arguments}})
    };

    // A session can come back for its answer, so that a connection which breaks ends nothing.
    let own = [
        ("mcp-session-id", session.id()),
        ("mcp-protocol-version", SESSIONS),
    ];
    let headers = [&HEADERS[..], &own[..]].concat();
    let left = body(41, "left").to_string();
    let stream = send(begun.server.url(), "POST", PATH, &headers, left.as_bytes()).unwrap();
    begun.wait("left", "begun");
    drop(stream);
    let taken_back = body(42, "taken back");
    thread::scope(|scope| {
        scope.spawn(|| session.post(&taken_back, &[]));
        begun.wait("taken back", "begun");
        let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 42}});
        assert_eq!(session.post(&cancel, &[]).status, 202);
        until(&json!(true), || json!(begun.has_ended("taken back")));
    });

    assert!(!begun.has("left", "ended"));
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 41}});
    session.post(&cancel, &[]);
    until(&json!(true), || json!(begun.has_ended("left")));
    assert_eq!(
        session.call("echo", &json!({"text": "on"}))["isError"],
        false
    );
}

#[test]
fn a_conversation_in_which_a_call_runs_lets_some_wait_for_a_while_and_refuses_the_rest() {
    const OTHERS: usize = 24;
    let workspace = workspace();
    workspace.write(
        "luthier.toml",
        "name = \"bench\"\n[runner]\ndeadline_ms = 2000\n",
    );
    let begun = Begun {
        server: Server::start_in(&workspace),
        workspace,
    };
    let begin = call(&begun.server, "active", "remembers", &json!({}));
    let id = begin["structuredContent"]["conversation_id"].clone();
    let call_with = |folder: &str| {
        let arguments = json!({"conversation_id": id, "folder": folder});
        let result = call(&begun.server, "active", "remembers", &arguments);
        result["content"][0]["text"].as_str().unwrap().to_owned()
    };

    let folder = begun.folder("running");
    let (running, others) = thread::scope(|scope| {
        let running = scope.spawn(|| call_with(&folder));
        begun.wait("running", "begun");
        let others: Vec<_> = (0..OTHERS).map(|_| scope.spawn(|| call_with(""))).collect();
        let others = others.into_iter().map(|other| other.join().unwrap());
        let others: Vec<String> = others.collect();
        fs::write(begun.workspace.outside().join("running/go"), "").unwrap();
        (running.join().unwrap(), others)
    });

    let count = |part: &str| others.iter().filter(|text| text.contains(part)).count();
    let crowded = count("16 calls of this conversation wait already");
    let busy = count("another call of this conversation still ran after 2000 ms");
    assert_eq!(
        (crowded + busy, running.as_str()),
        (OTHERS, "2"),
        "{others:?}"
    );
    assert!(crowded > 0 && busy >= 16, "{others:?}");
    assert_eq!(call_with(""), "3");
}
