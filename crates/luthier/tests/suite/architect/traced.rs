//! One trace from a chat to the first call of what came of it.

use serde_json::json;

use super::{
    answers::{Answers, COMPLAINT, workspace},
    say,
};
use crate::{
    runner::{asking::ask_with, collector::Collector},
    server::Server,
};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[test]
fn one_trace_leads_from_a_chat_through_atoms_sandbox_and_tests_to_the_first_call() {
    let collector = Collector::start();
    let workspace = workspace(&Answers::of_repair());
    let server = Server::start_with(&workspace, &[], &collector.variables());
    let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let headers = [("traceparent", parent.as_str())];

    let reply = say(
        &server,
        "active",
        &json!({ "message": COMPLAINT }),
        &headers,
    );
    assert_eq!(reply.json()["result"], "committed", "{}", reply.body);
    let params = json!({ "name": "slugify", "arguments": { "title": "Café" } });
    let called = ask_with(&server, "active", "tools/call", params, &headers);
    assert_eq!(called["result"]["isError"], false, "{called}");
    let shown = server.get("/versions/0.1.1").json();
    assert_eq!(shown["provenance"]["trace"], TRACE, "{shown}");
    let (status, _) = server.stop();

    assert!(status.success());
    let spans = collector.spans();
    let trace = u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes();
    let of_trace = spans.iter().filter(|span| span.trace_id == trace);
    let names: Vec<&str> = of_trace.map(|span| span.name.as_str()).collect();
    for wanted in ["job", "atom", "tests", "sandbox", "release", "python"] {
        assert!(names.contains(&wanted), "no span `{wanted}` in {names:?}");
    }
}
