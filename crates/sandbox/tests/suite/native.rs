//! The native jail against the real kernel.

use std::fs;

use sandbox::{Ending, Isolation, Loaded, Outcome, Recorded, Report, Sandbox, Tier, Verdict};
use serde_json::{Value, json};

use crate::support::{candidate, case, sandbox, settings};

const TOOLS: &str = r#"
import asyncio
import sys

from luthier import Context, ToolError, tool

COUNT = 0


@tool
def greet(name: str) -> str:
    """Greets."""
    print("hello", file=sys.stderr)
    print("hi", end="")
    return f"Hello, {name}!"


@tool
def count() -> int:
    """Counts its calls."""
    global COUNT
    COUNT += 1
    return COUNT


@tool
def divide(by: int) -> float:
    """Divides one."""
    if by < 0:
        raise ToolError("no less than nothing")
    return 1 / by


@tool
async def wait() -> str:
    """Waits a moment."""
    await asyncio.sleep(0.001)
    return "waited"


@tool
def ask(tool: str, ctx: Context) -> str:
    """Asks another tool."""
    return ctx.call(tool, {"name": "Ann"})


@tool
def spin() -> int:
    """Never ends."""
    while True:
        pass


@tool
def note(ctx: Context) -> None:
    """Writes to the log."""
    ctx.log.info("noted", size=3)
"#;

/// What each call came to.
async fn outcomes(sandbox: &Sandbox, calls: &[(&str, Value)]) -> Vec<Outcome> {
    let mut tried = candidate(TOOLS, calls);
    tried.limits.call_ms_max = 300;
    run(sandbox, &tried).await.outcomes
}

async fn run(sandbox: &Sandbox, tried: &sandbox::Candidate) -> Report {
    sandbox.run(Tier::Native, tried).await.unwrap()
}

