//! The scripts that come with the program: each is sound, and each runs in workspaces that are
//! well, mend at the second try, and never mend.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use plan::{Call, HostError, LIBRARY, RunError, Tier};
use serde_json::{Value, json};

use crate::support::{TestHost, green, run};

/// Scripts that try once, since a second answer would be the first one again.
const WITHOUT_ROUNDS: [&str; 2] = ["add_cases", "budgets"];

fn with_rounds() -> impl Iterator<Item = (&'static str, &'static str)> {
    let library = LIBRARY.into_iter();
    library.filter(|(name, _)| !WITHOUT_ROUNDS.contains(name))
}

/// A symbol is gone after the edit of a `rename` or `remove`.
fn host(name: &'static str, failures: usize) -> Arc<TestHost> {
    let (micro, applied) = (AtomicUsize::new(0), AtomicUsize::new(0));
    TestHost::new(move |step| {
        Ok(match &step.call {
            Call::Apply { .. } => {
                applied.fetch_add(1, Ordering::Relaxed);
                Value::Null
            }
            Call::Rollback { .. } => {
                applied.store(0, Ordering::Relaxed);
                Value::Null
            }
            Call::HasSymbol { .. } if matches!(name, "rename" | "remove") => {
                json!(applied.load(Ordering::Relaxed) == 0)
            }
            Call::RunTests { tier: Tier::Micro } if applied.load(Ordering::Relaxed) > 0 => {
                let failed = micro.fetch_add(1, Ordering::Relaxed) < failures;
                json!({"passed": !failed, "failures": ["slugify"]})
            }
            call => green(call),
        })
    })
}

fn edits(host: &TestHost) -> usize {
    let names = host.names();
    names.iter().filter(|name| **name == "apply").count()
}

#[test]
fn each_commits_in_a_workspace_that_is_well() {
    for (name, text) in with_rounds() {
        let host = host(name, 0);

        let outcome = run(text, &host).unwrap_or_else(|error| panic!("{name}: {error}"));

        assert_eq!(
            outcome.value,
            json!({"commit": "c1", "rounds": 1}),
            "{name}"
        );
        assert_eq!(host.names().last(), Some(&"git.commit"), "{name}");
        assert_eq!(edits(&host), 1, "{name}");
    }
}

