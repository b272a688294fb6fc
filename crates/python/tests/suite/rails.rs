//! Workers behind rails: whatever changes something is refused and told of, whatever does not works.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use python::{CallError, CallEvent, Code, Events, LoadError, Settings};
use tokio::sync::mpsc;

use crate::support::{Fixture, Told, settings};

pub(crate) fn railed() -> Settings {
    Settings {
        workers: 1,
        folder: "tools/runner".to_owned(),
        rails: true,
        ..settings()
    }
}

async fn load(fixture: &Fixture, source: &str) -> Result<Code, LoadError> {
    let source = format!("from luthier import tool\n{source}");
    let hash = source.clone();
    let files = BTreeMap::from([("tools/runner/it.py".to_owned(), Bytes::from(source))]);
    fixture.pool.load("test", &hash, files).await
}

/// Each is given the path of a file, that of one that is not there, and the folder of both.
const WAYS: &str = r#"
import asyncio, ctypes, json, logging, mmap, multiprocessing, os, pathlib, resource, shutil, signal, socket
import sqlite3, struct, subprocess, sys, tempfile, threading, time, zipfile

libc = ctypes.CDLL(None, use_errno=True)

def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")

def mapped():
    with open(json.__file__, "rb") as opened:
        mmap.mmap(opened.fileno(), 4, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)[:4] = b"gone"

def in_thread(run):
    raised = []
    def body():
        try:
            run()
        except BaseException as error:
            raised.append(error)
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    raise raised[0]

def database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (x)")

def all_that_is_open():
    for name in os.listdir("/proc/self/fd"):
        try:
            os.ftruncate(int(name), 0)
        except PermissionError:
            pass
    raise PermissionError

def memory_of_the_server():
    data = ctypes.create_string_buffer(b"x")
    vector = struct.pack("PP", ctypes.addressof(data), 1)
    checked(libc.process_vm_writev(os.getppid(), vector, 1, vector, 1, 0))

def starts(method):
    multiprocessing.get_context(method).Process(target=print).start()

