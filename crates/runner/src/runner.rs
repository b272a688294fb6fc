//! The role: every version that somebody asks for, loaded beside the others and kept up to date.

use std::{
    collections::{HashMap, HashSet},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use journal::{Journal, Tenure};
use lru::LruCache;
use mcp::{CatalogueError, Endpoint, EndpointConfig, StdioError};
use model::{LineageName, Seq, VersionRef};
use python::{LoadError, Pool};
use repo::{FileSet, Repo};
use serde_json::{Value, json};
use state::{HistoryEntry, StateManager, is_of_staging};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::OnceCell,
    task::{self, JoinHandle},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use vault::ArrayStore;

use crate::{
    candidate::CandidateTool,
    case::Cases,
    code::{CodeError, CodeStore},
    config::RunnerConfig,
    connections::Connections,
    core::Core,
    http::BODY_BYTES_MAX,
    logs::LogHistory,
    offer::{self, Facts, Offer, Snapshot},
    record::Recorder,
    served::Served,
    versions::{Registry, ResolveError, Source, View, Wanted, view_of},
    workers::Workers,
};

/// What production gets.
pub(crate) const ACTIVE: &str = "active";

/// What is on trial.
pub(crate) const CANARY: &str = "canary";

/// How long to wait before a lineage that cannot be read is read again.
const RETRY_MS: u64 = 500;

/// How long to wait before a version that could not be loaded is loaded again.
const AGAIN_MS: u64 = 5_000;

/// How long the calls of a reference that made room may take.
const RETIRING_MS_MAX: u64 = 10 * 60 * 1_000;

/// So long a call waits until it is known again what its alias means.
const RENEWAL_MS_MAX: u64 = 1_000;

/// What a Runner works with.
pub struct RunnerParts {
    pub journal: Arc<dyn Journal>,
    pub manager: StateManager,
    pub store: CodeStore,
    /// The clone of the workspace, if that is in git.
    pub git: Option<Arc<Repo>>,
    pub pool: Pool,
    /// Where lines are that tools told long ago.
    pub history: LogHistory,
    /// Where arrays are that a state document names.
    pub arrays: Option<ArrayStore>,
    /// Where others move what aliases mean: until when that is known here.
    pub tenure: Option<Tenure>,
}

/// Serves the tools of any version.
#[derive(Clone)]
pub struct Runner {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) core: Arc<Core>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) registry: Registry,
    /// By what clients write, so that each way to write a version has its clients.
    active: Arc<OnceCell<Line>>,
    served: Mutex<LruCache<String, Line>>,
    /// Those of them that went and still answer calls.
    pub(crate) retiring: TaskTracker,
    /// Those that somebody waits for.
    begun: Mutex<HashMap<String, Arc<OnceCell<Line>>>>,
    /// Lineages whose moves are followed.
    lineages: Mutex<HashSet<LineageName>>,
    /// References that follow a lineage, by what clients write.
    pub(crate) following: Mutex<Vec<(String, Weak<Served>)>>,
    /// Held while references are brought to a new root, so that none that begins meanwhile is
    /// forgotten.
    pub(crate) moving: tokio::sync::Mutex<()>,
    /// Why a reference is not at its newest version.
    pub(crate) troubles: Mutex<HashMap<String, String>>,
    numbers: AtomicU64,
    pub(crate) tenure: Option<Tenure>,
    pub(crate) stop: CancellationToken,
    recording: CancellationToken,
    writing: Mutex<Option<JoinHandle<()>>>,
}

/// What is served under one reference, and the endpoint that serves it.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) served: Arc<Served>,
    endpoint: Endpoint<Served>,
}

impl Line {
    /// What its version offers, by name.
    pub(crate) fn tools(&self) -> Vec<CandidateTool> {
        let offer = self.served.offer();
        let mut tools: Vec<_> = offer.tools.values().map(|facts| facts.declared()).collect();
        tools.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        tools
    }
}

/// A line that is waited for. Whoever goes, having it or not, leaves nothing of it behind.
struct Begun<'a> {
    inner: &'a Inner,
    text: &'a str,
    cell: &'a Arc<OnceCell<Line>>,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let mut begun = lock(&self.inner.begun);
        let is_same = |known: &Arc<OnceCell<Line>>| Arc::ptr_eq(known, self.cell);
        if begun.get(self.text).is_some_and(is_same) {
            begun.remove(self.text);
        }
    }
}

