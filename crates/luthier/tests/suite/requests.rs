//! What a request for a change of state promises when it is refused, and when it is repeated.

use serde_json::{Value, json};

use crate::server::{Reply, Server, request};

const MERGE: &str = "application/merge-patch+json";

/// A patch of the staged state of `version`.
fn patch(server: &Server, version: &str, body: &Value, headers: &[(&str, &str)]) -> Reply {
    let path = format!("/agent/{version}/state/staging");
    let headers = [&[("content-type", MERGE)], headers].concat();
    request(server.url(), "PATCH", &path, &headers, body.to_string()).unwrap()
}

fn newest(server: &Server) -> Value {
    let events = server.get("/events?subject=lineage.main&order=newest&limit=1");
    events.json()["events"][0]["seq"].clone()
}

fn lineages(server: &Server) -> Vec<String> {
    let status = server.luthier_json(&["status"]);
    let lineages = status["journal"]["lineages"].as_array().unwrap();
    let names = lineages
        .iter()
        .map(|lineage| lineage["lineage"].as_str().unwrap().to_owned());
    names.collect()
}

#[test]
fn a_refused_patch_of_an_earlier_version_opens_no_lineage_and_a_taken_one_does() {
    let server = Server::start();
    let any = [("if-match", "*")];
    let keyed = [("if-match", "*"), ("idempotency-key", "used")];
    patch(&server, "active", &json!({ "mark": 1 }), &keyed);
    server.luthier_json(&["state", "promote"]);

    let refused = [
        patch(&server, "0.1.0", &json!({ "greeting": 7 }), &any),
        patch(&server, "0.1.0", &json!({ "n": 1u64 << 60 }), &any),
        patch(&server, "0.1.0", &json!([1]), &any),
        patch(
            &server,
            "0.1.0",
            &json!({ "mark": 2 }),
            &[("if-match", "\"r9\"")],
        ),
        patch(
            &server,
            "0.1.0",
            &json!({ "mark": 2 }),
            &[("if-match", "\"r0\"")],
        ),
        patch(&server, "0.1.0", &json!({ "mark": 2 }), &keyed),
    ];
    let after_refusals = lineages(&server);
    let taken = patch(&server, "0.1.0", &json!({ "mark": 2 }), &any);

    assert_eq!(
        refused.each_ref().map(|reply| reply.status),
        [422, 400, 422, 412, 412, 422]
    );
    assert_eq!(after_refusals, ["main"]);
    assert_eq!(
        (taken.status, taken.json()["lineage"].clone()),
        (200, json!("from-0.1.0"))
    );
    assert_eq!(lineages(&server), ["from-0.1.0", "main"]);
}

#[test]
fn a_key_that_was_used_for_another_request_is_refused_and_the_same_request_counts_once() {
    let server = Server::start();
    let keyed = [("if-match", "*"), ("idempotency-key", "once")];
    let first = patch(&server, "active", &json!({ "mark": 1.0 }), &keyed);
    let seq = newest(&server);

    let again = patch(&server, "active", &json!({ "mark": 1 }), &keyed);
    let other = patch(&server, "active", &json!({ "mark": 2 }), &keyed);
    let promote = server
        .commands()
        .run(&["state", "promote", "--key", "once", "--json"]);
    let workspace = server.commands();
    let merge = |mark: &str| {
        let merge = format!("{{\"mark\": {mark}}}");
        workspace.run(&[
            "state", "patch", "staging", "--merge", &merge, "--key", "once", "--json",
        ])
    };

    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.json()["revision"], again.json()["revision"]);
    let problem = other.json();
    assert_eq!(
        (other.status, &problem["code"], &problem["first_event"]),
        (422, &json!("idempotency_key_reused"), &seq)
    );
    assert_eq!(
        (promote.exit, &promote.error()["code"]),
        (4, &json!("key_reused"))
    );
    assert_eq!(merge("1").json()["revision"], first.json()["revision"]);
    assert_eq!(merge("3").error()["code"], "key_reused");
    assert_eq!(newest(&server), seq);
}

#[test]
fn a_version_that_does_not_exist_is_answered_with_its_neighbours() {
    let server = Server::start();
    for mark in 1..=4 {
        patch(
            &server,
            "active",
            &json!({ "mark": mark }),
            &[("if-match", "*")],
        );
        server.luthier_json(&["state", "promote"]);
    }
    let nearest = |version: &str| {
        let reply = server.get(&format!("/agent/{version}/state/active"));
        assert_eq!(reply.status, 404, "{reply:?}");
        reply.json()["nearest"].clone()
    };

    assert_eq!(nearest("99.88.77"), json!(["0.1.4", "0.1.3", "0.1.2"]));
    assert_eq!(nearest("0.0.1"), json!(["0.1.0", "0.1.1", "0.1.2"]));
    assert_eq!(nearest("%5E77"), json!(["0.1.4", "0.1.3", "0.1.2"]));
    assert_eq!(nearest("canary"), json!(["0.1.4", "0.1.3", "0.1.2"]));
    assert_eq!(nearest("nothing~0.1.0"), json!(["main"]));
}

#[test]
fn a_body_that_is_not_json_is_answered_with_a_way_to_look() {
    let server = Server::start();
    let headers = [("content-type", MERGE), ("if-match", "*")];
    let path = "/agent/active/state/staging";
    let reply = request(server.url(), "PATCH", path, &headers, "{\"a\": ").unwrap();

    assert_eq!(reply.status, 400);
    let hint = reply.json()["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("python3 -m json.tool"), "{hint}");
}
