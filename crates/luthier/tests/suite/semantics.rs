//! What the words mean: a row for each rule of versions, lineages and state, from outside.

use serde_json::{Value, json};

use crate::{
    runner::asking::{self, call, commit, git, resource, tag, until},
    server::{Follower, Reply, Server, Workspace, request},
};

const TOOL: &str = r#"
from luthier import Context, tool

CODE = "one"

@tool
def known(ctx: Context) -> list[str]:
    """What the code, the state and the version are."""
    return [CODE, ctx.state["greeting"], ctx.version]

@tool(stateful=True)
def count(ctx: Context) -> int:
    """Counts the calls of a conversation."""
    ctx.session["calls"] = ctx.session.get("calls", 0) + 1
    return ctx.session["calls"]
"#;

/// Other code with a tool more: a minor version.
fn two() -> String {
    let more = "\n@tool\ndef more() -> int:\n    \"\"\"One more.\"\"\"\n    return 1\n";
    TOOL.replace("\"one\"", "\"two\"") + more
}

/// A workspace whose first version is 0.1.0.
fn workspace() -> Workspace {
    let workspace = Workspace::proving();
    let case = json!({"tool": "count", "args": {}, "expect": 1});
    workspace.write("tests/micro/count.jsonl", &case.to_string());
    workspace.write("tools/runner/it.py", TOOL);
    git(&workspace, &["init", "-q", "-b", "main"]);
    commit(&workspace);
    workspace
}

fn known(server: &Server, reference: &str) -> Value {
    let result = call(server, reference, "known", &json!({}));
    result["structuredContent"]["result"].clone()
}

/// A change of the staged state through a reference.
fn write(server: &Server, reference: &str, greeting: &str) -> Reply {
    let path = format!("/agent/{reference}/state/staging");
    let headers = [
        ("content-type", "application/merge-patch+json"),
        ("if-match", "*"),
    ];
    let body = json!({ "greeting": greeting }).to_string();
    request(server.url(), "PATCH", &path, &headers, body).unwrap()
}

/// Stages a greeting on `main` and releases it.
fn release(server: &Server, greeting: &str) -> String {
    server.patch_staging(&json!({ "greeting": greeting }));
    let released = server.luthier_json(&["state", "promote"]);
    released["version"].as_str().unwrap().to_owned()
}

fn staged(server: &Server, lineage: &str) -> Value {
    let args = ["state", "get", "staging", "--lineage", lineage];
    server.luthier_json(&args)["value"]["greeting"].clone()
}

fn events(server: &Server, query: &str) -> Vec<Value> {
    let page = server.get(&format!("/events?limit=200&{query}")).json();
    page["events"].as_array().unwrap().clone()
}

#[test]
fn lineage_a_root_in_each_of_its_events_says_all_there_is_to_know_of_it() {
    let server = Server::start_in(&workspace());
    release(&server, "Hi");
    server.luthier_json(&["state", "pin", "0.1.0"]);

    let events = events(&server, "subject=lineage.main&order=newest");

    assert_eq!(events.len(), 4);
    for event in &events {
        let root = &event["data"]["root"];
        for member in ["staging", "active", "last_known_good", "version", "schema"] {
            assert!(!root[member].is_null(), "{member} of {root}");
        }
    }
    let newest = &events[0]["data"]["root"];
    assert_eq!(newest["pins"], json!({"active": "0.1.0"}));
    assert_eq!(
        (&newest["version"], &newest["last_known_good"]),
        (&json!("0.1.1"), &json!("0.1.0"))
    );
    assert_eq!(newest["staging"]["hash"], newest["active"]["hash"]);
}

#[test]
fn version_an_exact_one_and_a_commit_are_the_same_for_ever() {
    let workspace = workspace();
    let server = Server::start_in(&workspace);
    let manifest = resource(&server, "active", "compat://manifest");
    let commit = manifest["commit"].as_str().unwrap().to_owned();
    let first = json!(["one", "Hello", "0.1.0"]);
    assert_eq!(known(&server, &commit), first);

    release(&server, "Hi");
    workspace.write("tools/runner/it.py", &two());
    assert_eq!(asking::release(&workspace), "0.2.0");
    until(&json!(["two", "Hi", "0.2.0"]), || known(&server, "active"));
    server.luthier_json(&["state", "rollback", "--to", "0.1.1"]);
    write(&server, "0.1.0", "Elsewhere");

    assert_eq!(known(&server, "0.1.0"), first);
    assert_eq!(known(&server, &commit), first);
    // A bare number is `main`'s, whoever else has it.
    assert_eq!(known(&server, "from-0.1.0~0.1.0"), first);
    assert_eq!(known(&server, "0.2.0"), json!(["two", "Hi", "0.2.0"]));
}

