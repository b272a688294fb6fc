//! The steps of a script: each goes to a host and into a recorder, beside Rhai without either.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use plan::{Host, HostError, Limits, RecordError, Recorded, Recorder, Step};
use rhai::Engine;
use serde_json::{Value, json};

use super::Bench;
use crate::{
    load::{Measured, new_histogram, record},
    table::OWN,
};

const CASE: &str = "1,000 Rhai steps";
const BARE: &str = "bare Rhai";
const STEPS: u64 = 1_000;
/// For both.
const SCRIPT: &str = "for n in 0..1000 { snapshot(); }";

/// Answers at once.
#[derive(Default)]
struct Instantly {
    calls: AtomicU64,
}

/// Keeps steps as long as the process lives.
#[derive(Default)]
struct Memory(Mutex<HashMap<String, Recorded>>);

impl Host for Instantly {
    fn call(&self, _step: &Step) -> Result<Value, HostError> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(json!(format!("s{number}")))
    }
}

impl Recorder for Memory {
    fn find(&self, path: &str) -> Option<Recorded> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(path).cloned()
    }

    fn record(&self, path: &str, recorded: &Recorded) -> Result<(), RecordError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(path.to_owned(), recorded.clone());
        Ok(())
    }
}

impl Bench {
    pub(super) fn measure_plans(&mut self) {
        if self.wants(CASE, BARE) {
            let measured = bare(self.duration);
            self.keep(CASE, BARE, 1, measured);
        }
        if self.wants(CASE, OWN) {
            let measured = own(self.duration);
            self.keep(CASE, OWN, 1, measured);
        }
    }
}

/// A function that does nothing but answer, in an engine that is there already.
fn bare(duration: Duration) -> Result<Measured> {
    let calls = Arc::<AtomicU64>::default();
    let counted = Arc::clone(&calls);
    let mut engine = Engine::new();
    engine.register_fn("snapshot", move || {
        let number = counted.fetch_add(1, Ordering::Relaxed);
        format!("s{number}")
    });
    let script = engine.compile(SCRIPT)?;
    repeat(duration, || {
        let before = calls.load(Ordering::Relaxed);
        let began = Instant::now();
        engine
            .run_ast(&script)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let took = began.elapsed();
        let calls = calls.load(Ordering::Relaxed) - before;
        ensure!(calls == STEPS, "Rhai made {calls} calls");
        Ok(took)
    })
}

/// A run as a job has it, from a checked script to the value it returns.
fn own(duration: Duration) -> Result<Measured> {
    let script = plan::check(SCRIPT).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", problems.join("; "))
    })?;
    repeat(duration, || {
        let (host, memory) = (Arc::<Instantly>::default(), Arc::<Memory>::default());
        let limits = Limits::default();
        let began = Instant::now();
        let outcome = script.run(json!({}), host.clone(), memory, limits)?;
        let took = began.elapsed();
        let calls = host.calls.load(Ordering::Relaxed);
        ensure!(
            outcome.steps == STEPS && calls == STEPS,
            "the script made {} steps and {calls} calls",
            outcome.steps
        );
        Ok(took)
    })
}

fn repeat(duration: Duration, mut run: impl FnMut() -> Result<Duration>) -> Result<Measured> {
    let mut latency_ns = new_histogram();
    let began = Instant::now();
    while began.elapsed() < duration {
        record(&mut latency_ns, run()?);
    }
    Ok(Measured::of_one(latency_ns))
}
