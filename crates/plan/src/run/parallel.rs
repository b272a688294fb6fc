//! `parallel`: closures that run at the same time, each a branch of its own.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rhai::{Array, Dynamic, FnPtr, Map as Members, Position};

use super::{
    RunError, STACK_BYTES,
    branch::{Answer, Branch, misused},
    engine,
};

/// Values are taken apart to this depth.
const DEPTH_MAX: usize = 32;

/// As many values may the closures of one `parallel` have captured. One that captured itself would
/// otherwise be taken apart again and again.
const CAPTURED_MAX: usize = 16_384;

/// The results in the order of the closures. All closures come to their end; of several errors the
/// first closure's is the one.
///
/// A closure sees what it captured as it was when `parallel` began, and what it changes there
/// nobody sees: otherwise two runs would differ by which branch was faster.
pub(super) fn parallel(parent: &Branch, closures: &Dynamic, position: Position) -> Answer {
    let path = parent.next_path();
    let mut left = CAPTURED_MAX;
    let closures: Vec<FnPtr> = closures
        .read_lock::<Array>()
        .map(|items| {
            items
                .iter()
                .filter_map(|item| detach(item, 0, &mut left).try_cast())
                .collect()
        })
        .unwrap_or_default();
    if left == 0 {
        return parent.end(RunError::limit("captured_max", CAPTURED_MAX), position);
    }
    if let Some(closure) = closures
        .iter()
        .find(|closure| !takes_nothing(parent, closure))
    {
        let name = if closure.is_anonymous() {
            "a closure"
        } else {
            closure.fn_name()
        };
        let text = format!("`parallel`: {name} takes arguments, and gets none");
        return misused(text, position);
    }
    let limits = &parent.run.limits;
    if parent.depth >= limits.parallel_depth_max {
        let reason = RunError::limit("parallel_depth_max", limits.parallel_depth_max);
        return parent.end(reason, position);
    }
    if closures.len() > limits.branches_max {
        let reason = RunError::limit("branches_max", limits.branches_max);
        return parent.end(reason, position);
    }
    let fork = Fork {
        branches: (1..=closures.len())
            .map(|number| Arc::new(parent.child(&path, number)))
            .collect(),
        answers: closures.iter().map(|_| OnceLock::new()).collect(),
        closures,
        next: AtomicUsize::new(0),
    };
    if let Err(error) = fork.run(limits.parallel_max) {
        let text = error.to_string();
        return parent.end(RunError::Thread { text }, position);
    }
    fork.join(parent)
}

struct Fork {
    closures: Vec<FnPtr>,
    branches: Vec<Arc<Branch>>,
    answers: Vec<OnceLock<Answer>>,
    /// The first one that nobody runs yet.
    next: AtomicUsize,
}

impl Fork {
    fn run(&self, width: usize) -> std::io::Result<()> {
        thread::scope(|scope| {
            for _ in 0..width.clamp(1, self.closures.len().max(1)) {
                thread::Builder::new()
                    .stack_size(STACK_BYTES)
                    .spawn_scoped(scope, || self.work())?;
            }
            Ok(())
        })
    }

    fn work(&self) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(closure) = self.closures.get(number) else {
                return;
            };
            let branch = &self.branches[number];
            let engine = engine::engine(branch);
            let answer = closure.call::<Dynamic>(&engine, &branch.run.ast, ());
            self.answers[number].get_or_init(|| answer);
        }
    }

    fn join(self, parent: &Branch) -> Answer {
        for branch in &self.branches {
            parent.append_log(branch.take_log());
        }
        let answers = self.answers.into_iter().filter_map(OnceLock::into_inner);
        answers
            .collect::<Result<Array, _>>()
            .map(Dynamic::from_array)
    }
}

/// Whether it has a parameter for each captured variable and no other.
fn takes_nothing(parent: &Branch, closure: &FnPtr) -> bool {
    let captured = closure.curry().len();
    let mut functions = parent.run.ast.iter_functions();
    functions
        .any(|function| function.name == closure.fn_name() && function.params.len() == captured)
}

/// The value without anything that another branch could change.
fn detach(value: &Dynamic, depth: usize, left: &mut usize) -> Dynamic {
    *left = left.saturating_sub(1);
    let value = value.flatten_clone();
    if depth > DEPTH_MAX || *left == 0 {
        return value;
    }
    if let Some(items) = value.read_lock::<Array>() {
        let items = items.iter().map(|item| detach(item, depth + 1, left));
        return Dynamic::from_array(items.collect());
    }
    if let Some(members) = value.read_lock::<Members>() {
        let members = members
            .iter()
            .map(|(name, value)| (name.clone(), detach(value, depth + 1, left)));
        return Dynamic::from_map(members.collect());
    }
    if let Some(closure) = value.read_lock::<FnPtr>() {
        let mut closure = closure.clone();
        let captured: Vec<Dynamic> = closure
            .iter_curry()
            .map(|value| detach(value, depth + 1, left))
            .collect();
        closure.set_curry(captured);
        return Dynamic::from(closure);
    }
    value
}