#[test]
fn version_a_side_lineage_counts_on_its_own_and_is_named_with_its_numbers() {
    let server = Server::start_in(&workspace());
    release(&server, "Main");

    write(&server, "0.1.0", "Side");
    server.luthier_json(&["state", "promote", "--lineage", "from-0.1.0"]);

    assert_eq!(known(&server, "0.1.1"), json!(["one", "Main", "0.1.1"]));
    assert_eq!(
        known(&server, "main~0.1.1"),
        json!(["one", "Main", "0.1.1"])
    );
    assert_eq!(
        known(&server, "from-0.1.0~0.1.1"),
        json!(["one", "Side", "0.1.1"])
    );
}

#[test]
fn aliases_follow_the_registry_and_unstable_versions_are_none_of_theirs() {
    let workspace = workspace();
    let server = Server::start_in(&workspace);
    release(&server, "Hi");
    server.patch_staging(&json!({ "greeting": "Staged" }));
    git(&workspace, &["commit", "-q", "--allow-empty", "-m", "next"]);
    workspace.write("tools/runner/it.py", &TOOL.replace("\"one\"", "\"next\""));
    tag(&workspace, "v0.3.0-rc.1");

    // A tag that nobody proved runs when it is asked for by its name.
    until(&json!("next"), || {
        let path = "/agent/0.3.0-rc.1/runner";
        match server.get(path).status {
            404 => Value::Null,
            _ => known(&server, "0.3.0-rc.1")[0].clone(),
        }
    });
    for (reference, expected) in [
        ("active", ["one", "Hi", "0.1.1"]),
        ("latest", ["one", "Hi", "0.1.1"]),
        ("^0.1", ["one", "Hi", "0.1.1"]),
        ("%3E=0.1.0", ["one", "Hi", "0.1.1"]),
        ("staging", ["one", "Staged", "0.1.1"]),
    ] {
        assert_eq!(known(&server, reference), json!(expected), "{reference}");
    }
    assert_eq!(server.get("/agent/canary/runner").status, 404);
    assert_eq!(server.get("/agent/^0.4/runner").status, 404);

    // A staged state is served to those who ask for it at once.
    server.patch_staging(&json!({ "greeting": "Again" }));
    until(&json!("Again"), || known(&server, "staging")[1].clone());
}

#[test]
fn aliases_withdrawn_versions_are_none_of_theirs_and_never_a_base() {
    let server = Server::start_in(&workspace());
    release(&server, "Good");
    release(&server, "Bad");

    let back = server.luthier_json(&["state", "rollback", "--to", "0.1.1"]);

    assert_eq!(back["version"], "0.1.3");
    for reference in ["active", "latest", "^0.1"] {
        assert_eq!(known(&server, reference)[1], "Good", "{reference}");
    }
    // What was released stays to be looked at.
    assert_eq!(known(&server, "0.1.2")[1], "Bad");
    assert_eq!(write(&server, "0.1.2", "Worse").status, 409);
    let pin = server.commands().run(&["state", "pin", "0.1.2", "--json"]);
    assert_eq!(pin.error()["code"], "withdrawn");
    let back = server
        .commands()
        .run(&["state", "rollback", "--to", "0.1.2", "--json"]);
    assert_eq!(back.error()["code"], "withdrawn");
}

#[test]
fn writes_through_an_alias_or_a_range_go_to_the_head_and_through_an_earlier_version_to_a_fork() {
    let server = Server::start_in(&workspace());
    release(&server, "Hi");

    for (reference, lineage) in [
        ("active", "main"),
        ("staging", "main"),
        ("latest", "main"),
        ("^0.1", "main"),
        ("0.1.1", "main"),
        ("0.1.0", "from-0.1.0"),
        ("from-0.1.0~0.1.0", "from-0.1.0"),
    ] {
        let answer = write(&server, reference, reference);
        assert_eq!(answer.status, 200, "{reference}: {answer:?}");
        assert_eq!(answer.json()["lineage"], lineage, "{reference}");
        assert_eq!(staged(&server, lineage), *reference);
    }
    assert_eq!(known(&server, "active"), json!(["one", "Hi", "0.1.1"]));
}

