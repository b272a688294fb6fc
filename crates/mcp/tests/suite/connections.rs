//! Connections that break, servers that restart, and clients that misbehave.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{PATIENCE, Shop};
use axum::body::Body;
use http_body_util::BodyExt as _;
use mcp::{Change, Endpoint, EndpointConfig, MemorySessions};
use serde_json::{Value, json};

type Response =
    http::Response<http_body_util::combinators::BoxBody<bytes::Bytes, std::convert::Infallible>>;

const OLD: &str = "2025-11-25";

fn request(method: &str, session: Option<&str>, body: impl Into<Body>) -> http::Request<Body> {
    let mut builder = http::Request::builder()
        .method(method)
        .uri("/agent/1.0.0/runner")
        .header("host", "localhost")
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json");
    if let Some(session) = session {
        builder = builder
            .header("mcp-session-id", session)
            .header("mcp-protocol-version", OLD);
    }
    builder.body(body.into()).unwrap()
}

fn message(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }).to_string()
}

fn call(tool: &str) -> String {
    message("tools/call", &json!({ "name": tool, "arguments": {} }))
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.expect("it is done in time")
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let value = serde_json::from_slice(&bytes);
    (
        status,
        value.unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes))),
    )
}

/// A session that is ready, by its id.
async fn open(endpoint: &Endpoint<Shop>) -> String {
    let params = json!({
        "protocolVersion": OLD,
        "capabilities": {},
        "clientInfo": { "name": "test", "version": "1.0.0" }
    });
    let begun = endpoint
        .handle(request("POST", None, message("initialize", &params)))
        .await;
    let session = begun.headers()["mcp-session-id"]
        .to_str()
        .unwrap()
        .to_owned();
    drop(begun.into_body().collect().await.unwrap());
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
    let accepted = endpoint
        .handle(request("POST", Some(&session), ready))
        .await;
    assert_eq!(accepted.status(), 202);
    session
}

fn endpoint(shop: &Arc<Shop>) -> Endpoint<Shop> {
    Endpoint::new(Arc::clone(shop), EndpointConfig::default())
}

/// Reads a stream until an event that holds `wanted`, and gives all that was read.
async fn read_until(
    body: &mut (impl http_body::Body<Data = bytes::Bytes> + Unpin),
    wanted: &str,
) -> String {
    let mut text = String::new();
    while !text.contains(wanted) {
        let Some(Ok(frame)) = within(body.frame()).await else {
            panic!("the stream ended before {wanted}: {text}");
        };
        text.push_str(&String::from_utf8_lossy(frame.data_ref().unwrap()));
    }
    text
}

#[tokio::test]
async fn a_quick_call_is_answered_with_plain_json() {
    let endpoint = endpoint(&Shop::open());
    let session = open(&endpoint).await;

    let answer = endpoint
        .handle(request("POST", Some(&session), call("echo")))
        .await;

    assert_eq!(answer.headers()["content-type"], "application/json");
    let (status, value) = read(answer).await;
    assert_eq!(status, 200);
    assert_eq!(value["result"]["content"][0]["text"], "{}");
}

#[tokio::test]
async fn a_client_that_lost_its_connection_comes_back_for_the_answer() {
    let shop = Shop::open();
    let endpoint = endpoint(&shop);
    let session = open(&endpoint).await;
    let answer = endpoint
        .handle(request("POST", Some(&session), call("wait")))
        .await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut body = answer.into_body();
    let first = read_until(&mut body, "\n\n").await;
    let event = first
        .lines()
        .find_map(|line| line.strip_prefix("id:"))
        .unwrap()
        .trim();

    drop(body);
    let mut back = request("GET", Some(&session), Body::empty());
    back.headers_mut()
        .insert("last-event-id", event.parse().unwrap());
    let mut resumed = endpoint.handle(back).await.into_body();
    shop.go_on.notify_one();

    read_until(&mut resumed, "went on").await;
}

#[tokio::test]
async fn a_session_goes_on_after_a_restart_with_its_subscriptions() {
    let config = EndpointConfig {
        sessions: Arc::new(MemorySessions::default()),
        ..EndpointConfig::default()
    };
    let shop = Shop::open();
    let before = Endpoint::new(Arc::clone(&shop), config.clone());
    let session = open(&before).await;
    let uri = json!({ "uri": "state://active" });
    let subscribed = message("resources/subscribe", &uri);
    let subscribed = before
        .handle(request("POST", Some(&session), subscribed))
        .await;
    assert_eq!(read(subscribed).await.0, 200);
    before.drain(PATIENCE).await;
    drop(before);
    let after = Endpoint::new(Arc::clone(&shop), config);

    let stream = after
        .handle(request("GET", Some(&session), Body::empty()))
        .await;
    let mut stream = stream.into_body();
    let missed = read_until(&mut stream, "resources/updated").await;
    let answer = after
        .handle(request("POST", Some(&session), call("echo")))
        .await;
    shop.tell(Change::ResourceUpdated("logs://recent".into()));
    shop.tell(Change::ResourceUpdated("state://active".into()));
    let updated = read_until(&mut stream, "resources/updated").await;

    assert!(missed.contains("tools/list_changed"), "{missed}");
    assert_eq!(read(answer).await.0, 200);
    assert!(updated.contains("state://active"), "{updated}");
}

