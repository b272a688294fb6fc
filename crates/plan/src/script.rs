//! A script that passed its check, and can be run.

use std::sync::Arc;

use rhai::AST;
use serde_json::Value;

use crate::{
    host::{Host, Recorder},
    limits::Limits,
    run::{self, Outcome, RunError},
};

/// A checked script.
#[derive(Clone, Debug)]
pub struct Script {
    ast: AST,
}

impl Script {
    pub(crate) fn new(ast: AST) -> Self {
        Self { ast }
    }

    /// Runs it to its end. What `recorder` knows is not called again; `plan` is what the script
    /// sees under that name. It blocks until the host has answered each step.
    pub fn run(
        &self,
        plan: Value,
        host: Arc<dyn Host>,
        recorder: Arc<dyn Recorder>,
        limits: Limits,
    ) -> Result<Outcome, RunError> {
        run::run(self.ast.clone(), plan, host, recorder, limits)
    }
}