#[test]
fn writes_no_call_and_no_conversation_is_one() {
    let server = Server::start_in(&workspace());
    let before = events(&server, "subject=lineage.main").len();

    known(&server, "active");
    let first = call(&server, "active", "count", &json!({}));
    let id = first["structuredContent"]["conversation_id"].clone();
    call(&server, "0.1.0", "count", &json!({ "conversation_id": id }));

    until(&json!(true), || {
        json!(events(&server, "type=call").len() >= 3)
    });
    assert_eq!(events(&server, "subject=lineage.main").len(), before);
}

#[test]
fn promote_is_the_staged_state_on_unchanged_code_as_the_next_patch() {
    let workspace = workspace();
    let server = Server::start_in(&workspace);
    let manifest = |reference| resource(&server, reference, "compat://manifest");
    let before = manifest("active");

    let version = release(&server, "Hi");

    let after = manifest("active");
    assert_eq!(
        (version.as_str(), &after["version"]),
        ("0.1.1", &json!("0.1.1"))
    );
    assert_eq!(&after["code"], &before["code"]);
    assert_ne!(after["commit"], before["commit"]);
    assert_ne!(after["state"]["hash"], before["state"]["hash"]);
    let nothing = server.commands().run(&["state", "promote", "--json"]);
    assert_eq!(nothing.error()["code"], "nothing_to_promote");
}

#[test]
fn promote_what_is_staged_is_carried_over_when_code_is_released() {
    let workspace = workspace();
    let server = Server::start_in(&workspace);
    server.patch_staging(&json!({ "greeting": "Staged" }));

    workspace.write("tools/runner/it.py", &two());
    assert_eq!(asking::release(&workspace), "0.2.0");
    until(&json!(["two", "Hello", "0.2.0"]), || {
        known(&server, "active")
    });

    assert_eq!(known(&server, "staging"), json!(["two", "Staged", "0.2.0"]));
    assert_eq!(staged(&server, "main"), "Staged");
    // The state that the commit carries is where a lineage begins, and nothing later.
    assert_eq!(release(&server, "Now"), "0.2.1");
}

#[test]
fn rollback_moves_active_at_once_and_releases_the_old_content_with_a_number_of_its_own() {
    let workspace = workspace();
    let server = Server::start_in(&workspace);
    workspace.write("tools/runner/it.py", &two());
    assert_eq!(asking::release(&workspace), "0.2.0");
    until(&json!(["two", "Hello", "0.2.0"]), || {
        known(&server, "active")
    });

    let back = server.luthier_json(&["state", "rollback", "--to", "0.1.0"]);

    // A tool goes, so that the number is a major one.
    assert_eq!(back["version"], "1.0.0");
    assert_eq!(known(&server, "active"), json!(["one", "Hello", "1.0.0"]));
    let newest = &events(&server, "subject=lineage.main&order=newest")[0];
    assert_eq!(newest["type"], "luthier.release");
    assert_eq!(newest["data"]["restores"], "0.1.0");
    assert_eq!(newest["data"]["root"]["withdrawn"], json!(["0.2.0"]));
}

#[test]
fn last_known_good_is_where_a_rollback_goes_and_no_version_is_that_is_still_watched() {
    let server = Server::start_in(&workspace());
    release(&server, "Good");
    release(&server, "Better");
    let status = server.luthier_json(&["status"]);
    assert_eq!(status["journal"]["lineages"][0]["last_known_good"], "0.1.0");

    server.luthier_json(&["state", "rollback"]);

    assert_eq!(known(&server, "active"), json!(["one", "Hello", "0.1.3"]));
}