WAYS = {
    "open for writing": lambda file, new, folder: open(file, "w"),
    "open for appending": lambda file, new, folder: open(file, "a"),
    "open for updating": lambda file, new, folder: open(file, "r+b"),
    "open a new file": lambda file, new, folder: open(new, "x"),
    "write_text": lambda file, new, folder: pathlib.Path(new).write_text("x"),
    "touch": lambda file, new, folder: pathlib.Path(new).touch(),
    "os.open O_WRONLY": lambda file, new, folder: os.open(file, os.O_WRONLY),
    "os.open O_RDWR": lambda file, new, folder: os.open(file, os.O_RDWR),
    "os.open O_CREAT": lambda file, new, folder: os.open(new, os.O_CREAT),
    "os.open O_TRUNC": lambda file, new, folder: os.open(file, os.O_TRUNC),
    "os.open O_APPEND": lambda file, new, folder: os.open(file, os.O_APPEND),
    "os.open O_TMPFILE": lambda file, new, folder: os.open(folder, os.O_TMPFILE | os.O_WRONLY),
    "os.rename": lambda file, new, folder: os.rename(file, new),
    "os.replace": lambda file, new, folder: os.replace(file, new),
    "os.symlink": lambda file, new, folder: os.symlink(file, new),
    "os.link": lambda file, new, folder: os.link(file, new),
    "os.unlink": lambda file, new, folder: os.unlink(file),
    "os.mkdir": lambda file, new, folder: os.mkdir(new),
    "os.rmdir": lambda file, new, folder: os.rmdir(folder),
    "os.mkfifo": lambda file, new, folder: os.mkfifo(new),
    "os.truncate": lambda file, new, folder: os.truncate(file, 0),
    "os.ftruncate of all that is open": lambda file, new, folder: all_that_is_open(),
    "os.chmod": lambda file, new, folder: os.chmod(file, 0o777),
    "os.chown": lambda file, new, folder: os.chown(file, 1, 1),
    "os.utime": lambda file, new, folder: os.utime(file, (0, 0)),
    "os.setxattr": lambda file, new, folder: os.setxattr(file, "user.x", b"x"),
    "os.chdir": lambda file, new, folder: os.chdir("/"),
    "shutil.copy": lambda file, new, folder: shutil.copy(os.devnull, new),
    "shutil.move": lambda file, new, folder: shutil.move(file, new),
    "tempfile": lambda file, new, folder: tempfile.TemporaryFile(dir=folder),
    "zipfile": lambda file, new, folder: zipfile.ZipFile(new, "w"),
    "logging to a file": lambda file, new, folder: logging.FileHandler(new),
    "sqlite3": lambda file, new, folder: database(new),
    "mmap of a file opened for reading": lambda file, new, folder: mapped(),
    "its own memory": lambda file, new, folder: open("/proc/self/mem", "r+b"),
    "ctypes open": lambda file, new, folder: checked(libc.open(new.encode(), os.O_CREAT | os.O_WRONLY, 0o600)),
    "ctypes creat": lambda file, new, folder: checked(libc.creat(new.encode(), 0o600)),
    "ctypes unlink": lambda file, new, folder: checked(libc.unlink(file.encode())),
    "ctypes mount": lambda file, new, folder: checked(libc.mount(b"none", folder.encode(), b"tmpfs", 0, None)),
    "ctypes ptrace": lambda file, new, folder: checked(libc.ptrace(16, os.getppid(), 0, 0)),
    "ctypes process_vm_writev": lambda file, new, folder: memory_of_the_server(),
    "ctypes prctl": lambda file, new, folder: checked(libc.prctl(1, 0, 0, 0, 0)),
    "syscall io_uring_setup": lambda file, new, folder: checked(libc.syscall(425, 1, None)),
    "syscall openat2": lambda file, new, folder: checked(libc.syscall(437, -100, new.encode(), None, 24)),
    "syscall pidfd_open": lambda file, new, folder: checked(libc.syscall(434, os.getppid(), 0)),
    "os.memfd_create": lambda file, new, folder: os.memfd_create("x"),
    "subprocess.run": lambda file, new, folder: subprocess.run(["touch", new]),
    "subprocess.run in a shell": lambda file, new, folder: subprocess.run(f"touch {new}", shell=True),
    "os.system": lambda file, new, folder: checked(-os.system(f"touch {new}")),
    "os.fork": lambda file, new, folder: os.fork(),
    "os.execv": lambda file, new, folder: os.execv("/bin/touch", ["touch", new]),
    "os.posix_spawn": lambda file, new, folder: os.posix_spawn("/bin/touch", ["touch", new], {}),
    "multiprocessing by fork": lambda file, new, folder: starts("fork"),
    "multiprocessing by spawn": lambda file, new, folder: starts("spawn"),
    "os.kill of the server": lambda file, new, folder: os.kill(os.getppid(), 0),
    "os.killpg of everybody": lambda file, new, folder: os.kill(-1, signal.SIGTERM),
    "resource.setrlimit": lambda file, new, folder: resource.setrlimit(resource.RLIMIT_DATA, (-1, -1)),
    "socket.socket": lambda file, new, folder: socket.socket(),
    "socket.create_connection": lambda file, new, folder: socket.create_connection(("127.0.0.1", 9)),
    "socket of a path": lambda file, new, folder: socket.socket(socket.AF_UNIX).bind(new),
    "asyncio.open_connection": lambda file, new, folder: asyncio.run(asyncio.open_connection("127.0.0.1", 9)),
    "in a thread": lambda file, new, folder: in_thread(lambda: open(new, "w")),
}

@tool
def ways() -> list[str]:
    "x"
    return list(WAYS)

