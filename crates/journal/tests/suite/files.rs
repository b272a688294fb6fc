//! Files that are no journal, from another time, or damaged, and folders that cannot hold one.

use std::{fs, path::Path};

use journal::{
    AppendError, Expect, FORMAT, Journal, OpenError, OpenJournal as _, OpenOptions, Query,
    ReadError, SqliteJournal, Unavailable, fork,
};
use model::Seq;
use rusqlite::Connection;
use serde_json::json;

use crate::support::{Scratch, event, everything, history, subject};

fn open(path: &Path) -> Result<(), OpenError> {
    SqliteJournal::open(OpenOptions::new(path)).map(drop)
}

/// The error, with the folder left out, and whether the file is as it was.
fn refused(scratch: &Scratch) -> (String, bool) {
    let before = fs::read(scratch.path()).unwrap();
    let error = open(&scratch.path()).unwrap_err().to_string();
    let is_unchanged = fs::read(scratch.path()).unwrap() == before;
    let folder = scratch.folder().display().to_string();
    (error.replace(&folder, "FOLDER"), is_unchanged)
}

#[tokio::test]
async fn a_journal_from_a_newer_build_is_refused_and_left_alone() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 3).await;
    journal.close().await;
    let connection = scratch.tamper();
    connection
        .pragma_update(None, "user_version", FORMAT + 1)
        .unwrap();
    connection.close().unwrap();

    let (error, is_unchanged) = refused(&scratch);

    insta::assert_snapshot!(error, @"the journal `FOLDER/journal.db` has format 3, this build knows up to 2");
    assert!(is_unchanged);
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let scratch = Scratch::default();
    let connection = scratch.tamper();
    connection
        .execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)")
        .unwrap();
    connection.close().unwrap();

    let (error, is_unchanged) = refused(&scratch);

    insta::assert_snapshot!(error, @"`FOLDER/journal.db` is not a journal");
    assert!(is_unchanged);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    for content in [
        &b"not a database, but long enough to look at"[..],
        &[0xa5; 8192],
    ] {
        let scratch = Scratch::default();
        fs::write(scratch.path(), content).unwrap();

        let (error, is_unchanged) = refused(&scratch);

        assert_eq!(error, "`FOLDER/journal.db` is not a journal");
        assert!(is_unchanged);
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_or_is_none_is_named() {
    let scratch = Scratch::default();
    fs::write(scratch.folder().join("file"), "").unwrap();

    // /proc takes no files from anybody, root included.
    for path in [
        Path::new("/proc/journal.db"),
        &scratch.folder().join("file/journal.db"),
    ] {
        let error = open(path).unwrap_err();
        let OpenError::Unavailable { source, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(source.code(), "read_only");
    }
}

#[test]
fn an_empty_file_becomes_a_journal() {
    let scratch = Scratch::default();
    fs::write(scratch.path(), "").unwrap();

    open(&scratch.path()).unwrap();
}

const PAGE_BYTES: usize = 4096;

/// The index that holds this page, or `None` for the events themselves.
fn owner(path: &Path, page: usize) -> Option<String> {
    let connection = Connection::open(path).unwrap();
    let sql = "SELECT name FROM dbstat WHERE pageno = ?1";
    let name = connection.query_row(sql, [page.cast_signed() as i64], |row| row.get(0));
    Some(name.unwrap()).filter(|name| name != "events")
}

#[tokio::test]
async fn a_journal_made_before_places_were_checked_goes_on() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 3).await;
    journal.close().await;
    let connection = scratch.tamper();
    connection
        .execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, ' CHECK (seq >= 1)', '');",
        )
        .unwrap();
    connection.close().unwrap();

    let journal = scratch.open();
    history(&*journal, 2).await;

    let verdict = journal.verify(None, Box::new(|_| ())).await.unwrap();
    assert!(verdict.ok, "{:?}", verdict.faults);
    assert_eq!(verdict.events, 5);
}

