//! Promote, discard, pin, open a lineage at an earlier version.

use journal::Journal as _;
use serde_json::json;
use state::{Change, StateError, Target};

use crate::support::*;

#[tokio::test]
async fn a_promotion_makes_what_is_staged_the_next_patch_version() {
    let lab = Lab::seeded().await;
    lab.merge(json!({"count": 4})).await;

    let promoted = lab.promote().await.document;

    assert_eq!(promoted, lab.active().await);
    assert_eq!(*promoted.value, json!({"count": 4}));
    assert_eq!(
        (promoted.version.clone(), promoted.revision),
        (version("0.1.1"), 2)
    );
    let (staging, root) = (lab.staging().await, lab.state.root(&main()).await.unwrap());
    assert_eq!((staging.hash, staging.revision), (promoted.hash, 2));
    assert_eq!(root.last_known_good, version("0.1.0"));
    assert_eq!(root.served_since, Some(3));
}

#[tokio::test]
async fn a_promotion_of_a_pre_release_counts_it_up() {
    let lab = Lab::empty();
    let seed = state::Seed {
        facts: serde_json::Map::new(),
        version: version("1.4.2-dev.9"),
        ..seed(json!({"count": 0}))
    };
    lab.state.open(&main(), seed, &somebody()).await.unwrap();

    let promoted = lab.release(4).await.document;

    assert_eq!(promoted.version, version("1.4.2-dev.10"));
}

#[tokio::test]
async fn there_is_nothing_to_promote_when_staging_is_what_is_active() {
    let lab = Lab::seeded().await;
    let by = somebody();

    let refused = lab.state.promote(&main(), None, &by).await;
    assert!(matches!(refused, Err(StateError::NothingToPromote)));

    lab.merge(json!({"count": 4})).await;
    lab.merge(json!({"count": 0})).await;
    let refused = lab.state.promote(&main(), None, &by).await;
    assert!(matches!(refused, Err(StateError::NothingToPromote)));
    assert_eq!(lab.journal.newest().await.unwrap(), 3);
}

#[tokio::test]
async fn a_promotion_or_discard_of_what_somebody_moved_since_is_refused() {
    let lab = Lab::seeded().await;
    lab.merge(json!({"count": 4})).await;
    lab.merge(json!({"count": 5})).await;
    let by = somebody();

    let refusals = [
        lab.state.promote(&main(), Some(2), &by).await,
        lab.state.discard_staging(&main(), Some(2), &by).await,
    ];

    for refused in refusals {
        let Err(StateError::Stale { current, moved, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(*current, lab.staging().await);
        assert_eq!(
            operations(&moved.unwrap().diff),
            json!([{"op": "replace", "path": "/count", "value": 5}])
        );
    }
    let refused = lab.state.promote(&main(), Some(4), &by).await;
    assert!(matches!(refused, Err(StateError::Future { .. })));
    lab.state.promote(&main(), Some(3), &by).await.unwrap();
}

#[tokio::test]
async fn a_discard_stages_what_is_active_as_a_new_revision() {
    let lab = Lab::seeded().await;
    lab.merge(json!({"count": 4})).await;

    let written = lab
        .state
        .discard_staging(&main(), None, &somebody())
        .await
        .unwrap();
    let again = lab
        .state
        .discard_staging(&main(), None, &somebody())
        .await
        .unwrap();

    let staging = lab.staging().await;
    assert_eq!(written.document, staging);
    assert_eq!(*staging.value, json!({"count": 0}));
    assert_eq!(staging.revision, 3);
    assert_eq!(again.document, staging);
    assert!(again.event.is_none());
}

#[tokio::test]
async fn a_pin_holds_the_active_document_while_releases_go_on() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    let pinned = lab
        .state
        .pin(&main(), Some(version("0.1.0")), &somebody())
        .await
        .unwrap();
    assert_eq!(*pinned.value, json!({"count": 0}));

    lab.release(2).await;

    let active = lab.active().await;
    assert_eq!(active, pinned);
    assert_eq!((active.version, active.revision), (version("0.1.0"), 1));
    assert_eq!(
        lab.state.root(&main()).await.unwrap().version,
        version("0.1.2")
    );
    let unpinned = lab.state.pin(&main(), None, &somebody()).await.unwrap();
    assert_eq!(*unpinned.value, json!({"count": 2}));
    assert_eq!(lab.active().await, unpinned);
}

#[tokio::test]
async fn a_pin_that_holds_already_makes_no_event_and_one_to_nowhere_is_refused() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    let (state, by) = (&lab.state, somebody());
    state
        .pin(&main(), Some(version("0.1.1")), &by)
        .await
        .unwrap();
    let newest = lab.journal.newest().await.unwrap();

    state
        .pin(&main(), Some(version("0.1.1")), &by)
        .await
        .unwrap();
    let refused = state.pin(&main(), Some(version("0.1.7")), &by).await;

    assert!(matches!(refused, Err(StateError::UnknownVersion { .. })));
    assert_eq!(lab.journal.newest().await.unwrap(), newest);
}

#[tokio::test]
async fn a_write_at_an_earlier_version_goes_to_a_lineage_that_is_opened_there_once() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    lab.release(2).await;
    let (state, by) = (&lab.state, keyed("k-1"));

    let forked = state.fork(&main(), &version("0.1.1"), &by).await.unwrap();
    let again = state.fork(&main(), &version("0.1.1"), &by).await.unwrap();

    assert_eq!((&forked, &again), (&lineage("from-0.1.1"), &forked));
    let change = Change::Merge(json!({"count": 11}));
    let written = state.commit(&forked, change, None, &by).await.unwrap();
    assert_eq!(written.document.version, version("0.1.1"));
    let active = state.document(&forked, Target::Active).await.unwrap();
    assert_eq!(*active.value, json!({"count": 1}));
    assert_eq!(*lab.staging().await.value, json!({"count": 2}));
    state.promote(&forked, None, &somebody()).await.unwrap();
    let deeper = state.fork(&forked, &version("0.1.1"), &by).await.unwrap();
    assert_eq!(deeper, lineage("from-0.1.1-from-0.1.1"));
}

#[tokio::test]
async fn no_lineage_is_opened_at_a_withdrawn_version() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    lab.state
        .roll_back(&main(), None, &somebody())
        .await
        .unwrap();

    let refused = lab
        .state
        .fork(&main(), &version("0.1.1"), &somebody())
        .await;

    assert!(
        matches!(refused, Err(StateError::Withdrawn { .. })),
        "{refused:?}"
    );
    assert_eq!(lab.state.lineages().await.unwrap(), [main()]);
}
