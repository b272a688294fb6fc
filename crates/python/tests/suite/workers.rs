//! The life of worker processes.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    net::TcpListener,
    time::Duration,
};

use bytes::Bytes;
use python::{CallError, Code, Settings};

use crate::support::{Fixture, settings};

const TOOLS: &str = r#"
import os, resource, sys, ctypes

kept = []

@tool
def pid() -> int:
    "x"
    return os.getpid()

@tool
def keeps(megabytes: int) -> int:
    "x"
    kept.append(b"x" * (megabytes << 20))
    return os.getpid()

@tool
def leaves() -> None:
    "x"
    print("before the end")
    os.write(2, b"by descriptor\n")
    os._exit(9)

@tool
def fences() -> dict:
    "x"
    death = ctypes.c_int()
    ctypes.CDLL(None).prctl(2, ctypes.byref(death))
    open_files = []
    for name in os.listdir("/proc/self/fd"):
        try:
            open_files.append(os.readlink(f"/proc/self/fd/{name}").partition(":")[0])
        except FileNotFoundError:
            pass
    import subprocess
    inherited = subprocess.run(["ls", "/proc/self/fd"], stdout=subprocess.PIPE, close_fds=False).stdout.split()
    return {"core": resource.getrlimit(resource.RLIMIT_CORE), "parent_death_signal": death.value,
            "leads_its_group": os.getpgrp() == os.getpid() == os.getsid(0), "open": sorted(open_files),
            "inherited": len(inherited), "site": "site" in sys.modules, "path": [p for p in sys.path if "site-packages" in p]}

@tool
def holds(port: int) -> None:
    "x"
    import socket, time
    kept.append(socket.create_connection(("127.0.0.1", port)))
    if os.fork() == 0:
        time.sleep(1000)

@tool
def modules() -> int:
    "x"
    return sum("@" in name for name in sys.modules)
"#;

/// Code that differs from any other in one comment.
async fn load_numbered(fixture: &Fixture, number: usize) -> Code {
    let source = format!("from luthier import tool\nnumber = {number}\n{TOOLS}");
    let files = BTreeMap::from([("tools/runner/it.py".to_owned(), Bytes::from(source))]);
    let hash = format!("{number:012}");
    fixture.pool.load(&hash, &hash, files).await.unwrap()
}

/// Calls until another worker answers.
async fn call_until_replaced(fixture: &Fixture, code: &Code, before: &str) {
    let calls = async { while fixture.value(code, "pid", "{}").await == before {} };
    tokio::time::timeout(Duration::from_secs(20), calls)
        .await
        .unwrap();
}

fn one_worker() -> Settings {
    Settings {
        workers: 1,
        ..settings()
    }
}

