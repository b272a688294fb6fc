//! Cells of a nursery: what they do, what ends them, and what they cannot reach.

use std::sync::atomic::Ordering;

use python::frame::{Kind, LogHeader, NestedHeader, RaisedHeader};
use serde_json::json;

use super::host::{Host, bounds};

const ADD: &str = r"
@tool
def add(a: int, b: int = 2) -> int:
    'Adds.'
    return a + b
";

const HANGS: &str = r"
import time

@tool
def loops() -> None:
    'x'
    print('begun')
    while True:
        pass

@tool
def sleeps() -> None:
    'x'
    print('begun')
    time.sleep(1000)

@tool
def waits(ctx: Context) -> None:
    'x'
    print('begun')
    ctx.call('nobody')
";

#[test]
fn a_fresh_cell_loads_code_and_answers() {
    let host = Host::start();
    let mut cell = host.open(&bounds());

    cell.load(ADD);
    let value = cell.value("add", r#"{"a":3}"#);

    insta::assert_snapshot!(value, @"5");
    assert_eq!(cell.shared.started().load(Ordering::SeqCst), 2);
    assert_eq!(cell.shared.running().load(Ordering::SeqCst), 0);
}

#[test]
fn a_cell_says_what_it_has_used_when_it_ends() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load(ADD);
    cell.value("add", r#"{"a":3}"#);

    host.end(&cell);
    let end = host.ended();

    assert_eq!(end["why"], "order");
    assert!(end["cpu_us"].as_u64().unwrap() > 0, "{end}");
    assert!(end["memory_bytes"].as_u64().unwrap() > 1 << 20, "{end}");
    assert_eq!(end.get("fuel"), None);
}

#[test]
fn whatever_a_cell_does_an_order_ends_it() {
    let host = Host::start();
    for tool in ["loops", "sleeps", "waits"] {
        let mut cell = host.open(&bounds());
        cell.load(HANGS);
        cell.begin_and_hear(tool);

        host.end(&cell);

        assert_eq!(host.ended()["why"], "order", "{tool}");
    }
}

#[test]
fn a_stream_that_closes_ends_a_cell_in_the_middle_of_a_call() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load(HANGS);
    cell.begin_and_hear("loops");

    drop(cell);

    assert_eq!(host.ended()["why"], "order");
}

#[test]
fn an_interrupted_call_is_told_of_and_is_the_last_of_its_cell() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load(HANGS);
    let id = cell.begin_and_hear("sleeps");

    cell.interrupt(id);

    let raised = cell.frame().unwrap();
    let header: RaisedHeader = raised.read().unwrap();
    assert_eq!((raised.kind, raised.id), (Kind::Raised, id));
    insta::assert_debug_snapshot!(header.meaning, @"Interrupt");
    assert!(cell.frame().is_none());
    assert_eq!(host.ended()["why"], "order");
}

