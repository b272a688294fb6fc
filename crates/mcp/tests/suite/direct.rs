//! Calls that are answered without the library are answered as it would.

use crate::support::{PATIENCE, Shop};
use axum::body::Body;
use http_body_util::BodyExt as _;
use mcp::{Endpoint, EndpointConfig};
use serde_json::{Value, json};

const NEW: &str = "2026-07-28";

/// The same to the library, which is asked whenever a client weighs what it takes.
const PLAIN: &str = "application/json, text/event-stream";
const WEIGHED: &str = "application/json;q=1, text/event-stream";

async fn ask(endpoint: &Endpoint<Shop>, accept: &str, params: &Value) -> (u16, Value) {
    let body = json!({ "jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": params });
    let request = http::Request::post("/agent/1.0.0/runner")
        .header("host", "localhost")
        .header("accept", accept)
        .header("content-type", "application/json")
        .header("mcp-protocol-version", NEW)
        .header("mcp-method", "tools/call")
        .header("mcp-name", params["name"].as_str().unwrap())
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = endpoint.handle(request).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

fn params(name: &str, arguments: &Value) -> Value {
    json!({ "name": name, "arguments": arguments, "_meta": {
        "io.modelcontextprotocol/protocolVersion": NEW,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    }})
}

#[tokio::test]
async fn both_ways_give_the_same_answer() {
    let endpoint = Endpoint::new(Shop::open(), EndpointConfig::default());
    let cases = [
        params("echo", &json!({ "text": "a" })),
        params("add", &json!({ "a": 2, "b": 3 })),
        params("add", &json!({ "a": "2" })),
        params("add", &json!({ "a": 999, "b": 3 })),
        params("fail", &json!({})),
        params("ehco", &json!({})),
        params("find_tools", &json!({ "query": "add" })),
        params(
            "call_tool",
            &json!({ "name": "add", "arguments": { "a": 1, "b": 1 } }),
        ),
    ];

    for params in &cases {
        let (status, mut direct) = ask(&endpoint, PLAIN, params).await;
        let (as_library, mut library) = ask(&endpoint, WEIGHED, params).await;

        // An incident has a number of its own.
        for answer in [&mut direct, &mut library] {
            if let Some(Value::String(text)) = answer.pointer_mut("/error/message") {
                text.truncate(40);
            }
        }
        assert_eq!((status, &direct), (as_library, &library), "{params}");
    }
}

#[tokio::test]
async fn a_call_whose_client_goes_away_stops() {
    let shop = Shop::open();
    let endpoint = Endpoint::new(shop.clone(), EndpointConfig::default());

    let call = tokio::spawn(async move {
        ask(&endpoint, PLAIN, &params("wait", &json!({}))).await;
    });
    shop.waiting.notified().await;
    call.abort();

    let stopped = tokio::time::timeout(PATIENCE, shop.stopped.notified()).await;
    stopped.expect("the tool is told");
}
