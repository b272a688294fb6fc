//! Looks for a repair of a workspace's tools with which its cases hold.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use architect::{BenchError, Differing, Fault, Mended, product::message::Outcome};
use release::Proposal;
use repair::{Launcher, Prior, RepairError, Report, Settings, Task, Tests, ToolCase, Tools};
use serde_json::{Value, json};

use super::{bench::broken, making::Making};
use crate::pen::PEN;

/// Where code is that several tools share.
const LIB: &str = "tools/lib/";

/// Where each module of tools is.
const RUNNER: &str = "tools/runner/";

/// What tools read beside their state.
const ASSETS: &str = "state/assets/";

/// Of the time that is left, how much of it a file is given that others follow.
const SHARE: f64 = 0.6;

/// What says what is right, in this order.
const TIERS: [&str; 3] = ["tests/micro/", "tests/fast/", "tests/full/"];

/// How searches are run.
#[derive(Clone, Debug)]
pub(super) struct Mending {
    /// What was tried is kept here while a search goes on.
    pub(super) folder: PathBuf,
    pub(super) budget: Duration,
    /// The least confidence with which a change is made.
    pub(super) confidence_min: f64,
}

impl Mending {
    /// What may be spent on code that is not there yet.
    pub(super) fn making(&self) -> Making {
        Making {
            budget: self.budget,
            confidence_min: self.confidence_min,
        }
    }

    /// Runs the search, which takes as long as it may; to be called where that keeps nobody waiting.
    pub(super) fn mend(
        &self,
        name: &str,
        proposal: &Proposal,
        fault: &Fault,
        stop: &Arc<AtomicBool>,
    ) -> Result<Mended, BenchError> {
        let files = code(proposal);
        let cases = cases(proposal, &fault.wanted);
        if cases.is_empty() {
            return Ok(refused("no case says what is right"));
        }
        let until = Instant::now() + self.budget;
        let suspects = suspects(&files, &fault.symbols);
        let prior = prior(&fault.released);
        let mut best: Option<Mended> = None;
        let (mut tried, mut seconds) = (0, 0.0);
        for (place, path) in suspects.iter().enumerate() {
            let left = until.saturating_duration_since(Instant::now());
            let is_last = place + 1 == suspects.len();
            let share = if is_last { 1.0 } else { SHARE };
            let budget = left.mul_f64(share);
            if budget.is_zero() || stop.load(Ordering::Relaxed) {
                break;
            }
            let settings = Settings {
                budget,
                processes: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
                confidence_min: self.confidence_min,
                journal: Some(self.folder.join(format!("{name}-{place}.jsonl"))),
                prior: prior.clone(),
                stop: Arc::clone(stop),
                ..Settings::default()
            };
            // What values of the state can do is found out with the first file.
            let task = task((path, place == 0), proposal, &files, &cases, settings)?;
            let mended = match repair::repair(&task, &|_progress| {}) {
                Ok(report) => mended(path, report),
                // The fault is in another file, or there is nothing to look for there.
                Err(
                    RepairError::Elsewhere { .. }
                    | RepairError::Bench(repair::BenchError::Program(_)),
                ) => continue,
                Err(error @ RepairError::Bench(repair::BenchError::Slow { .. })) => {
                    refused(&error.to_string())
                }
                Err(error @ RepairError::Bench(_)) => return Err(broken(&error)),
                Err(error) => refused(&error.to_string()),
            };
            tried += mended.tried;
            seconds += mended.seconds;
            let is_found = !mended.edits.is_empty() || mended.question.is_some();
            let is_better = best
                .as_ref()
                .is_none_or(|best| best.confidence < mended.confidence);
            if is_found || is_better {
                best = Some(mended);
            }
            if is_found {
                break;
            }
        }
        let best =
            best.unwrap_or_else(|| refused("none of the code that the cases run can be changed"));
        Ok(Mended {
            tried,
            seconds,
            ..best
        })
    }
}

fn task(
    (path, is_state_open): (&str, bool),
    proposal: &Proposal,
    files: &BTreeMap<String, String>,
    cases: &[ToolCase],
    settings: Settings,
) -> Result<Task, BenchError> {
    Ok(Task {
        file: PathBuf::from(path),
        source: files[path].clone(),
        module: String::new(),
        root: std::env::temp_dir(),
        paths: Vec::new(),
        tests: Tests::Tools(Tools {
            host: python::package()
                .map(|(path, text)| (path, text.to_owned()))
                .collect(),
            files: files.clone(),
            state: proposal.state.clone(),
            schema: schema(proposal),
            is_state_open,
            packages: Vec::new(),
            cases: touched(path, files, cases),
        }),
        launcher: launcher()?,
        settings,
    })
}

/// What was accepted before: the reason of a repair ends with the kinds of its changes.
fn prior(released: &[String]) -> Prior {
    let kinds = released.iter().filter_map(|reason| {
        let (_, kinds) = reason.strip_suffix(')')?.rsplit_once('(')?;
        Some(kinds.split(", "))
    });
    Prior::of_words(kinds.flatten())
}

/// How Python is started, where it can do no harm.
pub(super) fn launcher() -> Result<Launcher, BenchError> {
    let program = std::env::current_exe().map_err(|error| broken(&error))?;
    Ok(Launcher {
        hold: vec![program.into(), PEN.into(), "{scratch}".into()],
        python: python::interpreter().to_owned(),
        folder: std::env::temp_dir(),
    })
}

