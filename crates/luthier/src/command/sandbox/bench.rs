//! `luthier sandbox bench`

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use clap::Args;
use sandbox::{Candidate, Case, Isolation, Limits, Report, Sandbox, Tier, Verdict};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::{
    config::Config, environment::Environment, exit::Exit, failure::Failure, output::table,
    sandboxes, session::Session,
};

const MODULE: &str = "\
import re

from luthier import tool


@tool
def slugify(title: str) -> str:
    \"\"\"Makes a slug of a title.\"\"\"
    return re.sub(r\"[^a-z0-9]+\", \"-\", title.lower()).strip(\"-\")
";

/// What the program of a peer does: the same, in a Python of its own.
const PROGRAM: &str = "\
import json, re, sys

def slugify(title):
    return re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')

print(json.dumps(slugify(**json.loads(sys.argv[1]))))
";

const ARGUMENTS: &str = r#"{"title": "Hello, World"}"#;
const ANSWER: &str = "\"hello-world\"";

/// Calls of one instance beside each fresh one, to measure a call alone.
const LATER_CALLS: usize = 50;

#[derive(Args, Clone, Debug)]
pub(crate) struct BenchArgs {
    /// Fresh candidates to measure in each sandbox
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) candidates: usize,
}

/// What was measured of one way to run a candidate.
#[derive(Debug, Serialize)]
struct Row {
    what: &'static str,
    /// A fresh candidate alone: from the order to its first answer.
    fresh_us_p50: u64,
    /// A call more, in the instance that is there.
    call_us_p50: Option<u64>,
    /// Fresh candidates, as many at once as there are places.
    per_second: f64,
    /// Against the first row.
    ratio: f64,
}

#[derive(Serialize)]
struct Answer {
    places: usize,
    rows: Vec<Row>,
}

pub(super) fn run(session: &Session, args: &BenchArgs) -> Result<(), Failure> {
    let configured = session.configure(Vec::new())?;
    let config = &configured.config;
    let sandbox = sandboxes::sandbox(config, &session.environment)?;
    let answer = session.block_on(measure(session, config, &sandbox, args.candidates.max(1)))?;
    session.output.answer(&answer, text)
}

async fn measure(
    session: &Session,
    config: &Config,
    sandbox: &Sandbox,
    count: usize,
) -> Result<Answer, Failure> {
    let places = std::thread::available_parallelism().map_or(1, usize::from);
    let peers = (count / 10).max(5);
    let mut rows = vec![
        subprocess(peers, places).await?,
        own_jail(config, &session.environment, peers, places).await?,
    ];
    for tier in [Tier::Wasm, Tier::Native] {
        match sandbox.probe(tier).await {
            Ok(_) => rows.push(pooled(sandbox, tier, count, places).await?),
            Err(unfit) => session.output.warn(&format!("{unfit}")),
        }
    }
    let first = rows[0].per_second;
    for row in &mut rows {
        row.ratio = row.per_second / first;
    }
    Ok(Answer { places, rows })
}

fn candidate(calls: usize, isolation: Isolation) -> Candidate {
    let case = Case {
        kind: "tool".to_owned(),
        name: "slugify".to_owned(),
        arguments: Bytes::from_static(ARGUMENTS.as_bytes()),
        session: None,
        seed: 0,
        notes_lines: false,
        answers: Vec::new(),
    };
    Candidate {
        label: "bench".to_owned(),
        files: BTreeMap::from([(
            "tools/runner/slug.py".to_owned(),
            Bytes::from_static(MODULE.as_bytes()),
        )]),
        folder: "tools/runner".to_owned(),
        state: Bytes::from_static(b"{}"),
        packages: Vec::new(),
        cases: vec![case; calls],
        isolation,
        limits: Limits::default(),
    }
}

/// The pool, as the Architect uses it.
async fn pooled(
    sandbox: &Sandbox,
    tier: Tier,
    count: usize,
    places: usize,
) -> Result<Row, Failure> {
    let fresh = candidate(1, Isolation::Fresh);
    // Whatever begins with the first use has begun.
    for _ in 0..places * 4 {
        checked(&sandbox.run(tier, &fresh).await?)?;
    }
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        checked(&sandbox.run(tier, &fresh).await?)?;
        times.push(began.elapsed());
    }
    let report = sandbox
        .run(tier, &candidate(LATER_CALLS, Isolation::Shared))
        .await?;
    checked(&report)?;
    let mut calls: Vec<u64> = report.outcomes[1..].iter().map(|it| it.wall_us).collect();
    calls.sort_unstable();
    let (sandbox, fresh) = (sandbox.clone(), Arc::new(fresh));
    let per_second = at_once(count * 2, places, move || {
        let (sandbox, fresh) = (sandbox.clone(), Arc::clone(&fresh));
        async move { checked(&sandbox.run(tier, &fresh).await?) }
    })
    .await?;
    Ok(Row {
        what: match tier {
            Tier::Wasm => "Luthier, wasm",
            Tier::Native => "Luthier, native",
        },
        fresh_us_p50: median(times),
        call_us_p50: calls.get(calls.len() / 2).copied(),
        per_second,
        ratio: 0.0,
    })
}

