//! Writing.

use std::sync::Arc;

use journal::{AppendError, Change, Expect, OpenJournal, Refusal};
use model::{Body, Event};
use serde_json::json;

use super::Store;
use crate::support::{append, event, everything, key, numbered, second, subject};

async fn refused(journal: &Arc<dyn OpenJournal>, expect: Expect) -> (Expect, Option<Arc<Event>>) {
    let outcome = journal.append(subject("a"), expect, event(json!(9))).await;
    match outcome.unwrap_err() {
        AppendError::Conflict {
            subject: named,
            expect,
            current,
        } => {
            assert_eq!(named, subject("a"));
            (expect, current)
        }
        error => panic!("not a conflict: {error}"),
    }
}

pub(super) async fn the_first_of_a_subject_is_revision_one_and_the_next_two(store: &impl Store) {
    let journal = store.open();

    let write = |expect, value| journal.append(subject("a"), expect, event(json!(value)));
    let first = write(Expect::Absent, 1).await.unwrap();
    let second = write(Expect::Revision(1), 2).await.unwrap();
    let other = append(&*journal, "b", event(json!(3))).await;

    let places = |event: &Event| (event.seq, event.revision);
    assert_eq!(places(&first.event), (1, 1));
    assert_eq!(places(&second.event), (2, 2));
    assert_eq!(places(&other), (3, 1));
    assert!(!first.was_repeated);
}

pub(super) async fn facts_handed_in_together_keep_their_order_and_each_has_its_outcome(
    store: &impl Store,
) {
    const COUNT: usize = 1_000;
    const TOO_LARGE: usize = 500;
    let journal = store.open();
    let facts = (0..COUNT).map(|number| match number {
        TOO_LARGE => event(json!("x".repeat(9 << 20))),
        _ => event(json!(number)),
    });

    let outcomes = journal.append_all(subject("a"), facts.collect()).await;

    let mut revision = 0;
    assert_eq!(outcomes.len(), COUNT);
    for (number, outcome) in outcomes.into_iter().enumerate() {
        if number == TOO_LARGE {
            assert!(matches!(outcome, Err(AppendError::TooLarge { .. })));
            continue;
        }
        let event = outcome.unwrap().event;
        revision += 1;
        assert_eq!((event.revision, &event.data), (revision, &json!(number)));
    }
    drop(journal);
    let last = store.open().last(&subject("a")).await.unwrap().unwrap();
    assert_eq!(last.revision, revision);
}

pub(super) async fn absent_is_refused_once_the_subject_is_there(store: &impl Store) {
    let journal = store.open();
    let current = append(&*journal, "a", event(json!(1))).await;

    let conflict = refused(&journal, Expect::Absent).await;

    assert_eq!(conflict, (Expect::Absent, Some(current)));
    assert_eq!(journal.newest().await.unwrap(), 1);
}

pub(super) async fn a_stale_or_future_revision_is_a_conflict_that_carries_the_current_event(
    store: &impl Store,
) {
    let journal = store.open();
    let nothing = refused(&journal, Expect::Revision(1)).await;
    append(&*journal, "a", event(json!(1))).await;
    let current = append(&*journal, "a", event(json!(2))).await;

    let stale = refused(&journal, Expect::Revision(1)).await;
    let future = refused(&journal, Expect::Revision(3)).await;

    assert_eq!(nothing, (Expect::Revision(1), None));
    assert_eq!(stale, (Expect::Revision(1), Some(current.clone())));
    assert_eq!(future, (Expect::Revision(3), Some(current)));
    assert_eq!(everything(&*journal).await.len(), 2);
}

pub(super) async fn one_of_many_writers_with_the_same_revision_wins(store: &impl Store) {
    let journal = store.open();
    append(&*journal, "a", event(json!(0))).await;

    let writers = (0..32).map(|n| {
        let journal = journal.clone();
        let write = async move {
            let event = event(json!(n));
            journal
                .append(subject("a"), Expect::Revision(1), event)
                .await
        };
        tokio::spawn(write)
    });
    let mut won = Vec::new();
    let mut lost_to = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        match writer.await.unwrap() {
            Ok(committed) => won.push(committed.event),
            Err(AppendError::Conflict { current, .. }) => lost_to.extend(current),
            Err(error) => panic!("{error}"),
        }
    }

    assert_eq!(won.len(), 1);
    assert_eq!(lost_to, vec![won[0].clone(); 31]);
}

pub(super) async fn the_same_key_counts_once_even_when_the_subject_moved_on(store: &impl Store) {
    let journal = store.open();
    let keyed = || event(json!("keyed")).with_key(Some(key("k")));
    let first = append(&*journal, "a", keyed()).await;
    append(&*journal, "a", event(json!("moved on"))).await;

    let change: Change = Box::new(|_head| panic!("a repeated write runs no change"));
    let again = journal.apply(subject("a"), Some(key("k")), change).await;
    let again = again.unwrap();
    let third = journal.append(subject("a"), Expect::Any, keyed()).await;

    assert_eq!(again.event, first);
    assert!(again.was_repeated);
    assert_eq!(third.unwrap().event, first);
    assert_eq!(journal.newest().await.unwrap(), 2);
}

pub(super) async fn a_key_of_another_subject_is_refused_and_named(store: &impl Store) {
    let journal = store.open();
    append(&*journal, "a", event(json!(1)).with_key(Some(key("k")))).await;

    let keyed = event(json!(2)).with_key(Some(key("k")));
    let error = journal.append(subject("b"), Expect::Any, keyed).await;

    insta::allow_duplicates! {
        insta::assert_snapshot!(
            error.unwrap_err(),
            @"the idempotency key `k` was used for `a` at seq 1: choose another"
        );
    }
    assert_eq!(journal.last(&subject("b")).await.unwrap(), None);
}

