//! Reading.

use std::{fmt::Write as _, sync::Arc};

use jiff::SignedDuration;
use journal::{OpenJournal, Order, Query};
use model::{Body, Context, EventType, NewEvent, Seq, event::AgentRole};
use serde_json::json;

use super::Store;
use crate::support::{append, event, everything, history, key, second, subject};

async fn seqs(journal: &Arc<dyn OpenJournal>, query: Query) -> Vec<Seq> {
    let events = journal.read(query).await.unwrap();
    events.iter().map(|event| event.seq).collect()
}

pub(super) async fn last_is_the_newest_of_its_subject(store: &impl Store) {
    let journal = store.open();
    append(&*journal, "a", event(json!(1))).await;
    let newest = append(&*journal, "a", event(json!(2))).await;
    append(&*journal, "a.b", event(json!(3))).await;

    assert_eq!(journal.last(&subject("a")).await.unwrap(), Some(newest));
    assert_eq!(journal.last(&subject("c")).await.unwrap(), None);
}

pub(super) async fn last_at_is_what_the_subject_was_then(store: &impl Store) {
    let journal = store.open();
    history(&*journal, 40).await;
    let all = everything(&*journal).await;

    for seq in 0..=41 {
        for name in ["thing.0", "thing.1", "thing.2", "nothing"] {
            let expected = all.iter().rev();
            let expected = expected
                .filter(|event| event.seq <= seq)
                .find(|event| event.subject.as_str() == name);
            let found = journal.last_at(&subject(name), seq).await.unwrap();
            assert_eq!(found.as_ref(), expected, "{name} at {seq}");
        }
    }
}

