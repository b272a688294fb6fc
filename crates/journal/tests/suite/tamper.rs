//! Everything that can be done to a journal behind its back, and what `verify` says of it.

use journal::{FaultKind, Journal, OpenJournal as _, Verdict, Witness, seal_up_to_now};
use model::{Digest, Event, Seq};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use rusqlite::{Connection, params};

use crate::support::{Scratch, append, history, numbered, second};

/// Events under a seal, then the seal, then events under none.
const SEALED: Seq = 40;
const SEAL: Seq = 41;
const ALL: Seq = 60;

async fn sealed_history(scratch: &Scratch) -> Witness {
    let journal = scratch.open();
    history(&*journal, SEALED).await;
    let witness = seal_up_to_now(&*journal, || second(1_000)).await;
    for n in SEAL + 1..=ALL {
        let mut event = numbered(n);
        event.time = second(1_000 + n.cast_signed());
        append(&*journal, &format!("thing.{}", n % 3), event).await;
    }
    journal.close().await;
    witness.unwrap().unwrap()
}

async fn verdict(scratch: &Scratch, witness: Option<Witness>) -> Verdict {
    scratch
        .open()
        .verify(witness, Box::new(|_| ()))
        .await
        .unwrap()
}

/// All that `verify` says after `tamper` was let at the file.
async fn faults(tamper: impl FnOnce(&Connection)) -> String {
    let scratch = Scratch::default();
    let witness = sealed_history(&scratch).await;
    tamper(&scratch.tamper());
    let verdict = verdict(&scratch, Some(witness)).await;
    let faults: Vec<_> = verdict.faults.iter().map(ToString::to_string).collect();
    faults.join("\n")
}

fn flip(connection: &Connection, column: &str, seq: Seq, at: usize, bit: u8) {
    let read = format!("SELECT CAST({column} AS BLOB) FROM events WHERE seq = ?1");
    let mut bytes: Vec<u8> = connection
        .query_row(&read, [seq.cast_signed()], |row| row.get(0))
        .unwrap();
    let at = at % bytes.len();
    bytes[at] ^= 1 << (bit % 8);
    let value = match column {
        "hash" | "body" => "?1",
        _ => "CAST(?1 AS TEXT)",
    };
    let write = format!("UPDATE events SET {column} = {value} WHERE seq = ?2");
    connection
        .execute(&write, params![bytes, seq.cast_signed()])
        .unwrap();
}

/// All their columns but the seq.
fn swap(connection: &Connection, one: Seq, other: Seq) {
    let move_to = |from: i64, to: i64| {
        connection
            .execute("UPDATE events SET seq = ?2 WHERE seq = ?1", [from, to])
            .unwrap();
    };
    move_to(one.cast_signed(), i64::MAX);
    move_to(other.cast_signed(), one.cast_signed());
    move_to(i64::MAX, other.cast_signed());
}

/// Rewrites an event so that its hash, its columns and its text agree again.
fn forge(connection: &Connection, seq: Seq) {
    let text: String = connection
        .query_row(
            "SELECT event FROM events WHERE seq = ?1",
            [seq.cast_signed()],
            |row| row.get(0),
        )
        .unwrap();
    let forged = text.replace("\"data\":{", "\"data\":{\"a_lie\":true,");
    assert_ne!(text, forged);
    let event = Event::from_sealed_text(seq, Digest([0; 32]), &forged).unwrap();
    let forged = event.sealed_text();
    connection
        .execute(
            "UPDATE events SET event = ?1, hash = ?2 WHERE seq = ?3",
            params![forged, Digest::of(forged.as_bytes()).0, seq.cast_signed()],
        )
        .unwrap();
}

#[tokio::test]
async fn an_untouched_journal_is_whole_and_says_how_much_rests_on_the_file_alone() {
    let scratch = Scratch::default();
    let witness = sealed_history(&scratch).await;

    let with = verdict(&scratch, Some(witness)).await;
    let without = verdict(&scratch, None).await;

    assert_eq!(
        serde_json::to_string(&with).unwrap(),
        r#"{"ok":true,"events":60,"seals":1,"first_bad":null,"faults":[],"sealed_to":40,"witnessed_to":40,"unwitnessed":20}"#
    );
    assert_eq!(
        (without.ok, without.sealed_to, without.unwitnessed),
        (true, 40, 60)
    );
}

