//! Optimistic concurrency: nothing is lost, nothing counts twice.

use std::sync::atomic::Ordering;

use journal::{AppendError, Journal as _};
use model::event::AgentRole;
use serde_json::{Value, json};
use state::{Adoption, Change, ChangeError, StateError, StateManager, Target};
use tokio::task::JoinSet;

use crate::support::*;

const TASKS: u64 = 8;
const INCREMENTS: u64 = 50;

#[tokio::test]
async fn a_computed_value_without_a_base_is_refused() {
    let lab = Lab::seeded().await;

    let set = Change::Set(json!({"count": 1}));
    let refused = lab.state.commit(&main(), set, None, &somebody()).await;

    assert!(matches!(refused, Err(StateError::BaseRequired)));
    assert_eq!(lab.journal.newest().await.unwrap(), 1);
}

#[tokio::test]
async fn a_change_on_a_stale_base_is_told_what_is_there_and_who_moved_it_when_and_how() {
    let lab = Lab::seeded().await;
    lab.merge(json!({"count": 1})).await;
    let change = Change::Merge(json!({"count": 2, "name": "a"}));
    let by = agent("cursor");
    let moved_by = lab.state.commit(&main(), change, None, &by).await.unwrap();
    lab.promote().await;

    for change in [
        Change::Set(json!({"count": 7})),
        Change::Merge(json!({"count": 7})),
        patch(json!([{"op": "replace", "path": "/count", "value": 7}])),
    ] {
        let refused = lab
            .state
            .commit(&main(), change, Some(2), &somebody())
            .await;

        let Err(StateError::Stale {
            target,
            base,
            current,
            moved,
        }) = refused
        else {
            panic!("{refused:?}")
        };
        assert_eq!((target, base, current.revision), (Target::Staging, 2, 3));
        assert_eq!(*current, lab.staging().await);
        let (moved, event) = (moved.unwrap(), moved_by.event.as_ref().unwrap());
        assert_eq!((moved.seq, moved.at), (event.seq, event.time));
        assert_eq!(moved.by.role, AgentRole::Tuner);
        assert_eq!(moved.by.agent, Some("cursor".parse().unwrap()));
        assert_eq!(
            operations(&moved.diff),
            json!([
                {"op": "replace", "path": "/count", "value": 2},
                {"op": "add", "path": "/name", "value": "a"},
            ])
        );
    }
    assert_eq!(*lab.staging().await.value, json!({"count": 2, "name": "a"}));
}

