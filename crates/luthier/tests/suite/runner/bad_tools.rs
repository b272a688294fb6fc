//! What tools do wrong, and what is wrongly asked of them: each is one clear answer, and no other
//! call is harmed.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    thread,
};

use serde_json::{Value, json};

use super::asking::{ask_with, call, resource, until};
use crate::server::{Server, Workspace};

/// Circuits have a test of their own; here every tool fails and fails.
const SETTINGS: &str =
    "name = \"bench\"\n[runner]\nfailures_max = 100000\nmemory_bytes_max = 419430400\n";

const TOOLS: &str = r#"
import asyncio, ctypes, os, re, sys, time
from typing import Literal
from luthier import ToolError, tool

@tool
def echo(text: str) -> str:
    """Says what it is told."""
    return text

@tool
def order(name: str, count: int = 1, size: Literal["S", "M"] = "M") -> dict[str, int]:
    """Orders something."""
    return {name: count}

@tool
def promises() -> int:
    """Returns what it did not promise."""
    return "seven"

@tool
def promises_more() -> dict[str, int]:
    """Returns what it did not promise, deeper inside."""
    return {"a": 1, "b": "two"}

def raises():
    raise ValueError("no such thing")

def refuses():
    raise ToolError("give me less", data={"limit": 3})

def recurses():
    return recurses()

def leaks():
    kept = []
    while True:
        kept.append(bytearray(1 << 24))

def loops():
    while True:
        pass

def swallows():
    while True:
        try:
            loops()
        except BaseException:
            pass

def forks():
    child = os.fork()
    if child == 0:
        return "child"
    os.waitpid(child, 0)
    return "parent"

def leaves_a_child():
    if os.fork() == 0:
        time.sleep(1000)
    return "parent"

def prints():
    print("to stdout")
    os.write(1, b"to descriptor 1\n")
    sys.stderr.write("to stderr\n")
    return "printed"

def closes_everything():
    os.closerange(3, 1000)
    time.sleep(1000)

def cyclic():
    value = []
    value.append(value)
    return value

WAYS = {
    "raises": raises,
    "refuses": refuses,
    "recurses": recurses,
    "leaks": leaks,
    "loops": loops,
    "sleeps": lambda: time.sleep(1000),
    "swallows": swallows,
    "holds the GIL": lambda: sum(range(10**11)),
    "catastrophic regex": lambda: re.match(r"(a+)+$", "a" * 64 + "b"),
    "forks": forks,
    "leaves a child": leaves_a_child,
    "prints": prints,
    "os._exit": lambda: os._exit(3),
    "sys.exit": lambda: sys.exit(4),
    "segfault": lambda: ctypes.string_at(0),
    "abort": lambda: ctypes.CDLL(None).abort(),
    "closes everything": closes_everything,
    "kills itself": lambda: os.kill(os.getpid(), 15),
    "100 MB": lambda: "x" * 100_000_000,
    "nan": lambda: float("nan"),
    "cycle": cyclic,
    "non-string key": lambda: {(1, 2): 3},
    "not serialisable": lambda: object,
    "lone surrogate": lambda: "\ud800",
    "reads input": lambda: sys.stdin.read() if sys.stdin else "no input",
}

@tool(deadline_ms=25000)
def misbehave(how: str) -> object:
    """Does what it should not."""
    return WAYS[how]()

@tool(deadline_ms=400)
def overruns(how: str) -> object:
    """The same, where it does not end by itself."""
    return WAYS[how]()

@tool
async def exits() -> int:
    """Ends the worker in which others have their turns."""
    os._exit(5)

@tool(deadline_ms=400)
async def spins() -> int:
    """Lets nobody have a turn."""
    loops()
    return 1
"#;

/// The tool, its arguments, and the one answer.
type Row = (&'static str, Value, &'static str);

fn rows() -> Vec<Row> {
    [asked_wrongly(), stopped_or_ended(), results()].concat()
}

