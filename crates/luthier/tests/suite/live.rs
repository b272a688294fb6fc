//! Feedback, KPIs and wake-ups: what is said of live traffic, and what comes of that.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    runner::asking::{call, until},
    server::{Reply, Server, Workspace, request},
};

const TOOLS: &str = r#"
from luthier import tool

@tool
def half(number: int) -> int:
    """Fails on odd numbers."""
    if number % 2:
        raise ValueError("odd")
    return number // 2
"#;

fn workspace(live: &Value) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/runner/it.py", TOOLS);
    workspace.write("ci/budgets.json", &json!({ "live": live }).to_string());
    workspace
}

/// Calls the tool and says in which conversation.
fn half(server: &Server, number: u32) -> String {
    let answer = call(server, "active", "half", &json!({ "number": number }));
    answer["_meta"]["conversation_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn feed_back(server: &Server, version: &str, body: &Value) -> Reply {
    let headers = [("content-type", "application/json")];
    let path = format!("/agent/{version}/feedback");
    request(server.url(), "POST", &path, &headers, body.to_string()).unwrap()
}

fn kept(server: &Server) -> Vec<Value> {
    let told = server.luthier_json(&["ledger", "query", "--type", "feedback"]);
    told["events"].as_array().unwrap().clone()
}

/// What `luthier kpi` says of one.
fn kpi(workspace: &Workspace, name: &str) -> Value {
    let told = workspace.luthier_json(&["kpi"]);
    let mut lines = told["kpis"].as_array().unwrap().iter();
    let line = lines.find(|line| line["kpi"] == name && line["budget"].is_null());
    line.unwrap()["value"].clone()
}

fn woken(workspace: &Workspace) -> Vec<Value> {
    let told = workspace.luthier_json(&["triggers"]);
    told["triggers"].as_array().unwrap().clone()
}

#[test]
fn feedback_is_kept_beside_its_call_whichever_way_it_comes() {
    let server = Server::start_in(&workspace(&json!([])));
    let conversation = half(&server, 4);

    let body = json!({"conversation_id": conversation, "reward": 0.5, "rating": 4, "message": "fine", "id": "f-1"});
    let given = feed_back(&server, "active", &body);
    let again = feed_back(&server, "0.1.0", &body);
    let told = server.luthier_json(&[
        "feedback",
        "--conversation",
        &conversation,
        "--reward",
        "-1",
    ]);
    let failed = half(&server, 3);
    let text = server.luthier_json(&["feedback", "--conversation", &failed, "3 has a half"]);

    assert_eq!(
        (given.status, given.json()),
        (201, json!({"feedback_id": "f-1"}))
    );
    assert_eq!(
        (again.status, again.json()),
        (201, json!({"feedback_id": "f-1"}))
    );
    let events = kept(&server);
    assert_eq!(events.len(), 3);
    assert_eq!(events[0]["subject"], "feedback.lineage.main");
    assert_eq!(events[0]["conversationid"], conversation);
    assert_eq!(events[0]["version"], "0.1.0");
    assert_eq!(
        events[0]["data"],
        json!({"feedback_id": "f-1", "reward": 0.5, "rating": 4, "message": "fine", "tool": "half", "source": "rest"})
    );
    assert_eq!(events[1]["data"]["feedback_id"], told["feedback_id"]);
    assert_eq!(events[2]["data"]["feedback_id"], text["feedback_id"]);
    assert_eq!(kpi(&server.commands(), "mean_reward"), -0.25);
}

#[test]
fn feedback_that_cannot_be_taken_is_refused_and_nothing_is_kept() {
    let server = Server::start_in(&workspace(&json!([])));
    let conversation = half(&server, 4);
    let with = |more: Value| {
        let mut body = json!({ "conversation_id": conversation });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let first = feed_back(
        &server,
        "active",
        &with(json!({"rating": 5, "id": "taken"})),
    );
    assert_eq!(first.status, 201, "{first:?}");

    let mut table = String::new();
    for (version, body) in [
        ("active", json!({"reward": 1})),
        ("active", with(json!({}))),
        ("active", with(json!({"reward": 1.5}))),
        ("active", with(json!({"reward": "good"}))),
        ("active", with(json!({"rating": 0}))),
        ("active", with(json!({"rating": 2.5}))),
        ("active", with(json!({"message": "  "}))),
        ("active", with(json!({"reward": 1, "stars": 5}))),
        ("active", with(json!({"rating": 1, "id": "taken"}))),
        ("active", json!({"conversation_id": "nobody", "reward": 1})),
        ("9.9.9", with(json!({"reward": 1}))),
    ] {
        let reply = feed_back(&server, version, &body);
        let problem = reply.json();
        let pointer = problem["pointer"].as_str().unwrap_or("-");
        let detail = problem["detail"].as_str().unwrap();
        writeln!(table, "{} {pointer}: {detail}", reply.status).unwrap();
    }
    let nobody = server.commands().run(&[
        "feedback",
        "--conversation",
        "nobody",
        "--rating",
        "3",
        "--json",
    ]);

    assert_eq!(kept(&server).len(), 1);
    assert_eq!(
        (nobody.exit, &nobody.error()["code"]),
        (3, &json!("unknown_conversation"))
    );
    let first = format!("event {}", kept(&server)[0]["seq"]);
    insta::assert_snapshot!(table.replace(&first, "the first event"), @r#"
    422 : missing field `conversation_id`
    422 : feedback has a `reward`, a `rating` or a `message`
    422 /reward: a reward is a number from -1 to 1
    422 /reward: invalid type: string "good", expected f64
    422 /rating: a rating is a whole number from 1 to 5
    422 /rating: a rating is a whole number from 1 to 5
    422 /message: the message says nothing
    422 /stars: unknown field `stars`, expected one of `conversation_id`, `reward`, `rating`, `message`, `id`
    409 -: the id `taken` stands for other feedback, which is the first event
    404 -: there is no call of conversation `nobody`
    404 -: `main` has no version 9.9.9
    "#);
}

#[test]
fn a_burst_of_failures_wakes_once_though_the_server_dies_in_mid_window() {
    let live = json!([
        {"name": "errors", "kpi": "error_rate", "max": 0.2, "window_s": 3600, "samples_min": 10},
        {"name": "use", "kpi": "calls", "max": 15, "window_s": 3600},
    ]);
    let workspace = workspace(&live);
    let mut server = Server::start_in(&workspace);
    let mut failed: Vec<String> = (0..8).map(|_| half(&server, 3)).collect();
    until(&json!(8.0), || kpi(&workspace, "calls"));
    assert!(woken(&workspace).is_empty());

    server.kill();
    server.restart();
    failed.extend((0..4).map(|_| half(&server, 5)));
    until(&json!(1), || woken(&workspace).len().into());
    let first = woken(&workspace).remove(0);
    server.kill();
    server.restart();
    // When the other budget has been judged, so has the first one.
    for _ in 0..4 {
        half(&server, 4);
    }
    until(&json!(2), || woken(&workspace).len().into());
    let budgets: Vec<Value> = woken(&workspace)
        .iter()
        .map(|it| it["budget"].clone())
        .collect();

    assert_eq!(budgets, ["use", "errors"]);
    assert_eq!(first["reason"], "budget");
    assert_eq!((&first["limit"], &first["value"]), (&json!(0.2), &json!(1)));
    // How far the burst was when it was seen is nobody's promise.
    let calls = usize::try_from(first["samples"].as_u64().unwrap()).unwrap();
    assert!((10..=12).contains(&calls), "{first}");
    failed.truncate(calls);
    failed.reverse();
    assert_eq!(first["evidence"]["conversations"], json!(failed));
    let messages = first["evidence"]["messages"].as_array().unwrap();
    assert!(
        messages[0].as_str().unwrap().contains("ValueError: odd"),
        "{first}"
    );
}

#[test]
fn kpis_and_wake_ups_are_shown_as_people_read_them() {
    let live = json!([
        {"name": "errors", "kpi": "error_rate", "tool": "half", "max": 0.2, "window_s": 600, "wake": false},
        {"name": "liked", "kpi": "mean_reward", "min": 0, "window_s": 600, "samples_min": 5},
    ]);
    let workspace = workspace(&live);
    let server = Server::start_in(&workspace);
    let conversation = half(&server, 3);
    half(&server, 4);
    feed_back(
        &server,
        "active",
        &json!({"conversation_id": conversation, "reward": -1}),
    );
    until(&json!(2.0), || kpi(&workspace, "calls"));

    let table = workspace.run(&["kpi"]).stdout;
    let triggers = workspace.run(&["triggers"]).stdout;

    let table: Vec<&str> = table
        .lines()
        .filter(|line| !line.contains("latency"))
        .collect();
    insta::assert_snapshot!(table.join("\n"), @"
    KPI                 TOOL  WINDOW  VALUE  SAMPLES  BUDGET          VERDICT
    error_rate          half  600 s   0.5    2        errors max 0.2  fail
    mean_reward         all   600 s   -1     1        liked min 0     inconclusive (samples: 1 of the 5 that are needed)
    calls               all   3600 s  2      2        -               -
    error_rate          all   3600 s  0.5    2        -               -
    mean_reward         all   3600 s  -1     1        -               -
    mean_rating         all   3600 s  -      0        -               -
    similar_complaints  all   3600 s  0      0        -               -
    updates             all   3600 s  0      0        -               -
    ");
    assert_eq!(triggers, "nothing woke the Architect\n");
}

#[test]
fn budgets_of_live_traffic_that_are_none_are_named() {
    let workspace =
        workspace(&json!([{"name": "n", "kpi": "eror_rate", "max": 1, "window_s": 60}]));

    let tested = workspace.run(&["test", "--json"]).error();

    assert_eq!(tested["code"], "bad_budgets");
    assert_eq!(
        tested["message"],
        "`live[0].kpi` is no KPI; did you mean `error_rate`?"
    );
}
