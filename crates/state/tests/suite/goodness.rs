//! Which version counts as good, and which is watched before it does.

use jiff::Timestamp;
use journal::Journal as _;
use semver::Version;
use serde_json::json;
use state::{StateError, Watched, Written};

use crate::support::*;

async fn good(lab: &Lab) -> Version {
    lab.state.root(&main()).await.unwrap().last_known_good
}

async fn mark(lab: &Lab, text: &str) -> Result<Written, StateError> {
    let (version, by) = (version(text), somebody());
    lab.state.mark_good(&main(), &version, &by).await
}

async fn watched(lab: &Lab) -> Option<Watched> {
    lab.state.find_watched(&main()).await.unwrap()
}

async fn pin(lab: &Lab, to: Option<&str>) {
    let to = to.map(version);
    lab.state.pin(&main(), to, &somebody()).await.unwrap();
}

#[tokio::test]
async fn a_release_is_not_good_before_somebody_says_so() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    assert_eq!(good(&lab).await, version("0.1.0"));

    let marked = mark(&lab, "0.1.1").await.unwrap();

    assert_eq!(good(&lab).await, version("0.1.1"));
    assert_eq!(marked.document, lab.active().await);
    let event = marked.event.unwrap();
    assert_eq!(event.kind.as_str(), "luthier.state.change");
    let data = &event.data;
    assert_eq!(
        (&data["change"], &data["previous"], &data["new"]),
        (&json!("good"), &json!("0.1.0"), &json!("0.1.1"))
    );
}

#[tokio::test]
async fn what_is_as_good_already_is_not_marked_again() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    mark(&lab, "0.1.1").await.unwrap();
    let newest = lab.journal.newest().await.unwrap();

    for text in ["0.1.1", "0.1.0"] {
        let marked = mark(&lab, text).await.unwrap();
        assert!(marked.event.is_none(), "{text}");
    }

    assert_eq!(lab.journal.newest().await.unwrap(), newest);
}

#[tokio::test]
async fn what_does_not_serve_any_more_and_what_was_withdrawn_are_not_good() {
    let lab = Lab::seeded().await;
    for count in 1..=3 {
        lab.release(count).await;
    }
    let refused = mark(&lab, "0.1.2").await.unwrap_err();
    insta::assert_snapshot!(refused, @"0.1.2 is not what serves: that is 0.1.3");

    lab.state
        .roll_back(&main(), None, &somebody())
        .await
        .unwrap();
    let refused = mark(&lab, "0.1.3").await.unwrap_err();

    insta::assert_snapshot!(refused, @"version 0.1.3 was withdrawn and is never a base again");
    assert_eq!(good(&lab).await, version("0.1.0"));
}

#[tokio::test]
async fn a_rollback_passes_over_what_was_never_known_to_be_good() {
    let lab = Lab::seeded().await;
    for count in 1..=3 {
        lab.release(count).await;
        if count == 1 {
            lab.mark_good().await;
        }
    }

    let back = lab.state.roll_back(&main(), None, &somebody()).await;

    assert_eq!(*back.unwrap().document.value, json!({"count": 1}));
}

#[tokio::test]
async fn nothing_counts_as_good_that_is_newer_than_what_somebody_went_back_to() {
    let lab = Lab::seeded().await;
    for count in 1..=3 {
        lab.release(count).await;
        lab.mark_good().await;
    }

    let (to, by) = (Some(version("0.1.1")), somebody());
    lab.state.roll_back(&main(), to, &by).await.unwrap();
    assert_eq!(good(&lab).await, version("0.1.1"));
    let back = lab.state.roll_back(&main(), None, &by).await;

    assert_eq!(*back.unwrap().document.value, json!({"count": 0}));
}

#[tokio::test]
async fn what_serves_is_watched_since_it_began_to_until_it_is_good() {
    let mut lab = Lab::seeded().await;
    assert_eq!(watched(&lab).await, None);
    let released = lab.release(1).await.event.unwrap();
    lab.merge(json!({"count": 2})).await;
    let expected = Watched {
        version: version("0.1.1"),
        last_known_good: version("0.1.0"),
        since: released.seq,
        at: released.time,
    };
    assert_eq!(watched(&lab).await.as_ref(), Some(&expected));

    lab.restart().await;

    assert_eq!(watched(&lab).await, Some(expected));
    lab.mark_good().await;
    assert_eq!(watched(&lab).await, None);
}

#[tokio::test]
async fn nothing_is_watched_while_active_is_held_and_watching_begins_anew_after_that() {
    let lab = Lab::seeded().await;
    lab.release(1).await;
    pin(&lab, Some("0.1.0")).await;
    assert_eq!(watched(&lab).await, None);

    pin(&lab, None).await;

    let newest = lab.state.history(&main(), None, 1).await.unwrap();
    let (since, at): (u64, Timestamp) = (newest[0].event.seq, newest[0].event.time);
    let found = watched(&lab).await.map(|it| (it.since, it.at));
    assert_eq!(found, Some((since, at)));
}

#[tokio::test]
async fn holding_active_where_it_is_does_not_begin_the_watching_anew() {
    let lab = Lab::seeded().await;
    let released = lab.release(1).await.event.unwrap();

    pin(&lab, Some("0.1.1")).await;
    pin(&lab, None).await;

    let since = watched(&lab).await.map(|it| it.since);
    assert_eq!(since, Some(released.seq));
}
