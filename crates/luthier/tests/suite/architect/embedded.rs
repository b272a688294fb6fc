//! Without a model and without a key.

use serde_json::{Value, json};

use super::{artefact, chat, job, job_of, say, value};
use crate::{
    runner::asking::{call, until},
    server::{Server, Workspace},
};

fn serve() -> Server {
    Server::start_in(&Workspace::proving())
}

#[test]
fn a_tool_that_is_asked_for_is_proved_released_and_served() {
    let server = serve();

    let reply = say(
        &server,
        "active",
        &json!({ "message": "add a tool that counts words" }),
        &[],
    );

    assert_eq!(reply.status, 200, "{}", reply.body);
    let answer = reply.json();
    assert_eq!(answer["result"], "committed", "{answer}");
    assert_eq!(answer["new_version"], "0.2.0", "{answer}");
    let counted = value(&server, "count_words", &json!({ "text": "one two  three" }));
    assert!(!counted.is_null(), "{counted}");
    let id = job_of(&reply);
    let plan = artefact(&server, &id, "PLAN.md");
    assert!(plan.contains("- [ ] [tests]"), "{plan}");
    let diff = artefact(&server, &id, "change.diff");
    assert!(diff.contains("+++ b/tests/micro/"), "{diff}");
    let shown = server.get("/versions/0.2.0").json();
    assert_eq!(shown["author"]["kind"], "architect", "{shown}");
    assert_eq!(shown["tests"]["status"], "pass", "{shown}");
    assert_eq!(shown["provenance"]["job"], json!(id), "{shown}");
}

#[test]
fn a_value_of_the_state_is_tuned() {
    let server = serve();

    let answer = chat(&server, "set the greeting to 'Good day'");

    assert_eq!(answer["result"], "tuned", "{answer}");
    assert_eq!(answer["new_version"], "0.1.1", "{answer}");
    let state = server.get("/agent/active/state/active").json();
    assert_eq!(state["value"]["greeting"], "Good day", "{state}");
}

#[test]
fn what_it_cannot_do_is_rejected_with_what_it_understood() {
    let short = [("LUTHIER_ARCHITECT_REPAIR_MS", "1500")];
    let server = Server::start_with(&Workspace::proving(), &[], &short);
    chat(&server, "add a tool that counts words");

    let answer = chat(
        &server,
        "count_words is wrong: count_words('a b') should be 7",
    );

    assert_eq!(answer["result"], "rejected", "{answer}");
    assert!(answer.get("new_version").is_none(), "{answer}");
    assert!(
        answer["notes"].as_str().unwrap().contains("count_words"),
        "{answer}"
    );
}

#[test]
fn a_tool_is_repaired_by_an_example() {
    let workspace = Workspace::proving();
    workspace.write(
        "tools/runner/greet.py",
        "from luthier import tool\n\n\n@tool\ndef initials(name: str) -> str:\n    \"\"\"The first letters of a name.\"\"\"\n    return \"\".join(part[1].upper() for part in name.split())\n",
    );
    workspace.write(
        "tests/micro/greet.jsonl",
        "{\"tool\": \"initials\", \"args\": {\"name\": \"\"}, \"expect\": \"\"}\n",
    );
    let server = Server::start_in(&workspace);

    let answer = chat(
        &server,
        "initials is wrong: expected initials('Ada Lovelace') to be 'AL', got 'DO'",
    );

    assert_eq!(answer["result"], "committed", "{answer}");
    let initials = value(
        &server,
        "initials",
        &json!({ "name": "grace brewster hopper" }),
    );
    assert_eq!(initials["result"], "GBH");
}

#[test]
fn a_tool_that_nobody_has_written_is_made_from_examples() {
    let server = serve();

    let answer = chat(
        &server,
        "Please add a tool initials_of: initials_of('Ada Lovelace') should be 'AL', initials_of('grace hopper') should be 'GH' and initials_of('x') should be 'X'",
    );

    assert_eq!(answer["result"], "committed", "{answer}");
    assert_eq!(answer["new_version"], "0.2.0", "{answer}");
    until(&json!("TBL"), || {
        let made = call(
            &server,
            "active/runner",
            "initials_of",
            &json!({ "text": "Tim Berners Lee" }),
        );
        made["structuredContent"]["result"].clone()
    });
}

#[test]
fn examples_that_say_too_little_are_asked_about_and_those_that_nothing_fits_are_refused() {
    let server = serve();

    let body = json!({ "message": "add a tool double: double(2) should be 4" });
    let reply = say(&server, "active", &body, &[]);
    assert_eq!(reply.status, 202, "{}", reply.body);
    let question = reply.json()["questions"][0]["question"].clone();
    assert!(question.as_str().unwrap().contains("double"), "{question}");

    let answer = chat(
        &server,
        "add a tool scramble: scramble('abc') should be 'q9', scramble('abd') should be '77x'",
    );
    assert_eq!(answer["result"], "rejected", "{answer}");
}

#[test]
fn a_dry_run_does_all_of_it_and_leaves_nothing() {
    let server = serve();
    let before = fingerprint(&server);

    let body = json!({ "message": "add a tool that counts words", "dry_run": true });
    let reply = say(&server, "active", &body, &[]);

    let answer = reply.json();
    assert_eq!(answer["result"], "committed", "{answer}");
    assert_eq!(answer["new_version"], "0.2.0", "{answer}");
    assert!(answer.get("commit_hash").is_none(), "{answer}");
    assert_eq!(fingerprint(&server), before);
    assert_eq!(job(&server, &job_of(&reply))["stage"], "done");
}

