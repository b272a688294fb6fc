//! Power cuts at any moment: nothing acknowledged is missing, nothing half-written is visible.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use journal::{OpenJournal as _, OpenOptions, SqliteJournal, Witness, seal_up_to_now};
use model::{Body, Event};
use serde_json::json;

use crate::{
    disk::{Disk, Kind, Random, Remains, Watcher},
    support::{Scratch, append, event, everything, numbered, second},
};

const WRITERS: u64 = 6;
const EVENTS_PER_WRITER: u64 = 30;
const RUNS: u64 = 14;
const CUTS_PER_RUN_MAX: usize = 8;
const SPILLS_PER_CUT: u64 = 2;

/// What the writers were told by now.
#[derive(Default)]
struct Told {
    events: Vec<Arc<Event>>,
    witness: Option<Witness>,
}

/// The disk at one moment, and what had been acknowledged by then.
struct Cut {
    remains: Remains,
    events: usize,
    witness: Option<Witness>,
    is_in_checkpoint: bool,
}

/// Busy writers and a sealer on a disk of their own; power cuts at random operations.
fn run(synchronous: &'static str, seed: u64) -> (Vec<Arc<Event>>, Vec<Cut>) {
    let scratch = Scratch::default();
    let disk = Disk::register();
    let told = Arc::new(Mutex::new(Told::default()));
    let cuts = Arc::new(Mutex::new(Vec::new()));
    disk.watch(Some(cut_at_random(told.clone(), cuts.clone(), seed)));
    let options = OpenOptions {
        vfs: Some(disk.vfs()),
        synchronous,
        ..OpenOptions::new(scratch.path())
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let journal = SqliteJournal::open(options).unwrap();
        let writers =
            (0..WRITERS).map(|writer| tokio::spawn(write(journal.clone(), told.clone(), writer)));
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        journal.close().await;
    });
    disk.watch(None);
    let told = std::mem::take(&mut *told.lock().unwrap());
    let cuts = std::mem::take(&mut *cuts.lock().unwrap());
    (told.events, cuts)
}

async fn write(journal: Arc<SqliteJournal>, told: Arc<Mutex<Told>>, writer: u64) {
    for n in 0..EVENTS_PER_WRITER {
        let body = format!("{writer} {n} ").repeat(1_500);
        let event = numbered(n).with_body(Some(Body::new(body.into_bytes())));
        let event = append(&*journal, &format!("writer.{}", writer % 4), event).await;
        told.lock().unwrap().events.push(event);
        if writer == 0 && n % 10 == 9 {
            let witness = seal_up_to_now(&*journal, || second(0)).await.unwrap();
            told.lock().unwrap().witness = witness;
        }
    }
}

fn cut_at_random(told: Arc<Mutex<Told>>, cuts: Arc<Mutex<Vec<Cut>>>, seed: u64) -> Watcher {
    let mut random = Random::new(seed);
    Box::new(move |operation, remains| {
        let told = told.lock().unwrap();
        let mut cuts = cuts.lock().unwrap();
        // With the log in use, the file itself is written by checkpoints alone.
        let is_file = operation
            .path
            .extension()
            .is_some_and(|suffix| suffix == "db");
        let is_in_checkpoint = is_file && !told.events.is_empty();
        let half = CUTS_PER_RUN_MAX / 2;
        let taken = cuts
            .iter()
            .filter(|cut: &&Cut| cut.is_in_checkpoint == is_in_checkpoint);
        let odds = match operation.kind {
            Kind::Sync => 10,
            _ if is_in_checkpoint => 40,
            _ => 150,
        };
        if taken.count() < half && random.below(odds) == 0 {
            cuts.push(Cut {
                remains: remains(),
                events: told.events.len(),
                witness: told.witness.clone(),
                is_in_checkpoint,
            });
        }
    })
}

/// Opens what the cut left, on an ordinary disk, and compares it with what was acknowledged.
pub(crate) async fn check(
    folder: &Path,
    told: &[Arc<Event>],
    witness: Option<Witness>,
) -> Result<(), String> {
    let options = OpenOptions::new(folder.join("journal.db"));
    let journal = SqliteJournal::open(options).map_err(|error| error.to_string())?;
    let verdict = journal.verify(witness, Box::new(|_| ())).await;
    let verdict = verdict.map_err(|error| error.to_string())?;
    if let Some(fault) = verdict.first_bad {
        return Err(fault.to_string());
    }
    // Whole and in order by the verification, which also read each document.
    let found = everything(&*journal).await;
    for event in told {
        let at = usize::try_from(event.seq).unwrap() - 1;
        if found.get(at) != Some(event) {
            return Err(format!("the acknowledged event {} is missing", event.seq));
        }
    }
    let next = append(&*journal, "writer.0", event(json!("after the cut"))).await;
    if next.seq != found.len() as u64 + 1 {
        return Err(format!("the next event has seq {}", next.seq));
    }
    journal.close().await;
    Ok(())
}

/// Every cut of some runs, checked: how many there were, in checkpoints, and what was wrong.
fn cut_and_check(
    synchronous: &'static str,
    runs: std::ops::Range<u64>,
) -> (usize, usize, Vec<String>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut all, mut in_checkpoints, mut wrong) = (0, 0, Vec::new());
    for seed in runs {
        let (told, cuts) = run(synchronous, seed);
        for (at, cut) in cuts.into_iter().enumerate() {
            in_checkpoints += usize::from(cut.is_in_checkpoint && cut.remains.is_torn());
            for spill in 0..SPILLS_PER_CUT {
                let folder = tempfile::tempdir().unwrap();
                let mut random = Random::new(seed * 1_000 + at as u64 * 10 + spill);
                cut.remains.spill(&mut random, folder.path());
                let told = &told[..cut.events];
                let outcome = check(folder.path(), told, cut.witness.clone());
                all += 1;
                if let Err(error) = runtime.block_on(outcome) {
                    wrong.push(format!("run {seed}, cut {at}, spill {spill}: {error}"));
                }
            }
        }
    }
    (all, in_checkpoints, wrong)
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing_acknowledged_and_shows_nothing_half_written() {
    let (cuts, in_checkpoints, wrong) = cut_and_check("FULL", 0..RUNS);

    println!("{cuts} cuts, {in_checkpoints} moments inside checkpoints");
    assert_eq!(wrong, [""; 0]);
    assert!(cuts >= 100, "only {cuts} cuts");
    assert!(
        in_checkpoints >= 10,
        "only {in_checkpoints} cuts in checkpoints"
    );
}

#[test]
fn the_same_check_catches_a_journal_that_does_not_sync() {
    for synchronous in ["OFF", "NORMAL"] {
        let (_cuts, _, wrong) = cut_and_check(synchronous, 0..2);

        let lost = wrong.iter().filter(|error| error.ends_with("is missing"));
        assert!(lost.count() > 0, "{synchronous}: {wrong:?}");
    }
}