/// Why a version is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    #[error("version {version} cannot be loaded: {source}")]
    Load { version: String, source: LoadError },
    #[error("version {version} cannot be served: {source}")]
    Catalogue {
        version: String,
        source: CatalogueError,
    },
    #[error("the manifest of version {version} cannot be read: {source}")]
    Manifest {
        version: String,
        source: serde_json::Error,
    },
    #[error(transparent)]
    Code(#[from] CodeError),
    #[error("{reason}")]
    Broken { reason: String },
}

impl ServeError {
    /// May it pass by itself, so that trying again makes sense?
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Resolve(error) => error.may_pass(),
            Self::Load { source, .. } => matches!(
                source,
                LoadError::Wheels { .. } | LoadError::Unavailable { .. }
            ),
            Self::Code(error) => matches!(error, CodeError::Vault(_)),
            Self::Catalogue { .. } | Self::Manifest { .. } | Self::Broken { .. } => false,
        }
    }
}

/// Why a single client is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeStdioError {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Stdio(#[from] StdioError),
}

impl Runner {
    /// Has to be called inside a runtime.
    pub fn start(parts: RunnerParts, config: RunnerConfig) -> Self {
        Self::start_of(parts, config, &FileSet::default())
    }

    /// The same of one version, whose files judge its cases.
    pub(crate) fn start_of(parts: RunnerParts, config: RunnerConfig, files: &FileSet) -> Self {
        let RunnerParts {
            journal,
            manager,
            store,
            git,
            pool,
            history,
            arrays,
            tenure,
        } = parts;
        let recording = CancellationToken::new();
        let (recorder, writing) = Recorder::new(Arc::clone(&journal), recording.clone());
        let references_max = NonZeroUsize::new(config.references_max).unwrap_or(NonZeroUsize::MIN);
        let cases = config
            .takes_cases
            .then(|| Cases::new(manager.clone(), pool.clone(), files));
        let inner = Inner {
            core: Arc::new(Core::new(
                config,
                Workers::new(pool),
                Arc::clone(&journal),
                recorder,
                cases,
                history,
                arrays,
            )),
            journal,
            registry: Registry {
                manager,
                store,
                git,
            },
            active: Arc::default(),
            served: Mutex::new(LruCache::new(references_max)),
            retiring: TaskTracker::new(),
            begun: Mutex::default(),
            lineages: Mutex::default(),
            following: Mutex::default(),
            moving: tokio::sync::Mutex::default(),
            troubles: Mutex::default(),
            numbers: AtomicU64::new(1),
            tenure,
            stop: CancellationToken::new(),
            recording,
            writing: Mutex::new(Some(tokio::spawn(writing))),
        };
        let runner = Self {
            inner: Arc::new(inner),
        };
        if runner.inner.tenure.is_some() {
            let runner = runner.clone();
            tokio::spawn(async move { runner.follow_main().await });
        }
        runner
    }

    /// What is served under a reference, loaded now if it was not.
    pub(crate) async fn line(&self, text: &str) -> Result<Line, ServeError> {
        if let Some(line) = self.known(text) {
            return Ok(line);
        }
        let reference: VersionRef = text.parse().map_err(ResolveError::from)?;
        let cell = self.cell(text);
        let load = || async {
            let line = self.begin(text, reference).await?;
            lock(&self.inner.troubles).remove(text);
            Ok::<_, ServeError>(line)
        };
        let _until_loaded = Begun {
            inner: &self.inner,
            text,
            cell: &cell,
        };
        let loaded = cell.get_or_try_init(load).await.cloned();
        // Only now: names that stand for nothing must not push out those that do.
        if let Ok(line) = &loaded
            && text != ACTIVE
        {
            self.keep(text, line.clone());
        }
        loaded
    }

    fn known(&self, text: &str) -> Option<Line> {
        if text == ACTIVE {
            return self.inner.active.get().cloned();
        }
        lock(&self.inner.served).get(text).cloned()
    }

    /// Where the line of a reference will be. What production gets makes room for nobody.
    fn cell(&self, text: &str) -> Arc<OnceCell<Line>> {
        if text == ACTIVE {
            return Arc::clone(&self.inner.active);
        }
        let mut begun = lock(&self.inner.begun);
        Arc::clone(begun.entry(text.to_owned()).or_default())
    }