#[test]
fn one_flipped_bit_anywhere_in_an_event_is_caught_and_named() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scratch = Scratch::default();
    let witness = runtime.block_on(sealed_history(&scratch));
    let column = prop_oneof![Just("event"), Just("hash"), Just("body"), Just("type")];
    let flips = (column, 1..=ALL, any::<usize>(), any::<u8>());
    let mut runner = TestRunner::new(Config {
        cases: 200,
        failure_persistence: None,
        ..Config::default()
    });

    let outcome = runner.run(&flips, |(column, seq, at, bit)| {
        // Every even one has a document, the seal has none.
        let seq = if column == "body" {
            (seq / 2 * 2).max(2)
        } else {
            seq
        };
        let connection = scratch.tamper();
        flip(&connection, column, seq, at, bit);
        let found = runtime.block_on(verdict(&scratch, Some(witness.clone())));
        flip(&connection, column, seq, at, bit);
        let first = found.first_bad.expect("it is caught");
        prop_assert_eq!(first.seq, seq, "{}", first);
        let is_edit = matches!(first.kind, FaultKind::Edited(_) | FaultKind::BodyEdited);
        prop_assert!(is_edit, "{}", first);
        Ok(())
    });

    outcome.unwrap();
    assert!(runtime.block_on(verdict(&scratch, Some(witness))).ok);
}

#[tokio::test]
async fn every_column_that_repeats_the_text_is_compared_with_it() {
    let edits = [
        ("subject", "subject = 'other'"),
        ("revision", "revision = 99"),
        ("type", "type = 'luthier.signal'"),
        ("time", "time = time + 1"),
        ("conversation", "conversation = 'c'"),
        ("trace", "trace = 't'"),
        ("version", "version = '9.9.9'"),
        ("agent", "agent = 'mallory'"),
        ("key", "key = 'k'"),
    ];
    for (column, edit) in edits {
        let fault = faults(|connection| {
            let sql = format!("UPDATE events SET {edit} WHERE seq = 50");
            connection.execute(&sql, []).unwrap();
        });

        let expected = format!("event 50 was edited: the column `{column}` differs from the text");
        assert_eq!(fault.await, expected);
    }
}

#[tokio::test]
async fn one_deleted_row_is_named_and_nothing_else_is_blamed() {
    for seq in [1, 7, SEALED, SEALED + 5] {
        let fault = faults(|connection| {
            connection
                .execute("DELETE FROM events WHERE seq = ?1", [seq.cast_signed()])
                .unwrap();
        });

        assert_eq!(fault.await, format!("event {seq} was dropped"));
    }
}

#[tokio::test]
async fn a_seal_that_was_deleted_is_missed() {
    let fault = faults(|connection| {
        connection
            .execute("DELETE FROM events WHERE seq = ?1", [SEAL.cast_signed()])
            .unwrap();
    });

    insta::assert_snapshot!(fault.await, @"event 41 was dropped");
}

#[tokio::test]
async fn two_swapped_rows_are_both_named() {
    // Of one subject and of two, under a seal and not.
    for (one, other) in [(3, 9), (4, 5), (44, 53), (45, 46), (45, 58)] {
        let fault = faults(|connection| swap(connection, one, other)).await;
        let first = fault.lines().next().unwrap_or_default();
        let is_named = first.starts_with(&format!("event {one} "));
        assert!(is_named, "{one} and {other}: {fault}");
    }
}

#[tokio::test]
async fn a_cut_tail_is_caught_by_whoever_remembers_a_seal() {
    for last in [0, 12, SEALED, SEALED + 10] {
        let scratch = Scratch::default();
        let witness = sealed_history(&scratch).await;
        scratch
            .tamper()
            .execute("DELETE FROM events WHERE seq > ?1", [last.cast_signed()])
            .unwrap();

        let with = verdict(&scratch, Some(witness)).await;
        let without = verdict(&scratch, None).await;

        // Up to the witnessed seal it is caught; what came after it rested on the file alone.
        let cut =
            (last < SEAL).then(|| format!("everything from event {} on was cut off", last + 1));
        assert_eq!(with.first_bad.map(|fault| fault.to_string()), cut);
        assert!(without.ok);
    }
}

#[tokio::test]
async fn a_forged_event_with_its_hash_made_anew_is_caught_under_a_seal() {
    for seq in [1, 16, SEALED] {
        let fault = faults(|connection| forge(connection, seq)).await;

        assert_eq!(fault, format!("event {seq} is not the one that was sealed"));
    }
}

#[tokio::test]
async fn the_same_forgery_under_no_seal_is_not_caught_but_counted() {
    let scratch = Scratch::default();
    let witness = sealed_history(&scratch).await;
    forge(&scratch.tamper(), SEALED + 10);

    let verdict = verdict(&scratch, Some(witness)).await;

    assert!(verdict.ok, "{:?}", verdict.first_bad);
    assert_eq!(
        (verdict.witnessed_to, verdict.unwitnessed),
        (SEALED, ALL - SEALED)
    );
}

