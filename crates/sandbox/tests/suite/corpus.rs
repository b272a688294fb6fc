//! The corpus: every attack in each sandbox, and every harmless program.

mod header;
mod host;

use std::{fs, path::PathBuf, sync::Arc};

use bytes::Bytes;
use sandbox::{
    Candidate, Case, Isolation, Limits, Loaded, Outcome, Recorded, Report, Sandbox, Tier, Verdict,
};
use serde_json::Value;
use tokio::task::JoinSet;

use self::{
    header::{Attack, Benign},
    host::Host,
};
use crate::support::{candidate, case, named, sandbox, settings};

/// Runs that wait for a place.
const AT_ONCE: usize = 4;

/// How long a call may go on after its deadline, on a machine that does other things as well.
const LATE_US_MAX: u64 = 1_000_000;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(name)
}

/// The programs of a folder, by name, with their texts.
fn programs(name: &str) -> Vec<(String, String)> {
    let listed = fs::read_dir(folder(name)).unwrap();
    let paths = listed.map(|entry| entry.unwrap().path());
    let modules = paths.filter(|path| path.extension().is_some_and(|it| it == "py"));
    let mut programs: Vec<_> = modules
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    programs.sort();
    programs
}

/// Short, because many of them are used up; loading is part of it.
fn limits() -> Limits {
    Limits {
        load_ms_max: 1_500,
        call_ms_max: 600,
        ..Limits::default()
    }
}

/// In a word: how the first call ended that came to no value, else the last one.
fn word(report: &Report) -> &'static str {
    let is_value = |it: &&Outcome| matches!(it.verdict, Verdict::Value { .. });
    let outcomes = &report.outcomes;
    let telling = outcomes.iter().find(|it| !is_value(it)).or(outcomes.last());
    match (&report.loaded, telling) {
        (Loaded::Failed(_), _) => "load-failed",
        (Loaded::Ended(ending), _) => ending.word(),
        (Loaded::Manifest(_), Some(telling)) => match &telling.verdict {
            Verdict::Value { .. } => "value",
            Verdict::Raised(_) => "raised",
            Verdict::Ended(ending) => ending.word(),
        },
        (Loaded::Manifest(_), None) => "nothing",
    }
}

/// What is wrong with how an attack ended; nothing if it came to nothing.
fn judge(attack: &Attack, tier: Tier, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    let (word, expected) = (word(report), attack.expected(tier));
    // That one cannot even begin is as good.
    let is_kept_out = attack.needs_ctypes && word == "load-failed";
    if !is_kept_out && !expected.iter().any(|it| it == word) {
        wrong.push(format!(
            "it ended in `{word}`, not in one of {expected:?}: {report:?}"
        ));
    }
    let limits = limits();
    for outcome in &report.outcomes {
        let late_us = outcome.wall_us.saturating_sub(limits.call_ms_max * 1_000);
        if late_us > LATE_US_MAX {
            wrong.push(format!(
                "a call went on for {late_us} µs after its deadline"
            ));
        }
        if let Verdict::Value { json, .. } = &outcome.verdict {
            let value: Value = serde_json::from_slice(json).unwrap();
            if value
                .as_str()
                .is_some_and(|text| text.starts_with("escaped:"))
            {
                wrong.push(format!("it escaped: {value}"));
            }
        }
    }
    if let (Some(denied), Some(last)) = (&attack.denied, report.outcomes.last())
        && let Verdict::Value { json, .. } = &last.verdict
    {
        let value: Value = serde_json::from_slice(json).unwrap();
        if value != *denied {
            wrong.push(format!("it returned {value}, not {denied}"));
        }
    }
    wrong
}

async fn attacks_come_to_nothing(tier: Tier, sandbox: &Sandbox) {
    let host = Arc::new(Host::new());
    let before = host.look();
    let mut running: JoinSet<Vec<String>> = JoinSet::new();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, source) in programs("attacks") {
        count += 1;
        if running.len() == AT_ONCE {
            wrong.extend(running.join_next().await.unwrap().unwrap());
        }
        let (sandbox, host) = (sandbox.clone(), Arc::clone(&host));
        running.spawn(async move {
            let attack = Attack::of(&name, &source);
            let arguments = host.arguments(&attack.takes);
            let mut tried = named(&name, &source, &[]);
            tried.cases = vec![case("attack", &arguments); attack.calls];
            tried.limits = limits();
            if attack.is_fresh {
                tried.isolation = Isolation::Fresh;
            }
            let report = sandbox.run(tier, &tried).await.unwrap();
            let wrong = judge(&attack, tier, &report).into_iter();
            wrong.map(|wrong| format!("{name}: {wrong}")).collect()
        });
    }
    while let Some(ended) = running.join_next().await {
        wrong.extend(ended.unwrap());
    }
    wrong.extend(host.compare(&before));
    assert!(count >= 80, "there are {count} attacks");
    assert!(
        wrong.is_empty(),
        "{} things about {count} attacks:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // Nothing that was tried has broken what tries.
    let report = sandbox.run(tier, &still_there()).await.unwrap();
    assert_eq!(word(&report), "value", "{report:?}");
}

