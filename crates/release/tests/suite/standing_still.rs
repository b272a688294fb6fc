//! Promotions that would make `active` swing are refused, and the ledger says why.

use std::time::Duration;

use journal::{Journal as _, Query};
use release::{Evidence, Ground, ReleaseError, Released, Steadiness, Terms};
use serde_json::{Value, json};

use crate::support::{Open, Place, Reader, active, begin, main, order, promote, stage};

fn steady(ground: Ground) -> Terms {
    Terms {
        ground,
        steadiness: Some(Steadiness {
            memory: 8,
            cool_down: Duration::from_mins(1),
            changes_per_day_max: 8,
            confirmations: 2,
            margin: 0.1,
        }),
        ..Terms::default()
    }
}

pub(crate) async fn promote_steadily(
    open: &Open,
    n: i64,
    ground: Ground,
) -> Result<Released, ReleaseError> {
    stage(&open.1, n).await;
    let (terms, order) = (steady(ground), order());
    open.0.promote_on(&main(), &terms, &order, &Reader).await
}

async fn newest_decision(open: &Open) -> Value {
    let query = Query::of("tuner.lineage.main".parse().unwrap());
    let events = open.2.read(query).await.unwrap();
    events
        .last()
        .map_or(Value::Null, |event| event.data.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_was_taken_back_is_not_promoted_again_and_what_is_active_stays() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote_steadily(&open, 2, Ground::Asked).await.unwrap();
    open.0.roll_back(&main(), None, &order()).await.unwrap();
    let before = active(&open.1).await;

    let refused = promote_steadily(&open, 2, Ground::Asked).await.unwrap_err();

    insta::assert_snapshot!(refused, @"what is staged was active as 0.1.1 before, with 1 release(s) since");
    assert_eq!(active(&open.1).await, before);
    let expected = json!({
        "decision": "keep",
        "version": "0.1.2",
        "rationale": "what is staged was active as 0.1.1 before, with 1 release(s) since",
        "rejected": ["revision 2 of the staged state becomes active"],
        "numbers": {"version": "0.1.1", "releases_ago": 1},
    });
    assert_eq!(newest_decision(&open).await, expected);
    // Somebody who decides for himself may.
    assert_eq!(
        promote(&open, 2).await.unwrap().version.to_string(),
        "0.1.3"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_waits_after_its_own_promotions_and_after_rollbacks_but_not_after_peoples() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();
    let evidence = Some(Evidence {
        gain: 0.5,
        times: 2,
    });
    let policy = Ground::Policy { evidence };

    let first = promote_steadily(&open, 3, policy).await.unwrap();
    let second = promote_steadily(&open, 4, policy).await.unwrap_err();
    open.0.roll_back(&main(), None, &order()).await.unwrap();
    let third = promote_steadily(&open, 5, policy).await.unwrap_err();

    assert_eq!(first.version.to_string(), "0.1.2");
    for refused in [second, third] {
        let text = refused.to_string();
        assert!(text.ends_with("and the next may come after 60 s"), "{text}");
    }
}
