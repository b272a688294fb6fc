//! `luthier sandbox run FILE --call NAME`

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use clap::Args;
use sandbox::{
    Candidate, Case, Ending, Isolation, Loaded, Outcome, Report, Sandbox, Tier, Used, Verdict,
    gate::Refusal,
};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::TierName;
use crate::{
    exit::Exit,
    failure::Failure,
    sandboxes,
    session::{Session, WORKSPACE_FILE},
    workspace::parse_json,
};

/// Where a module is that is tried.
const FOLDER: &str = "tools/runner";
const LIB: &str = "tools/lib";

#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// A Python module; in a workspace it may import what is below `tools/lib`
    pub(crate) file: PathBuf,
    /// A tool of it, or any function
    #[arg(long, value_name = "NAME")]
    pub(crate) call: String,
    /// Its arguments: a JSON object, or an array for a function that is no tool
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) args: String,
    /// The sandbox
    #[arg(long, value_name = "TIER", default_value = "native")]
    pub(crate) tier: TierName,
    /// A JSON file that is the state document
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// How long the call may take, in milliseconds [default: `sandbox.call_ms_max`]
    #[arg(long, value_name = "MS")]
    pub(crate) call_ms_max: Option<u64>,
    /// Instructions that the call may take, in the Wasm sandbox; counting them takes time
    #[arg(long, value_name = "COUNT")]
    pub(crate) fuel: Option<u64>,
    /// Also tell which lines ran
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Try what the gate refuses, too: the sandbox holds it all the same
    #[arg(long)]
    pub(crate) no_gate: bool,
}

/// What a person, or a script, reads.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    tier: Tier,
    /// In a word: `value`, `raised`, `refused`, `load_failed`, or how it ended.
    verdict: &'a str,
    value: Option<&'a RawValue>,
    reason: Option<String>,
    traceback: Option<&'a str>,
    stdout: &'a str,
    stderr: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<&'a BTreeMap<String, Vec<u32>>>,
    usage: Usage,
}

#[derive(Debug, Serialize)]
struct Usage {
    wall_us: u64,
    #[serde(flatten)]
    used: Used,
}

pub(super) fn run(session: &Session, args: &RunArgs) -> Result<Exit, Failure> {
    let configured = session.configure(Vec::new())?;
    let config = &configured.config;
    let arguments = parse_json(args.args.as_bytes(), "--args")?;
    let mut candidate = candidate(session, args)?;
    candidate.limits = config.sandbox.limits;
    candidate.limits.fuel_max = args.fuel;
    if let Some(ms_max) = args.call_ms_max {
        candidate.limits.call_ms_max = ms_max;
    }
    let sandbox = sandboxes::sandbox(config, &session.environment)?;
    let report = session.block_on(async {
        if !args.no_gate {
            let refusals = sandbox.examine(&candidate, &config.sandbox.policy).await?;
            if !refusals.is_empty() {
                return Err(refused(&refusals));
            }
        }
        try_call(&sandbox, args, &mut candidate, &arguments).await
    })?;
    tell(session, &report)
}

/// What the gate says, as one failure.
fn refused(refusals: &[Refusal]) -> Failure {
    let lines: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    let message = format!("the gate refuses it:\n  {}", lines.join("\n  "));
    let refusals = serde_json::to_value(refusals).expect("refusals are plain data");
    Failure::new("refused", Exit::Invalid, message)
        .with("refusals", refusals)
        .with_hint("change the module, widen `[gate]` in luthier.toml, or say --no-gate".to_owned())
}

fn candidate(session: &Session, args: &RunArgs) -> Result<Candidate, Failure> {
    let folder = &session.environment.folder;
    let file = folder.join(&args.file);
    let name = file.file_name().and_then(|name| name.to_str());
    let is_python = file.extension().is_some_and(|extension| extension == "py");
    let name = name.filter(|_| is_python).ok_or_else(|| {
        Failure::usage(format!("`{}` is no Python module", args.file.display()))
            .with_hint("name a file that ends in `.py`".to_owned())
    })?;
    let mut files = lib_of(&file)?;
    files.insert(format!("{FOLDER}/{name}"), read(&file)?);
    let state = match &args.state {
        Some(state) => read(&folder.join(state))?,
        None => Bytes::from_static(b"{}"),
    };
    parse_json(&state, "--state")?;
    Ok(Candidate {
        label: name.to_owned(),
        files,
        folder: FOLDER.to_owned(),
        state,
        packages: Vec::new(),
        cases: Vec::new(),
        isolation: Isolation::Fresh,
        limits: sandbox::Limits::default(),
    })
}

/// What modules of the workspace share, if the file is in one.
fn lib_of(file: &Path) -> Result<BTreeMap<String, Bytes>, Failure> {
    let mut found = BTreeMap::new();
    let workspace = file
        .ancestors()
        .find(|up| up.join(WORKSPACE_FILE).is_file());
    if let Some(workspace) = workspace {
        let lib = workspace.join(LIB);
        if lib.is_dir() {
            collect(&lib, LIB, &mut found)?;
        }
    }
    Ok(found)
}

