//! Feedback over MCP becomes better state: staged at once, active when it is promoted.

use std::{fs, thread};

use serde_json::{Value, json};

use crate::{
    runner::asking::{ask, ask_and_be_cut_off, call, commit, git, release, resource, until},
    server::{Server, Workspace},
};

const TUNER: &str = "active/tuner";

const PICK: &str = r#"
from typing import TypedDict
from luthier import Context, tool

class Pick(TypedDict):
    arm: str
    propensity: float

@tool
def pick(ctx: Context) -> Pick:
    """Picks the arm that earned most."""
    arms = ctx.state["arms"]
    return {"arm": max(arms, key=lambda name: arms[name]["sum"]), "propensity": 1.0}

@tool
def fragile(ctx: Context) -> str:
    """Works as long as nobody tuned it."""
    if ctx.state["arms"]["short"]["pulls"]:
        raise RuntimeError("tuned to pieces")
    return "fine"

@tool
def numbers(ctx: Context) -> list[float]:
    """What was packed."""
    return list(ctx.unpack(ctx.state["packed"]))
"#;

const LEARN: &str = r#"
import os, time
from typing import TypedDict
from luthier import Context, ToolError, tool

@tool
def bandit_reward(ctx: Context, conversation_id: str, reward: float) -> dict:
    """Learns from a reward."""
    if not -1 <= reward <= 1:
        raise ToolError(f"a reward lies between -1 and 1, and {reward} does not")
    picked = ctx.calls(conversation_id)[-1]["result"]["arm"]
    arm = ctx.staging["arms"][picked]
    arm["pulls"] += 1
    arm["sum"] += reward
    return {"status": "success", "details": f"{picked} was rewarded", "arm": picked}

@tool
def add(ctx: Context, arm: str, by: float = 1.0) -> dict:
    """Adds to an arm, whoever picked it."""
    ctx.staging["arms"].setdefault(arm, {"pulls": 0, "sum": 0.0})
    ctx.staging["arms"][arm]["pulls"] += 1
    ctx.staging["arms"][arm]["sum"] += by
    return {"status": "success", "details": "added", "pulls": ctx.staging["arms"][arm]["pulls"]}

@tool
def spoil(ctx: Context, how: str) -> dict:
    """Does what it must not."""
    if how == "schema":
        ctx.staging["arms"] = 7
    elif how == "type":
        ctx.staging["arms"] = {1, 2}
    elif how == "raise":
        ctx.staging["arms"] = {}
        raise ValueError("no")
    elif how == "sleep":
        while True:
            time.sleep(1)
    elif how == "exit":
        os._exit(1)
    elif how == "other":
        ctx.call("pick")
    elif how == "session":
        ctx.session["a"] = 1
    return {"status": "success", "details": "did"}

@tool
def reach(ctx: Context, way: str, file: str) -> dict:
    """Tries to change a file, or something else than the state."""
    try:
        exec(WAYS[way], {"file": file})
        outcome = "did"
    except BaseException as error:
        outcome = type(error).__name__
    return {"status": "success", "details": outcome}

WAYS = {
    "open": "open(file, 'a').write('#')",
    "os.open": "import os; os.open(file, os.O_WRONLY | os.O_TRUNC)",
    "create": "open(file + '.new', 'x')",
    "rename": "import os; os.rename(file, file + '.old')",
    "unlink": "import os; os.unlink(file)",
    "symlink": "import os; os.symlink('/etc/passwd', file + '.link')",
    "truncate": "import os; os.truncate(file, 0)",
    "chmod": "import os; os.chmod(file, 0o777)",
    "mkdir": "import os; os.mkdir(file + '.d')",
    "ctypes": "import ctypes; assert ctypes.CDLL(None).creat(file.encode(), 0o600) >= 0",
    "subprocess": "import subprocess; subprocess.run(['touch', file + '.t'], check=True)",
    "system": "import os; assert os.system('touch ' + file + '.s') == 0",
    "fork": "import os; os.fork() or os._exit(0)",
    "socket": "import socket; socket.socket().connect(('127.0.0.1', 9))",
    "kill": "import os; os.kill(os.getppid(), 0)",
}

