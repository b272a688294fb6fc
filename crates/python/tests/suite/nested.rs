//! Tools that call tools.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use python::{
    CallError, CallEvent, CallRequest, Code, Events, NestedCall, NestedFuture, Pool, Settings,
    State,
};
use tokio::sync::Notify;

use crate::support::{Fixture, settings};

const TOOLS: &str = r#"
import os, time

@tool
def pid() -> int:
    "x"
    return os.getpid()

@tool
def both(ctx: Context) -> list[int]:
    "x"
    return [os.getpid(), ctx.call("pid")]

@tool
def deep(ctx: Context, left: int) -> int:
    "x"
    return 0 if left == 0 else 1 + ctx.call("deep", {"left": left - 1})

@tool
async def through(ctx: Context, left: int) -> int:
    "x"
    return 0 if left == 0 else 1 + await ctx.call_async("back", {"left": left - 1})

@tool
def back(ctx: Context, left: int) -> int:
    "x"
    return 0 if left == 0 else 1 + ctx.call("through", {"left": left - 1})

@tool
async def many(ctx: Context) -> list[int]:
    "x"
    import asyncio
    return await asyncio.gather(*[ctx.call_async("deep", {"left": 1}) for _ in range(20)])

@tool
def fails(ctx: Context) -> str:
    "x"
    try:
        return ctx.call("missing")
    except ToolError as error:
        return f"told: {error}"

@tool
def stuck() -> None:
    "x"
    time.sleep(1000)

@tool
def waits(ctx: Context) -> None:
    "x"
    ctx.call("stuck")
"#;

/// Runs what a tool calls in the same code and state, as a server does.
struct Server {
    pool: Pool,
    code: Code,
    state: State,
    called: Mutex<Vec<String>>,
    has_called: Notify,
}

/// Has the server at hand when a call tells something.
struct Listener(Arc<Server>);

impl Events for Listener {
    fn on_event(&self, _event: CallEvent) {}

    fn call_tool(&self, call: NestedCall) -> NestedFuture {
        let server = Arc::clone(&self.0);
        server.called.lock().unwrap().push(call.tool.clone());
        server.has_called.notify_one();
        async move {
            let mut request = server.request(&call.tool, call.arguments);
            request.within = Some(call.within);
            let answer = server.pool.call(request).await;
            answer
                .map(|answer| answer.value)
                .map_err(|error| match error {
                    CallError::Raised(raised) if raised.is_tool_error => raised.message,
                    error => error.to_string(),
                })
        }
        .boxed()
    }
}

impl Server {
    async fn start(settings: Settings) -> Arc<Self> {
        let fixture = Fixture::with(settings).await;
        let code = fixture.load(TOOLS).await;
        Arc::new(Self {
            pool: fixture.pool,
            code,
            state: fixture.state,
            called: Mutex::default(),
            has_called: Notify::new(),
        })
    }

    fn request(self: &Arc<Self>, tool: &str, arguments: Bytes) -> CallRequest {
        let mut request = CallRequest::tool(&self.code, &self.state, tool, arguments);
        request.events = Some(Arc::new(Listener(Arc::clone(self))));
        request
    }

    async fn call(self: &Arc<Self>, tool: &str, arguments: &'static str) -> String {
        let request = self.request(tool, Bytes::from_static(arguments.as_bytes()));
        match self.pool.call(request).await {
            Ok(answer) => String::from_utf8(answer.value.to_vec()).unwrap(),
            Err(error) => error.to_string(),
        }
    }
}

fn one_worker() -> Settings {
    Settings {
        workers: 1,
        ..settings()
    }
}

#[tokio::test]
async fn a_nested_call_runs_in_the_worker_that_waits_for_it() {
    let server = Server::start(settings()).await;

    let pids: Vec<u32> = serde_json::from_str(&server.call("both", "{}").await).unwrap();

    assert_eq!(pids[0], pids[1]);
}

#[tokio::test]
async fn tools_call_tools_to_a_depth_and_no_deeper() {
    let server = Server::start(one_worker()).await;

    let ends = [
        server.call("deep", r#"{"left":8}"#).await,
        server.call("deep", r#"{"left":9}"#).await,
    ];

    insta::assert_snapshot!(ends.join("\n"), @"
    8
    ToolError: `deep` was not called: tools call tools no deeper than 8
    ");
}

#[tokio::test]
async fn plain_and_async_tools_call_each_other_with_one_worker_each() {
    let server = Server::start(one_worker()).await;

    let ends = tokio::join!(
        server.call("through", r#"{"left":5}"#),
        server.call("through", r#"{"left":6}"#),
        server.call("back", r#"{"left":5}"#),
        server.call("many", "{}"),
    );

    assert_eq!(ends.0, "5");
    assert_eq!(ends.1, "6");
    assert_eq!(ends.2, "5");
    assert_eq!(ends.3, format!("[{}]", ["1"; 20].join(",")));
}

#[tokio::test]
async fn a_nested_call_that_fails_tells_the_tool_why() {
    let server = Server::start(settings()).await;

    let value = server.call("fails", "{}").await;

    insta::assert_snapshot!(value, @r#""told: this version has no tool `missing`""#);
}

#[tokio::test]
async fn a_tool_that_nobody_lets_call_others_is_told_so() {
    let fixture = Fixture::start().await;
    let code = fixture.load(TOOLS).await;

    let value = fixture.value(&code, "fails", "{}").await;

    insta::assert_snapshot!(value, @r#""told: `missing` cannot be called from here""#);
}

#[tokio::test]
async fn the_deadline_of_a_call_ends_those_that_it_makes() {
    let server = Server::start(one_worker()).await;
    let mut request = server.request("waits", Bytes::from_static(b"{}"));
    request.deadline = Duration::from_millis(300);

    let error = server.pool.call(request).await.unwrap_err();

    insta::assert_snapshot!(error, @"the deadline of 300 ms has passed");
    assert_eq!(server.call("deep", r#"{"left":1}"#).await, "1");
}

#[tokio::test]
async fn a_call_that_is_cancelled_takes_those_with_it_that_it_has_made() {
    let server = Server::start(one_worker()).await;

    {
        let call = server.call("waits", "{}");
        tokio::pin!(call);
        tokio::select! {
            end = &mut call => panic!("{end}"),
            () = server.has_called.notified() => {}
        }
    }

    // The one worker is free again.
    assert_eq!(server.call("deep", r#"{"left":1}"#).await, "1");
    assert_eq!(*server.called.lock().unwrap(), ["stuck", "deep"]);
}
