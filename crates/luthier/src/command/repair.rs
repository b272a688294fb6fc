//! `luthier repair FILE`

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;
use model::Digest;
use repair::{Case, Launcher, Progress, Report, Settings, Task, Tests};
use serde_json::json;

use crate::{
    draft::{Replace, place},
    environment::Environment,
    exit::Exit,
    failure::Failure,
    output::Tone,
    pen::{self, PEN},
    session::Session,
};

/// Cases of a file.
const CASES_MAX: usize = 10_000;
const CASES_BYTES_MAX: u64 = 64 << 20;
/// Nobody waits longer for a repair.
const BUDGET_MAX: Duration = Duration::from_hours(24);
/// More would only wait for each other.
const PROCESSES_MAX: usize = 64;
/// Of the name of a file with what was tried.
const NAME_CHARS: usize = 24;

#[derive(Args, Clone, Debug)]
pub(crate) struct RepairArgs {
    /// The Python file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) tests: TestsArgs,
    /// How long to look for a repair
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_time)]
    pub(crate) budget: Duration,
    /// The same seed, the same repair
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Write the repair into the file
    #[arg(long)]
    pub(crate) write: bool,
    /// How sure it has to be, from 0 to 1; below that a change is proposed and not written
    #[arg(long, value_name = "SHARE", default_value_t = repair::CONFIDENCE_MIN, value_parser = parse_share)]
    pub(crate) confidence: f64,
    /// How many processes run tests side by side [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub(crate) processes: Option<usize>,
    /// The Python that runs the tests [default: the virtual environment's, else `python3`]
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// Run tests where nothing holds them, on a kernel that has no Landlock
    #[arg(long)]
    pub(crate) unheld: bool,
}

/// What says what is right.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct TestsArgs {
    /// Calls and what they should give, one JSON object a line: {"call": "f", "args": [1], "expect": 2}
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) cases: Option<PathBuf>,
    /// A test file for pytest, or the id of one test
    #[arg(long, value_name = "FILE")]
    pub(crate) pytest: Option<String>,
    /// A command that fails now and should succeed, run in a copy of this folder
    #[arg(long, value_name = "CMD")]
    pub(crate) command: Option<String>,
}

pub(crate) fn run(session: &Session, args: &RepairArgs) -> Result<Exit, Failure> {
    let task = task(session, args)?;
    let began = Instant::now();
    let bar = session
        .output
        .progress("looking for a repair", millis(task.settings.budget));
    let tell = |progress: &Progress| {
        bar.set_position(millis(began.elapsed()));
        let per_second = progress
            .tried
            .checked_div(began.elapsed().as_secs().try_into().unwrap_or(1));
        bar.set_message(format!(
            "{} tried ({}/s), {} of {} failing tests pass at best, {}",
            progress.tried,
            per_second.unwrap_or(progress.tried),
            progress.fixed,
            progress.failing,
            progress.doing
        ));
    };
    let report = repair::repair(&task, &tell);
    bar.finish_and_clear();
    let report = report.map_err(Failure::from)?;
    let wanted = report
        .text
        .as_ref()
        .filter(|_| args.write && report.repaired);
    // What was found is told even if it cannot be written.
    let written = wanted.map(|text| write(&task, text));
    let paint = |tone, text: &str| session.output.paint(tone, text);
    let mut answer = json!(report);
    answer["written"] = json!(matches!(written, Some(Ok(()))));
    if let Some(Err(failure)) = &written {
        answer["not_written"] = json!(failure.to_string());
    }
    session
        .output
        .answer(&answer, |_| told(&report, args, written.as_ref(), &paint))?;
    Ok(match written {
        Some(Err(failure)) => failure.exit(),
        _ if report.repaired => Exit::Success,
        _ => Exit::Failure,
    })
}

/// A share of one.
fn parse_share(text: &str) -> Result<f64, String> {
    let share = text
        .parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("`{text}` is no number from 0 to 1"))
}