fn collect(folder: &Path, name: &str, found: &mut BTreeMap<String, Bytes>) -> Result<(), Failure> {
    let listed = folder.read_dir();
    for entry in listed.map_err(|error| Failure::io(&format!("list {name}"), error))? {
        let entry = entry.map_err(|error| Failure::io(&format!("list {name}"), error))?;
        let (path, own) = (entry.path(), entry.file_name());
        let name = format!("{name}/{}", own.to_string_lossy());
        if path.is_dir() {
            collect(&path, &name, found)?;
        } else if path.extension().is_some_and(|extension| extension == "py") {
            found.insert(name, read(&path)?);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Bytes, Failure> {
    let read = std::fs::read(path);
    let bytes = read.map_err(|error| Failure::io(&format!("read `{}`", path.display()), error))?;
    Ok(bytes.into())
}

/// Loads it to see what the name stands for, then makes the call.
async fn try_call(
    sandbox: &Sandbox,
    args: &RunArgs,
    candidate: &mut Candidate,
    arguments: &Value,
) -> Result<Report, Failure> {
    let tier = args.tier.into();
    let loaded = sandbox.run(tier, candidate).await?;
    let Loaded::Manifest(manifest) = &loaded.loaded else {
        return Ok(loaded);
    };
    let is_tool = tools(manifest).contains(&args.call);
    let (kind, name, arguments) = match (is_tool, arguments) {
        (true, _) => ("tool", args.call.clone(), arguments.clone()),
        (false, Value::Array(_)) => ("script", script(args), arguments.clone()),
        (false, Value::Object(members)) if members.is_empty() => {
            ("script", script(args), Value::Array(Vec::new()))
        }
        (false, _) => {
            let message = format!("`{}` is no tool, and a function takes an array", args.call);
            let hint = "write its arguments in order, as in --args '[\"text\", 3]'";
            return Err(Failure::usage(message).with_hint(hint.to_owned()));
        }
    };
    candidate.cases = vec![Case {
        kind: kind.to_owned(),
        name,
        arguments: arguments.to_string().into(),
        session: None,
        seed: 0,
        notes_lines: args.coverage,
        answers: Vec::new(),
    }];
    Ok(sandbox.run(tier, candidate).await?)
}

fn script(args: &RunArgs) -> String {
    let name = args.file.file_name().unwrap_or_default();
    format!("{FOLDER}/{}:{}", name.to_string_lossy(), args.call)
}

fn tools(manifest: &[u8]) -> Vec<String> {
    let manifest: Value = serde_json::from_slice(manifest).unwrap_or_default();
    let tools = manifest["tools"].as_array().into_iter().flatten();
    let names = tools.filter_map(|tool| tool["name"].as_str());
    names.map(str::to_owned).collect()
}

/// Exit code 0 is for a value alone.
fn tell(session: &Session, report: &Report) -> Result<Exit, Failure> {
    let answer = answer(report);
    session.output.answer(&answer, text)?;
    let is_value = answer.verdict == "value";
    Ok(if is_value {
        Exit::Success
    } else {
        Exit::Failure
    })
}

fn answer(report: &Report) -> Answer<'_> {
    let mut answer = Answer {
        tier: report.tier,
        verdict: "load_failed",
        value: None,
        reason: None,
        traceback: None,
        stdout: "",
        stderr: "",
        lines: None,
        usage: Usage {
            wall_us: 0,
            used: Used::default(),
        },
    };
    match (&report.loaded, report.outcomes.first()) {
        (Loaded::Failed(problem), _) => {
            answer.reason = Some(problem.message.clone());
            answer.traceback = Some(&problem.traceback[..]);
        }
        (Loaded::Ended(ending), _) => {
            answer.verdict = ending.word();
            answer.reason = Some(format!("while it loaded: {ending}"));
        }
        (Loaded::Manifest(_), Some(outcome)) => fill(&mut answer, outcome),
        (Loaded::Manifest(_), None) => {}
    }
    answer
}

fn fill<'a>(answer: &mut Answer<'a>, outcome: &'a Outcome) {
    answer.stdout = &outcome.stdout;
    answer.stderr = &outcome.stderr;
    answer.lines = outcome.lines.as_ref();
    answer.usage = Usage {
        wall_us: outcome.wall_us,
        used: outcome.used.unwrap_or_default(),
    };
    match &outcome.verdict {
        Verdict::Value { json, .. } => {
            answer.verdict = "value";
            answer.value = serde_json::from_slice(json).ok();
        }
        Verdict::Raised(raised) => {
            answer.verdict = "raised";
            answer.reason = Some(format!("{}: {}", raised.r#type, raised.message));
            answer.traceback = Some(&raised.traceback)
                .filter(|text| !text.is_empty())
                .map(|it| &**it);
        }
        Verdict::Ended(ending) => {
            answer.verdict = ending.word();
            answer.reason = Some(ending.to_string());
            if let Ending::Deadline { traceback, .. } = ending {
                answer.traceback = Some(&**traceback).filter(|text| !text.is_empty());
            }
        }
    }
}

fn text(answer: &Answer<'_>) -> String {
    let mut parts = Vec::new();
    if !answer.stdout.is_empty() {
        parts.push(answer.stdout.trim_end().to_owned());
    }
    if !answer.stderr.is_empty() {
        parts.push(answer.stderr.trim_end().to_owned());
    }
    match (answer.value, &answer.reason) {
        (Some(value), _) => parts.push(value.get().to_owned()),
        (None, Some(reason)) => parts.push(format!("{}: {reason}", answer.verdict)),
        (None, None) => parts.push(answer.verdict.to_owned()),
    }
    if let Some(traceback) = answer.traceback {
        parts.push(traceback.trim_end().to_owned());
    }
    if let Some(lines) = answer.lines {
        for (file, lines) in lines {
            let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            parts.push(format!("ran in {file}: {}", lines.join(" ")));
        }
    }
    let Usage { wall_us, used } = &answer.usage;
    let mut usage = format!(
        "{}: {wall_us} µs, processor {} µs, memory {} MiB",
        answer.tier,
        used.cpu_us,
        used.memory_bytes >> 20,
    );
    if let Some(fuel) = used.fuel {
        usage.push_str(", ");
        usage.push_str(&fuel.to_string());
        usage.push_str(" instructions");
    }
    parts.push(usage);
    parts.join("\n")
}
