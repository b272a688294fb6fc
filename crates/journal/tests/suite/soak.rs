//! A journal on three servers while servers and connections fail at random: nothing acknowledged is lost, nothing
//! is there twice, and all that anybody was told fits one order.
//!
//! `./x soak` runs it for long. `SOAK_SECONDS` says how long, and `SOAK_SEED` what goes wrong and who asks what.

mod check;
mod clients;
mod faults;
mod history;
mod link;

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

use fastrand::Rng;
use journal::{Journal, NatsJournal, OpenJournal as _, Query};
use model::{Digest, Event, Seq};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{interval, timeout},
};

use self::{
    check::{Check, Found},
    clients::{Common, Worker},
    faults::Counts,
    link::Link,
};
use crate::nats_server::NatsCluster;

const SECONDS: u64 = 15;
const SEED: u64 = 1;
/// So many clients go straight to the servers, and as many by links that fail.
const CLIENTS: usize = 3;
/// So many use each client at once.
const WORKERS: usize = 6;
const PROGRESS_EVERY: Duration = Duration::from_secs(30);
/// So long everything may take to come to rest when nothing fails any more.
const REST_MAX: Duration = Duration::from_mins(3);
/// Of what was found, so much is told.
const TOLD_MAX: usize = 20;

/// A number that whoever runs the tests may set.
#[expect(
    clippy::disallowed_methods,
    reason = "who runs the tests says for how long"
)]
fn setting(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(number) => number.parse().expect("it is a number"),
        Err(_) => otherwise,
    }
}

/// What somebody was shown who watches from the beginning.
struct Watcher {
    seen: Arc<Mutex<Vec<(Seq, Digest)>>>,
    newest: watch::Receiver<Seq>,
}

impl Watcher {
    fn start(journal: &Arc<NatsJournal>, tasks: &mut JoinSet<()>) -> Self {
        let mut watch = journal.clone().watch(0, Query::all());
        let seen = Arc::<Mutex<Vec<_>>>::default();
        let (told, newest) = watch::channel(0);
        let noted = seen.clone();
        tasks.spawn(async move {
            loop {
                match watch.next_event().await {
                    Ok(Some(event)) => {
                        noted.lock().unwrap().push((event.seq, event.hash));
                        told.send_replace(event.seq);
                    }
                    Ok(None) => return,
                    // It goes on where it was.
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        });
        Self { seen, newest }
    }

    async fn has_seen_all(mut self, events: &[Arc<Event>]) -> bool {
        let newest = events.len() as Seq;
        let reached = self.newest.wait_for(|seen| *seen >= newest);
        let is_there = timeout(REST_MAX, reached).await.is_ok();
        let expected = events.iter().map(|event| (event.seq, event.hash));
        is_there && self.seen.lock().unwrap().iter().copied().eq(expected)
    }
}

async fn all_of(journal: &dyn Journal) -> Vec<Arc<Event>> {
    let mut all: Vec<Arc<Event>> = Vec::new();
    loop {
        let query = Query {
            after: all.last().map_or(0, |event| event.seq),
            limit: Query::LIMIT_MAX,
            ..Query::all()
        };
        let page = journal.read(query).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Three servers, and all who use them.
struct Soak {
    cluster: NatsCluster,
    links: Vec<Link>,
    common: Arc<Common>,
    workers: JoinSet<()>,
    watching: JoinSet<()>,
    watchers: Vec<Watcher>,
    faults: Counts,
}

impl Soak {
    async fn start(seed: u64) -> Self {
        // Those who come by a link are not to hear of another way.
        let cluster = NatsCluster::with("no_advertise: true");
        drop(cluster.journal().await);
        let mut links = Vec::new();
        for server in &cluster.servers {
            links.push(Link::to(&server.address).await);
        }
        let by_links: Vec<String> = links.iter().map(|link| link.address.clone()).collect();
        let mut soak = Self {
            common: Arc::default(),
            workers: JoinSet::new(),
            watching: JoinSet::new(),
            watchers: Vec::new(),
            faults: Arc::default(),
            cluster,
            links,
        };
        let mut opening = JoinSet::new();
        for client in 0..2 * CLIENTS {
            let options = if client % 2 == 0 {
                soak.cluster.options()
            } else {
                soak.cluster.options_at(&by_links)
            };
            opening.spawn(async move { (client, NatsJournal::open(options).await.unwrap()) });
        }
        for (client, journal) in opening.join_all().await {
            soak.add(client, &journal, seed);
        }
        soak
    }

    fn add(&mut self, client: usize, journal: &Arc<NatsJournal>, seed: u64) {
        self.watchers
            .push(Watcher::start(journal, &mut self.watching));
        for worker in 0..WORKERS {
            let number = (client * WORKERS + worker) as u64;
            let worker = Worker {
                client,
                journal: journal.clone(),
                common: self.common.clone(),
                chance: Rng::with_seed(seed.wrapping_mul(1_000).wrapping_add(number)),
            };
            self.workers.spawn(worker.work());
        }
    }

    /// Lets things go wrong for a while, and all who work come to an end.
    async fn run(&mut self, length: Duration, seed: u64) {
        let until = Instant::now() + length;
        let mut chance = Rng::with_seed(seed);
        let (of_servers, of_links) = (chance.fork(), chance.fork());
        let faults = async {
            tokio::join!(
                faults::of_servers(&mut self.cluster, of_servers, until, self.faults.clone()),
                faults::of_links(&self.links, of_links, until, self.faults.clone()),
            );
        };
        let (common, counts) = (self.common.clone(), self.faults.clone());
        let mut told = interval(PROGRESS_EVERY);
        told.tick().await;
        tokio::pin!(faults);
        loop {
            tokio::select! {
                () = &mut faults => break,
                _ = told.tick() => tell(seed, &common, &counts),
            }
        }
        self.common.is_over.store(true, Ordering::Relaxed);
        let ended = async {
            while let Some(ended) = self.workers.join_next().await {
                ended.unwrap();
            }
        };
        timeout(REST_MAX, ended)
            .await
            .expect("who works comes to an end");
    }

    async fn check(self) -> Found {
        let journal = self.cluster.journal().await;
        let events = all_of(&*journal).await;
        let verdict = journal.verify(None, Box::new(|_| ())).await.unwrap();
        let entries = self.common.history.take();
        let mut found = Check::new(&events, &entries).run();
        if !verdict.ok || verdict.events != events.len() as Seq {
            found.wrong.push(format!("it is not whole: {verdict:?}"));
        }
        for (client, watcher) in self.watchers.into_iter().enumerate() {
            if !watcher.has_seen_all(&events).await {
                let what = "was not shown every event once, in order";
                found.wrong.push(format!("who watches by {client} {what}"));
            }
        }
        found
    }
}

fn tell(seed: u64, common: &Common, faults: &Counts) {
    let (requests, faults) = (common.history.counts(), faults.lock().unwrap());
    println!("seed {seed}: requests {requests:?}, faults {faults:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_all_that_was_told_fits_one_order() {
    let (seconds, seed) = (setting("SOAK_SECONDS", SECONDS), setting("SOAK_SEED", SEED));
    let mut soak = Soak::start(seed).await;

    soak.run(Duration::from_secs(seconds), seed).await;

    tell(seed, &soak.common, &soak.faults);
    let found = soak.check().await;
    for old in found.old.iter().take(TOLD_MAX) {
        println!("old: {old}");
    }
    println!(
        "{} answers were old, {} wrong",
        found.old.len(),
        found.wrong.len()
    );
    let wrong: Vec<&String> = found.wrong.iter().take(TOLD_MAX).collect();
    assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
}
