//! SIGKILL at every recorded step of a job: it ends once, with one release, and nobody is asked again
//! what was answered.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    answers::{Answers, COMPLAINT, workspace},
    say, versions,
};
use crate::server::{Server, Workspace, request};

const KILLS: usize = 200;

/// The place that a server dies at, and after how many passes of it.
fn places() -> impl Iterator<Item = String> {
    let names = ["job::after_step", "job::before_step"];
    let steps = (2..=4).flat_map(move |passes| names.map(|name| format!("{name}@{passes}")));
    steps.collect::<Vec<_>>().into_iter().cycle()
}

#[test]
fn two_hundred_kills_at_the_steps_of_jobs_release_each_once_and_ask_nothing_again() {
    let mut places = places();
    let mut kills = 0;
    while kills < KILLS {
        kills += killed_again_and_again(&mut places);
    }
}

/// Says how often the server of one job was killed until that was done.
fn killed_again_and_again(places: &mut impl Iterator<Item = String>) -> usize {
    let workspace: Workspace = workspace(&Answers::of_repair());
    let mut server = Server::start_in(&workspace);
    let body = json!({ "message": COMPLAINT });
    let headers = [("prefer", "respond-async"), ("idempotency-key", "once")];
    server.kill();
    let mut kills = 1;
    server.restart();
    let asked = say(&server, "active", &body, &headers);
    assert_eq!(asked.status, 202, "{}", asked.body);
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    server.kill();
    loop {
        let is_up = server.restart_to_die_at(&places.next().unwrap());
        if is_up && is_over(&server, &id) {
            break;
        }
        server.wait_until_dead();
        kills += 1;
    }
    server.kill();
    server.restart();
    check(&server, &id, kills);
    kills
}

/// Is the job done, so that nothing will kill the server any more?
fn is_over(server: &Server, id: &str) -> bool {
    let path = format!("/agent/active/architect/jobs/{id}");
    loop {
        // A server that dies answers nothing.
        let Ok(reply) = request(server.url(), "GET", &path, &[], "") else {
            return false;
        };
        match reply.json()["stage"].as_str() {
            Some("done" | "rejected" | "failed") => return true,
            _ => std::thread::yield_now(),
        }
    }
}

fn check(server: &Server, id: &str, kills: usize) {
    let job = server
        .get(&format!("/agent/active/architect/jobs/{id}"))
        .json();
    assert_eq!(job["answer"]["result"], "committed", "{job}");
    assert_eq!(job["answer"]["new_version"], "0.1.1", "{job}");
    assert_eq!(versions(server), ["0.1.1", "0.1.0"]);
    let lost = job["used"]["lost_requests"].as_u64().unwrap();
    assert!(lost <= kills as u64, "{job}");
    let told = server.luthier_json(&["ledger", "query", "--type", "job", "--limit", "1000"]);
    let events = told["events"].as_array().unwrap();
    let mut answered: BTreeMap<String, usize> = BTreeMap::new();
    for event in events {
        let data: &Value = &event["data"];
        let question = data["question"].as_str().unwrap_or_default().to_owned();
        match data["step"].as_str() {
            Some("asked") => assert!(!answered.contains_key(&question), "asked again: {data}"),
            Some("answered") => *answered.entry(question).or_default() += 1,
            _ => {}
        }
    }
    assert!(answered.values().all(|count| *count == 1), "{answered:?}");
    assert!(!answered.is_empty());
}
