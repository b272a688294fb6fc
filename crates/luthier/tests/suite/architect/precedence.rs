//! Who is heeded: an open circuit over a peer's claim, and that over what was ordered.

use std::{
    fs::{self, File},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{
    answers::{Answers, COMPLAINT, MENDED, analysis, repair, workspace},
    job, job_of,
    model::{Asked, Model, Wire},
    providers::right,
    say, value,
};
use crate::{
    runner::asking::until,
    server::{Server, Workspace},
};

const REST: Duration = Duration::from_millis(400);

/// A model that can be down, that can think for as long as it is told to, and that counts.
#[derive(Clone, Default)]
struct Moody {
    is_up: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    thinking: Arc<(Mutex<bool>, Condvar)>,
}

impl Moody {
    fn serve(&self, workspace: &Workspace) -> Server {
        self.serve_with(workspace, &[])
    }

    fn serve_with(&self, workspace: &Workspace, more: &[(&str, &str)]) -> Server {
        let mind = self.clone();
        let model = Model::start(Wire::Anthropic, move |asked| mind.answer(&asked));
        let rest = REST.as_millis().to_string();
        let own = [
            ("LUTHIER_ARCHITECT_PROVIDER", "anthropic"),
            ("LUTHIER_ARCHITECT_BASE_URL", &model.url),
            ("LUTHIER_ARCHITECT_MODEL", "small"),
            ("LUTHIER_ARCHITECT_ATTEMPTS_MAX", "1"),
            ("LUTHIER_ARCHITECT_FAILURES_MAX", "1"),
            ("LUTHIER_ARCHITECT_REST_MS", &rest),
            ("ANTHROPIC_API_KEY", "sk-of-this-test"),
        ];
        Server::start_with(workspace, &[], &[&own, more].concat())
    }

    fn answer(&self, asked: &Asked<'_>) -> Value {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let (is_thinking, done) = &*self.thinking;
        let is_thinking = is_thinking.lock().unwrap();
        drop(done.wait_while(is_thinking, |it| *it).unwrap());
        if self.is_up.load(Ordering::SeqCst) {
            right(asked.kind)
        } else {
            Value::Null
        }
    }

    fn up() -> Self {
        let moody = Self::default();
        moody.comes_back();
        moody
    }

    fn comes_back(&self) {
        self.is_up.store(true, Ordering::SeqCst);
    }

    fn thinks(&self, is_thinking: bool) {
        *self.thinking.0.lock().unwrap() = is_thinking;
        self.thinking.1.notify_all();
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Says it, and waits for nothing.
fn order(server: &Server, message: &str) -> String {
    let headers = [("prefer", "respond-async")];
    let reply = say(server, "active", &json!({ "message": message }), &headers);
    assert_eq!(reply.status, 202, "{}", reply.body);
    job_of(&reply)
}

fn slug(server: &Server) -> Value {
    value(server, "slugify", &json!({ "title": "Crème brûlée" }))["result"].clone()
}

#[test]
fn whoever_does_not_answer_is_asked_once_a_rest_whatever_was_ordered() {
    let moody = Moody::default();
    let server = moody.serve(&workspace(&Answers::default()));
    let began = Instant::now();

    let first = order(&server, COMPLAINT);
    let second = order(
        &server,
        "shout should keep digits: shout('a1') should be 'A1'",
    );
    until(&json!(true), || json!(moody.asked() >= 4));

    assert!(began.elapsed() >= REST * 3, "{:?}", began.elapsed());
    let doing = job(&server, &first)["doing"].clone();
    assert!(
        doing.as_str().unwrap().contains("asked again by itself"),
        "{doing}"
    );
    assert_eq!(job(&server, &second)["stage"], "received");
    moody.comes_back();
    until(&json!("done"), || job(&server, &first)["stage"].clone());
    assert_eq!(slug(&server), "creme-brulee");
}

#[test]
fn a_provider_that_stays_away_for_too_long_fails_the_job_and_changes_nothing() {
    let moody = Moody::default();
    let server = moody.serve_with(
        &workspace(&Answers::default()),
        &[("LUTHIER_ARCHITECT_PATIENCE_MS", "0")],
    );

    let reply = say(&server, "active", &json!({ "message": COMPLAINT }), &[]);

    assert_eq!(reply.status, 503, "{}", reply.body);
    let problem = reply.json();
    assert_eq!(problem["code"], "job_failed");
    let told = problem["detail"].as_str().unwrap();
    assert!(
        told.contains("nothing was changed: nobody answers"),
        "{told}"
    );
    assert_eq!(slug(&server), "cr-me-br-l-e");
}

#[test]
fn what_a_peer_holds_is_left_to_it_until_it_lets_go() {
    // The engine looks four times a second.
    const LOOKED: Duration = Duration::from_millis(600);
    let workspace = workspace(&Answers::default());
    let moody = Moody::up();
    let server = moody.serve(&workspace);
    let folder = workspace.data().join("architect");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("jobs-main.lock")).unwrap();
    lock.lock().unwrap();

    let id = order(&server, COMPLAINT);
    let began = Instant::now();
    while began.elapsed() < LOOKED {
        assert_eq!(job(&server, &id)["stage"], "received");
    }

    assert_eq!(moody.asked(), 0);
    drop(lock);
    until(&json!("done"), || job(&server, &id)["stage"].clone());
}

#[test]
fn while_its_journal_takes_nothing_the_last_version_serves_and_the_job_in_hand_goes_on_after() {
    let workspace = workspace(&Answers::default());
    let moody = Moody::up();
    let server = moody.serve(&workspace);
    moody.thinks(true);
    let id = order(&server, COMPLAINT);
    until(&json!(1), || json!(moody.asked()));
    let journal = Connection::open(workspace.journal()).unwrap();
    journal.execute_batch("BEGIN EXCLUSIVE").unwrap();

    moody.thinks(false);
    let served = slug(&server);
    journal.execute_batch("ROLLBACK").unwrap();
    until(&json!("done"), || job(&server, &id)["stage"].clone());

    assert_eq!(served, "cr-me-br-l-e");
    assert_eq!(slug(&server), "creme-brulee");
    // An analyst, a tester, two coders and a reviewer.
    assert_eq!(moody.asked(), 5, "nothing is asked twice");
}

#[test]
fn of_two_branches_that_want_the_same_symbol_one_is_told_that_the_other_has_it() {
    let script = r#"
let ask = |name| {
    let told = "asked";
    try {
        spawn_atom(AtomType.Coder, `Change it so: ${name}`, #{symbols: ["tools/runner/text.py::slugify"]});
    } catch (e) {
        told = `${e}`;
    }
    told
};
let said = parallel([|| ask.call("one"), || ask.call("two")]);
throw `${said}`;
"#;
    let workspace = workspace(
        &Answers::default()
            .add(
                "analyst",
                &[analysis("repair", &["tools/runner/text.py::slugify"])],
            )
            .add("architect", &[json!({ "script": script })])
            .add("coder", &[repair(MENDED)]),
    );
    let writes = [("LUTHIER_ARCHITECT_WRITES_SCRIPTS", "true")];
    let server = Server::start_with(&workspace, &[], &writes);

    let answer = super::chat(&server, COMPLAINT);

    let notes = answer["notes"].as_str().unwrap();
    assert_eq!(notes.matches("asked").count(), 1, "{notes}");
    assert!(
        notes.contains("`tools/runner/text.py::slugify` is being changed beside this"),
        "{notes}"
    );
}
