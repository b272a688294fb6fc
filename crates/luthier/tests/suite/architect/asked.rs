//! What is left open is asked about, and an answer settles it.

use serde_json::{Value, json};

use super::{artefact, job, job_of, say, tell, value};
use crate::{
    runner::asking::{call, until},
    server::{Reply, Server, Workspace},
};

/// A workspace with one tool, `initials`, which makes of each word what `letter` says.
fn serve(letter: &str, cases: &str) -> Server {
    let workspace = Workspace::proving();
    let code = format!(
        "from luthier import tool\n\n\n@tool\ndef initials(name: str) -> str:\n    \"\"\"The first letters of a name.\"\"\"\n    return \"\".join({letter} for part in name.split())\n"
    );
    workspace.write("tools/runner/greet.py", &code);
    workspace.write("tests/micro/greet.jsonl", cases);
    Server::start_in(&workspace)
}

const EMPTY: &str = "{\"tool\": \"initials\", \"args\": {\"name\": \"\"}, \"expect\": \"\"}\n";

/// The one question of a job that waits, and its number.
fn question(reply: &Reply) -> (String, String) {
    assert_eq!(reply.status, 202, "{}", reply.body);
    let asked = reply.json();
    let questions = asked["questions"].as_array().unwrap();
    assert_eq!(questions.len(), 1, "{asked}");
    let member = |name: &str| questions[0][name].as_str().unwrap().to_owned();
    (member("id"), member("question"))
}

fn answer(server: &Server, reply: &Reply, answer: &str) {
    let (id, _) = question(reply);
    let told = tell(
        server,
        &job_of(reply),
        "answer",
        &json!({ "answers": { id: answer } }),
    );
    assert_eq!(told.status, 200, "{}", told.body);
}

fn is_released(server: &Server, reply: &Reply) {
    let id = job_of(reply);
    until(&json!("committed"), || {
        let job = job(server, &id);
        let result = job["answer"]["result"].clone();
        if result.is_null() {
            job["stage"].clone()
        } else {
            result
        }
    });
}

fn initials(server: &Server, name: &str) -> Value {
    value(server, "initials", &json!({ "name": name }))["result"].clone()
}

#[test]
fn what_a_call_should_give_is_asked_and_a_bare_value_is_an_answer() {
    let server = serve("part[1].upper()", EMPTY);
    let message = json!({ "message": "initials('Ada Lovelace') gives 'DO', odd" });

    let reply = say(&server, "active", &message, &[]);
    let (_, asked) = question(&reply);
    assert!(asked.contains("initials(\"Ada Lovelace\")"), "{asked}");
    answer(&server, &reply, "'AL'");

    is_released(&server, &reply);
    until(&json!("GBH"), || initials(&server, "grace brewster hopper"));
}

#[test]
fn a_case_that_is_there_is_changed_when_somebody_says_that_it_is_wrong() {
    let cases = "{\"tool\": \"initials\", \"args\": {\"name\": \"ada\"}, \"expect\": \"a\"}\n";
    let server = serve("part[0].lower()", cases);
    let message = json!({ "message": "initials('ada') should be 'A'" });

    let reply = say(&server, "active", &message, &[]);
    let (_, asked) = question(&reply);
    assert!(asked.contains("is that case wrong"), "{asked}");
    answer(&server, &reply, "I think it is wrong, please change it");
    let id = job_of(&reply);
    until(&json!("needs_approval"), || {
        job(&server, &id)["stage"].clone()
    });
    assert_eq!(tell(&server, &id, "approve", &json!({})).status, 200);

    is_released(&server, &reply);
    until(&json!("GH"), || initials(&server, "grace hopper"));
    let diff = artefact(&server, &id, "change.diff");
    assert!(diff.contains("+++ b/tests/micro/greet.jsonl"), "{diff}");
}

#[test]
fn it_is_the_call_in_the_log_that_comes_with_the_message() {
    let server = serve("part[1].upper()", EMPTY);
    let made = call(
        &server,
        "active/runner",
        "initials",
        &json!({ "name": "Ada Lovelace" }),
    );
    let conversation = made["structuredContent"]["conversation_id"]
        .as_str()
        .unwrap();
    let attached = format!("logs://{conversation}");

    let message = json!({ "message": "that should have been 'AL'", "attachments": [attached] });
    let reply = say(&server, "active", &message, &[]);

    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.json()["result"], "committed", "{}", reply.body);
    until(&json!("GBH"), || initials(&server, "grace brewster hopper"));
}

#[test]
fn what_is_not_said_after_three_rounds_is_given_up_and_changes_nothing() {
    let server = serve("part[1].upper()", EMPTY);
    let message = json!({ "message": "initials('Ada Lovelace') gives 'DO', odd" });

    let reply = say(&server, "active", &message, &[]);
    let id = job_of(&reply);
    for round in 1..=3 {
        until(&json!(round.to_string()), || {
            job(&server, &id)["questions"][0]["id"].clone()
        });
        let answers = json!({ "answers": { round.to_string(): "ask Jo about it" } });
        let told = tell(&server, &id, "answer", &answers);
        assert_eq!(told.status, 200, "{}", told.body);
    }

    until(&json!("rejected"), || {
        job(&server, &id)["answer"]["result"].clone()
    });
    let notes = job(&server, &id)["answer"]["notes"].clone();
    assert!(
        notes.as_str().unwrap().contains("still not clear"),
        "{notes}"
    );
    assert_eq!(initials(&server, "Ada Lovelace"), "DO");
}
