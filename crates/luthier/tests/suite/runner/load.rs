//! Calls at a steady rate while state and code move under them: each is answered, and from one
//! version alone.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::asking::{Session, call, commit, git, listen, release, until};
use crate::{
    apart::Town,
    server::{Server, Workspace, client::EventStream},
};

const CALLS_MIN: u32 = 1_000;
/// On a slow machine there are more, until everything has moved.
const CALLS_MAX: u32 = 8_000;
const CALL_EVERY_MS: u32 = 10;
const PROMOTES: u32 = 100;
const PROMOTE_EVERY_MS: u32 = 100;
const RELEASES: u32 = 20;
const RELEASE_EVERY_MS: u32 = 500;
/// The version that they begin with is 0.1.0.
const FIRST_MINOR: u32 = 1;

/// The state that they begin with.
const FIRST_STATE: &str = "0";
const STATE: &str = "state://active";

/// Three ways to wait, each of which is served by workers of its own.
const TOOLS: &str = r#"
import asyncio, pathlib, time
from luthier import Context, tool

CODE = 0

def told(ctx: Context, before: str) -> list[str]:
    return [str(CODE), before, ctx.state["greeting"], ctx.version]

@tool
def computes(ctx: Context, wait_ms: int) -> list[str]:
    """Keeps its worker."""
    before = ctx.state["greeting"]
    time.sleep(wait_ms / 1000)
    return told(ctx, before)

@tool(blocking=True)
def blocks(ctx: Context, wait_ms: int) -> list[str]:
    """Keeps a worker for those that wait."""
    before = ctx.state["greeting"]
    time.sleep(wait_ms / 1000)
    return told(ctx, before)

@tool
async def naps(ctx: Context, wait_ms: int) -> list[str]:
    """Lets others have their turn."""
    before = ctx.state["greeting"]
    await asyncio.sleep(wait_ms / 1000)
    return told(ctx, before)

@tool
async def holds(ctx: Context, folder: str) -> list[str]:
    """Says that it has begun, and goes on when it is told to."""
    before = ctx.state["greeting"]
    (pathlib.Path(folder) / "begun").touch()
    while not (pathlib.Path(folder) / "go").exists():
        await asyncio.sleep(0.002)
    return told(ctx, before)
"#;

fn write_code(workspace: &Workspace, number: u32) {
    let mut code = TOOLS.replace("CODE = 0", &format!("CODE = {number}"));
    // A tool more makes each a minor version, whose number tells which code it is.
    for more in 1..=number {
        write!(code, "\n@tool\ndef more_{more}() -> int:\n    return 1\n").unwrap();
    }
    workspace.write("tools/runner/it.py", &code);
}

/// What a call said, and the least that it had to know.
struct Seen {
    answer: Value,
    code_min: u32,
    state_min: u32,
}

/// What is acknowledged so far, and how many of those who move things are still at it.
#[derive(Default)]
struct Progress {
    code: AtomicU32,
    state: AtomicU32,
    moving: AtomicUsize,
}

/// Who serves which role: one process all of them, or each its own.
struct Servers<'a> {
    runners: Vec<&'a Server>,
    tuner: &'a Server,
}

struct Load<'a> {
    workspace: &'a Workspace,
    servers: &'a Servers<'a>,
    session: &'a Session<'a>,
    began: Instant,
    progress: Progress,
    seen: Mutex<Vec<Seen>>,
    /// The number that each document of the state holds, by its hash.
    numbers: Mutex<HashMap<String, String>>,
}

