use std::fmt::Write as _;

use crate::support::{Lab, by_hand, name_of, passed};

/// Five versions of `main`, and 1.4.0 and 3.0.0 of two other lineages.
async fn lab() -> Lab {
    Lab::with(&[
        passed("v1.4.0"),
        passed("v1.4.1"),
        passed("v1.5.0-rc.1"),
        passed("v2.0.0"),
        by_hand("v9.0.0"),
        passed("side/v1.4.0"),
        passed("side/v3.0.0"),
        passed("other/v3.0.0"),
    ])
    .await
}

#[tokio::test]
async fn a_version_is_found_by_number_lineage_commit_range_and_alias() {
    let lab = lab().await;
    lab.begin("1.4.1").await;
    lab.registry.refresh().await.unwrap();
    let commit = lab.commit("side/v1.4.0").to_string();

    let mut table = String::new();
    for reference in [
        "1.4.0",
        "side~1.4.0",
        "main~1.4.0",
        "9.0.0",
        "^1.4",
        "~1.4.0",
        "%3E%3D1%2C%20%3C2",
        "*",
        "^3",
        "latest",
        "active",
        &commit,
        &commit[..9],
    ] {
        let reply = lab.get(&format!("/versions/{reference}")).await;
        let told = match reply.status {
            200 => name_of(&reply.json()),
            status => format!("{status}"),
        };
        let shown = if commit.starts_with(reference) {
            &format!("{} digits of a commit", reference.len())
        } else {
            reference
        };
        writeln!(table, "{shown} -> {told}").unwrap();
    }

    insta::assert_snapshot!(table, @r"
    1.4.0 -> 1.4.0
    side~1.4.0 -> side~1.4.0
    main~1.4.0 -> 1.4.0
    9.0.0 -> 9.0.0
    ^1.4 -> 1.4.1
    ~1.4.0 -> 1.4.1
    %3E%3D1%2C%20%3C2 -> 1.4.1
    * -> 2.0.0
    ^3 -> 409
    latest -> 2.0.0
    active -> 1.4.1
    40 digits of a commit -> side~1.4.0
    9 digits of a commit -> side~1.4.0
    ");
}

#[tokio::test]
async fn a_number_that_several_lineages_have_and_main_has_not_is_refused_with_the_commits() {
    let lab = lab().await;

    let reply = lab.get("/versions/3.0.0").await;

    assert_eq!(reply.status, 409);
    let problem = reply.json();
    let [other, side] = ["other/v3.0.0", "side/v3.0.0"].map(|tag| lab.commit(tag));
    assert_eq!(
        problem["candidates"],
        serde_json::json!([
            { "version": "other~3.0.0", "commit_hash": other },
            { "version": "side~3.0.0", "commit_hash": side },
        ])
    );
    let detail = problem["detail"].as_str().unwrap();
    for commit in [other, side] {
        assert!(detail.contains(&commit.short()), "{detail}");
    }
}

#[tokio::test]
async fn what_names_no_version_is_answered_with_the_nearest_there_are() {
    let lab = lab().await;

    let mut table = String::new();
    for reference in [
        "1.4.2",
        "0.0.1",
        "99.0.0",
        "side~1.4.2",
        "nobody~1.4.0",
        "%5E77",
        "abcdef0",
        "canary",
        "active",
        "staging",
        "main",
        "1.4.2.3",
        "%00",
    ] {
        let problem = lab.get(&format!("/versions/{reference}")).await.json();
        let (status, nearest) = (&problem["status"], &problem["nearest"]);
        writeln!(table, "{reference} -> {status} {nearest}").unwrap();
    }

    insta::assert_snapshot!(table, @r#"
    1.4.2 -> 404 ["1.4.1","1.5.0-rc.1","side~1.4.0"]
    0.0.1 -> 404 ["1.4.0","side~1.4.0","1.4.1"]
    99.0.0 -> 404 ["9.0.0","side~3.0.0","other~3.0.0"]
    side~1.4.2 -> 404 ["1.4.1","1.5.0-rc.1","side~1.4.0"]
    nobody~1.4.0 -> 404 ["1.4.0","side~1.4.0","1.4.1"]
    %5E77 -> 404 ["other~3.0.0","side~3.0.0","side~1.4.0"]
    abcdef0 -> 404 ["other~3.0.0","side~3.0.0","side~1.4.0"]
    canary -> 404 null
    active -> 404 ["other~3.0.0","side~3.0.0","side~1.4.0"]
    staging -> 404 null
    main -> 404 null
    1.4.2.3 -> 404 null
    %00 -> 404 null
    "#);
}

#[tokio::test]
async fn two_tags_on_a_commit_are_two_versions_of_which_the_commit_means_the_higher() {
    let lab = Lab::with(&[passed("v1.0.0")]).await;
    lab.git(&["tag", "v1.0.1", "v1.0.0^{commit}"]);
    lab.git(&["tag", "not-a-version"]);
    lab.git(&["tag", "v7.0.0", "v1.0.0^{tree}"]);
    lab.registry.refresh().await.unwrap();
    let commit = lab.commit("v1.0.0");

    let page = lab.get("/versions?include_unstable=true").await;
    let found = lab.found(&format!("/versions/{commit}")).await;

    assert_eq!(page.names(), ["1.0.1", "1.0.0"]);
    assert_eq!(found["version"], "1.0.1");
}

#[tokio::test]
async fn where_there_is_no_version_and_where_there_is_no_git_the_answers_say_what_to_do() {
    for lab in [Lab::with(&[]).await, Lab::without_git().await] {
        let list = lab.found("/versions").await;
        let one = lab.get("/versions/latest").await;

        assert_eq!(list["pagination"]["total_estimate"], 0);
        assert_eq!(one.status, 404);
        let hint = one.json()["hint"].as_str().unwrap().to_owned();
        assert!(hint.contains("v0.1.0"), "{hint}");
    }
}
