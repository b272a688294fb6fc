//! Old events that move to archives: what writers notice of it, what room it makes, and what it costs
//! to read them afterwards.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use jiff::Timestamp;
use journal::{
    ArchivePlan, ArchiveStore, Journal, OpenJournal as _, OpenOptions, Query, SqliteJournal,
    StoreFailure, archive, seal_up_to_now,
};
use model::{Context, EventType, NewEvent, Subject, event::AgentRole};
use rusqlite::Connection;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::load::{Load, Measured, Mode, drive, new_histogram, record};
use crate::luthier::Luthier;

/// Written at once, and read at once.
const BATCH: usize = 500;
const PAGE: usize = 100;
const PAGES_COUNT: u64 = 200;

/// What a call's arguments and result come to.
const FILLING_BYTES: usize = 400;

pub(crate) struct Archive {
    /// One writer appends, before and meanwhile.
    pub(crate) appends_before: Measured,
    pub(crate) appends_meanwhile: Measured,
    pub(crate) archived: u64,
    pub(crate) archived_in: Duration,
    pub(crate) file_bytes_before: u64,
    pub(crate) file_bytes_after: u64,
    pub(crate) bytes_archived: u64,
    /// 100 events anywhere, each of a journal opened anew or again.
    pub(crate) read_hot: Measured,
    pub(crate) read_first: Duration,
    pub(crate) read_again: Measured,
}

/// A folder of files.
#[derive(Debug)]
struct Folder(PathBuf);

impl ArchiveStore for Folder {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreFailure> {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&self.0))?;
        fs::write(&path, bytes)?;
        Ok(fs::File::open(path)?.sync_all()?)
    }

    fn find(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFailure> {
        Ok(Some(fs::read(self.0.join(name))?))
    }
}

pub(crate) async fn measure(folder: &Path, events: u64, duration: Duration) -> Result<Archive> {
    let store: Arc<dyn ArchiveStore> = Arc::new(Folder(folder.join("archives")));
    let options = OpenOptions {
        archives: Some(store),
        ..OpenOptions::new(folder.join("journal.sqlite"))
    };
    let luthier = Luthier::over(options.clone()).await?;
    write_calls(&luthier.journal, events).await?;
    let load = Load {
        mode: Mode::Append,
        writers: 1,
        duration,
    };
    let witness = seal_up_to_now(&*luthier.journal, Timestamp::now).await?;
    let read_hot = read_pages(&luthier.journal, events).await?;
    let appends_before = drive(&luthier, load).await?;
    let file_bytes_before = used_bytes(&options.path)?;

    let plan = ArchivePlan {
        before: Timestamp::MAX,
        witness,
        needed: Vec::new(),
        kinds_needed: Vec::new(),
        is_thorough: true,
        is_trial: false,
    };
    let journal = luthier.journal.clone();
    let archiving = tokio::spawn(async move {
        let (began, stop) = (Instant::now(), CancellationToken::new());
        let report = archive(&journal, &plan, Timestamp::now, &stop, |_seq| {}).await;
        report.map(|report| (report, began.elapsed()))
    });
    let mut appends_meanwhile = drive(&luthier, load).await?;
    while !archiving.is_finished() {
        let more = drive(&luthier, load).await?;
        appends_meanwhile.latency_ns.add(more.latency_ns)?;
    }
    let (report, archived_in) = archiving.await.context("archiving panicked")??;

    luthier.journal.close().await;
    let file_bytes_after = used_bytes(&options.path)?;
    let journal = SqliteJournal::open(options)?;
    let began = Instant::now();
    read_page(&journal, events / 2).await?;
    let read_first = began.elapsed();
    let read_again = read_pages(&journal, events).await?;
    journal.close().await;
    Ok(Archive {
        appends_before,
        appends_meanwhile,
        archived: report.events,
        archived_in,
        file_bytes_before,
        file_bytes_after,
        bytes_archived: report.bytes,
        read_hot,
        read_first,
        read_again,
    })
}

async fn write_calls(journal: &SqliteJournal, events: u64) -> Result<()> {
    let subject: Subject = "call".parse()?;
    let mut written = 0;
    while written < events {
        let batch = (0..BATCH).map(|_| call()).collect();
        for outcome in journal.append_all(subject.clone(), batch).await {
            outcome?;
        }
        written += BATCH as u64;
    }
    Ok(())
}

fn call() -> NewEvent {
    let context = Context {
        conversation: format!("{:032x}", fastrand::u128(..)).parse().ok(),
        version: Some(semver::Version::new(1, 4, 2)),
        ..Context::of(AgentRole::Runner)
    };
    let filling: String = (0..FILLING_BYTES)
        .map(|_| fastrand::alphanumeric())
        .collect();
    let data =
        json!({"tool": "slugify", "arguments": {"text": filling}, "took_us": fastrand::u32(..)});
    NewEvent::new(EventType::CALL, Timestamp::now(), context, data)
}

async fn read_page(journal: &SqliteJournal, after: u64) -> Result<()> {
    let query = Query {
        after,
        limit: PAGE,
        ..Query::all()
    };
    journal.read(query).await?;
    Ok(())
}

/// Pages of events anywhere among the first `events`.
async fn read_pages(journal: &SqliteJournal, events: u64) -> Result<Measured> {
    let mut latency_ns: Histogram<u64> = new_histogram();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..PAGES_COUNT {
        let after = random.u64(..events - PAGE as u64);
        let began = Instant::now();
        read_page(journal, after).await?;
        record(&mut latency_ns, began.elapsed());
    }
    Ok(Measured {
        ops_per_second: 1e9 / latency_ns.mean(),
        latency_ns,
    })
}

/// The pages of the file that something is in.
fn used_bytes(path: &Path) -> Result<u64> {
    let connection = Connection::open(path)?;
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    Ok(u64::try_from(pages * number("page_size")?)?)
}