@tool
def tries(way: str, file: str, new: str, folder: str) -> str:
    "x"
    try:
        WAYS[way](file, new, folder)
    except Exception as error:
        return f"raised {type(error).__name__}"
    return "done"

@tool
def pid() -> int:
    "x"
    return os.getpid()
"#;

#[tokio::test]
async fn whatever_changes_a_file_code_or_another_process_is_refused_and_told_of() {
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let (file, new) = (inner.join("it"), inner.join("new"));
    fs::write(&file, "as it was").unwrap();
    let fixture = Fixture::with(railed()).await;
    let code = load(&fixture, WAYS).await.unwrap();
    let ways = fixture.value(&code, "ways", "{}").await;
    let ways: Vec<String> = serde_json::from_str(&ways).unwrap();
    let worker = fixture.value(&code, "pid", "{}").await;
    let before = seen(&inner);

    let mut wrong = Vec::new();
    for way in &ways {
        let told = Arc::<Told>::default();
        let arguments = serde_json::json!({"way": way, "file": file, "new": new, "folder": inner});
        let mut request = fixture.request(&code, "tries", &arguments.to_string());
        request.events = Some(Arc::clone(&told) as _);
        let answer = fixture.pool.call(request).await;
        let came = answer.map(|answer| String::from_utf8(answer.value.to_vec()).unwrap());
        let came = came.unwrap_or_else(|error| error.to_string());
        let refused = told.lines().iter().any(|line| line.starts_with("refused "));
        let is_same = fixture.value(&code, "pid", "{}").await == worker;
        if !came.contains("raised") || !refused || !is_same || seen(&inner) != before {
            wrong.push((way, came, told.lines(), is_same, seen(&inner)));
        }
    }

    assert_eq!(wrong, []);
    assert!(ways.len() > 60, "{}", ways.len());
}

/// What of a folder could have changed.
fn seen(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        format!(
            "{entry:?} {:?} {:?} {text}",
            metadata.permissions(),
            metadata.modified()
        )
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort();
    entries
}

#[tokio::test]
async fn an_attempt_names_the_call_and_what_it_was_to_be_done_to() {
    let fixture = Fixture::with(railed()).await;
    let source = r#"
import os, socket, subprocess

@tool
def tries() -> None:
    "x"
    for attempt in [lambda: os.rename("/a", "/b"), lambda: open("/c", "w"), socket.socket, lambda: os.kill(1, 9), os.fork]:
        try:
            attempt()
        except PermissionError:
            pass
"#;
    let code = load(&fixture, source).await.unwrap();
    let told = Arc::<Told>::default();
    let mut request = fixture.request(&code, "tries", "{}");
    request.events = Some(Arc::clone(&told) as _);

    fixture.pool.call(request).await.unwrap();

    let rename = if cfg!(target_arch = "x86_64") {
        "rename"
    } else {
        "renameat"
    };
    assert_eq!(
        told.lines(),
        [
            &format!("refused {rename} /a -> /b"),
            "refused openat /c",
            "refused socket family 2",
            "refused kill process 1",
            "refused clone ",
        ]
    );
}

/// Hands on what a call tells, while it runs.
struct Hand(mpsc::Sender<CallEvent>);

impl Events for Hand {
    fn on_event(&self, event: CallEvent) {
        self.0.try_send(event).unwrap();
    }
}

const NEVER: &str = r#"
import os, time

@tool
def never() -> None:
    "x"
    try:
        open("/a", "w")
    except PermissionError:
        pass
    while True:
        time.sleep(1)

@tool
def ends() -> None:
    "x"
    try:
        open("/b", "w")
    except PermissionError:
        os.abort()
"#;