#[test]
fn cases_and_budgets_are_committed_when_all_tiers_pass_and_not_otherwise() {
    for name in WITHOUT_ROUNDS {
        let text = plan::library(name).unwrap();
        let well = TestHost::green();
        let ill = TestHost::new(|step| {
            Ok(match &step.call {
                Call::RunTests { tier: Tier::Full } => {
                    json!({"passed": false, "failures": ["slow"]})
                }
                call => green(call),
            })
        });

        let committed = run(text, &well).unwrap();
        let rejected = run(text, &ill).unwrap_err();

        assert_eq!(
            committed.value,
            json!({"commit": "c1", "rounds": 1}),
            "{name}"
        );
        assert!(
            rejected
                .to_string()
                .ends_with(r#"full failed with ["slow"]"#),
            "{rejected}"
        );
        assert!(!ill.names().contains(&"git.commit"), "{name}");
    }
}

#[test]
fn each_rolls_back_and_tries_the_strong_model_after_a_failure() {
    for (name, text) in with_rounds().filter(|(name, _)| *name != "tune") {
        let host = host(name, 1);

        let outcome = run(text, &host).unwrap_or_else(|error| panic!("{name}: {error}"));

        assert_eq!(
            outcome.value,
            json!({"commit": "c1", "rounds": 2}),
            "{name}"
        );
        let coders: Vec<Value> = host
            .steps()
            .iter()
            .map(|step| serde_json::to_value(&step.call).unwrap())
            .filter(|call| call["kind"] == "coder")
            .map(|call| {
                json!([
                    call["options"]["strength"],
                    call["options"]["context"]["failed"]
                ])
            })
            .collect();
        let failed = json!({"stage": "micro", "failures": ["slugify"]});
        assert_eq!(
            coders,
            [json!(["cheap", null]), json!(["strong", failed])],
            "{name}"
        );
        let names = host.names();
        assert_eq!(
            names.iter().filter(|name| **name == "rollback").count(),
            1,
            "{name}"
        );
    }
}

#[test]
fn each_ends_with_an_honest_reason_when_nothing_helps() {
    let mut reasons = Vec::new();
    for (name, text) in with_rounds() {
        let host = host(name, usize::MAX);

        let rejected = run(text, &host).unwrap_err();

        assert!(
            matches!(rejected, RunError::Rejected { .. }),
            "{name}: {rejected}"
        );
        let last = host.names().into_iter().rfind(|name| *name != "log");
        assert_eq!(last, Some("rollback"), "{name}");
        reasons.push(format!("{name}: {} edits, {rejected}", edits(&host)));
    }
    insta::assert_snapshot!(reasons.join("\n"), @r#"
    repair: 3 edits, not repaired: after 3 rounds micro still failed, the last time with ["slugify"]
    add_tool: 3 edits, not added: after 3 rounds micro still failed, the last time with ["slugify"]
    change_behaviour: 3 edits, not changed: after 3 rounds micro still failed, the last time with ["slugify"]
    tune: 1 edits, not tuned: micro failed with ["slugify"]
    rename: 3 edits, not renamed: after 3 rounds micro still failed, the last time with ["slugify"]
    remove: 3 edits, not removed: after 3 rounds micro still failed, the last time with ["slugify"]
    refactor: 3 edits, not refactored: after 3 rounds micro still failed, the last time with ["slugify"]
    "#);
}

#[test]
fn a_repair_proves_its_cases_and_commits_them_before_any_edit() {
    let host = TestHost::green();

    run(plan::library("repair").unwrap(), &host).unwrap();

    insta::assert_snapshot!(host.names().join("\n"), @r#"
    grits.has_symbol
    snapshot
    spawn_atom
    tests.run_new
    git.commit
    snapshot
    spawn_atom
    apply
    check_red_flags
    tests.run
    tests.run
    tests.run
    spawn_atom
    git.commit
    "#);
}

#[test]
fn cases_that_pass_on_the_base_are_no_proof() {
    for name in ["repair", "add_tool", "change_behaviour", "rename"] {
        let host = TestHost::new(|step| match &step.call {
            Call::RunNewTests { .. } => Ok(json!({"proved": false, "reason": "they pass today"})),
            call => Ok(green(call)),
        });

        let rejected = run(plan::library(name).unwrap(), &host).unwrap_err();

        assert!(
            rejected.to_string().ends_with(": they pass today"),
            "{name}: {rejected}"
        );
        assert_eq!(edits(&host), 0, "{name}");
        assert!(!host.names().contains(&"git.commit"), "{name}");
    }
}

#[test]
fn an_edit_that_does_not_fit_costs_a_round() {
    for (name, text) in with_rounds().filter(|(name, _)| *name != "tune") {
        let (applied, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let host = TestHost::new(move |step| match &step.call {
            Call::Apply { .. } if calls.fetch_add(1, Ordering::Relaxed) == 0 => {
                Err(HostError::Failed("no symbol `slug`".to_owned()))
            }
            Call::Apply { .. } => {
                applied.store(1, Ordering::Relaxed);
                Ok(Value::Null)
            }
            Call::HasSymbol { .. } if matches!(name, "rename" | "remove") => {
                Ok(json!(applied.load(Ordering::Relaxed) == 0))
            }
            call => Ok(green(call)),
        });

        let outcome = run(text, &host).unwrap_or_else(|error| panic!("{name}: {error}"));

        assert_eq!(outcome.value["rounds"], 2, "{name}");
        assert_eq!(
            outcome.log.last().unwrap(),
            "round 1: the edit failed",
            "{name}"
        );
    }
}

#[test]
fn a_tester_that_has_no_answer_is_asked_once_more_and_then_no_edit_is_tried() {
    let host = TestHost::new(|step| match &step.call {
        Call::SpawnAtom { .. } => Err(HostError::Failed("no answer was valid".to_owned())),
        call => Ok(green(call)),
    });

    let rejected = run(plan::library("repair").unwrap(), &host).unwrap_err();

    assert_eq!(
        rejected.to_string(),
        "no case was found that fails today: no answer was valid"
    );
    assert_eq!(
        host.names()
            .iter()
            .filter(|name| **name == "spawn_atom")
            .count(),
        2
    );
}

#[test]
fn a_refactoring_of_what_no_test_covers_is_refused() {
    let host = TestHost::new(|step| match &step.call {
        Call::TestsCovering { .. } => Ok(json!([])),
        call => Ok(green(call)),
    });

    let rejected = run(plan::library("refactor").unwrap(), &host).unwrap_err();

    insta::assert_snapshot!(rejected, @"no test covers tools/runner/text.py::slugify, so nothing would show that it still does the same");
    assert_eq!(edits(&host), 0);
}

#[test]
fn a_tuning_changes_nothing_but_the_state() {
    let host = TestHost::green();

    run(plan::library("tune").unwrap(), &host).unwrap();

    let applied: Vec<Call> = host
        .steps()
        .into_iter()
        .map(|step| step.call)
        .filter(|call| call.is_atom() || call.name() == "apply")
        .collect();
    let answer = json!({"edits": [], "state": {"limit": 3}});
    assert_eq!(applied, [Call::Apply { answer }]);
}
