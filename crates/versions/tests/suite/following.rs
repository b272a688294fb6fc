use std::{sync::Arc, time::Duration};

use model::LineageName;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::{Lab, author, passed};

/// What the tags of `version` are, once they are `wanted`.
async fn wait_for_tags(lab: &Lab, version: &str, wanted: Value) {
    let path = format!("/versions?include_unstable=true&range=%3D{version}");
    let look = async {
        while lab.found(&path).await["versions"][0]["tags"] != wanted {
            tokio::task::yield_now().await;
        }
    };
    let waited = timeout(Duration::from_secs(20), look).await;
    assert!(waited.is_ok(), "{version} never became {wanted}");
}

#[tokio::test]
async fn a_pin_a_rollback_and_a_new_tag_are_known_without_anybody_asking() {
    let lab = Lab::with(&[passed("v1.0.0"), passed("v1.0.1"), passed("v1.0.2")]).await;
    let stop = CancellationToken::new();
    let following = tokio::spawn(
        lab.registry
            .clone()
            .follow(lab.journal.clone(), stop.clone()),
    );

    lab.begin("1.0.0").await;
    wait_for_tags(&lab, "1.0.0", json!(["stable", "active"])).await;
    lab.promote(json!({ "a": 1 })).await;
    wait_for_tags(&lab, "1.0.1", json!(["stable", "active"])).await;
    let main = LineageName::default();
    let pinned = "1.0.0".parse().ok();
    lab.state.pin(&main, pinned, &author()).await.unwrap();
    wait_for_tags(&lab, "1.0.0", json!(["stable", "active"])).await;
    lab.state.pin(&main, None, &author()).await.unwrap();
    lab.state.roll_back(&main, None, &author()).await.unwrap();
    wait_for_tags(&lab, "1.0.1", json!(["unstable", "withdrawn"])).await;
    wait_for_tags(&lab, "1.0.2", json!(["stable", "active", "latest"])).await;
    lab.tag(&passed("v1.0.3"));
    wait_for_tags(&lab, "1.0.3", json!(["stable", "latest"])).await;

    stop.cancel();
    following.await.unwrap();
}

#[tokio::test]
async fn a_version_that_was_tagged_a_moment_ago_is_found_by_its_name() {
    let lab = Lab::with(&[passed("v1.0.0")]).await;
    lab.tag(&passed("v1.0.1"));

    let found = lab.found("/versions/1.0.1").await;

    assert_eq!(found["version"], "1.0.1");
}

#[tokio::test]
async fn many_askers_at_once_see_one_registry_while_it_is_made_anew() {
    let lab = Arc::new(Lab::with(&[passed("v1.0.0")]).await);
    let askers = (0..8).map(|_| {
        let lab = lab.clone();
        tokio::spawn(async move {
            for _ in 0..20 {
                lab.registry.refresh().await.unwrap();
                let page = lab.get("/versions").await;
                assert_eq!(page.names(), ["1.0.0"]);
            }
        })
    });
    for asker in askers.collect::<Vec<_>>() {
        asker.await.unwrap();
    }
}