pub(super) async fn a_key_still_counts_once_after_reopening(store: &impl Store) {
    let keyed = || event(json!(1)).with_key(Some(key("k")));
    let first = append(&*store.open(), "a", keyed()).await;

    let journal = store.open();
    let again = journal.append(subject("a"), Expect::Absent, keyed()).await;

    let again = again.unwrap();
    assert_eq!(again.event, first);
    assert!(again.was_repeated);
}

pub(super) async fn a_key_with_a_stale_revision_answers_with_its_first_event(store: &impl Store) {
    let journal = store.open();
    let keyed = || event(json!(1)).with_key(Some(key("k")));
    let first = journal.append(subject("a"), Expect::Absent, keyed()).await;
    append(&*journal, "a", event(json!(2))).await;

    let retried = journal.append(subject("a"), Expect::Absent, keyed()).await;

    assert_eq!(retried.unwrap().event, first.unwrap().event);
}

pub(super) async fn a_change_sees_its_subject_and_its_documents(store: &impl Store) {
    let journal = store.open();
    for n in 1..=3 {
        append(&*journal, "a", numbered(n)).await;
        append(&*journal, "b", event(json!("between"))).await;
    }

    let change: Change = Box::new(|head| {
        let current = head.current().map(|event| event.seq);
        let places = |events: Vec<Arc<Event>>| -> Vec<u64> {
            events.iter().map(|event| event.seq).collect()
        };
        let whole = places(head.events(0, u64::MAX).map_err(Refusal::new)?);
        let part = places(head.events(2, 3).map_err(Refusal::new)?);
        let body = head.body(5).map_err(Refusal::new)?;
        let body = body.map(|body| String::from_utf8(body.bytes().to_vec()).unwrap());
        let none = head.body(6).map_err(Refusal::new)?.is_none();
        Ok(event(json!([current, whole, part, body, none])))
    });
    let seen = journal.apply(subject("a"), None, change).await.unwrap();

    let body = numbered(3).body.unwrap();
    let body = str::from_utf8(body.bytes()).unwrap();
    assert_eq!(seen.event.data, json!([5, [1, 3, 5], [3], body, true]));
}

pub(super) async fn a_change_that_refuses_or_panics_writes_nothing(store: &impl Store) {
    #[derive(Debug, thiserror::Error)]
    #[error("not on a Sunday")]
    struct NotToday;
    let journal = store.open();
    append(&*journal, "a", event(json!(1))).await;

    let refuse: Change = Box::new(|_head| Err(Refusal::new(NotToday)));
    let refused = journal.apply(subject("a"), Some(key("r")), refuse).await;
    let panic: Change = Box::new(|_head| panic!("on purpose"));
    let panicked = journal.apply(subject("a"), Some(key("p")), panic).await;

    let AppendError::Refused(refusal) = refused.unwrap_err() else {
        panic!("not refused");
    };
    refusal.downcast::<NotToday>().unwrap();
    insta::allow_duplicates! {
        insta::assert_snapshot!(panicked.unwrap_err(), @"the change panicked; nothing was written");
    }
    assert_eq!(everything(&*journal).await.len(), 1);
    assert_eq!(journal.find_key(&key("r")).await.unwrap(), None);
    append(&*journal, "a", event(json!(2)).with_key(Some(key("p")))).await;
}

pub(super) async fn an_event_that_is_too_large_is_refused_and_the_next_one_is_not(
    store: &impl Store,
) {
    let journal = store.open();

    let large = event(json!(1)).with_body(Some(Body::new(vec![b' '; 8 << 20])));
    let error = journal.append(subject("a"), Expect::Any, large).await;

    assert!(matches!(error, Err(AppendError::TooLarge { bytes_max, .. }) if bytes_max == 8 << 20));
    let fits = event(json!(1)).with_body(Some(Body::new(vec![b' '; 7 << 20])));
    let placed = append(&*journal, "a", fits).await;
    assert_eq!((placed.seq, placed.revision), (1, 1));
}

pub(super) async fn what_was_acknowledged_is_there_after_reopening(store: &impl Store) {
    let journal = store.open();
    let mut written = Vec::new();
    for n in 0..20 {
        written.push(append(&*journal, &format!("a.{}", n % 3), numbered(n)).await);
    }
    drop(journal);

    let journal = store.open();
    let mut bodies = Vec::new();
    for event in &written {
        bodies.push(journal.body(event.seq).await.unwrap().unwrap().hash());
    }
    let next = append(&*journal, "a.0", event(json!("next"))).await;

    let hashes: Vec<_> = written.iter().map(|event| event.body.unwrap()).collect();
    assert_eq!(everything(&*journal).await[..20], written);
    assert_eq!(bodies, hashes);
    assert_eq!((next.seq, next.revision), (21, 8));
}

pub(super) async fn no_event_is_older_than_the_one_before_it(store: &impl Store) {
    let journal = store.open();
    let at = |n| {
        let mut event = event(json!(n));
        event.time = second(n);
        event
    };

    let mut times = Vec::new();
    for n in [5, 3, 8, 1] {
        times.push(append(&*journal, "a", at(n)).await.time);
    }
    let reopened = store.open();
    times.push(append(&*reopened, "b", at(2)).await.time);

    assert_eq!(times, [5, 5, 8, 8, 8].map(second));
}
