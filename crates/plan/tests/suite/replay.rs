//! A run that was cut off goes on where it was, and asks for nothing again that was answered.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use plan::{Call, HostError, LIBRARY, Progress, Recorded, Recorder as _, RunError};
use serde_json::json;

use crate::support::{Memory, TestHost, green, resume};

/// Stops at the call with this number, from 0.
fn stopping_at(number: usize) -> Arc<TestHost> {
    let calls = AtomicUsize::new(0);
    TestHost::new(move |step| {
        if calls.fetch_add(1, Ordering::Relaxed) == number {
            return Err(HostError::Stop("killed".to_owned()));
        }
        Ok(green(&step.call))
    })
}

#[test]
fn a_run_stopped_at_any_step_ends_as_if_it_had_not_been() {
    let (_, text) = LIBRARY[0];
    let whole = TestHost::green();
    let outcome = resume(text, &whole, &Arc::default()).unwrap();

    for number in 0..whole.steps().len() {
        let memory = Arc::<Memory>::default();
        let (first, second) = (stopping_at(number), TestHost::green());

        let stopped = resume(text, &first, &memory).unwrap_err();
        let resumed = resume(text, &second, &memory).unwrap();

        assert!(
            matches!(stopped, RunError::Stopped { .. }),
            "{number}: {stopped}"
        );
        assert_eq!(resumed, outcome, "{number}");
        let mut answered = first.steps();
        assert_eq!(answered.pop(), Some(second.steps()[0].clone()), "{number}");
        answered.extend(second.steps());
        assert_eq!(answered, whole.steps(), "{number}");
    }
}

#[test]
fn a_step_is_begun_before_it_is_called_and_done_after() {
    let memory = Arc::<Memory>::default();
    let seen = memory.clone();
    let host = TestHost::new(move |step| {
        let begun = Recorded {
            call: step.call.clone(),
            progress: Progress::Begun,
        };
        assert_eq!(seen.find(&step.path), Some(begun));
        match &step.call {
            Call::Apply { .. } => Err(HostError::Failed("it does not fit".to_owned())),
            call => Ok(green(call)),
        }
    });

    resume("snapshot(); try { apply(#{}) } catch {}", &host, &memory).unwrap();

    let kept = memory.kept();
    assert_eq!(kept["1"].progress, Progress::Done { value: json!("s1") });
    let text = "it does not fit".to_owned();
    assert_eq!(kept["2"].progress, Progress::Failed { text });
}

#[test]
fn a_recorded_failure_fails_again_without_a_call() {
    let memory = Arc::<Memory>::default();
    let host = TestHost::new(|_| Err(HostError::Failed("it does not fit".to_owned())));
    let script = "try { apply(#{}) } catch (e) { return e.text }";

    let first = resume(script, &host, &memory).unwrap();
    let second = resume(script, &host, &memory).unwrap();

    assert_eq!(first, second);
    assert_eq!(host.names(), ["apply"]);
}

#[test]
fn a_record_of_another_call_is_a_divergence() {
    let memory = Arc::<Memory>::default();
    let host = TestHost::green();
    resume(r#"snapshot(); tests.run("micro")"#, &host, &memory).unwrap();

    let script = r#"snapshot(); try { tests.run("fast") } catch { git.commit("m") }"#;
    let diverged = resume(script, &host, &memory).unwrap_err();

    assert!(matches!(diverged, RunError::Diverged { .. }));
    insta::assert_snapshot!(diverged, @"step 2 is recorded as RunTests { tier: Micro }, and the script now asks for RunTests { tier: Fast }; start anew");
    assert_eq!(host.names(), ["snapshot", "tests.run"]);
}

#[test]
fn a_step_that_cannot_be_recorded_is_not_called() {
    let host = TestHost::green();
    let memory = Memory::with_room(2);

    let ended = resume("snapshot(); try { snapshot() } catch {}", &host, &memory).unwrap_err();

    insta::assert_snapshot!(ended, @"step 2 could not be recorded");
    assert_eq!(host.names(), ["snapshot"]);
}

#[test]
fn branches_are_taken_up_again_each_by_itself() {
    let script = r#"parallel([|| grits.symbol("a"), || grits.symbol("b"), || grits.symbol("c")])"#;
    let memory = Arc::<Memory>::default();
    let first = TestHost::new(|step| match &step.call {
        Call::Symbol { name } if name == "b" => Err(HostError::Stop("killed".to_owned())),
        _ => Ok(json!(step.path)),
    });
    let second = TestHost::new(|step| Ok(json!(step.path)));

    resume(script, &first, &memory).unwrap_err();
    let answered = memory.kept().into_values();
    let answered = answered
        .filter(|kept| kept.progress != Progress::Begun)
        .count();
    let outcome = resume(script, &second, &memory).unwrap();

    assert_eq!(outcome.value, json!(["1.1.1", "1.2.1", "1.3.1"]));
    assert_eq!(second.steps().len(), 3 - answered);
}

#[test]
fn a_record_survives_its_way_through_json() {
    let memory = Arc::<Memory>::default();
    let (_, text) = LIBRARY[0];
    resume(text, &TestHost::green(), &memory).unwrap();

    for recorded in memory.kept().into_values() {
        let text = serde_json::to_string(&recorded).unwrap();
        assert_eq!(serde_json::from_str::<Recorded>(&text).unwrap(), recorded);
    }
}