#[test]
fn last_known_good_moves_when_every_live_runner_took_a_version_up_and_its_time_passed() {
    let workspace = workspace();
    let server = Server::start_in(&workspace);
    release(&server, "Good");
    drop(server);

    // Whoever comes after a restart goes on watching, and has to say that it serves it too.
    let server = Server::start_with(&workspace, &[], &[("LUTHIER_RELEASE_WATCH_S", "0")]);
    let mut moves = Follower::start(&workspace, &["--subject", "lineage.main"]);
    let good = moves.wait_for(|event| event["data"]["change"] == "good");

    let of_it = "subject=lineage.main&version=0.1.1&type=release";
    let released = events(&server, of_it)[0]["seq"].as_u64();
    let told = events(&server, "subject=runner.lineage.main");
    let is_ours = |told: &&Value| {
        told["data"]["pid"] == server.pid() && told["data"]["up_to"].as_u64() >= released
    };
    let told = told.iter().find(is_ours).unwrap();
    assert!(told["seq"].as_u64() < good["seq"].as_u64(), "{told} {good}");
    assert_eq!(good["data"]["root"]["last_known_good"], "0.1.1");
    release(&server, "Better");
    moves.wait_for(|event| event["data"]["new"] == "0.1.2");
    server.luthier_json(&["state", "rollback"]);
    assert_eq!(known(&server, "active")[1], "Good");
}

#[test]
fn canary_gets_its_share_of_the_conversations_each_of_which_stays_where_it_was() {
    let workspace = workspace();
    workspace.write("luthier.toml", "[tuner]\ncanary_share = 0.5\n");
    let server = Server::start_in(&workspace);
    assert_eq!(release(&server, "Tried"), "0.1.1");

    assert_eq!(known(&server, "canary"), json!(["one", "Tried", "0.1.1"]));
    let mut seen = std::collections::BTreeSet::new();
    for _call in 0..40 {
        let result = call(&server, "active", "known", &json!({}));
        let known = &result["structuredContent"]["result"];
        let is_tried = known[1] == "Tried";
        assert_eq!(known[2], if is_tried { "0.1.1" } else { "0.1.0" });
        assert_eq!(result["_meta"]["version"] == "0.1.1", is_tried, "{result}");
        seen.insert(is_tried);
    }
    assert_eq!(seen.len(), 2);
    let first = call(&server, "active", "count", &json!({}));
    let id = first["structuredContent"]["conversation_id"].clone();
    for _call in 0..5 {
        let again = call(
            &server,
            "active",
            "count",
            &json!({ "conversation_id": id }),
        );
        assert_eq!(again["_meta"]["version"], first["_meta"]["version"]);
    }

    server.luthier_json(&["state", "rollback"]);
    for _call in 0..20 {
        assert_eq!(known(&server, "active"), json!(["one", "Hello", "0.1.2"]));
    }
    assert_eq!(server.get("/agent/canary/runner").status, 404);
}

#[test]
fn canary_is_active_when_its_time_has_passed() {
    let workspace = workspace();
    workspace.write(
        "luthier.toml",
        "[tuner]\ncanary_share = 0.5\n[release]\nwatch_s = 0\n",
    );
    let server = Server::start_in(&workspace);
    let mut moves = Follower::start(&workspace, &["--subject", "lineage.main"]);

    release(&server, "Tried");

    let activated = moves.wait_for(|event| event["data"]["change"] == "activate");
    assert_eq!(activated["data"]["new"], "0.1.1");
    let good = moves.wait_for(|event| event["data"]["change"] == "good");
    assert_eq!(good["data"]["new"], "0.1.1");
    until(&json!("Tried"), || known(&server, "active")[1].clone());
}

#[test]
fn pin_holds_the_alias_while_releases_go_on() {
    let server = Server::start_in(&workspace());
    release(&server, "Kept");
    server.luthier_json(&["state", "pin", "0.1.1"]);

    release(&server, "Newer");

    assert_eq!(known(&server, "active")[1], "Kept");
    assert_eq!(known(&server, "latest")[1], "Newer");
    assert_eq!(known(&server, "0.1.2")[1], "Newer");
    server.luthier_json(&["state", "pin", "--clear"]);
    until(&json!("Newer"), || known(&server, "active")[1].clone());
}

/// Stages a greeting on a side lineage and releases it.
fn release_on(server: &Server, lineage: &str, greeting: &str) -> Value {
    let merge = json!({ "greeting": greeting }).to_string();
    let lineage = ["--lineage", lineage];
    let patch = ["state", "patch", "staging", "--merge", &merge];
    server.luthier_json(&[&patch[..], &lineage].concat());
    let promoted = server.luthier_json(&[&["state", "promote"][..], &lineage].concat());
    promoted["version"].clone()
}