@tool
def pack(ctx: Context, count: int) -> dict:
    """Packs numbers."""
    ctx.staging["packed"] = ctx.pack(n / 3 for n in range(count))
    return {"status": "success", "details": "packed", "last": ctx.unpack(ctx.staging["packed"])[-1]}

class Said(TypedDict):
    status: str
    details: str

@tool
def say(ctx: Context, how: str) -> Said:
    """Says something else than it promised."""
    ctx.staging["arms"]["short"]["pulls"] += 1
    if how == "list":
        return [1]
    if how == "missing":
        return {"status": "success"}
    return {"status": "failure", "details": "it did not work out"}

@tool
def call_for_help(ctx: Context, message: str) -> dict:
    """Wakes the Architect."""
    ctx.staging["arms"]["short"]["pulls"] += 1
    ctx.escalate(message)
    return {"status": "success", "details": "called"}

@tool
def draw(ctx: Context) -> dict:
    """Draws a number."""
    return {"status": "success", "details": "drawn", "drawn": ctx.rng.random()}

@tool
def learned(ctx: Context) -> dict:
    """What was decided, and what came of it."""
    logged = ctx.logged("pick")
    told = [[of["result"]["arm"], of["reward"]] for of in logged]
    return {"status": "success", "details": "told", "logged": told}
"#;

const SCHEMA: &str = r#"{
  "type": "object",
  "properties": {
    "arms": {
      "type": "object",
      "additionalProperties": {
        "type": "object",
        "properties": {"pulls": {"type": "integer"}, "sum": {"type": "number"}},
        "required": ["pulls", "sum"],
        "additionalProperties": false
      }
    },
    "packed": {"type": "object"},
    "rng": {"type": "object"}
  },
  "required": ["arms"],
  "additionalProperties": false
}"#;

const STATE: &str = r#"{
  "arms": {"short": {"pulls": 0, "sum": 0.0}, "long": {"pulls": 0, "sum": 0.5}},
  "rng": {"seed": 7, "step": 0}
}"#;

fn workspace() -> Workspace {
    filled(Workspace::new())
}

fn filled(workspace: Workspace) -> Workspace {
    workspace.write("tools/runner/it.py", PICK);
    workspace.write("tools/tuner/it.py", LEARN);
    workspace.write("state/schema.json", SCHEMA);
    workspace.write("state/active.state.json", STATE);
    workspace
}

fn serve() -> Server {
    Server::start_in(&workspace())
}

fn picked(server: &Server, reference: &str) -> (String, Value) {
    let answer = call(server, reference, "pick", &json!({}));
    let id = &answer["structuredContent"]["conversation_id"];
    let arm = answer["structuredContent"]["arm"].clone();
    (id.as_str().unwrap().to_owned(), arm)
}

fn tune(server: &Server, tool: &str, arguments: &Value) -> Value {
    let answer = call(server, TUNER, tool, arguments);
    assert_eq!(answer["isError"], false, "{answer}");
    answer["structuredContent"].clone()
}

fn refused(server: &Server, tool: &str, arguments: &Value) -> String {
    let answer = call(server, TUNER, tool, arguments);
    assert_eq!(answer["isError"], true, "{answer}");
    answer["content"][0]["text"].as_str().unwrap().to_owned()
}

/// What the newest events of a type say, newest first.
fn told_of(server: &Server, kind: &str) -> Vec<Value> {
    let told = server.luthier_json(&["ledger", "query", "--type", kind, "--newest-first"]);
    let events = told["events"].as_array().unwrap();
    events.iter().map(|event| event["data"].clone()).collect()
}

fn staged(server: &Server) -> Value {
    resource(server, TUNER, "state://staging")
}

