//! Branches of a `parallel`: at the same time, each with paths of its own.

use std::sync::{Barrier, Mutex};

use plan::{Call, HostError, Limits, RunError};
use serde_json::{Value, json};

use crate::support::{TestHost, green, run, run_within};

fn paths(host: &TestHost) -> Vec<String> {
    host.steps().into_iter().map(|step| step.path).collect()
}

#[test]
fn branches_really_run_at_the_same_time() {
    // Each of three calls waits for the other two.
    let barrier = Barrier::new(3);
    let host = TestHost::new(move |step| {
        barrier.wait();
        Ok(json!(step.path))
    });

    let script = r#"parallel([|| grits.symbol("a"), || grits.symbol("b"), || grits.symbol("c")])"#;

    assert_eq!(
        run(script, &host).unwrap().value,
        json!(["1.1.1", "1.2.1", "1.3.1"])
    );
}

#[test]
fn paths_and_results_and_logs_are_in_the_order_of_the_branches() {
    let host = TestHost::new(|step| Ok(json!(step.path)));

    let outcome = run(
        r#"
        let before = grits.symbol("x");
        let inner = || parallel([|| { log("i"); grits.symbol("b") }, || { log("j"); grits.symbol("c") }]);
        let all = parallel([|| { log("a"); grits.symbol("a"); grits.symbol("d") }, inner]);
        all.push(snapshot());
        all
        "#,
        &host,
    )
    .unwrap();

    assert_eq!(
        outcome.value,
        json!(["2.1.3", ["2.2.1.1.2", "2.2.1.2.2"], "3"])
    );
    assert_eq!(outcome.log, ["a", "i", "j"]);
    assert_eq!(
        paths(&host),
        [
            "1",
            "2.1.1",
            "2.1.2",
            "2.1.3",
            "2.2.1.1.1",
            "2.2.1.1.2",
            "2.2.1.2.1",
            "2.2.1.2.2",
            "3"
        ]
    );
    assert_eq!(outcome.steps, 9);
}

#[test]
fn more_closures_than_threads_all_run() {
    let host = TestHost::new(|step| Ok(json!(step.path)));

    let script = r"
        let list = [];
        for n in 0..20 { let own = n; list.push(|| { grits.symbol(`${own}`); own }); }
        parallel(list)
    ";

    let numbers: Vec<Value> = (0..20).map(Value::from).collect();
    assert_eq!(run(script, &host).unwrap().value, json!(numbers));
    assert_eq!(host.names().len(), 20);
}

#[test]
fn the_error_of_the_first_closure_wins_after_all_have_ended() {
    let host = TestHost::new(|step| match &step.call {
        Call::Symbol { name } => Err(HostError::Failed(name.clone())),
        call => Ok(green(call)),
    });

    let outcome = run(
        r#"
        try {
            parallel([|| 1, || grits.symbol("second"), || throw "third", || { snapshot(); snapshot() }])
        } catch (e) {
            return `${e}`;
        }
        "#,
        &host,
    );

    assert_eq!(outcome.unwrap().value, json!("second"));
    assert_eq!(host.names(), ["grits.symbol", "snapshot", "snapshot"]);
}

#[test]
fn a_closure_sees_what_it_captured_as_it_was_and_changes_nothing_outside() {
    let host = TestHost::green();

    let outcome = run(
        r"
        let n = 1;
        let seen = parallel([|| { n += 1; n }, || { n += 10; n }]);
        seen.push(n);
        seen
        ",
        &host,
    );

    assert_eq!(outcome.unwrap().value, json!([2, 11, 1]));
}

#[test]
fn the_width_and_the_depth_have_bounds() {
    let host = TestHost::green();
    let limits = || Limits {
        branches_max: 2,
        parallel_depth_max: 1,
        ..Limits::default()
    };

    let wide = run_within(
        "try { parallel([|| 1, || 2, || 3]) } catch {}",
        &host,
        limits(),
    );
    let deep = run_within(
        "try { parallel([|| parallel([|| 1])]) } catch {}",
        &host,
        limits(),
    );

    let limit = |limit, max| RunError::Limit { limit, max };
    assert_eq!(wide.unwrap_err(), limit("branches_max", 2));
    assert_eq!(deep.unwrap_err(), limit("parallel_depth_max", 1));
}

#[test]
fn no_more_branches_run_at_once_than_are_allowed() {
    let seen = Mutex::new((0_u32, 0_u32));
    let seen: &'static Mutex<(u32, u32)> = Box::leak(Box::new(seen));
    let host = TestHost::new(move |_| {
        let mut at_once = seen.lock().unwrap();
        at_once.0 += 1;
        at_once.1 = at_once.1.max(at_once.0);
        drop(at_once);
        std::thread::yield_now();
        seen.lock().unwrap().0 -= 1;
        Ok(Value::Null)
    });
    let limits = Limits {
        parallel_max: 2,
        ..Limits::default()
    };

    let script = "let list = []; for n in 0..30 { list.push(|| snapshot()); } parallel(list); ()";
    run_within(script, &host, limits).unwrap();

    let most = seen.lock().unwrap().1;
    assert!((1..=2).contains(&most), "{most}");
}

#[test]
fn a_closure_that_captured_itself_ends_the_run() {
    let host = TestHost::green();

    let ended = run(
        "let a = 1; let f = || a; a = [f, f]; parallel([f]); ()",
        &host,
    )
    .unwrap_err();

    let (limit, max) = ("captured_max", 16_384);
    assert_eq!(ended, RunError::Limit { limit, max });
}
