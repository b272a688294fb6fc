//! A Python process that stays, with the program and its tests loaded.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Stdio},
    time::Instant,
};

use serde_json::{Value, json};

use super::{Baseline, Bench, BenchError, Candidate, Order, Outcome, Package};
use crate::task::{Launcher, Task, Tests};

/// A test of the program as it is may take this many steps, and this long.
const BASELINE_STEPS_MAX: u64 = 300_000;
const BASELINE_SECONDS_MAX: f64 = 5.0;
/// What one generated call may take.
const CALL_SECONDS_MAX: f64 = 0.3;
/// What all of them may take.
const COMPARING_SECONDS_MAX: f64 = 30.0;

pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    file: String,
    names: Vec<String>,
}

impl Process {
    /// Starts one on a text of the program, whose steps are counted.
    pub(crate) fn start(task: &Task, package: &Package, counted: &str) -> Result<Self, BenchError> {
        let mut child = spawn(&task.launcher, task, package)?;
        let gone = || BenchError::Ended("it has no streams".to_owned());
        let input = child.stdin.take().ok_or_else(gone)?;
        let output = child.stdout.take().map(BufReader::new).ok_or_else(gone)?;
        let mut process = Self {
            child,
            input,
            output,
            file: task.file.to_string_lossy().into_owned(),
            names: Vec::new(),
        };
        process.load(task, counted, &package.beside())?;
        Ok(process)
    }

    fn load(&mut self, task: &Task, counted: &str, beside: &Path) -> Result<(), BenchError> {
        let paths: Vec<_> = task
            .paths
            .iter()
            .map(|path| path.to_string_lossy())
            .collect();
        let mut order = json!({
            "do": "load",
            "file": self.file,
            "module": task.module,
            "text": counted,
            "paths": paths,
        });
        match &task.tests {
            Tests::Cases(cases) => {
                order["kind"] = json!("cases");
                order["cases"] = json!(cases);
            }
            Tests::Pytest { arguments } => {
                order["kind"] = json!("pytest");
                order["arguments"] = json!(arguments);
                order["root"] = json!(task.root.to_string_lossy());
            }
            Tests::Tools(tools) => {
                order["kind"] = json!("tools");
                order["files"] = json!(tools.files);
                order["state"] = tools.state.clone();
                order["packages"] = json!(tools.packages);
                order["cases"] = json!(tools.cases);
                order["paths"] = json!([beside]);
            }
            Tests::Command { .. } => {}
        }
        self.say(&order)?;
        let answer = self.hear()?;
        if let Some(reason) = answer["failed"].as_str() {
            let reason = reason.to_owned();
            return Err(if answer["about"] == "tests" {
                BenchError::Tests(reason)
            } else {
                BenchError::Program(reason)
            });
        }
        let names = answer["loaded"].as_array().into_iter().flatten();
        self.names = names
            .filter_map(|name| name.as_str().map(ToOwned::to_owned))
            .collect();
        Ok(())
    }

    fn say(&mut self, order: &Value) -> Result<(), BenchError> {
        let mut line = order.to_string();
        line.push('\n');
        let sent = self.input.write_all(line.as_bytes());
        sent.map_err(|error| self.ended(&error.to_string()))
    }

    fn hear(&mut self) -> Result<Value, BenchError> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(1..) => serde_json::from_str(&line).map_err(|error| self.ended(&error.to_string())),
            Ok(0) => Err(self.ended("it said nothing more")),
            Err(error) => Err(self.ended(&error.to_string())),
        }
    }

    /// All that is said of an order.
    fn hear_all(&mut self) -> Result<Vec<Value>, BenchError> {
        let mut answers = Vec::new();
        loop {
            match self.hear()? {
                Value::String(done) if done == "done" => return Ok(answers),
                answer => answers.push(answer),
            }
        }
    }

    fn ended(&mut self, reason: &str) -> BenchError {
        // Its streams are closed: it is at its end, or of no more use.
        drop(self.child.kill());
        let status = self.child.wait().ok();
        let how = status.map_or_else(String::new, |status| format!(" ({status})"));
        BenchError::Ended(format!("{reason}{how}"))
    }

    fn candidates(&self, candidates: &[Candidate]) -> Value {
        let candidates = candidates.iter().map(|candidate| {
            let parts = candidate.parts.iter();
            let parts = parts.map(|(unit, text)| json!([self.file, unit, text]));
            Value::Array(parts.collect())
        });
        Value::Array(candidates.collect())
    }
}