#[test]
fn lineage_one_is_listed_opened_at_a_version_closed_and_opened_again() {
    let server = Server::start_in(&workspace());
    release(&server, "Hi");
    let list = || server.luthier_json(&["lineage", "list"])["lineages"].clone();

    let opened = server.luthier_json(&["lineage", "fork", "0.1.0"]);
    assert_eq!(opened["lineage"], "from-0.1.0");
    assert_eq!(release_on(&server, "from-0.1.0", "Side"), "0.1.1");
    server.luthier_json(&["lineage", "close", "from-0.1.0"]);

    assert_eq!(list()[0]["closed"], true, "{}", list());
    let refused = write(&server, "from-0.1.0~0.1.1", "More");
    assert_eq!(refused.status, 409, "{refused:?}");
    let promote = ["state", "promote", "--lineage", "from-0.1.0", "--json"];
    let refused = server.commands().run(&promote).error();
    assert_eq!(refused["code"], "closed");
    // Its versions are there as ever.
    assert_eq!(known(&server, "from-0.1.0~0.1.1")[1], "Side");
    let main = ["lineage", "close", "main", "--json"];
    assert_eq!(server.commands().run(&main).error()["code"], "main_closes");
    server.luthier_json(&["lineage", "fork", "0.1.0"]);
    assert_eq!(list()[0]["closed"], false);
    assert_eq!(release_on(&server, "from-0.1.0", "Again"), "0.1.2");
}

#[test]
fn version_a_number_that_main_lacks_and_several_have_is_refused_with_their_commits() {
    let server = Server::start_in(&workspace());
    release(&server, "One");
    release(&server, "Two");
    for (at, count) in [("0.1.0", 3), ("0.1.1", 2)] {
        server.luthier_json(&["lineage", "fork", at]);
        for number in 0..count {
            release_on(&server, &format!("from-{at}"), &number.to_string());
        }
    }

    until(&json!(409), || json!(server.get("/versions/0.1.3").status));
    let ambiguous = server.get("/versions/0.1.3");

    for lineage in ["from-0.1.0", "from-0.1.1"] {
        let named = server.get(&format!("/versions/{lineage}~0.1.3")).json();
        let commit = named["commit_hash"].as_str().unwrap();
        assert!(ambiguous.body.contains(commit), "{ambiguous:?}");
    }
    // A bare number is `main`'s where it has one.
    assert_eq!(server.get("/versions/0.1.2").json()["lineage"], "main");
}

#[test]
fn release_is_one_path_an_intent_a_commit_with_a_tag_and_the_event_that_moves_the_root() {
    let workspace = workspace();
    let server = Server::start_in(&workspace);
    release(&server, "Hi");
    workspace.write("tools/runner/it.py", &two());
    asking::release(&workspace);

    let intents = events(&server, "subject=release.main");
    let releases = events(&server, "subject=lineage.main&type=release");

    // The first version has nothing before it that a crash could leave behind.
    for (intent, released) in intents.iter().rev().zip(releases.iter().rev()) {
        assert!(intent["seq"].as_u64() < released["seq"].as_u64());
        assert_eq!(intent["data"]["id"], released["data"]["release"]);
        assert_eq!(intent["version"], released["version"]);
    }
    let said: Vec<_> = releases
        .iter()
        .map(|event| {
            (
                &event["version"],
                &event["data"]["bump"],
                &event["data"]["tests"],
            )
        })
        .collect();
    let (first, patch, minor) = (json!("0.1.0"), json!("0.1.1"), json!("0.2.0"));
    assert_eq!(
        said,
        [
            (&first, &json!("first"), &json!("pass")),
            (&patch, &json!("patch"), &json!("pass")),
            (&minor, &json!("minor"), &json!("pass")),
        ]
    );
    for version in ["0.1.0", "0.1.1", "0.2.0"] {
        let shown = server.get(&format!("/versions/{version}")).json();
        let tree = server.get(&format!("/versions/{version}/tree"));
        assert_eq!(shown["tests"]["status"], "pass", "{shown}");
        assert_eq!(tree.status, 200, "{tree:?}");
    }
}

