//! A journal in the other store is the same one.

use journal::{
    Expect, Journal, MigrateError, OpenJournal as _, Query, SqliteJournal, fork, migrate_to_file,
    migrate_to_nats, seal_up_to_now,
};
use serde_json::json;

use crate::{
    nats_server::NatsServer,
    support::{Scratch, append, event, everything, history, key, second, subject},
};

async fn filled(scratch: &Scratch) -> std::sync::Arc<SqliteJournal> {
    let journal = scratch.open();
    history(&*journal, 300).await;
    append(&*journal, "a", event(json!(1)).with_key(Some(key("k")))).await;
    seal_up_to_now(&*journal, || second(1_000)).await.unwrap();
    journal
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_goes_to_a_server_and_comes_back() {
    let (scratch, server) = (Scratch::default(), NatsServer::default());
    let journal = filled(&scratch).await;
    let shared = server.journal().await;

    let copied = migrate_to_nats(&*journal, &shared, |_| ()).await.unwrap();

    assert_eq!(copied, journal.newest().await.unwrap());
    assert_eq!(everything(&*shared).await, everything(&*journal).await);
    let bodies = [2, 3, 300];
    for seq in bodies {
        let (one, other) = (
            journal.body(seq).await.unwrap(),
            shared.body(seq).await.unwrap(),
        );
        assert_eq!(one.map(|body| body.hash()), other.map(|body| body.hash()));
    }
    let keyed = event(json!(2)).with_key(Some(key("k")));
    let again = shared
        .append(subject("a"), Expect::Any, keyed)
        .await
        .unwrap();
    assert!(again.was_repeated);
    // Two who write there at once, the second with a clock that is behind.
    let mut late = event(json!("late"));
    late.time = second(2_000);
    append(&*server.journal().await, "b", late).await;
    append(&*shared, "c", event(json!("early"))).await;

    let into = scratch.folder().join("back.db");
    let verdict = migrate_to_file(&*shared, &into, second(3_000), |_| ())
        .await
        .unwrap();

    assert!(verdict.ok, "{verdict:?}");
    let back = SqliteJournal::open(journal::OpenOptions::new(&into)).unwrap();
    let mut all = everything(&*back).await;
    let last = all.pop().unwrap();
    assert_eq!(all, everything(&*shared).await);
    assert_eq!(last.data, json!({"from": "nats", "events": all.len()}));
    assert!(back.verify(None, Box::new(|_| ())).await.unwrap().ok);
    append(&*back, "b", event(json!("goes on"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_goes_on_and_another_journal_is_refused() {
    let (scratch, server) = (Scratch::default(), NatsServer::default());
    let journal = filled(&scratch).await;
    let part = scratch.folder().join("part.db");
    fork(&journal, 100, &part).await.unwrap();
    let part = SqliteJournal::open(journal::OpenOptions::new(&part)).unwrap();
    let shared = server.journal().await;
    migrate_to_nats(&*part, &shared, |_| ()).await.unwrap();

    migrate_to_nats(&*journal, &shared, |_| ()).await.unwrap();
    let other = append(&*part, "x", event(json!("another way"))).await;
    let refused = migrate_to_nats(&*part, &shared, |_| ()).await;

    assert_eq!(everything(&*shared).await, everything(&*journal).await);
    let Err(MigrateError::Differs { seq }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(seq, other.seq + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_writers_whose_clocks_are_apart_are_found_by_their_times() {
    let (scratch, server) = (Scratch::default(), NatsServer::default());
    let (one, other) = (server.journal().await, server.journal().await);
    let at = |n: i64| {
        let mut event = event(json!(n));
        event.time = second(n);
        event
    };
    for n in 0..20 {
        // Neither has to have heard of what the other one has just written.
        let (ahead, behind) = tokio::join!(
            one.append(subject("ahead"), Expect::Any, at(100 * n + 40)),
            other.append(subject("behind"), Expect::Any, at(100 * n)),
        );
        ahead.unwrap();
        behind.unwrap();
    }

    let into = scratch.folder().join("back.db");
    migrate_to_file(&*one, &into, second(9_000), |_| ())
        .await
        .unwrap();

    let back = SqliteJournal::open(journal::OpenOptions::new(&into)).unwrap();
    let all = everything(&*back).await;
    for n in 0..20 {
        let query = Query {
            since: Some(second(100 * n)),
            before: Some(second(100 * n + 50)),
            ..Query::all()
        };
        let expected: Vec<_> = all
            .iter()
            .filter(|event| query.matches(event))
            .cloned()
            .collect();
        assert_eq!(back.read(query).await.unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_to_a_file_that_is_cut_off_is_no_file() {
    let scratch = Scratch::default();
    let journal = filled(&scratch).await;
    // In the second page of those that are copied.
    let row = "UPDATE events SET event = replace(event, 'at', 'ta') WHERE seq = 299";
    scratch.tamper().execute_batch(row).unwrap();
    let into = scratch.folder().join("part.db");

    let outcome = migrate_to_file(&*journal, &into, second(3_000), |_| ()).await;

    assert!(outcome.is_err(), "{outcome:?}");
    let left: Vec<_> = std::fs::read_dir(scratch.folder()).unwrap().collect();
    let is_part = |name: &std::ffi::OsStr| name.to_string_lossy().contains("part");
    assert!(
        !left
            .iter()
            .any(|file| is_part(&file.as_ref().unwrap().file_name()))
    );
}