fn asked_wrongly() -> Vec<Row> {
    vec![
        (
            "eco",
            json!({}),
            "error -32602: there is no tool `eco`; did you mean `echo`?",
        ),
        ("zzzz", json!({}), "error -32602: there is no tool `zzzz`"),
        (
            "order",
            json!({}),
            "refused: the arguments of `order` do not fit its input schema\n- at `/`: \"name\" is a required property",
        ),
        (
            "order",
            json!({"name": 7}),
            "refused: the arguments of `order` do not fit its input schema\n- at `/name`: 7 is not of type \"string\"",
        ),
        (
            "order",
            json!({"name": "a", "size": "L"}),
            "refused: the arguments of `order` do not fit its input schema\n- at `/size`: \"L\" is not one of \"S\" or \"M\"",
        ),
        (
            "order",
            json!({"name": "a", "cuont": 2}),
            "refused: the arguments of `order` do not fit its input schema\n- at `/`: Additional properties are not allowed ('cuont' was unexpected); did you mean `count`?",
        ),
        (
            "order",
            json!({"name": "a", "count": 1.5}),
            "refused: the arguments of `order` do not fit its input schema\n- at `/count`: 1.5 is not of type \"integer\"",
        ),
        ("order", json!({"name": "a", "count": 2.0}), "{\"a\":2}"),
    ]
}

fn stopped_or_ended() -> Vec<Row> {
    let how = |how: &str| json!({"how": how});
    let stopped = "refused: `overruns` was stopped: the deadline of 400 ms has passed";
    vec![
        (
            "misbehave",
            how("raises"),
            "refused: `misbehave` failed with ValueError: no such thing; `logs://[id]` has the traceback",
        ),
        (
            "misbehave",
            how("refuses"),
            "refused: give me less, with {\"limit\":3}",
        ),
        (
            "misbehave",
            how("recurses"),
            "refused: `misbehave` failed with RecursionError: maximum recursion depth exceeded; `logs://[id]` has the traceback",
        ),
        (
            "misbehave",
            how("leaks"),
            "refused: `misbehave` failed with MemoryError: it asked for more memory than it may have; `logs://[id]` has the traceback",
        ),
        ("overruns", how("loops"), stopped),
        ("overruns", how("sleeps"), stopped),
        ("overruns", how("swallows"), stopped),
        ("overruns", how("holds the GIL"), stopped),
        ("overruns", how("catastrophic regex"), stopped),
        ("misbehave", how("forks"), "parent"),
        ("misbehave", how("leaves a child"), "parent"),
        ("misbehave", how("prints"), "printed"),
        (
            "misbehave",
            how("os._exit"),
            "refused: `misbehave` ended its worker with exit code 3; `logs://[id]` has what it last wrote",
        ),
        (
            "misbehave",
            how("sys.exit"),
            "refused: `misbehave` failed with SystemExit: 4; `logs://[id]` has the traceback",
        ),
        (
            "misbehave",
            how("segfault"),
            "refused: `misbehave` ended its worker by signal 11 (SIGSEGV); `logs://[id]` has what it last wrote",
        ),
        (
            "misbehave",
            how("abort"),
            "refused: `misbehave` ended its worker by signal 6 (SIGABRT); `logs://[id]` has what it last wrote",
        ),
        (
            "misbehave",
            how("closes everything"),
            "refused: `misbehave` ended its worker by signal 9 (SIGKILL); `logs://[id]` has what it last wrote",
        ),
        (
            "misbehave",
            how("kills itself"),
            "refused: `misbehave` ended its worker by signal 15 (SIGTERM); `logs://[id]` has what it last wrote",
        ),
        (
            "exits",
            json!({}),
            "refused: `exits` ended its worker with exit code 5; `logs://[id]` has what it last wrote",
        ),
        (
            "spins",
            json!({}),
            "refused: `spins` was stopped: the deadline of 400 ms has passed",
        ),
    ]
}

fn results() -> Vec<Row> {
    let how = |how: &str| json!({"how": how});
    vec![
        (
            "promises",
            json!({}),
            "refused: `promises` returned what its output schema does not allow\n- at `/result`: \"seven\" is not of type \"integer\"",
        ),
        (
            "promises_more",
            json!({}),
            "refused: `promises_more` returned what its output schema does not allow\n- at `/b`: \"two\" is not of type \"integer\"",
        ),
        (
            "misbehave",
            how("100 MB"),
            "refused: the result is 95.4 MiB of JSON, and 16.0 MiB is the limit: return a part of it, or a summary, with {\"pointer\":\"\"}",
        ),
        (
            "misbehave",
            how("nan"),
            "refused: the result is nan, which JSON cannot hold: return None or text instead, with {\"pointer\":\"\"}",
        ),
        (
            "misbehave",
            how("cycle"),
            "refused: the result at /0 contains itself, which JSON cannot hold: return a copy without the cycle, with {\"pointer\":\"/0\"}",
        ),
        (
            "misbehave",
            how("non-string key"),
            "refused: the result has the key (1, 2) of type tuple, and JSON's keys are text: write str(key), with {\"pointer\":\"\"}",
        ),
        (
            "misbehave",
            how("not serialisable"),
            "refused: the result is <class 'object'> of type type, which JSON cannot hold: return a dict, list, text or number, with {\"pointer\":\"\"}",
        ),
        (
            "misbehave",
            how("lone surrogate"),
            "refused: the result holds text that is not Unicode (surrogates not allowed: '\\ud800'): return bytes, or text.encode('utf-8', 'replace').decode(), with {\"pointer\":\"\"}",
        ),
        ("misbehave", how("reads input"), ""),
    ]
}

