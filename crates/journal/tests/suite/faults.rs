//! A disk that says no: full, broken for a moment, broken for long.

use std::sync::Arc;

use journal::{
    AppendError, Change, Expect, Journal, OpenJournal as _, OpenOptions, ReadError, SqliteJournal,
    Unavailable,
};
use model::Event;
use rusqlite::ffi;
use serde_json::json;

use crate::{
    disk::{Disk, Fault, Kind, Random},
    power::check,
    support::{Scratch, append, event, everything, history, key, numbered, subject},
};

struct Bench {
    disk: &'static Disk,
    journal: Arc<SqliteJournal>,
    _scratch: Scratch,
}

fn bench() -> Bench {
    let scratch = Scratch::default();
    let disk = Disk::register();
    let options = OpenOptions {
        vfs: Some(disk.vfs()),
        // So little that reads reach the disk.
        cache_kib_max: 16,
        ..OpenOptions::new(scratch.path())
    };
    Bench {
        disk,
        journal: SqliteJournal::open(options).unwrap(),
        _scratch: scratch,
    }
}

impl Bench {
    fn fail(&self, kind: Kind, after: u64, times: u64, code: i32) {
        self.disk.fail(Some(Fault {
            kind,
            after,
            times,
            code,
        }));
    }

    async fn write(&self, name: &str) -> Result<Arc<Event>, AppendError> {
        let event = numbered(7).with_key(Some(key(name)));
        let outcome = self.journal.append(subject("thing.1"), Expect::Any, event);
        outcome.await.map(|committed| committed.event)
    }

    /// All that was acknowledged is there, on this handle and after a power cut, and no more.
    async fn is_whole(&self, acknowledged: &[Arc<Event>]) {
        let verdict = self.journal.verify(None, Box::new(|_| ())).await.unwrap();
        assert!(verdict.ok, "{:?}", verdict.first_bad);
        assert_eq!(everything(&*self.journal).await, acknowledged);
        for seed in 0..16 {
            let folder = tempfile::tempdir().unwrap();
            self.disk
                .remains()
                .spill(&mut Random::new(seed), folder.path());
            check(folder.path(), acknowledged, None).await.unwrap();
            let found = SqliteJournal::open(OpenOptions::new(folder.path().join("journal.db")));
            // And what `check` itself appended.
            assert_eq!(
                everything(&*found.unwrap()).await.len(),
                acknowledged.len() + 1
            );
        }
    }
}

/// Lets the `n`th operation of a kind fail, for many `n`, and says what writers were told.
async fn one_failure_at_each(kind: Kind, code: i32) -> Vec<String> {
    let bench = bench();
    history(&*bench.journal, 20).await;
    let mut told = Vec::new();
    for n in 0..24 {
        bench.fail(kind, n, 1, code);
        for attempt in 0..10 {
            let name = format!("k-{n}-{attempt}");
            let Err(error) = bench.write(&name).await else {
                continue;
            };
            told.push(format!(
                "{error}: {}",
                std::error::Error::source(&error).unwrap()
            ));
            assert!(matches!(error, AppendError::Unavailable(_)), "{error:?}");
            assert_eq!(bench.journal.find_key(&key(&name)).await.unwrap(), None);
            bench.write(&name).await.unwrap();
        }
        bench.disk.fail(None);
    }
    bench.is_whole(&everything(&*bench.journal).await).await;
    told.sort();
    let failures = told.len();
    assert!(failures >= 10, "only {failures} of 24 were met");
    told.dedup();
    told
}

#[tokio::test]
async fn a_full_disk_refuses_the_write_and_keeps_everything_else() {
    let told = one_failure_at_each(Kind::Write, ffi::SQLITE_FULL).await;

    insta::assert_snapshot!(told.join("\n"), @"the journal takes no writes: the disk is full: database or disk is full");
}

#[tokio::test]
async fn a_write_that_fails_is_refused_and_the_next_one_is_not() {
    let told = one_failure_at_each(Kind::Write, ffi::SQLITE_IOERR_WRITE).await;

    insta::assert_snapshot!(told.join("\n"), @"the journal takes no writes: disk I/O error");
}

#[tokio::test]
async fn a_read_only_disk_is_named() {
    let told = one_failure_at_each(Kind::Write, ffi::SQLITE_READONLY).await;

    insta::assert_snapshot!(told.join("\n"), @"the journal takes no writes: the folder or file is read-only: attempt to write a readonly database");
}

#[tokio::test]
async fn a_sync_that_fails_once_is_settled_as_not_written() {
    let told = one_failure_at_each(Kind::Sync, ffi::SQLITE_IOERR_FSYNC).await;

    insta::assert_snapshot!(told.join("\n"), @"the journal takes no writes: disk I/O error");
}

