//! A Python process that stays, with the program and its tests loaded.

use std::{
    fmt::Display,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::retry_on_intr,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Baseline, Bench, BenchError, Candidate, Given, Order, Outcome, Package, Tested, end};
use crate::task::{Launcher, Task, Tests};

/// A test of the program as it is may take this many steps, and this long.
const BASELINE_STEPS_MAX: u64 = 300_000;
const BASELINE_SECONDS_MAX: f64 = 5.0;
/// And so much longer where it waits.
const BASELINE_WALL_MAX: f64 = 10.0;
/// To load the program and its tests may take what the whole repair may, within these,
const LOAD_MIN: Duration = Duration::from_secs(3);
const LOAD_MAX: Duration = Duration::from_mins(2);
/// and where nothing can be raised within, it is ended so much later.
const LOAD_GRACE: Duration = Duration::from_secs(1);
/// Behind the time of an order, until its end is told.
const ORDER_GRACE: Duration = Duration::from_secs(15);
/// What one generated call may take.
const CALL_SECONDS_MAX: f64 = 0.3;
/// What all of them may take.
const COMPARING_MAX: Duration = Duration::from_secs(30);

/// What Python reads from its environment, beside what it is told here.
const VARIABLES: [&str; 30] = [
    "PYTHONASYNCIODEBUG",
    "PYTHONBREAKPOINT",
    "PYTHONCASEOK",
    "PYTHONCOERCECLOCALE",
    "PYTHONDEBUG",
    "PYTHONDEVMODE",
    "PYTHONDUMPREFS",
    "PYTHONEXECUTABLE",
    "PYTHONFAULTHANDLER",
    "PYTHONHOME",
    "PYTHONINSPECT",
    "PYTHONINTMAXSTRDIGITS",
    "PYTHONIOENCODING",
    "PYTHONMALLOC",
    "PYTHONMALLOCSTATS",
    "PYTHONNODEBUGRANGES",
    "PYTHONNOUSERSITE",
    "PYTHONOPTIMIZE",
    "PYTHONPATH",
    "PYTHONPLATLIBDIR",
    "PYTHONPROFILEIMPORTTIME",
    "PYTHONPYCACHEPREFIX",
    "PYTHONSAFEPATH",
    "PYTHONSTARTUP",
    "PYTHONTRACEMALLOC",
    "PYTHONUNBUFFERED",
    "PYTHONUSERBASE",
    "PYTHONUTF8",
    "PYTHONVERBOSE",
    "PYTHONWARNINGS",
];

