//! What goes wrong, as the seed has it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_nats::{Client, ConnectOptions};
use fastrand::Rng;
use tokio::{task::block_in_place, time::sleep};

use super::link::{Link, State};
use crate::nats_server::{NatsCluster, NatsServer};

const STREAMS: [&str; 2] = ["luthier", "luthier-keys"];
/// Faults last so long: some longer than it takes to notice them, and all shorter than writers have patience.
const SERVER_MS: std::ops::Range<u64> = 200..5_000;
const LINK_MS: std::ops::Range<u64> = 100..6_000;
/// And sometimes longer than writers have patience, where that ends in time.
const LONG_MS: std::ops::Range<u64> = 15_000..25_000;
/// In between there has to be something under way that can be lost: an election takes up to ten seconds.
const SERVER_REST_MS: std::ops::Range<u64> = 2_000..16_000;
const LINK_REST_MS: std::ops::Range<u64> = 100..2_000;
const SLOW_MS: std::ops::Range<u64> = 5..300;

/// How often each kind was made.
pub(super) type Counts = Arc<Mutex<BTreeMap<&'static str, u64>>>;

fn count(counts: &Counts, kind: &'static str) {
    *counts.lock().unwrap().entry(kind).or_default() += 1;
}

async fn pause(chance: &mut Rng, milliseconds: std::ops::Range<u64>) {
    sleep(Duration::from_millis(chance.u64(milliseconds))).await;
}

/// How long a fault lasts that leaves nobody to answer.
async fn last(chance: &mut Rng, milliseconds: std::ops::Range<u64>, until: Instant) {
    let is_long = chance.u32(..8) == 0;
    let has_time = Instant::now() + Duration::from_millis(LONG_MS.end) < until;
    let milliseconds = if is_long && has_time {
        LONG_MS
    } else {
        milliseconds
    };
    pause(chance, milliseconds).await;
}

#[derive(Clone, Copy)]
enum Blow {
    Kill,
    Freeze,
}

impl Blow {
    fn any(chance: &mut Rng) -> Self {
        if chance.bool() {
            Blow::Kill
        } else {
            Blow::Freeze
        }
    }

    fn strike(self, server: &mut NatsServer) {
        match self {
            Blow::Kill => server.kill(),
            Blow::Freeze => server.freeze(),
        }
    }

    fn heal(self, server: &mut NatsServer) {
        match self {
            Blow::Kill => block_in_place(|| server.restart()),
            Blow::Freeze => server.thaw(),
        }
    }
}

/// Of servers, one after the other; all are well when it returns.
pub(super) async fn of_servers(
    cluster: &mut NatsCluster,
    mut chance: Rng,
    until: Instant,
    counts: Counts,
) {
    let administrator = administrator(cluster).await;
    while Instant::now() < until {
        pause(&mut chance, SERVER_REST_MS).await;
        let one = chance.usize(..NatsCluster::SIZE);
        let other = (one + chance.usize(1..NatsCluster::SIZE)) % NatsCluster::SIZE;
        let (first, second) = (Blow::any(&mut chance), Blow::any(&mut chance));
        match chance.u32(..10) {
            0..4 => {
                count(&counts, "leaders stepped down");
                let stream = STREAMS[usize::from(chance.u32(..4) == 0)];
                let api = format!("$JS.API.STREAM.LEADER.STEPDOWN.{stream}");
                // Whether it was heard makes no difference.
                drop(administrator.publish(api, "".into()).await);
            }
            4..9 => {
                count(
                    &counts,
                    match first {
                        Blow::Kill => "servers killed",
                        Blow::Freeze => "servers frozen",
                    },
                );
                first.strike(&mut cluster.servers[one]);
                pause(&mut chance, SERVER_MS).await;
                first.heal(&mut cluster.servers[one]);
            }
            _ => {
                count(&counts, "majorities lost");
                first.strike(&mut cluster.servers[one]);
                second.strike(&mut cluster.servers[other]);
                last(&mut chance, SERVER_MS, until).await;
                first.heal(&mut cluster.servers[one]);
                pause(&mut chance, SERVER_REST_MS).await;
                second.heal(&mut cluster.servers[other]);
            }
        }
    }
}

async fn administrator(cluster: &NatsCluster) -> Client {
    let user = ConnectOptions::with_user_and_password("luthier".into(), "secret".into());
    let addresses = cluster.servers.iter().map(|server| server.address.clone());
    user.connect(addresses.collect::<Vec<_>>()).await.unwrap()
}

/// Of links, one after the other; all are whole when it returns.
pub(super) async fn of_links(links: &[Link], mut chance: Rng, until: Instant, counts: Counts) {
    while Instant::now() < until {
        pause(&mut chance, LINK_REST_MS).await;
        let (kind, state) = match chance.u32(..8) {
            0 => ("links cut", State::Cut),
            1 => {
                let piece = Duration::from_millis(chance.u64(SLOW_MS));
                ("links slow", State::Slow(piece))
            }
            2 | 3 => ("links without answers", State::Mute),
            4 => ("links without questions", State::Deaf),
            5 | 6 => ("answers to writes lost", State::Treacherous),
            _ => ("links dead", State::Dead),
        };
        count(&counts, kind);
        // Sometimes there is no other way.
        let is_all = chance.bool();
        let one = chance.usize(..links.len());
        let struck = links.iter().enumerate();
        let struck = struck.filter(|(at, _)| is_all || *at == one);
        let struck: Vec<&Link> = struck.map(|(_, link)| link).collect();
        for link in &struck {
            link.set(state);
        }
        if is_all {
            last(&mut chance, LINK_MS, until).await;
        } else {
            pause(&mut chance, LINK_MS).await;
        }
        for link in &struck {
            link.set(State::Whole);
        }
    }
}
