//! The same question has the same answer, on any number of processes, and after being cut off.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use repair::{Report, repair};

use crate::support::{Trial, python, trial};

/// Three faults in one line after the other: the search has to try thousands.
const PROGRAM: &str = r"
def settled(entries, limit):
    balance = 1
    refused = 0
    for amount in entries:
        if balance - amount > limit:
            refused -= 1
            continue
        balance += amount
    return [balance, refused]
";
const CASES: &str = "
    settled([], 5) -> [0, 0]
    settled([3], 5) -> [3, 0]
    settled([3, 4], 5) -> [3, 1]
    settled([5, 1, 2], 5) -> [5, 2]
    settled([-2, 7], 5) -> [5, 0]
    settled([9], 4) -> [0, 1]
";

fn difficult() -> Trial {
    trial(PROGRAM, CASES)
}

/// All of a report but how long it took.
fn answer(report: Report) -> Report {
    Report {
        seconds: 0.0,
        ..report
    }
}

#[test]
fn one_process_and_two_find_the_same_after_as_many_attempts() {
    let one = difficult().run().unwrap();
    let two = difficult()
        .with(|settings| settings.processes = 2)
        .run()
        .unwrap();

    assert!(one.tried > 1_000, "{one:#?}");
    assert_eq!(answer(one), answer(two));
}

#[test]
fn what_depends_on_the_seed_of_hashes_is_the_same_in_each_run() {
    let asked = Command::new(python())
        .args(["-c", "print(hash('a'), hash('b'))"])
        .env("PYTHONHASHSEED", "0")
        .output()
        .unwrap();
    let told = String::from_utf8(asked.stdout).unwrap();
    let (one, other) = told.trim().split_once(' ').unwrap();
    let cases = format!("mark(\"a\") -> {one}\nmark(\"b\") -> {other}");

    let text = trial("def mark(text):\n    return hash(text) + 1\n", &cases).repaired();

    assert_eq!(text, "def mark(text):\n    return hash(text)\n");
}

/// A name for a journal that outlives its removal.
fn kept(journal: &Path) -> PathBuf {
    let kept = journal.with_extension("kept");
    fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(journal)
        .unwrap();
    fs::hard_link(journal, &kept).unwrap();
    kept
}

fn pieces(journal: &Path) -> usize {
    let text = fs::read_to_string(journal).unwrap();
    text.lines().filter(|line| line.ends_with('}')).count()
}

#[test]
fn a_run_that_was_killed_goes_on_where_it_was_and_ends_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("whole.jsonl");
    let whole = kept(&journal);
    let never_cut = difficult()
        .with(|settings| settings.journal = Some(journal))
        .run()
        .unwrap();
    let journal = folder.path().join("cut.jsonl");
    let cut = kept(&journal);

    kill_after(pieces(&whole) / 2, &journal);
    let before = pieces(&cut);
    let resumed = difficult()
        .with(|settings| settings.journal = Some(journal))
        .run()
        .unwrap();

    assert_eq!(answer(resumed), answer(never_cut));
    assert!(before > 0);
    assert_eq!(pieces(&cut), pieces(&whole));
}

/// Starts a run in a process of its own, and kills it once so many pieces are in its journal.
fn kill_after(pieces: usize, journal: &Path) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["determined::a_run_of_another_process", "--exact"])
        .args(["--ignored", "--nocapture"])
        // What it leaves behind goes with the folder of the journal.
        .env("TMPDIR", journal.parent().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}", journal.display()).unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());

    let told = output.lines().map_while(Result::ok);
    let is_there = told
        .filter(|line| line.ends_with("tried"))
        .take(pieces)
        .count()
        == pieces;
    child.kill().unwrap();
    child.wait().unwrap();

    assert!(is_there, "it came to its end first");
}

#[test]
#[ignore = "is started by the one that kills it"]
fn a_run_of_another_process() {
    let mut journal = String::new();
    std::io::stdin().read_line(&mut journal).unwrap();
    if journal.is_empty() {
        return;
    }
    let trial = difficult().with(|settings| settings.journal = Some(journal.trim().into()));

    let came = repair(&trial.task, &|progress| {
        println!("{} tried", progress.tried);
    });

    drop(came);
}
