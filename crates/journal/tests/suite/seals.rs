//! Sealing: what it covers, what it refuses, and two at once.

use journal::{
    Journal, OpenJournal as _, Query, SEAL_EVENTS_MAX, SealError, SealRecord, seal_subject,
    seal_up_to_now,
};
use model::{Event, EventType, Seq, event::PlacedEvent};
use rusqlite::params;
use serde_json::json;

use crate::support::{Busy, Scratch, append, event, everything, history, second, subject};

async fn seal(journal: &dyn Journal) -> Result<Option<journal::Witness>, SealError> {
    seal_up_to_now(journal, || second(10_000)).await
}

#[tokio::test]
async fn an_empty_journal_has_nothing_to_seal() {
    let scratch = Scratch::default();
    let journal = scratch.open();

    assert_eq!(seal(&*journal).await.unwrap(), None);
    assert_eq!(journal.newest().await.unwrap(), 0);
}

#[tokio::test]
async fn sealing_twice_adds_nothing_and_names_the_same_witness() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    history(&*journal, 10).await;

    let first = seal(&*journal).await.unwrap();
    let second = seal(&*journal).await.unwrap();

    let witness = first.clone().unwrap();
    assert_eq!((witness.seq, witness.to), (11, 10));
    assert_eq!(first, second);
    assert_eq!(journal.newest().await.unwrap(), 11);
}

#[tokio::test]
async fn a_long_history_is_covered_by_a_chain_of_seals() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    let events = 2 * SEAL_EVENTS_MAX + 10;
    history(&*journal, Seq::try_from(events).unwrap()).await;

    let witness = seal(&*journal).await.unwrap().unwrap();
    let seals = journal.read(Query::of(seal_subject())).await.unwrap();
    let verdict = journal
        .verify(Some(witness), Box::new(|_| ()))
        .await
        .unwrap();

    let records = seals.iter().map(|seal| {
        let record: SealRecord = serde_json::from_value(seal.data.clone()).unwrap();
        (record.from, record.to)
    });
    assert_eq!(
        records.collect::<Vec<_>>(),
        [(1, 256), (257, 512), (513, 522)]
    );
    assert!(verdict.ok, "{:?}", verdict.first_bad);
    assert_eq!((verdict.seals, verdict.sealed_to), (3, 522));
}

#[tokio::test]
async fn sealing_ends_while_others_write_and_makes_no_more_seals_than_it_must() {
    let scratch = Scratch::default();
    let busy = Busy::over(scratch.open());
    history(&*busy.journal, 300).await;

    let witness = seal(&busy).await.unwrap().unwrap();

    assert_eq!(witness.to, 300);
    let seals = busy.read(Query::of(seal_subject())).await.unwrap();
    assert_eq!(seals.len(), 2);
    let verdict = busy
        .journal
        .verify(Some(witness), Box::new(|_| ()))
        .await
        .unwrap();
    assert!(verdict.ok, "{:?}", verdict.faults);
}

#[tokio::test]
async fn nothing_is_sealed_over_an_event_that_was_changed_or_lost() {
    for (tamper, expected) in [
        (
            "UPDATE events SET event = replace(event, 'tuner', 'coder') WHERE seq = 7",
            "event 7 is missing or was changed, so nothing from there on is sealed",
        ),
        (
            "DELETE FROM events WHERE seq = 3",
            "event 3 is missing or was changed, so nothing from there on is sealed",
        ),
    ] {
        let scratch = Scratch::default();
        let journal = scratch.open();
        history(&*journal, 10).await;
        assert_eq!(scratch.tamper().execute(tamper, []).unwrap(), 1);

        let error = seal(&*journal).await.unwrap_err();

        assert_eq!(error.to_string(), expected);
        assert_eq!(journal.last(&seal_subject()).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sealers_that_race_make_one_chain() {
    let scratch = Scratch::default();
    let one = scratch.open();
    let other = scratch.open();
    for round in 0..10 {
        append(&*one, "thing", event(json!(round))).await;

        let (first, second) = tokio::join!(seal(&*one), seal(&*other));

        assert!(first.unwrap().is_some() && second.unwrap().is_some());
    }

    let witness = seal(&*one).await.unwrap();
    let verdict = one.verify(witness, Box::new(|_| ())).await.unwrap();
    assert!(verdict.ok, "{:?}", verdict.faults);
    let newest = everything(&*one).await.last().unwrap().clone();
    assert_eq!(newest.kind, EventType::SEAL);
    assert_eq!(verdict.sealed_to, newest.seq - 1);
}

#[tokio::test]
async fn what_follows_a_long_catching_up_is_sealed_too() {
    let scratch = Scratch::default();
    let journal = scratch.open();
    // More seals in a row than one seal covers.
    let events = SEAL_EVENTS_MAX * (SEAL_EVENTS_MAX + 2);
    insert_plain(&scratch, events);
    seal(&*journal).await.unwrap();
    let late = append(&*journal, "late", event(json!(1))).await;

    let witness = seal(&*journal).await.unwrap();

    let verdict = journal.verify(witness, Box::new(|_| ())).await.unwrap();
    assert!(verdict.ok, "{:?}", verdict.first_bad);
    assert!(
        verdict.sealed_to >= late.seq,
        "{} < {}",
        verdict.sealed_to,
        late.seq
    );
}

/// Many events in one transaction, the way the writer would have written them.
fn insert_plain(scratch: &Scratch, events: usize) {
    let connection = scratch.tamper();
    let transaction = connection.unchecked_transaction().unwrap();
    for seq in 1..=events as u64 {
        let new = event(json!(0));
        let PlacedEvent { event, text, .. } = Event::place(new, subject("many"), seq);
        transaction
            .prepare_cached(
                "INSERT INTO events (seq, subject, revision, type, time, hash, event) \
                 VALUES (?1, ?2, ?1, ?3, ?4, ?5, ?6)",
            )
            .unwrap()
            .execute(params![
                seq.cast_signed(),
                "many",
                event.kind.as_str(),
                event.time.as_microsecond(),
                event.hash.0,
                text
            ])
            .unwrap();
    }
    transaction.commit().unwrap();
}
