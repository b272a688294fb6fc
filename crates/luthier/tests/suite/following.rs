//! `/events` and its live streams: where they begin, what they refuse, how many there may be.

use serde_json::json;

use crate::server::{Server, Workspace, client::EventStream, request};

fn open(server: &Server, path: &str, headers: &[(&str, &str)]) -> EventStream {
    EventStream::open(server.url(), "GET", path, headers, "")
}

/// The place of the next event that is none of the bookmarks between.
fn next_seq(stream: &mut EventStream) -> u64 {
    loop {
        let event = stream.next_data();
        if event["type"].is_string() {
            return event["seq"].as_u64().unwrap();
        }
    }
}

fn code(server: &Server, path: &str) -> (u16, String) {
    let reply = server.get(path);
    let code = reply.json()["code"].as_str().unwrap_or_default().to_owned();
    (reply.status, code)
}

#[test]
fn a_stream_begins_where_it_is_told_to() {
    let server = Server::start();
    server.patch_staging(&json!({ "mark": 1 }));
    let newest = server.get("/events?order=newest&limit=1").json();
    let change = server.get("/events?type=state.change").json()["events"][0].clone();
    let time = change["time"].as_str().unwrap();

    let mut whole = open(&server, "/events/stream?after=0", &[]);
    let mut since = open(
        &server,
        &format!("/events/stream?since={time}&subject=lineage.main"),
        &[],
    );
    let mut resumed = open(&server, "/events/stream?after=0", &[("last-event-id", "1")]);

    assert!(newest["events"][0]["seq"].as_u64() >= change["seq"].as_u64());
    assert_eq!((next_seq(&mut whole), next_seq(&mut whole)), (1, 2));
    assert_eq!(next_seq(&mut since), change["seq"].as_u64().unwrap());
    assert_eq!(next_seq(&mut resumed), 2);
}

#[test]
fn places_that_the_ledger_has_not_reached_are_refused_and_so_are_pages_of_a_stream() {
    let mut server = Server::start();
    let beyond = |server: &Server| {
        let headers = [("last-event-id", "9000")];
        let reply = request(server.url(), "GET", "/events/stream", &headers, "").unwrap();
        (reply.status, reply.json()["newest"].is_u64())
    };

    assert_eq!(beyond(&server), (404, true));
    server.kill();
    server.restart();
    assert_eq!(beyond(&server), (404, true));
    let not_found = (404, "not_found".to_owned());
    assert_eq!(code(&server, "/events/stream?after=9000"), not_found);
    assert_eq!(code(&server, "/events/replay?seq=9000"), not_found);
    assert_eq!(code(&server, "/events/replay?at=9000"), not_found);
    assert_eq!(code(&server, "/events/replay?at=7.7.7"), not_found);
    let bad_query = (400, "bad_query".to_owned());
    assert_eq!(code(&server, "/events/stream?limit=3"), bad_query);
    assert_eq!(code(&server, "/events/stream?order=newest"), bad_query);
    assert_eq!(code(&server, "/events/replay?at=soon"), bad_query);
}

#[test]
fn a_replay_is_asked_for_by_seq_time_or_version() {
    let server = Server::start();
    let seq = |at: &str| server.get(&format!("/events/replay?at={at}")).json()["seq"].clone();

    assert_eq!(seq("1"), 1);
    assert_eq!(seq("0.1.0"), 1);
    assert_eq!(seq("2020-01-01T00:00:00Z"), 0);
}

#[test]
fn a_type_may_be_short_and_an_unknown_one_names_the_nearest() {
    let server = Server::start();
    server.patch_staging(&json!({ "mark": 1 }));

    let short = server.get("/events?type=state.change").json();
    let whole = server.get("/events?type=luthier.state.change").json();
    let wrong = server.get("/events?type=state.chnage");
    let shell = server
        .commands()
        .run(&["ledger", "query", "--type", "relaese", "--json"]);

    assert_eq!(short["events"].as_array().unwrap().len(), 1);
    assert_eq!(short, whole);
    let problem = wrong.json();
    assert_eq!(
        (wrong.status, &problem["parameter"], &problem["nearest"]),
        (400, &json!("type"), &json!(["state.change"]))
    );
    let message = shell.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("did you mean `release`?"), "{message}");
}

#[test]
fn streams_leave_connections_for_others() {
    let workspace = Workspace::new();
    workspace.write(
        "luthier.toml",
        "name = \"bench\"\n[http]\nstreams_max = 1\n",
    );
    let server = Server::start_in(&workspace);
    let stream = open(&server, "/events/stream", &[]);

    let refused = server.get("/events/stream");
    let beside = server.get("/events").status;
    drop(stream);

    assert_eq!((refused.status, beside), (503, 200));
    assert_eq!(refused.json()["code"], "over_capacity");
    assert_eq!(refused.json()["streams_max"], 1);
}