#[tokio::test]
async fn a_worker_is_fenced_in() {
    let fixture = Fixture::start().await;
    let code = fixture.load(TOOLS).await;

    let value = fixture.value(&code, "fences", "{}").await;

    // Standard input from nowhere; both outputs to the log; two streams and the shared memory; the
    // folder that is being listed.
    insta::assert_snapshot!(value, @r#"{"core":[0,0],"parent_death_signal":9,"leads_its_group":true,"open":["/dev/null","pipe","pipe","socket","socket"],"inherited":4,"site":false,"path":[]}"#);
}

#[tokio::test]
async fn a_crash_names_the_tool_and_its_last_lines() {
    let fixture = Fixture::start().await;
    let code = fixture.load(TOOLS).await;

    let error = fixture.call(&code, "leaves", "{}").await.unwrap_err();

    let CallError::Crashed(crash) = error else {
        panic!("{error}")
    };
    assert_eq!((crash.tool.as_str(), crash.exit_code), ("leaves", Some(9)));
    assert_eq!(
        crash.last_log_lines.iter().collect::<BTreeSet<_>>(),
        BTreeSet::from([&"before the end".to_owned(), &"by descriptor".to_owned()])
    );
}

#[tokio::test]
async fn a_spare_that_has_the_code_takes_over_from_a_worker_that_crashed() {
    let fixture = Fixture::with(one_worker()).await;
    let code = fixture.load(TOOLS).await;
    let workers = fixture.pool.workers();
    let spare = workers.iter().find(|worker| worker.is_spare).unwrap();

    fixture.call(&code, "leaves", "{}").await.unwrap_err();
    let next = fixture.value(&code, "pid", "{}").await;

    assert_eq!(next, spare.pid.to_string());
}

#[tokio::test]
async fn a_worker_that_has_grown_is_replaced() {
    let settings = Settings {
        growth_bytes_max: 30 << 20,
        ..one_worker()
    };
    let fixture = Fixture::with(settings).await;
    let code = fixture.load(TOOLS).await;
    // So that there is a measure of its size before.
    let measured = async {
        for _ in 0..20 {
            fixture.value(&code, "pid", "{}").await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    measured.await;

    let before = fixture.value(&code, "keeps", r#"{"megabytes":60}"#).await;

    call_until_replaced(&fixture, &code, &before).await;
}

#[tokio::test]
async fn a_worker_that_has_run_enough_is_replaced() {
    let settings = Settings {
        calls_per_worker_max: 100,
        ..one_worker()
    };
    let fixture = Fixture::with(settings).await;
    let code = fixture.load(TOOLS).await;

    let before = fixture.value(&code, "pid", "{}").await;

    call_until_replaced(&fixture, &code, &before).await;
}

#[tokio::test]
async fn a_pool_that_is_dropped_leaves_no_process_behind() {
    let fixture = Fixture::with(one_worker()).await;
    let code = fixture.load(TOOLS).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let arguments = format!(r#"{{"port":{port}}}"#);
    fixture.value(&code, "holds", &arguments).await;
    let (mut connection, _) = listener.accept().unwrap();

    drop(code);
    drop(fixture);

    // The worker and the child that it forked held the other end.
    let read = tokio::task::spawn_blocking(move || connection.read(&mut [0]));
    let end = tokio::time::timeout(Duration::from_secs(20), read).await;
    assert!(matches!(end.unwrap().unwrap(), Ok(0) | Err(_)));
}

#[tokio::test]
async fn codes_beyond_the_bound_go_and_come_back_on_demand() {
    let settings = Settings {
        codes_per_worker_max: 2,
        ..one_worker()
    };
    let fixture = Fixture::with(settings).await;
    let mut codes = Vec::new();
    for number in 0..5 {
        codes.push(load_numbered(&fixture, number).await);
    }

    for _ in 0..2 {
        for code in &codes {
            let modules = fixture.value(code, "modules", "{}").await;
            // The one that is dropped next is still there while it is.
            assert!(modules == "2" || modules == "3", "{modules}");
        }
    }
}

#[tokio::test]
async fn three_hundred_reloads_leave_workers_as_large_as_before() {
    let fixture = Fixture::with(one_worker()).await;
    let mut code = load_numbered(&fixture, 0).await;
    for number in 1..500 {
        code = load_numbered(&fixture, number).await;
        fixture.value(&code, "pid", "{}").await;
    }
    let before = largest(&fixture);

    for number in 500..800 {
        code = load_numbered(&fixture, number).await;
        fixture.value(&code, "pid", "{}").await;
    }

    let grown = largest(&fixture).saturating_sub(before);
    assert!(grown < 2 << 20, "{grown} bytes");
    let modules = fixture.value(&code, "modules", "{}").await;
    assert!(matches!(modules.as_str(), "1" | "2"), "{modules}");
}

fn largest(fixture: &Fixture) -> u64 {
    let workers = fixture.pool.workers();
    workers
        .iter()
        .map(|worker| worker.resident_bytes)
        .max()
        .unwrap()
}

#[tokio::test]
async fn a_worker_at_rest_is_small() {
    let fixture = Fixture::start().await;
    let code = load_numbered(&fixture, 0).await;
    fixture.value(&code, "pid", "{}").await;

    for worker in fixture.pool.workers() {
        assert!(worker.resident_bytes < 20 << 20, "{worker:?}");
    }
}

#[tokio::test]
async fn a_program_that_is_no_worker_is_told_of_instead_of_waited_for() {
    let settings = Settings {
        program: "/bin/false".into(),
        ..settings()
    };
    let pool = python::Pool::start(settings).unwrap();

    let error = pool.ready().await.unwrap_err();

    insta::assert_snapshot!(error, @"no worker could load this: /bin/false did not become a worker: it ended, or said something else");
}
