//! What attachments name, where it is kept in this process.

use std::sync::Arc;

use architect::attachments::{SourceError, Sources, StateDocument, Uri};
use async_trait::async_trait;
use bytes::Bytes;
use model::LineageName;
use repo::{Bounds, CommitId, Repo};
use runner::Runner;
use serde_json::Value;
use state::{StateManager, Target};
use tokio::task::spawn_blocking;
use vault::{EvalFile, EvalStore, Store};

/// Where a version keeps what its tools read.
const ASSETS: &str = "state/assets/";

pub(super) struct StoredSources {
    manager: StateManager,
    store: Store,
    runner: Option<Runner>,
    repo: Arc<Repo>,
}

impl StoredSources {
    pub(super) fn new(
        manager: StateManager,
        store: Store,
        runner: Option<Runner>,
        repo: Arc<Repo>,
    ) -> Self {
        Self {
            manager,
            store,
            runner,
            repo,
        }
    }

    async fn state(&self, which: StateDocument) -> Result<Bytes, SourceError> {
        let target = match which {
            StateDocument::Active => Target::Active,
            StateDocument::Staging => Target::Staging,
        };
        let document = self.manager.document(&LineageName::default(), target).await;
        let document = document.map_err(|error| unavailable(Box::new(error)))?;
        Ok(Bytes::from(document.value.to_string()))
    }

    fn runner(&self) -> Result<&Runner, SourceError> {
        self.runner.as_ref().ok_or_else(|| SourceError::Refused {
            reason: "no Runner serves here, which keeps logs and sessions".to_owned(),
        })
    }

    /// A file of the newest results.
    async fn eval(&self, name: &str) -> Result<Bytes, SourceError> {
        let file = EvalFile::ALL.into_iter().find(|file| file.name() == name);
        let file = file.ok_or_else(|| SourceError::Unknown {
            known: EvalFile::ALL
                .iter()
                .map(|file| file.name().to_owned())
                .collect(),
        })?;
        let commit = self.head().await?;
        let evals = EvalStore::new(self.store.clone());
        let read = spawn_blocking(move || evals.get(&commit.to_string(), file, None));
        let read = read.await.map_err(|panic| unavailable(Box::new(panic)))?;
        let found = read.map_err(|error| unavailable(Box::new(error)))?;
        found
            .map(Bytes::from)
            .ok_or_else(|| SourceError::Unknown { known: Vec::new() })
    }

    async fn asset(&self, name: &str) -> Result<Bytes, SourceError> {
        let (commit, repo) = (self.head().await?, self.repo.clone());
        let read = spawn_blocking(move || repo.bundle(commit, &Bounds::default()));
        let read = read.await.map_err(|panic| unavailable(Box::new(panic)))?;
        let bundle = read.map_err(|error| unavailable(Box::new(error)))?;
        let files = bundle.set().files();
        let known = files.keys().filter_map(|path| path.strip_prefix(ASSETS));
        files
            .get(&format!("{ASSETS}{name}"))
            .cloned()
            .ok_or_else(|| SourceError::Unknown {
                known: known.map(str::to_owned).collect(),
            })
    }

    async fn head(&self) -> Result<CommitId, SourceError> {
        let root = self.manager.root(&LineageName::default()).await;
        let root = root.map_err(|error| unavailable(Box::new(error)))?;
        let commit = root.code.and_then(|code| code.commit);
        let commit = commit.and_then(|commit| commit.parse().ok());
        commit.ok_or_else(|| SourceError::Refused {
            reason: "what serves has no commit".to_owned(),
        })
    }

    async fn object(&self, bucket: &str, key: &str) -> Result<Bytes, SourceError> {
        let store = self.store.clone();
        let uri = format!("s3://{bucket}/{key}");
        let key = key.to_owned();
        let read = spawn_blocking(move || {
            // Only what this vault has itself: its keys are not for other buckets.
            let parsed: vault::Key = key.parse().map_err(|_odd| None)?;
            if store.uri(&parsed) != uri {
                return Err(None);
            }
            store.get(&parsed).map_err(Some)
        });
        let read = read.await.map_err(|panic| unavailable(Box::new(panic)))?;
        match read {
            Ok(Some(bytes)) => Ok(Bytes::from(bytes)),
            Ok(None) => Err(SourceError::Unknown { known: Vec::new() }),
            Err(Some(error)) => Err(unavailable(Box::new(error))),
            Err(None) => Err(SourceError::Refused {
                reason: "only objects of this server's own vault are read".to_owned(),
            }),
        }
    }
}

#[async_trait]
impl Sources for StoredSources {
    async fn read(&self, uri: &Uri) -> Result<Bytes, SourceError> {
        match uri {
            Uri::Logs(id) => told(self.runner()?.logs_of(id).await),
            Uri::Session(id) => told(self.runner()?.session_of(id).await),
            Uri::State(which) => self.state(*which).await,
            Uri::Eval(name) => self.eval(name).await,
            Uri::Asset(name) => self.asset(name).await,
            Uri::S3 { bucket, key } => self.object(bucket, key).await,
            Uri::Https(_) | Uri::File(_) => Err(SourceError::Refused {
                reason: "it is none of this server's stores".to_owned(),
            }),
        }
    }
}

fn told(found: Result<Option<Value>, String>) -> Result<Bytes, SourceError> {
    match found {
        Ok(Some(value)) => Ok(Bytes::from(value.to_string())),
        Ok(None) => Err(SourceError::Unknown { known: Vec::new() }),
        Err(reason) => Err(unavailable(reason.into())),
    }
}

fn unavailable(source: Box<dyn std::error::Error + Send + Sync>) -> SourceError {
    SourceError::Unavailable { source }
}
