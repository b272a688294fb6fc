//! The serving side: workers, what they have loaded, and the calls that wait for them.

mod call;
mod code;
mod failure;
mod fleet;
mod job;
mod lane;
mod manifest;
mod process;
mod receive;
mod seat;
mod settings;
mod spawner;
mod warden;

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

pub use call::{
    Answer, CallEvent, CallKind, CallRequest, Events, LogEvent, NestedCall, NestedFuture, Progress,
    Within,
};
pub use code::{Code, State};
pub use failure::{CallError, Crash, LoadError, LoadProblem, Raised};
pub use manifest::Manifest;
pub use settings::Settings;

use self::{
    code::{Contents, Document},
    fleet::Fleet,
    spawner::Spawner,
};

/// Worker processes that run Python for this one.
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Arc<Settings>,
    spawner: Arc<Spawner>,
    numbers: AtomicU64,
    /// Workers by the third-party packages on their search path. Those without any stay for good.
    plain: Arc<Fleet>,
    special: Mutex<HashMap<Vec<String>, Weak<Fleet>>>,
    loaded: Mutex<HashMap<(String, Vec<String>), Weak<Contents>>>,
    /// One load at a time: the next one may be of the same code.
    loading: tokio::sync::Mutex<()>,
    end: CancellationToken,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

impl Pool {
    /// Starts the workers; they become ready by themselves, and calls wait for them. Has to be
    /// called inside a runtime.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let settings = Arc::new(settings);
        let spawner = Arc::new(Spawner::start()?);
        let end = CancellationToken::new();
        let plain = Fleet::start(&settings, &spawner, Vec::new(), &end);
        let inner = Inner {
            settings,
            spawner,
            numbers: AtomicU64::new(1),
            plain,
            special: Mutex::default(),
            loaded: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
            end,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Loads code in every worker that may run it: `files` by path, modules below
    /// `tools/runner/`, with `paths` in front of the search path. Nothing changes for anybody if
    /// one worker cannot load it. What is loaded already is shared.
    ///
    /// A worker without other work tries first, so code that crashes or hangs harms no call.
    pub async fn load(
        &self,
        label: &str,
        hash: &str,
        files: BTreeMap<String, Bytes>,
        paths: Vec<String>,
    ) -> Result<Code, LoadError> {
        let _one_at_a_time = self.inner.loading.lock().await;
        let key = (hash.to_owned(), paths);
        if let Some(known) = lock(&self.inner.loaded).get(&key).and_then(Weak::upgrade) {
            return Ok(Code(known));
        }
        let fleet = self.fleet(&key.1);
        let number = self.number();
        let contents = fleet.load(number, label, hash, &files).await?;
        let mut loaded = lock(&self.inner.loaded);
        loaded.retain(|_, code| code.strong_count() != 0);
        loaded.insert(key, Arc::downgrade(&contents));
        Ok(Code(contents))
    }

    /// Makes a document known: the bytes of a JSON value. Workers parse it when they first need it.
    pub fn load_state(&self, document: Bytes) -> State {
        State(Arc::new(Document::new(
            self.number(),
            document,
            &self.inner.plain,
        )))
    }

    /// Runs one call to its end. Dropping the future cancels it.
    pub async fn call(&self, request: CallRequest) -> Result<Answer, CallError> {
        let fleet = Arc::clone(request.code.fleet());
        fleet.call(self.number(), request).await
    }

    /// Waits until the workers that serve plain code are ready.
    pub async fn ready(&self) {
        self.inner.plain.ready().await;
    }

    /// The processes that are up now, with their resident memory in bytes.
    pub fn workers(&self) -> Vec<(u32, u64)> {
        let special: Vec<_> = lock(&self.inner.special)
            .values()
            .filter_map(Weak::upgrade)
            .collect();
        special
            .iter()
            .chain([&self.inner.plain])
            .flat_map(|fleet| fleet.workers())
            .collect()
    }

    fn fleet(&self, paths: &[String]) -> Arc<Fleet> {
        if paths.is_empty() {
            return Arc::clone(&self.inner.plain);
        }
        let mut special = lock(&self.inner.special);
        special.retain(|_, fleet| fleet.strong_count() != 0);
        if let Some(known) = special.get(paths).and_then(Weak::upgrade) {
            return known;
        }
        let Inner {
            settings,
            spawner,
            end,
            ..
        } = &*self.inner;
        let fleet = Fleet::start(settings, spawner, paths.to_vec(), end);
        special.insert(paths.to_vec(), Arc::downgrade(&fleet));
        fleet
    }

    fn number(&self) -> u64 {
        self.inner.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

/// Locks even after a panic elsewhere: what is behind the locks is changed in single steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
