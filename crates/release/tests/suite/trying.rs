//! A promotion on trial: `active` stays until it has stood for a while.

use std::sync::Arc;

use model::Seq;
use release::{Ground, Guard, Look, Released, Terms, Watch};
use semver::Version;
use serde_json::{Value, json};
use state::{Root, Target};

use crate::{
    standing_still::promote_steadily,
    support::{Open, Place, Reader, begin, git, main, order, promote, stage},
    watching::{Says, slow, watch},
};

const SHARE: f64 = 0.25;

/// Stages `n` and promotes it on trial.
async fn try_out(open: &Open, n: i64) -> Released {
    stage(&open.1, n).await;
    let terms = Terms {
        canary_share: Some(SHARE),
        ..Terms::default()
    };
    let released = open.0.promote_on(&main(), &terms, &order(), &Reader).await;
    released.unwrap()
}

async fn root(open: &Open) -> Root {
    open.1.root(&main()).await.unwrap()
}

/// What `active` serves.
async fn served(open: &Open) -> Value {
    let document = open.1.document(&main(), Target::Active).await.unwrap();
    document.value["n"].clone()
}

async fn on_trial(open: &Open) -> Option<String> {
    let canary = root(open).await.canary;
    canary.map(|canary| canary.version.to_string())
}

async fn look(open: &Open, seconds: i64) -> Look {
    let watch = watch(&open.1, Seq::MAX, seconds);
    watch.look_at_trial(&main()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_on_trial_is_released_like_any_other_and_active_stays() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    let before = root(&open).await;

    let released = try_out(&open, 2).await;

    assert_eq!(released.version, Version::new(0, 1, 1));
    assert_eq!(place.git(&["tag", "--list", "v0.1.1"]).trim(), "v0.1.1");
    let after = root(&open).await;
    assert_eq!(after.serving_version(), &Version::new(0, 1, 0));
    assert_eq!(after.served_since, before.served_since);
    assert_eq!(served(&open).await, json!(1));
    let canary = after.canary.unwrap();
    assert_eq!((canary.version, canary.share), (released.version, SHARE));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_its_trial_is_active_and_then_watched_like_any_other() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    try_out(&open, 2).await;

    assert!(matches!(look(&open, 0).await, Look::OnTrial(_)));
    let stood = look(&open, 301).await;

    assert_eq!(stood, Look::Activated(Version::new(0, 1, 1)));
    assert_eq!(served(&open).await, json!(2));
    assert_eq!(on_trial(&open).await, None);
    let good = root(&open).await.last_known_good;
    assert_eq!(good, Version::new(0, 1, 0));
    let watched = open.1.find_watched(&main()).await.unwrap().unwrap();
    assert_eq!(watched.version, Version::new(0, 1, 1));
    assert_eq!(look(&open, 301).await, Look::Nothing);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_badly_on_trial_is_withdrawn_and_active_never_was_anything_else() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    try_out(&open, 2).await;
    let guard = Guard::new(open.0.clone(), Arc::new(Says("0.1.1", Ok(slow()))));
    let watch = Watch {
        guard: Some(guard),
        ..watch(&open.1, Seq::MAX, 301)
    };

    let looked = watch.look_at_trial(&main()).await.unwrap();

    let (bad, to) = (Version::new(0, 1, 1), Version::new(0, 1, 2));
    assert_eq!(looked, Look::RolledBack { bad, to });
    assert_eq!(root(&open).await.withdrawn, [Version::new(0, 1, 1)]);
    assert_eq!(on_trial(&open).await, None);
    for seq in 1..=open.1.history(&main(), None, 1).await.unwrap()[0].event.seq {
        let then = open.1.document_at(&main(), Target::Active, seq).await;
        let then = then.unwrap().map(|document| document.value["n"].clone());
        assert!(then.is_none_or(|n| n == 1), "at {seq}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_promotion_on_trial_takes_the_place_of_the_one_before() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    try_out(&open, 2).await;

    try_out(&open, 3).await;

    assert_eq!(on_trial(&open).await.as_deref(), Some("0.1.2"));
    assert_eq!(served(&open).await, json!(1));
    assert!(root(&open).await.withdrawn.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_that_stands_no_trial_ends_that_of_another() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    try_out(&open, 2).await;

    promote(&open, 3).await.unwrap();

    assert_eq!(on_trial(&open).await, None);
    assert_eq!(served(&open).await, json!(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_is_released_meanwhile_is_made_on_what_serves_and_not_on_what_is_tried() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    let tried = try_out(&open, 2).await.version;
    place.tools(&json!({ "echo": { "input": { "type": "object" } }, "add": { "input": {} } }));

    let offered = place.offered();
    let released = open.0.release(&main(), &offered, &order(), &Reader).await;

    let released = released.unwrap();
    assert_eq!(released.version, Version::new(0, 2, 0));
    assert_eq!(
        released.written.event.unwrap().data["ends_trial"],
        json!(tried)
    );
    assert_eq!(
        (served(&open).await, on_trial(&open).await),
        (json!(1), None)
    );
    let in_git = place.git(&["show", "v0.2.0:state/active.state.json"]);
    assert_eq!(in_git, "{ \"n\": 1 }\n");
    let staged = open.1.document(&main(), Target::Staging).await.unwrap();
    assert_eq!(staged.value["n"], json!(2));
    assert!(root(&open).await.withdrawn.is_empty());
    // Nothing was found out against it, so that it may be tried again.
    let again = promote_steadily(&open, 2, Ground::Asked).await.unwrap();
    assert_eq!(again.version, Version::new(0, 2, 1));
    assert_eq!(served(&open).await, json!(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_on_top_of_what_is_tried_brings_its_code_and_not_the_state() {
    let place = Place::new();
    let open = place.open();
    let first = place.commit(&open.0, "Our tools");
    let begun = open.0.begin(&main(), &first, &order(), &Reader).await;
    begun.unwrap();
    try_out(&open, 2).await;
    let repo = place.path("repo").display().to_string();
    git(&place.workspace(), &["pull", "-q", &repo, "v0.1.1"]);
    place.write("tools/more.py", "");
    let second = place.commit(&open.0, "More");

    let released = open.0.release(&main(), &second, &order(), &Reader).await;

    assert_eq!(released.unwrap().version, Version::new(0, 1, 2));
    assert_eq!(
        (served(&open).await, on_trial(&open).await),
        (json!(1), None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_waits_for_the_end_of_a_trial_and_somebody_who_asks_does_not() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    try_out(&open, 2).await;
    let policy = Ground::Policy { evidence: None };

    let refused = promote_steadily(&open, 3, policy).await.unwrap_err();
    let tried = on_trial(&open).await;
    promote_steadily(&open, 3, Ground::Asked).await.unwrap();

    insta::assert_snapshot!(refused, @"0.1.1 is on trial, and the next is tried after it");
    assert_eq!(tried.as_deref(), Some("0.1.1"));
    assert_eq!(served(&open).await, json!(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_withdraws_what_is_on_trial_and_leaves_what_serves() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();
    try_out(&open, 3).await;

    let back = open.0.roll_back(&main(), None, &order()).await.unwrap();

    assert_eq!(back.version, Version::new(0, 1, 3));
    assert_eq!(root(&open).await.withdrawn, [Version::new(0, 1, 2)]);
    assert_eq!(served(&open).await, json!(2));
    assert_eq!(on_trial(&open).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_rests_while_active_is_held_and_begins_anew_after_that() {
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    try_out(&open, 2).await;
    let begun = root(&open).await.canary.unwrap().since;
    let (first, by) = (Version::new(0, 1, 0), state::Author::default());

    open.1.pin(&main(), Some(first), &by).await.unwrap();
    assert_eq!(look(&open, 301).await, Look::Nothing);
    open.1.pin(&main(), None, &by).await.unwrap();

    assert!(root(&open).await.canary.unwrap().since > begun);
    assert!(matches!(look(&open, 0).await, Look::OnTrial(_)));
}
