//! What a commit holds, as far as a version is concerned.

use std::{ffi::OsStr, path::Path};

use bytes::Bytes;
use model::json;
use repo::{Bounds, Bundle, CommitId, FileSet, Repo};
use serde_json::Value;
use state::{Migration, Script};

use crate::ReleaseError;

/// Where a version says what its state is, and what it may be.
pub const STATE: &str = "state/active.state.json";
pub const SCHEMA: &str = "state/schema.json";
const MIGRATIONS: &str = "state/migrations/";

/// Files about documents are bounded like documents.
const LIMITS: json::Limits = json::Limits {
    bytes_max: 1 << 20,
    depth_max: 64,
};

/// The files of a version, with those that are read here.
#[derive(Clone, Debug)]
pub struct Content {
    pub files: FileSet,
    /// The files that workers load.
    pub code: FileSet,
    pub schema: Value,
    pub state: Value,
}

impl Content {
    /// What a bundle holds.
    pub fn of(bundle: &Bundle) -> Result<Self, ReleaseError> {
        Self::of_files(bundle.set().clone())
    }

    pub(crate) fn of_files(files: FileSet) -> Result<Self, ReleaseError> {
        Ok(Self {
            schema: read(&files, SCHEMA)?,
            state: read(&files, STATE)?,
            code: files.code(),
            files,
        })
    }

    /// Reads a commit. Blocks on the disk.
    pub fn load(repo: &Repo, commit: CommitId) -> Result<Self, ReleaseError> {
        Self::of(&repo.bundle(commit, &Bounds::default())?)
    }

    /// The same with another state.
    #[must_use]
    pub fn with_state(mut self, state: Value) -> Self {
        if state != self.state {
            let mut files = self.files.files().clone();
            files.insert(STATE.to_owned(), state_text(&state));
            self.files = FileSet::new(files);
            self.state = state;
        }
        self
    }
}

/// The document as it lies in a version: for people, a member a line.
pub fn state_text(state: &Value) -> Bytes {
    let mut text = serde_json::to_string_pretty(state).expect("JSON is written as JSON");
    text.push('\n');
    Bytes::from(text)
}

/// The migrations between states that a version carries; those in Python are run by `script`.
pub(crate) fn migrations(files: &FileSet, script: &Script) -> Result<Vec<Migration>, ReleaseError> {
    let mut steps = Vec::new();
    for (path, text) in files.files() {
        let Some(name) = path.strip_prefix(MIGRATIONS) else {
            continue;
        };
        let extension = Path::new(name).extension().and_then(OsStr::to_str);
        match extension.filter(|_| !name.contains('/')) {
            Some("json") => {
                let operations =
                    json::parse(text, &LIMITS).map_err(|error| ReleaseError::BadMigration {
                        name: name.to_owned(),
                        reason: error.to_string(),
                    })?;
                steps.push(Migration::parse(name, operations)?);
            }
            Some("py") => steps.push(Migration::script(name, script.clone())?),
            _ => {}
        }
    }
    Ok(steps)
}

fn read(files: &FileSet, path: &'static str) -> Result<Value, ReleaseError> {
    let text = files.find(path).ok_or(ReleaseError::Incomplete { path })?;
    json::parse(text, &LIMITS).map_err(|error| ReleaseError::BadJson {
        path,
        reason: error.to_string(),
    })
}
