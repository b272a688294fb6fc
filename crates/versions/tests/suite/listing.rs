use std::fmt::Write as _;

use serde_json::json;

use crate::support::{Lab, by_hand, noted, passed};
use release::TestStatus;

/// Two stable versions, and one of each kind of unstable ones.
async fn lab() -> Lab {
    let lab = Lab::with(&[
        passed("v1.0.0"),
        passed("v1.1.0-rc.1"),
        noted("v1.1.0", |notes| notes.tests = TestStatus::Fail),
        by_hand("v1.2.0"),
        passed("v1.3.0"),
        noted("v1.3.1", |notes| {
            notes.tests = TestStatus::Pass;
            notes.withdraws = Some("1.3.0".parse().unwrap());
        }),
    ])
    .await;
    lab.begin("1.0.0").await;
    lab.registry.refresh().await.unwrap();
    lab
}

#[tokio::test]
async fn a_list_shows_stable_versions_newest_first_and_where_each_is_served() {
    let lab = lab().await;

    let page = lab.found("/versions?limit=1&offset=1").await;

    let commit = lab.commit("v1.0.0").to_string();
    assert_eq!(
        page,
        json!({
            "versions": [{
                "version": "1.0.0",
                "lineage": "main",
                "commit_hash": commit,
                "created_at": "2026-01-02T03:04:05Z",
                "tests": {
                    "status": "pass",
                    "last_run": "2026-01-02T03:04:05Z",
                    "summary_uri": format!("/versions/{commit}/evals"),
                },
                "tags": ["stable", "active"],
                "runner": { "mcp_endpoint": "/agent/1.0.0/runner" },
                "tuner": { "mcp_endpoint": "/agent/1.0.0/tuner" },
                "architect": { "rest_endpoint": "/agent/1.0.0/architect/chat" },
            }],
            "pagination": { "limit": 1, "offset": 1, "total_estimate": 2 },
        })
    );
}