    /// Keeps a line until others have no room. Calls of what goes are answered first.
    fn keep(&self, text: &str, line: Line) {
        let replaced = {
            let mut served = lock(&self.inner.served);
            if served.contains(text) {
                return;
            }
            served.push(text.to_owned(), line)
        };
        if let Some((_, gone)) = replaced {
            self.inner.retire(gone);
        }
    }

    async fn begin(&self, text: &str, reference: VersionRef) -> Result<Line, ServeError> {
        let inner = &self.inner;
        let (lineage, view) = view_of(&reference);
        if view != View::Fixed {
            self.follow(&lineage).await?;
        }
        let wanted = inner.registry.resolve(&reference).await?;
        let offer = inner.load(&wanted).await?;
        let catalogue = inner.catalogue(&offer, &view)?;
        let served = Arc::new(Served::new(
            Arc::clone(&inner.core),
            reference,
            view,
            catalogue,
        ));
        let config = EndpointConfig {
            sessions: Arc::new(Connections::new(Arc::clone(&inner.journal), text)),
            body_bytes_max: BODY_BYTES_MAX,
            ..EndpointConfig::default()
        };
        let endpoint = Endpoint::new(Arc::clone(&served), config);
        inner.begin_following(text, &lineage, &served).await?;
        if inner.tenure_of(&lineage).is_some() && served.view != View::Fixed {
            // It is counted among what was taken up.
            inner.moved(&lineage).await?;
        }
        Ok(Line { served, endpoint })
    }

    /// The endpoint of a reference, loaded now if it was not.
    pub(crate) async fn endpoint(&self, text: &str) -> Result<Endpoint<Served>, ServeError> {
        Ok(self.line(text).await?.endpoint)
    }

