//! The pool: nurseries that are started when they are needed, and how many cells they may have.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    sync::{Mutex, Semaphore, SemaphorePermit},
    time::{Instant, sleep_until},
};

use crate::{
    candidate::{Candidate, Case, Isolation},
    cell::{Cell, LoadResult},
    nursery::{Barren, Nursery, Shape},
    packet::Bounds,
    report::{Ending, Loaded, Outcome, Raised, Report, Tier, Used, Verdict},
};

/// The most nurseries at once; the one that was used least recently goes.
const NURSERIES_MAX: usize = 8;

/// How long a cell lives at most, whoever forgets it.
const LIFE_MS_MAX: u64 = 3_600_000;

/// How far cells may run ahead of their pace.
const BURST: Duration = Duration::from_millis(50);

/// Where and how much.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program whose hidden subcommands call [`crate::zygote_main`] and [`crate::host_main`].
    pub program: PathBuf,
    pub zygote: Vec<OsString>,
    pub host: Vec<OsString>,
    /// The Wasm component; without it, it is looked for beside the program.
    pub component: Option<PathBuf>,
    /// Where the compiled component is kept.
    pub cache: PathBuf,
    /// The most cells at once, in all.
    pub cells_max: usize,
    /// The most cells that are opened in a second.
    pub cells_per_second_max: u32,
    /// How far whoever serves goes first, from 0 to 19.
    pub niceness: u8,
}

impl Settings {
    /// The defaults, for a program with the subcommands `zygote` and `sandbox-host`.
    pub fn new(program: impl Into<PathBuf>, cache: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            zygote: vec!["zygote".into()],
            host: vec!["sandbox-host".into()],
            component: None,
            cache: cache.into(),
            cells_max: thread::available_parallelism().map_or(2, usize::from),
            cells_per_second_max: 2_000,
            niceness: 10,
        }
    }
}

/// A sandbox that cannot enforce what it promises, or is not there. Nothing was run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {tier} sandbox cannot be used: {reason}")]
pub struct Unfit {
    pub tier: Tier,
    pub reason: String,
    /// What would help.
    pub hint: String,
}

/// Both sandboxes. Clones are handles of the same one; its processes end when the last is gone.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    nurseries: Mutex<BTreeMap<Key, Kept>>,
    cells: Semaphore,
    turn: AtomicUsize,
    /// When the next cell may be opened.
    next: Mutex<Instant>,
}

/// Nurseries of one kind are alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    tier: Tier,
    packages: Vec<PathBuf>,
    number: usize,
}

