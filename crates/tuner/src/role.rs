//! The role: whoever tunes a version, of which each has tools of its own.

use std::{
    collections::HashMap,
    io,
    num::NonZeroUsize,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use atoms::Handoff;
use bytes::Bytes;
use journal::Journal;
use lru::LruCache;
use mcp::{CatalogueError, Endpoint, EndpointConfig, StdioError};
use model::{Digest, LineageName};
use python::{LoadError, Pool};
use release::{Prover, Releaser};
use repo::FileSet;
use state::{At, StateError, StateManager};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use vault::{ArrayStore, Store};
use web::Problem;

use crate::{
    http::BODY_BYTES_MAX,
    line::Served,
    offer::{self, Aim, Facts, Offer},
    policy::Policy,
    rate::Rate,
    resolve::resolve,
};

/// References that are served at once; the one that was not asked for longest makes room.
const REFERENCES_MAX: NonZeroUsize = NonZeroUsize::new(32).expect("it is not zero");

/// Lineages whose workers are up; those of the one that was not tuned for longest make room.
const POOLS_MAX: NonZeroUsize = NonZeroUsize::new(8).expect("it is not zero");

/// Finds the files of a version by their hash. Blocks on the disk.
pub type FilesOf = Arc<dyn Fn(Digest) -> Result<FileSet, FilesError> + Send + Sync>;

/// Why files are not to be had.
pub type FilesError = Box<dyn std::error::Error + Send + Sync>;

/// Has whoever serves tools here look at the lineages at once.
pub type OnMoved = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Starts workers that can change nothing but what they answer. Called when a lineage is tuned for the
/// first time.
pub type StartWorkers = Arc<dyn Fn() -> io::Result<Pool> + Send + Sync>;

/// What a Tuner works with.
pub struct TunerParts {
    pub journal: Arc<dyn Journal>,
    pub manager: StateManager,
    pub store: Store,
    pub files: FilesOf,
    pub workers: StartWorkers,
    /// Nothing where nothing is released from here.
    pub promoter: Option<Promoter>,
    pub on_moved: OnMoved,
    /// Atoms that wait for a client, where they are handed off.
    pub handoff: Option<Handoff>,
}

/// What makes what is staged active.
#[derive(Clone)]
pub struct Promoter {
    pub releaser: Releaser,
    pub prover: Arc<dyn Prover>,
}

/// The bounds of a Tuner.
#[derive(Clone, Debug)]
pub struct TunerConfig {
    /// For tools that declare none.
    pub deadline_default: Duration,
    /// The most that a tool may declare.
    pub deadline_max: Duration,
    /// Updates of a lineage in one second; more are refused.
    pub updates_per_s_max: u32,
    /// Updates of a lineage that wait for their turn; more are refused.
    pub waiting_max: usize,
    /// Members and items of the document that one update may change.
    pub changes_max: usize,
    pub policy: Policy,
}

impl Default for TunerConfig {
    fn default() -> Self {
        Self {
            deadline_default: Duration::from_secs(30),
            deadline_max: Duration::from_mins(10),
            updates_per_s_max: 5_000,
            waiting_max: 1_024,
            changes_max: 10_000,
            policy: Policy::default(),
        }
    }
}

/// Serves the tuning of any version.
#[derive(Clone)]
pub struct Tuner {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) manager: StateManager,
    pub(crate) store: Store,
    pub(crate) arrays: ArrayStore,
    files: FilesOf,
    workers: StartWorkers,
    /// Of each lineage, so that code of one cannot get at what another one's does.
    pools: Mutex<LruCache<LineageName, Pool>>,
    pub(crate) promoter: Option<Promoter>,
    pub(crate) on_moved: OnMoved,
    pub(crate) handoff: Option<Handoff>,
    pub(crate) config: TunerConfig,
    lines: Mutex<LruCache<String, Line>>,
    loading: tokio::sync::Mutex<()>,
    turns: Mutex<HashMap<LineageName, Arc<Turn>>>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// Updates of a lineage take turns: each builds on what the one before it left.
pub(crate) struct Turn {
    pub(crate) lock: Arc<tokio::sync::Mutex<()>>,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) rate: Mutex<Rate>,
    /// Updates since the last promotion, once they are counted.
    pub(crate) updates: tokio::sync::Mutex<Option<u64>>,
    pub(crate) is_promoting: AtomicBool,
    /// How often in a row the policy has found that what is staged is better.
    pub(crate) found_better: Mutex<u32>,
}

