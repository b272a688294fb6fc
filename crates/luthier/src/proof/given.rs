//! The version to prove: the working tree, or what git has under a name.

use std::path::Path;

use harness::{Budgets, Contents, Tested};
use model::{Digest, LineageName, VersionRef};
use repo::{Bounds, Bundle, FileSet, OpenError, Repo};
use runner::Proposed;
use semver::{Prerelease, Version};
use serde_json::Value;
use triggers::LiveBudgets;

use crate::{
    exit::Exit,
    failure::Failure,
    session::WORKSPACE_FILE,
    up::chain,
    workspace::{SCHEMA, STATE, VERSION_FIRST, parse_json},
};

/// What a change is counted in; more tests are never too large a change.
const CHANGED_PARTS: [&str; 2] = ["tools/", "state/"];

/// Where cases, snapshots and scorers are.
const TESTS: &str = "tests/";

/// The files of a version, and what they are compared with.
pub(crate) struct Given {
    pub(crate) files: FileSet,
    pub(crate) version: Version,
    pub(crate) lineage: LineageName,
    /// None for a working tree.
    pub(crate) commit: Option<String>,
    pub(crate) base: Base,
}

/// The version before.
pub(crate) enum Base {
    /// There never was one.
    None,
    Version(Box<Given>),
    /// There may have been, but nobody knows.
    Unknown,
}

impl Given {
    /// The folder as it lies there; its base is the highest stable version of `main`.
    pub(crate) fn of_folder(workspace: &Path) -> Result<Self, Failure> {
        let bundle = Bundle::from_folder(workspace, &Bounds::default());
        let files = bundle.map_err(|error| unusable(&error))?.set().clone();
        let base = match Repo::open(workspace) {
            Ok(repo) => Self::base(&repo, None)?,
            Err(OpenError::NotARepository { .. }) => Base::None,
            Err(error) => return Err(unusable(&error)),
        };
        let mut version = match &base {
            Base::Version(base) => {
                let number = &base.version;
                Version::new(number.major, number.minor, number.patch + 1)
            }
            Base::None | Base::Unknown => VERSION_FIRST,
        };
        version.pre = Prerelease::new("dev").expect("a word is a pre-release");
        Ok(Self {
            files,
            version,
            lineage: LineageName::default(),
            commit: None,
            base,
        })
    }

    /// What git has under a name; its base is the highest stable version of `main` below it.
    pub(crate) fn of_version(workspace: &Path, reference: &str) -> Result<Self, Failure> {
        let repo = Repo::open(workspace).map_err(|error| unusable(&error))?;
        let reference: VersionRef = reference
            .parse()
            .map_err(|error| Failure::new("bad_version", Exit::Usage, error))?;
        let resolved = repo.resolve(&reference).map_err(|error| {
            let failure = Failure::new("unknown_version", Exit::NotFound, error);
            failure.with_hint(
                "`git tag` lists the versions; without --version the working tree is tested"
                    .to_owned(),
            )
        })?;
        let bundle = repo.bundle(resolved.commit, &Bounds::default());
        let bundle = bundle.map_err(|error| unusable(&error))?;
        let number = resolved.version.as_ref().map(|version| &version.number);
        let base = Self::base(&repo, number)?;
        Ok(Self {
            files: bundle.set().clone(),
            version: number.cloned().unwrap_or(VERSION_FIRST),
            lineage: resolved
                .version
                .map_or_else(LineageName::default, |version| version.lineage),
            commit: Some(resolved.commit.to_string()),
            base,
        })
    }

    /// The highest stable version of `main`, below `version` if that is one.
    fn base(repo: &Repo, version: Option<&Version>) -> Result<Base, Failure> {
        let versions = repo.versions().map_err(|error| unusable(&error))?;
        let main = LineageName::default();
        let stable = versions.list.iter().rev();
        let mut stable = stable.filter(|it| it.lineage == main && !it.is_prerelease());
        let found = stable.find(|it| version.is_none_or(|version| it.number < *version));
        let Some(found) = found else {
            // Tags may lie where a shallow clone does not reach.
            return Ok(if repo.is_shallow() {
                Base::Unknown
            } else {
                Base::None
            });
        };
        let bundle = repo.bundle(found.commit, &Bounds::default());
        let bundle = bundle.map_err(|error| unusable(&error))?;
        Ok(Base::Version(Box::new(Self {
            files: bundle.set().clone(),
            version: found.number.clone(),
            lineage: found.lineage.clone(),
            commit: Some(found.commit.to_string()),
            base: Base::Unknown,
        })))
    }

    pub(crate) fn proposed(&self) -> Result<Proposed, Failure> {
        Ok(Proposed {
            files: self.files.clone(),
            version: self.version.clone(),
            schema: self.json(SCHEMA)?,
            state: self.json(STATE)?,
            arrays: None,
        })
    }

    pub(crate) fn budgets(&self) -> Result<Budgets, Failure> {
        let text = self.files.find(Budgets::PATH).map(|text| &text[..]);
        // What live traffic has to keep to is looked at too: nobody wants to hear of it later.
        LiveBudgets::parse(text)?;
        Ok(Budgets::parse(text)?)
    }

    pub(crate) fn tested(&self) -> Tested {
        Tested {
            commit: self.commit.clone(),
            version: self.version.to_string(),
            lineage: self.lineage.to_string(),
            contents: Contents {
                code: self.files.code().digest().to_string(),
                state: self.surroundings().to_string(),
                tests: self.tests().to_string(),
            },
        }
    }

    /// Names every file of the tests, those that scorers import included.
    fn tests(&self) -> Digest {
        let files = self.files.files().iter();
        let files = files.filter(|(path, _)| path.starts_with(TESTS));
        let digests =
            files.flat_map(|(path, text)| [Digest::of(path.as_bytes()), Digest::of(text)]);
        Digest::merkle_root(&digests.collect::<Vec<_>>())
    }

    /// Names everything but the code that answers depend on.
    pub(crate) fn surroundings(&self) -> Digest {
        let files = [STATE, SCHEMA, WORKSPACE_FILE];
        let digests = files.map(|path| Digest::of(self.files.find(path).map_or(b"", |text| text)));
        Digest::merkle_root(&digests)
    }

    /// Lines added and removed since the base, if that is known.
    pub(crate) fn change_lines(&self) -> Option<u64> {
        let Base::Version(base) = &self.base else {
            return None;
        };
        let is_counted = |path: &&String| CHANGED_PARTS.iter().any(|part| path.starts_with(part));
        let (old, new) = (base.files.files(), self.files.files());
        let paths = new
            .keys()
            .chain(old.keys().filter(|path| !new.contains_key(*path)));
        let changed = paths.filter(is_counted).map(|path| {
            let text = |files: &std::collections::BTreeMap<String, _>| {
                files.get(path).cloned().unwrap_or_default()
            };
            harness::changed_lines(&text(old), &text(new))
        });
        Some(changed.sum())
    }

    fn json(&self, path: &str) -> Result<Value, Failure> {
        let Some(text) = self.files.find(path) else {
            let message = format!("the version has no `{path}`");
            let failure = Failure::new("incomplete_workspace", Exit::Invalid, message);
            return Err(failure.with_hint("`luthier init` shows what a workspace holds".to_owned()));
        };
        parse_json(text, &format!("`{path}`"))
    }
}

fn unusable(error: &dyn std::error::Error) -> Failure {
    Failure::new("workspace_unreadable", Exit::Invalid, chain(error))
}
