//! A pool whose workers are cells: the same calls as of any worker.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use python::{
    Answer, CallError, CallEvent, CallRequest, Code, Events, NestedCall, NestedFuture, Pool,
    Settings, State,
};

use super::host;

const TOOLS: &str = r#"
import sys, time, asyncio
from luthier import tool, Context, ToolError

@tool
def echo(text: str) -> str:
    "Says it again."
    return text

@tool
async def waits(n: int) -> list[int]:
    "Waits."
    return await asyncio.gather(*[asyncio.sleep(0.001, i) for i in range(n)])

@tool
def runs() -> int:
    "Runs a loop of its own."
    return asyncio.run(asyncio.sleep(0.001, 7))

@tool(stateful=True)
def count(ctx: Context) -> int:
    "Counts."
    ctx.session["n"] = ctx.session.get("n", 0) + 1
    return ctx.session["n"]

@tool
def greet(ctx: Context, name: str) -> str:
    "Greets."
    return f"{ctx.state['greeting']} {name} {ctx.rng.random()}"

@tool
def both(ctx: Context) -> list[str]:
    "Calls another."
    return [ctx.call("echo", {"text": "a"}), ctx.call("echo", {"text": "b"})]

@tool
async def through(ctx: Context, left: int) -> int:
    "Calls itself."
    return 0 if left == 0 else 1 + await ctx.call_async("through", {"left": left - 1})

@tool
def deep(ctx: Context, left: int) -> int:
    "Calls itself."
    return 0 if left == 0 else 1 + ctx.call("deep", {"left": left - 1})

@tool
def told() -> None:
    "Fails."
    raise ToolError("take another")

@tool
def broken() -> None:
    "Fails."
    {}["key"]

@tool
def talk(ctx: Context) -> int:
    "Prints."
    print('one\ntwo')
    print('three', end='')
    print('oops \udc80', file=sys.stderr)
    ctx.progress(1, 2, 'half')
    ctx.log.info('noted')
    return 1

@tool
def branches(flag: bool) -> int:
    "Has lines."
    if flag:
        return 1
    return 2

@tool
def loops() -> None:
    "Hangs."
    while True:
        pass

@tool
def sleeps() -> None:
    "Hangs."
    time.sleep(60)

@tool
def grows() -> None:
    "Grows."
    kept = []
    while True:
        kept.append(bytearray(1 << 20))

@tool
def large() -> str:
    "Returns much."
    return "x" * (2 << 20)

@tool
def prints() -> None:
    "Prints much."
    for _ in range(5000):
        print("x" * 1000)
"#;

struct Fixture {
    pool: Pool,
    code: Code,
    state: State,
}

impl Fixture {
    async fn start() -> Self {
        let arguments = [
            OsString::from("sandbox-host"),
            OsString::from("--worker"),
            OsString::from("--cache"),
            crate::support::cache().into_os_string(),
        ];
        let pool = Pool::start(Settings {
            workers: 1,
            spares: 0,
            start_deadline: Duration::from_mins(1),
            memory_bytes_max: 64 << 20,
            output_bytes_max: 1 << 20,
            ..Settings::new(host::PROGRAM, arguments)
        })
        .unwrap();
        let files = BTreeMap::from([("tools/runner/it.py".to_owned(), Bytes::from(TOOLS))]);
        let code = pool.load("test", "0123456789abcdef", files).await.unwrap();
        let state = pool.load_state(b"{\"greeting\":\"hello\"}").unwrap();
        Self { pool, code, state }
    }

    fn request(&self, tool: &str, arguments: &str) -> CallRequest {
        CallRequest::tool(&self.code, &self.state, tool, arguments.to_owned())
    }

    async fn call(&self, tool: &str, arguments: &str) -> Result<Answer, CallError> {
        self.pool.call(self.request(tool, arguments)).await
    }

    async fn value(&self, tool: &str, arguments: &str) -> String {
        text(&self.call(tool, arguments).await.unwrap().value)
    }

