//! A version that is not released yet, served by a Runner of its own over a journal that nobody
//! keeps, so that it can be proved before anything of it is published.

use std::{io, path::Path, sync::Arc};

use jiff::Timestamp;
use journal::{OpenError, OpenJournal as _, OpenOptions, SqliteJournal};
use model::{LineageName, VersionRef};
use python::{CallError, CallRequest, Lines, Pool};
use repo::FileSet;
use semver::Version;
use serde_json::Value;
use state::{Author, CodeRef, Seed, StateError, StateManager};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use vault::{ArrayStore, Store, Vault, VaultError};

use crate::{
    code::{CodeError, CodeStore},
    config::RunnerConfig,
    logs::LogHistory,
    runner::{Runner, RunnerParts, ServeError},
};

/// What a connection holds of messages that the other side has not read.
const STREAM_BYTES_MAX: usize = 64 << 10;

/// A version as it would be released.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// All that the version would carry; its code is a part of it.
    pub files: FileSet,
    pub version: Version,
    /// The schema of its state.
    pub schema: Value,
    /// Its active state, which has to satisfy the schema.
    pub state: Value,
    /// Where arrays are that its state names, if there may be any.
    pub arrays: Option<ArrayStore>,
}

/// A version that nobody released, being served.
///
/// It is a real [`Runner`] over a journal and a vault in a temporary folder, which goes with it.
/// Speak MCP to it over as many [`Candidate::connect`] as there is work for, then
/// [`Candidate::shut_down`]; whoever drops it instead cuts its calls off. The workers are those of
/// the pool that it was started with, so a candidate and its base can share one: what is loaded of
/// either is let go of with it.
///
/// A call may be a case of a test ([`RunnerConfig::takes_cases`]): `_meta["luthier/case"]` may have
/// `state`, a merge patch on the active state that holds for this call and those that it makes;
/// `seed`, which `ctx.rng` draws from; and `coverage: true`, which is answered, however the call
/// ends unless its worker is killed, with the lines that ran, by file, in
/// `_meta["luthier/coverage"]`. [`Candidate::executable_lines`] says which could. The tool `_score`,
/// which is not listed, calls `scorer`, a function of the version's tests such as
/// `tests/scorers.py:same`, with `args`, `value` and `case`, and answers `{"score": 0..1}`.
pub struct Candidate {
    runner: Runner,
    journal: Arc<SqliteJournal>,
    version: Version,
    tools: Vec<CandidateTool>,
    connections: TaskTracker,
    stop: CancellationToken,
    /// Last, so that whatever has a file open in it goes before.
    folder: TempDir,
}

/// A tool of a candidate, with the schemas that its author declared: without the
/// `conversation_id` that clients see in them.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateTool {
    pub name: String,
    pub input_schema: Value,
    pub output_schema: Value,
    /// Does it take the `conversation_id` that it continues?
    pub is_stateful: bool,
}