fn spawn(launcher: &Launcher, task: &Task, package: &Package) -> Result<Child, BenchError> {
    let scratch = package.scratch();
    let mut command = launcher.command(launcher.python.as_os_str(), &scratch);
    if !matches!(task.tests, Tests::Pytest { .. }) {
        command.arg("-I");
    }
    command
        .args(["-B", "-c"])
        .arg(package.script())
        .current_dir(&task.root)
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("TMPDIR", &scratch)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command.spawn().map_err(|error| BenchError::Start {
        program: launcher.python.to_string_lossy().into_owned(),
        reason: error.to_string(),
    })
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell of a failure.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Bench for Process {
    fn baseline(&mut self, deadline: Instant) -> Result<Baseline, BenchError> {
        self.say(&json!({
            "do": "baseline",
            "steps_max": BASELINE_STEPS_MAX,
            "seconds": BASELINE_SECONDS_MAX,
            "seconds_left": left(deadline),
        }))?;
        let mut baseline = Baseline::default();
        for answer in self.hear_all()? {
            note(answer, &mut baseline);
        }
        if baseline.tests.len() == self.names.len() {
            Ok(baseline)
        } else {
            Err(BenchError::Slow {
                ran: baseline.tests.len(),
                tests: self.names.len(),
            })
        }
    }

    fn attempts(
        &mut self,
        candidates: &[Candidate],
        order: &Order,
        deadline: Instant,
    ) -> Result<Vec<Outcome>, BenchError> {
        let told = json!({
            "do": "attempts",
            "failing": order.failing,
            "passing": order.passing,
            "steps": order.steps,
            "near": order.near,
            "seconds": order.seconds,
            "seconds_left": left(deadline),
            "candidates": self.candidates(candidates),
        });
        self.say(&told)?;
        let mut outcomes = Vec::new();
        for answer in self.hear_all()? {
            let read: Result<(usize, String, f64, String), _> = serde_json::from_value(answer);
            if let Ok((place, letters, near, behaviour)) = read
                && place == outcomes.len()
            {
                outcomes.push(Outcome {
                    letters,
                    near,
                    behaviour,
                });
            }
        }
        Ok(outcomes)
    }

    fn calls(
        &mut self,
        candidates: &[Candidate],
        calls: &[(String, String)],
        steps: u64,
    ) -> Result<Vec<Vec<String>>, BenchError> {
        self.say(&json!({
            "do": "calls",
            "path": self.file,
            "calls": calls,
            "steps": steps,
            "seconds": CALL_SECONDS_MAX,
            "seconds_left": COMPARING_SECONDS_MAX,
            "candidates": self.candidates(candidates),
        }))?;
        let mut values = vec![Vec::new(); candidates.len()];
        for answer in self.hear_all()? {
            let read: Result<(usize, Vec<String>), _> = serde_json::from_value(answer);
            if let Ok((place, told)) = read
                && let Some(value) = values.get_mut(place)
            {
                *value = told;
            }
        }
        Ok(values)
    }
}

fn left(deadline: Instant) -> f64 {
    let left = deadline.saturating_duration_since(Instant::now());
    left.as_secs_f64()
}

fn note(mut answer: Value, baseline: &mut Baseline) {
    if answer.get("test").is_some() {
        if let Ok(tested) = serde_json::from_value(answer) {
            baseline.tests.push(tested);
        }
    } else if let Some(place) = answer["lines"].as_u64() {
        let test = usize::try_from(place)
            .ok()
            .and_then(|place| baseline.tests.get_mut(place));
        let Some(test) = test else {
            return;
        };
        let lines = answer["files"].as_object_mut().into_iter().flatten();
        for (_, lines) in lines {
            test.lines = serde_json::from_value(lines.take()).unwrap_or_default();
        }
        let arcs = answer["arcs"].as_object_mut().into_iter().flatten();
        for (_, arcs) in arcs {
            test.arcs = serde_json::from_value(arcs.take()).unwrap_or_default();
        }
        let calls: Vec<(String, String, String)> =
            serde_json::from_value(answer["calls"].take()).unwrap_or_default();
        for (_, function, arguments) in calls {
            let known = baseline.calls.entry(function).or_default();
            if !known.contains(&arguments) {
                known.push(arguments);
            }
        }
    }
}