/// A jail that is built anew for each candidate, Python and all.
async fn own_jail(
    config: &Config,
    environment: &Environment,
    count: usize,
    places: usize,
) -> Result<Row, Failure> {
    let fresh = Arc::new(candidate(1, Isolation::Fresh));
    let (config, environment) = (Arc::new(config.clone()), Arc::new(environment.clone()));
    let once = move || {
        let (config, environment) = (Arc::clone(&config), Arc::clone(&environment));
        let fresh = Arc::clone(&fresh);
        async move {
            let sandbox = sandboxes::sandbox(&config, &environment)?;
            checked(&sandbox.run(Tier::Native, &fresh).await?)
        }
    };
    alone_and_at_once("jail built for each", count, places, once).await
}

/// Python as a subprocess, held by nothing.
async fn subprocess(count: usize, places: usize) -> Result<Row, Failure> {
    let once = || async {
        let run = tokio::task::spawn_blocking(|| {
            Command::new(python::interpreter())
                .args(["-I", "-c", PROGRAM, ARGUMENTS])
                .stdin(Stdio::null())
                .output()
        });
        let output = run.await.map_err(std::io::Error::other).flatten();
        let output = output.map_err(|error| Failure::io("start python3", error))?;
        if output.stdout.trim_ascii() == ANSWER.as_bytes() {
            Ok(())
        } else {
            Err(wrong(
                "python3 -I",
                &String::from_utf8_lossy(&output.stdout),
            ))
        }
    };
    alone_and_at_once("python3 -I subprocess", count, places, once).await
}

async fn alone_and_at_once<F>(
    what: &'static str,
    count: usize,
    places: usize,
    once: impl Fn() -> F,
) -> Result<Row, Failure>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        once().await?;
        times.push(began.elapsed());
    }
    Ok(Row {
        what,
        fresh_us_p50: median(times),
        call_us_p50: None,
        per_second: at_once(count * 2, places, once).await?,
        ratio: 0.0,
    })
}

/// How many a second, with as many at once as there are places.
async fn at_once<F>(count: usize, places: usize, once: impl Fn() -> F) -> Result<f64, Failure>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let began = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..count {
        if running.len() == places
            && let Some(ended) = running.join_next().await
        {
            end(ended)?;
        }
        running.spawn(once());
    }
    while let Some(ended) = running.join_next().await {
        end(ended)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = count as f64 / began.elapsed().as_secs_f64();
    Ok(rate)
}

fn end(ended: Result<Result<(), Failure>, tokio::task::JoinError>) -> Result<(), Failure> {
    ended.map_err(|panic| Failure::new("internal", Exit::Internal, panic))?
}

fn median(mut times: Vec<Duration>) -> u64 {
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    u64::try_from(median.as_micros()).unwrap_or(u64::MAX)
}

/// A figure counts only if the answer was right.
fn checked(report: &Report) -> Result<(), Failure> {
    let wrong_one = report
        .outcomes
        .iter()
        .find(|outcome| !matches!(&outcome.verdict, Verdict::Value { json, .. } if json == ANSWER));
    match wrong_one {
        None if !report.outcomes.is_empty() => Ok(()),
        None => Err(wrong("the sandbox", &format!("{:?}", report.loaded))),
        Some(outcome) => Err(wrong("the sandbox", &format!("{:?}", outcome.verdict))),
    }
}

fn wrong(who: &str, said: &str) -> Failure {
    let message = format!("{who} did not answer {ANSWER} but {said}");
    Failure::new("bench_failed", Exit::Failure, message)
        .with_hint("run `luthier sandbox doctor`".to_owned())
}

fn text(answer: &Answer) -> String {
    let mut rows = vec![
        [
            "",
            "fresh, p50",
            "a call more, p50",
            "candidates/s",
            "ratio",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    rows.extend(answer.rows.iter().map(|row| {
        vec![
            row.what.to_owned(),
            format!("{} µs", row.fresh_us_p50),
            row.call_us_p50
                .map_or_else(String::new, |us| format!("{us} µs")),
            format!("{:.0}", row.per_second),
            format!("{:.1}", row.ratio),
        ]
    }));
    format!("{}\n{} at once", table(&rows), answer.places)
}