#[tokio::test]
async fn what_was_refused_over_a_failed_sync_never_comes_to_light() {
    let bench = bench();
    history(&*bench.journal, 5).await;
    let before = everything(&*bench.journal).await;

    bench.fail(Kind::Sync, 0, 1, ffi::SQLITE_IOERR_FSYNC);
    let error = bench.write("k").await.unwrap_err();

    assert!(matches!(error, AppendError::Unavailable(_)), "{error:?}");
    bench.is_whole(&before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_never_names_an_event_that_was_not_committed() {
    let bench = bench();
    let (is_begun, begun) = tokio::sync::oneshot::channel();
    let (go_on, wait) = std::sync::mpsc::sync_channel::<()>(1);
    let mut is_begun = Some(is_begun);
    let hold: Change = Box::new(move |_head| {
        is_begun.take().unwrap().send(()).unwrap();
        wait.recv().unwrap();
        Ok(event(json!("held")))
    });
    let apply = |to: &'static str, change| {
        let journal = bench.journal.clone();
        tokio::spawn(async move { journal.apply(subject(to), None, change).await })
    };
    let append_first = || {
        let journal = bench.journal.clone();
        let first = event(json!("first"));
        tokio::spawn(async move { journal.append(subject("b"), Expect::Absent, first).await })
    };

    // While the writer is held, two more come, which makes them one batch.
    let held = apply("a", hold);
    begun.await.unwrap();
    let both = [append_first(), append_first()];
    while bench.journal.queued() < 2 {
        tokio::task::yield_now().await;
    }
    bench.fail(Kind::Sync, 1, 1, ffi::SQLITE_IOERR_FSYNC);
    go_on.send(()).unwrap();

    assert_eq!(held.await.unwrap().unwrap().event.seq, 1);
    for write in both {
        let error = write.await.unwrap().unwrap_err();
        assert!(matches!(error, AppendError::Unavailable(_)), "{error:?}");
    }
    assert_eq!(bench.journal.last(&subject("b")).await.unwrap(), None);
}

#[tokio::test]
async fn a_full_disk_takes_nothing_until_there_is_space_and_then_goes_on() {
    let bench = bench();
    history(&*bench.journal, 5).await;
    let before = everything(&*bench.journal).await;

    bench.fail(Kind::Write, 0, u64::MAX, ffi::SQLITE_FULL);
    for n in 0..5 {
        let error = bench.write(&format!("k-{n}")).await.unwrap_err();
        assert!(
            matches!(error, AppendError::Unavailable(Unavailable::DiskFull(_))),
            "{error:?}"
        );
        assert_eq!(everything(&*bench.journal).await, before);
    }
    bench.disk.fail(None);
    let after = bench.write("k-0").await.unwrap();

    assert_eq!(after.seq, 6);
    let acknowledged = [before, vec![after]].concat();
    bench.is_whole(&acknowledged).await;
}

#[tokio::test]
async fn a_disk_that_stays_broken_leaves_the_outcome_unknown_until_it_can_be_asked() {
    let bench = bench();
    history(&*bench.journal, 5).await;
    let before = everything(&*bench.journal).await;

    bench.fail(Kind::Sync, 0, u64::MAX, ffi::SQLITE_IOERR_FSYNC);
    let unknown = bench.write("k").await.unwrap_err();
    let still = bench.journal.find_key(&key("k")).await;
    let later = bench.write("other").await.unwrap_err();
    bench.disk.fail(None);
    let resolved = bench.journal.find_key(&key("k")).await.unwrap();

    assert!(matches!(unknown, AppendError::Unknown(_)), "{unknown:?}");
    assert!(matches!(still, Err(ReadError::Unavailable(_))), "{still:?}");
    assert!(matches!(later, AppendError::Unavailable(_)), "{later:?}");
    assert_eq!(resolved, None);
    bench.is_whole(&before).await;
    assert_eq!(bench.write("k").await.unwrap().seq, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_in_a_batch_leaves_no_gap() {
    let bench = bench();
    for n in 0..300 {
        let keyed = numbered(n).with_key(Some(key(&format!("old-{n}"))));
        append(&*bench.journal, &format!("thing.{}", n % 40), keyed).await;
    }
    let mut failed = 0;
    for n in 0..40 {
        bench.fail(Kind::Read, n, 1, ffi::SQLITE_IOERR_READ);
        let writes = (0..8).map(|writer| {
            let journal = bench.journal.clone();
            let keyed = event(json!(n)).with_key(Some(key(&format!("new-{n}-{writer}"))));
            let to = subject(&format!("thing.{}", (n * 8 + writer) % 40));
            tokio::spawn(async move { journal.append(to, Expect::Any, keyed).await })
        });
        for write in writes.collect::<Vec<_>>() {
            match write.await.unwrap() {
                Ok(_) => {}
                Err(AppendError::Unavailable(_)) => failed += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        bench.disk.fail(None);
    }

    assert!(failed > 0, "no read failed");
    bench.is_whole(&everything(&*bench.journal).await).await;
}
