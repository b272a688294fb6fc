//! Functions of a version's files that nobody serves, and which lines of it run.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use python::{CallError, CallEvent, CallRequest, Code, Events, NestedCall, NestedFuture, Pool};

use crate::support::{Fixture, Told};

const SCORERS: &str = "
from lib.words import alike

def same(args, value, case):
    return alike(args['text'], value)

def broken(args, value, case):
    return 1 / 0

def endless(args, value, case):
    while True:
        pass
";

async fn load(fixture: &Fixture, files: &[(&str, &str)]) -> Code {
    let owned = |(path, body): &(&str, &str)| ((*path).to_owned(), Bytes::from((*body).to_owned()));
    let files: BTreeMap<_, _> = files.iter().map(owned).collect();
    let hash = format!("{files:?}");
    fixture.pool.load("test", &hash, files).await.unwrap()
}

async fn scorers(fixture: &Fixture) -> Code {
    let lib = "def alike(a, b): return float(a == b)\n";
    load(
        fixture,
        &[("tests/scorers.py", SCORERS), ("tools/lib/words.py", lib)],
    )
    .await
}

fn script(fixture: &Fixture, code: &Code, name: &str) -> CallRequest {
    let function = format!("tests/scorers.py:{name}");
    let arguments = br#"[{"text":"a"},"a",{}]"#.as_slice();
    CallRequest::script(code, &fixture.state, &function, arguments)
}

#[tokio::test]
async fn a_script_is_called_with_an_array_and_may_use_what_tools_share() {
    let fixture = Fixture::start().await;
    let code = scorers(&fixture).await;

    let answer = fixture
        .pool
        .call(script(&fixture, &code, "same"))
        .await
        .unwrap();

    assert_eq!(answer.value, "1.0");
}

#[tokio::test]
async fn what_a_script_raises_has_a_place() {
    let fixture = Fixture::start().await;
    let code = scorers(&fixture).await;

    let failed = fixture.pool.call(script(&fixture, &code, "broken")).await;

    let Err(CallError::Raised(raised)) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!(
        raised.message,
        "tests/scorers.py:8: ZeroDivisionError: division by zero"
    );
    assert!(raised.is_tool_error);
    let data = raised.data.unwrap();
    assert_eq!(
        (&data["file"], &data["line"]),
        (&"tests/scorers.py".into(), &8.into())
    );
}

#[tokio::test]
async fn a_script_that_does_not_end_is_stopped_at_its_deadline_and_says_where_it_was() {
    let fixture = Fixture::start().await;
    let code = scorers(&fixture).await;

    let request = CallRequest {
        deadline: Duration::from_millis(100),
        ..script(&fixture, &code, "endless")
    };
    let failed = fixture.pool.call(request).await;

    let Err(CallError::DeadlineExceeded { traceback, .. }) = failed else {
        panic!("{failed:?}")
    };
    assert!(
        traceback.contains("File \"tests/scorers.py\", line 11"),
        "{traceback}"
    );
}

/// Runs nested calls, and notes their lines with those of the call around them.
struct Within {
    pool: Pool,
    request: CallRequest,
    told: Arc<Told>,
}

impl Events for Within {
    fn on_event(&self, event: CallEvent) {
        self.told.on_event(event);
    }

    fn call_tool(&self, call: NestedCall) -> NestedFuture {
        let (pool, told) = (self.pool.clone(), Arc::clone(&self.told));
        let request = CallRequest {
            name: call.tool,
            arguments: call.arguments,
            within: Some(call.within),
            notes_lines: true,
            events: Some(told as _),
            ..self.request.clone()
        };
        Box::pin(async move {
            let answer = pool
                .call(request)
                .await
                .map_err(|error| error.to_string())?;
            Ok(answer.value)
        })
    }
}

const TOOLS: &str = "\
from luthier import tool, Context

@tool
def inner(fails: bool) -> int:
    '''Inner.'''
    if fails:
        raise ValueError('no')
    return 1

@tool
def outer(ctx: Context) -> int:
    '''Outer.'''
    return ctx.call('inner', {'fails': False})

@tool
async def later() -> int:
    '''Later.'''
    import asyncio
    await asyncio.sleep(0)
    return 2

@tool(blocking=True)
def slow() -> int:
    '''Slow.'''
    return 3
";

async fn lines_of(fixture: &Fixture, code: &Code, tool: &str, arguments: &str) -> String {
    let told = Arc::new(Told::default());
    let request = CallRequest {
        notes_lines: true,
        ..fixture.request(code, tool, arguments)
    };
    let within = Within {
        pool: fixture.pool.clone(),
        request: request.clone(),
        told: Arc::clone(&told),
    };
    let request = CallRequest {
        events: Some(Arc::new(within)),
        ..request
    };
    // Lines are told of calls that fail, too.
    drop(fixture.pool.call(request).await);
    told.lines().join(", ")
}

#[tokio::test]
async fn a_call_tells_the_lines_that_it_ran_in_every_kind_of_worker_and_when_it_fails() {
    let fixture = Fixture::start().await;
    let code = load(&fixture, &[("tools/runner/m.py", TOOLS)]).await;

    let mut told = Vec::new();
    for (tool, arguments) in [
        ("inner", r#"{"fails":false}"#),
        ("inner", r#"{"fails":true}"#),
        ("outer", "{}"),
        ("later", "{}"),
        ("slow", "{}"),
    ] {
        let lines = lines_of(&fixture, &code, tool, arguments).await;
        told.push(format!("{tool}: {lines}"));
    }

    insta::assert_snapshot!(told.join("\n"), @r#"
    inner: lines {"tools/runner/m.py": [6, 8]}
    inner: lines {"tools/runner/m.py": [6, 7]}
    outer: lines {"tools/runner/m.py": [6, 8]}, lines {"tools/runner/m.py": [13]}
    later: lines {"tools/runner/m.py": [18, 19, 20]}
    slow: lines {"tools/runner/m.py": [25]}
    "#);
}

#[tokio::test]
async fn the_lines_that_calls_could_run_are_known_without_any_call() {
    let fixture = Fixture::start().await;
    let code = load(&fixture, &[("tools/runner/m.py", TOOLS)]).await;

    let request = CallRequest::lines(&code, &fixture.state);
    let answer = fixture.pool.call(request).await.unwrap();

    let text = String::from_utf8(answer.value.to_vec()).unwrap();
    assert_eq!(text, r#"{"tools/runner/m.py":[6,7,8,13,18,19,20,25]}"#);
}