#[tokio::test]
async fn a_call_that_never_returns_or_ends_its_worker_is_told_of_too() {
    let fixture = Fixture::with(railed()).await;
    let code = load(&fixture, NEVER).await.unwrap();
    for (tool, path) in [("never", "/a"), ("ends", "/b")] {
        let (hand, mut handed) = mpsc::channel(8);
        let mut request = fixture.request(&code, tool, "{}");
        request.deadline = Duration::from_millis(300);
        request.events = Some(Arc::new(Hand(hand)));

        let call = fixture.pool.call(request);
        let (result, first) = tokio::join!(call, handed.recv());

        let error = result.unwrap_err();
        let is_as_expected = matches!(
            (tool, error),
            ("never", CallError::DeadlineExceeded { .. }) | ("ends", CallError::Crashed(_))
        );
        assert!(is_as_expected);
        let (what, detail) = ("openat".to_owned(), path.to_owned());
        assert_eq!(first, Some(CallEvent::Refused { what, detail }));
    }
}

#[tokio::test]
async fn a_thread_that_is_left_behind_is_held_too_and_the_worker_goes_on() {
    let fixture = Fixture::with(railed()).await;
    let source = r#"
import threading

tried = threading.Event()

def tries():
    for _ in range(100):
        try:
            open("/a", "w")
        except PermissionError:
            pass
    tried.set()

@tool
def leaves() -> None:
    "x"
    go.set()

@tool
def waits() -> bool:
    "x"
    return tried.wait(10)

def after():
    go.wait()
    tries()

go = threading.Event()
threading.Thread(target=after, daemon=True).start()
"#;
    let code = load(&fixture, source).await.unwrap();

    assert_eq!(fixture.value(&code, "leaves", "{}").await, "null");
    assert_eq!(fixture.value(&code, "waits", "{}").await, "true");
}

#[tokio::test]
async fn attempts_without_end_are_cut_short_and_slowed_down_until_the_deadline() {
    let fixture = Fixture::with(railed()).await;
    let source = r#"
@tool
def hammers() -> None:
    "x"
    while True:
        try:
            open("/a", "w")
        except PermissionError:
            pass
"#;
    let code = load(&fixture, source).await.unwrap();
    let told = Arc::<Told>::default();
    let mut request = fixture.request(&code, "hammers", "{}");
    request.deadline = Duration::from_millis(300);
    request.events = Some(Arc::clone(&told) as _);

    let error = fixture.pool.call(request).await.unwrap_err();

    assert!(matches!(error, CallError::DeadlineExceeded { .. }));
    let lines = told.lines();
    assert_eq!(lines.len(), 65);
    assert_eq!(
        lines[64],
        "refused more the call has tried more than 64 times; the rest is left out"
    );
}

const GOOD: &str = r#"
import asyncio, concurrent.futures, ctypes, datetime, decimal, email, hashlib, json, mmap, os, queue
import random, re, secrets, signal, sqlite3, ssl, statistics, tempfile, threading, time, uuid, zlib, zoneinfo

async def waits():
    await asyncio.gather(asyncio.sleep(0.001), asyncio.to_thread(time.sleep, 0.001))
    return "waited"

def calls_back():
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda number: number + 1)
    return callback(1)

def in_memory():
    with sqlite3.connect(":memory:") as connection:
        return connection.execute("select 1 + 1").fetchone()[0]

def alarmed():
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    while not seen:
        time.sleep(0.0005)
    signal.signal(signal.SIGALRM, before)
    signal.raise_signal(signal.SIGWINCH)
    return "heard"

@tool
def works() -> list:
    "x"
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        squares = list(pool.map(lambda number: number * number, range(4)))
    with open(json.__file__) as source:
        first = source.readline()
    shared = mmap.mmap(-1, 4096)
    shared[:2] = b"ok"
    return [
        json.loads("[1]"), str(decimal.Decimal("0.1") + 1), squares, first, shared[:2].decode(),
        asyncio.run(waits()), calls_back(), in_memory(), alarmed(), random.Random(1).randint(1, 6),
        hashlib.sha256(b"").hexdigest()[:8], len(secrets.token_bytes(4)), len(str(uuid.uuid4())),
        str(datetime.datetime(2026, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))),
        statistics.mean([1, 2]), os.cpu_count() > 0, time.localtime().tm_year > 2000, os.path.exists("/etc"),
    ]

