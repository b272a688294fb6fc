//! SQL for people: it reads, for a while, so much.

use std::sync::Arc;

use journal::{OpenOptions, SqlError, SqliteJournal};
use serde_json::json;

use crate::support::{Scratch, everything, history};

async fn journal(scratch: &Scratch) -> Arc<SqliteJournal> {
    let journal = scratch.open();
    history(&*journal, 12).await;
    journal
}

#[tokio::test]
async fn a_question_over_the_ledger_is_answered() {
    let scratch = Scratch::default();
    let journal = journal(&scratch).await;

    let sql = "WITH each AS (SELECT subject, count(*) AS events, max(time) AS newest FROM ledger \
               WHERE json_extract(data, '$.n') IS NOT NULL GROUP BY subject) \
               SELECT * FROM each ORDER BY subject";
    let table = journal.sql(sql.to_owned(), 100).await.unwrap();

    assert_eq!(table.columns, ["subject", "events", "newest"]);
    assert_eq!(
        table.rows,
        [
            [
                json!("thing.0"),
                json!(2),
                json!("2026-01-01T00:00:12.000Z")
            ],
            [
                json!("thing.1"),
                json!(2),
                json!("2026-01-01T00:00:10.000Z")
            ],
            [
                json!("thing.2"),
                json!(2),
                json!("2026-01-01T00:00:08.000Z")
            ],
        ]
    );
    assert!(!table.is_cut);
}

#[tokio::test]
async fn nothing_but_reading_is_allowed() {
    let scratch = Scratch::default();
    let journal = journal(&scratch).await;
    let before = everything(&*journal).await;
    let elsewhere = scratch.folder().join("elsewhere.db");

    for sql in [
        "INSERT INTO events (seq) VALUES (99)",
        "UPDATE events SET subject = 'x'",
        "DELETE FROM events",
        "DROP TABLE events",
        "CREATE TEMP TABLE t (a)",
        "PRAGMA query_only = off",
        "PRAGMA user_version = 5",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = on",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "BEGIN IMMEDIATE",
        "VACUUM",
        &format!("VACUUM INTO '{}'", elsewhere.display()),
        &format!("ATTACH '{}' AS other", elsewhere.display()),
    ] {
        let outcome = journal.sql(sql.to_owned(), 10).await;
        assert!(
            matches!(outcome, Err(SqlError::Writes)),
            "{sql}: {outcome:?}"
        );
    }
    let loading = journal
        .sql("SELECT load_extension('x')".to_owned(), 10)
        .await;

    assert!(loading.is_err());
    assert!(!elsewhere.exists());
    assert_eq!(everything(&*journal).await, before);
}

#[tokio::test]
async fn how_the_tables_are_made_may_be_asked() {
    let scratch = Scratch::default();
    let journal = journal(&scratch).await;

    let sql = "SELECT name FROM pragma_table_info('ledger')";
    let table = journal.sql(sql.to_owned(), 100).await.unwrap();

    let names: Vec<_> = table
        .rows
        .iter()
        .filter_map(|row| row[0].as_str())
        .collect();
    insta::assert_snapshot!(names.join(" "), @"seq time type subject revision role agent conversation trace version data hash body_hash");
}

#[tokio::test]
async fn a_mistake_is_told_in_sqlites_words() {
    let scratch = Scratch::default();
    let journal = journal(&scratch).await;

    let error = journal
        .sql("SELECT nobody FROM ledger".to_owned(), 10)
        .await;

    insta::assert_snapshot!(error.unwrap_err(), @"no such column: nobody in SELECT nobody FROM ledger at offset 7");
}

#[tokio::test]
async fn a_statement_that_never_ends_is_stopped() {
    let scratch = Scratch::default();
    let journal = SqliteJournal::open(OpenOptions {
        sql_ms_max: 50,
        ..OpenOptions::new(scratch.path())
    });

    let sql =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n";
    let outcome = journal.unwrap().sql(sql.to_owned(), 10).await;

    assert!(matches!(outcome, Err(SqlError::TooLong)), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_is_cut_at_as_many_rows_as_were_asked_for() {
    let scratch = Scratch::default();
    let journal = journal(&scratch).await;

    let cut = journal
        .sql("SELECT seq FROM ledger".to_owned(), 5)
        .await
        .unwrap();
    let whole = journal
        .sql("SELECT seq FROM ledger".to_owned(), 12)
        .await
        .unwrap();

    assert_eq!((cut.rows.len(), cut.is_cut), (5, true));
    assert_eq!((whole.rows.len(), whole.is_cut), (12, false));
}

#[tokio::test]
async fn a_value_that_is_too_long_is_refused_and_a_long_answer_cut() {
    let scratch = Scratch::default();
    let journal = journal(&scratch).await;

    let huge = journal
        .sql("SELECT zeroblob(500000000)".to_owned(), 1)
        .await;
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100)";
    let long = format!("{numbers} SELECT zeroblob(8000000) FROM n");
    let long = journal.sql(long, 1_000).await.unwrap();

    assert!(matches!(huge, Err(SqlError::Statement(_))), "{huge:?}");
    assert_eq!((long.rows.len(), long.is_cut), (9, true));
}
