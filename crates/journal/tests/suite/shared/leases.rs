//! Leases: nobody goes on from what is old once a write was answered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use journal::{Expect, Journal as _, NatsJournal, NatsOptions, Query, Tenure};
use model::Seq;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{nats_server::NatsServer, support::event};

const SHORT: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_mins(10);

/// Somebody whose writes are answered only once everybody has taken them up.
async fn careful(server: &NatsServer) -> Arc<NatsJournal> {
    let options = NatsOptions {
        is_awaited: |_event| true,
        ..server.options()
    };
    NatsJournal::open(options).await.unwrap()
}

async fn write(journal: &NatsJournal) -> Seq {
    let subject = "thing".parse().unwrap();
    let written = journal.append(subject, Expect::Any, event(json!({})));
    written.await.unwrap().event.seq
}

async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_answered_when_everybody_has_taken_it_up() {
    let server = NatsServer::default();
    let (writer, reader) = (careful(&server).await, server.journal().await);
    let tenure = reader.begin_tenure(LONG);
    until(|| tenure.is_current()).await;
    let mut watch = reader.clone().watch(0, Query::all());

    let writing = tokio::spawn(async move { write(&writer).await });
    let seen = watch.next_event().await.unwrap().unwrap().seq;
    // It is there for all to see, and only its writer waits.
    assert!(!writing.is_finished());
    tenure.has_taken_up(seen);

    assert_eq!(writing.await.unwrap(), seen);
    assert!(tenure.is_current());
    assert!(reader.have_taken_up(seen));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_up_has_no_lease_when_the_write_is_answered() {
    let server = NatsServer::default();
    let (writer, reader) = (careful(&server).await, server.journal().await);
    let tenure = reader.begin_tenure(SHORT);
    until(|| tenure.is_current()).await;

    let seq = write(&writer).await;

    assert!(!tenure.is_current());
    tenure.has_taken_up(seq);
    until(|| tenure.is_current()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_goodbye_is_waited_for_no_more() {
    let server = NatsServer::default();
    let (writer, reader) = (careful(&server).await, server.journal().await);
    let tenure = reader.begin_tenure(LONG);
    until(|| tenure.is_current()).await;

    tenure.end().await;

    write(&writer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_begins_late_is_held_to_what_was_written_before() {
    let server = NatsServer::default();
    let (writer, reader) = (careful(&server).await, server.journal().await);
    let seq = write(&writer).await;

    let tenure = reader.begin_tenure(SHORT);
    // Its first renewals end with this: another one is heard of that came after them.
    let other = reader.begin_tenure(SHORT);
    other.has_taken_up(seq);
    until(|| other.is_current()).await;

    assert!(!tenure.is_current());
    tenure.has_taken_up(seq);
    until(|| tenure.is_current()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_runs_out_without_the_server_and_comes_back_with_it() {
    let mut server = NatsServer::default();
    let reader = server.journal().await;
    let tenure = reader.begin_tenure(SHORT);
    until(|| tenure.is_current()).await;

    server.kill();
    until(|| !tenure.is_current()).await;
    assert!(tenure.ended_since().is_some());
    server.restart();

    until(|| tenure.is_current()).await;
}

/// One that answers from what it has taken up, late and sometimes very late.
async fn answer(
    journal: Arc<NatsJournal>,
    tenure: Arc<Tenure>,
    taken_up: Arc<AtomicU64>,
    mut random: fastrand::Rng,
) {
    let mut watch = journal.watch(0, Query::all());
    while let Ok(Some(event)) = watch.next_event().await {
        let late = if random.u8(0..8) == 0 { 700 } else { 20 };
        tokio::time::sleep(Duration::from_millis(random.u64(0..late))).await;
        taken_up.store(event.seq, Ordering::SeqCst);
        tenure.has_taken_up(event.seq);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_answers_from_before_a_write_that_was_answered() {
    let server = NatsServer::default();
    let writer = careful(&server).await;
    let answered = Arc::new(AtomicU64::new(0));
    let (is_over, answers) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut tasks = JoinSet::new();
    for seed in 0..3 {
        let reader = server.journal().await;
        let tenure = Arc::new(reader.begin_tenure(SHORT));
        let taken_up = Arc::new(AtomicU64::new(0));
        let random = fastrand::Rng::with_seed(seed);
        tasks.spawn(answer(reader, tenure.clone(), taken_up.clone(), random));
        let (answered, is_over) = (answered.clone(), is_over.clone());
        let answers = answers.clone();
        tasks.spawn(async move {
            while !is_over.load(Ordering::SeqCst) {
                let before = answered.load(Ordering::SeqCst);
                if tenure.is_current() {
                    let served = taken_up.load(Ordering::SeqCst);
                    assert!(served >= before, "{served} is served after {before}");
                    answers.fetch_add(1, Ordering::Relaxed);
                }
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        });
    }
    for round in 0..25 {
        let seq = write(&writer).await;
        answered.store(seq, Ordering::SeqCst);
        if round % 8 == 7 {
            // Nobody hears of anything for longer than a lease.
            server.freeze();
            tokio::time::sleep(2 * SHORT).await;
            server.thaw();
        }
    }
    is_over.store(true, Ordering::SeqCst);
    // Those that check end, and a failed one ends the test; those that answer go on for ever.
    for _ in 0..3 {
        tasks.join_next().await.unwrap().unwrap();
    }

    assert!(answers.load(Ordering::Relaxed) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_goes_from_one_to_the_next_and_its_number_grows() {
    let server = NatsServer::default();
    let (first, second) = (server.journal().await, server.journal().await);
    let held = first.hold("sealer", LONG).await;
    let number = held.number();
    let waiting = tokio::spawn(async move { second.hold("sealer", SHORT).await });
    // Other work is nobody's concern.
    let other = first.hold("watch", LONG).await;
    assert!(!waiting.is_finished());

    held.end().await;
    let held = waiting.await.unwrap();

    assert!(held.number() > number);
    assert!(!held.lost().is_cancelled());
    assert!(!other.lost().is_cancelled());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_vanishes_with_a_work_loses_it_and_who_is_cut_off_knows() {
    let mut server = NatsServer::default();
    let (first, second) = (server.journal().await, server.journal().await);
    drop(first.hold("sealer", SHORT).await);
    let held = second.hold("sealer", SHORT).await;

    server.kill();
    held.lost().cancelled().await;
    server.restart();

    let again = first.hold("sealer", SHORT).await;
    assert!(again.number() > held.number());
}
