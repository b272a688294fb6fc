//! From a task to its report.

mod found;
mod verifying;

use std::{sync::Arc, time::Instant};

use serde_json::Value;

use self::found::Found;
use crate::{
    Case, Report, Task, Tests,
    bench::{Baseline, Bench, BenchError, CommandBench, Order, Package, Process, Tested, Text},
    edits::{Evidence, Shifts},
    inputs,
    journal::{self, Journal},
    pool::Pool,
    program::{BadProgram, Program, split_mark},
    rank::Suspicion,
    search::{self, Likely, Progress, Search},
    task::Strategy,
};

/// A candidate may take so many times the steps of the program, and at least these.
const STEPS_FACTOR: u64 = 10;
const STEPS_MIN: u64 = 3_000;
const STEPS_MAX: u64 = 2_000_000;
/// And so much of a processor's time, where no steps are counted.
const SECONDS_FACTOR: f64 = 10.0;
const SECONDS_MIN: f64 = 0.1;
const SECONDS_MAX: f64 = 5.0;
/// And, where it waits, so many times what the longest test took.
const WALL_FACTOR: f64 = 4.0;
/// Times differ a little each time: they are taken for one of these, so far apart.
const TIMES_APART: f64 = 2.0;
/// So many tests are named in a message.
const NAMED_MAX: usize = 3;

/// Why nothing was tried. Nothing is changed in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    #[error("`{file}` cannot be repaired: {reason}")]
    Program { file: String, reason: BadProgram },
    #[error("all {count} tests pass: there is nothing to repair; add one that shows what is wrong")]
    NothingFails { count: usize },
    #[error("there are no tests: a repair needs at least one that fails and says what is right")]
    NoTests,
    #[error(
        "`{test}` comes out otherwise each time: make it the same always (its clock, order or chance), then try again"
    )]
    Flaky { test: String },
    #[error(
        "`{one}` and `{other}` cannot both be right: they expect different things of the same call"
    )]
    Contradiction { one: String, other: String },
    #[error(
        "no failing test runs a line of `{file}`: the fault is elsewhere ({told}), or the tests do not reach it"
    )]
    Elsewhere { file: String, told: String },
    #[error(
        "`{test}` already needs {seconds:.1} s by itself, more than {SECONDS_MAX} s: make a smaller one that fails, too"
    )]
    Slow { test: String, seconds: f64 },
    #[error(transparent)]
    Bench(#[from] BenchError),
}

/// Looks for a change of the program with which all tests pass. Never writes the file.
pub fn repair(task: &Task, tell: &(dyn Fn(&Progress) + Sync)) -> Result<Report, RepairError> {
    let began = Instant::now();
    let (_, source) = split_mark(&task.source);
    let mut program = Program::parse(source).map_err(|reason| RepairError::Program {
        file: name(task),
        reason,
    })?;
    refuse_contradictions(&task.tests)?;
    let deadline = began + task.settings.budget;
    let package = Package::write(&task.launcher.folder, beside(task))?;
    let mut first = open(task, &package, &program)?;
    let baseline = first.baseline(deadline)?;
    check(task, &baseline)?;
    let elsewhere = elsewhere(task, &baseline);
    if let Some(elsewhere) = &elsewhere {
        // No test runs the line of a value: it may be at fault all the same.
        program.units.retain(|unit| !unit.is_function);
        if program.units.is_empty() {
            return Err(elsewhere());
        }
    }
    let program = Arc::new(program);
    let mut benches = vec![first];
    for _ in 1..task.settings.processes.max(1) {
        benches.push(open(task, &package, &program)?);
    }
    let pool = Pool::new(benches, Arc::clone(&task.settings.stop));
    let order = order(task, &baseline);
    let journal = journal(task);
    let suspicion = Suspicion::of(&baseline.tests, &program.lines());
    let found = Found {
        task,
        package: &package,
        baseline: &baseline,
        pool: &pool,
        order: &order,
        program: &program,
    };
    let likely = Likely {
        suspicion,
        prior: &task.settings.prior,
        evidence: Evidence {
            words: inputs::words(&baseline.calls),
            shifts: Shifts::of(baseline.tests.iter().flat_map(|test| &test.apart)),
        },
    };
    let search = Search::new(&pool, &order, &journal, deadline, likely, tell);
    let mut report = look(&found, search, began)?;
    journal.remove();
    if let Some(elsewhere) = elsewhere.filter(|_| report.passers == 0) {
        return Err(elsewhere());
    }
    report.seconds = began.elapsed().as_secs_f64();
    Ok(report)
}

