//! What comes of figures under a budget.

use serde_json::{Value, json};
use triggers::{Budget, Figures, Judgement, Kpis, Observation, Observed, Tally, Verdict, judge};

use crate::support::{Ledger, at, budgets};

fn budget(live: &Value) -> Budget {
    budgets(&json!([live])).list.remove(0)
}

async fn judged(ledger: &Ledger, live: &Value, seconds: f64) -> Judgement {
    let mut kpis = Kpis::new(ledger.lineage.clone(), budgets(&json!([live])));
    kpis.catch_up(&*ledger.journal, at(seconds)).await.unwrap();
    kpis.judge(at(seconds)).remove(0).judgement
}

#[tokio::test]
async fn each_kpi_is_read_from_calls_and_feedback() {
    let ledger = Ledger::new();
    for number in 0..100 {
        let outcome = if number % 10 == 0 { "raised" } else { "ok" };
        ledger
            .call(1.0, &format!("c{number}"), outcome, number + 1)
            .await;
    }
    // Not the tool's failures, and no calls at all.
    ledger.call(1.0, "r", "refused", 1).await;
    ledger.call(1.0, "a", "asked", 9_000).await;
    ledger.call(1.0, "x", "cancelled", 9_000).await;
    for (reward, message) in [
        (-1.0, "too slow"),
        (0.5, "too slow"),
        (-0.5, "it is too slow!"),
    ] {
        let feedback =
            json!({"feedback_id": "f", "tool": "echo", "reward": reward, "message": message});
        ledger.feedback(2.0, "c1", feedback).await;
    }
    ledger
        .feedback(2.0, "c2", json!({"tool": "echo", "rating": 4}))
        .await;
    ledger
        .feedback(
            2.0,
            "c2",
            json!({"tool": "other", "rating": 1, "message": "wrong"}),
        )
        .await;

    let mut table = Vec::new();
    for kpi in triggers::Kpi::ALL {
        let live =
            json!({"name": "n", "kpi": kpi.name(), "min": -9, "window_s": 60, "tool": "echo"});
        let judged = judged(&ledger, &live, 3.0).await;
        table.push(format!("{kpi}: {:.3?} of {}", judged.value, judged.samples));
    }

    insta::assert_snapshot!(table.join("\n"), @"
    calls: Some(101.000) of 101
    error_rate: Some(0.099) of 101
    latency_p50_ms: Some(49.529) of 101
    latency_p95_ms: Some(95.830) of 101
    latency_p99_ms: Some(99.741) of 101
    mean_reward: Some(-0.333) of 3
    mean_rating: Some(4.000) of 1
    similar_complaints: Some(2.000) of 2
    updates: Some(0.000) of 0
    ");
}

#[tokio::test]
async fn missing_data_is_no_pass_and_data_that_cannot_be_read_an_error() {
    let ledger = Ledger::new();
    let errors =
        json!({"name": "n", "kpi": "error_rate", "max": 0.1, "window_s": 60, "samples_min": 3});
    let slow = json!({"name": "n", "kpi": "latency_p95_ms", "max": 10, "window_s": 60});
    let unused = json!({"name": "n", "kpi": "calls", "min": 1, "window_s": 60});

    let mut table = vec![
        judged(&ledger, &errors, 1.0).await,
        judged(&ledger, &unused, 1.0).await,
    ];
    ledger.call(1.0, "c", "raised", 1).await;
    table.push(judged(&ledger, &errors, 1.0).await);
    table.push(judged(&ledger, &unused, 1.0).await);
    let mut untimed = Figures::default();
    untimed.add(&Observation {
        lineage: ledger.lineage.clone(),
        tool: None,
        version: None,
        conversation: None,
        what: Observed::Call {
            is_error: false,
            duration_us: None,
            error: None,
        },
    });
    table.push(judge(&budget(&slow), &untimed, None, None));

    let told = |it: &Judgement| (it.verdict, it.reason.clone().unwrap_or_default());
    assert_eq!(
        table.iter().map(told).collect::<Vec<_>>(),
        [
            (
                Verdict::Inconclusive,
                "samples: 0 of the 3 that are needed".to_owned()
            ),
            (Verdict::Fail, String::new()),
            (
                Verdict::Inconclusive,
                "samples: 1 of the 3 that are needed".to_owned()
            ),
            (Verdict::Pass, String::new()),
            (Verdict::Error, "events that do not say it: 1".to_owned()),
        ]
    );
}

#[tokio::test]
async fn a_burn_rate_breaches_when_both_windows_do() {
    let ledger = Ledger::new();
    let live = json!({"name": "n", "kpi": "error_rate", "max": 0.1, "window_s": 600,
        "burn": {"short_window_s": 60, "rate_max": 2}});
    for number in 0..10 {
        let outcome = if number < 3 { "raised" } else { "ok" };
        ledger.call(1.0, "c", outcome, 1).await;
    }

    let during = judged(&ledger, &live, 2.0).await;
    let quiet = judged(&ledger, &live, 120.0).await;
    ledger.call(121.0, "c", "ok", 1).await;
    let over = judged(&ledger, &live, 122.0).await;

    let rates = during.burn.unwrap();
    assert!((rates.window - 3.0).abs() < 1e-9 && (rates.short_window - 3.0).abs() < 1e-9);
    assert_eq!(
        (during.verdict, quiet.verdict, over.verdict),
        (Verdict::Fail, Verdict::Inconclusive, Verdict::Pass)
    );
}

#[tokio::test]
async fn a_tally_counts_what_is_new_and_stops_at_its_end() {
    let ledger = Ledger::new();
    let version = "0.1.0".parse().unwrap();
    let since = |since| {
        Tally::new(
            ledger.lineage.clone(),
            Clone::clone(&version),
            [None],
            since,
        )
    };
    let (mut open, mut ended) = (since(at(1.0)), since(at(1.0)).until(Some(at(3.0))));
    let calls = |tally: &Tally| tally.figures(None).unwrap().calls;

    let mut counted = Vec::new();
    for seconds in [0.0, 1.0, 2.0, 3.0, 4.0] {
        ledger.call_of("0.1.0", seconds, "c", "ok", 1).await;
        ledger.call_of("0.1.1", seconds, "c", "ok", 1).await;
        open.catch_up(&*ledger.journal).await.unwrap();
        ended.catch_up(&*ledger.journal).await.unwrap();
        counted.push((calls(&open), calls(&ended)));
    }

    assert_eq!(counted, [(0, 0), (1, 1), (2, 2), (3, 2), (4, 2)]);
}

#[tokio::test]
async fn a_version_is_not_to_blame_for_what_the_one_before_did_as_well() {
    let ledger = Ledger::new();
    for (version, errors) in [("0.1.0", 5), ("0.1.1", 5), ("0.1.2", 6), ("0.1.3", 0)] {
        for number in 0..10 {
            let outcome = if number < errors { "raised" } else { "ok" };
            ledger.call_of(version, 1.0, "c", outcome, 1).await;
        }
    }
    let of = async |version: &str| {
        let version = version.parse().unwrap();
        Kpis::of_version(&*ledger.journal, &ledger.lineage, &version, at(0.0))
            .await
            .unwrap()
    };
    let budget = budget(&json!({"name": "n", "kpi": "error_rate", "max": 0.2, "window_s": 60}));
    let base = of("0.1.0").await;

    assert_eq!(base.calls, 10);
    assert_eq!(budget.verdict(&of("0.1.1").await, None), Verdict::Fail);
    assert_eq!(
        budget.verdict(&of("0.1.1").await, Some(&base)),
        Verdict::Inconclusive
    );
    assert_eq!(
        budget.verdict(&of("0.1.2").await, Some(&base)),
        Verdict::Fail
    );
    assert_eq!(
        budget.verdict(&of("0.1.3").await, Some(&base)),
        Verdict::Pass
    );
    assert_eq!(
        budget.verdict(&of("0.1.4").await, Some(&base)),
        Verdict::Inconclusive
    );
}
