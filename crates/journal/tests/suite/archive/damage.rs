//! What happens to an archive, and to whoever is at it when it happens, is noticed and loses nothing.

use std::{fs, os::unix::process::ExitStatusExt as _, path::Path};

use journal::{FaultKind, Journal as _, OpenJournal as _, Query, ReadError, Unavailable, Witness};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use super::{answers, archive_all, archives, everything_up_to, open, open_at, run, seal, whole};
use crate::{
    child::{Child, input},
    kill::kill_at_hit,
    support::{Scratch, append, history, numbered, subject},
};

/// A journal of 60 events, the first 40 of them archived.
async fn half_archived(scratch: &Scratch) -> Witness {
    let journal = open(scratch);
    history(&*journal, 40).await;
    let (_, witness) = archive_all(&journal).await;
    history(&*journal, 18).await;
    journal.close().await;
    witness.unwrap()
}

async fn faults(scratch: &Scratch, witness: &Witness) -> Vec<String> {
    let journal = open(scratch);
    let verdict = journal
        .verify(Some(witness.clone()), Box::new(|_| ()))
        .await
        .unwrap();
    journal.close().await;
    assert_eq!(verdict.ok, verdict.faults.is_empty());
    verdict.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_byte_of_an_archive_that_is_not_what_it_was_is_noticed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scratch = Scratch::default();
    let witness = runtime.block_on(half_archived(&scratch));
    let path = archives(&scratch).remove(0);
    let bytes = fs::read(&path).unwrap();
    let mut runner = TestRunner::new(Config::with_cases(40));

    runner
        .run(&(any::<prop::sample::Index>(), 0_u8..8), |(at, bit)| {
            let mut changed = bytes.clone();
            changed[at.index(bytes.len())] ^= 1 << bit;
            fs::write(&path, changed).unwrap();
            let found = runtime.block_on(faults(&scratch, &witness));
            let name = "the archive `journal/00000000000000000001-00000000000000000040.parquet`";
            let told = "was changed since it was put into the vault";
            assert_eq!(found, [format!("event 1 cannot be read: {name} {told}")]);
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn an_archive_that_is_gone_is_named_by_verify_and_by_whoever_reads_what_it_held() {
    let scratch = Scratch::default();
    let witness = half_archived(&scratch).await;
    fs::remove_file(archives(&scratch).remove(0)).unwrap();

    let found = faults(&scratch, &witness).await;
    let journal = open(&scratch);
    let error = journal.last_at(&subject("thing.1"), 5).await.unwrap_err();
    let newer = Query {
        after: 42,
        ..Query::all()
    };
    let newer = journal.read(newer).await.unwrap();
    let appended = append(&*journal, "thing.1", numbered(1)).await;

    insta::assert_snapshot!(found.join("\n"), @"event 1 cannot be read: the archive `journal/00000000000000000001-00000000000000000040.parquet` is gone from the vault");
    let ReadError::Unavailable(reason @ Unavailable::Archive(_)) = error else {
        panic!("{error}")
    };
    insta::assert_snapshot!(reason, @"the archive `journal/00000000000000000001-00000000000000000040.parquet` is gone from the vault");
    assert_eq!((newer.len(), appended.seq), (18, 61));
}

#[tokio::test]
async fn what_stays_of_an_archived_row_and_its_record_cannot_be_edited_unnoticed() {
    let edits = [
        (
            "UPDATE events SET event = replace(event, 'local', 'other') WHERE seq = 5",
            5,
        ),
        ("UPDATE events SET conversation = 'c-9' WHERE seq = 6", 6),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 7", 7),
        ("DELETE FROM events WHERE seq = 8", 8),
        (
            "UPDATE events SET event = replace(event, '\"to\":40', '\"to\":39') WHERE seq = 42",
            42,
        ),
        ("UPDATE events SET subject = 'thing.9' WHERE seq = 42", 1),
    ];
    for (sql, place) in edits {
        let scratch = Scratch::default();
        let witness = half_archived(&scratch).await;
        assert_eq!(scratch.tamper().execute(sql, []).unwrap(), 1, "{sql}");

        let journal = open(&scratch);
        let verdict = journal
            .verify(Some(witness), Box::new(|_| ()))
            .await
            .unwrap();

        assert_eq!(verdict.first_bad.unwrap().seq, place, "{sql}");
    }
}

#[tokio::test]
async fn a_journal_that_is_damaged_is_archived_up_to_the_damage_and_no_further() {
    let scratch = Scratch::default();
    let journal = open(&scratch);
    history(&*journal, 40).await;
    let witness = seal(&journal).await;
    let edit = "UPDATE events SET event = replace(event, '\"at\":21', '\"at\":22') WHERE seq = 21";
    assert_eq!(scratch.tamper().execute(edit, []).unwrap(), 1);

    let error = run(&journal, &everything_up_to(witness.clone()))
        .await
        .unwrap_err();
    let mut other = witness.unwrap();
    other.hash = model::Digest::of(b"another");
    let contradicted = run(&journal, &everything_up_to(Some(other)))
        .await
        .unwrap_err();

    insta::assert_snapshot!(error, @"event 21 is missing or was changed, so nothing from there on is archived");
    insta::assert_snapshot!(contradicted, @"the journal does not hold the seal 41 that somebody remembers");
    assert!(archives(&scratch).is_empty());
}

#[tokio::test]
async fn without_a_store_an_archived_event_says_so() {
    let scratch = Scratch::default();
    half_archived(&scratch).await;

    let journal = scratch.open();
    let error = journal.body(2).await.unwrap_err();
    let verdict = journal.verify(None, Box::new(|_| ())).await.unwrap();

    assert!(matches!(
        error,
        ReadError::Unavailable(Unavailable::Archive(_))
    ));
    let fault = verdict.first_bad.unwrap();
    assert!(matches!(fault.kind, FaultKind::Archive(_)), "{fault}");
}

/// Every place of the mover that has a name for dying at.
const PLACES: [&str; 5] = [
    "journal::before_archive",
    "journal::after_archive",
    "journal::after_archive_record",
    "journal::before_letting_go",
    "journal::after_letting_go",
];

#[tokio::test]
async fn killed_anywhere_while_it_archives_nothing_is_lost_or_there_twice() {
    for place in PLACES {
        let scratch = Scratch::default();
        let journal = open(&scratch);
        history(&*journal, 100).await;
        let witness = seal(&journal).await;
        let before = answers(&journal, 101).await;
        journal.close().await;

        let input = json!({
            "path": scratch.path(), "failpoint": place, "hit": 1, "witness": witness,
        });
        let (_, status) = Child::start("archive::damage::child_that_archives", &input).listen();
        assert_eq!(status.signal(), Some(9), "{place}: {status}");

        let journal = open(&scratch);
        assert_eq!(answers(&journal, 101).await, before, "{place}");
        let report = run(&journal, &everything_up_to(witness.clone()))
            .await
            .unwrap();
        assert_eq!(report.archived_to, 100, "{place}");
        assert_eq!(answers(&journal, 101).await, before, "{place}");
        let verdict = journal.verify(witness, Box::new(|_| ())).await.unwrap();
        assert_eq!(verdict.faults, [], "{place}");
        assert_eq!(whole(&scratch), [98, 99, 100, 101, 102], "{place}");
        assert_eq!(archives(&scratch).len(), 1, "{place}");
    }
}

#[test]
#[ignore = "a process of its own, started by the test above"]
fn child_that_archives() {
    let Some(input) = input() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let journal = open_at(Path::new(input["path"].as_str().unwrap()));
        let witness = serde_json::from_value(input["witness"].clone()).unwrap();
        kill_at_hit(
            input["failpoint"].as_str().unwrap(),
            input["hit"].as_u64().unwrap(),
        );
        run(&journal, &everything_up_to(Some(witness)))
            .await
            .unwrap();
    });
}