#[test]
fn a_reward_is_seen_by_the_next_pick_on_staging_and_by_everybody_once_it_is_promoted() {
    let server = serve();
    let (conversation, arm) = picked(&server, "active");

    let reward = json!({"conversation_id": conversation, "reward": -1.0});
    let answer = tune(&server, "bandit_reward", &reward);
    let (_, next) = picked(&server, "staging");
    let (_, meanwhile) = picked(&server, "active");
    let diff = tune(&server, "staging_diff", &json!({}));
    let promoted = tune(&server, "promote", &json!({}));
    let (_, then) = picked(&server, "active");

    assert_eq!(arm, "long");
    assert_eq!(answer["arm"], "long");
    assert_eq!((next, meanwhile), (json!("short"), json!("long")));
    assert_eq!(diff["patch"].as_array().unwrap().len(), 2);
    assert_eq!(promoted["version"], "0.1.1");
    assert_eq!(then, "short");
    let event = server.luthier_json(&["ledger", "query", "--type", "state.change"]);
    let change = &event["events"][0]["data"];
    assert_eq!(change["feedback"]["conversation_id"], conversation.as_str());
    assert_eq!(change["feedback"]["reward"], -1.0);
}

#[test]
fn feedback_that_is_sent_again_counts_once() {
    let mut server = serve();
    let named = json!({"arm": "short", "by": 2.0, "feedback_id": "f-1"});
    let first = tune(&server, "add", &named);
    let (conversation, _) = picked(&server, "active");
    let reward = json!({"conversation_id": conversation, "reward": 0.25});
    tune(&server, "bandit_reward", &reward);
    server.kill();
    server.restart();

    let again = tune(&server, "add", &named);
    let rewarded = tune(&server, "bandit_reward", &reward);
    let other = refused(
        &server,
        "add",
        &json!({"arm": "long", "feedback_id": "f-1"}),
    );
    let unnamed = tune(&server, "add", &json!({"arm": "short", "by": 2.0}));

    assert_eq!(
        (&first["pulls"], &first["revision"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        (&again["pulls"], &again["revision"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(again["repeated"], true);
    assert_eq!(rewarded["repeated"], true);
    assert!(other.contains("was counted in event"), "{other}");
    assert_eq!(unnamed["pulls"], 2);
    assert_eq!(staged(&server)["arms"]["short"]["sum"], 4.0);
    let told = server.luthier_json(&["ledger", "query", "--type", "feedback"]);
    assert_eq!(told["events"].as_array().unwrap().len(), 1);
}

#[test]
fn a_reward_that_was_kept_and_not_answered_counts_once_when_it_is_sent_again() {
    let mut server = serve();
    let (conversation, _) = picked(&server, "active");
    server.kill();
    assert!(server.restart_to_die_at("tuner::after_commit"));
    let reward = json!({"conversation_id": conversation, "reward": 0.25});
    let params = json!({"name": "bandit_reward", "arguments": reward});
    let cut_off = ask_and_be_cut_off(&server, TUNER, "tools/call", params);
    server.wait_until_dead();
    server.restart();

    let answer = tune(&server, "bandit_reward", &reward);

    assert!(cut_off, "it answered");
    assert_eq!(answer["repeated"], true);
    assert_eq!(staged(&server)["arms"]["long"]["pulls"], 1);
    let told = server.luthier_json(&["ledger", "query", "--type", "feedback"]);
    assert_eq!(told["events"].as_array().unwrap().len(), 1);
}

#[test]
fn of_many_updates_at_once_every_one_is_counted() {
    const SENDERS: usize = 16;
    const EACH: usize = 25;
    let server = serve();

    thread::scope(|scope| {
        for _sender in 0..SENDERS {
            scope.spawn(|| {
                for _update in 0..EACH {
                    tune(&server, "add", &json!({"arm": "short", "by": 0.5}));
                }
            });
        }
    });

    assert_eq!(staged(&server)["arms"]["short"]["pulls"], SENDERS * EACH);
}

#[test]
fn what_a_tool_must_not_do_changes_nothing_and_is_told() {
    let workspace = workspace();
    let variables = [("LUTHIER_TUNER_DEADLINE_MS", "300")];
    let server = Server::start_with(&workspace, &[], &variables);
    let before = staged(&server);
    let spoilt = |how: &str| refused(&server, "spoil", &json!({"how": how}));
    let rewarded = |id: &str, reward: f64| {
        let arguments = json!({"conversation_id": id, "reward": reward});
        refused(&server, "bandit_reward", &arguments)
    };
    let (conversation, _) = picked(&server, "active");

    let table = [
        spoilt("schema"),
        spoilt("type"),
        spoilt("raise"),
        spoilt("other"),
        spoilt("session"),
        spoilt("sleep"),
        spoilt("exit"),
        rewarded(&conversation, 1.5),
        rewarded("01900000-0000-7000-8000-000000000000", 1.0),
        rewarded("no id", 1.0),
        refused(&server, "add", &json!({})),
        refused(&server, "promote", &json!({})),
        refused(&server, "promote", &json!({"if_revision": 9})),
        refused(
            &server,
            "import_staging",
            &json!({"value": {}, "if_revision": 1}),
        ),
        refused(
            &server,
            "import_staging",
            &json!({"value": before, "if_revision": 7}),
        ),
        refused(&server, "escalate", &json!({"message": " "})),
        refused(&server, "add", &json!({"arm": "a", "feedback_id": "ü"})),
    ];

    insta::assert_snapshot!(table.join("\n\n"), @r#"
    the document would break its schema, so nothing was changed:
    - at `/arms`: 7 is not of type "object"

    the document would break its schema, so nothing was changed:
    - at `/arms`: [1,2] is not of type "object"

    `spoil` failed with ValueError: no

    `pick` cannot be called: a tool of the tuner changes the staged state, and calls no other

    `spoil` failed with RuntimeError: only a stateful tool has a session: write `@tool(stateful=True)`

    `spoil`: the deadline of 300 ms has passed; nothing was changed

    `spoil`: `spoil` ended its worker with exit code 1; nothing was changed

    a reward lies between -1 and 1, and 1.5 does not

    there is no call of conversation `01900000-0000-7000-8000-000000000000`: name the `conversation_id` that a result of the Runner carried

    `conversation_id` is no conversation's: a name has 1 to 128 visible ASCII characters

    the arguments of `add` do not fit its input schema
    - at `/`: "arm" is a required property

    the staged state is the active state, so there is nothing to promote

    the staging state has no revision 9 yet, it is at 1

    the document would break its schema, so nothing was changed:
    - at ``: "arms" is a required property

    the staging state has no revision 7 yet, it is at 1

    say in 1 to 4000 characters what tuning cannot solve

    `feedback_id` has to be 1 to 128 visible characters of ASCII
    "#);
    assert_eq!(staged(&server), before);
    tune(&server, "add", &json!({"arm": "short"}));
}

#[test]
fn a_tool_that_reaches_for_anything_but_the_state_is_refused_each_time_and_told_of() {
    const WAYS: [&str; 15] = [
        "open",
        "os.open",
        "create",
        "rename",
        "unlink",
        "symlink",
        "truncate",
        "chmod",
        "mkdir",
        "ctypes",
        "subprocess",
        "system",
        "fork",
        "socket",
        "kill",
    ];
    let workspace = workspace();
    let server = Server::start_in(&workspace);
    let file = workspace.path().join("tools/runner/it.py");
    let path = file.to_str().unwrap();

    for way in WAYS {
        let before = told_of(&server, "refusal").len();
        let answer = tune(&server, "reach", &json!({"way": way, "file": path}));
        assert_ne!(answer["details"], "did", "{way}");
        let told = told_of(&server, "refusal");
        assert!(told.len() > before, "{way}: {answer}");
        assert_eq!(told[0]["rail"], "worker", "{way}: {told:?}");
        assert_eq!(told[0]["tool"], "reach");
    }

    assert_eq!(fs::read_to_string(&file).unwrap(), PICK);
    let beside = fs::read_dir(file.parent().unwrap()).unwrap();
    assert_eq!(beside.count(), 1);
}

#[test]
fn what_breaks_a_case_stays_staged_and_the_ledger_says_why() {
    let workspace = filled(Workspace::proving());
    let case = json!({"tool": "pick", "args": {}, "expect": {"arm": "long", "propensity": 1.0}});
    workspace.write("tests/micro/pick.jsonl", &case.to_string());
    let server = Server::start_in(&workspace);
    tune(&server, "add", &json!({"arm": "short", "by": 9.0}));

    let told = refused(&server, "promote", &json!({}));
    let (_, arm) = picked(&server, "active");

    assert!(told.contains("tests/micro/pick.jsonl:1 `pick`"), "{told}");
    assert_eq!(arm, "long");
    assert_eq!(staged(&server)["arms"]["short"]["sum"], 9.0);
    let decision = &told_of(&server, "decision")[0];
    assert_eq!(decision["decision"], "keep");
    assert!(
        decision["rationale"]
            .as_str()
            .unwrap()
            .contains("pick.jsonl:1"),
        "{decision}"
    );
    tune(&server, "add", &json!({"arm": "long", "by": 10.0}));
    assert_eq!(tune(&server, "promote", &json!({}))["version"], "0.1.1");
}

#[test]
fn a_state_that_was_active_before_is_not_promoted_again() {
    let server = serve();
    let before = staged(&server);
    tune(&server, "add", &json!({"arm": "short"}));
    let promoted = tune(&server, "promote", &json!({}));
    let revision = tune(&server, "discard_staging", &json!({}))["revision"].clone();
    tune(
        &server,
        "import_staging",
        &json!({"value": before, "if_revision": revision}),
    );

    let told = refused(&server, "promote", &json!({}));

    assert_eq!(promoted["version"], "0.1.1");
    assert!(told.contains("was active as 0.1.0 before"), "{told}");
    assert_eq!(
        resource(&server, TUNER, "state://active")["arms"]["short"]["pulls"],
        1
    );
    let decision = &told_of(&server, "decision")[0];
    assert_eq!(decision["decision"], "keep");
    assert_eq!(decision["numbers"]["version"], "0.1.0");
}

#[test]
fn a_promoted_version_on_trial_gets_its_share_and_then_everything() {
    let workspace = workspace();
    let variables = [
        ("LUTHIER_TUNER_CANARY_SHARE", "0.5"),
        ("LUTHIER_RELEASE_WATCH_S", "3"),
    ];
    let server = Server::start_with(&workspace, &[], &variables);
    tune(&server, "add", &json!({"arm": "short", "by": 9.0}));

    let promoted = tune(&server, "promote", &json!({}));
    let arms: Vec<_> = (0..40).map(|_| picked(&server, "active").1).collect();
    let (_, canary) = picked(&server, "canary");

    assert_eq!(
        promoted["details"],
        "0.1.1 is on trial: a share of 0.5 of the conversations gets it"
    );
    assert!(
        arms.contains(&json!("short")) && arms.contains(&json!("long")),
        "{arms:?}"
    );
    assert_eq!(canary, "short");
    until(&json!("0.1.1"), || {
        let version = server.luthier_json(&["state", "get", "active"]);
        version["version"].clone()
    });
    assert_eq!(picked(&server, "active").1, "short");
}

#[test]
fn a_version_that_breaks_a_budget_while_it_is_watched_is_taken_back() {
    let workspace = workspace();
    let budget = json!({
        "name": "few-errors",
        "kpi": "error_rate",
        "max": 0.1,
        "window_s": 60,
        "samples_min": 4,
        "cool_down_s": 60,
        "rollback": true,
    });
    workspace.write("ci/budgets.json", &json!({ "live": [budget] }).to_string());
    let server = Server::start_in(&workspace);
    let works = |server: &Server| call(server, "active", "fragile", &json!({}))["isError"] == false;
    for _call in 0..4 {
        assert!(works(&server));
    }
    tune(&server, "add", &json!({"arm": "short"}));
    tune(&server, "promote", &json!({}));

    for _call in 0..4 {
        assert!(!works(&server));
    }
    until(&json!("0.1.2"), || {
        server.luthier_json(&["state", "get", "active"])["version"].clone()
    });

    assert!(works(&server));
    let decision = &told_of(&server, "decision")[0];
    assert_eq!(decision["decision"], "rollback", "{decision}");
    let rationale = decision["rationale"].as_str().unwrap();
    assert!(rationale.contains("0.1.1 broke a budget"), "{rationale}");
    assert_eq!(decision["numbers"]["budget"], "few-errors");
    // Live traffic is judged now and then.
    until(&json!(1), || told_of(&server, "trigger").len().into());
}

#[test]
fn of_two_promotions_at_once_one_is_made() {
    let server = serve();
    tune(&server, "add", &json!({"arm": "short"}));

    let answers: Vec<Value> = thread::scope(|scope| {
        let asked = [(); 2].map(|()| scope.spawn(|| call(&server, TUNER, "promote", &json!({}))));
        asked.map(|answer| answer.join().unwrap()).into()
    });

    let made = answers.iter().filter(|answer| answer["isError"] == false);
    assert_eq!(made.count(), 1, "{answers:?}");
    assert_eq!(call(&server, TUNER, "promote", &json!({}))["isError"], true);
}

#[test]
fn what_comes_too_often_or_changes_too_much_is_refused_and_told_in_the_ledger() {
    let workspace = workspace();
    let variables = [
        ("LUTHIER_TUNER_UPDATES_PER_S_MAX", "1"),
        ("LUTHIER_TUNER_CHANGES_MAX", "1"),
    ];
    let server = Server::start_with(&workspace, &[], &variables);
    let before = staged(&server);

    let too_much = refused(&server, "add", &json!({"arm": "short"}));
    let too_often = refused(&server, "add", &json!({"arm": "short"}));

    assert_eq!(
        too_much,
        "`add` changed 2 places of the document, 1 are allowed; nothing was changed"
    );
    assert!(
        too_often.starts_with("more than 1 updates a second come for `main`"),
        "{too_often}"
    );
    assert_eq!(staged(&server), before);
    let told = server.luthier_json(&["ledger", "query", "--type", "refusal"]);
    let events = told["events"].as_array().unwrap();
    let rails: Vec<_> = events.iter().map(|event| &event["data"]["rail"]).collect();
    assert_eq!(rails, ["magnitude", "rate"]);
}

#[test]
fn an_update_through_an_earlier_version_opens_a_lineage_there() {
    let server = serve();
    tune(&server, "add", &json!({"arm": "short", "by": 3.0}));
    tune(&server, "promote", &json!({}));

    let answer = call(&server, "0.1.0/tuner", "add", &json!({"arm": "long"}));
    let there = resource(&server, "from-0.1.0~0.1.0/tuner", "state://staging");

    assert_eq!(answer["isError"], false, "{answer}");
    assert_eq!(there["arms"]["long"]["sum"], 1.5);
    assert_eq!(there["arms"]["short"]["sum"], 0.0);
    assert_eq!(staged(&server)["arms"]["long"]["sum"], 0.5);
}

#[test]
fn a_pick_of_an_earlier_version_is_rewarded_in_the_lineage_that_this_opens() {
    let server = serve();
    let (conversation, _) = picked(&server, "0.1.0");
    tune(&server, "add", &json!({"arm": "short", "by": 3.0}));
    tune(&server, "promote", &json!({}));
    let reward = json!({"conversation_id": conversation, "reward": 1.0});
    let spoilt = call(&server, "0.1.0/tuner", "spoil", &json!({"how": "raise"}));
    let lineages = |server: &Server| {
        let said = server.luthier_json(&["lineage", "list"]);
        said["lineages"].as_array().unwrap().len()
    };
    let before = lineages(&server);

    let rewarded = call(&server, "0.1.0/tuner", "bandit_reward", &reward);
    let again = call(&server, "0.1.0/tuner", "bandit_reward", &reward);

    assert_eq!((spoilt["isError"].clone(), before), (json!(true), 1));
    assert_eq!(rewarded["isError"], false, "{rewarded}");
    assert_eq!(again["structuredContent"]["repeated"], true, "{again}");
    let there = resource(&server, "from-0.1.0~0.1.0/tuner", "state://staging");
    assert_eq!(there["arms"]["long"]["pulls"], 1);
    assert_eq!(lineages(&server), 2);
}

#[test]
fn what_a_tool_says_is_checked_before_anything_is_kept() {
    let server = serve();
    let before = staged(&server);

    let told = ["list", "missing"].map(|how| refused(&server, "say", &json!({"how": how})));
    let failure = tune(&server, "say", &json!({"how": "failure"}));

    assert!(
        told[0].ends_with("returned no object; nothing was changed"),
        "{told:?}"
    );
    assert!(told[1].contains("does not allow"), "{told:?}");
    assert_eq!(failure["status"], "failure");
    assert_eq!(staged(&server), before);
    let outcomes: Vec<_> = told_of(&server, "tuner.summary")
        .iter()
        .map(|told| told["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["failure", "bad_result", "bad_result"]);
}

#[test]
fn what_is_escalated_wakes_once_whatever_is_sent_again() {
    let server = serve();
    let message = json!({"message": "no arm is good", "feedback_id": "f-1"});

    tune(&server, "call_for_help", &message);
    tune(&server, "call_for_help", &message);
    tune(&server, "escalate", &json!({"message": "look at this"}));

    let woken = told_of(&server, "trigger");
    let messages: Vec<_> = woken.iter().map(|told| told["message"].clone()).collect();
    assert_eq!(messages, ["look at this", "no arm is good"]);
    assert_eq!(woken[1]["tool"], "call_for_help");
}

#[test]
fn an_array_travels_with_the_document_that_names_it() {
    let (here, there) = (serve(), serve());
    tune(&here, "pack", &json!({"count": 40}));
    let kept = staged(&here);
    let hash = kept["packed"]["asset"].as_str().unwrap().to_owned();
    let uri = format!("assets://arrays/{hash}");
    let read = ask(&here, TUNER, "resources/read", json!({"uri": uri}));
    let body = read["result"]["contents"][0]["blob"].clone();
    let mut value = json!({"value": kept, "if_revision": 1});

    let told = refused(&there, "import_staging", &value);
    value["arrays"] = json!({ hash: body });
    tune(&there, "import_staging", &value);
    let numbers = call(&there, "staging", "numbers", &json!({}));

    assert!(told.contains("names an array that is not here"), "{told}");
    let numbers = numbers["structuredContent"]["result"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(numbers.len(), 40);
}

#[test]
fn what_is_staged_can_be_taken_out_put_back_and_let_go_of() {
    let server = serve();
    let before = staged(&server);
    tune(&server, "add", &json!({"arm": "short"}));
    let kept = staged(&server);

    let discarded = tune(&server, "discard_staging", &json!({}));
    let after = staged(&server);
    let value = json!({"value": kept, "if_revision": discarded["revision"]});
    tune(&server, "import_staging", &value);

    assert_eq!(after, before);
    assert_eq!(staged(&server), kept);
}

#[test]
fn random_numbers_go_on_where_the_document_says() {
    let mut server = serve();
    let drawn = |server: &Server| tune(server, "draw", &json!({}))["drawn"].clone();
    let before = staged(&server);
    let first = [drawn(&server), drawn(&server)];
    server.kill();
    server.restart();
    let revision = tune(&server, "draw", &json!({}))["revision"].clone();
    tune(
        &server,
        "import_staging",
        &json!({"value": before, "if_revision": revision}),
    );

    let again = [drawn(&server), drawn(&server)];

    assert_eq!(first, again);
    assert_ne!(first[0], first[1]);
}

#[test]
fn large_arrays_are_kept_beside_the_document_that_names_them() {
    let server = serve();

    let packed = tune(&server, "pack", &json!({"count": 3_000}));
    let reference = staged(&server)["packed"].clone();
    tune(&server, "promote", &json!({}));
    let numbers = call(&server, "active", "numbers", &json!({}));

    assert_eq!(packed["last"], 2_999.0 / 3.0);
    assert_eq!(reference["count"], 3_000);
    let numbers = numbers["structuredContent"]["result"].as_array().unwrap();
    assert_eq!((numbers.len(), &numbers[1]), (3_000, &json!(1.0 / 3.0)));
}

#[test]
fn a_tool_sees_what_was_decided_and_what_came_of_it() {
    let server = serve();
    let (first, _) = picked(&server, "active");
    picked(&server, "active");
    for (reward, id) in [(1.0, "a"), (0.0, "b")] {
        let reward = json!({"conversation_id": first, "reward": reward, "feedback_id": id});
        tune(&server, "bandit_reward", &reward);
    }

    let told = tune(&server, "learned", &json!({}));

    assert_eq!(told["logged"], json!([["long", null], ["long", 0.5]]));
}

#[test]
fn the_policy_promotes_after_so_many_updates_and_says_so() {
    let workspace = workspace();
    let variables = [("LUTHIER_TUNER_PROMOTE_EVERY", "3")];
    let server = Server::start_with(&workspace, &[], &variables);

    for _update in 0..7 {
        tune(&server, "add", &json!({"arm": "short"}));
    }
    let decisions = || server.luthier_json(&["ledger", "query", "--type", "decision"]);
    let told = || decisions()["events"].as_array().map_or(0, Vec::len) >= 1;
    until(&json!(true), || json!(told()));

    let decision = &decisions()["events"][0]["data"];
    assert_eq!(decision["decision"], "promote", "{decision}");
    assert_eq!(decision["numbers"]["version"], "0.1.1");
}

#[test]
fn the_tuner_of_a_version_is_listed_with_what_every_tuner_has() {
    let server = serve();
    let listed = |method: &str, of: &str, name: &str| {
        let answer = ask(&server, TUNER, method, json!({}));
        let items = answer["result"][of].as_array().unwrap().clone();
        let names = items
            .iter()
            .map(|item| item[name].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };

    let prompt = ask(&server, TUNER, "prompts/get", json!({"name": "explain"}));
    let results = ask(
        &server,
        TUNER,
        "resources/read",
        json!({"uri": "eval://micro_results.jsonl"}),
    );

    let listed = [
        listed("tools/list", "tools", "name"),
        listed("resources/list", "resources", "uri"),
        listed(
            "resources/templates/list",
            "resourceTemplates",
            "uriTemplate",
        ),
        listed("prompts/list", "prompts", "name"),
    ];
    insta::assert_snapshot!(listed.join("\n"), @r"
    find_tools call_tool add bandit_reward call_for_help draw learned pack reach say spoil staging_diff promote discard_staging import_staging escalate
    state://active state://staging eval://micro_results.jsonl
    assets://{+name}
    explain tuner/explain
    ");
    let text = prompt["result"]["messages"][0]["content"]["text"]
        .as_str()
        .unwrap();
    assert!(text.contains("What is staged is what is active."), "{text}");
    assert_eq!(results["result"]["contents"][0]["text"], "");
}

#[test]
fn code_that_cannot_tune_is_named_and_no_older_code_works_on_its_state() {
    let workspace = workspace();
    git(&workspace, &["init", "-q", "-b", "main"]);
    commit(&workspace);
    let server = Server::start_in(&workspace);
    tune(&server, "add", &json!({"arm": "short"}));
    workspace.write("tools/tuner/it.py", "import nothing_of_that_name\n");

    let version = release(&workspace);
    let after = server.get(&format!("/agent/{version}/tuner"));
    let other = server.get("/agent/9.9.9/tuner");

    assert_eq!(after.status, 422, "{after:?}");
    assert_eq!(after.json()["file"], "tools/tuner/it.py");
    assert_eq!(other.status, 404, "{other:?}");
    let told = refused(&server, "add", &json!({"arm": "short"}));
    assert!(
        told.starts_with(&format!("`main` has other tools since {version}")),
        "{told}"
    );
}