/// Every file of the repository of releases, with what is in it.
fn fingerprint(server: &Server) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![server.commands().data().join("repo")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.to_string_lossy().into_owned();
                files.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn an_unclear_message_is_asked_about_and_goes_on_when_it_is_answered() {
    let server = serve();
    chat(&server, "add a tool that counts words");

    let reply = say(
        &server,
        "active",
        &json!({ "message": "make it better" }),
        &[],
    );

    assert_eq!(reply.status, 202, "{}", reply.body);
    let asked = reply.json();
    assert_eq!(asked["stage"], "needs_answers", "{asked}");
    let question = &asked["questions"][0];
    let id = question["id"].as_str().unwrap();
    let answers = json!({ "answers": { id: "set the greeting to 'Hi'" } });
    let told = super::tell(&server, &job_of(&reply), "answer", &answers);
    assert_eq!(told.status, 200, "{}", told.body);
    until(&json!(false), || {
        let stage = job(&server, &job_of(&reply))["stage"].clone();
        json!(["planning", "received", "scripting", "executing"].contains(&stage.as_str().unwrap()))
    });
}

#[test]
fn whoever_does_not_wait_is_given_the_job_and_a_key_counts_once() {
    let server = serve();
    let body = json!({ "message": "add a tool that counts words" });
    let headers = [("prefer", "respond-async"), ("idempotency-key", "once")];

    let first = say(&server, "active", &body, &headers);
    let second = say(&server, "active", &body, &[("idempotency-key", "once")]);
    let other = say(
        &server,
        "active",
        &json!({ "message": "set the greeting to 'x'" }),
        &headers,
    );

    assert_eq!(first.status, 202, "{}", first.body);
    assert_eq!(second.status, 200, "{}", second.body);
    assert_eq!(job_of(&first), job_of(&second));
    assert_eq!(other.status, 422, "{}", other.body);
    let listed = server.get("/agent/active/architect/jobs").json();
    assert_eq!(listed["pagination"]["total_estimate"], 1, "{listed}");
}

#[test]
fn what_is_no_request_is_refused_by_name_and_begins_nothing() {
    let server = serve();
    let table: [(Value, &str); 8] = [
        (json!({ "message": "" }), "/message"),
        (json!({ "message": "a\u{0}b" }), "/message"),
        (json!({ "message": "x".repeat(10_001) }), "/message"),
        (
            json!({ "message": "hi", "attachments": ["file:../secret"] }),
            "/attachments",
        ),
        (
            json!({ "message": "hi", "attachments": ["http://127.0.0.1/"] }),
            "/attachments",
        ),
        (json!({ "message": "hi", "unknown": 1 }), ""),
        (json!({}), ""),
        (json!(["hi", [], false]), ""),
    ];
    for (body, pointer) in table {
        let reply = say(&server, "active", &body, &[]);
        assert_eq!(reply.status, 422, "{body} {}", reply.body);
        let found = reply.json()["pointer"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(found.starts_with(pointer), "{body} {}", reply.body);
    }
    assert_eq!(
        say(&server, "9.9.9", &json!({ "message": "hi" }), &[]).status,
        404
    );
    let listed = server.get("/agent/active/architect/jobs").json();
    assert_eq!(listed["pagination"]["total_estimate"], 0, "{listed}");
}

#[test]
fn an_empty_workspace_grows_to_tools_that_are_tuned_with_cases_in_all_tiers_and_budgets() {
    let workspace = Workspace::bare();
    let wishes = [
        "add a tool that counts words",
        "add the tool reward_variant",
    ];
    let described = wishes.iter().flat_map(|wish| ["--describe", wish]);
    let args: Vec<&str> = ["init", "bench"].into_iter().chain(described).collect();
    let said = workspace.run_in(workspace.outside(), &[&args[..], &["--json"]].concat());
    for chat in said.json()["chats"].as_array().unwrap() {
        assert_eq!(chat["result"], "committed", "{said:?}");
    }
    let server = Server::start_in(&workspace);

    let body = json!({ "message": "add budgets for the three tiers" });
    let reply = say(&server, "active", &body, &[]);

    assert_eq!(reply.status, 202, "{}", reply.body);
    let id = job_of(&reply);
    assert_eq!(super::tell(&server, &id, "approve", &json!({})).status, 200);
    until(&json!("committed"), || {
        job(&server, &id)["answer"]["result"].clone()
    });
    let version = job(&server, &id)["answer"]["new_version"].clone();
    let version = version.as_str().unwrap();
    let tree = server
        .get(&format!("/versions/{version}/tree"))
        .json()
        .to_string();
    for path in [
        "tools/runner/count_words.py",
        "tools/runner/pick_variant.py",
        "tools/tuner/reward_variant.py",
        "tests/micro/count_words.jsonl",
        "tests/fast/count_words.jsonl",
        "tests/full/count_words.jsonl",
    ] {
        assert!(tree.contains(path), "{path}: {tree}");
    }
    let budgets = server.get(&format!("/versions/{version}")).json()["budgets"].clone();
    let names: Vec<&str> = budgets
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    for tier in ["tiers.micro", "tiers.fast", "tiers.full"] {
        assert!(
            names.iter().any(|name| name.starts_with(tier)),
            "{tier}: {names:?}"
        );
    }
    // The tool that tunes makes the other one better.
    let picked = call(&server, "active/runner", "pick_variant", &json!({}));
    assert_eq!(picked["isError"], false, "{picked}");
}
