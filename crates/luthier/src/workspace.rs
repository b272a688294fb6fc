//! What the folder of a workspace brings as it lies there, and how its documents are read.

use std::{fs, path::Path};

use bytes::Bytes;
use model::{LineageName, json};
use repo::{Bounds, Bundle, FileSet, Repo};
use serde_json::Value;

use crate::{exit::Exit, failure::Failure};

pub(crate) use release::{SCHEMA, STATE, VERSION_FIRST};

/// What a document may be, and what files about documents may be.
const LIMITS: json::Limits = json::Limits {
    bytes_max: 1 << 20,
    depth_max: 64,
};

/// What the folder of a workspace holds now.
pub(crate) struct Offered {
    files: FileSet,
    /// The tools, and what they read.
    pub(crate) code: FileSet,
}

impl Offered {
    /// The folder as it lies there.
    pub(crate) fn of_folder(workspace: &Path) -> Result<Self, Failure> {
        let bundle = Bundle::from_folder(workspace, &Bounds::default());
        let bundle = bundle.map_err(|error| unusable(&error))?;
        for skipped in bundle.skipped() {
            tracing::warn!(path = skipped.path, reason = %skipped.reason, "a file is left out");
        }
        Ok(Self {
            files: bundle.set().clone(),
            code: bundle.code(),
        })
    }

    /// The highest stable version of `main` that has a tag.
    pub(crate) fn highest_stable(repo: &Repo) -> Result<Option<repo::Version>, Failure> {
        let versions = repo.versions().map_err(|error| unusable(&error))?;
        let main = LineageName::default();
        let stable = versions.list.iter().rev();
        let mut stable = stable.filter(|it| it.lineage == main && !it.is_prerelease());
        Ok(stable.next().cloned())
    }

    pub(crate) fn find(&self, path: &str) -> Option<&Bytes> {
        self.files.find(path)
    }

    pub(crate) fn json(&self, path: &str) -> Result<Value, Failure> {
        let Some(text) = self.files.find(path) else {
            let message = format!("the workspace has no `{path}`");
            let failure = Failure::new("incomplete_workspace", Exit::Invalid, message);
            return Err(failure.with_hint("`luthier init` shows what a workspace holds".to_owned()));
        };
        check_size(path, text.len() as u64)?;
        parse_json(text, &format!("`{path}`"))
    }
}

fn unusable(error: &dyn std::error::Error) -> Failure {
    let reason = crate::up::chain(error);
    Failure::new("workspace_unreadable", Exit::Invalid, reason)
}

fn check_size(path: &str, bytes: u64) -> Result<(), Failure> {
    if bytes <= LIMITS.bytes_max as u64 {
        return Ok(());
    }
    let message = format!(
        "`{path}` is {bytes} bytes, {} are allowed",
        LIMITS.bytes_max
    );
    Err(Failure::new("too_large", Exit::Invalid, message))
}

/// The JSON of a file, read strictly.
pub(crate) fn read_json(path: &Path) -> Result<Value, Failure> {
    let failed = |error| Failure::io(&format!("read `{}`", path.display()), error);
    let bytes = fs::metadata(path).map_err(failed)?.len();
    let shown = path.display().to_string();
    check_size(&shown, bytes)?;
    let text = fs::read(path).map_err(failed)?;
    parse_json(&text, &format!("`{shown}`"))
}

/// The JSON of an argument or a file; `what` says which.
pub(crate) fn parse_json(text: &[u8], what: &str) -> Result<Value, Failure> {
    json::parse(text, &LIMITS).map_err(|error| {
        Failure::new(
            "bad_json",
            Exit::Invalid,
            format!("{what} is not JSON: {error}"),
        )
        .with_hint("check it with `python3 -m json.tool`".to_owned())
    })
}
