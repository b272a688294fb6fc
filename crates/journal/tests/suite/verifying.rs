//! What a hash covers, as told; and a verification that nobody waits for any more.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
    mpsc,
};

use std::collections::BTreeSet;

use journal::{Expect, Journal, OpenJournal as _, OpenOptions, SqliteJournal};
use model::{
    Body, Context,
    event::AgentRole,
    trace::{SpanId, TraceId},
};
use serde_json::{Value, json};

use crate::support::{Scratch, event, history, key, subject};

#[tokio::test]
async fn the_documented_attributes_are_those_that_the_hash_covers() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    let mut full = event(json!(1))
        .with_key(Some(key("k-1")))
        .with_body(Some(Body::new(b"{}".to_vec())));
    full.context = Context {
        agent: Some("agent".parse().unwrap()),
        conversation: Some("talk".parse().unwrap()),
        version: Some("1.0.0".parse().unwrap()),
        trace: Some(TraceId::try_from(TRACE.to_owned()).unwrap()),
        span: Some(SpanId::try_from(SPAN.to_owned()).unwrap()),
        ..Context::of(AgentRole::Tuner)
    };
    let committed = journal.append(subject("thing"), Expect::Absent, full);
    let text = committed.await.unwrap().event.sealed_text();
    let sealed: Value = serde_json::from_str(&text).unwrap();
    let sealed: BTreeSet<&str> = sealed
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();

    let page = include_str!("../../../../docs/concepts/journal.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let names = rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`'));
    let told: BTreeSet<&str> = names
        .filter(|name| name.chars().all(char::is_alphabetic))
        .collect();

    let beside = BTreeSet::from(["hash", "seq"]);
    assert_eq!(told, sealed.union(&beside).copied().collect());
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_verification_keeps_its_turn_until_its_reading_ends() {
    let scratch = Scratch::default();
    let journal = SqliteJournal::open(OpenOptions {
        readers_max: 1,
        ..OpenOptions::new(scratch.path())
    })
    .unwrap();
    history(&*journal, 3).await;
    let has_ended = Arc::new(AtomicBool::new(false));
    let (go, may_go) = mpsc::sync_channel::<()>(0);
    let (started, mut has_started) = tokio::sync::mpsc::channel(1);
    let (ended, may_go) = (has_ended.clone(), std::sync::Mutex::new(may_go));
    let slow = {
        let journal = journal.clone();
        tokio::spawn(async move {
            let progress = move |_seq| {
                started.try_send(()).unwrap();
                may_go.lock().unwrap().recv().unwrap();
                ended.store(true, Ordering::SeqCst);
            };
            journal.verify(None, Box::new(progress)).await
        })
    };
    has_started.recv().await.unwrap();
    slow.abort();
    slow.await.unwrap_err();

    let next = tokio::spawn(async move {
        let (journal, seen) = (journal, Arc::new(AtomicBool::new(false)));
        let noted = seen.clone();
        let progress = move |_seq| noted.store(has_ended.load(Ordering::SeqCst), Ordering::SeqCst);
        journal.verify(None, Box::new(progress)).await.unwrap();
        seen.load(Ordering::SeqCst)
    });
    // Released once the next one had every chance to begin, which it must not take.
    let releasing = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        go.send(()).unwrap();
    });

    assert!(next.await.unwrap());
    releasing.join().unwrap();
}
