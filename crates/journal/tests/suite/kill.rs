//! SIGKILL at each named place in the writer and the sealer, with busy writers.

use std::{
    os::unix::process::ExitStatusExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use journal::{Journal, OpenOptions, SqliteJournal, Witness, seal_up_to_now};
use model::{Body, Event};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    child::{Child, input},
    power::check,
    support::{Scratch, append, everything, numbered, second},
};

const WRITERS: u64 = 4;
/// Each; the child is dead long before.
const EVENTS_MAX: u64 = 2_000;

/// Kills a child at the `hit`th time that it passes `failpoint`, twice on the same file, and
/// compares what is there with what it had said.
async fn kill_at(failpoint: &str, hits: [u64; 3]) {
    let scratch = Scratch::default();
    let mut told: Vec<Arc<Event>> = Vec::new();
    for hit in hits {
        let input = json!({"path": scratch.path(), "failpoint": failpoint, "hit": hit});
        let (lines, status) = Child::start("kill::child_that_is_killed", &input).listen();
        assert_eq!(status.signal(), Some(9), "{failpoint}, {hit}: {status}");

        let (events, witness) = understood(&lines);
        told.extend(events);
        check(scratch.folder(), &told, witness)
            .await
            .unwrap_or_else(|error| panic!("{failpoint}, {hit}: {error}"));
    }
    let found = everything(&*scratch.open()).await;
    assert!(found.len() >= told.len());
}

fn understood(lines: &[String]) -> (Vec<Arc<Event>>, Option<Witness>) {
    let after = |prefix: &'static str| {
        let lines = lines
            .iter()
            .filter_map(move |line| line.strip_prefix(prefix));
        lines.map(|line| serde_json::from_str::<Value>(line).unwrap())
    };
    let events = after("event ").map(|line| {
        let (seq, hash) = (
            line["seq"].as_u64().unwrap(),
            line["hash"].as_str().unwrap(),
        );
        let text = line["text"].as_str().unwrap();
        let event = Event::from_sealed_text(seq, hash.parse().unwrap(), text);
        Arc::new(event.unwrap())
    });
    let witness = after("seal ")
        .next_back()
        .map(|line| serde_json::from_value(line).unwrap());
    (events.collect(), witness)
}

#[tokio::test]
async fn killed_before_a_transaction_begins_nothing_acknowledged_is_lost() {
    kill_at("journal::before_begin", [1, 9, 60]).await;
}

#[tokio::test]
async fn killed_before_a_commit_nothing_half_written_is_seen() {
    kill_at("journal::before_commit", [1, 9, 60]).await;
}

#[tokio::test]
async fn killed_between_a_commit_and_its_answer_nothing_acknowledged_is_lost() {
    kill_at("journal::after_commit", [1, 9, 60]).await;
}

#[tokio::test]
async fn killed_before_the_log_is_folded_in_nothing_acknowledged_is_lost() {
    kill_at("journal::before_checkpoint", [1, 1, 2]).await;
}

#[tokio::test]
async fn killed_before_a_seal_is_written_the_chain_goes_on() {
    kill_at("journal::before_seal", [1, 2, 4]).await;
}

#[test]
#[ignore = "a process of its own, started by the tests above"]
fn child_that_is_killed() {
    let Some(input) = input() else { return };
    let path = input["path"].as_str().unwrap();
    let failpoint = input["failpoint"].as_str().unwrap();
    let is_checkpoint = failpoint.ends_with("before_checkpoint");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let journal = SqliteJournal::open(OpenOptions::new(path)).unwrap();
        append(&*journal, "begin", numbered(0)).await;
        // A reader that stays keeps the log from starting again, so that it grows to its limit.
        let reader = is_checkpoint.then(|| lasting_reader(Path::new(path)));
        kill_at_hit(failpoint, input["hit"].as_u64().unwrap());
        let body_bytes = if is_checkpoint { 200_000 } else { 300 };
        let mut tasks: Vec<_> = (0..WRITERS)
            .map(|writer| tokio::spawn(write(journal.clone(), writer, body_bytes)))
            .collect();
        tasks.push(tokio::spawn(seal(journal)));
        for task in tasks {
            task.await.unwrap();
        }
        drop(reader);
    });
}

pub(crate) fn kill_at_hit(failpoint: &str, hit: u64) {
    let hits = AtomicU64::new(0);
    let kill = move || {
        if hits.fetch_add(1, Ordering::Relaxed) + 1 == hit {
            let this = rustix::process::getpid();
            rustix::process::kill_process(this, rustix::process::Signal::KILL).unwrap();
        }
    };
    fail::cfg_callback(failpoint, kill).unwrap();
}

fn lasting_reader(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    connection
        .query_row("SELECT count(*) FROM events", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap();
    connection
}

async fn write(journal: Arc<SqliteJournal>, writer: u64, body_bytes: usize) {
    for n in 0..EVENTS_MAX {
        let body = Body::new(format!("{n:010}").repeat(body_bytes / 10).into_bytes());
        let event = numbered(n).with_body(Some(body));
        let event = append(&*journal, &format!("writer.{writer}"), event).await;
        let text = event.sealed_text();
        let line = json!({"seq": event.seq, "hash": event.hash, "text": text});
        println!("event {line}");
    }
}

async fn seal(journal: Arc<SqliteJournal>) {
    let mut watch = journal.clone().watch(0, journal::Query::all());
    for n in 0_u64.. {
        // Some events between two seals.
        if watch.next_event().await.unwrap().is_none() || n / EVENTS_MAX > WRITERS {
            return;
        }
        if n % 20 == 0 {
            let witness = seal_up_to_now(&*journal, || second(0)).await.unwrap();
            println!("seal {}", serde_json::to_string(&witness).unwrap());
        }
    }
}
