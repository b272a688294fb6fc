//! The serving side: workers, what they have loaded, and the calls that wait for them.
//!
//! ```no_run
//! # async fn serve(files: std::collections::BTreeMap<String, bytes::Bytes>) -> Result<(), Box<dyn std::error::Error>> {
//! use python::{CallRequest, Pool, Settings};
//!
//! // The program that ships runs `python::worker_main` as its hidden subcommand.
//! let program = std::env::current_exe()?;
//! let pool = Pool::start(Settings::new(program, ["python-worker".into()]))?;
//!
//! let code = pool.load("v1.4.2", "sha256 of the files", files).await?;
//! let state = pool.load_state(br#"{"greeting":"hello"}"#)?;
//! let mut request = CallRequest::tool(&code, &state, "greet", br#"{"name":"you"}"#.as_slice());
//! request.version = "1.4.2".to_owned();
//! let answer = pool.call(request).await?;
//! println!("{}", String::from_utf8_lossy(&answer.value));
//! # Ok(())
//! # }
//! ```
//!
//! * **Code and state** are loaded apart, and a call names one of each, so a promote of state loads
//!   no code. [`Code`] and [`State`] are handles: keep one for as long as the version may be
//!   called, and drop it when it is retired; calls in flight hold their own. To switch versions,
//!   load the new one beside the old, then swap what new calls name. [`Pool::load`] has asked every
//!   worker that is not busy; a busy one loads it before its next call. A failed load has changed
//!   nothing.
//! * **Which worker** runs a call is the declaration's business: plain functions run one at a time
//!   in each of [`Settings::workers`]; those declared blocking have workers of their own; `async
//!   def` ones take turns in one. So a crash in a plain tool ends that call alone. One in an `async
//!   def` tool ends those that take turns with it, as [`CallError::Collateral`].
//! * **A call ends once**: with its value, with what it raised, or with a reason why not. At its
//!   deadline it gets an exception, and a moment later its worker is killed. Dropping the future of
//!   [`Pool::call`] cancels the call in the same way. Nothing that was started is run again.
//! * **While it runs**, a call tells [`CallRequest::events`] what it logs and how far it is. What a
//!   tool asks of `ctx.call` comes there too, as [`Events::call_tool`]: make another
//!   [`CallRequest`] with the [`NestedCall`]'s `within` and the same code and state, and give back
//!   its value. It runs in the worker that waits for it, where that is possible, ends with the
//!   outer call at the latest, and is cancelled when that ends.
//! * **Load** is shed, not stored: more than [`Settings::queue_max`] waiting calls of a class are
//!   refused as [`CallError::Overloaded`].
//! * **Scripts** are functions of the version's files that nobody serves, such as those that judge
//!   a test or lead a document from one schema to the next: [`CallRequest::script`]. Files without
//!   any module to serve are loaded like any others, and offer nothing else.
//! * **Which lines ran** is told to [`CallRequest::events`] of a call that asks for it, those of
//!   `async def` tools and of threads that it started included; of a call that was killed, nothing
//!   is known. [`CallRequest::lines`] says which could.
//! * **Third-party packages**: code with a `tools/requirements.txt` gets them from
//!   [`Settings::wheels`] and has workers of its own, because a C extension cannot live twice in a
//!   process.
//! * **Rails** ([`Settings::rails`]) hold workers to reading and computing, whatever their code is:
//!   nothing else is asked of the code, and what it may import does not change.

mod call;
mod code;
mod ended;
mod environment;
mod failure;
mod fleet;
mod fleets;
mod job;
mod lane;
mod log;
mod manifest;
mod nest;
mod process;
mod rails;
mod receive;
mod seat;
mod settings;
mod spawner;
mod staff;
mod warden;
mod wheels;

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use model::Digest;

pub use call::{
    Answer, CallEvent, CallKind, CallRequest, Events, Lines, LogEvent, NestedCall, NestedFuture,
    Progress, Within,
};
pub use code::{Code, State};
pub use failure::{CallError, Crash, LoadError, LoadProblem, Raised};
pub use fleet::Worker;
pub use manifest::Manifest;
pub use process::greet;
pub use settings::{Settings, Wheels};

use crate::frame::BODY_BYTES_MAX;

use self::{
    code::{Contents, Document},
    fleets::Fleets,
    spawner::Spawner,
};

/// Worker processes that run Python for this one. Clones are handles of the same pool; the workers
/// end when the last is gone.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Arc<Settings>,
    numbers: AtomicU64,
    fleets: Arc<Fleets>,
    loaded: Mutex<HashMap<String, Weak<Contents>>>,
    /// One load at a time: the next one may be of the same code.
    loading: tokio::sync::Mutex<()>,
}

