//! A long history: how long it takes to go back to any point of it, and to prove it whole.

use std::{
    fs::File,
    io::Read as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use hdrhistogram::Histogram;
use jiff::Timestamp;
use journal::Journal as _;
use journal::OpenJournal as _;
use sha2::{Digest as _, Sha256};
use state::{StateManager, Target};
use tokio::task::JoinSet;

use crate::{
    load::{Session as _, Store as _, new_histogram, record},
    luthier::{Luthier, lineage},
};

const WRITERS_COUNT: u64 = 64;
/// Lineages that the history is about.
const LINEAGES_COUNT: usize = 8;
const POINTS_COUNT: usize = 100;
const BUFFER_BYTES: usize = 1 << 20;

pub(crate) struct History {
    pub(crate) events: u64,
    pub(crate) written_in: Duration,
    pub(crate) sealed_in: Duration,
    pub(crate) verified_in: Duration,
    /// SHA-256 of the journal's file, from end to end: what no verification can beat.
    pub(crate) hashed_in: Duration,
    /// State at any point, of one lineage.
    pub(crate) document_at_ns: Histogram<u64>,
    pub(crate) file_bytes: u64,
}

pub(crate) async fn measure(folder: &Path, events: u64) -> Result<History> {
    let luthier = Luthier::create(folder).await?;
    let written_in = write(&luthier, events).await?;

    let began = Instant::now();
    let witness = journal::seal_up_to_now(&*luthier.journal, Timestamp::now).await?;
    let sealed_in = began.elapsed();

    let began = Instant::now();
    let verdict = luthier.journal.verify(witness, Box::new(|_seq| {})).await?;
    let verified_in = began.elapsed();
    ensure!(
        verdict.ok,
        "the journal does not verify: {:?}",
        verdict.first_bad
    );

    // A manager of its own, so that nothing is in its cache yet.
    let manager = StateManager::new(luthier.journal.clone(), Arc::new(Timestamp::now));
    let document_at_ns = go_back(&manager, luthier.journal.newest().await?).await?;

    luthier.journal.close().await;
    let file = folder.join("journal.sqlite");
    let file_bytes = file.metadata()?.len();
    let hashed_in = tokio::task::spawn_blocking(move || hash(&file)).await??;
    Ok(History {
        events,
        written_in,
        sealed_in,
        verified_in,
        hashed_in,
        document_at_ns,
        file_bytes,
    })
}

async fn write(luthier: &Luthier, events: u64) -> Result<Duration> {
    let began = Instant::now();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS_COUNT {
        let mut session = luthier.session().await?;
        writers.spawn(async move {
            for number in (writer..events).step_by(usize::try_from(WRITERS_COUNT)?) {
                let document = usize::try_from(number)? % LINEAGES_COUNT;
                session
                    .set_counter(document, 2_000_000 + number, began)
                    .await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(outcome) = writers.join_next().await {
        outcome??;
    }
    Ok(began.elapsed())
}

async fn go_back(manager: &StateManager, newest: u64) -> Result<Histogram<u64>> {
    let mut latencies = new_histogram();
    let mut random = fastrand::Rng::with_seed(7);
    for point in 0..POINTS_COUNT {
        let seq = random.u64(crate::load::DOCUMENTS_COUNT as u64 + 1..=newest);
        let began = Instant::now();
        manager
            .document_at(&lineage(point % LINEAGES_COUNT), Target::Staging, seq)
            .await?
            .context("the lineage had begun")?;
        record(&mut latencies, began.elapsed());
    }
    Ok(latencies)
}

fn hash(path: &Path) -> Result<Duration> {
    let began = Instant::now();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut hasher = Sha256::new();
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            std::hint::black_box(hasher.finalize());
            return Ok(began.elapsed());
        }
        hasher.update(&buffer[..read]);
    }
}
