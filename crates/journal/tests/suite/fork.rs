//! A fork is the beginning of a journal, byte for byte.

use std::fs;

use journal::{
    ForkError, Journal, OpenJournal as _, OpenOptions, SqliteJournal, fork, seal_up_to_now,
};
use rusqlite::{Connection, types::Value};
use serde_json::json;

use crate::support::{Scratch, append, event, everything, history, second};

fn rows(path: &std::path::Path, until: i64) -> Vec<Vec<Value>> {
    let connection = Connection::open(path).unwrap();
    let mut all = connection
        .prepare("SELECT * FROM events WHERE seq <= ?1 ORDER BY seq")
        .unwrap();
    let columns = all.column_count();
    let rows = all.query_map([until], |row| (0..columns).map(|at| row.get(at)).collect());
    rows.unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_fork_at_any_place_is_the_same_up_to_there_and_verifies() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 30).await;
    let witness = seal_up_to_now(&*journal, || second(99)).await.unwrap();
    history(&*journal, 10).await;

    for at in [0, 1, 17, 31, 41] {
        let into = scratch.folder().join(format!("fork-{at}.db"));
        let verdict = fork(&journal, at, &into).await.unwrap();

        assert_eq!((verdict.ok, verdict.events), (true, at));
        let place = at.cast_signed();
        assert_eq!(rows(&into, i64::MAX), rows(&scratch.path(), place));
        let forked = SqliteJournal::open(OpenOptions::new(&into)).unwrap();
        let known = witness.clone().filter(|witness| witness.seq <= at);
        assert!(forked.verify(known, Box::new(|_| ())).await.unwrap().ok);
        let next = append(&*forked, "thing.1", event(json!("another way"))).await;
        assert_eq!(next.seq, at + 1);
    }
    assert_eq!(everything(&*journal).await.len(), 41);
}

#[tokio::test]
async fn what_is_there_already_is_left_alone() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 3).await;
    let into = scratch.folder().join("there");
    fs::write(&into, "mine").unwrap();

    let error = fork(&journal, 3, &into).await.unwrap_err();

    assert!(matches!(error, ForkError::Exists { .. }), "{error}");
    assert_eq!(fs::read_to_string(&into).unwrap(), "mine");
}

#[tokio::test]
async fn a_place_that_is_not_there_yet_is_refused() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 3).await;

    let error = fork(&journal, 4, &scratch.folder().join("fork")).await;

    insta::assert_snapshot!(error.unwrap_err(), @"there is no event 4: the newest is 3");
}

#[tokio::test]
async fn a_fork_that_fails_leaves_nothing_behind() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 10).await;
    let edit = "UPDATE events SET event = replace(event, 'tuner', 'coder') WHERE seq = 7";
    scratch.tamper().execute(edit, []).unwrap();
    let target = tempfile::tempdir().unwrap();

    let damaged = fork(&journal, 9, &target.path().join("fork")).await;
    let nowhere = fork(&journal, 5, &target.path().join("no/such/folder")).await;
    let left: Vec<_> = fs::read_dir(target.path()).unwrap().collect();
    let before_it = fork(&journal, 6, &target.path().join("fork"))
        .await
        .unwrap();

    insta::assert_snapshot!(
        damaged.unwrap_err(),
        @"the events to copy are not whole: event 7 was edited: its text does not have its hash"
    );
    assert!(matches!(nowhere, Err(ForkError::Open(_))), "{nowhere:?}");
    assert!(left.is_empty(), "{left:?}");
    assert!(before_it.ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_beside_busy_writers_is_exact() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 50).await;
    let writer = {
        let journal = journal.clone();
        tokio::spawn(async move { history(&*journal, 300).await })
    };
    let into = scratch.folder().join("fork.db");

    let verdict = fork(&journal, 50, &into).await.unwrap();
    writer.await.unwrap();

    assert_eq!(verdict.events, 50);
    assert_eq!(journal.newest().await.unwrap(), 350);
}
