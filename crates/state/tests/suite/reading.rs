//! Versions, history, differences and watching.

use journal::Journal as _;
use model::Seq;
use serde_json::json;
use state::{Change, StateManager, StateWatch, Target};

use crate::support::*;

#[tokio::test]
async fn an_exact_version_is_the_same_for_ever() {
    let mut lab = Lab::seeded().await;
    for count in 1..=5 {
        lab.release(count).await;
    }
    let mut released = Vec::new();
    for patch in 0..=5 {
        let version = version(&format!("0.1.{patch}"));
        let document = lab.state.document_of(&main(), &version).await.unwrap();
        assert_eq!(*document.value, json!({"count": patch}));
        released.push(document);
    }

    lab.state
        .roll_back(&main(), Some(version("0.1.2")), &somebody())
        .await
        .unwrap();
    lab.release(99).await;
    lab.state
        .pin(&main(), Some(version("0.1.1")), &somebody())
        .await
        .unwrap();
    lab.restart().await;

    for document in released {
        let now = lab
            .state
            .document_of(&main(), &document.version)
            .await
            .unwrap();
        assert_eq!(now, document);
    }
}

#[tokio::test]
async fn versions_are_listed_in_the_order_of_their_release() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    lab.state
        .roll_back(&main(), None, &somebody())
        .await
        .unwrap();
    lab.release(2).await;

    let versions = lab.state.versions(&main()).await.unwrap();

    assert_eq!(versions, ["0.1.0", "0.1.1", "0.1.2", "0.1.3"].map(version));
}

#[tokio::test]
async fn history_is_read_in_pages_from_the_newest_back() {
    let lab = Lab::seeded().await;
    for count in 1..=6 {
        lab.merge(json!({"count": count})).await;
    }
    lab.promote().await;

    let (mut before, mut pages) = (None, Vec::new());
    loop {
        let page = lab.state.history(&main(), before, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.event.seq);
        let seen = page
            .iter()
            .map(|entry| (entry.event.seq, entry.root.staging.revision));
        pages.push(seen.collect::<Vec<(Seq, u64)>>());
    }

    assert_eq!(
        pages,
        [
            vec![(8, 7), (7, 7), (6, 6)],
            vec![(5, 5), (4, 4), (3, 3)],
            vec![(2, 2), (1, 1)],
        ]
    );
}

#[tokio::test]
async fn the_difference_leads_from_active_to_staging() {
    let lab = Lab::seeded().await;
    lab.merge(json!({"count": 3, "b": [1]})).await;

    let diff = lab.state.diff(&main()).await.unwrap();

    assert_eq!(
        operations(&diff),
        json!([
            {"op": "add", "path": "/b", "value": [1]},
            {"op": "replace", "path": "/count", "value": 3},
        ])
    );
    lab.promote().await;
    assert!(lab.state.diff(&main()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_document_is_read_as_it_stood_at_any_place() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    lab.release(2).await;
    let at = async |target, seq| {
        let found = lab.state.document_at(&main(), target, seq).await.unwrap();
        found.map(|document| document.value["count"].as_u64().unwrap())
    };

    let mut counts = Vec::new();
    for seq in 0..=6 {
        counts.push((
            at(Target::Staging, seq).await,
            at(Target::Active, seq).await,
        ));
    }

    let expected = [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (2, 2)];
    let expected = expected.map(|(staging, active)| (Some(staging), Some(active)));
    assert_eq!(counts[0], (None, None));
    assert_eq!(counts[1..], expected);
}

/// The next `count` changes that `watch` tells of, by revision of their lineage.
async fn heard(mut watch: StateWatch, count: u64) -> Vec<u64> {
    let mut revisions = Vec::new();
    for _ in 0..count {
        let entry = watch.next().await.unwrap().unwrap();
        assert_eq!(entry.root.staging.revision, entry.event.revision);
        revisions.push(entry.event.revision);
    }
    revisions
}

async fn write_both(state: StateManager, side: model::LineageName, changes: u64) {
    for count in 1..=changes {
        for lineage in [&main(), &side] {
            let change = Change::Merge(json!({"count": count}));
            state
                .commit(lineage, change, None, &somebody())
                .await
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watchers_get_every_change_once_and_in_order_from_wherever_they_begin() {
    const CHANGES: u64 = 120;
    let lab = Lab::seeded().await;
    let side = lineage("side");
    lab.state
        .open(&side, seed(json!({"count": 0})), &somebody())
        .await
        .unwrap();
    let early: Vec<_> = [0, 1, 2, 57, 180, 2 * CHANGES]
        .map(|after| (after, lab.state.watch(&main(), after)))
        .into();

    let writing = tokio::spawn(write_both(lab.state.clone(), side, CHANGES));
    // Seq 1 and 2 open the lineages; from then on they take turns, so `main` has the odd ones.
    let missed = |after: Seq| after.div_ceil(2);
    let all = CHANGES + 1;
    for (after, watch) in early {
        let first = missed(after) + 1;
        let expected: Vec<_> = (first..=all).collect();
        assert_eq!(
            heard(watch, all + 1 - first).await,
            expected,
            "after {after}"
        );
    }

    writing.await.unwrap();
    let late = lab.fresh().watch(&main(), 100);
    let expected: Vec<_> = (missed(100) + 1..=all).collect();
    assert_eq!(heard(late, all - missed(100)).await, expected);
    assert_eq!(lab.journal.newest().await.unwrap(), 2 + 2 * CHANGES);
}

#[tokio::test]
async fn a_watch_ends_when_the_journal_is_closed() {
    let mut lab = Lab::seeded().await;
    let mut watch = lab.state.watch(&main(), 1);

    lab.restart().await;

    assert!(watch.next().await.unwrap().is_none());
}
