//! From a task to its report.

mod found;

use std::{sync::Arc, time::Instant};

use self::found::Found;
use crate::{
    Report, Task, Tests,
    bench::{Baseline, Bench, BenchError, CommandBench, Order, Package, Process},
    journal::Journal,
    pool::Pool,
    program::{BadProgram, Program},
    rank::Suspicion,
    search::{self, Progress, Search},
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
/// So many tests are named in a message.
const NAMED_MAX: usize = 3;

/// Why nothing was tried. Nothing is changed in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    #[error("`{file}` cannot be repaired: {reason}")]
    Program {
        file: String,
        #[source]
        reason: BadProgram,
    },
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
    #[error("what was tried cannot be kept")]
    Journal(#[source] std::io::Error),
}

/// Looks for a change of the program with which all tests pass. Never writes the file.
pub fn repair(task: &Task, tell: &(dyn Fn(&Progress) + Sync)) -> Result<Report, RepairError> {
    let began = Instant::now();
    let program = Program::parse(&task.source).map_err(|reason| RepairError::Program {
        file: name(task),
        reason,
    })?;
    refuse_contradictions(&task.tests)?;
    let program = Arc::new(program);
    let deadline = began + task.settings.budget;
    let package = Package::write(&task.launcher.folder, beside(task))?;
    let mut first = open(task, &package, &program)?;
    let baseline = first.baseline(deadline)?;
    check(task, &baseline)?;
    let mut benches = vec![first];
    for _ in 1..task.settings.processes.max(1) {
        benches.push(open(task, &package, &program)?);
    }
    let pool = Pool::new(benches);
    let order = order(task, &baseline);
    let journal = journal(task)?;
    let suspicion = Suspicion::of(&baseline.tests, &program.lines());
    let found = Found {
        task,
        package: &package,
        baseline: &baseline,
        pool: &pool,
        order: &order,
        program: &program,
    };
    let mut report = if let Some(tuned) = found.tune(&journal, began)? {
        tuned
    } else {
        let mut search = Search::new(&pool, &order, &journal, deadline, suspicion, tell);
        match task.settings.strategy {
            Strategy::Search => search.run(&program)?,
            Strategy::Random => search::by_chance(&mut search, &program, task.settings.seed)?,
        }
        found.report(search)?
    };
    journal.remove();
    report.seconds = began.elapsed().as_secs_f64();
    Ok(report)
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
        Tests::Command { words } => Box::new(CommandBench::open(task, words)?),
        Tests::Cases(_) | Tests::Pytest { .. } | Tests::Tools(_) => {
            Box::new(Process::start(task, package, &program.counted())?)
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
                && (&one.expect, &one.raises) != (&other.expect, &other.raises)
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
    let wanted = tests
        .iter()
        .enumerate()
        .filter(|(place, _)| is_wanted(task, *place));
    let failing: Vec<_> = wanted
        .map(|(_, test)| test)
        .filter(|test| test.letter != 'P')
        .collect();
    if failing.is_empty() {
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
    let knows_lines = tests.iter().any(|test| !test.lines.is_empty());
    let is_elsewhere = failing
        .iter()
        .all(|test| test.lines.is_empty() && test.letter != 'T');
    if knows_lines && is_elsewhere {
        let told: Vec<&str> = failing
            .iter()
            .take(NAMED_MAX)
            .map(|test| test.message.as_str())
            .collect();
        return Err(RepairError::Elsewhere {
            file: name(task),
            told: told.join("; "),
        });
    }
    Ok(())
}

/// Failing tests first, the shorter ones before the longer.
fn order(task: &Task, baseline: &Baseline) -> Order {
    let tests = &baseline.tests;
    let passes = |place: &usize| tests[*place].letter == 'P';
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
    let slowest = tests
        .iter()
        .filter(|test| test.letter != 'T')
        .map(|test| test.seconds)
        .fold(0.0, f64::max);
    Order {
        steps: steps.collect(),
        near: tests.iter().map(|test| test.near).collect(),
        seconds: (slowest * SECONDS_FACTOR).clamp(SECONDS_MIN, SECONDS_MAX),
        failing,
        passing,
    }
}

fn journal(task: &Task) -> Result<Journal, RepairError> {
    let Some(path) = &task.settings.journal else {
        return Ok(Journal::default());
    };
    let about = format!("{:?}{:?}{}", task.source, task.tests, task.settings.seed);
    Journal::open(path, about).map_err(RepairError::Journal)
}
