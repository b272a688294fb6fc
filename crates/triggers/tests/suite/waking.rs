//! One wake-up for each breach, whoever judges and however often.

use journal::Journal as _;
use model::{Context, event::AgentRole};
use serde_json::json;
use triggers::{Evidence, Kpis, Reason, Told, Wake};

use crate::support::{Ledger, at, budgets};

fn kpis(ledger: &Ledger) -> Kpis {
    let live = json!([{"name": "errors", "kpi": "error_rate", "tool": "echo", "max": 0.2,
        "window_s": 60, "samples_min": 10, "cool_down_s": 300}]);
    Kpis::new(ledger.lineage.clone(), budgets(&live))
}

async fn burst(ledger: &Ledger, seconds: f64) {
    for number in 0..30 {
        let outcome = if number % 2 == 0 { "ok" } else { "raised" };
        ledger
            .call(seconds, &format!("c{number}"), outcome, 5)
            .await;
    }
}

#[tokio::test]
async fn a_burst_of_failures_wakes_once_with_what_failed() {
    let ledger = Ledger::new();
    let (mut kpis, mut episodes) = (kpis(&ledger), ledger.episodes().await);
    burst(&ledger, 1.0).await;

    let mut told = 0;
    for tick in 0..50 {
        told += ledger
            .judge(&mut kpis, &mut episodes, 2.0 + f64::from(tick))
            .await
            .len();
    }

    let wakes = ledger.wakes().await;
    assert_eq!((told, wakes.len()), (1, 1));
    assert_eq!(wakes[0].kind.as_str(), "luthier.trigger");
    assert_eq!(wakes[0].subject.as_str(), "wake.lineage.main");
    insta::assert_snapshot!(format!("{:#}", wakes[0].data), @r#"
    {
      "bound": "max",
      "budget": "errors",
      "evidence": {
        "calls": 30,
        "complaints": 0,
        "conversations": [
          "c29",
          "c27",
          "c25",
          "c23",
          "c21",
          "c19",
          "c17",
          "c15",
          "c13",
          "c11",
          "c9",
          "c7",
          "c5",
          "c3",
          "c1"
        ],
        "errors": 15,
        "messages": [
          "`echo` failed with KeyError: 'x'"
        ],
        "ratings": 0,
        "rewards": 0,
        "updates": 0
      },
      "kpi": "error_rate",
      "limit": 0.2,
      "reason": "budget",
      "samples": 30,
      "tool": "echo",
      "value": 0.5,
      "window_s": 60
    }
    "#);
}

#[tokio::test]
async fn a_breach_ends_with_a_recovery_and_the_next_waits_for_the_cool_down() {
    let ledger = Ledger::new();
    let (mut kpis, mut episodes) = (kpis(&ledger), ledger.episodes().await);
    let mut story = Vec::new();

    for second in 0..500_i32 {
        let seconds = f64::from(second);
        if [1, 150, 290].contains(&second) {
            burst(&ledger, seconds).await;
        }
        // Every few seconds somebody else goes on, with what the journal says.
        if second % 7 == 0 {
            (kpis, episodes) = (self::kpis(&ledger), ledger.episodes().await);
        }
        for told in ledger.judge(&mut kpis, &mut episodes, seconds).await {
            story.push(match told {
                Told::Woken(_) => format!("{second} s: woken"),
                Told::Recovered(_) => format!("{second} s: recovered"),
            });
        }
    }

    // The second burst begins and ends within the cool-down, the third outlasts it.
    insta::assert_snapshot!(story.join("\n"), @"
    1 s: woken
    61 s: recovered
    301 s: woken
    350 s: recovered
    ");
}

#[tokio::test]
async fn two_that_see_the_same_breach_wake_once() {
    let ledger = Ledger::new();
    let (mut one, mut other) = (kpis(&ledger), kpis(&ledger));
    let (mut first, mut second) = (ledger.episodes().await, ledger.episodes().await);
    burst(&ledger, 1.0).await;

    let told = [
        ledger.judge(&mut one, &mut first, 2.0).await.len(),
        ledger.judge(&mut other, &mut second, 2.5).await.len(),
        ledger.judge(&mut other, &mut second, 3.0).await.len(),
    ];

    assert_eq!(told, [1, 0, 0]);
    assert_eq!(ledger.wakes().await.len(), 1);
}

#[tokio::test]
async fn a_budget_that_wakes_nobody_is_judged_all_the_same() {
    let ledger = Ledger::new();
    let live =
        json!([{"name": "errors", "kpi": "error_rate", "max": 0.2, "window_s": 60, "wake": false}]);
    let mut kpis = Kpis::new(ledger.lineage.clone(), budgets(&live));
    let mut episodes = ledger.episodes().await;
    burst(&ledger, 1.0).await;

    let told = ledger.judge(&mut kpis, &mut episodes, 2.0).await;

    assert!(told.is_empty());
    assert_eq!(
        kpis.judge(at(2.0))[0].judgement.verdict,
        triggers::Verdict::Fail
    );
}

#[tokio::test]
async fn an_escalation_is_a_wake_up_and_counts_once_under_its_key() {
    let ledger = Ledger::new();
    let wake = Wake {
        reason: Reason::Escalation {
            tool: Some("bandit_reward".to_owned()),
        },
        evidence: Evidence::default(),
        message: Some("no arm does better than chance".to_owned()),
        context: Context::of(AgentRole::Tuner),
        key: Some("escalate-f1".parse().unwrap()),
    };

    for _ in 0..2 {
        triggers::wake(&*ledger.journal, &ledger.lineage, wake.clone(), at(1.0))
            .await
            .unwrap();
    }
    let (mut kpis, mut episodes) = (kpis(&ledger), ledger.episodes().await);
    burst(&ledger, 1.0).await;
    ledger.judge(&mut kpis, &mut episodes, 2.0).await;

    let wakes = ledger.wakes().await;
    let reasons: Vec<_> = wakes.iter().map(|event| &event.data["reason"]).collect();
    assert_eq!(reasons, ["escalation", "budget"]);
    assert_eq!(wakes[0].data["message"], "no arm does better than chance");
    assert_eq!(wakes[0].seq + 31, ledger.journal.newest().await.unwrap());
}