fn still_there() -> Candidate {
    let source = "from luthier import tool\n\n@tool\ndef there() -> int:\n    \"\"\"Is.\"\"\"\n    return 1\n";
    candidate(source, &[("there", serde_json::json!({}))])
}

async fn harmless_programs_pass(tier: Tier) {
    let sandbox = sandbox();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, source) in programs("benign") {
        let program = Benign::of(&name, &source);
        if program.is_native_only && tier == Tier::Wasm {
            continue;
        }
        count += 1;
        let found = run_benign(&sandbox, tier, &name, &program, &source).await;
        wrong.extend(found.into_iter().map(|it| format!("{name}: {it}")));
    }
    assert!(count >= 100, "there are {count} programs");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Calls a program as often as it says, in one instance; one that remembers, each time with what the
/// call before left.
async fn run_benign(
    sandbox: &Sandbox,
    tier: Tier,
    name: &str,
    program: &Benign,
    source: &str,
) -> Vec<String> {
    let mut session = program.session.clone();
    let at_once = if session.is_some() {
        1
    } else {
        program.calls.len()
    };
    let mut wrong = Vec::new();
    let mut printed = String::new();
    for calls in program.calls.chunks(at_once) {
        let mut tried = named(name, source, &[]);
        tried.state = program.state.to_string().into();
        tried.limits.call_ms_max = 10_000;
        let cases = calls.iter().map(|call| Case {
            session: session.as_ref().map(|it| it.to_string().into()),
            seed: program.seed,
            answers: program.nested.iter().map(recorded).collect(),
            arguments: call.arguments.clone().into(),
            ..case("run", &Value::Null)
        });
        tried.cases = cases.collect();
        let report = sandbox.run(tier, &tried).await.unwrap();
        if !matches!(report.loaded, Loaded::Manifest(_)) {
            return vec![format!("it did not load: {:?}", report.loaded)];
        }
        for (call, outcome) in calls.iter().zip(report.outcomes) {
            printed.push_str(&outcome.stdout);
            let met = match &outcome.verdict {
                Verdict::Value {
                    json,
                    session: left,
                } => {
                    if let Some(left) = left {
                        session = serde_json::from_slice(left).unwrap();
                    }
                    Ok(serde_json::from_slice::<Value>(json).unwrap())
                }
                Verdict::Raised(raised) => Err(raised.r#type.clone()),
                Verdict::Ended(ending) => Err(ending.to_string()),
            };
            if met != call.ending {
                wrong.push(format!(
                    "wanted {:?}, met {:?}",
                    call.ending, outcome.verdict
                ));
            }
        }
    }
    if program
        .prints
        .as_ref()
        .is_some_and(|prints| *prints != printed)
    {
        wrong.push(format!("it printed {printed:?}"));
    }
    wrong
}

fn recorded(known: &Value) -> Recorded {
    Recorded {
        tool: known["tool"].as_str().unwrap().to_owned(),
        arguments: known["arguments"].clone(),
        answer: Ok(Bytes::from(known["answer"].to_string())),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_attack_gets_out_of_the_wasm_sandbox() {
    attacks_come_to_nothing(Tier::Wasm, &sandbox()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn harmless_programs_do_in_the_wasm_sandbox_what_they_do_anywhere() {
    harmless_programs_pass(Tier::Wasm).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_attack_gets_out_of_the_native_jail() {
    attacks_come_to_nothing(Tier::Native, &sandbox()).await;
}

/// As a candidate could that brings a library in C along: any call of the system, at any address.
#[tokio::test(flavor = "multi_thread")]
async fn no_attack_gets_out_of_the_native_jail_that_can_call_the_system_directly() {
    let mut settings = settings();
    settings.zygote.extend(["--ctypes".into(), "allow".into()]);
    attacks_come_to_nothing(Tier::Native, &Sandbox::new(settings)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn harmless_programs_do_in_the_native_jail_what_they_do_anywhere() {
    harmless_programs_pass(Tier::Native).await;
}
