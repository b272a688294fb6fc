//! `/events` and its live streams: where they begin, what they refuse, how many there may be.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::server::{Server, Workspace, request};

/// An open stream, read a line at a time.
struct Stream(BufReader<TcpStream>);

impl Stream {
    fn open(server: &Server, path: &str, header: &str) -> Self {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let host = server.address();
        let head = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{header}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut stream = Self(BufReader::new(stream));
        assert_eq!(stream.line(), "HTTP/1.1 200 OK");
        stream
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "the stream ended");
        line.trim_end().to_owned()
    }

    /// The id of the next event that is none of the bookmarks between.
    fn next_seq(&mut self) -> u64 {
        loop {
            if let Some(data) = self.line().strip_prefix("data: ") {
                let event: Value = serde_json::from_str(data).unwrap();
                if event["type"].is_string() {
                    return event["seq"].as_u64().unwrap();
                }
            }
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

    let mut whole = Stream::open(&server, "/events/stream?after=0", "");
    let mut since = Stream::open(
        &server,
        &format!("/events/stream?since={time}&subject=lineage.main"),
        "",
    );
    let mut resumed = Stream::open(&server, "/events/stream?after=0", "last-event-id: 1\r\n");

    assert!(newest["events"][0]["seq"].as_u64() >= change["seq"].as_u64());
    assert_eq!((whole.next_seq(), whole.next_seq()), (1, 2));
    assert_eq!(since.next_seq(), change["seq"].as_u64().unwrap());
    assert_eq!(resumed.next_seq(), 2);
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
    let stream = Stream::open(&server, "/events/stream", "");

    let refused = server.get("/events/stream");
    let beside = server.get("/events").status;
    drop(stream);

    assert_eq!((refused.status, beside), (503, 200));
    assert_eq!(refused.json()["code"], "over_capacity");
    assert_eq!(refused.json()["streams_max"], 1);
}
