//! Servers that are killed or frozen while many write: nothing acknowledged is lost, nothing is there twice, and
//! what was refused is nowhere.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use fastrand::Rng;
use journal::{AppendError, Expect, Journal, Query};
use model::{Event, Revision, Subject, event::IdempotencyKey};
use serde_json::json;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    nats_server::{NatsCluster, NatsServer},
    support::{event, key, subject},
};

const WRITERS: usize = 4;
/// They get in each other's way.
const SUBJECTS: usize = 3;

/// What became of a write, by its key.
#[derive(Default)]
struct Told {
    acknowledged: HashMap<IdempotencyKey, Arc<Event>>,
    refused: Vec<IdempotencyKey>,
    seen: Vec<Arc<Event>>,
}

/// Writers at work, and how far they are.
struct Work {
    told: Arc<Mutex<Told>>,
    done: watch::Receiver<usize>,
    writers: JoinSet<()>,
}

impl Work {
    fn begin(journals: Vec<Arc<dyn Journal>>, each: usize, seed: u64) -> Self {
        let told = Arc::<Mutex<Told>>::default();
        let (count, done) = watch::channel(0);
        let count = Arc::new(count);
        let mut writers = JoinSet::new();
        for (number, journal) in journals.into_iter().enumerate() {
            let (told, count) = (told.clone(), count.clone());
            let mut chance = Rng::with_seed(seed + number as u64);
            writers.spawn(async move {
                for n in 0..each {
                    let to = subject(&format!("document.{}", chance.usize(..SUBJECTS)));
                    write(&*journal, to, key(&format!("{number}-{n}")), &told).await;
                    count.send_modify(|count| *count += 1);
                }
            });
        }
        Self {
            told,
            done,
            writers,
        }
    }

    /// Returns when so many writes have come to an end.
    async fn until(&mut self, count: usize) {
        self.done.wait_for(|done| *done >= count).await.unwrap();
    }

    async fn check(self, journal: &dyn Journal) {
        self.writers.join_all().await;
        let all = all_of(journal).await;
        let mut revisions: BTreeMap<&Subject, Revision> = BTreeMap::new();
        let mut by_key: HashMap<&IdempotencyKey, &Arc<Event>> = HashMap::new();
        for event in &all {
            let revision = revisions.entry(&event.subject).or_default();
            *revision += 1;
            assert_eq!(event.revision, *revision, "a gap in {}", event.subject);
            let key = event.key.as_ref().unwrap();
            assert!(by_key.insert(key, event).is_none(), "{key} is there twice");
        }
        let told = self.told.lock().unwrap();
        for (key, event) in &told.acknowledged {
            assert_eq!(by_key.get(key), Some(&event), "{key} was acknowledged");
        }
        for key in &told.refused {
            assert!(!by_key.contains_key(key), "{key} was refused");
        }
        for event in &told.seen {
            assert!(
                all.contains(event),
                "what was read at {} is gone",
                event.seq
            );
        }
        assert_eq!(by_key.len(), told.acknowledged.len());
    }
}

/// Writes what follows from what it has read, or is refused.
async fn write(journal: &dyn Journal, to: Subject, key: IdempotencyKey, told: &Mutex<Told>) {
    let current = loop {
        if let Ok(current) = journal.last(&to).await {
            break current;
        }
    };
    let expect = match &current {
        Some(event) => Expect::Revision(event.revision),
        None => Expect::Absent,
    };
    let outcome = loop {
        let event = event(json!(key.as_str())).with_key(Some(key.clone()));
        match journal.append(to.clone(), expect, event).await {
            // Sent again under its key, it counts once.
            Err(AppendError::Unknown(_)) => {}
            outcome => break outcome,
        }
    };
    let mut told = told.lock().unwrap();
    told.seen.extend(current);
    match outcome {
        Ok(committed) => {
            told.acknowledged.insert(key, committed.event);
        }
        Err(AppendError::Conflict { current, .. }) => {
            told.seen.extend(current);
            told.refused.push(key);
        }
        Err(AppendError::Unavailable(_)) => told.refused.push(key),
        Err(error) => panic!("{error}"),
    }
}

async fn all_of(journal: &dyn Journal) -> Vec<Arc<Event>> {
    let query = Query {
        limit: Query::LIMIT_MAX,
        ..Query::all()
    };
    loop {
        if let Ok(all) = journal.read(query.clone()).await {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_has_lost_nothing() {
    const EACH: usize = 60;
    const KILLS: usize = 3;
    let mut server = NatsServer::default();
    let mut journals: Vec<Arc<dyn Journal>> = Vec::new();
    for _ in 0..WRITERS {
        journals.push(server.journal().await);
    }
    let mut work = Work::begin(journals, EACH, 1);

    for kill in 1..=KILLS {
        work.until(kill * WRITERS * EACH / (KILLS + 1)).await;
        server.kill();
        server.restart();
    }

    work.check(&*server.journal().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_loses_one_server_after_the_other_has_lost_nothing() {
    const EACH: usize = 60;
    const FAULTS: usize = 4;
    let mut cluster = NatsCluster::start();
    let mut journals: Vec<Arc<dyn Journal>> = Vec::new();
    for _ in 0..WRITERS {
        journals.push(cluster.journal().await);
    }
    let mut work = Work::begin(journals, EACH, 2);
    let mut chance = Rng::with_seed(2);

    let step = WRITERS * EACH / (2 * FAULTS + 1);
    for fault in 0..FAULTS {
        work.until((2 * fault + 1) * step).await;
        let server = &mut cluster.servers[chance.usize(..NatsCluster::SIZE)];
        let is_frozen = fault % 2 == 1;
        if is_frozen {
            server.freeze();
        } else {
            server.kill();
        }
        // The two others go on.
        work.until((2 * fault + 2) * step).await;
        if is_frozen {
            server.thaw();
        } else {
            server.restart();
        }
    }

    work.check(&*cluster.journal().await).await;
}
