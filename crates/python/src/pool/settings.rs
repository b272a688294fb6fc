//! How many workers there are and what they may use.

use std::{ffi::OsString, path::PathBuf, thread, time::Duration};

/// Where and how third-party packages are installed.
#[derive(Clone, Debug)]
pub struct Wheels {
    /// One folder for each `tools/requirements.txt` is made in this one, such as `.luthier/envs`.
    pub folder: PathBuf,
    /// The `uv` program; without it, the `pip` of the workers' interpreter is asked.
    pub uv: Option<PathBuf>,
    /// How long installing may take, waiting for other processes included.
    pub deadline: Duration,
}

/// The bounds of a pool.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program to run as a worker: one whose `main` calls [`crate::worker_main`].
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// Where a version's modules are, such as `tools/runner`.
    pub folder: String,
    /// Workers read, compute and change nothing: whatever else code tries is refused, and told to the
    /// call that tries as [`crate::CallEvent::Refused`]. So that it is clear which one that is, `async
    /// def` calls do not take turns. Where the kernel cannot hold a worker to that, none starts.
    pub rails: bool,
    /// Without it, code that needs third-party packages is not loaded.
    pub wheels: Option<Wheels>,
    /// Workers that run plain functions, one call at a time each.
    pub workers: usize,
    /// Workers that are ready to take the place of one that ended, and to try new code first.
    pub spares: usize,
    /// The most workers for functions that are declared blocking; they start when needed.
    pub blocking_workers_max: usize,
    /// The most `async def` calls that take turns in their worker.
    pub async_calls_max: usize,
    /// The most calls that are sent to a worker ahead of its answers.
    pub pipeline_max: usize,
    /// The most calls of each class that wait; more are refused.
    pub queue_max: usize,
    /// How long a worker may take to start.
    pub start_deadline: Duration,
    /// How long code may take to load, in each worker.
    pub load_deadline: Duration,
    /// How long a call may go on after it was asked to stop, before its worker is killed.
    pub grace: Duration,
    /// The same for a call that nobody waits for.
    pub cancel_grace: Duration,
    /// The private memory of a worker, over which Python raises `MemoryError`.
    pub memory_bytes_max: u64,
    /// A worker that has grown by this much is replaced when it is idle.
    pub growth_bytes_max: u64,
    /// A worker that has run so many calls is replaced when it is idle.
    pub calls_per_worker_max: u64,
    /// The largest result.
    pub output_bytes_max: usize,
    /// The most that one call can log.
    pub log_bytes_max: usize,
    /// The most code versions in a worker; the least recently used goes, and comes back on demand.
    pub codes_per_worker_max: usize,
    /// The same for documents.
    pub states_per_worker_max: usize,
    /// How deep tools may call tools.
    pub nested_depth_max: usize,
}

impl Settings {
    /// The defaults, for a worker program.
    pub fn new(program: impl Into<PathBuf>, arguments: impl IntoIterator<Item = OsString>) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().collect(),
            folder: "tools/runner".to_owned(),
            rails: false,
            wheels: None,
            workers: thread::available_parallelism().map_or(2, usize::from),
            spares: 1,
            blocking_workers_max: 8,
            async_calls_max: 256,
            pipeline_max: 32,
            queue_max: 1024,
            start_deadline: Duration::from_secs(10),
            load_deadline: Duration::from_secs(30),
            grace: Duration::from_millis(50),
            cancel_grace: Duration::from_secs(1),
            memory_bytes_max: 1 << 30,
            growth_bytes_max: 256 << 20,
            calls_per_worker_max: 50_000_000,
            output_bytes_max: 32 << 20,
            log_bytes_max: 1 << 20,
            codes_per_worker_max: 32,
            states_per_worker_max: 32,
            nested_depth_max: 8,
        }
    }
}