/// What the program says.
#[derive(Clone, Copy)]
pub(crate) enum Text<'a> {
    /// A text of which the disk knows nothing, with its steps counted.
    Counted(&'a str),
    /// What the file says, which is a copy of another one.
    Written { instead_of: &'a Path },
}

pub(crate) struct Process {
    /// None once it was ended.
    child: Option<Child>,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    file: String,
    names: Vec<String>,
}

impl Process {
    pub(crate) fn start(
        task: &Task,
        package: &Package,
        text: Text<'_>,
    ) -> Result<Self, BenchError> {
        let is_isolated = !matches!(task.tests, Tests::Pytest { .. });
        let mut child = spawn(&task.launcher, package, &task.root, is_isolated)?;
        let gone = || BenchError::Ended("it has no streams".to_owned());
        let input = child.stdin.take().ok_or_else(gone)?;
        let output = child.stdout.take().map(BufReader::new).ok_or_else(gone)?;
        let mut process = Self {
            child: Some(child),
            input,
            output,
            file: task.file.to_string_lossy().into_owned(),
            names: Vec::new(),
        };
        process.load(task, text, &package.beside())?;
        Ok(process)
    }

    fn load(&mut self, task: &Task, text: Text<'_>, beside: &Path) -> Result<(), BenchError> {
        let limit = task.settings.budget.clamp(LOAD_MIN, LOAD_MAX);
        let (counted, instead_of) = match text {
            Text::Counted(text) => (Some(text), None),
            Text::Written { instead_of } => (None, Some(instead_of.to_string_lossy())),
        };
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
            "instead_of": instead_of,
            "paths": paths,
            "seconds_left": limit.as_secs_f64(),
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
        let answer = self.hear(Instant::now() + limit + LOAD_GRACE)?;
        let answer = answer.ok_or_else(|| {
            BenchError::Program("it takes longer to import than it may".to_owned())
        })?;
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

    /// The next answer. Where there is none in time it is ended, since nothing can be raised in it.
    fn hear(&mut self, until: Instant) -> Result<Option<Value>, BenchError> {
        if self.output.buffer().is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).ok();
            let mut output = [PollFd::new(self.output.get_ref(), PollFlags::IN)];
            match retry_on_intr(|| poll(&mut output, left.as_ref())) {
                Ok(0) => {
                    self.end();
                    return Ok(None);
                }
                Ok(_) => {}
                Err(error) => return Err(self.ended(&error.to_string())),
            }
        }
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(1..) => serde_json::from_str(&line).map_err(|error| self.ended(&error.to_string())),
            Ok(0) => Err(self.ended("it said nothing more")),
            Err(error) => Err(self.ended(&error.to_string())),
        }
    }

    /// All that is said of an order.
    fn hear_all(&mut self, deadline: Instant) -> Result<Vec<Value>, BenchError> {
        let mut answers = Vec::new();
        loop {
            match self.hear(deadline + ORDER_GRACE)? {
                Some(Value::String(done)) if done == "done" => return Ok(answers),
                Some(answer) => answers.push(answer),
                None => return Err(BenchError::Ended("it said nothing more in time".to_owned())),
            }
        }
    }

    /// Each test as the program is, and no more than that.
    pub(crate) fn tests(&mut self, deadline: Instant) -> Result<Vec<Tested>, BenchError> {
        Ok(self.run(false, deadline)?.tests)
    }

    fn run(&mut self, is_watched: bool, deadline: Instant) -> Result<Baseline, BenchError> {
        self.say(&json!({
            "do": "baseline",
            "watch": is_watched,
            "steps_max": BASELINE_STEPS_MAX,
            "seconds": BASELINE_SECONDS_MAX,
            "wall": BASELINE_WALL_MAX,
            "seconds_left": left(deadline),
        }))?;
        let mut baseline = Baseline::default();
        for answer in self.hear_all(deadline)? {
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

    fn ended(&mut self, reason: &str) -> BenchError {
        let status = self.end();
        let how = status.map_or_else(String::new, |status| format!(" ({status})"));
        BenchError::Ended(format!("{reason}{how}"))
    }

    /// It may have ended by itself; there is nobody to tell of a failure.
    fn end(&mut self) -> Option<ExitStatus> {
        self.child.take().and_then(|child| end(child).ok())
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

/// What a process of its own says to one order that is about no program.
pub(crate) fn answer_to<T: DeserializeOwned>(
    launcher: &Launcher,
    order: &Value,
) -> Result<T, BenchError> {
    let package = Package::write(&launcher.folder, &[])?;
    let mut child = spawn(launcher, &package, &package.scratch(), true)?;
    let input = child.stdin.take();
    // It closes, and the process ends when it has answered.
    let sent = input.map_or(Ok(()), |mut input| {
        input.write_all(format!("{order}\n").as_bytes())
    });
    let output = child
        .wait_with_output()
        .map_err(|error| BenchError::Ended(error.to_string()))?;
    let ended = |reason: &dyn Display| BenchError::Ended(format!("{reason} ({})", output.status));
    sent.map_err(|error| ended(&error))?;
    serde_json::from_slice(&output.stdout).map_err(|error| ended(&error))
}

fn spawn(
    launcher: &Launcher,
    package: &Package,
    root: &Path,
    is_isolated: bool,
) -> Result<Child, BenchError> {
    let scratch = package.scratch();
    let mut command = launcher.command(launcher.python.as_os_str(), &scratch);
    if is_isolated {
        // Not `-I`: it would leave the seed of hashes to chance, and with it the order of sets.
        command.arg("-s");
        for name in VARIABLES {
            command.env_remove(name);
        }
    }
    command
        .args(["-B", "-c"])
        .arg(package.script())
        .current_dir(root)
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("TMPDIR", &scratch)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    command.spawn().map_err(|error| BenchError::Start {
        program: launcher.python.to_string_lossy().into_owned(),
        reason: error.to_string(),
    })
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

impl Bench for Process {
    fn baseline(&mut self, deadline: Instant) -> Result<Baseline, BenchError> {
        self.run(true, deadline)
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
            "skipped": order.skipped,
            "seconds": order.seconds,
            "wall": order.wall,
            "seconds_left": left(deadline),
            "candidates": self.candidates(candidates),
        });
        self.say(&told)?;
        let mut outcomes = Vec::new();
        for answer in self.hear_all(deadline)? {
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
    ) -> Result<Vec<Given>, BenchError> {
        let deadline = Instant::now() + COMPARING_MAX;
        self.say(&json!({
            "do": "calls",
            "path": self.file,
            "calls": calls,
            "steps": steps,
            "seconds": CALL_SECONDS_MAX,
            "wall": 0.0,
            "seconds_left": left(deadline),
            "candidates": self.candidates(candidates),
        }))?;
        let mut all = vec![Given::default(); candidates.len()];
        for answer in self.hear_all(deadline)? {
            let read: Result<(usize, Vec<String>, usize), _> = serde_json::from_value(answer);
            if let Ok((place, values, broken)) = read
                && let Some(given) = all.get_mut(place)
            {
                *given = Given { values, broken };
            }
        }
        Ok(all)
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