@tool
async def takes_turns(number: int) -> int:
    "x"
    await asyncio.sleep(0.001)
    return number

@tool(blocking=True)
def blocks() -> str:
    "x"
    time.sleep(0.001)
    return "done"

@tool
async def tries() -> str:
    "x"
    await asyncio.sleep(0.001)
    try:
        open("/a", "w")
    except PermissionError:
        return "refused"
"#;

#[tokio::test]
async fn whatever_changes_nothing_works_as_in_any_worker_and_nothing_is_told() {
    let (plain, railed) = tokio::join!(
        Fixture::with(Settings {
            rails: false,
            ..railed()
        }),
        Fixture::with(railed())
    );
    let mut values = Vec::new();
    for fixture in [&plain, &railed] {
        let code = load(fixture, GOOD).await.unwrap();
        let told = Arc::<Told>::default();
        let mut request = fixture.request(&code, "works", "{}");
        request.events = Some(Arc::clone(&told) as _);
        let answer = fixture.pool.call(request).await.unwrap();
        assert_eq!(told.lines(), [""; 0]);
        values.push(answer.value);
    }

    assert_eq!(values[0], values[1]);
}

#[tokio::test]
async fn calls_on_an_event_loop_and_blocking_ones_run_behind_rails_too() {
    let fixture = Fixture::with(railed()).await;
    let code = load(&fixture, GOOD).await.unwrap();

    let turns = (0..8).map(|number| {
        let (fixture, code) = (&fixture, &code);
        async move {
            let arguments = format!("{{\"number\":{number}}}");
            fixture.value(code, "takes_turns", &arguments).await
        }
    });
    let told = Arc::<Told>::default();
    let mut request = fixture.request(&code, "tries", "{}");
    request.events = Some(Arc::clone(&told) as _);
    let (turns, tried) = tokio::join!(
        futures_util::future::join_all(turns),
        fixture.pool.call(request)
    );

    assert_eq!(turns, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(tried.unwrap().value, "\"refused\"");
    assert_eq!(told.lines(), ["refused openat /a"]);
    assert_eq!(fixture.value(&code, "blocks", "{}").await, "\"done\"");
}

#[tokio::test]
async fn a_module_that_writes_while_it_is_imported_is_not_served() {
    let fixture = Fixture::with(railed()).await;

    let error = load(&fixture, "open('/a', 'w')").await.err().unwrap();

    assert_eq!(
        error.to_string(),
        "tools/runner/it.py:2: PermissionError: [Errno 1] Operation not permitted: '/a'"
    );
}

#[tokio::test]
async fn files_that_are_nobodys_libraries_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.db");
    fs::write(&file, "secret").unwrap();
    let fixture = Fixture::with(railed()).await;
    let source = "
@tool
def reads(path: str) -> str:
    'x'
    return open(path).read()
";
    let code = load(&fixture, source).await.unwrap();

    let arguments = serde_json::json!({"path": file}).to_string();
    let error = fixture.call(&code, "reads", &arguments).await.unwrap_err();

    let CallError::Raised(raised) = error else {
        panic!("{error}");
    };
    assert_eq!(raised.r#type, "PermissionError");
}

#[tokio::test]
async fn where_the_kernel_cannot_hold_a_worker_none_starts_and_why_is_said() {
    let pool = python::Pool::start(Settings {
        arguments: vec!["--without-landlock".into()],
        ..railed()
    })
    .unwrap();

    let error = pool.ready().await.unwrap_err().to_string();

    let reason = "no rails can be put up: this kernel has no Landlock: use Linux 5.13 or newer, \
        built with CONFIG_SECURITY_LANDLOCK";
    assert!(error.ends_with(reason), "{error}");
}