/// `60s`, `2m`, `1500ms`; a number alone is seconds.
fn parse_time(text: &str) -> Result<Duration, String> {
    let is_bare = text
        .chars()
        .all(|letter| letter.is_ascii_digit() || letter == '.');
    let text = if is_bare {
        format!("{text}s")
    } else {
        text.to_owned()
    };
    let span: jiff::SignedDuration = text
        .parse()
        .map_err(|error| format!("`{text}` is no time ({error}): write 60s, 2m or 1500ms"))?;
    let time = Duration::try_from(span).map_err(|_negative| "a time is not negative".to_owned())?;
    if time > BUDGET_MAX {
        return Err(format!("`{text}` is too long: it may be a day at most"));
    }
    Ok(time)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn task(session: &Session, args: &RepairArgs) -> Result<Task, Failure> {
    let environment = &session.environment;
    let named = environment.folder.join(&args.file);
    let failed = |error| Failure::io(&format!("read `{}`", args.file.display()), error);
    let file = fs::canonicalize(&named).map_err(failed)?;
    let size = fs::metadata(&file).map_err(failed)?.len();
    if size > u64::try_from(repair::SOURCE_BYTES_MAX).unwrap_or(u64::MAX) {
        let told = format!(
            "`{}` has {size} bytes, and at most {} are read",
            args.file.display(),
            repair::SOURCE_BYTES_MAX
        );
        return Err(Failure::new("program_too_large", Exit::Invalid, told));
    }
    let source = fs::read_to_string(&file).map_err(failed)?;
    let tests = tests(args, environment)?;
    let root = root(&file, &tests, environment);
    let (module, folder) = module(&file);
    let launcher = launcher(args, &root, environment)?;
    let processes = args
        .processes
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let settings = Settings {
        seed: args.seed,
        budget: args.budget,
        processes: processes.clamp(1, PROCESSES_MAX),
        confidence_min: args.confidence,
        journal: journal(&file, &source, args, environment),
        ..Settings::default()
    };
    Ok(Task {
        source,
        module,
        paths: vec![folder, root.clone()],
        root,
        tests,
        launcher,
        settings,
        file,
    })
}

fn tests(args: &RepairArgs, environment: &Environment) -> Result<Tests, Failure> {
    let wanted = &args.tests;
    if let Some(path) = &wanted.cases {
        return cases(&environment.folder.join(path)).map(Tests::Cases);
    }
    if let Some(path) = &wanted.pytest {
        let (file, test) = path
            .split_once("::")
            .map_or((path.as_str(), None), |(file, test)| (file, Some(test)));
        let full = environment.folder.join(file);
        let failed = |error| Failure::io(&format!("read `{file}`"), error);
        let full = fs::canonicalize(full).map_err(failed)?;
        let full = full.to_string_lossy();
        let argument = test.map_or_else(|| full.to_string(), |test| format!("{full}::{test}"));
        return Ok(Tests::Pytest {
            arguments: vec![argument],
        });
    }
    let command = wanted.command.as_deref().unwrap_or_default();
    if command.trim().is_empty() {
        return Err(Failure::usage("--command has no command"));
    }
    let words = ["sh", "-c", command].map(ToOwned::to_owned).to_vec();
    Ok(Tests::Command { words })
}

fn cases(path: &Path) -> Result<Vec<Case>, Failure> {
    let failed = |error| Failure::io(&format!("read `{}`", path.display()), error);
    let invalid = |told: String| Failure::new("bad_cases", Exit::Invalid, told);
    if fs::metadata(path).map_err(failed)?.len() > CASES_BYTES_MAX {
        return Err(invalid(format!(
            "`{}` is larger than {CASES_BYTES_MAX} bytes",
            path.display()
        )));
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let mut cases = Vec::new();
    for (place, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let at = format!("`{}`, line {}", path.display(), place + 1);
        if let Some(number) = too_large(line) {
            return Err(invalid(format!(
                "{at}: {number} has more than 64 bits and cannot be compared: make a smaller example"
            )));
        }
        let case: Case = serde_json::from_str(line).map_err(|error| {
            invalid(format!("{at}: {error}"))
                .with_hint("a case is {\"call\": \"f\", \"args\": [1], \"expect\": 2}, or has \"raises\": \"ValueError\" for `expect`".to_owned())
        })?;
        if case.expect.is_some() == case.raises.is_some() {
            return Err(invalid(format!(
                "{at}: a case has either `expect` or `raises`"
            )));
        }
        cases.push(case);
    }
    if cases.len() > CASES_MAX {
        return Err(invalid(format!(
            "`{}` has {} cases, and at most {CASES_MAX} are taken",
            path.display(),
            cases.len()
        )));
    }
    Ok(cases)
}

/// A whole number outside of texts that would be read as another one.
fn too_large(line: &str) -> Option<&str> {
    let outside = line.split('"').step_by(2);
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    let mut words = outside.flat_map(|piece| piece.split(move |letter| !is_part(letter)));
    words.find(|word| {
        let digits = word.trim_start_matches('-');
        let is_whole = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        is_whole && word.parse::<i64>().is_err() && word.parse::<u64>().is_err()
    })
}

/// Where tests run: here, if the file is below this folder, and cases beside the file.
fn root(file: &Path, tests: &Tests, environment: &Environment) -> PathBuf {
    let beside = file.parent().unwrap_or(file).to_owned();
    let here = fs::canonicalize(&environment.folder).unwrap_or_else(|_| environment.folder.clone());
    match tests {
        Tests::Cases(_) | Tests::Tools(_) => beside,
        Tests::Pytest { .. } | Tests::Command { .. } if file.starts_with(&here) => here,
        Tests::Pytest { .. } | Tests::Command { .. } => beside,
    }
}

/// Its name as others import it, and the folder in which that name is found.
fn module(file: &Path) -> (String, PathBuf) {
    let mut names = vec![
        file.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    ];
    let mut folder = file.parent().unwrap_or(file);
    while folder.join("__init__.py").is_file() {
        names.push(
            folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        );
        folder = folder.parent().unwrap_or(folder);
    }
    if names[0] == "__init__" && names.len() > 1 {
        names.remove(0);
    }
    names.reverse();
    (names.join("."), folder.to_owned())
}

fn launcher(
    args: &RepairArgs,
    root: &Path,
    environment: &Environment,
) -> Result<Launcher, Failure> {
    let mut hold = Vec::new();
    if !args.unheld {
        pen::probe().map_err(|error| {
            let hint = format!(
                "{}, or add --unheld if the code may write where it likes",
                error.hint()
            );
            Failure::new("not_held", Exit::Unavailable, error).with_hint(hint)
        })?;
        let program = std::env::current_exe().map_err(|error| Failure::io("find itself", error))?;
        hold = vec![program.into(), PEN.into(), "{scratch}".into()];
    }
    Ok(Launcher {
        hold,
        python: python(args, root, environment),
        folder: std::env::temp_dir(),
    })
}

/// The one that is named, that of a virtual environment, or whichever there is.
fn python(args: &RepairArgs, root: &Path, environment: &Environment) -> PathBuf {
    let active = environment
        .find("VIRTUAL_ENV")
        .map(|folder| Path::new(folder).join("bin/python"));
    let near = Some(root.join(".venv/bin/python"));
    let installed = environment.find("PATH").and_then(|path| {
        let folders = std::env::split_paths(path);
        folders
            .map(|folder| folder.join("python3"))
            .find(|path| path.is_file())
    });
    args.python
        .as_ref()
        .map(|path| environment.folder.join(path))
        .or_else(|| {
            [active, near]
                .into_iter()
                .flatten()
                .find(|path| path.is_file())
        })
        .or(installed)
        .unwrap_or_else(|| python::interpreter().to_owned())
}

/// Where what was tried is kept while it runs. Without a folder for such things it is not.
fn journal(
    file: &Path,
    source: &str,
    args: &RepairArgs,
    environment: &Environment,
) -> Option<PathBuf> {
    let about = format!("{}{source}{:?}{}", file.display(), args.tests, args.seed);
    let name = Digest::of(about.as_bytes()).to_string();
    let folder = environment.cache_folder()?.join("luthier/repair");
    Some(folder.join(format!("{}.jsonl", &name[..NAME_CHARS])))
}

/// In one step, and only if nobody wrote the file meanwhile.
fn write(task: &Task, text: &str) -> Result<(), Failure> {
    let failed = |error| Failure::io(&format!("write `{}`", task.file.display()), error);
    if fs::read_to_string(&task.file).map_err(failed)? != task.source {
        let told = format!("`{}` was changed meanwhile", task.file.display());
        return Err(Failure::new("file_changed", Exit::Conflict, told)
            .with_hint("run the command again".to_owned()));
    }
    let was = fs::metadata(&task.file).map_err(failed)?;
    place(text, Some(&was), &task.file, Replace::Always).map_err(failed)
}

fn told(
    report: &Report,
    args: &RepairArgs,
    written: Option<&Result<(), Failure>>,
    paint: &dyn Fn(Tone, &str) -> String,
) -> String {
    let mut lines = Vec::new();
    for line in report.diff.lines() {
        lines.push(match line.chars().next() {
            Some('+') => paint(Tone::Good, line),
            Some('-') => paint(Tone::Bad, line),
            _ => line.to_owned(),
        });
    }
    if !report.diff.is_empty() {
        lines.push(String::new());
    }
    let word = match (report.repaired, report.text.is_some()) {
        (true, _) => paint(Tone::Good, "repaired:"),
        (false, true) => paint(Tone::Warning, "proposed:"),
        (false, false) => paint(Tone::Bad, "not repaired:"),
    };
    lines.push(format!("{word} {}", report.reason));
    if let Some(question) = &report.question {
        lines.push(format!(
            "which is right for {}: {} (this change), or {}? A case that says so would decide it",
            question.call, question.one, question.other
        ));
    }
    lines.push(format!(
        "{} of {} tests failed; {} changes tried in {:.1} s; confidence {:.2}",
        report.failing, report.tests, report.tried, report.seconds, report.confidence
    ));
    match written {
        Some(Ok(())) => lines.push(format!("written to {}", args.file.display())),
        Some(Err(failure)) => lines.push(format!("{} {failure}", paint(Tone::Bad, "not written:"))),
        None if report.repaired => {
            lines.push("nothing is written: add --write for that".to_owned());
        }
        None => {}
    }
    lines.join("\n")
}
