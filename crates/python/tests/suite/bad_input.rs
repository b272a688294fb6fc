//! What tools and modules do wrong: each is one clear answer, and no other call is harmed.

use std::time::Duration;

use python::{CallError, Code, LoadError, Settings};

use crate::support::{Fixture, settings};

const TOOLS: &str = r#"
import ctypes, os, re, sys, time

@tool
def echo(text: str) -> str:
    "x"
    return text

@tool
def misbehave(how: str) -> object:
    "x"
    return WAYS[how]()

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
            while True:
                pass
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

def cyclic():
    value = []
    value.append(value)
    return value

def closes_everything():
    os.closerange(3, 1000)
    time.sleep(1000)

def reads_input():
    return sys.stdin.read() if sys.stdin else "no input"

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
    "not serialisable": lambda: object(),
    "lone surrogate": lambda: "\ud800",
    "reads input": reads_input,
}
"#;

/// Less memory, so that a leak is soon over; more time to say where a call was stopped, since other
/// tests run beside this one.
fn patient() -> Settings {
    Settings {
        memory_bytes_max: 400 << 20,
        grace: Duration::from_millis(700),
        ..settings()
    }
}

/// The innermost function of the author's own in a traceback.
fn place(traceback: &str) -> &str {
    let mut lines = traceback.lines().map(str::trim);
    let last = lines.rfind(|line| line.starts_with("File \"tools/"));
    last.and_then(|line| line.rsplit(" in ").next())
        .unwrap_or("nowhere")
}

