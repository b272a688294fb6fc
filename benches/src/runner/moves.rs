//! How soon calls see what is new, and that none fails or mixes versions on the way.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use jiff::Timestamp;
use journal::{OpenOptions, SqliteJournal};
use model::LineageName;
use serde_json::{Value, json};
use state::{Author, Change, StateManager};
use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
    time::{MissedTickBehavior, interval, timeout},
};

use super::{
    server::{Programs, Serving, start_luthier},
    wire::{Connection, Endpoint, Era},
    workspace::Workspace,
};
use crate::{
    load::{new_histogram, record},
    server::free_port,
};

const WORKERS: usize = 2;
/// Of the load during reloads.
const CALLS_PER_SECOND: u64 = 100;
/// More than ever are under way at that rate.
const CONNECTIONS: usize = 16;
/// How long such a call takes at least: some span the reload.
const CALL_MS: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Reloads {
    pub(crate) until_new_ns: Histogram<u64>,
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    pub(crate) mixed: u64,
}

/// What a call of `whole` saw.
#[derive(Clone, Default)]
struct Seen {
    code: u64,
    state: String,
    is_mixed: bool,
    at: Option<(Instant, Timestamp)>,
}

impl Seen {
    fn of(value: &Value) -> Result<Self> {
        let part = |number: usize| value[number].as_str().context("`whole` says four things");
        let (code, before, after, version) = (part(0)?, part(1)?, part(2)?, part(3)?);
        let of_code = version.split('.').nth(1);
        Ok(Self {
            code: code.parse()?,
            state: before.to_owned(),
            is_mixed: before != after || of_code != Some(code),
            at: Some((Instant::now(), Timestamp::now())),
        })
    }
}

/// A server with a workspace in git, and the journal that it serves from.
struct Served {
    workspace: Workspace,
    serving: Serving,
    manager: StateManager,
}

impl Served {
    async fn start(programs: &Programs<'_>) -> Result<Self> {
        let workspace = Workspace::create(programs.folder.join("workspace"), WORKERS)?;
        workspace.tag(1)?;
        let serving = start_luthier(programs, &workspace, free_port()?).await?;
        // Several processes may have a journal open: this one is like `luthier state` on a shell.
        let journal = OpenOptions::new(workspace.data().join("journal.db"));
        let manager = StateManager::new(SqliteJournal::open(journal)?, Arc::new(Timestamp::now));
        Ok(Self {
            workspace,
            serving,
            manager,
        })
    }
}

/// From the return of `promote`, in another process than the server's, to the first answer on the
/// new state, one call after the other.
pub(crate) async fn promote(programs: &Programs<'_>, times: u64) -> Result<Histogram<u64>> {
    let served = Served::start(programs).await?;
    let (main, author) = (LineageName::default(), Author::default());
    let (mut seen, following) = follow(served.serving.endpoint.clone());
    let mut latencies = new_histogram();
    for number in 0..times {
        let state = format!("state {number}");
        let change = Change::Merge(json!({"greeting": state}));
        served.manager.commit(&main, change, None, &author).await?;
        served.manager.promote(&main, None, &author).await?;
        let promoted = Instant::now();
        let found = wait_for(&mut seen, |seen| seen.state == state).await?;
        let (at, _) = found.at.context("it was seen at some time")?;
        record(&mut latencies, at.saturating_duration_since(promoted));
    }
    following.abort();
    Ok(latencies)
}

/// Calls one after the other, and shows what the last one saw.
fn follow(endpoint: Endpoint) -> (watch::Receiver<Seen>, JoinHandle<Result<()>>) {
    let (show, seen) = watch::channel(Seen::default());
    let following = tokio::spawn(async move {
        let mut connection = Connection::open(&endpoint, Era::Sessionless).await?;
        let request = connection.call_of("whole", &json!({}));
        loop {
            let value = connection.value(&request).await?;
            show.send_replace(Seen::of(&value)?);
        }
    });
    (seen, following)
}

async fn wait_for(
    seen: &mut watch::Receiver<Seen>,
    is_wanted: impl Fn(&Seen) -> bool,
) -> Result<Seen> {
    let found = timeout(PATIENCE, seen.wait_for(|seen| is_wanted(seen))).await;
    let found = found.context("what is new was not served in time")?;
    Ok(found.context("the calls ended")?.clone())
}

/// New code by tags of the workspace, while calls come at an even rate. Timed from the moment that
/// the release event has, when the server takes the tag up.
pub(crate) async fn reload(programs: &Programs<'_>, times: u64) -> Result<Reloads> {
    let served = Served::start(programs).await?;
    let (show, mut seen) = watch::channel(Seen::default());
    let (stop, stopped) = watch::channel(false);
    let calling = tokio::spawn(call_evenly(served.serving.endpoint.clone(), show, stopped));
    let main = LineageName::default();
    let mut until_new_ns = new_histogram();
    for code in 2..2 + times {
        served.workspace.tag(code)?;
        let found = wait_for(&mut seen, |seen| seen.code >= code).await?;
        let released = served.manager.history(&main, None, 1).await?;
        let released = released.first().context("there was a release")?.event.time;
        let (_, at) = found.at.context("it was seen at some time")?;
        let took = at.duration_since(released).unsigned_abs();
        record(&mut until_new_ns, took);
    }
    stop.send_replace(true);
    let (calls, failed, mixed) = calling.await??;
    Ok(Reloads {
        until_new_ns,
        calls,
        failed,
        mixed,
    })
}

/// Shows the newest code that was seen, and counts calls, those that failed and those that were of
/// no one version.
async fn call_evenly(
    endpoint: Endpoint,
    show: watch::Sender<Seen>,
    stopped: watch::Receiver<bool>,
) -> Result<(u64, u64, u64)> {
    let (give_back, mut free) = mpsc::channel(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let connection = Connection::open(&endpoint, Era::Sessionless).await?;
        give_back.send(connection).await?;
    }
    let mut ticks = interval(Duration::from_millis(1000 / CALLS_PER_SECOND));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut calls = JoinSet::new();
    while !*stopped.borrow() {
        ticks.tick().await;
        let mut connection = free.recv().await.context("connections come back")?;
        let (give_back, show, endpoint) = (give_back.clone(), show.clone(), endpoint.clone());
        calls.spawn(async move {
            let seen = call_once(&mut connection).await;
            match &seen {
                Ok(seen) => {
                    let seen = seen.clone();
                    show.send_if_modified(|newest| {
                        let is_newer = seen.code > newest.code;
                        if is_newer {
                            *newest = seen;
                        }
                        is_newer
                    });
                }
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "a call failed");
                    connection = Connection::open(&endpoint, Era::Sessionless).await?;
                }
            }
            give_back.send(connection).await?;
            anyhow::Ok(seen)
        });
    }
    let (mut all, mut failed, mut mixed) = (0, 0, 0);
    for seen in calls.join_all().await {
        all += 1;
        match seen? {
            Ok(seen) => mixed += u64::from(seen.is_mixed),
            Err(_told) => failed += 1,
        }
    }
    Ok((all, failed, mixed))
}

async fn call_once(connection: &mut Connection) -> Result<Seen> {
    let request = connection.call_of("whole", &json!({"wait_ms": CALL_MS}));
    Seen::of(&connection.value(&request).await?)
}
