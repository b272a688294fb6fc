//! What a tool sees of its call, and what it hands back.

use bytes::Bytes;

use crate::support::Fixture;

const TOOLS: &str = r#"
@tool
def seen(ctx: Context) -> dict:
    "x"
    return {
        "greeting": ctx.state["greeting"], "conversation": ctx.conversation_id, "version": ctx.version,
        "revision": ctx.revision, "trace": ctx.traceparent, "random": ctx.rng.randrange(10**6),
        "has_time": 5 < ctx.seconds_left < 7,
    }

@tool(stateful=True)
def count(ctx: Context) -> int:
    "x"
    ctx.session["turns"] = ctx.session.get("turns", 0) + 1
    return ctx.session["turns"]

@tool(stateful=True)
def look(ctx: Context) -> int:
    "x"
    return ctx.session.get("turns", 0)
"#;

#[tokio::test]
async fn a_tool_sees_state_version_trace_and_seeded_numbers() {
    let fixture = Fixture::start().await;
    let code = fixture.load(TOOLS).await;
    let mut request = fixture.request(&code, "seen", "{}");
    request.conversation_id = "c-1".to_owned();
    request.version = "1.2.3".to_owned();
    request.revision = 7;
    request.seed = 42;
    request.deadline = std::time::Duration::from_secs(7);
    request.traceparent =
        Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());

    let first = fixture.pool.call(request.clone()).await.unwrap();
    let again = fixture.pool.call(request).await.unwrap();

    assert_eq!(first.value, again.value);
    insta::assert_snapshot!(String::from_utf8_lossy(&first.value), @r#"{"greeting":"hello","conversation":"c-1","version":"1.2.3","revision":7,"trace":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","random":670487,"has_time":true}"#);
}

#[tokio::test]
async fn a_session_comes_back_when_the_call_changed_it() {
    let fixture = Fixture::start().await;
    let code = fixture.load(TOOLS).await;
    let call = |tool, session: &'static str| {
        let mut request = fixture.request(&code, tool, "{}");
        request.session = Some(Bytes::from_static(session.as_bytes()));
        fixture.pool.call(request)
    };

    let first = call("count", "{}").await.unwrap();
    let second = call("count", r#"{"turns":1}"#).await.unwrap();
    let unchanged = call("look", r#"{"turns":2}"#).await.unwrap();

    assert_eq!(first.session.as_deref(), Some(br#"{"turns":1}"#.as_slice()));
    assert_eq!(
        second.session.as_deref(),
        Some(br#"{"turns":2}"#.as_slice())
    );
    assert_eq!(second.value, "2");
    assert_eq!((unchanged.value, unchanged.session), ("2".into(), None));
}

#[tokio::test]
async fn a_state_that_python_cannot_read_refuses_the_call_and_ends_nobody() {
    let fixture = Fixture::start().await;
    let code = fixture.load(TOOLS).await;
    let mut request = fixture.request(&code, "seen", "{}");
    request.state = fixture.pool.load_state(b"{oops").unwrap();

    let error = fixture.pool.call(request).await.unwrap_err();

    insta::assert_snapshot!(error, @"the state document cannot be read: JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)");
    assert_eq!(
        fixture
            .pool
            .workers()
            .iter()
            .filter(|worker| worker.calls > 0)
            .count(),
        1
    );
}