pub(super) async fn subjects_are_listed_by_prefix_each_once_in_order(store: &impl Store) {
    let journal = store.open();
    for name in [
        "job.2", "job", "jobs", "seal", "job.1", "job.2", "Job", "job-1",
    ] {
        append(&*journal, name, event(json!(0))).await;
    }

    let mut listed = Vec::new();
    for prefix in ["", "job", "job.", "job.2", "k", "seal"] {
        let subjects = journal.subjects(prefix).await.unwrap();
        let subjects: Vec<_> = subjects.iter().map(ToString::to_string).collect();
        listed.push(format!("{prefix:?}: {}", subjects.join(" ")));
    }

    insta::allow_duplicates! {
        insta::assert_snapshot!(listed.join("\n"), @r#"
        "": Job job job-1 job.1 job.2 jobs seal
        "job": job job-1 job.1 job.2 jobs
        "job.": job.1 job.2
        "job.2": job.2
        "k": 
        "seal": seal
        "#);
    }
}

pub(super) async fn a_body_comes_back_byte_for_byte(store: &impl Store) {
    let journal = store.open();
    let bytes: Vec<u8> = (0..100_000_u32)
        .map(|n| n.to_le_bytes()[n as usize % 3])
        .collect();
    let with = event(json!(1)).with_body(Some(Body::new(bytes.clone())));
    let empty = event(json!(2)).with_body(Some(Body::new(Vec::new())));
    append(&*journal, "a", with).await;
    append(&*journal, "a", empty).await;
    append(&*journal, "a", event(json!(3))).await;

    let mut bodies = Vec::new();
    for seq in 0..5 {
        let body = journal.body(seq).await.unwrap();
        bodies.push(body.map(|body| body.bytes().to_vec()));
    }

    assert_eq!(bodies, [None, Some(bytes), Some(Vec::new()), None, None]);
}

fn everywhere(n: i64) -> NewEvent {
    let kinds = [
        EventType::STATE_CHANGE,
        EventType::DECISION,
        EventType::SIGNAL,
        "luthier.call".parse().unwrap(),
    ];
    let digit = |of: i64| char::from(b'a' + u8::try_from(n % of).unwrap());
    let context = Context {
        role: AgentRole::Runner,
        tenant: format!("t-{}", digit(2)).parse().unwrap(),
        agent: (n % 5 != 0).then(|| format!("agent-{}", digit(3)).parse().unwrap()),
        conversation: (n % 3 != 0).then(|| format!("c-{}", digit(4)).parse().unwrap()),
        version: (n % 4 != 0).then(|| semver::Version::new(1, 0, n.unsigned_abs() % 3)),
        trace: (n % 2 != 0).then(|| digit(5).to_string().repeat(32).try_into().unwrap()),
        span: None,
    };
    let kind = kinds[usize::try_from(n).unwrap() % 4].clone();
    NewEvent::new(kind, second(n), context, json!({"n": n}))
}

async fn filled(store: &impl Store) -> Arc<dyn OpenJournal> {
    let journal = store.open();
    for n in 0..60 {
        append(&*journal, &format!("s.{}", n % 7), everywhere(n)).await;
    }
    journal
}

fn filters() -> Vec<(&'static str, Query)> {
    let all = Query::all;
    vec![
        ("all", all()),
        ("after", Query { after: 50, ..all() }),
        ("until", Query { until: 4, ..all() }),
        (
            "none",
            Query {
                after: 9,
                until: 9,
                ..all()
            },
        ),
        ("subject", Query::of(subject("s.3"))),
        (
            "rare kind",
            Query {
                kinds: vec![EventType::DECISION],
                ..all()
            },
        ),
        (
            "frequent kind",
            Query {
                kinds: vec!["luthier.call".parse().unwrap()],
                ..all()
            },
        ),
        (
            "kinds",
            Query {
                kinds: vec![EventType::SIGNAL, EventType::STATE_CHANGE],
                ..all()
            },
        ),
        (
            "agent",
            Query {
                agent: Some("agent-b".parse().unwrap()),
                ..all()
            },
        ),
        (
            "tenant",
            Query {
                tenant: Some("t-b".parse().unwrap()),
                ..all()
            },
        ),
        (
            "conversation",
            Query {
                conversation: Some("c-c".parse().unwrap()),
                ..all()
            },
        ),
        (
            "version",
            Query {
                version: Some(semver::Version::new(1, 0, 2)),
                ..all()
            },
        ),
        (
            "trace",
            Query {
                trace: Some("d".repeat(32).try_into().unwrap()),
                ..all()
            },
        ),
        (
            "since",
            Query {
                since: Some(second(55)),
                ..all()
            },
        ),
        (
            "before",
            Query {
                before: Some(second(5)),
                ..all()
            },
        ),
        (
            "several",
            Query {
                tenant: Some("t-a".parse().unwrap()),
                kinds: vec![EventType::SIGNAL],
                since: Some(second(10)),
                order: Order::NewestFirst,
                limit: 3,
                ..all()
            },
        ),
    ]
}

pub(super) async fn every_filter_selects_what_it_says(store: &impl Store) {
    let journal = filled(store).await;

    let mut found = String::new();
    for (name, query) in filters().into_iter().skip(1) {
        let seqs = seqs(&journal, query).await;
        let seqs: Vec<_> = seqs.iter().map(ToString::to_string).collect();
        writeln!(found, "{name}: {}", seqs.join(" ")).unwrap();
    }

    insta::allow_duplicates! {
        insta::assert_snapshot!(found, @r"
        after: 51 52 53 54 55 56 57 58 59 60
        until: 1 2 3 4
        none: 
        subject: 4 11 18 25 32 39 46 53 60
        rare kind: 2 6 10 14 18 22 26 30 34 38 42 46 50 54 58
        frequent kind: 4 8 12 16 20 24 28 32 36 40 44 48 52 56 60
        kinds: 1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31 33 35 37 39 41 43 45 47 49 51 53 55 57 59
        agent: 2 5 8 14 17 20 23 29 32 35 38 44 47 50 53 59
        tenant: 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 32 34 36 38 40 42 44 46 48 50 52 54 56 58 60
        conversation: 3 11 15 23 27 35 39 47 51 59
        version: 3 6 12 15 18 24 27 30 36 39 42 48 51 54 60
        trace: 4 14 24 34 44 54
        since: 56 57 58 59 60
        before: 1 2 3 4 5
        several: 59 55 51
        ");
    }
}

pub(super) async fn filters_agree_with_what_a_watcher_would_be_shown(store: &impl Store) {
    let journal = filled(store).await;
    let all = everything(&*journal).await;

    for (name, query) in filters() {
        let mut expected: Vec<_> = all.iter().filter(|event| query.matches(event)).collect();
        if query.order == Order::NewestFirst {
            expected.reverse();
        }
        expected.truncate(query.limit);
        let found = journal.read(query).await.unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{name}");
    }
}

pub(super) async fn times_are_from_inclusive_to_exclusive(store: &impl Store) {
    let journal = filled(store).await;
    let nanosecond = SignedDuration::from_nanos(1);
    let between = |since, before| Query {
        since: Some(since),
        before: Some(before),
        ..Query::all()
    };

    let whole = seqs(&journal, between(second(10), second(12))).await;
    let just_after = between(second(10) + nanosecond, second(12) + nanosecond);
    let just_after = seqs(&journal, just_after).await;
    let never = seqs(&journal, between(second(12), second(10))).await;
    let before_all = seqs(&journal, between(second(-9), second(0))).await;

    assert_eq!(whole, [11, 12]);
    assert_eq!(just_after, [12, 13]);
    assert_eq!(never, [0; 0]);
    assert_eq!(before_all, [0; 0]);
}

pub(super) async fn a_limit_is_capped_and_an_order_turned(store: &impl Store) {
    let journal = store.open();
    let writers = (0..8).map(|_| {
        let journal = journal.clone();
        let write = async move {
            for n in 0..1_300 {
                append(&*journal, "a", event(json!(n))).await;
            }
        };
        tokio::spawn(write)
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let query = |limit, order| Query {
        limit,
        order,
        ..Query::all()
    };

    let capped = seqs(&journal, query(usize::MAX, Order::OldestFirst)).await;
    let newest = seqs(&journal, query(3, Order::NewestFirst)).await;
    let none = seqs(&journal, query(0, Order::OldestFirst)).await;

    assert_eq!(capped, (1..=10_000).collect::<Vec<_>>());
    assert_eq!(newest, [10_400, 10_399, 10_398]);
    assert_eq!(none, [0; 0]);
}

pub(super) async fn a_key_is_found_and_an_unknown_one_is_not(store: &impl Store) {
    let journal = store.open();
    let keyed = append(&*journal, "a", event(json!(1)).with_key(Some(key("k")))).await;

    assert_eq!(journal.find_key(&key("k")).await.unwrap(), Some(keyed));
    assert_eq!(journal.find_key(&key("K")).await.unwrap(), None);
}

pub(super) async fn newest_is_zero_when_nothing_is_there(store: &impl Store) {
    let journal = store.open();

    let before = journal.newest().await.unwrap();
    append(&*journal, "a", event(json!(1))).await;

    assert_eq!((before, journal.newest().await.unwrap()), (0, 1));
    assert_eq!(everything(&*store.open()).await.len(), 1);
}
