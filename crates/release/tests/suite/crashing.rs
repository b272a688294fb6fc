use std::panic::AssertUnwindSafe;

use fail::FailScenario;
use futures_util::FutureExt as _;

use release::Terms;

use crate::support::{Place, Reader, active, begin, git, main, mark_good, order, promote, stage};

/// Where a release may end, and whether the version is there afterwards.
const STEPS: [(&str, bool); 4] = [
    ("release::after_intent", false),
    ("release::after_objects", false),
    ("release::after_refs", true),
    ("release::after_root", true),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_ends_anywhere_is_whole_or_not_there() {
    for (step, is_made) in STEPS {
        let scenario = FailScenario::setup();
        let place = Place::new();
        let open = place.open();
        begin(&place, &open).await;
        stage(&open.1, 2).await;
        fail::cfg(step, "panic").unwrap();
        let order = order();
        let lineage = main();
        let promoted = open.0.promote(&lineage, None, &order, &Reader);
        let ended = AssertUnwindSafe(promoted).catch_unwind().await;
        assert!(ended.is_err(), "{step}");
        fail::remove(step);
        drop(open);

        let open = place.open();
        let recovered = open.0.recover(&main()).await.unwrap();

        let has_tag = !place.git(&["tag", "--list", "v0.1.1"]).is_empty();
        assert_eq!(has_tag, is_made, "{step}");
        let expected = if is_made { "0.1.1" } else { "0.1.0" };
        assert_eq!(active(&open.1).await.0, expected, "{step}");
        assert_eq!(recovered.is_some(), step == "release::after_refs", "{step}");
        let next = promote(&open, 3).await.unwrap();
        let wanted = if is_made { "0.1.2" } else { "0.1.1" };
        assert_eq!(next.version.to_string(), wanted, "{step}");
        assert_eq!(active(&open.1).await.1, serde_json::json!(3), "{step}");
        scenario.teardown();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_version_that_ended_half_way_is_finished() {
    let scenario = FailScenario::setup();
    let place = Place::new();
    let open = place.open();
    fail::cfg("release::after_refs", "panic").unwrap();
    let offered = place.offered();
    let order = order();
    let lineage = main();
    let begun = open.0.begin(&lineage, &offered, &order, &Reader);
    assert!(AssertUnwindSafe(begun).catch_unwind().await.is_err());
    fail::remove("release::after_refs");
    drop(open);

    let open = place.open();
    let begun = open
        .0
        .begin(&main(), &offered, &order, &Reader)
        .await
        .unwrap();

    assert!(begun.is_none());
    assert_eq!(active(&open.1).await.0, "0.1.0");
    scenario.teardown();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_is_tagged_is_finished_as_it_was_decided_though_somebody_pins_meanwhile() {
    let scenario = FailScenario::setup();
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    promote(&open, 2).await.unwrap();
    mark_good(&open).await;
    promote(&open, 3).await.unwrap();
    fail::cfg("release::after_refs", "panic").unwrap();
    let order = order();
    let lineage = main();
    let back = open.0.roll_back(&lineage, None, &order);
    assert!(AssertUnwindSafe(back).catch_unwind().await.is_err());
    fail::remove("release::after_refs");
    let (first, by) = (semver::Version::new(0, 1, 0), state::Author::default());
    open.1.pin(&main(), Some(first.clone()), &by).await.unwrap();
    drop(open);

    let open = place.open();
    let recovered = open.0.recover(&main()).await.unwrap();

    assert_eq!(recovered.unwrap().to_string(), "0.1.3");
    let root = open.1.root(&main()).await.unwrap();
    assert_eq!(root.withdrawn, [semver::Version::new(0, 1, 2)]);
    assert_eq!(root.last_known_good, semver::Version::new(0, 1, 1));
    assert_eq!(root.pins.get("active"), Some(&first));
    scenario.teardown();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tagged_version_is_finished_though_what_is_staged_cannot_be_migrated() {
    let scenario = FailScenario::setup();
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    stage(&open.1, 5).await;
    let schema = r#"{"type": "object", "required": ["m"]}"#;
    let step = "state/migrations/0.1.0-0.2.0.json";
    place.write("state/schema.json", schema);
    place.write(step, r#"[{"op": "move", "from": "/n", "path": "/m"}]"#);
    fail::cfg("release::after_refs", "panic").unwrap();
    let (offered, order, lineage) = (place.offered(), order(), main());
    let released = open.0.release(&lineage, &offered, &order, &Reader);
    assert!(AssertUnwindSafe(released).catch_unwind().await.is_err());
    fail::remove("release::after_refs");
    drop(open);
    // As if this program took migrations that the next one does not know how to read.
    let message = place.git(&["tag", "-l", "--format=%(contents)", "v0.1.1"]);
    let clone = place.path("clone");
    place.git(&["clone", "-q", ".", &clone.display().to_string()]);
    std::fs::write(clone.join(step), "{").unwrap();
    git(&clone, &["commit", "-q", "-a", "-m", "Damaged"]);
    git(&clone, &["tag", "-f", "-a", "-m", &message, "v0.1.1"]);
    let tag = "+refs/tags/v0.1.1:refs/tags/v0.1.1";
    place.git(&["fetch", "-q", &clone.display().to_string(), tag]);

    let open = place.open();
    let recovered = open.0.recover(&main()).await.unwrap();

    assert_eq!(recovered.unwrap().to_string(), "0.1.1");
    let root = open.1.root(&main()).await.unwrap();
    assert_eq!(root.version.to_string(), "0.1.1");
    assert_eq!(root.staging.hash, root.active.hash);
    scenario.teardown();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tagged_version_that_had_to_stand_a_trial_stands_it_though_its_process_died() {
    let scenario = FailScenario::setup();
    let place = Place::new();
    let open = place.open();
    begin(&place, &open).await;
    stage(&open.1, 2).await;
    let terms = Terms {
        canary_share: Some(0.5),
        ..Terms::default()
    };
    fail::cfg("release::after_refs", "panic").unwrap();
    let (lineage, order) = (main(), order());
    let promoted = open.0.promote_on(&lineage, &terms, &order, &Reader);
    assert!(AssertUnwindSafe(promoted).catch_unwind().await.is_err());
    fail::remove("release::after_refs");
    drop(open);

    let open = place.open();
    open.0.recover(&main()).await.unwrap();

    let root = open.1.root(&main()).await.unwrap();
    let canary = root.canary.as_ref().unwrap();
    assert_eq!(canary.version, semver::Version::new(0, 1, 1));
    assert_eq!(root.serving_version(), &semver::Version::new(0, 1, 0));
    scenario.teardown();
}
