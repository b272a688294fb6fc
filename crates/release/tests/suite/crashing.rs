use std::panic::AssertUnwindSafe;

use fail::FailScenario;
use futures_util::FutureExt as _;

use crate::support::{Place, Reader, active, begin, main, order, promote, stage};

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
