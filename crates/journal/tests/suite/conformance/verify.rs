//! What a verification says of a journal that nobody has touched.

use std::sync::{Arc, Mutex};

use journal::{OpenJournal, Witness, seal_up_to_now};
use model::Seq;

use super::Store;
use crate::support::{event, history, key, second, subject};

const SEALED: Seq = 300;

/// Events under two seals, and then some under none.
async fn sealed(journal: &dyn OpenJournal) -> Witness {
    history(journal, SEALED).await;
    let witness = seal_up_to_now(journal, || second(1_000)).await;
    let late = event("late".into()).with_key(Some(key("late")));
    let late = journal.append(subject("late"), journal::Expect::Absent, late);
    late.await.unwrap();
    witness.unwrap().unwrap()
}

pub(super) async fn a_journal_that_is_whole_is_found_so_and_what_is_witnessed_is_told(
    store: &impl Store,
) {
    let journal = store.open();
    let witness = sealed(&*journal).await;

    let places = Arc::<Mutex<Vec<Seq>>>::default();
    let told = places.clone();
    let progress = move |seq| told.lock().unwrap().push(seq);
    let with = journal.verify(Some(witness.clone()), Box::new(progress));
    let with = with.await.unwrap();
    let without = journal.verify(None, Box::new(|_| ())).await.unwrap();

    let newest = SEALED + 3;
    assert_eq!(journal.newest().await.unwrap(), newest);
    assert_eq!(
        serde_json::to_value(&with).unwrap(),
        serde_json::json!({
            "ok": true, "events": newest, "seals": 2, "first_bad": null, "faults": [],
            "sealed_to": witness.to, "witnessed_to": witness.to, "unwitnessed": newest - witness.to,
        })
    );
    assert_eq!((without.ok, without.unwitnessed), (true, newest));
    let places = places.lock().unwrap();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(places.last(), Some(&newest));
}

pub(super) async fn another_journal_than_was_witnessed_is_told_from_it(store: &impl Store) {
    let journal = store.open();
    let witness = sealed(&*journal).await;
    let other = Witness {
        hash: model::Digest::of(b"another seal"),
        ..witness.clone()
    };
    let further = Witness {
        seq: witness.seq + 10,
        to: witness.to + 10,
        ..witness.clone()
    };

    let mut faults = Vec::new();
    for witness in [other, further] {
        let verdict = journal.verify(Some(witness), Box::new(|_| ())).await;
        faults.push(verdict.unwrap().first_bad.unwrap().to_string());
    }

    let newest = journal.newest().await.unwrap();
    assert_eq!(
        faults,
        [
            format!("event {} is not the one that was sealed", witness.seq),
            format!("everything from event {} on was cut off", newest + 1),
        ]
    );
}

pub(super) async fn an_empty_journal_is_whole(store: &impl Store) {
    let verdict = store.open().verify(None, Box::new(|_| ())).await.unwrap();

    assert_eq!((verdict.ok, verdict.events), (true, 0));
}
