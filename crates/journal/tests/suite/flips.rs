//! Every byte of a small journal, turned over one at a time.

use std::{fs, path::Path};

use journal::{OpenError, OpenJournal as _, OpenOptions, SqliteJournal, Witness, seal_up_to_now};
use rusqlite::{Connection, types::Value};

use crate::support::{Scratch, history, second};

/// Small, so that a few events have pages of every kind.
const PAGE_BYTES: usize = 512;

type Rows = Vec<Vec<Value>>;

/// What a reader gets: all rows by their place, and each index's columns in its order.
fn readings(path: &Path) -> rusqlite::Result<(Rows, Vec<Rows>)> {
    let connection = Connection::open(path)?;
    let by_index = [
        "SELECT seq, subject, revision FROM events INDEXED BY events_by_subject \
         WHERE subject >= '' ORDER BY subject, revision",
        "SELECT seq, rare_type FROM events INDEXED BY events_by_rare_type \
         WHERE rare_type IS NOT NULL ORDER BY rare_type, seq",
    ];
    let indexed: rusqlite::Result<_> = by_index.iter().map(|sql| rows(&connection, sql)).collect();
    let all = rows(&connection, "SELECT * FROM events NOT INDEXED ORDER BY seq")?;
    Ok((all, indexed.unwrap_or_default()))
}

fn rows(connection: &Connection, sql: &str) -> rusqlite::Result<Rows> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect())?;
    rows.collect()
}

/// SQLite's own look at whether table and indexes fit each other.
fn is_consistent(path: &Path) -> bool {
    let connection = Connection::open(path).unwrap();
    let answer = connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    answer.is_ok_and(|answer| answer == "ok")
}

/// Does `verify`, or the opening before it, say that something is wrong?
async fn is_found(path: &Path, witness: &Witness) -> bool {
    match SqliteJournal::open(OpenOptions::new(path)) {
        Ok(journal) => {
            let verdict = journal
                .verify(Some(witness.clone()), Box::new(|_| ()))
                .await;
            journal.close().await;
            !verdict.is_ok_and(|verdict| verdict.ok)
        }
        Err(OpenError::Unavailable { .. } | OpenError::Foreign { .. }) => true,
        Err(error) => panic!("{error}"),
    }
}

/// Numbers of the pages that hold rows, of the events and of the indexes.
fn leaves(path: &Path) -> (Vec<usize>, Vec<usize>) {
    let connection = Connection::open(path).unwrap();
    let pages = |condition: &str| {
        let sql = format!(
            "SELECT pageno FROM dbstat WHERE pagetype IN ('leaf', 'overflow') AND {condition}"
        );
        let mut pages = connection.prepare(&sql).unwrap();
        let found = pages.query_map([], |row| row.get::<_, i64>(0)).unwrap();
        found
            .map(|page| usize::try_from(page.unwrap()).unwrap())
            .collect()
    };
    (
        pages("name = 'events'"),
        pages("name LIKE 'events\\_%' ESCAPE '\\'"),
    )
}

async fn small_journal(scratch: &Scratch) -> (Vec<u8>, Witness) {
    let journal = scratch.open();
    history(&*journal, 4).await;
    let witness = seal_up_to_now(&*journal, || second(99)).await.unwrap();
    journal.close().await;
    let connection = scratch.tamper();
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = DELETE; PRAGMA page_size = {PAGE_BYTES}; VACUUM;
             PRAGMA journal_mode = WAL;"
        ))
        .unwrap();
    connection.close().unwrap();
    (fs::read(scratch.path()).unwrap(), witness.unwrap())
}

/// Flips one bit of every byte of `pages`; `check` is told of the file and the place.
async fn flip_each(whole: &[u8], pages: &[usize], mut check: impl AsyncFnMut(&Path, usize)) {
    for page in pages {
        for at in (page - 1) * PAGE_BYTES..page * PAGE_BYTES {
            let flipped = Scratch::default();
            let mut content = whole.to_vec();
            content[at] ^= 1 << (at % 8);
            fs::write(flipped.path(), content).unwrap();
            check(&flipped.path(), at).await;
        }
    }
}

#[tokio::test]
async fn a_flipped_byte_of_an_event_is_found_by_verify_or_changes_nothing_that_is_read() {
    let scratch = Scratch::default();
    let (whole, witness) = small_journal(&scratch).await;
    let (before, _) = readings(&scratch.path()).unwrap();
    let (events, _) = leaves(&scratch.path());
    let (mut found, mut harmless) = (0, 0);

    flip_each(&whole, &events, async |path, at| {
        if is_found(path, &witness).await {
            found += 1;
        } else {
            let (after, _) = readings(path).unwrap();
            assert!(
                after == before,
                "byte {at} was changed and not found: {after:?}"
            );
            harmless += 1;
        }
    })
    .await;

    assert!(found > 1_000 && found > harmless, "{found} and {harmless}");
}

#[tokio::test]
async fn a_flipped_byte_of_an_index_touches_no_event_and_is_found_or_changes_nothing_that_is_read()
{
    let scratch = Scratch::default();
    let (whole, _) = small_journal(&scratch).await;
    let before = readings(&scratch.path()).unwrap();
    let (_, indexes) = leaves(&scratch.path());
    let mut found = 0;

    flip_each(&whole, &indexes, async |path, at| {
        let after = readings(path);
        let is_whole = is_consistent(path);
        found += u64::from(!is_whole);
        match after {
            Ok(after) if is_whole => assert!(after == before, "byte {at} was not found"),
            Ok(after) => assert!(after.0 == before.0, "byte {at} changed an event"),
            Err(error) => assert!(!is_whole, "byte {at}: {error}"),
        }
    })
    .await;

    assert!(found > 50, "{found}");
}