pub(super) fn refused(reason: &str) -> Mended {
    Mended {
        reason: reason.to_owned(),
        ..Mended::default()
    }
}

/// What the Runner's tools are made of and read, as text.
fn code(proposal: &Proposal) -> BTreeMap<String, String> {
    let files = proposal.files.files().iter();
    let files = files.filter(|(path, _)| {
        path.starts_with(ASSETS) || path.starts_with("tools/") && !path.starts_with("tools/tuner/")
    });
    files
        .filter_map(|(path, text)| Some((path.clone(), String::from_utf8(text.to_vec()).ok()?)))
        .collect()
}

/// What the state has to satisfy; anything will do where nothing is said.
fn schema(proposal: &Proposal) -> Value {
    let text = proposal.files.files().get(release::SCHEMA);
    text.and_then(|text| serde_json::from_slice(text).ok())
        .unwrap_or(Value::Bool(true))
}

/// The files that may be at fault: those that the plan names, then what they import, and what that imports.
fn suspects(files: &BTreeMap<String, String>, symbols: &[String]) -> Vec<String> {
    let named = symbols.iter().filter_map(|symbol| symbol.split_once("::"));
    let mut suspects: Vec<String> = Vec::new();
    for (path, _) in named {
        if files.contains_key(path) && !suspects.iter().any(|known| known == path) {
            suspects.push(path.to_owned());
        }
    }
    let mut place = 0;
    while place < suspects.len() {
        for path in imported(&files[&suspects[place]], files) {
            if !suspects.contains(&path) {
                suspects.push(path);
            }
        }
        place += 1;
    }
    suspects
}

/// The shared modules that a text speaks of.
fn imported(text: &str, files: &BTreeMap<String, String>) -> Vec<String> {
    let shared = files
        .keys()
        .filter(|path| path.starts_with(LIB) && has_ending(path, "py"));
    let is_named = |path: &&String| {
        let name = path[LIB.len()..].trim_end_matches(".py").replace('/', ".");
        let name = name.trim_end_matches(".__init__");
        text.contains(&format!("lib.{name} import")) || text.contains(&format!("import lib.{name}"))
    };
    shared.filter(is_named).cloned().collect()
}

/// The tools that a change of a file may change: those whose module it is, or whose module needs it.
fn touched(path: &str, files: &BTreeMap<String, String>, cases: &[ToolCase]) -> Vec<ToolCase> {
    let modules = files.keys().filter(|module| module.starts_with(RUNNER));
    let needing: Vec<&String> = modules
        .filter(|module| {
            suspects(files, &[format!("{module}::")])
                .iter()
                .any(|needed| needed == path)
        })
        .map(|module| &files[module])
        .collect();
    let is_touched = |case: &&ToolCase| {
        let definition = format!("def {}(", case.tool);
        needing.iter().any(|text| text.contains(&definition))
    };
    cases.iter().filter(is_touched).cloned().collect()
}

/// The cases whose answer can be compared as it is. What the others say is seen when all tiers are run.
fn cases(proposal: &Proposal, wanted: &[Value]) -> Vec<ToolCase> {
    let mut cases = Vec::new();
    for tier in TIERS {
        let files = proposal.files.files().iter();
        for (_, text) in
            files.filter(|(path, _)| path.starts_with(tier) && has_ending(path, "jsonl"))
        {
            let lines = text.split(|byte| *byte == b'\n');
            let read = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
            cases.extend(read.filter_map(|case| plain(&case, wanted.contains(&case))));
        }
    }
    cases
}

fn plain(case: &Value, is_wanted: bool) -> Option<ToolCase> {
    let is_alone = ["session", "skip"]
        .iter()
        .all(|key| case.get(key).is_none());
    if !is_alone {
        return None;
    }
    let (expect, raises) = match Outcome::of_case(case.get("expect")?)? {
        Outcome::Value(value) => (Some(value), None),
        Outcome::Error(text) => (None, Some(text)),
    };
    Some(ToolCase {
        tool: case["tool"].as_str()?.to_owned(),
        args: case
            .get("args")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
        state: case.get("state").cloned(),
        seed: case.get("seed").and_then(Value::as_u64).unwrap_or(0),
        expect,
        raises,
        is_wanted,
    })
}

fn has_ending(path: &str, ending: &str) -> bool {
    let extension = Path::new(path).extension();
    extension.is_some_and(|extension| extension == ending)
}

fn mended(path: &str, report: Report) -> Mended {
    let edits = report.definitions.iter().map(|definition| {
        json!({
            "op": "replace",
            "target": format!("{path}::{}", definition.name),
            "text": definition.text,
        })
    });
    let state = report.state.as_ref().map(|state| {
        let mut text = serde_json::to_string_pretty(state).unwrap_or_default();
        text.push('\n');
        json!({"op": "create", "path": release::STATE, "text": text})
    });
    let edits = edits.chain(state);
    Mended {
        edits: if report.repaired {
            edits.collect()
        } else {
            Vec::new()
        },
        reason: report.reason,
        question: report
            .question
            .filter(|_| !report.repaired)
            .map(|question| Differing {
                call: question.call,
                one: question.one,
                other: question.other,
            }),
        tried: report.tried,
        seconds: report.seconds,
        confidence: report.confidence,
        diff: report.diff,
    }
}
