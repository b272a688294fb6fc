//! A host that answers by a closure, and a recorder that keeps everything in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use plan::{
    Call, Host, HostError, Limits, Outcome, RecordError, Recorded, Recorder, RunError, Script,
    Step, check,
};
use serde_json::{Value, json};

type Answer = dyn Fn(&Step) -> Result<Value, HostError> + Send + Sync;

pub(crate) struct TestHost {
    answer: Box<Answer>,
    steps: Mutex<Vec<Step>>,
}

impl TestHost {
    pub(crate) fn new(
        answer: impl Fn(&Step) -> Result<Value, HostError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            answer: Box::new(answer),
            steps: Mutex::default(),
        })
    }

    /// A workspace where all is well.
    pub(crate) fn green() -> Arc<Self> {
        Self::new(|step| Ok(green(&step.call)))
    }

    /// What was really called, by its place in the script.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps = self.steps.lock().unwrap().clone();
        steps.sort_by_key(|step| {
            let numbers = step.path.split('.');
            numbers
                .map(|number| number.parse().unwrap())
                .collect::<Vec<u64>>()
        });
        steps
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.steps().iter().map(|step| step.call.name()).collect()
    }
}

impl Host for TestHost {
    fn call(&self, step: &Step) -> Result<Value, HostError> {
        self.steps.lock().unwrap().push(step.clone());
        (self.answer)(step)
    }
}

pub(crate) fn green(call: &Call) -> Value {
    match call {
        Call::SpawnAtom { kind, .. } | Call::RunConsensus { kind, .. } => match kind {
            plan::AtomKind::Reviewer => json!({"verdict": "approve", "reasons": []}),
            plan::AtomKind::Tester => json!({"cases": []}),
            plan::AtomKind::Coder => json!({"edits": [], "rationale": "so"}),
            plan::AtomKind::Architect => json!({"script": ""}),
            plan::AtomKind::Analyst => json!({"kind": "repair"}),
        },
        Call::RunTests { .. } => json!({"passed": true, "failures": []}),
        Call::RunNewTests { .. } => json!({"proved": true, "added": true, "reason": ""}),
        Call::Snapshot => json!("s1"),
        Call::Commit { .. } => json!("c1"),
        Call::HasSymbol { .. } => json!(true),
        Call::CheckRedFlags | Call::Cycles | Call::References { .. } => json!([]),
        Call::TestsCovering { .. } => json!(["tests/micro/text.jsonl"]),
        _ => Value::Null,
    }
}

/// What is kept of each path, and how often something was kept.
#[derive(Default)]
pub(crate) struct Memory {
    kept: Mutex<BTreeMap<String, Recorded>>,
    /// After so many records nothing is kept any more.
    room: Option<usize>,
    records: Mutex<usize>,
}

impl Memory {
    pub(crate) fn with_room(records: usize) -> Arc<Self> {
        Arc::new(Self {
            room: Some(records),
            ..Self::default()
        })
    }

    pub(crate) fn kept(&self) -> BTreeMap<String, Recorded> {
        self.kept.lock().unwrap().clone()
    }
}

impl Recorder for Memory {
    fn find(&self, path: &str) -> Option<Recorded> {
        self.kept.lock().unwrap().get(path).cloned()
    }

    fn record(&self, path: &str, recorded: &Recorded) -> Result<(), RecordError> {
        let mut records = self.records.lock().unwrap();
        if self.room.is_some_and(|room| *records >= room) {
            return Err(RecordError("the disk is full".to_owned()));
        }
        *records += 1;
        let mut kept = self.kept.lock().unwrap();
        kept.insert(path.to_owned(), recorded.clone());
        Ok(())
    }
}

pub(crate) fn script(text: &str) -> Script {
    match check(text) {
        Ok(script) => script,
        Err(problems) => panic!("{}", lines(&problems)),
    }
}

pub(crate) fn lines(problems: &[plan::Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

pub(crate) fn run(text: &str, host: &Arc<TestHost>) -> Result<Outcome, RunError> {
    run_within(text, host, Limits::default())
}

pub(crate) fn run_within(
    text: &str,
    host: &Arc<TestHost>,
    limits: Limits,
) -> Result<Outcome, RunError> {
    script(text).run(plan(), host.clone(), Arc::<Memory>::default(), limits)
}

pub(crate) fn resume(
    text: &str,
    host: &Arc<TestHost>,
    memory: &Arc<Memory>,
) -> Result<Outcome, RunError> {
    script(text).run(plan(), host.clone(), memory.clone(), Limits::default())
}

pub(crate) fn plan() -> Value {
    json!({"kind": "repair", "summary": "keep accents", "symbols": ["tools/runner/text.py::slugify"],
        "scope": ["tools/runner/text.py"], "out_of_scope": [], "template": null, "state": {"limit": 3},
        "acceptance": [{"file": "tests/micro/text.jsonl", "case": {"tool": "slugify"}}]})
}