impl Load<'_> {
    /// Waits until it is time, however long what came before has taken.
    fn wait_for_turn(&self, turn: u32, every_ms: u32) {
        let at = self.began + Duration::from_millis(every_ms.into()) * turn;
        thread::sleep(at.saturating_duration_since(Instant::now()));
    }

    fn remember(&self, call: impl FnOnce() -> Value) -> Value {
        let (code_min, state_min) = (
            self.progress.code.load(SeqCst),
            self.progress.state.load(SeqCst),
        );
        let result = call();
        assert_eq!(result["isError"], false, "{result}");
        let answer = result["structuredContent"]["result"].clone();
        self.seen.lock().unwrap().push(Seen {
            answer: answer.clone(),
            code_min,
            state_min,
        });
        answer
    }

    /// Begins each call at its time, until there were enough and nothing moves any more.
    fn call(&self) {
        thread::scope(|scope| {
            let mut turn = 0;
            while turn < CALLS_MIN || self.progress.moving.load(SeqCst) > 0 {
                self.wait_for_turn(turn, CALL_EVERY_MS);
                assert!(turn < CALLS_MAX, "what moves does not come to an end");
                scope.spawn(move || self.remember(|| self.one_call(turn)));
                turn += 1;
            }
        });
    }

    fn one_call(&self, turn: u32) -> Value {
        let wait_ms = 5 + turn * 7 % 46;
        // One in four needs a whole worker, of which there may be two.
        let (tool, wait_ms) = match turn % 4 {
            0 => ("computes", 5),
            1 => ("blocks", wait_ms),
            _ => ("naps", wait_ms),
        };
        let arguments = json!({"wait_ms": wait_ms});
        if turn.is_multiple_of(3) {
            self.session.call(tool, &arguments)
        } else {
            call(self.runner(turn), "active", tool, &arguments)
        }
    }

    /// One after the other.
    fn runner(&self, turn: u32) -> &Server {
        let runners = &self.servers.runners;
        runners[turn as usize % runners.len()]
    }

    /// The version that each of them serves at this moment.
    fn look(&self) -> Vec<Value> {
        let runners = self.servers.runners.iter();
        let wait = json!({"wait_ms": 0});
        runners
            .map(|runner| self.remember(|| call(runner, "active", "naps", &wait)))
            .collect()
    }

    fn promote(&self) {
        for number in 1..=PROMOTES {
            self.wait_for_turn(number, PROMOTE_EVERY_MS);
            let staged = self
                .servers
                .tuner
                .patch_staging(&json!({"greeting": number.to_string()}));
            assert_eq!(staged.status, 200, "{staged:?}");
            let promoted = self.servers.tuner.luthier_json(&["state", "promote"]);
            self.progress.state.store(number, SeqCst);
            let hash = promoted["hash"].as_str().unwrap().to_owned();
            let number = number.to_string();
            self.numbers.lock().unwrap().insert(hash, number.clone());
            for seen in self.look() {
                assert_eq!(seen[1], number, "after {promoted}");
            }
        }
        self.progress.moving.fetch_sub(1, SeqCst);
    }

    /// Releases code with a call under way that has to end in the code that it began in.
    fn release(&self, mut acknowledged: EventStream) {
        for number in 1..=RELEASES {
            self.wait_for_turn(number, RELEASE_EVERY_MS);
            let folder = self.workspace.outside().join(format!("held-{number}"));
            fs::create_dir(&folder).unwrap();
            thread::scope(|scope| {
                let arguments = json!({"folder": folder.display().to_string()});
                let held =
                    scope.spawn(move || self.remember(|| self.session.call("holds", &arguments)));
                until(&json!(true), || json!(folder.join("begun").exists()));

                write_code(self.workspace, number);
                release(self.workspace);
                while minor(&acknowledged.next_data()["version"]) < FIRST_MINOR + number {}
                self.progress.code.store(number, SeqCst);
                for seen in self.look() {
                    assert_eq!(seen[0], number.to_string());
                }
                fs::write(folder.join("go"), "").unwrap();

                let held = held.join().unwrap();
                assert_eq!(held[0], (number - 1).to_string(), "{held}");
            });
        }
        self.progress.moving.fetch_sub(1, SeqCst);
    }

    /// Each version that ever was, with the code and the state that belong to it.
    fn versions(&self) -> HashMap<String, [String; 2]> {
        let events = self
            .servers
            .tuner
            .get("/events?subject=lineage.main&limit=500")
            .json();
        let events = events["events"].as_array().unwrap();
        let numbers = self.numbers.lock().unwrap();
        let versions = events.iter().map(|event| {
            let root = &event["data"]["root"];
            let state = root["active"]["hash"].as_str().unwrap();
            let state = numbers.get(state).map_or(FIRST_STATE, String::as_str);
            let code = (minor(&root["version"]) - FIRST_MINOR).to_string();
            let version = root["version"].as_str().unwrap().to_owned();
            (version, [code, state.to_owned()])
        });
        versions.collect()
    }

    /// Is every answer of one version, and of none older than what was acknowledged before it?
    fn check(&self) {
        let versions = self.versions();
        assert_eq!(versions.len(), 1 + (PROMOTES + RELEASES) as usize);
        let seen = self.seen.lock().unwrap();
        let number = |text: &Value| text.as_str().unwrap().parse::<u32>().unwrap();
        for Seen {
            answer,
            code_min,
            state_min,
        } in seen.iter()
        {
            let [code, state] = &versions[answer[3].as_str().unwrap()];
            assert_eq!(
                [&answer[0], &answer[1], &answer[2]],
                [code, state, state],
                "{answer}"
            );
            assert!(number(&answer[0]) >= *code_min, "{answer}, {code_min}");
            assert!(number(&answer[1]) >= *state_min, "{answer}, {state_min}");
        }
        assert!(seen.len() >= (CALLS_MIN + PROMOTES + 2 * RELEASES) as usize);
    }
}