    /// Ends as a call with a deadline that passes does, and the next one is answered.
    async fn expect_late(&self, tool: &str) {
        let mut request = self.request(tool, "{}");
        request.deadline = Duration::from_millis(100);

        let late = self.pool.call(request).await.unwrap_err();

        assert!(
            matches!(late, CallError::DeadlineExceeded { .. }),
            "{late:?}"
        );
        assert_eq!(self.value("echo", r#"{"text":"on"}"#).await, "\"on\"");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Remembers what a call told, and runs what it calls.
struct Listener {
    pool: Pool,
    code: Code,
    state: State,
    told: Mutex<Vec<String>>,
}

impl Listener {
    fn of(fixture: &Fixture) -> Arc<Self> {
        Arc::new(Self {
            pool: fixture.pool.clone(),
            code: fixture.code.clone(),
            state: fixture.state.clone(),
            told: Mutex::default(),
        })
    }

    fn lines(&self) -> String {
        self.told.lock().unwrap().join("\n")
    }

    fn again(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            code: self.code.clone(),
            state: self.state.clone(),
            told: Mutex::default(),
        }
    }
}

impl Events for Listener {
    fn on_event(&self, event: CallEvent) {
        let line = match event {
            CallEvent::Log(log) => {
                format!(
                    "{} {}",
                    log.stream.as_ref().unwrap_or(&log.level),
                    log.message
                )
            }
            CallEvent::Progress(progress) => format!("progress {}", progress.progress),
            CallEvent::Lines(lines) => format!("lines {lines:?}"),
            CallEvent::Refused { what, detail } => format!("refused {what} {detail}"),
        };
        self.told.lock().unwrap().push(line);
    }

    fn call_tool(&self, call: NestedCall) -> NestedFuture {
        let mut request =
            CallRequest::tool(&self.code, &self.state, &call.tool, call.arguments.clone());
        request.within = Some(call.within);
        request.events = Some(Arc::new(self.again()));
        let pool = self.pool.clone();
        Box::pin(async move {
            let answer = pool.call(request).await;
            answer
                .map(|answer| answer.value)
                .map_err(|error| error.to_string())
        })
    }
}

#[tokio::test]
async fn plain_async_and_stateful_tools_answer() {
    let fixture = Fixture::start().await;
    let mut request = fixture.request("count", "{}");
    request.session = Some(Bytes::from_static(b"{\"n\":4}"));

    let counted = fixture.pool.call(request).await.unwrap();

    assert_eq!(
        (text(&counted.value), counted.session.as_deref()),
        ("5".to_owned(), Some(&b"{\"n\":5}"[..]))
    );
    assert_eq!(
        fixture.value("echo", r#"{"text":"hi ä"}"#).await,
        "\"hi ä\""
    );
    assert_eq!(fixture.value("waits", r#"{"n":3}"#).await, "[0,1,2]");
    assert_eq!(fixture.value("runs", "{}").await, "7");
    // The same numbers as of any other Python with this seed.
    insta::assert_snapshot!(fixture.value("greet", r#"{"name":"you"}"#).await, @r#""hello you 0.8444218515250481""#);
}

#[tokio::test]
async fn tools_call_tools_in_the_same_worker() {
    let fixture = Fixture::start().await;
    for (tool, arguments, expected) in [
        ("both", "{}", r#"["a","b"]"#),
        ("deep", r#"{"left":4}"#, "4"),
        ("through", r#"{"left":4}"#, "4"),
    ] {
        let mut request = fixture.request(tool, arguments);
        request.events = Some(Listener::of(&fixture));

        let answer = fixture.pool.call(request).await.unwrap();

        assert_eq!(text(&answer.value), expected, "{tool}");
    }
}

#[tokio::test]
async fn what_a_tool_raises_is_told_as_of_any_worker() {
    let fixture = Fixture::start().await;

    let told = fixture.call("told", "{}").await.unwrap_err();
    let broken = fixture.call("broken", "{}").await.unwrap_err();
    let unfit = fixture.call("branches", "{}").await.unwrap_err();
    let large = fixture.call("large", "{}").await.unwrap_err();

    insta::assert_debug_snapshot!([told, broken, unfit, large]);
}

#[tokio::test]
async fn what_a_tool_prints_is_told_to_whoever_called_it() {
    let fixture = Fixture::start().await;
    let listener = Listener::of(&fixture);
    let mut request = fixture.request("talk", "{}");
    request.events = Some(Arc::clone(&listener) as _);

    fixture.pool.call(request).await.unwrap();

    insta::assert_snapshot!(listener.lines(), @r"
    stdout one
    stdout two
    stderr oops ?
    progress 1
    info noted
    stdout three
    ");
}

#[tokio::test]
async fn lines_that_ran_are_told() {
    let fixture = Fixture::start().await;
    let listener = Listener::of(&fixture);
    let mut request = fixture.request("branches", r#"{"flag":false}"#);
    request.notes_lines = true;
    request.events = Some(Arc::clone(&listener) as _);

    fixture.pool.call(request).await.unwrap();

    let at = TOOLS
        .lines()
        .position(|line| line.contains("if flag"))
        .unwrap()
        + 1;
    let expected = format!("lines {{\"tools/runner/it.py\": [{at}, {}]}}", at + 2);
    assert_eq!(listener.lines(), expected);
}

#[tokio::test]
async fn an_endless_loop_ends_at_its_deadline() {
    Fixture::start().await.expect_late("loops").await;
}

#[tokio::test]
async fn a_sleep_ends_at_its_deadline() {
    Fixture::start().await.expect_late("sleeps").await;
}

#[tokio::test]
async fn a_tool_that_takes_more_memory_than_it_may_ends_its_worker_alone() {
    let fixture = Fixture::start().await;

    let error = fixture.call("grows", "{}").await.unwrap_err();

    let CallError::Crashed(crash) = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (crash.exit_code, crash.last_log_lines.join("\n").as_str()),
        (Some(1), "it asked for more memory than it may have")
    );
    assert_eq!(fixture.value("echo", r#"{"text":"on"}"#).await, "\"on\"");
}

#[tokio::test]
async fn a_tool_that_prints_much_is_cut_off_and_answers() {
    let fixture = Fixture::start().await;
    let listener = Listener::of(&fixture);
    let mut request = fixture.request("prints", "{}");
    request.events = Some(Arc::clone(&listener) as _);

    let answer = fixture.pool.call(request).await.unwrap();

    assert_eq!(text(&answer.value), "null");
    insta::assert_snapshot!(listener.lines().lines().last().unwrap(), @"warning the call has logged more than 1048576 bytes; the rest is left out");
}