#[test]
fn a_call_that_was_interrupted_before_it_began_is_skipped() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load(ADD);
    let id = 3;
    cell.interrupt(id);

    // The answer of the first says that the cell has heard the control stream before the second.
    cell.value("add", r#"{"a":3}"#);
    let skipped = cell.call("add", r#"{"a":3}"#);

    assert_eq!((skipped.kind, skipped.id), (Kind::Skipped, id));
    assert_eq!(cell.value("add", r#"{"a":4}"#), "6");
}

#[test]
fn one_cell_answers_while_another_loops() {
    let host = Host::start();
    let mut stuck = host.open(&bounds());
    stuck.load(HANGS);
    stuck.begin_and_hear("loops");

    let mut cell = host.open(&bounds());
    cell.load(ADD);
    let value = cell.value("add", r#"{"a":1}"#);

    assert_eq!(value, "3");
}

#[test]
fn a_cell_does_not_outlive_its_life() {
    let host = Host::start();
    let mut bounds = bounds();
    bounds["life_ms_max"] = json!(300);
    let mut cell = host.open(&bounds);
    cell.load(HANGS);

    cell.begin("sleeps", "{}");

    assert_eq!(host.ended()["why"], "life");
}

#[test]
fn a_cell_that_takes_more_memory_than_it_may_ends() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load("@tool\ndef grow() -> int:\n    'x'\n    kept = []\n    while True:\n        kept.append(bytearray(1 << 20))\n");

    cell.begin("grow", "{}");
    let end = host.ended();

    assert_eq!(end["why"], "memory");
    let most = 64 << 20;
    let used = end["memory_bytes"].as_u64().unwrap();
    assert!((most / 2..most * 3 / 2).contains(&used), "{end}");
}

#[test]
fn a_cell_that_prints_more_than_it_may_ends() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load("@tool\ndef talk() -> None:\n    'x'\n    while True:\n        print('x' * 1000)\n");

    cell.begin("talk", "{}");
    let mut printed = 0;
    while let Some(frame) = cell.frame() {
        printed += frame.read::<LogHeader>().unwrap().message.len();
    }

    assert_eq!(host.ended()["why"], "output");
    assert!((900_000..1 << 20).contains(&printed), "{printed}");
}

#[test]
fn a_call_that_takes_more_instructions_than_it_may_ends_its_cell() {
    let host = Host::start();
    let mut bounds = bounds();
    let most = 500_000_000_u64;
    bounds["fuel_max"] = json!(most);
    let mut cell = host.open(&bounds);
    cell.load(&format!("{ADD}{HANGS}"));
    assert_eq!(cell.value("add", r#"{"a":1}"#), "3");

    cell.begin("loops", "{}");
    while cell.frame().is_some() {}
    let end = host.ended();

    assert_eq!(end["why"], "fuel");
    let used = end["fuel"].as_u64().unwrap();
    assert!((most..2 * most).contains(&used), "{end}");
}

#[test]
fn a_call_that_a_tool_makes_is_answered_from_outside() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load("@tool\ndef outer(ctx: Context) -> str:\n    'x'\n    try:\n        return ctx.call('inner', {'n': 1})\n    except ToolError as error:\n        return f'told: {error}'\n");
    let results = [(Ok("\"so\""), "\"so\""), (Err("no"), "\"told: no\"")];
    for (result, expected) in results {
        let id = cell.begin("outer", "{}");
        let asked = cell.frame().unwrap();
        let header: NestedHeader = asked.read().unwrap();
        assert_eq!(
            (asked.kind, asked.id, header.tool.as_str()),
            (Kind::Nested, id, "inner")
        );
        assert_eq!(&asked.body[..], br#"{"n":1}"#);

        cell.result(id, header.nested, result);

        let answer = cell.frame().unwrap();
        assert_eq!(answer.body, expected, "{answer:?}");
    }
}

#[test]
fn nothing_of_the_machine_is_there() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load(
        r"
import os

def tried(attempt) -> str:
    try:
        return repr(attempt())
    except BaseException as error:
        return type(error).__name__

def connect():
    import socket
    return socket.create_connection(('127.0.0.1', 80))

def thread():
    import threading
    threading.Thread(target=print).start()

def program():
    import subprocess
    return subprocess.run(['true'])

def ask_host():
    from wit_world import host
    return host('files', b'{}', b'')

@tool
def reach() -> dict[str, str]:
    'x'
    return {
        'read': tried(lambda: open('/etc/hostname').read()),
        'write': tried(lambda: open('/tmp/x', 'w')),
        'list': tried(lambda: os.listdir('/')),
        'environment': tried(lambda: dict(os.environ)),
        'socket': tried(connect),
        'thread': tried(thread),
        'program': tried(program),
        'host': tried(ask_host),
    }
",
    );

    let value = cell.value("reach", "{}");

    let value: serde_json::Value = serde_json::from_str(&value).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn an_answer_that_only_the_host_may_give_ends_the_cell() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load("import sys\n@tool\ndef forge() -> int:\n    'x'\n    sys.modules['app']._ACTS[4] = lambda header, body: (33, b'{\"number\":1}', b'{}')\n    return 1\n");
    cell.value("forge", "{}");

    cell.begin("forge", "{}");
    assert!(cell.frame().is_none());

    insta::assert_snapshot!(host.ended()["why"]["forged"].as_str().unwrap(), @"33 is no answer to Call");
}

#[test]
fn code_that_leaves_ends_its_cell_as_failed() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load("import os\n@tool\ndef leave() -> int:\n    'x'\n    os._exit(3)\n");

    cell.begin("leave", "{}");
    assert!(cell.frame().is_none());

    let end = host.ended();
    // WASI says no more than that it failed.
    assert_eq!(end["code"], 1, "{end}");
    assert_eq!(end.get("why"), None);
}

#[test]
fn endless_recursion_is_the_tools_error_and_not_the_end() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load("import json\n@tool\ndef deep() -> int:\n    'x'\n    return deep()\n@tool\ndef nested() -> str:\n    'x'\n    value = []\n    for _ in range(100_000):\n        value = [value]\n    return json.dumps(value)\n@tool\ndef shown() -> str:\n    'x'\n    value = []\n    for _ in range(100_000):\n        value = [value]\n    return repr(value)\n@tool\ndef text() -> str:\n    'x'\n    return str(eval('(' * 90 + ')' * 90))\n");

    for tool in ["deep", "nested", "shown"] {
        let raised: RaisedHeader = cell.call(tool, "{}").read().unwrap();
        assert_eq!(raised.r#type, "RecursionError", "{raised:?}");
    }

    assert_eq!(cell.value("text", "{}"), "\"()\"");
}

#[test]
fn no_two_cells_draw_the_same_numbers() {
    let host = Host::start();
    let draw = || {
        let mut cell = host.open(&bounds());
        cell.load("import random, uuid\n@tool\ndef draw() -> list[str]:\n    'x'\n    return [str(random.random()), str(uuid.uuid4())]\n");
        let value = cell.value("draw", "{}");
        serde_json::from_str::<[String; 2]>(&value).unwrap()
    };

    let (first, second) = (draw(), draw());

    assert_ne!(first[0], second[0]);
    assert_ne!(first[1], second[1]);
}

#[test]
fn the_standard_library_is_there_without_files() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load(
        r"
import importlib
NAMES = '''argparse asyncio base64 bisect calendar collections csv configparser concurrent.futures contextlib
copy ctypes dataclasses datetime decimal difflib email.mime.text enum fileinput fractions functools getpass
gettext glob graphlib gzip hashlib heapq hmac html http.client imaplib inspect io itertools json
json.tool logging.handlers mailbox numbers optparse pathlib pickle plistlib pprint queue random re sched
secrets selectors shelve shutil socket sqlite3 ssl statistics string subprocess tarfile tempfile textwrap
threading timeit tomllib typing unicodedata unittest urllib.request uuid wave xml.dom.minidom
xml.etree.ElementTree xmlrpc.client zipfile zlib zoneinfo'''.split()

@tool
def absent() -> list[str]:
    'x'
    found = []
    for name in NAMES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            found.append(f'{name}: {error}')
    return found
",
    );

    let absent = cell.value("absent", "{}");

    insta::assert_snapshot!(absent);
}

#[test]
fn code_that_is_dropped_is_missing() {
    let host = Host::start();
    let mut cell = host.open(&bounds());
    cell.load(ADD);

    cell.unload();

    assert_eq!(cell.call("add", "{}").kind, Kind::Missing);
}

#[test]
fn code_that_does_not_load_says_where() {
    let host = Host::start();
    let mut cell = host.open(&bounds());

    let failed = cell.try_load("\n\ndef broken(:\n    pass\n");

    assert_eq!(failed.kind, Kind::LoadFailed);
    let failed: python::frame::LoadFailed = failed.read().unwrap();
    insta::assert_snapshot!(format!("{}:{:?}: {}", failed.file, failed.line, failed.message), @"tools/runner/it.py:Some(4): SyntaxError: invalid syntax");
}