/// Values of the state first, where there is one, then the code.
fn look(found: &Found<'_>, mut search: Search<'_>, began: Instant) -> Result<Report, RepairError> {
    let settings = &found.task.settings;
    let tuned = match found.tune(search.journal, began)? {
        Some(tuned) if tuned.is_near => return Ok(tuned.report),
        tuned => tuned,
    };
    match settings.strategy {
        // What is far from what somebody has set is taken where no small edit does as much.
        Strategy::Search if tuned.is_some() => search.run_small(found.program)?,
        Strategy::Search => search.run(found.program)?,
        Strategy::Random => search::by_chance(&mut search, found.program, settings.seed)?,
    }
    let searched = found.report(search)?;
    Ok(match tuned {
        Some(tuned) if !searched.repaired => tuned.report,
        _ => searched,
    })
}

fn name(task: &Task) -> String {
    let name = task.file.file_name().unwrap_or(task.file.as_os_str());
    name.to_string_lossy().into_owned()
}

/// What is to be imported beside the program.
fn beside(task: &Task) -> &[(String, String)] {
    match &task.tests {
        Tests::Tools(tools) => &tools.host,
        _ => &[],
    }
}

fn open(task: &Task, package: &Package, program: &Program) -> Result<Box<dyn Bench>, BenchError> {
    Ok(match &task.tests {
        Tests::Command { words } => Box::new(CommandBench::open(task, words, &program.text)?),
        Tests::Cases(_) | Tests::Pytest { .. } | Tests::Tools(_) => {
            let counted = program.counted();
            Box::new(Process::start(task, package, Text::Counted(&counted))?)
        }
    })
}

/// Two cases of one call that expect different things.
fn refuse_contradictions(tests: &Tests) -> Result<(), RepairError> {
    let Tests::Cases(cases) = tests else {
        return Ok(());
    };
    if cases.is_empty() {
        return Err(RepairError::NoTests);
    }
    for (place, one) in cases.iter().enumerate() {
        let other = cases[..place].iter().find(|other| {
            one.call == other.call
                && one.args == other.args
                && one.kwargs == other.kwargs
                && !is_compatible(one, other)
        });
        if let Some(other) = other {
            let told = |case| serde_json::to_string(case).unwrap_or_default();
            return Err(RepairError::Contradiction {
                one: told(other),
                other: told(one),
            });
        }
    }
    Ok(())
}

/// Could one answer be what both expect?
fn is_compatible(one: &Case, other: &Case) -> bool {
    match (&one.expect, &other.expect, &one.raises, &other.raises) {
        (Some(one), Some(other), _, _) => is_equal(one, other),
        // One may say more of the same error.
        (_, _, Some(one), Some(other)) => one.starts_with(other) || other.starts_with(one),
        _ => false,
    }
}

/// As Python compares: `2` is `2.0`.
fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| is_equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_there = |(key, value): (&String, &Value)| {
                other.get(key).is_some_and(|there| is_equal(value, there))
            };
            one.len() == other.len() && one.iter().all(is_there)
        }
        (one, other) => one == other,
    }
}

/// Is a test that fails one that is to be repaired?
fn is_wanted(task: &Task, place: usize) -> bool {
    match &task.tests {
        Tests::Tools(tools) => tools.cases[place].is_wanted,
        Tests::Cases(_) | Tests::Pytest { .. } | Tests::Command { .. } => true,
    }
}

fn check(task: &Task, baseline: &Baseline) -> Result<(), RepairError> {
    let tests = &baseline.tests;
    if tests.is_empty() {
        return Err(RepairError::NoTests);
    }
    if let Some(test) = tests.iter().find(|test| test.letter != test.again) {
        return Err(RepairError::Flaky {
            test: test.name.clone(),
        });
    }
    if failing(task, baseline).next().is_none() {
        return Err(RepairError::NothingFails { count: tests.len() });
    }
    let slow = tests
        .iter()
        .find(|test| test.letter == 'P' && test.seconds > SECONDS_MAX);
    if let Some(test) = slow.filter(|_| !matches!(task.tests, Tests::Command { .. })) {
        return Err(RepairError::Slow {
            test: test.name.clone(),
            seconds: test.seconds,
        });
    }
    Ok(())
}

/// The tests that are to be repaired.
fn failing<'a>(task: &'a Task, baseline: &'a Baseline) -> impl Iterator<Item = &'a Tested> {
    let tests = baseline.tests.iter().enumerate();
    let wanted = tests.filter(|(place, _)| is_wanted(task, *place));
    wanted.map(|(_, test)| test).filter(|test| test.fails())
}