#[test]
fn promote_takes_the_micro_tier_alone_and_is_refused_where_that_fails() {
    let workspace = workspace();
    let case = json!({"tool": "known", "args": {}, "expect": {"$subset": ["Hello"]}});
    workspace.write("tests/micro/known.jsonl", &case.to_string());
    commit(&workspace);
    let server = Server::start_in(&workspace);

    server.patch_staging(&json!({ "greeting": "Hi" }));
    let refused = server.commands().run(&["state", "promote", "--json"]);

    assert_eq!(refused.error()["code"], "not_proved", "{refused:?}");
    assert_eq!(known(&server, "active"), json!(["one", "Hello", "0.1.0"]));
    assert_eq!(staged(&server, "main"), "Hi");
    server.luthier_json(&["state", "discard"]);
    assert_eq!(staged(&server, "main"), "Hello");
}

#[test]
fn writes_of_state_go_to_staging_alone() {
    let server = Server::start_in(&workspace());

    let headers = [
        ("content-type", "application/merge-patch+json"),
        ("if-match", "*"),
    ];
    let path = "/agent/active/state/active";
    let refused = request(server.url(), "PATCH", path, &headers, "{}").unwrap();

    assert!((400..500).contains(&refused.status), "{refused:?}");
    let head = events(&server, "subject=lineage.main");
    assert_eq!(head.len(), 1);
}

#[test]
fn runners_acknowledge_each_version_by_an_event() {
    let server = Server::start_in(&workspace());

    let version = release(&server, "Hi");

    let acknowledged = events(&server, "subject=runner.lineage.main&order=newest");
    assert!(!acknowledged.is_empty());
    assert_eq!(acknowledged[0]["version"], version.as_str());
}

#[test]
fn durability_a_computed_value_demands_its_base_and_a_patch_may_do_without() {
    let server = Server::start_in(&workspace());
    let state = |args: &[&str]| {
        server
            .commands()
            .run(&[&["state"], args, &["--json"]].concat())
    };

    let patch = state(&["patch", "staging", "--merge", r#"{"greeting": "Hi"}"#]);
    assert_eq!(patch.exit, 0, "{patch:?}");
    let document = server.luthier_json(&["state", "get", "staging"]);
    let file = server.commands().path().join("computed.json");
    std::fs::write(&file, document["value"].to_string()).unwrap();
    let file = file.to_str().unwrap();
    let import = state(&["import", file]);
    assert_ne!(import.exit, 0, "{import:?}");
    let stale = state(&["import", file, "--if-revision", "1"]);
    assert_eq!(stale.error()["code"], "stale_revision", "{stale:?}");
}

#[test]
fn durability_what_is_acknowledged_is_there_after_a_sigkill() {
    let mut server = Server::start_in(&workspace());
    let counted = call(&server, "active", "count", &json!({}));
    let id = counted["structuredContent"]["conversation_id"].clone();
    let version = release(&server, "Hi");
    server.patch_staging(&json!({ "greeting": "Staged" }));

    server.kill();
    server.restart();

    assert_eq!(known(&server, "active"), json!(["one", "Hi", version]));
    assert_eq!(staged(&server, "main"), "Staged");
    let goes_on = call(
        &server,
        "active",
        "count",
        &json!({ "conversation_id": id }),
    );
    assert_eq!(goes_on["structuredContent"]["result"], 2);
}

#[test]
fn events_are_of_the_known_types_and_each_has_a_tenant() {
    let server = Server::start_in(&workspace());
    release(&server, "Hi");
    call(&server, "active", "count", &json!({}));
    until(&json!(false), || {
        json!(events(&server, "type=call").is_empty())
    });

    let all = events(&server, "after=0");

    let known = [
        "call",
        "feedback",
        "decision",
        "state.change",
        "session",
        "job",
        "eval",
        "release",
        "trigger",
        "tuner.summary",
        "refusal",
        "conflict",
        "config",
        "signal",
        "seal",
    ];
    let roles = [
        "architect",
        "coder",
        "reviewer",
        "tester",
        "analyst",
        "runner",
        "tuner",
        "operator",
    ];
    for event in &all {
        assert_eq!(event["tenantid"], "local", "{event}");
        let kind = event["type"].as_str().unwrap().strip_prefix("luthier.");
        // An intent is a step of a release.
        let kind = kind.map(|kind| kind.trim_end_matches(".intent"));
        assert!(kind.is_some_and(|kind| known.contains(&kind)), "{event}");
        let role = event["agentrole"].as_str().unwrap();
        assert!(roles.contains(&role), "{event}");
    }
}
