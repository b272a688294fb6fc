//! Old events elsewhere: every answer is what it was before.

mod damage;
mod writer;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use journal::{
    ArchiveError, ArchivePlan, ArchiveReport, ArchiveStore, ExportFormat, Journal, Needed,
    OpenJournal as _, OpenOptions, Order, Query, SqliteJournal, StoreFailure, Witness, archive,
    archive_subject, export, fork, seal_up_to_now,
};
use model::{Body, Context, Event, EventType, NewEvent, Seq, event::AgentRole};
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::{Scratch, append, event, everything, history, key, second, subject};

/// A folder beside the journal.
#[derive(Debug)]
struct Folder(PathBuf);

impl ArchiveStore for Folder {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreFailure> {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap())?;
        // As a vault does it: who reads at that moment sees the old file or the new one.
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    fn find(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFailure> {
        match fs::read(self.0.join(name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            found => Ok(Some(found?)),
        }
    }
}

fn open(scratch: &Scratch) -> Arc<SqliteJournal> {
    open_at(&scratch.path())
}

fn open_at(path: &Path) -> Arc<SqliteJournal> {
    open_over(path, Arc::new(folder_beside(path)))
}

fn folder_beside(path: &Path) -> Folder {
    Folder(path.with_file_name("archives"))
}

fn open_over(path: &Path, store: Arc<dyn ArchiveStore>) -> Arc<SqliteJournal> {
    let options = OpenOptions {
        archives: Some(store),
        ..OpenOptions::new(path)
    };
    SqliteJournal::open(options).unwrap()
}

async fn seal(journal: &SqliteJournal) -> Option<Witness> {
    seal_up_to_now(journal, || second(0)).await.unwrap()
}

fn everything_up_to(witness: Option<Witness>) -> ArchivePlan {
    ArchivePlan {
        before: Timestamp::MAX,
        witness,
        needed: Vec::new(),
        kinds_needed: Vec::new(),
        is_thorough: true,
        is_trial: false,
    }
}

async fn run(journal: &SqliteJournal, plan: &ArchivePlan) -> Result<ArchiveReport, ArchiveError> {
    archive(
        journal,
        plan,
        || second(0),
        &CancellationToken::new(),
        |_| (),
    )
    .await
}

/// Seals and archives all there is.
async fn archive_all(journal: &SqliteJournal) -> (ArchiveReport, Option<Witness>) {
    let witness = seal(journal).await;
    let report = run(journal, &everything_up_to(witness.clone())).await;
    (report.unwrap(), witness)
}

fn archives(scratch: &Scratch) -> Vec<PathBuf> {
    let folder = scratch.folder().join("archives/journal");
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// An event of a kind, for a conversation, with and without a document and a key, as `n` has it.
fn mixed(n: u64) -> (String, NewEvent) {
    let kinds = [
        EventType::CALL,
        EventType::STATE_CHANGE,
        EventType::RELEASE,
        EventType::SESSION,
    ];
    let context = Context {
        agent: (n % 4 == 1).then(|| format!("agent-{}", n % 3).parse().unwrap()),
        conversation: (!n.is_multiple_of(3)).then(|| format!("c-{}", n % 5).parse().unwrap()),
        version: (n % 5 == 2).then(|| semver::Version::new(1, n % 2, 0)),
        tenant: format!("tenant-{}", n % 2).parse().unwrap(),
        ..Context::of(AgentRole::Runner)
    };
    let kind = kinds[usize::try_from(n % 4).unwrap()].clone();
    let time = second(n.cast_signed());
    let body = n.is_multiple_of(3).then(|| {
        let length = usize::try_from(n * 37 % 9_000).unwrap();
        Body::new(vec![u8::try_from(n % 256).unwrap(); length])
    });
    let event = NewEvent::new(kind, time, context, json!({"n": n, "text": "é".repeat(9)}));
    let key = n.is_multiple_of(7).then(|| key(&format!("k-{n}")));
    (
        format!("thing.{}", n % 6),
        event.with_body(body).with_key(key),
    )
}

/// Every kind of question, asked of the events up to `to`.
async fn answers(journal: &Arc<SqliteJournal>, to: Seq) -> Vec<String> {
    let mut told = Vec::new();
    let until = Query {
        until: to,
        limit: Query::LIMIT_MAX,
        ..Query::all()
    };
    for query in questions(&until) {
        let events = journal.read(query).await.unwrap();
        told.push(events.iter().map(|event| event.to_json_line()).collect());
    }
    let subjects = journal.subjects("thing").await.unwrap();
    for subject in subjects {
        for seq in 0..=to {
            let last = journal.last_at(&subject, seq).await.unwrap();
            told.push(format!(
                "{subject} {seq} {:?}",
                last.map(|event| event.hash)
            ));
        }
        let last = journal.last(&subject).await.unwrap();
        told.push(format!(
            "{subject} {:?}",
            last.map(|event| event.to_json_line())
        ));
    }
    for seq in 1..=to {
        let body = journal.body(seq).await.unwrap();
        told.push(format!("{seq} {:?}", body.map(|body| body.hash())));
        let found = journal.find_key(&key(&format!("k-{seq}"))).await.unwrap();
        told.push(format!(
            "{seq} {:?}",
            found.map(|event| event.to_json_line())
        ));
    }
    let mut exported = Vec::new();
    export(
        &**journal,
        until.clone(),
        ExportFormat::Csv,
        true,
        &mut exported,
    )
    .await
    .unwrap();
    told.push(String::from_utf8(exported).unwrap());
    let mut watch = journal.clone().watch(0, until);
    while told
        .last()
        .is_none_or(|line| line != &format!("watched {to}"))
    {
        let event = watch.next_event().await.unwrap().unwrap();
        assert_eq!(event.sealed_text(), event_text(&event));
        told.push(format!("watched {}", event.seq));
    }
    let sql = format!("SELECT * FROM ledger WHERE seq <= {to} ORDER BY seq");
    told.push(format!("{:?}", journal.sql(sql, 100_000).await.unwrap()));
    told
}

fn event_text(event: &Event) -> String {
    let text = event.sealed_text();
    assert_eq!(model::Digest::of(text.as_bytes()), event.hash);
    text
}

fn questions(all: &Query) -> Vec<Query> {
    let of = |change: &dyn Fn(&mut Query)| {
        let mut query = all.clone();
        change(&mut query);
        query
    };
    vec![
        all.clone(),
        of(&|query| query.order = Order::NewestFirst),
        of(&|query| query.subject = Some(subject("thing.2"))),
        of(&|query| query.kinds = vec![EventType::RELEASE]),
        of(&|query| query.kinds = vec![EventType::CALL, EventType::SESSION]),
        of(&|query| query.conversation = Some("c-1".parse().unwrap())),
        of(&|query| query.agent = Some("agent-1".parse().unwrap())),
        of(&|query| query.tenant = Some("tenant-1".parse().unwrap())),
        of(&|query| query.version = Some(semver::Version::new(1, 0, 0))),
        of(&|query| query.since = Some(second(20))),
        of(&|query| query.before = Some(second(30) + SignedDuration::from_nanos(1))),
        of(&|query| query.limit = 7),
    ]
}

#[test]
fn whatever_is_archived_and_whenever_every_answer_is_what_it_was() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let steps = proptest::collection::vec((1_u64..40, 0_u64..4), 1..5);
    let mut runner = TestRunner::new(Config::with_cases(12));
    runner
        .run(&steps, |steps| {
            runtime.block_on(async {
                let scratch = Scratch::default();
                let journal = open(&scratch);
                let (mut n, mut sealed) = (0, None);
                for (events, what) in steps {
                    for _ in 0..events {
                        n += 1;
                        let (to, event) = mixed(n);
                        append(&*journal, &to, event).await;
                    }
                    let newest = journal.newest().await.unwrap();
                    let before = answers(&journal, newest).await;
                    if what > 0 {
                        sealed = seal(&journal).await;
                    }
                    let mut plan = everything_up_to(sealed.clone());
                    if what == 2 {
                        plan.before = second(n.cast_signed() / 2);
                    }
                    if what == 3 {
                        plan.kinds_needed = vec![EventType::SESSION];
                    }
                    run(&journal, &plan).await.unwrap();
                    assert_eq!(answers(&journal, newest).await, before);
                }
                let (_, witness) = archive_all(&journal).await;
                let newest = journal.newest().await.unwrap();
                let before = answers(&journal, newest).await;
                journal.close().await;
                let journal = open(&scratch);
                assert_eq!(answers(&journal, newest).await, before);
                let verdict = journal.verify(witness, Box::new(|_| ())).await.unwrap();
                assert_eq!(verdict.faults, []);
                journal.close().await;
            });
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn only_what_is_old_sealed_and_witnessed_is_archived() {
    let scratch = Scratch::default();
    let journal = open(&scratch);
    history(&*journal, 20).await;

    let unsealed = run(&journal, &everything_up_to(None)).await.unwrap();
    let witness = seal(&journal).await;
    history(&*journal, 20).await;
    let unwitnessed = run(&journal, &everything_up_to(None)).await.unwrap();
    let mut plan = everything_up_to(witness.clone());
    plan.before = second(10);
    let too_young = run(&journal, &plan).await.unwrap();
    plan.before = second(21);
    plan.is_trial = true;
    let tried = run(&journal, &plan).await.unwrap();
    let newest = journal.newest().await.unwrap();
    plan.is_trial = false;
    plan.is_thorough = false;
    let fills_none = run(&journal, &plan).await.unwrap();

    assert_eq!(unsealed, ArchiveReport::default());
    assert_eq!(unwitnessed, ArchiveReport::default());
    assert_eq!(too_young, ArchiveReport::default());
    assert_eq!((tried.archives, tried.events, tried.rows), (1, 20, 0));
    assert_eq!(newest, 41);
    assert_eq!(fills_none, ArchiveReport::default());
    assert!(archives(&scratch).is_empty());

    plan.is_thorough = true;
    let done = run(&journal, &plan).await.unwrap();
    let again = run(&journal, &plan).await.unwrap();
    let names: Vec<_> = archives(&scratch)
        .iter()
        .map(|path| path.file_name().unwrap().to_owned())
        .collect();

    assert_eq!(
        (done.archives, done.events, done.archived_to, done.rows),
        (1, 20, 20, 20)
    );
    assert_eq!((again.archives, again.archived_to, again.rows), (0, 20, 0));
    assert_eq!(names, ["00000000000000000001-00000000000000000020.parquet"]);
}

/// The places whose rows still have their text.
fn whole(scratch: &Scratch) -> Vec<Seq> {
    let sql = "SELECT seq FROM events WHERE event NOT LIKE '{\"archived\":%' ORDER BY seq";
    let connection = scratch.tamper();
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    rows.map(|seq| seq.unwrap().cast_unsigned()).collect()
}

#[tokio::test]
async fn what_is_needed_stays_whole_and_goes_once_it_is_not_needed_any_more() {
    let scratch = Scratch::default();
    let journal = open(&scratch);
    history(&*journal, 30).await;
    let mut plan = everything_up_to(seal(&journal).await);
    let (of, from, to) = (subject("thing.1"), 4, 10);
    plan.needed = vec![Needed {
        subject: of,
        from,
        to,
    }];

    run(&journal, &plan).await.unwrap();
    let needed = whole(&scratch);
    history(&*journal, 3).await;
    plan.needed.clear();
    run(&journal, &plan).await.unwrap();
    let later = whole(&scratch);

    // 28 to 30 were the newest of the three subjects, 31 is the seal, 32 the record.
    assert_eq!(needed, [4, 7, 10, 28, 29, 30, 31, 32]);
    assert_eq!(later, [31, 32, 33, 34, 35]);
}

#[tokio::test]
async fn a_fork_is_whole_without_the_archives_of_its_source() {
    let scratch = Scratch::default();
    let journal = open(&scratch);
    history(&*journal, 40).await;
    archive_all(&journal).await;
    let into = scratch.folder().join("fork.db");

    let verdict = fork(&journal, 30, &into).await.unwrap();
    let copy = SqliteJournal::open(OpenOptions::new(&into)).unwrap();

    assert!(verdict.ok);
    assert_eq!(everything(&*copy).await, everything(&*journal).await[..30]);
    for seq in 1..=30 {
        let bytes = |body: Option<Body>| body.map(|body| body.bytes().to_vec());
        let (one, other) = (
            copy.body(seq).await.unwrap(),
            journal.body(seq).await.unwrap(),
        );
        assert_eq!(bytes(one), bytes(other));
    }
}

#[tokio::test]
async fn a_fork_archives_on_though_it_has_records_of_archives_that_are_not_its_own() {
    let scratch = Scratch::default();
    let journal = open(&scratch);
    history(&*journal, 40).await;
    archive_all(&journal).await;
    let folder = scratch.folder().join("fork");
    fs::create_dir(&folder).unwrap();
    let newest = journal.newest().await.unwrap();
    fork(&journal, newest, &folder.join("journal.db"))
        .await
        .unwrap();

    let copy = open_at(&folder.join("journal.db"));
    history(&*copy, 10).await;
    let before = everything(&*copy).await;
    let (report, witness) = archive_all(&copy).await;

    assert_eq!((report.archives, report.events), (1, 12));
    assert!(report.rows > 0);
    assert_eq!(everything(&*copy).await[..before.len()], before);
    let verdict = copy.verify(witness, Box::new(|_| ())).await.unwrap();
    assert_eq!(verdict.faults, []);
}

#[tokio::test]
async fn the_room_of_what_is_archived_is_used_again() {
    let scratch = Scratch::default();
    let journal = open(&scratch);
    history(&*journal, 2_000).await;
    archive_all(&journal).await;
    let pages = || {
        let connection = scratch.tamper();
        let number = |name: &str| {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
                .unwrap()
        };
        (number("page_count"), number("freelist_count"))
    };

    let (all, free) = pages();
    history(&*journal, 500).await;
    let (all_later, free_later) = pages();

    assert!(free * 2 > all, "{free} of {all} pages are free");
    assert!(
        free_later < free && all_later == all,
        "{all_later} {free_later}"
    );
}

#[tokio::test]
async fn two_who_archive_at_once_do_not_archive_anything_twice() {
    let scratch = Scratch::default();
    let (one, other) = (open(&scratch), open(&scratch));
    history(&*one, 200).await;
    let plan = everything_up_to(seal(&one).await);
    let before = everything(&*one).await;

    let (first, second) = tokio::join!(run(&one, &plan), run(&other, &plan));
    let outcomes = [first, second];
    let records = Query::of(archive_subject());
    let records = one.read(records).await.unwrap();

    for outcome in outcomes {
        assert!(
            matches!(outcome, Ok(_) | Err(ArchiveError::Raced)),
            "{outcome:?}"
        );
    }
    assert_eq!(records.len(), 1);
    assert_eq!(everything(&*other).await[..before.len()], before);
}

/// Bytes that do not shrink.
fn noise(size: usize, mut seed: u64) -> Vec<u8> {
    let next = |_| {
        // Marsaglia's xorshift.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()
    };
    (0..size / 8).flat_map(next).collect()
}

#[tokio::test]
async fn a_sealed_range_that_is_too_large_for_one_file_goes_into_several() {
    const BYTES: usize = 7 << 20;
    const FILE_BYTES_MAX: u64 = 60 << 20;
    let scratch = Scratch::default();
    let journal = open(&scratch);
    for n in 1..=8 {
        let body = Body::new(noise(BYTES, n));
        let event = event(json!(n)).with_body(Some(body));
        append(&*journal, "thing", event).await;
    }
    let hash = |body: Option<Body>| body.map(|body| body.hash());
    let mut before = Vec::new();
    for seq in 1..=8 {
        before.push(hash(journal.body(seq).await.unwrap()));
    }

    let witness = seal(&journal).await;
    let mut plan = everything_up_to(witness.clone());
    plan.is_thorough = false;
    let full = run(&journal, &plan).await.unwrap();
    let (rest, _) = archive_all(&journal).await;

    assert_eq!((full.archives, full.archived_to), (1, 7));
    assert_eq!((rest.archives, rest.archived_to), (1, 10));
    for path in archives(&scratch) {
        assert!(fs::metadata(path).unwrap().len() <= FILE_BYTES_MAX);
    }
    assert_eq!(whole(&scratch), [8, 9, 10, 11, 12]);
    let mut after = Vec::new();
    for seq in 1..=8 {
        after.push(hash(journal.body(seq).await.unwrap()));
    }
    assert_eq!(after, before);
    let verdict = journal.verify(witness, Box::new(|_| ())).await.unwrap();
    assert_eq!(verdict.faults, []);
}
