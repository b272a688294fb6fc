//! One run of a script: its steps, its bounds and how it ended.

mod branch;
mod engine;
mod error;
mod failure;
mod parallel;
mod weight;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use rhai::{AST, Dynamic, Scope};
use serde_json::Value;

use crate::{
    host::{Host, Recorder},
    limits::Limits,
    value,
};

pub use error::{Place, RunError};

pub(crate) use engine::plain;
pub(crate) use failure::Failure;

use branch::Branch;

/// Of each thread that runs a script: the deepest one fits also into a build for debugging.
const STACK_BYTES: usize = 64 << 20;

/// The clock and the variables are looked at once in so many operations.
const OPERATIONS_PER_LOOK: u64 = 256;

/// How a script came to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What it returned.
    pub value: Value,
    /// Steps of all branches, recorded ones too.
    pub steps: u64,
    /// What it logged and printed, branch by branch.
    pub log: Vec<String>,
    pub operations: u64,
}

/// What all branches of a run share.
pub(crate) struct Run {
    ast: AST,
    plan: Dynamic,
    host: Arc<dyn Host>,
    recorder: Arc<dyn Recorder>,
    limits: Limits,
    started_ms: u64,
    operations: AtomicU64,
    steps: AtomicU64,
    atoms: AtomicU64,
    /// Why the run is over whatever the script says; the first reason counts.
    ended: OnceLock<RunError>,
}

pub(crate) fn run(
    ast: AST,
    plan: Value,
    host: Arc<dyn Host>,
    recorder: Arc<dyn Recorder>,
    limits: Limits,
) -> Result<Outcome, RunError> {
    let run = Arc::new(Run {
        ast,
        plan: value::to_script(plan),
        host,
        recorder,
        started_ms: (limits.clock.0)(),
        limits,
        operations: AtomicU64::new(0),
        steps: AtomicU64::new(0),
        atoms: AtomicU64::new(0),
        ended: OnceLock::new(),
    });
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || run.whole())
            .map_err(|error| RunError::Thread {
                text: error.to_string(),
            })?;
        worker
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

impl Run {
    fn whole(self: &Arc<Self>) -> Result<Outcome, RunError> {
        let root = Arc::new(Branch::root(Arc::clone(self)));
        let engine = engine::engine(&root);
        let result = engine.eval_ast_with_scope::<Dynamic>(&mut Scope::new(), &self.ast);
        if let Some(ended) = self.ended.get() {
            return Err(ended.clone());
        }
        let value = result.map_err(|error| RunError::of_script(&error, &self.limits))?;
        let value = value::to_json(&value).map_err(|what| RunError::Script {
            text: format!("the script returned {what}, which is no data"),
            place: None,
        })?;
        Ok(Outcome {
            value,
            steps: self.steps.load(Ordering::Relaxed),
            log: root.take_log(),
            operations: self.operations.load(Ordering::Relaxed),
        })
    }

    /// Counts an operation.
    fn count_operation(&self) {
        let operations = self.operations.fetch_add(1, Ordering::Relaxed) + 1;
        if operations > self.limits.operations_max {
            self.end(RunError::limit(
                "operations_max",
                self.limits.operations_max,
            ));
        }
    }

    fn is_over(&self) -> bool {
        self.ended.get().is_some()
    }

    fn look_at_clock(&self) {
        let passed_ms = (self.limits.clock.0)().saturating_sub(self.started_ms);
        if passed_ms > self.limits.wall_clock_ms_max {
            self.end(RunError::limit(
                "wall_clock_ms_max",
                self.limits.wall_clock_ms_max,
            ));
        }
    }

    fn count_step(&self, is_atom: bool) {
        self.look_at_clock();
        if self.steps.fetch_add(1, Ordering::Relaxed) >= self.limits.steps_max {
            self.end(RunError::limit("steps_max", self.limits.steps_max));
        }
        if is_atom && self.atoms.fetch_add(1, Ordering::Relaxed) >= self.limits.atoms_max {
            self.end(RunError::limit("atoms_max", self.limits.atoms_max));
        }
    }

    fn end(&self, reason: RunError) {
        self.ended.get_or_init(|| reason);
    }
}
