//! SIGKILL at any instant: nothing acknowledged is missing, nothing half-written is visible, and
//! the next start needs no hand.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{client::Client, retention, server::Server};

const WRITERS: usize = 4;
const KILLS: usize = 300;
/// Of the kills, at least this many must hit a server that owes somebody an answer.
const KILLS_IN_FLIGHT_MIN: usize = 250;
/// A round in which a writer has no answer for this long has failed.
const ROUND_S_MAX: u64 = 60;
/// The whole ledger is verified after every so many kills, and at the end.
const KILLS_BETWEEN_VERIFICATIONS: usize = 50;

/// What one writer knows: each of its writes counts up by one.
#[derive(Default)]
struct Ledger {
    /// The last count that was acknowledged.
    acknowledged: AtomicU64,
    /// The last count that was sent.
    sent: AtomicU64,
    /// Answers since the server was started last.
    answers: AtomicU64,
}

impl Ledger {
    fn is_waiting(&self) -> bool {
        self.sent.load(Ordering::SeqCst) > self.acknowledged.load(Ordering::SeqCst)
    }
}

/// Counts up as writer `name` until the server is gone.
fn write_until_gone(address: &str, name: usize, ledger: &Ledger, stop: &AtomicBool) {
    let Ok(mut client) = Client::connect(address) else {
        return;
    };
    while !stop.load(Ordering::SeqCst) {
        let count = ledger.acknowledged.load(Ordering::SeqCst) + 1;
        let key = format!("w{name}-{count}");
        ledger.sent.store(count, Ordering::SeqCst);
        if client
            .send_merge("*", &key, &json!({ format!("w{name}"): count }))
            .is_err()
        {
            return;
        }
        match client.answer() {
            Ok(answer) if answer.status == 200 => {
                assert_eq!(answer.body["value"][format!("w{name}")], count);
                ledger.acknowledged.store(count, Ordering::SeqCst);
                ledger.answers.fetch_add(1, Ordering::SeqCst);
            }
            Ok(answer) => panic!("{answer:?}"),
            Err(_) => return,
        }
    }
}

/// After a restart each writer's count is what was acknowledged, or the one write after it whose
/// answer was lost.
fn check(server: &Server, ledgers: &[Ledger]) {
    let staged = Client::connect(&server.address())
        .unwrap()
        .read_staging()
        .unwrap();
    assert_eq!(staged.status, 200, "{staged:?}");
    for (name, ledger) in ledgers.iter().enumerate() {
        let (acknowledged, sent) = (
            ledger.acknowledged.load(Ordering::SeqCst),
            ledger.sent.load(Ordering::SeqCst),
        );
        let found = staged.body["value"][format!("w{name}")]
            .as_u64()
            .unwrap_or(0);
        assert!(
            (acknowledged..=sent).contains(&found),
            "writer {name}: {acknowledged} acknowledged, {sent} sent, {found} found"
        );
        // The write whose answer was lost was made after all.
        ledger.acknowledged.store(found, Ordering::SeqCst);
        ledger.sent.store(found, Ordering::SeqCst);
        ledger.answers.store(0, Ordering::SeqCst);
    }
}

fn verify(server: &Server) {
    let verdict: Value = server.luthier_json(&["ledger", "verify"]);
    assert_eq!(verdict["ok"], true, "{verdict}");
}

