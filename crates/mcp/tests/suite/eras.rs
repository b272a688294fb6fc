//! The same server seen by clients of both eras, over HTTP and over a stream.
#![allow(
    deprecated,
    reason = "clients of the old era subscribe with methods now deprecated"
)]

use std::sync::Arc;

use crate::support::{Client, Era, PATIENCE, Served, Shop, Told, connect, hear, object, serve};
use mcp::rmcp::ServiceError;
use mcp::rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, ClientRequest, GetPromptRequestParams,
    ReadResourceRequestParams, ServerNotification, SubscribeRequestParams, SubscriptionFilter,
};
use mcp::rmcp::service::{PeerRequestOptions, serve_client_with_lifecycle};
use mcp::{Change, EndpointConfig, serve_streams};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

async fn call(client: &Client, name: &str, arguments: Value) -> CallToolResult {
    try_call(client, name, arguments).await.unwrap()
}

async fn try_call(
    client: &Client,
    name: &str,
    arguments: Value,
) -> Result<CallToolResult, ServiceError> {
    let params = CallToolRequestParams::new(name.to_owned()).with_arguments(object(arguments));
    client.call_tool(params).await
}

fn text(result: &CallToolResult) -> &str {
    &result.content[0].as_text().unwrap().text
}

async fn open() -> (Arc<Shop>, Served) {
    let shop = Shop::open();
    let served = serve(&shop, EndpointConfig::default()).await;
    (shop, served)
}

#[tokio::test]
async fn tools_are_listed_and_called_in_both_eras() {
    let (_shop, served) = open().await;
    for era in Era::BOTH {
        let (client, _told) = connect(&served.url(), era).await;

        let listed = client.list_all_tools().await.unwrap();
        let sum = call(&client, "add", json!({ "a": 2, "b": 3 })).await;

        let names: Vec<_> = listed.iter().map(|tool| tool.name.as_ref()).collect();
        assert_eq!(
            names,
            [
                "find_tools",
                "call_tool",
                "echo",
                "add",
                "wait",
                "steps",
                "fail",
                "break"
            ],
            "{era:?}"
        );
        assert_eq!(sum.structured_content, Some(json!({ "sum": 5 })), "{era:?}");
        assert_eq!(text(&sum), "5", "{era:?}");
    }
}

#[tokio::test]
async fn wrong_arguments_are_told_to_the_model_with_pointers() {
    let (_shop, served) = open().await;
    for era in Era::BOTH {
        let (client, _told) = connect(&served.url(), era).await;

        let refused = call(&client, "add", json!({ "a": "two", "bb": 3 })).await;

        assert_eq!(refused.is_error, Some(true), "{era:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(text(&refused), @r#"
            the arguments of `add` do not fit its input schema
            - at `/`: "b" is a required property
            - at `/a`: "two" is not of type "integer"
            - at `/`: Additional properties are not allowed ('bb' was unexpected); did you mean `b`?
            "#);
        }
    }
}

#[tokio::test]
async fn failures_are_sorted_by_who_can_act() {
    let (_shop, served) = open().await;
    for era in Era::BOTH {
        let (client, _told) = connect(&served.url(), era).await;

        let refused = call(&client, "fail", json!({})).await;
        let broken = try_call(&client, "break", json!({})).await.unwrap_err();
        let unlike = call(&client, "add", json!({ "a": 999, "b": 2 })).await;
        let unknown = try_call(&client, "ecko", json!({})).await.unwrap_err();

        assert_eq!(text(&refused), "there is no such order; ask for its number");
        assert_eq!(refused.is_error, Some(true));
        let meta = refused.meta.unwrap();
        assert_eq!(meta.0["conversation_id"], "c-1");
        let broken = broken.to_string();
        assert!(broken.contains("-32603"), "{broken}");
        assert!(broken.contains("incident"), "{broken}");
        assert!(!broken.contains("hunter2"), "{broken}");
        assert_eq!(
            text(&unlike),
            "`add` returned what its output schema does not allow\n\
             - at `/sum`: 1001 is greater than the maximum of 1000"
        );
        assert_eq!(unlike.is_error, Some(true));
        let ServiceError::McpError(unknown) = unknown else {
            panic!("{unknown}")
        };
        assert_eq!(
            unknown.message,
            "there is no tool `ecko`; did you mean `echo`?"
        );
    }
}

#[tokio::test]
async fn meta_tools_reach_tools_that_came_later() {
    let (shop, served) = open().await;
    for era in Era::BOTH {
        let (client, _told) = connect(&served.url(), era).await;
        shop.add_tool("newcomer");

        let found = call(&client, "find_tools", json!({ "query": "came later" })).await;
        let called = call(&client, "call_tool", json!({ "name": "newcomer" })).await;
        let missed = call(&client, "call_tool", json!({ "name": "newcome" })).await;

        let found = found.structured_content.unwrap();
        assert_eq!(found["tools"][0]["name"], "newcomer", "{era:?}");
        assert_eq!(text(&called), "newcomer", "{era:?}");
        assert_eq!(
            text(&missed),
            "there is no tool `newcome`; did you mean `newcomer`? `find_tools` lists what there is."
        );
    }
}