#[tokio::test]
async fn a_base_from_long_ago_is_found_and_compared_too() {
    let lab = Lab::seeded().await;
    for count in 1..=200 {
        lab.merge(json!({"count": count})).await;
    }

    for base in [1, 2, 100, 199] {
        let change = Change::Set(json!({"count": 0}));
        let refused = lab
            .fresh()
            .commit(&main(), change, Some(base), &somebody())
            .await;

        let Err(StateError::Stale { moved, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(
            operations(&moved.unwrap().diff),
            json!([{"op": "replace", "path": "/count", "value": 200}])
        );
    }
}

#[tokio::test]
async fn a_base_that_was_never_there_is_refused() {
    let lab = Lab::seeded().await;
    let missing = [
        (Change::Merge(json!({"count": 7})), 0),
        (Change::Set(json!({"count": 7})), 0),
    ];
    for (change, base) in missing {
        let refused = lab
            .state
            .commit(&main(), change, Some(base), &somebody())
            .await;
        assert!(
            matches!(&refused, Err(StateError::Stale { moved, .. }) if moved.is_none()),
            "{refused:?}"
        );
    }

    for change in [
        Change::Set(json!({"count": 7})),
        Change::Merge(json!({"count": 7})),
    ] {
        let refused = lab
            .state
            .commit(&main(), change, Some(2), &somebody())
            .await;

        insta::allow_duplicates! {
            insta::assert_snapshot!(refused.unwrap_err(), @"the staging state has no revision 2 yet, it is at 1");
        }
    }
    assert_eq!(lab.journal.newest().await.unwrap(), 1);
}

/// Reads, computes and writes until it went through.
async fn increment_by_value(state: &StateManager) {
    let mut document = state.document(&main(), Target::Staging).await.unwrap();
    loop {
        let mut value = (*document.value).clone();
        value["count"] = json!(value["count"].as_u64().unwrap() + 1);
        let base = Some(document.revision);
        match state
            .commit(&main(), Change::Set(value), base, &somebody())
            .await
        {
            Ok(_) => return,
            Err(StateError::Stale { current, .. }) => document = *current,
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// The same, the patch itself demanding what was read.
async fn increment_by_patch(state: &StateManager) {
    loop {
        let document = state.document(&main(), Target::Staging).await.unwrap();
        let count = document.value["count"].as_u64().unwrap();
        let change = patch(json!([
            {"op": "test", "path": "/count", "value": count},
            {"op": "replace", "path": "/count", "value": count + 1},
        ]));
        match state.commit(&main(), change, None, &somebody()).await {
            Ok(_) => return,
            Err(StateError::Change(ChangeError::Operation { operation: 0, .. })) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_tasks_that_each_compute_fifty_increments_count_to_exactly_four_hundred() {
    let lab = Lab::seeded().await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        // Half of them through a manager of their own, whose guesses go stale.
        let state = if task % 2 == 0 {
            lab.fresh()
        } else {
            lab.state.clone()
        };
        tasks.spawn(async move {
            for _ in 0..INCREMENTS {
                increment_by_value(&state).await;
            }
        });
    }

    tasks.join_all().await;

    let document = lab.staging().await;
    assert_eq!(*document.value, json!({"count": TASKS * INCREMENTS}));
    assert_eq!(document.revision, TASKS * INCREMENTS + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patches_that_test_what_they_replace_lose_no_increment() {
    let lab = Lab::seeded().await;
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let state = lab.state.clone();
        tasks.spawn(async move {
            for _ in 0..INCREMENTS {
                increment_by_patch(&state).await;
            }
        });
    }

    tasks.join_all().await;

    assert_eq!(
        *lab.staging().await.value,
        json!({"count": TASKS * INCREMENTS})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merges_without_a_base_from_many_tasks_all_land_without_a_retry() {
    let lab = Lab::seeded().await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let state = lab.state.clone();
        tasks.spawn(async move {
            for step in 0..INCREMENTS {
                let change = Change::Merge(json!({format!("k{task}-{step}"): step}));
                state
                    .commit(&main(), change, None, &somebody())
                    .await
                    .unwrap();
            }
        });
    }

    tasks.join_all().await;

    let document = lab.staging().await;
    let keys = document.value.as_object().unwrap().len() as u64;
    assert_eq!(keys, TASKS * INCREMENTS + 1);
    assert_eq!(document.revision, TASKS * INCREMENTS + 1);
}

#[tokio::test]
async fn a_change_that_changes_nothing_makes_no_event() {
    let lab = Lab::seeded().await;
    let before = lab.staging().await;

    for (change, base) in [
        (Change::Set(json!({"count": 0})), Some(1)),
        (Change::Set(json!({"count": 0.0})), Some(1)),
        (Change::Merge(json!({"count": 0, "absent": null})), None),
        (
            patch(json!([{"op": "test", "path": "/count", "value": 0}])),
            None,
        ),
        (patch(json!([])), Some(1)),
    ] {
        let written = lab
            .state
            .commit(&main(), change, base, &somebody())
            .await
            .unwrap();

        assert_eq!(written.document, before);
        assert!(written.event.is_none() && !written.was_repeated);
    }
    assert_eq!(lab.journal.newest().await.unwrap(), 1);
}

#[tokio::test]
async fn a_request_sent_again_under_its_key_counts_once_and_is_answered_as_it_was() {
    let lab = Lab::seeded().await;
    let (state, lineage) = (&lab.state, main());
    let send = async |key: &str, change: &Change, base| {
        let change = change.clone();
        state
            .commit(&lineage, change, base, &keyed(key))
            .await
            .unwrap()
    };
    let set = Change::Set(json!({"count": 1}));
    let add = patch(json!([{"op": "add", "path": "/a", "value": [1]}]));
    let first = [
        send("k-1", &set, Some(1)).await,
        send("k-2", &add, None).await,
    ];
    lab.release(9).await;

    let again = [
        send("k-1", &set, Some(1)).await,
        send("k-2", &add, None).await,
    ];

    for (first, again) in first.iter().zip(&again) {
        assert_eq!(again.document, first.document);
        assert_eq!(again.event, first.event);
        assert_eq!((first.was_repeated, again.was_repeated), (false, true));
    }
    assert_eq!(*lab.staging().await.value, json!({"count": 9, "a": [1]}));
}

#[tokio::test]
async fn a_request_sent_again_is_answered_even_if_it_would_be_refused_by_now() {
    let lab = Lab::seeded().await;
    let set = || Change::Set(json!({"count": 1}));
    let by = keyed("k-1");
    let first = lab
        .state
        .commit(&main(), set(), Some(1), &by)
        .await
        .unwrap();
    let strict = json!({"type": "object", "properties": {"count": {"maximum": 0}}});
    let adoption = Adoption {
        stamp: None,
        version: None,
        code: None,
        schema: strict,
        value: None,
        migrations: Vec::new(),
    };
    lab.state
        .adopt(&main(), adoption, &somebody())
        .await
        .unwrap();

    let again = lab
        .fresh()
        .commit(&main(), set(), Some(1), &by)
        .await
        .unwrap();

    assert!(again.was_repeated);
    assert_eq!(again.document, first.document);
}

#[tokio::test]
async fn a_key_that_belongs_to_another_lineage_is_refused() {
    let lab = Lab::seeded().await;
    let side = lineage("side");
    let by = somebody();
    lab.state
        .open(&side, seed(json!({"count": 0})), &by)
        .await
        .unwrap();
    let merge = || Change::Merge(json!({"count": 1}));
    lab.state
        .commit(&main(), merge(), None, &keyed("k"))
        .await
        .unwrap();

    let refused = lab.state.commit(&side, merge(), None, &keyed("k")).await;

    assert!(
        matches!(
            refused,
            Err(StateError::Write(AppendError::KeyTaken { .. }))
        ),
        "{refused:?}"
    );
    let document = lab.state.document(&side, Target::Staging).await.unwrap();
    assert_eq!(*document.value, json!({"count": 0}));
}

#[tokio::test]
async fn an_event_says_what_was_changed_why_and_by_whom() {
    let lab = Lab::seeded().await;
    let mut by = agent("cursor");
    by.reason = Some("the reward was late".to_owned());

    let change = Change::Merge(json!({"count": 3}));
    let written = lab.state.commit(&main(), change, None, &by).await.unwrap();

    let mut data = written.event.unwrap().data.clone();
    data.as_object_mut().unwrap().remove("root");
    let new = written.document.hash;
    let previous = written.document.base.unwrap();
    assert_eq!(
        data,
        json!({
            "change": "merge", "target": "staging", "previous": previous, "new": new,
            "merge": {"count": 3}, "reversible": true, "reason": "the reward was late",
        }) as Value
    );
}

#[tokio::test]
async fn commits_conflicts_and_refusals_are_counted_each_once() {
    let lab = Lab::seeded().await;
    let by = keyed("once");
    let change = || Change::Merge(json!({"count": 1}));
    for _ in 0..2 {
        let sent = lab.state.commit(&main(), change(), None, &by).await;
        assert_eq!(sent.unwrap().document.revision, 2);
    }
    let stale = Change::Set(json!({"count": 2}));
    let stale = lab.state.commit(&main(), stale, Some(1), &somebody()).await;
    let wrong = Change::Merge(json!({"count": "two"}));
    let wrong = lab.state.commit(&main(), wrong, None, &somebody()).await;

    assert!(matches!(stale, Err(StateError::Stale { .. })));
    assert!(matches!(wrong, Err(StateError::Invalid { .. })));
    let counts = lab.state.counts();
    let counts = [&counts.commits, &counts.conflicts, &counts.refusals];
    assert_eq!(counts.map(|count| count.load(Ordering::Relaxed)), [1, 1, 1]);
    assert!(lab.state.cache_bytes() > 0);
    assert!(lab.state.release_cache() > 0);
    assert_eq!(lab.state.cache_bytes(), 0);
}
