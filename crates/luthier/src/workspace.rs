//! What a workspace brings: code, the first state, its schema, and the migrations between schemas.
//! The highest stable version that is tagged on `main` speaks for the workspace; where there is
//! none, or no git, the folder does as it lies there.

use std::{fs, path::Path};

use bytes::Bytes;
use model::{LineageName, json};
use python::Pool;
use repo::{Bounds, Bundle, FileSet, OpenError, Repo};
use semver::Version;
use serde_json::Value;
use state::{Adoption, CodeRef, Migration, Script, Seed};

use crate::{exit::Exit, failure::Failure};

/// A workspace without a version tag starts with this one.
pub(crate) const VERSION_FIRST: Version = Version::new(0, 1, 0);

pub(crate) const SCHEMA: &str = "state/schema.json";
pub(crate) const STATE: &str = "state/active.state.json";
const MIGRATIONS: &str = "state/migrations/";

/// What a document may be, and what files about documents may be.
const LIMITS: json::Limits = json::Limits {
    bytes_max: 1 << 20,
    depth_max: 64,
};

/// What a workspace holds now.
pub(crate) struct Offered {
    /// Its number, if it is tagged.
    pub(crate) version: Option<Version>,
    commit: Option<String>,
    files: FileSet,
    /// The tools, and what they read.
    pub(crate) code: FileSet,
}

impl Offered {
    /// What a workspace on this machine holds.
    pub(crate) fn of(workspace: &Path) -> Result<Self, Failure> {
        let tagged = match Repo::open(workspace) {
            Ok(repo) => Self::tagged(&repo)?,
            Err(OpenError::NotARepository { .. }) => None,
            Err(error) => return Err(unusable(&error)),
        };
        tagged.map_or_else(|| Self::of_folder(workspace), Ok)
    }

    /// The folder as it lies there.
    pub(crate) fn of_folder(workspace: &Path) -> Result<Self, Failure> {
        let bundle = Bundle::from_folder(workspace, &Bounds::default());
        let bundle = bundle.map_err(|error| unusable(&error))?;
        Ok(Self::of_bundle(&bundle, None, None))
    }

    /// The highest stable version that is tagged on `main`; none if there is no such tag.
    pub(crate) fn tagged(repo: &Repo) -> Result<Option<Self>, Failure> {
        let Some(version) = Self::highest_stable(repo)? else {
            return Ok(None);
        };
        let bundle = repo.bundle(version.commit, &Bounds::default());
        let bundle = bundle.map_err(|error| unusable(&error))?;
        let (number, commit) = (version.number.clone(), version.commit.to_string());
        Ok(Some(Self::of_bundle(&bundle, Some(number), Some(commit))))
    }

    pub(crate) fn highest_stable(repo: &Repo) -> Result<Option<repo::Version>, Failure> {
        let versions = repo.versions().map_err(|error| unusable(&error))?;
        let main = LineageName::default();
        let stable = versions.list.iter().rev();
        let mut stable = stable.filter(|it| it.lineage == main && !it.is_prerelease());
        Ok(stable.next().cloned())
    }

    fn of_bundle(bundle: &Bundle, version: Option<Version>, commit: Option<String>) -> Self {
        for skipped in bundle.skipped() {
            tracing::warn!(path = skipped.path, reason = %skipped.reason, "a file is left out");
        }
        Self {
            version,
            commit,
            files: bundle.set().clone(),
            code: bundle.code(),
        }
    }

    /// What a new lineage begins with.
    pub(crate) fn seed(&self) -> Result<Seed, Failure> {
        Ok(Seed {
            version: self.version.clone().unwrap_or(VERSION_FIRST),
            code: Some(self.code()),
            schema: self.json(SCHEMA)?,
            value: self.json(STATE)?,
        })
    }

    /// What is asked of the state that is there already.
    /// Its migrations in Python run in the workers of `pool`.
    pub(crate) fn wanted(&self, pool: Option<&Pool>) -> Result<Adoption, Failure> {
        Ok(Adoption {
            stamp: None,
            version: self.version.clone(),
            code: Some(self.code()),
            schema: self.json(SCHEMA)?,
            value: None,
            migrations: self.migrations(pool)?,
        })
    }

    fn code(&self) -> CodeRef {
        CodeRef {
            hash: self.code.digest(),
            commit: self.commit.clone(),
        }
    }

    /// The steps that it brings from the state of one version to that of another.
    pub(crate) fn migrations(&self, pool: Option<&Pool>) -> Result<Vec<Migration>, Failure> {
        let script = pool.map_or_else(without_workers, |pool| {
            runner::migrations(pool, &self.files)
        });
        let paths = self.files.files().keys();
        let names = paths.filter_map(|path| path.strip_prefix(MIGRATIONS));
        let mut steps = Vec::new();
        for name in names.filter(|name| !name.contains('/')) {
            if is_named(name, "json") {
                let operations = self.json(&format!("{MIGRATIONS}{name}"))?;
                steps.push(Migration::parse(name, operations)?);
            } else if is_named(name, "py") {
                steps.push(Migration::script(name, script.clone())?);
            }
        }
        Ok(steps)
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

/// What is said where nothing runs Python.
fn without_workers() -> Script {
    Script::new(|_name, _document| {
        let reason = "it is in Python, and no tools run in this process: serve the role `runner`";
        Box::pin(async move { Err(reason.to_owned()) })
    })
}

fn is_named(path: &str, ending: &str) -> bool {
    let extension = Path::new(path).extension();
    extension.is_some_and(|extension| extension == ending)
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
