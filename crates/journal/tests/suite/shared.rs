//! One journal on `JetStream`, and several who write it.

mod faults;
mod leases;
mod migrating;
mod refusals;
mod tampering;

use std::sync::Arc;

use journal::{
    AppendError, Change, Expect, Journal, OpenJournal as _, Query, Refusal, SealRecord,
    seal_up_to_now,
};
use model::Seq;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    nats_server::NatsServer,
    support::{append, event, everything, history, key, numbered, second, subject},
    validators::Recording,
};

/// Adds one to what the subject holds.
fn one_more() -> Change {
    Box::new(|head| {
        let count = head
            .current()
            .map_or(0, |event| event.data.as_u64().unwrap());
        Ok(event(json!(count + 1)))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_processes_count_is_counted_once() {
    const WRITERS: usize = 8;
    const EACH: usize = 25;
    let server = NatsServer::default();
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let journal = server.journal().await;
        writers.spawn(async move {
            for _ in 0..EACH {
                let counted = journal.apply(subject("count"), None, one_more()).await;
                counted.unwrap();
            }
        });
    }
    writers.join_all().await;

    let counted = everything(&*server.journal().await).await;
    let values: Vec<Value> = counted.iter().map(|event| event.data.clone()).collect();
    let expected: Vec<Value> = (1..=WRITERS * EACH).map(|count| json!(count)).collect();
    assert_eq!(values, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_of_many_processes_are_all_there() {
    const WRITERS: usize = 6;
    const EACH: usize = 25;
    let server = NatsServer::default();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let journal = server.journal().await;
        writers.spawn(async move {
            let facts = (0..EACH).map(|n| event(json!([writer, n]))).collect();
            let outcomes = journal.append_all(subject("facts"), facts).await;
            assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        });
    }
    writers.join_all().await;

    let facts = everything(&*server.journal().await).await;
    assert_eq!(facts.len(), WRITERS * EACH);
    for writer in 0..WRITERS {
        let own = facts.iter().filter(|fact| fact.data[0] == json!(writer));
        let own: Vec<&Value> = own.map(|fact| &fact.data[1]).collect();
        assert_eq!(
            own,
            (0..EACH)
                .map(|n| json!(n))
                .collect::<Vec<_>>()
                .iter()
                .collect::<Vec<_>>()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watchers_in_other_processes_keep_their_promises() {
    const WRITERS: u64 = 4;
    const EACH: u64 = 60;
    const EVENTS: Seq = WRITERS * EACH;
    let server = NatsServer::default();
    let elsewhere = server.journal().await;
    let mut watchers = JoinSet::new();
    for query in [Query::all(), Query::of(subject("writer.1"))] {
        let journal = elsewhere.clone();
        watchers.spawn(async move {
            let watch = journal.clone().watch(0, query.clone());
            Recording::make(&*journal, watch, 0, query, EVENTS).await
        });
    }

    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let journal = server.journal().await;
        writers.spawn(async move {
            for n in 0..EACH {
                append(&*journal, &format!("writer.{writer}"), numbered(n)).await;
            }
        });
    }
    writers.join_all().await;

    let committed = everything(&*elsewhere).await;
    for recording in watchers.join_all().await {
        recording.keeps_its_promises(&committed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_of_a_key_one_counts_whatever_they_write_to() {
    let server = NatsServer::default();
    let (one, other) = (server.journal().await, server.journal().await);
    for round in 0..20 {
        let write = |journal: Arc<dyn Journal>, to: String| {
            let event = event(json!(to)).with_key(Some(key(&format!("k{round}"))));
            async move { journal.append(subject(&to), Expect::Any, event).await }
        };

        let (first, second) = tokio::join!(
            write(one.clone(), format!("a.{round}")),
            write(other.clone(), format!("b.{round}")),
        );

        let (won, lost) = if first.is_ok() {
            (first, second)
        } else {
            (second, first)
        };
        let (won, lost) = (won.unwrap().event, lost.unwrap_err());
        let AppendError::KeyTaken { subject, seq, .. } = lost else {
            panic!("{lost}");
        };
        assert_eq!((subject, seq), (won.subject.clone(), won.seq));
    }
    assert_eq!(one.newest().await.unwrap(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_a_subject_is_never_a_reason_to_refuse() {
    let server = NatsServer::default();
    let (one, other) = (server.journal().await, server.journal().await);
    let only_from = |wanted: u64| -> Change {
        Box::new(move |head| match head.current() {
            Some(current) if current.revision == wanted => Ok(event(json!("next"))),
            _ => Err(Refusal::new(std::io::Error::other("another revision"))),
        })
    };
    append(&*one, "a", event(json!(1))).await;
    append(&*other, "a", event(json!(2))).await;

    // The first one may have heard of the second event, or not.
    one.apply(subject("a"), None, only_from(2)).await.unwrap();
    let refused = other.apply(subject("a"), None, only_from(2)).await;

    assert!(
        matches!(refused, Err(AppendError::Refused(_))),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sealers_make_one_chain() {
    let server = NatsServer::default();
    let (one, other) = (server.journal().await, server.journal().await);
    history(&*one, 300).await;

    let now = || second(10_000);
    let (first, then) = tokio::join!(seal_up_to_now(&*one, now), seal_up_to_now(&*other, now));
    first.unwrap();
    then.unwrap();

    let seals = one.read(Query::of(journal::seal_subject())).await.unwrap();
    let mut covered = 0;
    let mut previous = None;
    for seal in &seals {
        let record: SealRecord = serde_json::from_value(seal.data.clone()).unwrap();
        assert_eq!((record.from, record.previous), (covered + 1, previous));
        (covered, previous) = (record.to, Some(seal.hash));
    }
    assert!(covered >= 300, "{covered}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_journal_ends_its_watches_and_refuses_writes() {
    let server = NatsServer::default();
    let journal = server.journal().await;
    append(&*journal, "a", event(json!(1))).await;
    let mut watch = journal.clone().watch(1, Query::all());

    journal.close().await;

    assert!(watch.next().await.unwrap().is_none());
    let refused = journal
        .append(subject("a"), Expect::Any, event(json!(2)))
        .await;
    assert!(
        matches!(refused, Err(AppendError::Unavailable(_))),
        "{refused:?}"
    );
}