/// One line about how a call ended.
async fn outcome(fixture: &Fixture, code: &Code, way: &str) -> String {
    let arguments = format!("{{\"how\":\"{way}\"}}");
    let mut request = fixture.request(code, "misbehave", &arguments);
    // These end by themselves; everything else that lasts is to be stopped.
    let is_slow = matches!(way, "leaks" | "100 MB");
    request.deadline = Duration::from_millis(if is_slow { 20_000 } else { 400 });
    match fixture.pool.call(request).await {
        Ok(answer) if answer.value.len() > 100 => format!("answer of {} bytes", answer.value.len()),
        Ok(answer) => format!("answer {}", String::from_utf8_lossy(&answer.value)),
        Err(CallError::Raised(raised)) if raised.is_tool_error => {
            format!("tool error: {}", raised.message)
        }
        Err(CallError::DeadlineExceeded { traceback, .. }) => {
            format!("deadline, in {}", place(&traceback))
        }
        Err(CallError::Crashed(crash)) => {
            let printed = crash.last_log_lines.join(", ");
            format!("{crash} [{printed}], in {}", place(&crash.traceback))
        }
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_misdeed_of_a_tool_is_one_clear_answer_and_harms_no_other_call() {
    let fixture = Fixture::with(patient()).await;
    let code = fixture.load(TOOLS).await;
    let mut table = Vec::new();
    for way in [
        "raises",
        "refuses",
        "recurses",
        "leaks",
        "loops",
        "sleeps",
        "swallows",
        "holds the GIL",
        "catastrophic regex",
        "forks",
        "leaves a child",
        "prints",
        "os._exit",
        "sys.exit",
        "segfault",
        "abort",
        "closes everything",
        "kills itself",
        "100 MB",
        "nan",
        "cycle",
        "non-string key",
        "not serialisable",
        "lone surrogate",
        "reads input",
    ] {
        let end = tokio_util::sync::CancellationToken::new();
        let others = async {
            let mut harmed = Vec::new();
            while !end.is_cancelled() {
                let answer = fixture.call(&code, "echo", r#"{"text":"x"}"#).await;
                harmed.extend(answer.err().map(|error| error.to_string()));
            }
            harmed
        };
        let misdeed = async {
            let line = outcome(&fixture, &code, way).await;
            end.cancel();
            line
        };
        let (line, harmed) = tokio::join!(misdeed, others);
        assert_eq!(harmed, Vec::<String>::new(), "{way}");
        let (line, _address) = line.split_once(" at 0x").unwrap_or((&line, ""));
        table.push(format!("{way}: {line}"));
    }

    insta::assert_snapshot!(table.join("\n"), @r#"
    raises: ValueError: no such thing
    refuses: tool error: give me less
    recurses: RecursionError: maximum recursion depth exceeded
    leaks: MemoryError: it asked for more memory than it may have
    loops: deadline, in loops
    sleeps: deadline, in <lambda>
    swallows: deadline, in swallows
    holds the GIL: deadline, in <lambda>
    catastrophic regex: deadline, in <lambda>
    forks: answer "parent"
    leaves a child: answer "parent"
    prints: answer "printed"
    os._exit: `misbehave` ended its worker with exit code 3 [], in nowhere
    sys.exit: SystemExit: 4
    segfault: `misbehave` ended its worker by signal 11 (SIGSEGV) [Fatal Python error: Segmentation fault], in <lambda>
    abort: `misbehave` ended its worker by signal 6 (SIGABRT) [Fatal Python error: Aborted], in <lambda>
    closes everything: `misbehave` ended its worker by signal 9 (SIGKILL) [], in nowhere
    kills itself: `misbehave` ended its worker by signal 15 (SIGTERM) [], in nowhere
    100 MB: tool error: the result is 95.4 MiB of JSON, and 16.0 MiB is the limit: return a part of it, or a summary
    nan: tool error: the result is nan, which JSON cannot hold: return None or text instead
    cycle: tool error: the result at /0 contains itself, which JSON cannot hold: return a copy without the cycle
    non-string key: tool error: the result has the key (1, 2) of type tuple, and JSON's keys are text: write str(key)
    not serialisable: tool error: the result is <object object
    lone surrogate: tool error: the result holds text that is not Unicode (surrogates not allowed: '\ud800'): return bytes, or text.encode('utf-8', 'replace').decode()
    reads input: answer ""
    "#);
}

async fn load_failure(fixture: &Fixture, source: &str) -> String {
    match fixture.try_load(source).await {
        Ok(_) => "loaded".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Loads a module while others call; gives the outcome and how many calls were answered meanwhile.
async fn load_among_calls(fixture: &Fixture, code: &Code, source: &str) -> (String, u32) {
    let end = tokio_util::sync::CancellationToken::new();
    let others = async {
        let mut answered = 0;
        while !end.is_cancelled() {
            fixture.value(code, "echo", r#"{"text":"x"}"#).await;
            answered += 1;
        }
        answered
    };
    let load = async {
        let line = load_failure(fixture, source).await;
        end.cancel();
        line
    };
    tokio::join!(load, others)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_module_that_cannot_be_loaded_says_why_and_harms_no_call() {
    let fixture = Fixture::start().await;
    let code = fixture.load(TOOLS).await;
    let mut table = Vec::new();
    for (name, source) in [
        ("syntax", "def f(:\n"),
        ("import", "import no_such_module\n"),
        ("raises", "1 / 0\n"),
        ("exits", "import os; os._exit(7)\n"),
        ("quits", "import sys; sys.exit(7)\n"),
        ("segfault", "import ctypes; ctypes.string_at(0)\n"),
    ] {
        let (line, _answered) = load_among_calls(&fixture, &code, source).await;
        table.push(format!("{name}: {line}"));
    }

    insta::assert_snapshot!(table.join("\n"), @"
    syntax: tools/runner/it.py:2: SyntaxError: invalid syntax
    import: tools/runner/it.py:2: ModuleNotFoundError: No module named 'no_such_module': add it to tools/requirements.txt, or use the standard library
    raises: tools/runner/it.py:2: ZeroDivisionError: division by zero
    exits: loading failed: `test` ended its worker with exit code 7
    quits: tools/runner/it.py:2: SystemExit: 7
    segfault: loading failed: `test` ended its worker by signal 11 (SIGSEGV)
    ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_that_does_not_end_loading_is_given_up_and_holds_up_no_call() {
    let settings = Settings {
        load_deadline: Duration::from_secs(1),
        ..settings()
    };
    let fixture = Fixture::with(settings).await;
    let code = fixture.load(TOOLS).await;
    let mut table = Vec::new();
    for (name, source) in [
        ("loops", "while True: pass\n"),
        ("sleeps", "import time; time.sleep(1000)\n"),
        ("holds the GIL", "sum(range(10**11))\n"),
    ] {
        let (line, answered) = load_among_calls(&fixture, &code, source).await;
        assert!(answered > 50, "{name}: {answered}");
        table.push(format!("{name}: {line}"));
    }

    insta::assert_snapshot!(table.join("\n"), @"
    loops: tools/runner/it.py:2: loading took longer than 1000 ms; do slow work in the tools, not at import
    sleeps: tools/runner/it.py:2: loading took longer than 1000 ms; do slow work in the tools, not at import
    holds the GIL: loading took longer than 1000 ms; do slow work in the tools, not at import
    ");
}

#[tokio::test]
async fn a_module_that_cannot_be_loaded_names_its_file_and_line() {
    let fixture = Fixture::start().await;

    let problem = match fixture.try_load("x = 1\ndef f(:\n").await {
        Err(LoadError::Failed(problem)) => *problem,
        other => panic!("{:?}", other.err()),
    };

    assert_eq!(
        (problem.file.as_str(), problem.line),
        ("tools/runner/it.py", Some(3))
    );
}
