//! The files of a version.

use model::VersionRef;
use repo::Bounds;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{LookupError, Registry};

/// What a version is made of.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VersionFiles)]
pub struct Files {
    pub version: String,
    pub lineage: String,
    pub commit_hash: String,
    /// By path.
    pub files: Vec<File>,
    /// What could not be taken in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// What was asked for always means these.
    #[serde(skip)]
    pub(crate) is_final: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VersionFile)]
pub struct File {
    pub path: String,
    pub bytes: u64,
    /// What git calls its content.
    pub hash: String,
    pub is_executable: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SkippedVersionFile)]
pub struct Skipped {
    pub path: String,
    pub reason: String,
}

impl Registry {
    /// The files of the version that `reference` means.
    pub async fn files(&self, reference: &VersionRef) -> Result<Files, LookupError> {
        let (index, id) = self.look_up(reference).await?;
        let is_final = index.is_lasting(reference, id);
        self.reading(move |registry| {
            let version = index.version(id);
            let bounds = Bounds::default();
            let tree = registry.repo()?.version_tree(version.commit, &bounds)?;
            let files = tree.files.into_iter().map(|file| File {
                hash: file.hash(),
                path: file.path,
                bytes: file.bytes,
                is_executable: file.is_executable,
            });
            let skipped = tree.skipped.into_iter().map(|skipped| Skipped {
                path: skipped.path,
                reason: skipped.reason.to_string(),
            });
            Ok(Files {
                version: version.number.to_string(),
                lineage: version.lineage.to_string(),
                commit_hash: version.commit.to_string(),
                files: files.collect(),
                skipped: skipped.collect(),
                is_final,
            })
        })
        .await
    }
}
