//! One trace from the client through the Runner, its worker and Python to the ledger.

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Value, json};

use super::{
    asking::{Session, ask_with, resource, until},
    collector::Collector,
};
use crate::server::{Server, Workspace};

const TOOLS: &str = r#"
from luthier import Context, tool

@tool
def traced(ctx: Context) -> str:
    """Tells its place in the trace."""
    ctx.log.info("logged")
    print("printed")
    return ctx.traceparent or ""

@tool
def fails(ctx: Context) -> str:
    """Tells its place in the trace in what it raises."""
    raise ValueError(ctx.traceparent)
"#;

/// The span of the client that each call is made in.
const CLIENT_SPAN: &str = "00f067aa0ba902b7";

fn traceparent(trace: &str) -> String {
    format!("00-{trace}-{CLIENT_SPAN}-01")
}

/// How a client says which trace its call belongs to.
#[derive(Clone, Copy)]
enum Told {
    InHeader,
    InMessage,
}

/// Calls a tool within a trace, in either era, and gives the result.
fn call_in(
    server: &Server,
    session: Option<&Session>,
    tool: &str,
    trace: &str,
    told: Told,
) -> Value {
    let mut params = json!({"name": tool, "arguments": {}});
    let place = traceparent(trace);
    let header = [("traceparent", place.as_str())];
    let headers = match told {
        Told::InHeader => &header[..],
        Told::InMessage => {
            params["_meta"] = json!({"traceparent": place});
            &[]
        }
    };
    match session {
        Some(session) => session.ask("tools/call", &params, headers),
        None => ask_with(server, "active", "tools/call", params, headers)["result"].clone(),
    }
}

fn hex(bytes: &[u8]) -> String {
    let number = bytes.iter();
    let number = number.fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    format!("{number:0digits$x}", digits = 2 * bytes.len())
}

/// The one span of a trace that has this name.
fn span<'a>(spans: &'a [Span], trace: &str, name: &str) -> &'a Span {
    let mut named = spans
        .iter()
        .filter(|span| hex(&span.trace_id) == trace && span.name == name);
    let span = named.next();
    assert!(named.next().is_none(), "two spans `{name}`");
    span.unwrap_or_else(|| {
        let known = spans.iter().map(|span| (hex(&span.trace_id), &span.name));
        panic!("no `{name}` in {trace}: {:?}", known.collect::<Vec<_>>())
    })
}

/// The event of a call, once it is written.
fn event_of(server: &Server, result: &Value) -> Value {
    let id = result["_meta"]["conversation_id"].as_str().unwrap();
    let path = format!("/events?type=call&conversation={id}");
    let event = || server.get(&path).json()["events"][0].clone();
    until(&json!(true), || json!(event().is_object()));
    event()
}

/// Are they of one trace, each within the one before it?
fn check_spans(spans: &[Span], trace: &str, told: Told) -> [String; 2] {
    let names: &[&str] = match told {
        Told::InHeader => &["http.request", "tools/call", "worker", "python"],
        Told::InMessage => &["tools/call", "worker", "python"],
    };
    let way: Vec<_> = names.iter().map(|name| span(spans, trace, name)).collect();
    assert_eq!(hex(&way[0].parent_span_id), CLIENT_SPAN);
    for pair in way.windows(2) {
        let (outer, inner) = (pair[0], pair[1]);
        let names = format!("{} in {}", inner.name, outer.name);
        assert_eq!(inner.parent_span_id, outer.span_id, "{names}");
        assert!(
            inner.start_time_unix_nano >= outer.start_time_unix_nano,
            "{names}"
        );
        assert!(
            inner.end_time_unix_nano <= outer.end_time_unix_nano,
            "{names}"
        );
        assert!(
            inner.start_time_unix_nano <= inner.end_time_unix_nano,
            "{names}"
        );
    }
    ["tools/call", "python"].map(|name| hex(&span(spans, trace, name).span_id))
}

#[test]
fn a_trace_goes_from_the_client_through_runner_worker_and_python_to_the_ledger() {
    let collector = Collector::start();
    let workspace = Workspace::new();
    workspace.write("tools/runner/it.py", TOOLS);
    let server = Server::start_with(&workspace, &[], &collector.variables());
    let session = Session::open(&server, "active");
    let ways = [
        ("0af7651916cd43dd8448eb211c80319a", None, Told::InHeader),
        ("0af7651916cd43dd8448eb211c80319b", None, Told::InMessage),
        (
            "0af7651916cd43dd8448eb211c80319c",
            Some(&session),
            Told::InHeader,
        ),
        (
            "0af7651916cd43dd8448eb211c80319d",
            Some(&session),
            Told::InMessage,
        ),
    ];

    let told = ways.map(|(trace, session, told)| {
        let result = call_in(&server, session, "traced", trace, told);
        let id = result["_meta"]["conversation_id"].as_str().unwrap();
        let logs = resource(&server, "active", &format!("logs://{id}"))["lines"].clone();
        let seen = result["structuredContent"]["result"]
            .as_str()
            .unwrap()
            .to_owned();
        (trace, told, seen, logs, event_of(&server, &result))
    });
    let failing = "0af7651916cd43dd8448eb211c80319e";
    let failed = call_in(&server, None, "fails", failing, Told::InHeader);
    let failed = (
        failed["content"][0]["text"].to_string(),
        event_of(&server, &failed),
    );
    let (status, _) = server.stop();

    assert!(status.success());
    let spans = collector.spans();
    for (trace, told, seen, logs, event) in told {
        let [call, python] = check_spans(&spans, trace, told);
        assert_eq!(seen, format!("00-{trace}-{python}-01"));
        let traces: Vec<_> = logs.as_array().unwrap().iter().collect();
        let traces: Vec<_> = traces
            .iter()
            .map(|line| [&line["message"], &line["trace_id"]])
            .collect();
        assert_eq!(
            traces,
            [
                [&json!("logged"), &json!(trace)],
                [&json!("printed"), &json!(trace)]
            ]
        );
        assert_eq!(
            (&event["traceid"], &event["spanid"]),
            (&json!(trace), &json!(call))
        );
    }
    let (text, event) = failed;
    let [_, python] = check_spans(&spans, failing, Told::InHeader);
    assert!(
        text.contains(&format!("00-{failing}-{python}-01")),
        "{text}"
    );
    assert_eq!(
        (&event["traceid"], &event["data"]["outcome"]),
        (&json!(failing), &json!("raised"))
    );
    let status = span(&spans, failing, "python").status.as_ref().unwrap();
    assert!(status.message.starts_with("ValueError: 00-"), "{status:?}");
}

#[test]
fn without_a_collector_and_without_a_client_that_traces_a_call_has_one_trace_all_the_same() {
    let workspace = Workspace::new();
    workspace.write("tools/runner/it.py", TOOLS);
    let server = Server::start_in(&workspace);

    let answer = ask_with(
        &server,
        "active",
        "tools/call",
        json!({"name": "traced", "arguments": {}}),
        &[],
    );

    let result = &answer["result"];
    let event = event_of(&server, result);
    let seen = result["structuredContent"]["result"].as_str().unwrap();
    let expected = ["traceid", "spanid"].map(|part| event[part].as_str().unwrap());
    assert_eq!(seen, format!("00-{}-{}-01", expected[0], expected[1]));
}