/// The middle number of a version, which tells its code here.
fn minor(version: &Value) -> u32 {
    let mut numbers = version.as_str().unwrap_or_default().split('.').skip(1);
    numbers.next().map_or(0, |minor| minor.parse().unwrap())
}

/// Reads a stream until it has told of every release, and of every state: one that came together
/// with a release may be told of with it.
fn hear_all(mut stream: EventStream) {
    let (mut lists, mut states) = (0, 0);
    while lists < RELEASES || states < PROMOTES {
        let told = stream.next_data();
        match told["method"].as_str() {
            Some("notifications/tools/list_changed") => lists += 1,
            Some("notifications/resources/updated") => {
                assert_eq!(told["params"]["uri"], STATE, "{told}");
                states += 1;
            }
            _ => {}
        }
    }
}

#[test]
fn a_thousand_calls_during_a_hundred_promotes_and_twenty_releases_are_each_of_one_version() {
    let workspace = Workspace::new();
    furnish(&workspace);
    git(&workspace, &["init", "-q", "-b", "main"]);
    commit(&workspace);
    let server = Server::start_in(&workspace);
    let servers = Servers {
        runners: vec![&server],
        tuner: &server,
    };

    run(&workspace, &servers, || {});
}

#[test]
fn the_same_holds_for_roles_apart_while_a_runner_is_killed() {
    let town = Town::patient(furnish);
    let others = town.serve(&["tuner", "versions", "console"]);
    let runners = ["one", "two"].map(|name| town.replica(name, &[]));
    let third = town.replica("three", &[]);
    let servers = Servers {
        runners: runners.iter().collect(),
        tuner: &others,
    };

    run(&town.workspace, &servers, move || {
        let mut third = third;
        thread::sleep(Duration::from_secs(3));
        // It says no goodbye, so that the next promote waits until its lease has run out.
        third.kill();
    });
}

fn furnish(workspace: &Workspace) {
    write_code(workspace, 0);
    let state = fs::read_to_string(workspace.path().join("state/active.state.json")).unwrap();
    let mut state: Value = serde_json::from_str(&state).unwrap();
    state["greeting"] = FIRST_STATE.into();
    workspace.write("state/active.state.json", &state.to_string());
}

/// Everything at once, and `disturb` in the middle of it.
fn run(workspace: &Workspace, servers: &Servers<'_>, disturb: impl FnOnce() + Send) {
    let first = servers.runners[0];
    let session = Session::open(first, "active");
    let streams = [session.listen(STATE), listen(first, "active", STATE)];
    let path = "/events/stream?subject=runner.lineage.main";
    let acknowledged = EventStream::open(servers.tuner.url(), "GET", path, &[], "");

    let load = Load {
        workspace,
        servers,
        session: &session,
        began: Instant::now(),
        progress: Progress::default(),
        seen: Mutex::default(),
        numbers: Mutex::default(),
    };
    load.progress.moving.store(2, SeqCst);
    thread::scope(|scope| {
        scope.spawn(|| load.promote());
        scope.spawn(|| load.release(acknowledged));
        scope.spawn(disturb);
        load.call();
    });

    load.check();
    let last = [RELEASES.to_string(), PROMOTES.to_string()];
    let in_session = session.call("naps", &json!({"wait_ms": 0}))["structuredContent"].clone();
    let seen = load.look();
    for answer in seen.iter().chain([&in_session["result"]]) {
        assert_eq!([&answer[0], &answer[1]], [&last[0], &last[1]], "{answer}");
    }
    for stream in streams {
        hear_all(stream);
    }
}
