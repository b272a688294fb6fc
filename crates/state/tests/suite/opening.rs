//! Lineages begin once.

use journal::Journal as _;
use model::Seq;
use serde_json::json;
use state::{StateError, Target};
use tokio::task::JoinSet;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn eight_tasks_that_race_to_open_a_lineage_seed_it_once() {
    let lab = Lab::empty();
    let mut tasks = JoinSet::new();
    for count in 0..8 {
        let state = lab.fresh();
        tasks.spawn(async move {
            let seed = seed(json!({"count": count}));
            state.open(&main(), seed, &somebody()).await.unwrap()
        });
    }

    let roots = tasks.join_all().await;

    assert_eq!(roots, vec![lab.state.root(&main()).await.unwrap(); 8]);
    assert_eq!(lab.journal.newest().await.unwrap(), 1);
}

#[tokio::test]
async fn an_open_lineage_keeps_its_documents_whatever_another_seed_says() {
    let lab = Lab::seeded().await;
    lab.release(5).await;

    let other = seed(json!({"count": 9}));
    let root = lab.state.open(&main(), other, &somebody()).await.unwrap();

    assert_eq!(root.version, version("0.1.1"));
    assert_eq!(*lab.active().await.value, json!({"count": 5}));
}

#[tokio::test]
async fn a_new_lineage_holds_its_seed_twice_at_revision_one() {
    let lab = Lab::seeded().await;

    for target in Target::ALL {
        let document = lab.state.document(&main(), target).await.unwrap();

        assert_eq!(*document.value, json!({"count": 0}));
        let place: (_, Seq, _) = (document.revision, document.seq, document.version);
        assert_eq!(place, (1, 1, version("0.1.0")));
    }
}

#[tokio::test]
async fn a_seed_that_breaks_its_schema_begins_nothing() {
    let lab = Lab::empty();

    let seed = seed(json!({"count": -1}));
    let refused = lab.state.open(&main(), seed, &somebody()).await;

    insta::assert_snapshot!(refused.unwrap_err(), @"the document breaks its schema at `/count`: -1 is less than the minimum of 0");
    assert_eq!(lab.journal.newest().await.unwrap(), 0);
}

#[tokio::test]
async fn a_lineage_that_is_not_there_names_the_nearest_whoever_asks() {
    let lab = Lab::seeded().await;
    let (state, mian, by) = (&lab.state, lineage("mian"), somebody());
    let merge = state::Change::Merge(json!({"a": 1}));
    let set = state::Change::Set(json!({"count": 1}));

    let refusals = [
        state.root(&mian).await.unwrap_err(),
        state.commit(&mian, merge, None, &by).await.unwrap_err(),
        state.commit(&mian, set, Some(1), &by).await.unwrap_err(),
        state.promote(&mian, None, &by).await.unwrap_err(),
        state.roll_back(&mian, None, &by).await.unwrap_err(),
        state.pin(&mian, None, &by).await.unwrap_err(),
        state.history(&mian, None, 1).await.unwrap_err(),
    ];

    for refused in refusals {
        assert!(
            matches!(&refused, StateError::NoLineage { nearest, .. } if *nearest == ["main"]),
            "{refused:?}"
        );
    }
    assert_eq!(lab.journal.newest().await.unwrap(), 1);
}

#[tokio::test]
async fn the_lineages_are_listed_by_name() {
    let lab = Lab::seeded().await;
    for name in ["from-0.1.0", "a_b"] {
        let seed = seed(json!({"count": 0}));
        let name = lineage(name);
        lab.state.open(&name, seed, &somebody()).await.unwrap();
    }

    let names = lab.state.lineages().await.unwrap();

    assert_eq!(names, ["a_b", "from-0.1.0", "main"].map(lineage));
}
