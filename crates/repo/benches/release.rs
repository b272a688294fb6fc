//! What a release costs, and how long it takes to know all versions of a repository beside git.
//!
//! `cargo bench -p repo [FOLDER]` writes below FOLDER, the disk that is measured, or the temporary
//! folder of this machine. Every release is on disk before the next begins.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the bench")]

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use model::LineageName;
use repo::{
    Base, Changes, CommitId, Draft, Move, NewCommit, NewTag, Person, Published, Repo, SigningKey,
    TagId, TagName,
};

const RELEASES: usize = 300;
const TAGS: usize = 10_000;
const ROUNDS: usize = 5;

fn main() {
    // `cargo bench` adds a flag of its own.
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let folder = match folder {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.unwrap();
    let key = SigningKey::load_or_create(&folder.path().join("key")).unwrap();
    let root = folder.path().join("repo");
    let repo = Repo::init(&root).unwrap();

    measure_floor(folder.path());
    let tip = measure_releases(&repo, &key, None, "the first releases", 0);
    let tip = many(&repo, &key, tip);
    measure_releases(
        &repo,
        &key,
        Some(tip),
        "releases beside 10,000 others",
        TAGS,
    );
    measure_listing(&root, "as they were written");
    assert!(git(&root, &["gc", "--quiet"]).success());
    measure_listing(&root, "after `git gc`");
}

/// What the disk takes for each of the four times that a release waits for it, at least.
fn measure_floor(folder: &Path) {
    let mut took = Vec::new();
    for number in 0..RELEASES {
        let begun = Instant::now();
        let path = folder.join(format!("floor{number}"));
        let mut file = File::create(path).unwrap();
        file.write_all(&[b'x'; 512]).unwrap();
        file.sync_all().unwrap();
        took.push(begun.elapsed());
    }
    tell("one small file to disk", took);
}

fn tell(what: &str, mut took: Vec<Duration>) {
    took.sort();
    println!(
        "{what}: p50 {:.2} ms, p99 {:.2} ms",
        milliseconds(took[took.len() / 2]),
        milliseconds(took[took.len() * 99 / 100])
    );
}

/// One commit of a changed state, its signed tag, and the references.
fn measure_releases(
    repo: &Repo,
    key: &SigningKey,
    mut tip: Option<CommitId>,
    what: &str,
    first: usize,
) -> CommitId {
    let mut took = Vec::new();
    for number in (0..RELEASES).map(|release| first + TAGS + release) {
        let begun = Instant::now();
        let mut draft = repo.draft();
        let (commit, tag) = release(&mut draft, key, tip, number);
        draft.write().unwrap();
        publish(repo, tip, commit, &[tag]);
        took.push(begun.elapsed());
        tip = Some(commit);
    }
    tell(what, took);
    tip.unwrap()
}

fn many(repo: &Repo, key: &SigningKey, tip: CommitId) -> CommitId {
    let mut draft = repo.draft();
    let (mut newest, mut tags) = (tip, Vec::new());
    for number in 0..TAGS {
        let (commit, tag) = release(&mut draft, key, Some(newest), number);
        newest = commit;
        tags.push(tag);
    }
    draft.write().unwrap();
    publish(repo, Some(tip), newest, &tags);
    newest
}

fn release(
    draft: &mut Draft,
    key: &SigningKey,
    parent: Option<CommitId>,
    number: usize,
) -> (CommitId, (TagName, TagId)) {
    let sign = |bytes: &[u8]| key.sign(bytes);
    let at = Timestamp::from_second(1_790_000_000 + i64::try_from(number).unwrap()).unwrap();
    let person = person();
    let state = format!("{{\"number\": {number}}}\n").into_bytes();
    let changes: Changes =
        BTreeMap::from([("state/active.state.json".to_owned(), Some(state.into()))]);
    let base = parent.map_or(Base::Empty, Base::Commit);
    let parents: Vec<CommitId> = parent.into_iter().collect();
    let tree = draft.tree(base, &changes).unwrap();
    let commit = draft
        .commit(&NewCommit {
            tree,
            parents: &parents,
            author: &person,
            committer: &person,
            at,
            message: "promote the staged state",
            signer: Some(&sign),
        })
        .unwrap();
    let name = TagName {
        lineage: LineageName::default(),
        number: semver::Version::new(1, 0, number.try_into().unwrap()),
    };
    let tag = draft
        .tag(&NewTag {
            target: commit,
            name: &name,
            tagger: &person,
            at,
            message: "1.0.0: what changed\n\nLuthier-Version: 1.0.0\nLuthier-Bump: patch",
            signer: Some(&sign),
        })
        .unwrap();
    (commit, (name, tag))
}

fn publish(repo: &Repo, from: Option<CommitId>, to: CommitId, tags: &[(TagName, TagId)]) {
    let published = repo
        .publish(&Move {
            lineage: &LineageName::default(),
            from,
            to,
            tags,
            hidden: &[],
            by: &person(),
            at: Timestamp::UNIX_EPOCH,
            why: "release",
        })
        .unwrap();
    assert!(matches!(published, Published::Committed { .. }));
}

/// At best, in turn, so that both find the same in the memory of the machine.
fn measure_listing(root: &Path, what: &str) {
    let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
    let mut count = 0;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        count = Repo::open(root).unwrap().versions().unwrap().list.len();
        ours = ours.min(begun.elapsed());
        let begun = Instant::now();
        let format = "--format=%(refname) %(*objectname) %(taggerdate) %(contents)";
        assert!(git(root, &["for-each-ref", format, "refs/tags"]).success());
        theirs = theirs.min(begun.elapsed());
    }
    println!(
        "{count} versions {what}: opened and listed in {:.1} ms, `git for-each-ref` in {:.1} ms",
        milliseconds(ours),
        milliseconds(theirs)
    );
}

fn git(root: &Path, arguments: &[&str]) -> std::process::ExitStatus {
    Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .stdout(Stdio::null())
        .status()
        .unwrap()
}

fn person() -> Person {
    Person {
        name: "Luthier".to_owned(),
        email: "luthier@localhost".to_owned(),
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