#[tokio::test]
async fn with_the_newest_event_unreadable_the_rest_is_verified_and_forked_and_nothing_is_written() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 120).await;
    journal.close().await;
    let mut content = fs::read(scratch.path()).unwrap();
    let (page, first) = newest_page(&scratch);
    content[(page - 1) * PAGE_BYTES..page * PAGE_BYTES].fill(0xa5);
    fs::write(scratch.path(), content).unwrap();

    let journal = scratch.open();
    let verdict = journal.verify(None, Box::new(|_| ())).await.unwrap();
    let into = scratch.folder().join("fork.db");
    let forked = fork(&journal, first - 1, &into).await.unwrap();
    let refused = journal
        .append(subject("thing.1"), Expect::Any, event(json!(1)))
        .await;

    let fault = verdict.first_bad.unwrap();
    assert_eq!(fault.seq, first, "{fault}");
    assert_eq!((forked.ok, forked.events), (true, first - 1));
    let Err(AppendError::Unavailable(reason)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(reason.code(), "journal_damaged");
}

/// The leaf that holds the newest event, and the first event on it.
fn newest_page(scratch: &Scratch) -> (usize, Seq) {
    let connection = scratch.tamper();
    let sql = "SELECT pageno, ncell FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' \
               ORDER BY path DESC LIMIT 1";
    let (page, cells): (i64, i64) = connection
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let newest: i64 = connection
        .query_row("SELECT max(seq) FROM events", [], |row| row.get(0))
        .unwrap();
    let first = newest - cells + 1;
    (page.try_into().unwrap(), first.try_into().unwrap())
}

#[tokio::test]
async fn a_damaged_page_is_named_by_verify_and_never_read_as_something_else() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 120).await;
    let all = everything(&*journal).await;
    journal.close().await;
    drop(journal);
    let whole = fs::read(scratch.path()).unwrap();
    let pages = whole.len() / PAGE_BYTES;
    assert!(pages > 20, "{pages}");

    for page in 2..=pages {
        let owner = owner(&scratch.path(), page);
        let damaged = Scratch::default();
        let mut content = whole.clone();
        content[(page - 1) * PAGE_BYTES..page * PAGE_BYTES].fill(0xa5);
        fs::write(damaged.path(), content).unwrap();

        let journal = damaged.open();
        let verdict = journal.verify(None, Box::new(|_| ())).await.unwrap();
        let read = journal
            .read(Query {
                limit: 1_000,
                ..Query::all()
            })
            .await;

        if owner.is_some() {
            assert_eq!(read.unwrap(), all, "page {page}");
            let one = subject("thing.1");
            let expected = all.iter().filter(|event| event.subject == one);
            let query = Query {
                limit: 1_000,
                ..Query::of(one.clone())
            };
            let found = journal.read(query).await;
            let is_same = found.map(|found| found.iter().eq(expected));
            assert!(is_same.unwrap_or(true), "page {page}");
        } else {
            assert!(!verdict.ok, "page {page}");
            let error = read.unwrap_err();
            let is_named = matches!(error, ReadError::Unavailable(Unavailable::Damaged(_)));
            assert!(is_named, "page {page}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_journal_that_was_replaced_is_read_no_more_and_loses_nothing_by_it() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 3).await;
    let before = everything(&*journal).await;
    let away = scratch.folder().join("away.db");
    fs::rename(scratch.path(), &away).unwrap();
    fs::copy(&away, scratch.path()).unwrap();

    journal.release_readers();
    let refused = journal.read(Query::all()).await.unwrap_err();
    let asked = journal.sql("SELECT 1".to_owned(), 1).await;
    fs::rename(&away, scratch.path()).unwrap();

    let ReadError::Unavailable(Unavailable::Failed(reason)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(reason, "the file at its path is gone or another one");
    assert!(asked.is_err());
    assert_eq!(everything(&*journal).await, before);
    journal.close().await;
    assert_eq!(everything(&*scratch.open()).await, before);
}

#[tokio::test]
async fn what_is_kept_at_hand_is_let_go_of_and_read_again_by_the_next_writer() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 3).await;

    assert!(journal.release() > 0);
    assert_eq!(journal.release(), 0);

    let last = everything(&*journal).await.pop().unwrap();
    let expect = Expect::Revision(last.revision);
    let next = journal.append(last.subject.clone(), expect, event(json!({"n": 4})));
    assert_eq!(next.await.unwrap().event.revision, last.revision + 1);
}