    /// The endpoints that there are.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint<Served>> {
        let served = lock(&self.inner.served);
        let others = served.iter().map(|(_, line)| line);
        let lines = self.inner.active.get().into_iter().chain(others);
        lines.map(|line| line.endpoint.clone()).collect()
    }

    /// Serves one reference to a single client on standard input and output.
    pub async fn serve_stdio(
        &self,
        text: &str,
        shutdown: CancellationToken,
    ) -> Result<(), ServeStdioError> {
        let line = self.line(text).await?;
        Ok(mcp::serve_stdio(line.served, shutdown).await?)
    }

    /// The same over any stream.
    pub(crate) async fn serve_stream<S>(
        &self,
        text: &str,
        stream: S,
        shutdown: CancellationToken,
    ) -> Result<(), ServeStdioError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let line = self.line(text).await?;
        let (read, write) = tokio::io::split(stream);
        Ok(mcp::serve_streams(line.served, read, write, shutdown).await?)
    }

    /// Loads what production gets before anybody asks. If it cannot be, says whether that may pass.
    pub async fn prepare(&self) -> bool {
        let Err(error) = self.line(ACTIVE).await else {
            self.inner
                .acknowledge_watched(&LineageName::default())
                .await;
            return false;
        };
        let reason = error.to_string();
        tracing::error!(reason, "what is active is not served");
        lock(&self.inner.troubles).insert(ACTIVE.to_owned(), reason);
        error.may_pass()
    }

    /// The same, again and again for as long as that may help.
    pub async fn prepare_until_served(&self) {
        let pause = || sleep(Duration::from_millis(AGAIN_MS));
        while self.prepare().await {
            if self.inner.stop.run_until_cancelled(pause()).await.is_none() {
                return;
            }
        }
    }

    /// Why something is not served at its newest version, by reference.
    pub fn troubles(&self) -> Vec<(String, String)> {
        let troubles = lock(&self.inner.troubles);
        let mut troubles: Vec<_> = troubles.clone().into_iter().collect();
        let tenure = self.inner.tenure.as_ref();
        if let Some(since) = tenure
            .filter(|it| it.was_current())
            .and_then(Tenure::ended_since)
        {
            let seconds = since.as_secs();
            let reason =
                format!("the journal was not heard of for {seconds} s longer than a lease");
            troubles.push(("aliases".to_owned(), reason));
        }
        troubles.sort_unstable();
        troubles
    }

    /// Brings what follows a lineage to what that says now, without waiting to be told.
    pub async fn catch_up(&self) {
        let lineages: Vec<_> = lock(&self.inner.lineages).iter().cloned().collect();
        for lineage in lineages {
            if let Err(error) = self.inner.moved(&lineage).await {
                tracing::warn!(%error, %lineage, "what is new is not served, what was before is");
            }
        }
    }

    /// What was logged in a conversation, as `logs://` says it, and its calls; nothing if that is no
    /// conversation.
    pub async fn logs_of(&self, conversation: &str) -> Result<Option<Value>, String> {
        let lines = crate::builtin::logs(&self.inner.core, conversation).await;
        let Some(mut told) = found(lines.map(|lines| json!({ "lines": lines })))? else {
            return Ok(None);
        };
        let calls = crate::builtin::calls(&self.inner.core, conversation).await;
        told["calls"] = calls.map_err(|failure| failure.to_string())?.into();
        Ok(Some(told))
    }

    /// What a conversation remembers, as `session://` says it.
    pub async fn session_of(&self, conversation: &str) -> Result<Option<Value>, String> {
        found(crate::builtin::session(&self.inner.core, conversation).await)
    }

    /// Events of calls that could not be written since the start.
    pub fn lost_events(&self) -> u64 {
        self.inner.core.recorder.lost()
    }

    /// Lets go of versions that never change and have no client; says how many.
    pub fn release_idle(&self) -> usize {
        let mut served = lock(&self.inner.served);
        let is_idle =
            |Line { served, .. }: &Line| served.view == View::Fixed && !served.has_clients();
        let idle = served.iter().filter(|(_, line)| is_idle(line));
        let idle: Vec<_> = idle.map(|(name, _)| name.clone()).collect();
        for name in &idle {
            served.pop(name);
        }
        idle.len()
    }

    /// Ends what follows the versions and writes the events that wait. Calls come to no answer
    /// after this.
    pub async fn shut_down(&self) {
        self.inner.stop.cancel();
        if let Some(tenure) = &self.inner.tenure {
            tenure.end().await;
        }
        self.inner.recording.cancel();
        let writing = lock(&self.inner.writing).take();
        if let Some(writing) = writing
            && let Err(panic) = writing.await
        {
            tracing::error!(%panic, "events of calls may be lost");
        }
    }

    async fn follow(&self, lineage: &LineageName) -> Result<(), ServeError> {
        if lock(&self.inner.lineages).contains(lineage) {
            return Ok(());
        }
        // Read first: whatever comes after it, the watch tells.
        let manager = &self.inner.registry.manager;
        let newest = manager.newest(lineage).await.map_err(ResolveError::from)?;
        self.follow_from(lineage, newest.event.seq);
        Ok(())
    }

    /// Takes up what happens to a lineage after `seq`, if nobody does yet.
    fn follow_from(&self, lineage: &LineageName, seq: Seq) {
        let manager = &self.inner.registry.manager;
        if !lock(&self.inner.lineages).insert(lineage.clone()) {
            return;
        }
        let (inner, lineage) = (Arc::downgrade(&self.inner), lineage.clone());
        let (mut changes, stop) = (manager.watch(&lineage, seq), self.inner.stop.clone());
        tokio::spawn(async move {
            // What was told last and could not be brought yet.
            let mut behind: Option<HistoryEntry> = None;
            loop {
                let change = tokio::select! {
                    () = stop.cancelled() => return,
                    change = changes.next() => change,
                    () = sleep(Duration::from_millis(AGAIN_MS)), if behind.is_some() => {
                        Ok(behind.take())
                    }
                };
                let entry = match change {
                    Ok(Some(entry)) => entry,
                    Ok(None) => return,
                    Err(error) => {
                        tracing::error!(%error, %lineage, "the moves of a lineage cannot be read");
                        sleep(Duration::from_millis(RETRY_MS)).await;
                        continue;
                    }
                };
                // Whoever released what is behind waits for that, whatever was staged since.
                let entry = match behind.take() {
                    Some(release) if is_of_staging(&entry.event) => release,
                    _ => entry,
                };
                let Some(inner) = inner.upgrade() else { return };
                behind = inner.follow_to(&lineage, entry).await;
            }
        });
    }

    /// Follows what aliases mean from the start on, for whoever moves it waits until that was taken up here.
    async fn follow_main(&self) {
        let main = LineageName::default();
        let pause = || sleep(Duration::from_millis(AGAIN_MS));
        loop {
            match self.follow(&main).await {
                Ok(()) => break,
                Err(ServeError::Resolve(ResolveError::Unknown { .. })) => {
                    self.follow_from(&main, 0);
                    break;
                }
                Err(error) => tracing::warn!(%error, "what is served is followed later"),
            }
            if self.inner.stop.run_until_cancelled(pause()).await.is_none() {
                return;
            }
        }
        // What is there already nobody tells of.
        drop(self.inner.moved(&main).await);
    }

    /// For a reference that may mean something else meanwhile: how long ago it was known what it means, if that is
    /// too long.
    pub(crate) async fn stale_since(&self, text: &str) -> Option<Duration> {
        let tenure = self.inner.tenure.as_ref()?;
        let is_fixed = |reference: &VersionRef| view_of(reference).1 == View::Fixed;
        if tenure.is_current() || text.parse().is_ok_and(|reference| is_fixed(&reference)) {
            return None;
        }
        // It may just have begun, or be taking something up.
        let patience = Duration::from_millis(RENEWAL_MS_MAX);
        let since = tenure.ended_since();
        let is_hopeless = tenure.was_current() && since.is_some_and(|since| since > patience);
        if !is_hopeless && tenure.is_current_within(patience).await {
            return None;
        }
        since
    }
}