/// Why a version cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum CandidateError {
    #[error("the candidate cannot be served")]
    Serve(#[from] ServeError),
    #[error("the candidate's state cannot be used")]
    State(#[from] StateError),
    #[error("the candidate's scratch journal cannot be made")]
    Journal(#[from] OpenError),
    #[error("the candidate's scratch vault cannot be made")]
    Vault(#[from] VaultError),
    #[error("the candidate's code cannot be kept in its scratch vault")]
    Code(#[from] CodeError),
    #[error("the lines of the candidate are not known")]
    Call(#[from] CallError),
    #[error("the lines of the candidate cannot be read")]
    Lines(#[source] serde_json::Error),
    #[error("the candidate's scratch folder cannot be made")]
    Folder(#[source] io::Error),
}

impl Candidate {
    /// Loads `proposed` in the workers of `pool`, beside whatever they have, and serves it within
    /// the bounds of `config`. Has to be called inside a runtime.
    pub async fn start(
        pool: Pool,
        config: &RunnerConfig,
        proposed: Proposed,
    ) -> Result<Self, CandidateError> {
        let Proposed {
            files,
            version,
            schema,
            state,
            arrays,
        } = proposed;
        let code = files.code();
        let code_ref = CodeRef {
            hash: code.digest(),
            commit: None,
        };
        let Scratch {
            folder,
            journal,
            store,
            history,
        } = task::spawn_blocking(move || Scratch::new(&code))
            .await
            .map_err(|panic| CandidateError::Folder(io::Error::other(panic)))??;
        let manager = StateManager::new(journal.clone(), Arc::new(Timestamp::now));
        let seed = Seed {
            facts: serde_json::Map::new(),
            version: version.clone(),
            code: Some(code_ref),
            schema,
            value: state,
        };
        let lineage = LineageName::default();
        manager.open(&lineage, seed, &Author::default()).await?;
        let parts = RunnerParts {
            journal: journal.clone(),
            manager,
            store,
            git: None,
            pool,
            history,
            arrays,
            tenure: None,
        };
        let config = RunnerConfig {
            takes_cases: true,
            ..config.clone()
        };
        let runner = Runner::start_of(parts, config, &files);
        let loaded = runner.line(&reference(&version)).await;
        let mut candidate = Self {
            tools: Vec::new(),
            runner,
            journal,
            version,
            connections: TaskTracker::new(),
            stop: CancellationToken::new(),
            folder,
        };
        match loaded {
            Ok(line) => {
                candidate.tools = line.tools();
                Ok(candidate)
            }
            Err(error) => {
                candidate.shut_down().await;
                Err(error.into())
            }
        }
    }

    /// The version that it is tried as.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Where its journal and its vault are, while it is there.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it offers, by name.
    pub fn tools(&self) -> &[CandidateTool] {
        &self.tools
    }

    /// The lines that calls could run, by file: those of the functions below `tools/`.
    pub async fn executable_lines(&self) -> Result<Lines, CandidateError> {
        let line = self.runner.line(&reference(&self.version)).await?;
        let offer = line.served.offer();
        let request = CallRequest::lines(&offer.code, &offer.now.load().state);
        let answer = line.served.core.pool.call(request).await?;
        serde_json::from_slice(&answer.value).map_err(CandidateError::Lines)
    }

    /// A connection of its own, for an MCP client: one JSON message a line, as on standard input
    /// and output. It ends when it is dropped, or when the candidate goes.
    pub fn connect(&self) -> impl AsyncRead + AsyncWrite + Send + Unpin + use<> {
        let (near, far) = tokio::io::duplex(STREAM_BYTES_MAX);
        let (runner, stop) = (self.runner.clone(), self.stop.child_token());
        let reference = reference(&self.version);
        self.connections.spawn(async move {
            if let Err(error) = runner.serve_stream(&reference, far, stop).await {
                tracing::warn!(%error, "a connection to a candidate ended badly");
            }
        });
        near
    }

    /// Ends the connections, lets go of the code and removes what was written.
    pub async fn shut_down(self) {
        self.stop.cancel();
        self.connections.close();
        self.connections.wait().await;
        self.runner.shut_down().await;
        self.journal.close().await;
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The name that a candidate is served under: exactly, for it changes no more.
fn reference(version: &Version) -> String {
    let lineage = None;
    let version = version.clone();
    VersionRef::Exact { lineage, version }.to_string()
}

/// What a Runner cannot do without, in a folder that goes with the candidate.
struct Scratch {
    folder: TempDir,
    journal: Arc<SqliteJournal>,
    store: CodeStore,
    history: LogHistory,
}

impl Scratch {
    fn new(code: &FileSet) -> Result<Self, CandidateError> {
        let folder = tempfile::Builder::new()
            .prefix("luthier-candidate-")
            .tempdir();
        let folder = folder.map_err(CandidateError::Folder)?;
        let journal = SqliteJournal::open(OpenOptions {
            // Nothing in it outlives the candidate, so no power cut takes anything away.
            synchronous: "OFF",
            ..OpenOptions::new(folder.path().join("journal.db"))
        })?;
        let vault = Arc::new(Vault::open(folder.path().join("vault"))?);
        let store = CodeStore::new(Store::of_folder(vault.clone()));
        store.put(code)?;
        Ok(Self {
            history: LogHistory::new(folder.path().join("logs"), vault),
            folder,
            journal,
            store,
        })
    }
}