fn value(outcome: &Outcome) -> Value {
    match &outcome.verdict {
        Verdict::Value { json, .. } => serde_json::from_slice(json).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_call_comes_to_a_value_and_what_it_printed_is_told() {
    let sandbox = sandbox();

    let calls = [
        ("greet", json!({"name": "Ann"})),
        ("wait", json!({})),
        ("note", json!({})),
    ];
    let outcomes = outcomes(&sandbox, &calls).await;

    assert_eq!(value(&outcomes[0]), "Hello, Ann!");
    assert_eq!(
        (&*outcomes[0].stdout, &*outcomes[0].stderr),
        ("hi\n", "hello\n")
    );
    assert_eq!(value(&outcomes[1]), "waited");
    assert_eq!(outcomes[2].log[0].message, "noted");
    let used = outcomes[2].used.unwrap();
    assert!(used.cpu_us > 0 && used.memory_bytes > 1 << 20, "{used:?}");
    assert_eq!(outcomes[0].used, None, "the instance went on");
}

#[tokio::test]
async fn what_is_raised_is_told_with_its_place() {
    let sandbox = sandbox();

    let calls = [0, -1].map(|by| ("divide", json!({"by": by})));
    let outcomes = outcomes(&sandbox, &calls).await;

    let Verdict::Raised(fault) = &outcomes[0].verdict else {
        panic!("{:?}", outcomes[0]);
    };
    assert_eq!(
        (&*fault.r#type, fault.is_told),
        ("ZeroDivisionError", false)
    );
    assert!(
        fault.traceback.contains("tools/runner/tried.py"),
        "{}",
        fault.traceback
    );
    let Verdict::Raised(told) = &outcomes[1].verdict else {
        panic!("{:?}", outcomes[1]);
    };
    assert_eq!(
        (&*told.message, told.is_told),
        ("no less than nothing", true)
    );
}

#[tokio::test]
async fn calls_share_an_instance_unless_each_is_to_have_a_fresh_one() {
    let sandbox = sandbox();
    let mut tried = candidate(TOOLS, &[("count", json!({})), ("count", json!({}))]);

    let shared = run(&sandbox, &tried).await;
    tried.isolation = Isolation::Fresh;
    let fresh = run(&sandbox, &tried).await;

    let values = |report: &Report| report.outcomes.iter().map(value).collect::<Vec<_>>();
    assert_eq!(values(&shared), [json!(1), json!(2)]);
    assert_eq!(values(&fresh), [json!(1), json!(1)]);
    assert!(fresh.outcomes.iter().all(|outcome| outcome.used.is_some()));
}

#[tokio::test]
async fn a_call_that_is_late_is_ended_and_the_next_one_has_a_new_instance() {
    let sandbox = sandbox();

    let calls = [
        ("count", json!({})),
        ("spin", json!({})),
        ("count", json!({})),
    ];
    let outcomes = outcomes(&sandbox, &calls).await;

    let Verdict::Ended(Ending::Deadline { ms_max, traceback }) = &outcomes[1].verdict else {
        panic!("{:?}", outcomes[1]);
    };
    assert_eq!(*ms_max, 300);
    assert!(traceback.contains("in spin"), "{traceback}");
    assert_eq!(value(&outcomes[2]), 1);
}

#[tokio::test]
async fn a_tool_asks_its_own_kind_and_what_was_recorded_and_nobody_else() {
    let sandbox = sandbox();
    let mut tried = candidate(TOOLS, &[]);
    tried.cases = ["greet", "weather", "stranger"]
        .map(|tool| case("ask", &json!({"tool": tool})))
        .to_vec();
    tried.cases[1].answers = vec![Recorded {
        tool: "weather".to_owned(),
        arguments: json!({"name": "Ann"}),
        answer: Ok("\"rain\"".into()),
    }];

    let report = run(&sandbox, &tried).await;

    assert_eq!(value(&report.outcomes[0]), "Hello, Ann!");
    assert_eq!(value(&report.outcomes[1]), "rain");
    let Verdict::Raised(refused) = &report.outcomes[2].verdict else {
        panic!("{:?}", report.outcomes[2]);
    };
    assert_eq!(
        refused.message,
        "`stranger` was not called: nothing was recorded of it for this case"
    );
}

#[tokio::test]
async fn the_lines_that_ran_are_told_where_that_is_asked_for() {
    let sandbox = sandbox();
    let mut tried = candidate(TOOLS, &[("divide", json!({"by": 1}))]);
    tried.cases[0].notes_lines = true;

    let report = run(&sandbox, &tried).await;

    let lines = report.outcomes[0].lines.as_ref().unwrap();
    let line = |text: &str| 1 + TOOLS.lines().position(|line| line.contains(text)).unwrap();
    let ran = &lines["tools/runner/tried.py"];
    assert!(ran.contains(&u32::try_from(line("return 1 / by")).unwrap()));
    assert!(!ran.contains(&u32::try_from(line("no less than nothing")).unwrap()));
}

#[tokio::test]
async fn a_module_that_does_not_load_says_where() {
    let sandbox = sandbox();

    let report = run(&sandbox, &candidate("x = 1\ny = z\n", &[("x", json!({}))])).await;

    let Loaded::Failed(problem) = &report.loaded else {
        panic!("{:?}", report.loaded);
    };
    assert_eq!(
        (&*problem.file, problem.line),
        ("tools/runner/tried.py", Some(2))
    );
    assert!(report.outcomes.is_empty());
}

#[tokio::test]
async fn a_zygote_that_dies_takes_nobody_else_along() {
    let sandbox = sandbox();
    outcomes(&sandbox, &[("count", json!({}))]).await;

    let zygote = zygote();
    let killed = std::process::Command::new("kill")
        .args(["-9", &zygote])
        .status();
    assert!(killed.unwrap().success());
    // The one that is asked next may find it gone; the one after that has another.
    drop(
        sandbox
            .run(Tier::Native, &candidate(TOOLS, &[("count", json!({}))]))
            .await,
    );
    let outcomes = outcomes(&sandbox, &[("count", json!({}))]).await;

    assert_eq!(value(&outcomes[0]), 1);
}

/// The process of that name that this one has started last.
fn zygote() -> String {
    let own = std::process::id().to_string();
    let listed = fs::read_dir("/proc").unwrap();
    let pids = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_it = |pid: &String| {
        let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}"));
        let stat = read("stat").unwrap_or_default();
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let is_zygote = read("cmdline").is_ok_and(|line| line.split('\0').nth(1) == Some("zygote"));
        is_zygote && fields.nth(1) == Some(&own)
    };
    pids.filter(is_it)
        .max_by_key(|pid| pid.parse::<u32>().unwrap())
        .unwrap()
}

#[tokio::test]
async fn without_landlock_candidates_are_refused_with_what_would_help() {
    let mut settings = settings();
    settings.zygote = vec!["zygote-without-landlock".into()];
    let sandbox = Sandbox::new(settings);

    let refused = sandbox
        .run(Tier::Native, &candidate(TOOLS, &[("count", json!({}))]))
        .await;

    let unfit = refused.unwrap_err();
    insta::assert_snapshot!(unfit, @"the native sandbox cannot be used: this kernel has no Landlock");
    insta::assert_snapshot!(unfit.hint, @"use Linux 5.13 or newer, built with CONFIG_SECURITY_LANDLOCK");
}

#[tokio::test]
async fn what_the_compiler_does_not_take_is_refused_before_anything_is_loaded() {
    let sandbox = sandbox();
    let examine = async |source: &str| {
        let tried = candidate(source, &[]);
        let refusals = sandbox
            .examine(&tried, &sandbox::gate::Policy::default())
            .await;
        let refusals: Vec<String> = refusals.unwrap().iter().map(ToString::to_string).collect();
        refusals.join("\n")
    };

    assert_eq!(examine("def f(a):\n    return a\n").await, "");
    // Only the compiler knows what may stand where.
    insta::assert_snapshot!(examine("return 1\n").await, @"tools/runner/tried.py:1:1: syntax: 'return' outside function");
    insta::assert_snapshot!(examine("def f(a, a):\n    pass\n").await, @"tools/runner/tried.py:1:10: syntax: duplicate argument 'a' in function definition");
    insta::assert_snapshot!(examine("import os\nx = = 1\n").await, @"tools/runner/tried.py:2:5: syntax: invalid syntax");
}