impl Inner {
    /// Serves nothing under that name any more. Calls that began are answered first.
    pub(crate) fn forget(&self, name: &str) {
        let gone = lock(&self.served).pop(name);
        if let Some(gone) = gone {
            self.retire(gone);
        }
    }

    fn retire(&self, gone: Line) {
        self.retiring.spawn(async move {
            let patience = Duration::from_millis(RETIRING_MS_MAX);
            gone.endpoint.drain(patience).await;
        });
    }

    /// Loads code in every worker, beside what they have, and says what could be better in it.
    pub(crate) async fn load(&self, wanted: &Wanted) -> Result<Arc<Offer>, ServeError> {
        let offer = self.try_load(wanted).await?;
        for warning in &offer.warnings {
            tracing::warn!(warning, version = %wanted.version, "a tool could be better declared");
        }
        Ok(offer)
    }

    pub(crate) async fn try_load(&self, wanted: &Wanted) -> Result<Arc<Offer>, ServeError> {
        let version = wanted.version.to_string();
        let files = self.files(&wanted.code).await?;
        let hash = files.digest();
        let loaded = self
            .core
            .pool
            .load(&version, &hash.to_string(), files.files().clone())
            .await;
        let code = loaded.map_err(|source| ServeError::Load {
            version: version.clone(),
            source,
        })?;
        let facts = Facts::parse(code.manifest().json());
        let facts = facts.map_err(|source| ServeError::Manifest { version, source })?;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let now = Arc::new(self.snapshot(wanted)?);
        Ok(Arc::new(Offer::new(code, number, hash, files, facts, now)))
    }

    async fn files(&self, source: &Source) -> Result<Arc<FileSet>, ServeError> {
        let hash = match source {
            Source::Nowhere => return Ok(Arc::new(FileSet::default())),
            Source::Files(files) => return Ok(Arc::clone(files)),
            Source::Store(hash) => *hash,
        };
        let store = self.registry.store.clone();
        let read = task::spawn_blocking(move || store.get(hash)).await;
        let files = read.map_err(|panic| ServeError::Broken {
            reason: panic.to_string(),
        })?;
        Ok(Arc::new(files?))
    }

    pub(crate) fn snapshot(&self, wanted: &Wanted) -> Result<Snapshot, ServeError> {
        let state = self.core.pool.load_state(&wanted.state.json);
        let state = state.map_err(|source| ServeError::Load {
            version: wanted.version.to_string(),
            source,
        })?;
        Ok(Snapshot {
            lineage: wanted.lineage.clone(),
            version_text: wanted.version.to_string(),
            version: wanted.version.clone(),
            commit: wanted.commit.clone(),
            revision: wanted.state.revision,
            hash: wanted.state.hash,
            state,
            json: wanted.state.json.clone(),
        })
    }

    pub(crate) fn catalogue(
        &self,
        offer: &Arc<Offer>,
        view: &View,
    ) -> Result<mcp::Catalogue, ServeError> {
        let made = offer::catalogue(offer, view, &self.core.config);
        made.map_err(|source| ServeError::Catalogue {
            version: offer.now.load().version_text.clone(),
            source,
        })
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was looked for, if it is there.
fn found(read: Result<Value, mcp::Failure>) -> Result<Option<Value>, String> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(mcp::Failure::Unknown) => Ok(None),
        Err(failure) => Err(failure.to_string()),
    }
}