#[tokio::test]
async fn a_draining_server_lets_calls_finish_and_ends_streams() {
    let shop = Shop::open();
    let endpoint = endpoint(&shop);
    let session = open(&endpoint).await;
    let listening = endpoint
        .handle(request("GET", Some(&session), Body::empty()))
        .await;
    let asked = endpoint.clone();
    let working = request("POST", Some(&session), call("wait"));
    let working = tokio::spawn(async move { read(asked.handle(working).await).await });
    within(shop.waiting.notified()).await;

    let draining = endpoint.clone();
    let draining = tokio::spawn(async move { draining.drain(PATIENCE).await });
    drop(listening.into_body().collect().await.unwrap());
    shop.go_on.notify_one();

    let (status, answer) = working.await.unwrap();
    assert_eq!(status, 200);
    assert!(answer.to_string().contains("went on"), "{answer}");
    draining.await.unwrap();
}

#[tokio::test]
async fn work_for_a_sessionless_client_that_vanished_is_dropped() {
    let shop = Shop::open();
    let endpoint = endpoint(&shop);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1.0.0" },
        "io.modelcontextprotocol/clientCapabilities": {}
    });
    let params = json!({ "name": "wait", "arguments": {}, "_meta": meta });
    let mut asked = request("POST", None, message("tools/call", &params));
    for (name, value) in [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "wait"),
    ] {
        asked.headers_mut().insert(name, value.parse().unwrap());
    }
    let asking = tokio::spawn(async move { endpoint.handle(asked).await });
    within(shop.waiting.notified()).await;

    asking.abort();

    tokio::time::timeout(PATIENCE, shop.stopped.notified())
        .await
        .unwrap();
}

#[tokio::test]
async fn sessions_have_a_bound() {
    let config = EndpointConfig {
        sessions_max: 1,
        ..EndpointConfig::default()
    };
    let endpoint = Endpoint::new(Shop::open(), config);
    let first = open(&endpoint).await;

    let params = json!({
        "protocolVersion": OLD,
        "capabilities": {},
        "clientInfo": { "name": "test", "version": "1.0.0" }
    });
    let second = endpoint
        .handle(request("POST", None, message("initialize", &params)))
        .await;
    let (status, refusal) = read(second).await;
    let ended = endpoint
        .handle(request("DELETE", Some(&first), Body::empty()))
        .await;

    assert_eq!(status, 503);
    let text = refusal["error"]["message"].as_str().unwrap();
    assert_eq!(
        text,
        "as many sessions are open as this server allows; try again later"
    );
    assert_eq!(ended.status(), 204);
    assert_eq!(endpoint.session_count().await, 0);
    open(&endpoint).await;
}

#[tokio::test]
async fn bad_clients_are_told_what_was_wrong() {
    let config = EndpointConfig {
        body_bytes_max: 1_000,
        ..EndpointConfig::default()
    };
    let endpoint = Endpoint::new(Shop::open(), config);
    let session = open(&endpoint).await;
    let known = Some(session.as_str());
    let mut plain = request("POST", None, "hello");
    plain
        .headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    let mut from_the_future = request("POST", known, call("echo"));
    let version = "2099-01-01".parse().unwrap();
    from_the_future
        .headers_mut()
        .insert("mcp-protocol-version", version);
    let batch = format!("[{}]", call("echo"));
    let bad = [
        plain,
        request("POST", known, "{\"jsonrpc\""),
        request("POST", known, "{\"hello\":1}"),
        request("POST", known, batch),
        request("POST", known, "x".repeat(1_001)),
        request("POST", Some("forged"), call("echo")),
        request("POST", None, call("echo")),
        request("PUT", known, call("echo")),
        from_the_future,
    ];

    let mut told = String::new();
    for bad in bad {
        let (status, answer) = read(endpoint.handle(bad).await).await;
        let error = &answer["error"];
        let (code, text) = (&error["code"], &error["message"]);
        writeln!(told, "{status} {code} {text}").unwrap();
    }

    insta::assert_snapshot!(told, @r#"
    415 -32600 "the body must be JSON: send `Content-Type: application/json`"
    400 -32700 "the body is not JSON: EOF while parsing an object at line 1 column 10"
    400 -32600 "the body is no message of JSON-RPC 2.0: `jsonrpc` has to be \"2.0\""
    400 -32600 "batches are no part of the protocol any more; send each message by itself"
    413 -32600 "the body is larger than 1000 bytes, which is the limit"
    404 -32600 "there is no such session; initialize a new one"
    400 -32600 "Session ID is required"
    405 -32600 "Method Not Allowed"
    400 -32600 "Unsupported MCP-Protocol-Version: 2099-01-01"
    "#);
    let fine = endpoint.handle(request("POST", known, call("echo"))).await;
    assert_eq!(read(fine).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_leaves_the_memory_and_is_restored() {
    let config = EndpointConfig {
        session_idle_ms_max: 1_000,
        ..EndpointConfig::default()
    };
    let endpoint = Endpoint::new(Shop::open(), config);
    let session = open(&endpoint).await;

    while endpoint.session_count().await > 0 {
        tokio::time::advance(Duration::from_millis(100)).await;
        tokio::task::yield_now().await;
    }
    let answer = endpoint
        .handle(request("POST", Some(&session), call("echo")))
        .await;

    assert_eq!(read(answer).await.0, 200);
}