#[tokio::test]
async fn resources_prompts_and_completions_work_in_both_eras() {
    let (_shop, served) = open().await;
    for era in Era::BOTH {
        let (client, _told) = connect(&served.url(), era).await;

        let resources = client.list_all_resources().await.unwrap();
        let templates = client.list_all_resource_templates().await.unwrap();
        let read = ReadResourceRequestParams::new("assets://words.txt");
        let read = client.read_resource(read).await.unwrap();
        let missing = ReadResourceRequestParams::new("logs://recen");
        let missing = client.read_resource(missing).await.unwrap_err();
        let prompt = GetPromptRequestParams::new("explain")
            .with_arguments(object(json!({ "what": "bandits" })));
        let prompt = client.get_prompt(prompt).await.unwrap();
        let bare = client
            .get_prompt(GetPromptRequestParams::new("explain"))
            .await;
        let values = client
            .complete_prompt_argument("explain", "what", "ba", None)
            .await
            .unwrap();

        assert_eq!((resources.len(), templates.len()), (2, 1));
        let read = serde_json::to_value(&read.contents).unwrap();
        assert_eq!(read[0]["text"], "what assets://words.txt holds");
        assert!(
            missing
                .to_string()
                .contains("did you mean `logs://recent`?")
        );
        let prompt = serde_json::to_value(&prompt.messages).unwrap();
        assert_eq!(prompt[0]["content"]["text"], "Explain bandits.");
        assert!(
            bare.unwrap_err()
                .to_string()
                .contains("needs its argument `what`")
        );
        assert_eq!(values.values.len(), 100);
        assert_eq!((values.total, values.has_more), (Some(150), Some(true)));
    }
}

#[tokio::test]
async fn sessions_are_told_of_changes_and_of_resources_they_subscribed_to() {
    let (shop, served) = open().await;
    let (client, mut told) = connect(&served.url(), Era::Sessions).await;
    client
        .subscribe(SubscribeRequestParams::new("state://active"))
        .await
        .unwrap();

    shop.tell(Change::Tools);
    let first = hear(&mut told).await;
    shop.tell(Change::ResourceUpdated("logs://recent".into()));
    shop.tell(Change::ResourceUpdated("state://active".into()));
    let second = hear(&mut told).await;
    shop.tell(Change::Prompts);
    let third = hear(&mut told).await;

    assert_eq!(
        [first, second, third],
        [
            Told::Tools,
            Told::Updated("state://active".to_owned()),
            Told::Prompts
        ]
    );
}

#[tokio::test]
async fn the_sessionless_listen_for_what_they_name() {
    let (shop, served) = open().await;
    let (client, _told) = connect(&served.url(), Era::Sessionless).await;
    let filter = SubscriptionFilter::builder()
        .tools_list_changed()
        .resource_subscriptions(["state://active".to_owned()])
        .build();
    let mut subscription = client.listen(filter).await.unwrap();

    shop.tell(Change::Prompts);
    shop.tell(Change::ResourceUpdated("logs://recent".into()));
    shop.tell(Change::ResourceUpdated("state://active".into()));
    let first = subscription.next().await.unwrap().unwrap();
    shop.tell(Change::Tools);
    let second = subscription.next().await.unwrap().unwrap();
    served.endpoint.drain(PATIENCE).await;
    let end = subscription.next().await.unwrap();

    assert!(matches!(
        first,
        ServerNotification::ResourceUpdatedNotification(_)
    ));
    assert!(matches!(
        second,
        ServerNotification::ToolListChangedNotification(_)
    ));
    assert!(end.is_none());
}

#[tokio::test]
async fn a_call_tells_of_its_progress_and_logs_what_is_loud_enough() {
    let (_shop, served) = open().await;
    let (client, mut told) = connect(&served.url(), Era::Sessions).await;

    let result = call(&client, "steps", json!({})).await;

    assert_eq!(text(&result), "done");
    let heard = [
        hear(&mut told).await,
        hear(&mut told).await,
        hear(&mut told).await,
    ];
    assert_eq!(
        heard,
        [
            Told::Log(json!("loud")),
            Told::Progress(1.0),
            Told::Progress(2.0)
        ]
    );
}

#[tokio::test]
async fn a_cancelled_call_stops() {
    let (shop, served) = open().await;
    for era in Era::BOTH {
        let (client, _told) = connect(&served.url(), era).await;
        let request = CallToolRequest::new(CallToolRequestParams::new("wait"));
        let request = ClientRequest::CallToolRequest(request);
        let handle = client.send_cancellable_request(request, PeerRequestOptions::default());
        let handle = handle.await.unwrap();
        shop.waiting.notified().await;

        handle.cancel(Some("enough".to_owned())).await.unwrap();

        let stopped = tokio::time::timeout(PATIENCE, shop.stopped.notified()).await;
        assert!(stopped.is_ok(), "{era:?}");
    }
}

#[tokio::test]
async fn both_eras_work_over_a_stream() {
    for era in Era::BOTH {
        let shop = Shop::open();
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (read, write) = tokio::io::split(ours);
        let serving = serve_streams(Arc::clone(&shop), read, write, CancellationToken::new());
        let serving = tokio::spawn(serving);
        let (sender, mut told) = mpsc::channel(crate::support::TOLD_MAX);
        let client = crate::support::Ear::new(sender);
        let client = serve_client_with_lifecycle(client, theirs, era.lifecycle())
            .await
            .unwrap();

        let sum = call(&client, "add", json!({ "a": 2, "b": 3 })).await;
        if era == Era::Sessions {
            shop.tell(Change::Tools);
            assert_eq!(hear(&mut told).await, Told::Tools);
        }
        client.cancel().await.unwrap();

        assert_eq!(text(&sum), "5", "{era:?}");
        let served = tokio::time::timeout(PATIENCE, serving)
            .await
            .expect("it ends");
        served.unwrap().unwrap();
    }
}