#[tokio::test]
async fn a_forged_seal_is_caught_by_the_seal_after_it_or_by_its_witness() {
    let scratch = Scratch::default();
    let witness = sealed_history(&scratch).await;
    let newer = seal_up_to_now(&*scratch.open(), || second(2_000)).await;
    forge(&scratch.tamper(), SEAL);

    let chained = verdict(&scratch, None).await;
    let by_old = verdict(&scratch, Some(witness)).await;
    let by_new = verdict(&scratch, newer.unwrap()).await;

    let seal = ALL + 1;
    for verdict in [chained, by_old, by_new] {
        let faults: Vec<_> = verdict.faults.iter().map(ToString::to_string).collect();
        let expected = [
            format!("event {SEAL} is not the one that was sealed"),
            format!("the seal at {seal} is broken: it does not name the seal before it"),
        ];
        assert_eq!(faults, expected);
    }
}

#[tokio::test]
async fn a_body_that_was_taken_away_or_given_is_caught() {
    let taken = faults(|connection| {
        connection
            .execute("UPDATE events SET body = NULL WHERE seq = 10", [])
            .unwrap();
    });
    let given = faults(|connection| {
        connection
            .execute("UPDATE events SET body = x'00' WHERE seq = 11", [])
            .unwrap();
    });

    insta::assert_snapshot!(taken.await, @"the document of event 10 was edited");
    insta::assert_snapshot!(given.await, @"the document of event 11 was edited");
}

#[tokio::test]
async fn a_hash_of_another_length_is_an_edit() {
    let fault = faults(|connection| {
        connection
            .execute("UPDATE events SET hash = x'ab' WHERE seq = 5", [])
            .unwrap();
    });

    insta::assert_snapshot!(fault.await, @"event 5 was edited: its text does not have its hash");
}

#[tokio::test]
async fn a_row_that_is_no_text_any_more_is_damage_to_readers() {
    let scratch = Scratch::default();
    sealed_history(&scratch).await;
    let sql = "UPDATE events SET event = CAST(x'7bff' AS TEXT) WHERE seq = 5";
    scratch.tamper().execute(sql, []).unwrap();

    let error = scratch
        .open()
        .read(journal::Query::all())
        .await
        .unwrap_err();

    let journal::ReadError::Unavailable(reason) = error else {
        panic!("{error}");
    };
    assert_eq!(reason.code(), "journal_damaged");
    assert_eq!(everything_but(&scratch, 5).await, ALL - 1);
}

/// How many events can be read around `seq`.
async fn everything_but(scratch: &Scratch, seq: Seq) -> Seq {
    let journal = scratch.open();
    let before = journal::Query {
        until: seq - 1,
        ..journal::Query::all()
    };
    let before = journal.read(before).await.unwrap().len();
    let after = journal::Query {
        after: seq,
        ..journal::Query::all()
    };
    let after = journal.read(after).await.unwrap().len();
    Seq::try_from(before + after).unwrap()
}

#[tokio::test]
async fn a_row_before_the_first_place_and_a_changed_rare_type_are_found() {
    let before_all = faults(|connection| {
        connection
            .execute_batch(
                "PRAGMA ignore_check_constraints = ON;
                 INSERT INTO events (seq, subject, revision, type, time, hash, event)
                 SELECT -3, 'hidden', 1, type, time, hash, event FROM events WHERE seq = 1",
            )
            .unwrap();
    })
    .await;
    let rare = faults(|connection| {
        let hide = "UPDATE events SET rare_type = 'luthier.release' WHERE seq = 5";
        connection.execute(hide, []).unwrap();
    })
    .await;

    insta::assert_snapshot!(before_all, @"event 0 is out of order: a row stands at -3, before the first place");
    insta::assert_snapshot!(rare, @"event 5 was edited: the column `rare_type` differs from the text");
}

#[test]
fn a_new_file_takes_no_row_before_the_first_place() {
    let scratch = Scratch::default();
    drop(scratch.open());

    let refused = scratch.tamper().execute(
        "INSERT INTO events (seq, subject, revision, type, time, hash, event) \
         VALUES (0, 'hidden', 1, 'x', 0, x'', '')",
        [],
    );

    insta::assert_snapshot!(refused.unwrap_err(), @"CHECK constraint failed: seq >= 1");
}

#[tokio::test]
async fn the_first_fault_is_told_even_if_a_hundred_later_ones_are_found_before_it() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 200).await;
    let witness = seal_up_to_now(&*journal, || second(1_000)).await.unwrap();
    journal.close().await;
    let connection = scratch.tamper();
    // Only the seal, behind all the others, tells that this one is another.
    forge(&connection, 5);
    let edit = "UPDATE events SET event = replace(event, 'tuner', 'coder') WHERE seq > 20";
    connection.execute(edit, []).unwrap();

    let verdict = verdict(&scratch, witness).await;

    assert_eq!(verdict.faults.len(), 100);
    let first = verdict.first_bad.unwrap();
    assert_eq!((first.seq, first.kind), (5, FaultKind::Replaced));
}