impl Pool {
    /// Starts the workers; they become ready by themselves, and calls wait for them. Has to be
    /// called inside a runtime.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let settings = Arc::new(settings);
        let fleets = Fleets::start(Arc::clone(&settings), Spawner::start()?);
        let inner = Inner {
            settings,
            numbers: AtomicU64::new(1),
            fleets: Arc::new(fleets),
            loaded: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Loads code in every worker that may run it: `files` by path, with modules in
    /// [`Settings::folder`]. `hash` stands for the files: what is loaded already is shared. `label` is
    /// how people know the version, such as its number.
    ///
    /// Nothing changes for anybody if one worker cannot load it. One without other work tries
    /// first, so code that crashes or hangs harms no call.
    pub async fn load(
        &self,
        label: &str,
        hash: &str,
        files: BTreeMap<String, Bytes>,
    ) -> Result<Code, LoadError> {
        if let Some(known) = self.find_loaded(hash) {
            return Ok(known);
        }
        let packages = self.packages(&files).await?;
        let _one_at_a_time = self.inner.loading.lock().await;
        if let Some(known) = self.find_loaded(hash) {
            return Ok(known);
        }
        let fleet = self.inner.fleets.with(packages.as_deref());
        let number = self.number();
        let contents = fleet.load(number, label, hash, &files).await?;
        let mut loaded = lock(&self.inner.loaded);
        loaded.retain(|_, code| code.strong_count() != 0);
        loaded.insert(hash.to_owned(), Arc::downgrade(&contents));
        Ok(Code(contents))
    }

    /// The code that was loaded by this hash, as long as somebody holds it.
    pub fn find_loaded(&self, hash: &str) -> Option<Code> {
        let loaded = lock(&self.inner.loaded);
        loaded.get(hash).and_then(Weak::upgrade).map(Code)
    }

    /// Makes a document known: the bytes of a JSON value. Workers parse it when they first need it;
    /// a call of one that Python cannot parse is refused.
    pub fn load_state(&self, document: &[u8]) -> Result<State, LoadError> {
        let bytes = document.len();
        if bytes > BODY_BYTES_MAX {
            let limit = BODY_BYTES_MAX;
            return Err(LoadError::TooLarge { bytes, limit });
        }
        let document = Document::new(self.number(), document, &self.inner.fleets);
        Ok(State(Arc::new(document)))
    }

    /// Runs one call to its end. Dropping the future cancels it.
    pub async fn call(&self, request: CallRequest) -> Result<Answer, CallError> {
        request.check_size()?;
        let fleet = Arc::clone(request.code.fleet());
        fleet.call(self.number(), request).await
    }

    /// Waits until the workers of code without third-party packages are up; an error when they do
    /// not start.
    pub async fn ready(&self) -> Result<(), LoadError> {
        self.inner.fleets.plain.ready().await
    }

    /// The processes that are up now.
    pub fn workers(&self) -> Vec<Worker> {
        let fleets = self.inner.fleets.all();
        fleets.iter().flat_map(|fleet| fleet.workers()).collect()
    }

    /// How many calls wait for a worker.
    pub fn waiting(&self) -> usize {
        let fleets = self.inner.fleets.all();
        fleets.iter().map(|fleet| fleet.waiting()).sum()
    }

    /// The bounds that it was started with.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Names the third-party packages that the files ask for, down to the builds that are installed
    /// here; they are installed if they are not there. `None` where nothing is asked for.
    pub async fn packages_digest(
        &self,
        files: &BTreeMap<String, Bytes>,
    ) -> Result<Option<Digest>, LoadError> {
        let Some(folder) = self.packages(files).await? else {
            return Ok(None);
        };
        let read = tokio::task::spawn_blocking(move || wheels::digest(folder.as_ref()));
        let digest = read.await.map_err(io::Error::other).flatten();
        digest.map(Some).map_err(|error| LoadError::Wheels {
            reason: format!("what is installed cannot be read: {error}"),
        })
    }

    /// The folder with the packages that the files ask for, if they do.
    async fn packages(&self, files: &BTreeMap<String, Bytes>) -> Result<Option<String>, LoadError> {
        let requirements = files.get(wheels::REQUIREMENTS);
        let Some(requirements) = requirements.filter(|text| wheels::names_any(text)) else {
            return Ok(None);
        };
        let Some(wheels) = &self.inner.settings.wheels else {
            let reason = "third-party packages are switched off here".to_owned();
            return Err(LoadError::Wheels { reason });
        };
        let folder = wheels::install(wheels, requirements).await?;
        let folder = folder.into_os_string().into_string();
        folder.map(Some).map_err(|folder| LoadError::Wheels {
            reason: format!("the folder {} is not named in UTF-8", folder.display()),
        })
    }

    fn number(&self) -> u64 {
        self.inner.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

/// Locks even after a panic elsewhere: what is behind the locks is changed in single steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
