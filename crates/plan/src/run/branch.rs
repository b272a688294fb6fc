//! One line of steps: the script itself, or a closure of a `parallel`.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use rhai::{Dynamic, EvalAltResult, Position};
use serde_json::Value;

use super::{Failure, OPERATIONS_PER_LOOK, Run, RunError};
use crate::{
    call::{Call, Step},
    host::{HostError, Progress, Recorded},
    limits::LOG_TEXT_BYTES_MAX,
    value,
};

pub(super) type Answer = Result<Dynamic, Box<EvalAltResult>>;

pub(super) struct Branch {
    pub(super) run: Arc<Run>,
    /// What its step numbers begin with, such as `4.1.`.
    prefix: String,
    /// In how many `parallel` it is.
    pub(super) depth: usize,
    steps: AtomicU64,
    /// Are the variables to be looked at?
    is_due: AtomicBool,
    log: Mutex<Vec<String>>,
}

impl Branch {
    pub(super) fn root(run: Arc<Run>) -> Self {
        Self::new(run, String::new(), 0)
    }

    /// The branch with this number, from 1, of the `parallel` at `path`.
    pub(super) fn child(&self, path: &str, number: usize) -> Self {
        let prefix = format!("{path}.{number}.");
        Self::new(Arc::clone(&self.run), prefix, self.depth + 1)
    }

    fn new(run: Arc<Run>, prefix: String, depth: usize) -> Self {
        Self {
            run,
            prefix,
            depth,
            steps: AtomicU64::new(0),
            is_due: AtomicBool::new(false),
            log: Mutex::default(),
        }
    }

    /// Counts the operation with this number. Whether the script has to end now.
    pub(super) fn tick(&self, number: u64) -> bool {
        self.run.count_operation();
        if number.is_multiple_of(OPERATIONS_PER_LOOK) {
            self.run.look_at_clock();
            self.is_due.store(true, Ordering::Relaxed);
        }
        self.run.is_over()
    }

    pub(super) fn take_due(&self) -> bool {
        self.is_due.swap(false, Ordering::Relaxed)
    }

    pub(super) fn next_path(&self) -> String {
        let number = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}{number}", self.prefix)
    }

    pub(super) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *self.lock_log())
    }

    pub(super) fn append_log(&self, lines: Vec<String>) {
        self.lock_log().extend(lines);
    }

    fn lock_log(&self) -> MutexGuard<'_, Vec<String>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the run for good: the script cannot catch it.
    pub(super) fn end<T>(
        &self,
        reason: RunError,
        position: Position,
    ) -> Result<T, Box<EvalAltResult>> {
        self.run.end(reason);
        Err(EvalAltResult::ErrorTerminated(Dynamic::UNIT, position).into())
    }

    /// Logs a text, cut to what a log line may have.
    pub(super) fn log(&self, text: &str, position: Position) -> Answer {
        let text = text[..text.floor_char_boundary(LOG_TEXT_BYTES_MAX)].to_owned();
        let answer = self.step(Call::Log { text: text.clone() }, position)?;
        self.lock_log().push(text);
        Ok(answer)
    }

    /// Does a step, or gives back what it answered before.
    pub(super) fn step(&self, call: Call, position: Position) -> Answer {
        self.run.count_step(call.is_atom());
        if self.run.is_over() {
            return Err(EvalAltResult::ErrorTerminated(Dynamic::UNIT, position).into());
        }
        let step = Step {
            path: self.next_path(),
            call,
        };
        let progress = match self.find(&step) {
            Ok(Some(Progress::Done { value })) => Ok(Ok(value)),
            Ok(Some(Progress::Failed { text })) => Ok(Err(text)),
            Ok(Some(Progress::Begun)) => self.ask(&step),
            Ok(None) => self
                .record(&step, Progress::Begun)
                .and_then(|()| self.ask(&step)),
            Err(diverged) => Err(diverged),
        };
        match progress {
            Ok(Ok(value)) => Ok(value::to_script(value)),
            Ok(Err(text)) => failed(&step, text, position),
            Err(reason) => self.end(reason, position),
        }
    }

    fn find(&self, step: &Step) -> Result<Option<Progress>, RunError> {
        match self.run.recorder.find(&step.path) {
            Some(recorded) if recorded.call != step.call => Err(RunError::Diverged {
                path: step.path.clone(),
                recorded: Box::new(recorded.call),
                asked: Box::new(step.call.clone()),
            }),
            recorded => Ok(recorded.map(|recorded| recorded.progress)),
        }
    }

    /// The value of the step, or what it failed with.
    fn ask(&self, step: &Step) -> Result<Result<Value, String>, RunError> {
        let answer = match (self.run.host.call(step), &step.call) {
            (Ok(value), _) => Ok(value),
            (Err(HostError::Failed(text)), Call::Log { .. }) => return Err(stopped(step, text)),
            (Err(HostError::Failed(text)), _) => Err(text),
            (Err(HostError::Stop(text)), _) => return Err(stopped(step, text)),
        };
        let progress = match answer.clone() {
            Ok(value) => Progress::Done { value },
            Err(text) => Progress::Failed { text },
        };
        self.record(step, progress)?;
        Ok(answer)
    }

    fn record(&self, step: &Step, progress: Progress) -> Result<(), RunError> {
        let recorded = Recorded {
            call: step.call.clone(),
            progress,
        };
        let kept = self.run.recorder.record(&step.path, &recorded);
        kept.map_err(|source| RunError::Unrecorded {
            path: step.path.clone(),
            source,
        })
    }
}

/// A log that cannot be written ends the run too: `print` has no way to fail.
fn stopped(step: &Step, text: String) -> RunError {
    RunError::Stopped {
        path: step.path.clone(),
        text,
    }
}

fn failed(step: &Step, text: String, position: Position) -> Answer {
    let failure = Failure {
        path: step.path.clone(),
        call: step.call.name(),
        text,
    };
    Err(EvalAltResult::ErrorRuntime(Dynamic::from(failure), position).into())
}

/// An argument that the check could not see to be wrong. Of Rhai's errors this is the one that
/// shows its text as it is.
pub(super) fn misused<T>(text: String, position: Position) -> Result<T, Box<EvalAltResult>> {
    Err(EvalAltResult::ErrorArithmetic(text, position).into())
}