/// A small generator, so that a failing run can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn three_hundred_kills_lose_nothing_that_was_acknowledged() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let ledgers: Arc<[Ledger]> = (0..WRITERS).map(|_| Ledger::default()).collect();
    let mut server = Server::start();
    let mut in_flight = 0;
    for kill in 1..=KILLS {
        let stop = Arc::new(AtomicBool::new(false));
        let address = server.address();
        let writers: Vec<_> = (0..WRITERS)
            .map(|name| {
                let (ledgers, stop, address) = (ledgers.clone(), stop.clone(), address.clone());
                thread::spawn(move || write_until_gone(&address, name, &ledgers[name], &stop))
            })
            .collect();
        let busy_for = Duration::from_micros(dice.below(20_000));
        let until = Instant::now() + busy_for;
        // Not before every writer had an answer in this round, so that each kill hits a busy server
        // and has something to lose.
        let is_answered = |ledger: &Ledger| ledger.answers.load(Ordering::SeqCst) > 0;
        let given_up = Instant::now() + Duration::from_secs(ROUND_S_MAX);
        while Instant::now() < until || !ledgers.iter().all(is_answered) {
            assert!(Instant::now() < given_up, "a writer was never answered");
            thread::yield_now();
        }
        if ledgers.iter().any(Ledger::is_waiting) {
            in_flight += 1;
        }
        server.kill();
        stop.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.join().unwrap();
        }
        server.restart();
        check(&server, &ledgers);
        if kill % KILLS_BETWEEN_VERIFICATIONS == 0 {
            verify(&server);
        }
    }

    assert!(
        in_flight >= KILLS_IN_FLIGHT_MIN,
        "only {in_flight} kills left a writer waiting"
    );
    let written: u64 = ledgers
        .iter()
        .map(|l| l.acknowledged.load(Ordering::SeqCst))
        .sum();
    assert!(
        written > u64::try_from(KILLS).unwrap(),
        "only {written} writes in all"
    );
    verify(&server);
}

/// Every place that has a name for dying at, and that a server passes by itself.
const FAILPOINTS: [&str; 8] = [
    "journal::before_begin",
    "journal::before_commit",
    "journal::after_commit",
    "journal::before_checkpoint",
    "journal::before_seal",
    "vault::before_rename",
    "state::before_rename",
    "state::after_rename",
];

/// Those that other tests die at: a release that ends half way, an upload to a bucket, an update
/// that is not answered.
const ELSEWHERE: [&str; 10] = [
    "job::after_step",
    "job::before_step",
    "release::after_intent",
    "release::after_objects",
    "release::after_refs",
    "release::after_root",
    "tuner::after_commit",
    "vault::after_complete",
    "vault::after_part",
    "vault::before_complete",
];

#[test]
fn every_failpoint_of_the_code_is_died_at() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeSet::new();
    let mut folders = vec![crates];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.extend(failpoints_of(&fs::read_to_string(path).unwrap()));
            }
        }
    }

    let elsewhere = retention::ARCHIVING.into_iter().chain([retention::KEEPING]);
    let died_at = FAILPOINTS.into_iter().chain(elsewhere).chain(ELSEWHERE);
    let died_at: BTreeSet<String> = died_at.map(str::to_owned).collect();
    assert_eq!(found, died_at);
}

fn failpoints_of(code: &str) -> Vec<String> {
    let named = code.split("fail_point!(\"").skip(1);
    named
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_death_at_every_named_failpoint_loses_nothing_that_was_acknowledged() {
    for failpoint in FAILPOINTS {
        let ledgers: Arc<[Ledger]> = (0..WRITERS).map(|_| Ledger::default()).collect();
        let mut server = Server::start();
        server.kill();
        // Some are passed on the way up, where dying is as good.
        if server.restart_to_die_at(failpoint) {
            let address = server.address();
            let writers: Vec<_> = (0..WRITERS)
                .map(|name| {
                    let (ledgers, address) = (ledgers.clone(), address.clone());
                    let never = AtomicBool::new(false);
                    thread::spawn(move || write_until_gone(&address, name, &ledgers[name], &never))
                })
                .collect();
            for writer in writers {
                writer.join().unwrap();
            }
        }
        // Comes back only because it did die there.
        server.wait_until_dead();
        server.restart();
        check(&server, &ledgers);
        verify(&server);
    }
}

#[test]
fn the_check_notices_a_write_that_was_acknowledged_and_is_gone() {
    let server = Server::start();
    let ledgers = [Ledger::default()];
    ledgers[0].acknowledged.store(1, Ordering::SeqCst);
    ledgers[0].sent.store(1, Ordering::SeqCst);

    let checked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&server, &ledgers)));

    assert!(checked.is_err());
}
