//! The client against the server, over streams in memory.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{PATIENCE, Shop, object};
use mcp::{CallRequest, Client, ClientError, serve_streams};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Holds a message of the tests many times over.
const PIPE_BYTES: usize = 64 << 10;

async fn connected(shop: &Arc<Shop>) -> Client {
    let (here, there) = tokio::io::duplex(PIPE_BYTES);
    let (read, write) = tokio::io::split(there);
    tokio::spawn(serve_streams(
        Arc::clone(shop),
        read,
        write,
        CancellationToken::new(),
    ));
    let (read, write) = tokio::io::split(here);
    Client::connect("test", read, write).await.unwrap()
}

fn call(tool: &str, arguments: Value) -> CallRequest {
    CallRequest {
        tool: tool.to_owned(),
        arguments: object(arguments),
        meta: object(json!({"luthier/case": {"seed": 1}})),
        timeout: PATIENCE,
    }
}

#[tokio::test]
async fn tools_are_listed_and_answer_with_data_or_with_a_refusal() {
    let client = connected(&Shop::open()).await;

    let tools = client.list_tools().await.unwrap();
    let sum = client
        .call(call("add", json!({"a": 1, "b": 2})))
        .await
        .unwrap();
    let refused = client.call(call("fail", json!({}))).await.unwrap();
    let invalid = client.call(call("add", json!({"a": 1}))).await.unwrap();

    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    assert_eq!(names[2..5], ["echo", "add", "wait"]);
    assert_eq!(sum.structured, Some(json!({"sum": 3})));
    assert_eq!((sum.text().as_str(), sum.is_error), ("3", false));
    assert!(refused.is_error);
    assert_eq!(refused.text(), "there is no such order; ask for its number");
    assert_eq!(refused.meta["conversation_id"], "c-1");
    assert!(
        invalid.is_error && invalid.text().contains('b'),
        "{invalid:?}"
    );
}

#[tokio::test]
async fn what_is_not_there_breaks_or_takes_too_long_is_an_error_that_says_so() {
    let shop = Shop::open();
    let client = connected(&shop).await;

    let unknown = client.call(call("ad", json!({}))).await.unwrap_err();
    let broken = client.call(call("break", json!({}))).await.unwrap_err();
    let mut endless = call("wait", json!({}));
    endless.timeout = Duration::from_millis(20);
    let endless = client.call(endless).await.unwrap_err();

    assert!(
        unknown.to_string().contains("did you mean `add`"),
        "{unknown}"
    );
    assert!(matches!(broken, ClientError::Refused { .. }), "{broken}");
    assert_eq!(endless.to_string(), "no answer within 20 ms");
    tokio::time::timeout(PATIENCE, shop.stopped.notified())
        .await
        .unwrap();
}