struct Kept {
    nursery: Arc<Nursery>,
    used: Instant,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts nothing yet.
    pub fn new(settings: Settings) -> Self {
        let inner = Inner {
            nurseries: Mutex::default(),
            cells: Semaphore::new(settings.cells_max.max(1)),
            turn: AtomicUsize::new(0),
            next: Mutex::new(Instant::now()),
            settings,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Says what a sandbox enforces here, or why it cannot be used.
    pub async fn probe(&self, tier: Tier) -> Result<String, Unfit> {
        let nursery = self.nursery(tier, &[]).await?;
        Ok(nursery.about.clone())
    }

    /// Loads a candidate and makes its calls.
    pub async fn run(&self, tier: Tier, candidate: &Candidate) -> Result<Report, Unfit> {
        let mut run = Run {
            sandbox: self,
            tier,
            candidate,
            cell: None,
            loaded: None,
        };
        let mut outcomes = Vec::with_capacity(candidate.cases.len());
        run.open().await?;
        for case in &candidate.cases {
            if !matches!(run.loaded, Some(Loaded::Manifest(_))) {
                break;
            }
            outcomes.push(run.call(case).await?);
        }
        if let Some((cell, _permit)) = run.cell.take() {
            let used = cell.end().await;
            if let Some(last) = outcomes.last_mut() {
                last.used = last.used.or(used);
            }
        }
        Ok(Report {
            tier,
            loaded: run.loaded.unwrap_or_else(|| Loaded::Ended(lost())),
            outcomes,
        })
    }

    async fn nursery(&self, tier: Tier, packages: &[PathBuf]) -> Result<Arc<Nursery>, Unfit> {
        let number = match tier {
            // One thread each, so one for each cell that may live.
            Tier::Wasm => {
                let turn = self.inner.turn.fetch_add(1, Ordering::Relaxed);
                turn % self.inner.settings.cells_max.max(1)
            }
            Tier::Native => 0,
        };
        let key = Key {
            tier,
            packages: packages.to_vec(),
            number,
        };
        let mut nurseries = self.inner.nurseries.lock().await;
        nurseries.retain(|_, kept| !kept.nursery.is_gone());
        if let Some(kept) = nurseries.get_mut(&key) {
            kept.used = Instant::now();
            return Ok(Arc::clone(&kept.nursery));
        }
        let started = Nursery::start(self.command(&key)).await;
        let nursery = started.map_err(|barren| unfit(tier, barren))?;
        if nurseries.len() >= NURSERIES_MAX.max(self.inner.settings.cells_max) {
            let oldest = nurseries.iter().min_by_key(|(_, kept)| kept.used);
            let oldest = oldest.map(|(key, _)| key.clone());
            drop(oldest.and_then(|key| nurseries.remove(&key)));
        }
        let kept = Kept {
            nursery: Arc::clone(&nursery),
            used: Instant::now(),
        };
        nurseries.insert(key, kept);
        Ok(nursery)
    }

    fn command(&self, key: &Key) -> Command {
        let settings = &self.inner.settings;
        let mut command = Command::new(&settings.program);
        match key.tier {
            Tier::Native => {
                command.args(&settings.zygote);
                for folder in &key.packages {
                    command.arg("--packages").arg(folder);
                }
            }
            Tier::Wasm => {
                command
                    .args(&settings.host)
                    .arg("--cache")
                    .arg(&settings.cache);
                if let Some(component) = &settings.component {
                    command.arg("--component").arg(component);
                }
            }
        }
        command.arg("--nice").arg(settings.niceness.to_string());
        command
    }

    /// Waits for a place among the cells, and for its time.
    async fn place(&self) -> SemaphorePermit<'_> {
        let permit = self.inner.cells.acquire().await;
        let permit = permit.expect("it is never closed");
        let gap = Duration::from_secs(1) / self.inner.settings.cells_per_second_max.max(1);
        let mut next = self.inner.next.lock().await;
        let now = Instant::now();
        let mine = (*next).max(now.checked_sub(BURST).unwrap_or(now));
        *next = mine + gap;
        drop(next);
        if mine > now {
            sleep_until(mine).await;
        }
        permit
    }
}

fn unfit(tier: Tier, Barren { reason, hint }: Barren) -> Unfit {
    Unfit { tier, reason, hint }
}

fn lost() -> Ending {
    Ending::Crashed {
        reason: "the process that it was in is gone".to_owned(),
    }
}

/// One candidate on its way through one sandbox.
struct Run<'a> {
    sandbox: &'a Sandbox,
    tier: Tier,
    candidate: &'a Candidate,
    cell: Option<(Cell, SemaphorePermit<'a>)>,
    loaded: Option<Loaded>,
}

impl Run<'_> {
    /// Opens a cell and loads the candidate in it.
    async fn open(&mut self) -> Result<(), Unfit> {
        let permit = self.sandbox.place().await;
        let packages = &self.candidate.packages;
        let nursery = self.sandbox.nursery(self.tier, packages).await?;
        let streams = nursery
            .take(shape(self.candidate))
            .await
            .map_err(|error| Unfit {
                tier: self.tier,
                reason: format!("no cell could be opened: {error}"),
                hint: "run `luthier sandbox doctor`".to_owned(),
            })?;
        let mut cell = Cell::new(streams, self.candidate.limits);
        let loaded = match cell.load(self.candidate).await {
            Ok(LoadResult::Ok(manifest)) => Loaded::Manifest(manifest),
            Ok(Err(problem)) => Loaded::Failed(problem),
            Err(ending) => Loaded::Ended(ending),
        };
        self.cell = matches!(loaded, Loaded::Manifest(_)).then_some((cell, permit));
        self.loaded = Some(loaded);
        Ok(())
    }

    /// Makes a call, in the cell that is there or in a new one.
    async fn call(&mut self, case: &Case) -> Result<Outcome, Unfit> {
        if self.cell.is_none() {
            self.open().await?;
        }
        let Some((cell, _)) = &mut self.cell else {
            return Ok(not_loaded(self.loaded.as_ref()));
        };
        let mut outcome = cell.call(case).await;
        if cell.is_over() || self.candidate.isolation == Isolation::Fresh {
            outcome.used = self.close().await;
        }
        Ok(outcome)
    }

    async fn close(&mut self) -> Option<Used> {
        let (cell, _permit) = self.cell.take()?;
        cell.end().await
    }
}

/// What becomes of a call whose candidate loaded once, and then did not.
fn not_loaded(loaded: Option<&Loaded>) -> Outcome {
    let verdict = match loaded {
        Some(Loaded::Failed(problem)) => Verdict::Raised(Raised {
            r#type: "LoadFailed".to_owned(),
            message: problem.message.clone(),
            traceback: problem.traceback.clone(),
            is_told: false,
        }),
        Some(Loaded::Ended(ending)) => Verdict::Ended(ending.clone()),
        Some(Loaded::Manifest(_)) | None => Verdict::Ended(lost()),
    };
    Outcome {
        verdict,
        stdout: String::new(),
        stderr: String::new(),
        log: Vec::new(),
        lines: None,
        wall_us: 0,
        used: None,
    }
}

fn shape(candidate: &Candidate) -> Shape {
    let limits = &candidate.limits;
    Shape {
        value_bytes_max: limits.value_bytes_max,
        bounds: Bounds {
            memory_bytes_max: limits.memory_bytes_max,
            output_bytes_max: limits.output_bytes_max as u64,
            fuel_max: limits.fuel_max,
            threads_max: limits.threads_max,
            open_files_max: limits.open_files_max,
            life_ms_max: LIFE_MS_MAX,
        },
    }
}