/// What is said where no failing test runs a line of the file.
fn elsewhere(task: &Task, baseline: &Baseline) -> Option<impl Fn() -> RepairError> {
    let knows_lines = baseline.tests.iter().any(|test| !test.lines.is_empty());
    let mut tests = failing(task, baseline);
    let is_elsewhere = tests.all(|test| test.lines.is_empty() && test.letter != 'T');
    (knows_lines && is_elsewhere).then_some(move || {
        let named = failing(task, baseline).take(NAMED_MAX);
        let told: Vec<&str> = named.map(|test| test.message.as_str()).collect();
        RepairError::Elsewhere {
            file: name(task),
            told: told.join("; "),
        }
    })
}

/// Failing tests first, the shorter ones before the longer.
fn order(task: &Task, baseline: &Baseline) -> Order {
    let tests = &baseline.tests;
    let passes = |place: &usize| !tests[*place].fails();
    let is_meant = |place: &usize| passes(place) || is_wanted(task, *place);
    let (mut passing, mut failing): (Vec<usize>, Vec<usize>) =
        (0..tests.len()).filter(is_meant).partition(passes);
    let by_steps = |place: &usize| tests[*place].steps;
    passing.sort_by_key(by_steps);
    failing.sort_by_key(by_steps);
    let ended = tests.iter().filter(|test| test.letter != 'T');
    let usual = ended.map(|test| test.steps).max().unwrap_or(0);
    let steps = tests.iter().map(|test| {
        let own = if test.letter == 'T' {
            usual
        } else {
            test.steps
        };
        // One that fails may have stopped before it had done much.
        let own = if test.letter == 'P' {
            own
        } else {
            own.max(usual / 2)
        };
        (own.saturating_mul(STEPS_FACTOR) + STEPS_MIN).min(STEPS_MAX)
    });
    let longest = |time: fn(&Tested) -> f64| {
        let ended = tests.iter().filter(|test| test.letter != 'T');
        ended.map(time).fold(0.0, f64::max)
    };
    let seconds = longest(|test| test.seconds) * SECONDS_FACTOR;
    let skipped = passing.iter().copied();
    Order {
        skipped: skipped.filter(|place| tests[*place].is_skipped()).collect(),
        steps: steps.collect(),
        near: tests.iter().map(|test| test.near).collect(),
        seconds: steady(seconds).clamp(SECONDS_MIN, SECONDS_MAX),
        wall: steady(longest(|test| test.wall) * WALL_FACTOR),
        failing,
        passing,
    }
}

/// The next longer one of those times that are told apart.
fn steady(seconds: f64) -> f64 {
    let steps = (seconds.max(SECONDS_MIN) / SECONDS_MIN).log(TIMES_APART);
    SECONDS_MIN * TIMES_APART.powf(steps.ceil())
}

/// What was tried is worth something, and the repair can do without: where it cannot be kept, or nobody knows
/// whether it is still true, it is not.
fn journal(task: &Task) -> Journal {
    let Some(path) = &task.settings.journal else {
        return Journal::default();
    };
    let opened = about(task).and_then(|about| match about {
        Some(about) => Journal::open(path, about),
        None => Ok(Journal::default()),
    });
    opened.unwrap_or_else(|error| {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "what is tried is not kept");
        Journal::default()
    })
}

/// All that it depends on what comes of an attempt. Nothing if that is too much to be looked at.
fn about(task: &Task) -> std::io::Result<Option<String>> {
    let python = &task.launcher.python;
    let mut files = Vec::new();
    // Else it is a name, and whoever starts it looks for it.
    files.extend(python.is_file().then(|| python.clone()));
    match &task.tests {
        // They have all of it with them.
        Tests::Tools(_) => {}
        Tests::Cases(_) | Tests::Command { .. } => files.push(task.whole().to_owned()),
        Tests::Pytest { arguments } => {
            let paths = arguments.iter().filter_map(|path| path.split("::").next());
            let paths = paths.map(|path| task.root.join(path));
            files.extend(paths.filter(|path| !path.starts_with(task.whole())));
            files.push(task.whole().to_owned());
        }
    }
    let Task { source, tests, .. } = task;
    let mut about = format!(
        "{source:?}{tests:?}{}{}",
        python.display(),
        task.settings.seed
    );
    for file in files {
        let Some(digest) = journal::digest(&file, &task.file)? else {
            return Ok(None);
        };
        about.push_str(&digest);
    }
    Ok(Some(about))
}
