//! Calls as fast as they are answered.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};
use tokio::{sync::Barrier, task::JoinSet};

use super::wire::{Connection, Endpoint, Era};
use crate::load::{Measured, new_histogram, record};

/// How many values `total` adds up.
const VALUES_COUNT: i64 = 50;
/// About 2 ms of plain Python.
const SPIN_STEPS: i64 = 30_000;

/// What is called.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) tool: &'static str,
    arguments: Value,
    /// What it has to answer; the load only looks whether it is in there.
    expected: Value,
}

impl Call {
    pub(crate) fn echo() -> Self {
        let text = "What is said comes back.";
        Self {
            tool: "echo",
            arguments: json!({"text": text}),
            expected: json!(text),
        }
    }

    pub(crate) fn total() -> Self {
        let values: Map<String, Value> = (0..VALUES_COUNT)
            .map(|number| (format!("value-{number:02}"), number.into()))
            .collect();
        Self {
            tool: "total",
            arguments: json!({"values": values}),
            expected: json!((0..VALUES_COUNT).sum::<i64>()),
        }
    }

    pub(crate) fn spin() -> Self {
        Self {
            tool: "spin",
            arguments: json!({"steps": SPIN_STEPS}),
            expected: json!(SPIN_STEPS),
        }
    }

    /// One call, whose answer is looked at closely.
    pub(crate) async fn prove(&self, connection: &mut Connection) -> Result<()> {
        let request = connection.call_of(self.tool, &self.arguments);
        let body = connection.call(&request).await?;
        let data = body.lines().find_map(|line| line.strip_prefix("data: {"));
        let answer: Value = match data {
            Some(rest) => serde_json::from_str(&format!("{{{rest}"))?,
            None => serde_json::from_str(body)?,
        };
        let value = &answer["result"]["structuredContent"]["result"];
        ensure!(*value == self.expected, "{} answers {body}", self.tool);
        Ok(())
    }
}

/// What came of it.
pub(crate) struct Answered {
    pub(crate) measured: Measured,
    /// All calls, those that warmed up too.
    pub(crate) calls: u64,
}

/// Each of `callers` on a connection of its own, the next call when the one before is answered.
pub(crate) async fn drive(
    endpoint: &Endpoint,
    era: Era,
    call: &Call,
    callers: usize,
    duration: Duration,
) -> Result<Answered> {
    drive_all(std::slice::from_ref(endpoint), era, call, callers, duration).await
}

/// The same at several servers of the same tools, as many callers at each.
pub(crate) async fn drive_all(
    endpoints: &[Endpoint],
    era: Era,
    call: &Call,
    callers: usize,
    duration: Duration,
) -> Result<Answered> {
    let start = Arc::new(Barrier::new(callers));
    let mut tasks = JoinSet::new();
    for endpoint in endpoints.iter().cycle().take(callers) {
        let mut connection = Connection::open(endpoint, era).await?;
        call.prove(&mut connection).await?;
        tasks.spawn(repeat(connection, call.clone(), start.clone(), duration));
    }
    let mut latency_ns = new_histogram();
    let (mut calls, mut counted) = (0, 0);
    while let Some(outcome) = tasks.join_next().await {
        let (all, latencies) = outcome.context("a caller panicked")??;
        calls += all;
        counted += latencies.len();
        latency_ns
            .add(latencies)
            .context("latencies do not add up")?;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let ops_per_second = counted as f64 / duration.as_secs_f64();
    Ok(Answered {
        measured: Measured {
            ops_per_second,
            latency_ns,
        },
        calls,
    })
}

async fn repeat(
    mut connection: Connection,
    call: Call,
    start: Arc<Barrier>,
    duration: Duration,
) -> Result<(u64, Histogram<u64>)> {
    let request = connection.call_of(call.tool, &call.arguments);
    let expected = call.expected.to_string();
    let mut latencies = new_histogram();
    let mut calls = 0;
    start.wait().await;
    // The first tenth warms up and is not counted.
    let counted_from = Instant::now() + duration / 10;
    let until = counted_from + duration;
    loop {
        let began = Instant::now();
        if began >= until {
            return Ok((calls, latencies));
        }
        let body = connection.call(&request).await?;
        ensure!(body.contains(&expected), "{} answers {body}", call.tool);
        calls += 1;
        if began >= counted_from && Instant::now() <= until {
            record(&mut latencies, began.elapsed());
        }
    }
}
