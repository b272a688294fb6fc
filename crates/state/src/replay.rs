//! State as it stood at one place in the journal, as files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use model::{Digest, LineageName, Revision, Seq};
use serde::Serialize;

use crate::{Document, StateError, StateManager, Target};

/// One file that a replay wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replayed {
    pub lineage: LineageName,
    pub target: Target,
    pub version: semver::Version,
    pub revision: Revision,
    pub hash: Digest,
    pub path: PathBuf,
}

/// Why a replay stopped. What it wrote before is whole.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("could not write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl StateManager {
    /// Writes both documents of every lineage as they were served at `seq`, pins included, below
    /// `into`: `main`'s to `state/`, another's to `lineages/NAME/state/`. The same place gives the
    /// same bytes.
    pub async fn replay(&self, seq: Seq, into: &Path) -> Result<Vec<Replayed>, ReplayError> {
        let mut replayed = Vec::new();
        for lineage in self.lineages().await? {
            let folder = if lineage == LineageName::default() {
                into.join("state")
            } else {
                into.join("lineages").join(lineage.as_str()).join("state")
            };
            for target in Target::ALL {
                let Some(document) = self.document_at(&lineage, target, seq).await? else {
                    continue;
                };
                let path = folder.join(format!("{target}.state.json"));
                write(&path, &document).map_err(|source| ReplayError::Write {
                    path: path.clone(),
                    source,
                })?;
                replayed.push(Replayed {
                    lineage: lineage.clone(),
                    target,
                    version: document.version,
                    revision: document.revision,
                    hash: document.hash,
                    path,
                });
            }
        }
        Ok(replayed)
    }
}

fn write(path: &Path, document: &Document) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, document.to_file_text())
}