#[tokio::test]
async fn each_filter_selects_what_it_says() {
    let lab = lab().await;

    let mut table = String::new();
    for query in [
        "",
        "include_unstable=true",
        "tag=stable",
        "tag=unstable",
        "tag=unstable&include_unstable=false",
        "tag=withdrawn",
        "tag=active",
        "tag=latest",
        "tag=canary",
        "range=%5E1.1&include_unstable=true",
        "range=%3E%3D1.1.0-rc&include_unstable=true",
        "range=%5E7",
        "since=2026-01-02T03:08:05Z&include_unstable=true",
        "since=2026-01-02T03:08:06Z&include_unstable=true",
        "since=2026-01-02T05:08:05%2B02:00&include_unstable=true",
        "since=2026-01-02T05:08:05+02:00&include_unstable=true",
        "since=2999-01-01T00:00:00Z",
        "offset=9223372036854775807",
    ] {
        let reply = lab.get(&format!("/versions?{query}")).await;
        let total = &reply.json()["pagination"]["total_estimate"];
        let names = reply.names().join(" ");
        writeln!(table, "{query}: {total}: {names}").unwrap();
    }

    insta::assert_snapshot!(table, @r"
    : 2: 1.3.1 1.0.0
    include_unstable=true: 6: 1.3.1 1.3.0 1.2.0 1.1.0 1.1.0-rc.1 1.0.0
    tag=stable: 2: 1.3.1 1.0.0
    tag=unstable: 4: 1.3.0 1.2.0 1.1.0 1.1.0-rc.1
    tag=unstable&include_unstable=false: 0: 
    tag=withdrawn: 1: 1.3.0
    tag=active: 1: 1.0.0
    tag=latest: 1: 1.3.1
    tag=canary: 0: 
    range=%5E1.1&include_unstable=true: 4: 1.3.1 1.3.0 1.2.0 1.1.0
    range=%3E%3D1.1.0-rc&include_unstable=true: 5: 1.3.1 1.3.0 1.2.0 1.1.0 1.1.0-rc.1
    range=%5E7: 0: 
    since=2026-01-02T03:08:05Z&include_unstable=true: 2: 1.3.1 1.3.0
    since=2026-01-02T03:08:06Z&include_unstable=true: 1: 1.3.1
    since=2026-01-02T05:08:05%2B02:00&include_unstable=true: 2: 1.3.1 1.3.0
    since=2026-01-02T05:08:05+02:00&include_unstable=true: 2: 1.3.1 1.3.0
    since=2999-01-01T00:00:00Z: 0: 
    offset=9223372036854775807: 2: 
    ");
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused_with_what_would() {
    let lab = lab().await;

    let mut table = String::new();
    for query in [
        "limit=-1",
        "limit=0",
        "limit=501",
        "limit=many",
        "offset=-1",
        "since=yesterday",
        "since=2026-01-02",
        "range=newest",
        "range=",
        "tag=best",
        "include_unstable=maybe",
        "limt=3",
    ] {
        let refusal = lab.refused(&format!("/versions?{query}")).await;
        writeln!(table, "{query} -> {refusal}").unwrap();
    }

    insta::assert_snapshot!(table, @r"
    limit=-1 -> 400 bad_query: a limit is 1 to 500, not -1
    limit=0 -> 400 bad_query: a limit is 1 to 500, not 0
    limit=501 -> 400 bad_query: a limit is 1 to 500, not 501
    limit=many -> 400 bad_query: `many` is not a whole number in 64 bits
    offset=-1 -> 400 bad_query: an offset is 0 or more, not -1
    since=yesterday -> 400 bad_query: `yesterday` is not an RFC 3339 date and time with a zone, such as 2026-01-02T03:04:05Z or 2026-01-02T04:04:05%2B01:00
    since=2026-01-02 -> 400 bad_query: `2026-01-02` is not an RFC 3339 date and time with a zone, such as 2026-01-02T03:04:05Z or 2026-01-02T04:04:05%2B01:00
    range=newest -> 400 bad_query: `newest` is no range of versions (unexpected character 'n' while parsing major version number): write one as ^1.4, ~1.4.2, 1.4.2, >=1.2, or several with commas between them
    range= -> 400 bad_query: `` is no range of versions (unexpected end of input while parsing major version number): write one as ^1.4, ~1.4.2, 1.4.2, >=1.2, or several with commas between them
    tag=best -> 400 bad_query: unknown variant `best`, expected one of `stable`, `unstable`, `active`, `latest`, `canary`, `withdrawn`
    include_unstable=maybe -> 400 bad_query: `maybe` is not `true` or `false`
    limt=3 -> 400 bad_query: there is no field `limt`
    ");
}

#[tokio::test]
async fn links_lead_through_the_pages_and_keep_the_filters() {
    let lab = lab().await;
    let link = async |query: &str| {
        let reply = lab.get(&format!("/versions?{query}")).await;
        reply.header("link").replace(", <", "\n<")
    };

    insta::assert_snapshot!(link("include_unstable=true&limit=2&offset=2&range=%3E%3D1").await, @r#"
    </versions?limit=2&offset=0&include_unstable=true&range=%3E%3D1>; rel="first"
    </versions?limit=2&offset=0&include_unstable=true&range=%3E%3D1>; rel="prev"
    </versions?limit=2&offset=4&include_unstable=true&range=%3E%3D1>; rel="next"
    </versions?limit=2&offset=4&include_unstable=true&range=%3E%3D1>; rel="last"
    "#);
    insta::assert_snapshot!(link("limit=5").await, @r#"
    </versions?limit=5&offset=0>; rel="first"
    </versions?limit=5&offset=0>; rel="last"
    "#);
    insta::assert_snapshot!(link("limit=1&offset=900&since=2026-01-01T00%3A00%3A00Z").await, @r#"
    </versions?limit=1&offset=0&since=2026%2D01%2D01T00%3A00%3A00Z>; rel="first"
    </versions?limit=1&offset=1&since=2026%2D01%2D01T00%3A00%3A00Z>; rel="prev"
    </versions?limit=1&offset=1&since=2026%2D01%2D01T00%3A00%3A00Z>; rel="last"
    "#);
}

#[tokio::test]
async fn a_list_that_the_client_holds_is_not_sent_again_until_it_changes() {
    let lab = lab().await;
    let first = lab.get("/versions").await;
    let tag = first.header("etag").to_owned();

    let held = lab.get_if("/versions", &tag).await;
    lab.tag(&passed("v1.4.0"));
    lab.registry.refresh().await.unwrap();
    let changed = lab.get_if("/versions", &tag).await;

    assert_eq!(first.header("cache-control"), "private, no-cache");
    assert_eq!((held.status, held.body.len()), (304, 0));
    assert_eq!(changed.status, 200);
    assert_eq!(changed.names(), ["1.4.0", "1.3.1", "1.0.0"]);
}