/// What a call came to, in one line, without what differs from call to call. One that could not
/// start in time, as the worker that the call before it has ended was being replaced, is made again.
fn outcome(server: &Server, tool: &str, arguments: &Value) -> String {
    loop {
        let outcome = one_outcome(server, tool, arguments);
        if !outcome.ends_with("before the call could start") {
            return outcome;
        }
    }
}

fn one_outcome(server: &Server, tool: &str, arguments: &Value) -> String {
    let params = json!({"name": tool, "arguments": arguments});
    let answer = ask_with(server, "active", "tools/call", params, &[]);
    let error = &answer["error"];
    if error.is_object() {
        let message = error["message"].as_str().unwrap();
        return format!("error {}: {message}", error["code"]);
    }
    let result = &answer["result"];
    let text = result["content"][0]["text"].as_str().unwrap();
    if result["isError"] == false {
        return text.to_owned();
    }
    let mut text = format!("refused: {text}");
    if let Some(id) = result["_meta"]["conversation_id"].as_str() {
        text = text.replace(id, "[id]");
    }
    if result["_meta"]["data"].is_object() {
        text = format!("{text}, with {}", result["_meta"]["data"]);
    }
    text
}

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("luthier.toml", SETTINGS);
    workspace.write("tools/runner/it.py", TOOLS);
    workspace
}

fn echo(server: &Server, text: &str) {
    let result = call(server, "active", "echo", &json!({"text": text}));
    assert_eq!(result["structuredContent"]["result"], text, "{result}");
}

#[test]
fn each_misdeed_of_a_tool_or_its_caller_has_one_clear_answer_and_harms_no_other_call() {
    let server = Server::start_in(&workspace());

    let mut wrong = Vec::new();
    for (tool, arguments, expected) in rows() {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            // These are answered whatever goes on beside them.
            scope.spawn(|| {
                while !is_over.load(Relaxed) {
                    echo(&server, "meanwhile");
                }
            });
            let seen = outcome(&server, tool, &arguments);
            is_over.store(true, Relaxed);
            if seen != expected {
                wrong.push(format!("{tool} {arguments}: {seen}\n  wanted {expected}"));
            }
        });
        echo(&server, "afterwards");
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let lines = resource(&server, "active", "logs://recent?limit=1000")["lines"].to_string();
    for line in ["to stdout", "to stderr", "in raises"] {
        assert!(lines.contains(line), "{line} in {lines}");
    }
}

#[test]
fn fifty_segfaults_among_two_thousand_calls_fail_no_call_but_their_own() {
    const CALLERS: u32 = 8;
    const GOOD_OF_EACH: u32 = 250;
    const SEGFAULTS: u32 = 50;
    let server = Server::start_in(&workspace());
    let good = AtomicU32::new(0);

    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (server, good) = (&server, &good);
            scope.spawn(move || {
                for number in 0..GOOD_OF_EACH {
                    echo(server, &format!("{caller} {number}"));
                    good.fetch_add(1, Relaxed);
                }
            });
        }
        for number in 0..SEGFAULTS {
            // Spread over all of the load.
            let before = number * CALLERS * GOOD_OF_EACH / SEGFAULTS;
            until(&json!(true), || json!(good.load(Relaxed) >= before));
            let seen = outcome(&server, "misbehave", &json!({"how": "segfault"}));
            assert!(seen.contains("by signal 11 (SIGSEGV)"), "{seen}");
        }
    });

    assert_eq!(good.into_inner(), CALLERS * GOOD_OF_EACH);
}