/// What is served under one reference, and the endpoint that serves it.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) served: Arc<Served>,
    pub(crate) endpoint: Endpoint<Served>,
}

/// Why a version cannot be tuned.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("{}", .0.detail())]
    Resolve(Box<Problem>),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("the workers of the tuner do not start")]
    Workers(#[source] io::Error),
    #[error("the files of version {version} are not to be had")]
    Files { version: String, source: FilesError },
    #[error("the tuner of version {version} cannot be loaded: {source}")]
    Load { version: String, source: LoadError },
    #[error("the tuner of version {version} cannot be served: {source}")]
    Catalogue {
        version: String,
        source: CatalogueError,
    },
    #[error(
        "the tuner of version {version} cannot be served: `{tool}` returns no object: return \
         `{{\"status\": \"success\", …}}`"
    )]
    Result { version: String, tool: String },
    #[error("the manifest of version {version} cannot be read: {source}")]
    Manifest {
        version: String,
        source: serde_json::Error,
    },
    #[error(transparent)]
    Stdio(#[from] StdioError),
}

impl Tuner {
    /// Has to be called inside a runtime.
    pub fn start(parts: TunerParts, config: TunerConfig) -> Self {
        let TunerParts {
            journal,
            manager,
            store,
            files,
            workers,
            promoter,
            on_moved,
            handoff,
        } = parts;
        let inner = Inner {
            journal,
            manager,
            arrays: ArrayStore::new(store.clone()),
            store,
            files,
            workers,
            pools: Mutex::new(LruCache::new(POOLS_MAX)),
            promoter,
            on_moved,
            handoff,
            config,
            lines: Mutex::new(LruCache::new(REFERENCES_MAX)),
            loading: tokio::sync::Mutex::default(),
            turns: Mutex::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// What is served under a reference, loaded now if it was not.
    pub(crate) async fn line(&self, text: &str) -> Result<Line, ServeError> {
        let known = || lock(&self.inner.lines).get(text).cloned();
        if let Some(line) = known() {
            return Ok(line);
        }
        let _one_at_a_time = self.inner.loading.lock().await;
        if let Some(line) = known() {
            return Ok(line);
        }
        let served = Served::begin(&self.inner, text).await?;
        let config = EndpointConfig {
            body_bytes_max: BODY_BYTES_MAX,
            ..EndpointConfig::default()
        };
        let endpoint = Endpoint::new(Arc::clone(&served), config);
        let line = Line { served, endpoint };
        lock(&self.inner.lines).push(text.to_owned(), line.clone());
        Ok(line)
    }

    /// Serves one reference to a single client on standard input and output.
    pub async fn serve_stdio(
        &self,
        text: &str,
        shutdown: CancellationToken,
    ) -> Result<(), ServeError> {
        let line = self.line(text).await?;
        Ok(mcp::serve_stdio(line.served, shutdown).await?)
    }

    /// Lets the calls of every endpoint finish, for so long at most.
    pub async fn drain(&self, patience: Duration) {
        let lines: Vec<_> = {
            let lines = lock(&self.inner.lines);
            lines.iter().map(|(_, line)| line.clone()).collect()
        };
        let drained = lines.iter().map(|line| line.endpoint.drain(patience));
        futures_util::future::join_all(drained).await;
    }

    /// Ends what follows the versions, and waits for a promotion that is on its way.
    pub async fn shut_down(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

impl Inner {
    /// What a reference means now, and its code.
    pub(crate) async fn offer(
        &self,
        text: &str,
        known: Option<&Offer>,
    ) -> Result<Offer, ServeError> {
        let resolved = resolve(&self.manager, text).await;
        let resolved = resolved.map_err(|problem| ServeError::Resolve(Box::new(problem)))?;
        let lineage = resolved.lineage.clone();
        let root = match &resolved.at {
            // What an alias or a range changes is the lineage's head, and so are the tools.
            At::Released(version) if resolved.is_immutable => {
                self.manager.root_of(&lineage, version).await?
            }
            _ => self.manager.root(&lineage).await?,
        };
        let aim = Aim {
            lineage,
            version: root.version.clone(),
            opens: resolved.version_to_open().is_some(),
            is_fixed: resolved.is_immutable,
        };
        let hash = root.code.as_ref().map(|code| code.hash);
        if let Some(known) = known.filter(|known| Some(known.hash) == hash) {
            return Ok(known.aimed(aim));
        }
        self.load(aim, hash).await
    }

    async fn load(&self, aim: Aim, hash: Option<Digest>) -> Result<Offer, ServeError> {
        let version = aim.version.to_string();
        let files = match hash {
            Some(hash) => {
                let files = Arc::clone(&self.files);
                let read = tokio::task::spawn_blocking(move || files(hash)).await;
                let read = read.map_err(|panic| ServeError::Files {
                    version: version.clone(),
                    source: panic.into(),
                })?;
                read.map_err(|source| ServeError::Files {
                    version: version.clone(),
                    source,
                })?
            }
            None => FileSet::default(),
        };
        let hash = files.digest();
        let contents = files.files().clone();
        let pool = self.pool(&aim.lineage).map_err(ServeError::Workers)?;
        let loaded = pool.load(&version, &hash.to_string(), contents).await;
        let code = loaded.map_err(|source| ServeError::Load {
            version: version.clone(),
            source,
        })?;
        let facts = Facts::parse(code.manifest().json());
        let facts = facts.map_err(|source| ServeError::Manifest {
            version: version.clone(),
            source,
        })?;
        if let Some(tool) = facts.find_misfit() {
            let tool = tool.to_owned();
            return Err(ServeError::Result { version, tool });
        }
        for warning in &facts.warnings {
            tracing::warn!(
                warning,
                version,
                "a tool of the tuner could be better declared"
            );
        }
        Ok(Offer::new(aim, code, hash, Arc::new(files), facts))
    }

    /// The workers of a lineage, started if there are none yet.
    pub(crate) fn pool(&self, lineage: &LineageName) -> io::Result<Pool> {
        let mut pools = lock(&self.pools);
        if let Some(pool) = pools.get(lineage) {
            return Ok(pool.clone());
        }
        let pool = (self.workers)()?;
        pools.push(lineage.clone(), pool.clone());
        Ok(pool)
    }

    /// The turn of a lineage.
    pub(crate) fn turn(&self, lineage: &LineageName) -> Arc<Turn> {
        let mut turns = lock(&self.turns);
        let turn = turns.entry(lineage.clone()).or_insert_with(|| {
            Arc::new(Turn {
                lock: Arc::default(),
                places: Arc::new(Semaphore::new(self.config.waiting_max)),
                rate: Mutex::new(Rate::new(self.config.updates_per_s_max)),
                updates: tokio::sync::Mutex::default(),
                is_promoting: AtomicBool::default(),
                found_better: Mutex::default(),
            })
        });
        Arc::clone(turn)
    }

    pub(crate) fn deadline_of(&self, declared_ms: Option<u64>) -> Duration {
        let declared = declared_ms.map(Duration::from_millis);
        declared.map_or(self.config.deadline_default, |own| {
            own.min(self.config.deadline_max)
        })
    }

    pub(crate) async fn keep_array(&self, hash: String, bytes: Bytes) -> Result<(), String> {
        let arrays = self.arrays.clone();
        let kept = tokio::task::spawn_blocking(move || arrays.put(&hash, &bytes)).await;
        let kept = kept.map_err(|panic| panic.to_string())?;
        kept.map_err(|error| error.to_string())
    }

    pub(crate) async fn load_array(&self, hash: String) -> Result<Vec<u8>, String> {
        let arrays = self.arrays.clone();
        let read = tokio::task::spawn_blocking(move || arrays.get(&hash)).await;
        let read = read.map_err(|panic| panic.to_string())?;
        read.map_err(|error| error.to_string())
    }
}

/// The lists that clients see of an offer.
pub(crate) fn catalogue(
    offer: &Arc<Offer>,
    has_handoff: bool,
) -> Result<mcp::Catalogue, ServeError> {
    let made = offer::catalogue(offer, has_handoff);
    made.map_err(|source| ServeError::Catalogue {
        version: offer.aim.version.to_string(),
        source,
    })
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
