//! Deadlines, cancellation, and more calls than there is room for.

use std::time::Duration;

use python::{CallError, Settings};

use crate::support::{Fixture, settings};

const TOOLS: &str = r#"
import asyncio, os, time

@tool
def pid() -> int:
    "x"
    return os.getpid()

@tool
def sleeps(seconds: float) -> int:
    "x"
    time.sleep(seconds)
    return os.getpid()

@tool(blocking=True)
def blocks(seconds: float) -> int:
    "x"
    time.sleep(seconds)
    return os.getpid()

@tool
async def naps(seconds: float) -> int:
    "x"
    await asyncio.sleep(seconds)
    return os.getpid()

@tool
async def stubborn() -> None:
    "x"
    while True:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            pass

@tool
async def spins() -> None:
    "x"
    while True:
        pass
"#;

#[tokio::test]
async fn more_calls_than_the_queue_holds_are_refused_at_once() {
    let settings = Settings {
        workers: 1,
        queue_max: 2,
        ..settings()
    };
    let fixture = Fixture::with(settings).await;
    let code = fixture.load(TOOLS).await;
    let slow = |_| fixture.call(&code, "sleeps", r#"{"seconds":0.3}"#);

    let ends = futures_util::future::join_all((0..5).map(slow)).await;

    let refused = ends.iter().filter(
        |end| matches!(end, Err(CallError::Overloaded { retry_after_ms }) if *retry_after_ms >= 10),
    );
    assert_eq!(refused.count(), 2);
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 3);
}

#[tokio::test]
async fn a_call_that_waits_behind_a_slow_one_ends_at_its_own_deadline() {
    let settings = Settings {
        workers: 1,
        ..settings()
    };
    let fixture = Fixture::with(settings).await;
    let code = fixture.load(TOOLS).await;
    // Makes the worker known as fast, so that calls are sent to it ahead.
    for _ in 0..100 {
        fixture.value(&code, "pid", "{}").await;
    }
    let slow = fixture.call(&code, "sleeps", r#"{"seconds":1.5}"#);
    let mut hurried = fixture.request(&code, "pid", "{}");
    hurried.deadline = Duration::from_millis(100);

    let (slow, hurried) = tokio::join!(slow, fixture.pool.call(hurried));

    slow.unwrap();
    insta::assert_snapshot!(hurried.unwrap_err(), @"the deadline of 100 ms has passed before the call could start");
}

#[tokio::test]
async fn calls_behind_a_slow_one_are_given_to_another_worker() {
    let fixture = Fixture::start().await;
    let code = fixture.load(TOOLS).await;
    for _ in 0..200 {
        fixture.value(&code, "pid", "{}").await;
    }

    let slow = fixture.call(&code, "sleeps", r#"{"seconds":2}"#);
    let quick = (0..20).map(|_| async {
        let mut request = fixture.request(&code, "pid", "{}");
        request.deadline = Duration::from_millis(1500);
        fixture.pool.call(request).await
    });
    let (slow, quick) = tokio::join!(slow, futures_util::future::join_all(quick));

    slow.unwrap();
    for end in quick {
        end.unwrap();
    }
}

#[tokio::test]
async fn a_call_whose_future_is_dropped_is_stopped() {
    let settings = Settings {
        workers: 1,
        ..settings()
    };
    let fixture = Fixture::with(settings).await;
    let code = fixture.load(TOOLS).await;
    let before = fixture.value(&code, "pid", "{}").await;

    let call = fixture.call(&code, "sleeps", r#"{"seconds":1000}"#);
    tokio::time::timeout(Duration::from_millis(50), call)
        .await
        .unwrap_err();

    // The same worker is free again: it was asked to stop, and did.
    assert_eq!(fixture.value(&code, "pid", "{}").await, before);
}

#[tokio::test]
async fn async_tools_take_turns_and_each_ends_at_its_own_deadline() {
    let fixture = Fixture::start().await;
    let code = fixture.load(TOOLS).await;
    let long = |tool, ms| {
        let mut request = fixture.request(&code, tool, r#"{"seconds":1000}"#);
        request.deadline = Duration::from_millis(ms);
        fixture.pool.call(request)
    };

    let (short, late, later) = tokio::join!(
        fixture.call(&code, "naps", r#"{"seconds":0.6}"#),
        long("naps", 200),
        long("naps", 300),
    );

    short.unwrap();
    insta::assert_snapshot!(late.unwrap_err(), @"the deadline of 200 ms has passed");
    insta::assert_snapshot!(later.unwrap_err(), @"the deadline of 300 ms has passed");
}

#[tokio::test]
async fn an_async_tool_that_ignores_its_deadline_or_spins_harms_no_other() {
    let fixture = Fixture::start().await;
    let code = fixture.load(TOOLS).await;
    let stopped = |tool| {
        let mut request = fixture.request(&code, tool, "{}");
        request.deadline = Duration::from_millis(200);
        fixture.pool.call(request)
    };

    let (other, stubborn, spins) = tokio::join!(
        fixture.call(&code, "naps", r#"{"seconds":0.8}"#),
        stopped("stubborn"),
        stopped("spins"),
    );

    other.unwrap();
    insta::assert_snapshot!(stubborn.unwrap_err(), @"the deadline of 200 ms has passed");
    insta::assert_snapshot!(spins.unwrap_err(), @"the deadline of 200 ms has passed");
    fixture.value(&code, "naps", r#"{"seconds":0}"#).await;
}

#[tokio::test]
async fn blocking_tools_have_workers_of_their_own_and_run_side_by_side() {
    let fixture = Fixture::start().await;
    let code = fixture.load(TOOLS).await;
    let plain = fixture.value(&code, "pid", "{}").await;

    let slow = (0..4).map(|_| fixture.value(&code, "blocks", r#"{"seconds":1}"#));
    let mut pids = futures_util::future::join_all(slow).await;

    pids.sort();
    pids.dedup();
    assert_eq!(pids.len(), 4);
    assert!(!pids.contains(&plain));
}
