//! What is counted depends on the journal and the clock, not on when it was read.

use proptest::prelude::*;
use serde_json::json;
use triggers::Kpis;

use crate::support::{Ledger, at, budgets};

fn kpis(ledger: &Ledger) -> Kpis {
    let live = json!([
        {"name": "errors", "kpi": "error_rate", "max": 0.3, "window_s": 60,
         "burn": {"short_window_s": 7, "rate_max": 1.5}},
        {"name": "slow", "kpi": "latency_p95_ms", "tool": "echo", "max": 50, "window_s": 30},
        {"name": "reward", "kpi": "mean_reward", "min": 0, "window_s": 45},
    ]);
    Kpis::new(ledger.lineage.clone(), budgets(&live))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_restart_in_mid_window_changes_nothing(
        steps in prop::collection::vec((0.0..6.0_f64, 0..4_u8, 1..100_u64), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let ledger = Ledger::new();
            let mut running = kpis(&ledger);
            let mut seconds = 0.0;
            for (pause, what, number) in steps {
                seconds += pause;
                let conversation = format!("c{number}");
                match what {
                    0 => ledger.call(seconds, &conversation, "raised", number).await,
                    1 | 2 => ledger.call(seconds, &conversation, "ok", number).await,
                    _ => {
                        let reward = f64::from(u8::try_from(number).unwrap()) / 50.0 - 1.0;
                        let message = format!("no good number {}", number % 3);
                        ledger.feedback(seconds, &conversation, json!({"tool": "echo", "reward": reward, "message": message})).await;
                    }
                }
                running.catch_up(&*ledger.journal, at(seconds)).await.unwrap();
                let mut restarted = kpis(&ledger);
                restarted.catch_up(&*ledger.journal, at(seconds)).await.unwrap();

                assert_eq!(restarted.judge(at(seconds)), running.judge(at(seconds)));
                // And later, when parts of the windows have passed.
                assert_eq!(restarted.judge(at(seconds + 20.5)), running.judge(at(seconds + 20.5)));
            }
        });
    }
}

#[tokio::test]
async fn what_has_left_the_window_counts_no_longer() {
    let ledger = Ledger::new();
    ledger.call(0.0, "c1", "ok", 1).await;
    ledger.call(30.0, "c2", "ok", 1).await;
    let mut kpis = Kpis::new(ledger.lineage.clone(), budgets(&json!([]))).with_window(60);
    kpis.catch_up(&*ledger.journal, at(30.0)).await.unwrap();

    let calls = |seconds| kpis.figures(None, 60, at(seconds)).unwrap().calls;
    assert_eq!([30.0, 59.0, 61.0, 89.0, 91.0].map(calls), [2, 2, 1, 1, 0]);
}

#[tokio::test]
async fn other_lineages_are_not_counted() {
    let mut ledger = Ledger::new();
    ledger.call(0.0, "c1", "ok", 1).await;
    ledger.lineage = "from-0.1.0".parse().unwrap();
    ledger
        .feedback(0.0, "c1", json!({"tool": "echo", "reward": 1}))
        .await;

    let mut kpis = Kpis::new(ledger.lineage.clone(), budgets(&json!([]))).with_window(60);
    kpis.catch_up(&*ledger.journal, at(1.0)).await.unwrap();

    let figures = kpis.figures(None, 60, at(1.0)).unwrap();
    assert_eq!((figures.calls, figures.rewards.count()), (0, 1));
}
