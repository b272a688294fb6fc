//! The load that every store is put under, and how it is measured.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use serde_json::Value;
use tokio::{runtime::Handle, sync::Barrier, task::JoinSet};

use crate::document;

/// Documents that the writers spread over, unless all want the same one.
pub(crate) const DOCUMENTS_COUNT: usize = 1_000;

/// Latencies are kept in nanoseconds, to three digits; longer ones count as this one.
const DIGITS: u8 = 3;
const LATENCY_NS_MAX: u64 = 60_000_000_000;

/// Something that keeps JSON documents and lets one of two writers win.
pub(crate) trait Store: Sync {
    type Session: Session;
    /// Do its calls block the thread that makes them?
    const IS_BLOCKING: bool;
    /// What one writer works with.
    fn session(&self) -> impl Future<Output = Result<Self::Session>> + Send;
}

/// One writer's way to a store. A write that returned survives a power cut.
pub(crate) trait Session: Send + 'static {
    fn read(&mut self, document: usize) -> impl Future<Output = Result<Held>> + Send;

    /// Writes `held.value` if the document still has `held.revision`; its new revision, or `None`
    /// if somebody else was quicker.
    fn swap(
        &mut self,
        document: usize,
        held: &Held,
    ) -> impl Future<Output = Result<Option<u64>>> + Send;

    /// Sets the counter of whatever is there, in the best way that the store offers.
    fn set_counter(
        &mut self,
        document: usize,
        counter: u64,
        until: Instant,
    ) -> impl Future<Output = Result<bool>> + Send {
        async move {
            while Instant::now() < until {
                let mut held = self.read(document).await?;
                document::set_counter(&mut held.value, counter);
                if self.swap(document, &held).await?.is_some() {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }

    /// Appends a small event that depends on nothing.
    fn append(&mut self, event: &Value) -> impl Future<Output = Result<()>> + Send;
}

/// A document as a writer knows it.
pub(crate) struct Held {
    pub(crate) revision: u64,
    pub(crate) value: Value,
}

/// What the writers do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write a 4 KB document whose revision is known, each writer its own documents.
    Commit,
    /// Read any of the documents, change it, write it; again if somebody was quicker.
    ReadModifyWrite,
    /// Change a member of one document that all writers share.
    HotDocument,
    /// Append a small event.
    Append,
}

impl Mode {
    pub(crate) fn case(self) -> &'static str {
        match self {
            Self::Commit => "commit 4 KB",
            Self::ReadModifyWrite => "read, modify, commit 4 KB",
            Self::HotDocument => "change one hot document",
            Self::Append => "append an event",
        }
    }
}

/// How much of it.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) mode: Mode,
    pub(crate) writers: usize,
    pub(crate) duration: Duration,
}

/// What came of it.
pub(crate) struct Measured {
    pub(crate) ops_per_second: f64,
    pub(crate) latency_ns: Histogram<u64>,
}

impl Measured {
    /// What happens once at a time has a rate too, for the table's sake.
    pub(crate) fn of_one(latency_ns: Histogram<u64>) -> Self {
        Self {
            ops_per_second: 1e9 / latency_ns.mean().max(1.0),
            latency_ns,
        }
    }
}

pub(crate) fn new_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_NS_MAX, DIGITS).expect("the bounds are in order")
}

pub(crate) fn record(histogram: &mut Histogram<u64>, latency: Duration) {
    histogram.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
}

/// Puts `store` under `load`.
pub(crate) async fn drive<S: Store>(store: &S, load: Load) -> Result<Measured> {
    let start = Arc::new(Barrier::new(load.writers));
    let mut writers = JoinSet::new();
    for number in 0..load.writers {
        let writer = Writer {
            session: store.session().await?,
            load,
            number,
            counter: 1_000_000 * (1 + number as u64),
            random: fastrand::Rng::with_seed(number as u64),
        };
        let work = writer.run(start.clone());
        if S::IS_BLOCKING {
            let handle = Handle::current();
            writers.spawn_blocking(move || handle.block_on(work));
        } else {
            writers.spawn(work);
        }
    }
    let mut latency_ns = new_histogram();
    let mut ops = 0_u64;
    while let Some(outcome) = writers.join_next().await {
        let (finished, latencies) = outcome.context("a writer panicked")??;
        ops += finished;
        latency_ns
            .add(latencies)
            .context("latencies do not add up")?;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let ops_per_second = ops as f64 / load.duration.as_secs_f64();
    Ok(Measured {
        ops_per_second,
        latency_ns,
    })
}

struct Writer<S> {
    session: S,
    load: Load,
    number: usize,
    counter: u64,
    random: fastrand::Rng,
}

impl<S: Session> Writer<S> {
    async fn run(mut self, start: Arc<Barrier>) -> Result<(u64, Histogram<u64>)> {
        let mut mine = self.take_documents().await?;
        let mut turn = 0;
        start.wait().await;
        // The first tenth warms up and is not counted.
        let counted_from = Instant::now() + self.load.duration / 10;
        let until = counted_from + self.load.duration;
        let mut latencies = new_histogram();
        let mut finished = 0;
        loop {
            let began = Instant::now();
            if began >= until {
                return Ok((finished, latencies));
            }
            let is_done = match self.load.mode {
                Mode::Commit => {
                    turn = (turn + 1) % mine.len();
                    self.commit(&mut mine[turn]).await?
                }
                Mode::ReadModifyWrite => {
                    let document = self.random.usize(..DOCUMENTS_COUNT);
                    self.read_modify_write(document, until).await?
                }
                Mode::HotDocument => {
                    self.counter += 1;
                    self.session.set_counter(0, self.counter, until).await?
                }
                Mode::Append => {
                    self.counter += 1;
                    let event = document::small_event(self.counter);
                    self.session.append(&event).await?;
                    true
                }
            };
            // One that starved until the end counts as a latency and not as a write.
            if began >= counted_from {
                record(&mut latencies, began.elapsed());
                finished += u64::from(is_done && Instant::now() <= until);
            }
        }
    }

    /// The documents that only this writer writes, when that is the load.
    async fn take_documents(&mut self) -> Result<Vec<(usize, Held)>> {
        let mut mine = Vec::new();
        if self.load.mode == Mode::Commit {
            for document in (self.number..DOCUMENTS_COUNT).step_by(self.load.writers) {
                mine.push((document, self.session.read(document).await?));
            }
            self.random.shuffle(&mut mine);
        }
        Ok(mine)
    }

    async fn commit(&mut self, (document, held): &mut (usize, Held)) -> Result<bool> {
        self.counter += 1;
        document::set_counter(&mut held.value, self.counter);
        let revision = self.session.swap(*document, held).await?;
        held.revision = revision.context("nobody else writes this document")?;
        Ok(true)
    }

    async fn read_modify_write(&mut self, document: usize, until: Instant) -> Result<bool> {
        self.counter += 1;
        while Instant::now() < until {
            let mut held = self.session.read(document).await?;
            document::set_counter(&mut held.value, self.counter);
            if self.session.swap(document, &held).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
