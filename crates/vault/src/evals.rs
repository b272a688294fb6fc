//! The results of proving a version, `evals/{commit}/…`: the same bytes on disk and in the vault.

use crate::{InvalidKey, Key, Sha256Sum, Store, VaultError};

/// SHA-256 of the other files, as `sha256sum --check` reads it.
const SUMS: &str = "SHA256SUMS";

/// What a run of the tiers left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalFile {
    Summary,
    Cases,
    Report,
}

/// The bytes of one run.
#[derive(Clone, Copy, Debug)]
pub struct EvalFiles<'a> {
    pub summary: &'a [u8],
    pub cases: &'a [u8],
    pub report: &'a [u8],
}

/// Results by commit, on disk and, if the vault is elsewhere, there too.
#[derive(Clone, Debug)]
pub struct EvalStore {
    store: Store,
}

/// Why results were not kept or are not to be had.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    #[error(transparent)]
    Commit(#[from] InvalidKey),
    #[error(
        "`{key}` was changed since it was kept: run `luthier test` again, or restore it from a copy"
    )]
    Changed { key: Key },
    /// There are some, and these are not among them.
    #[error("`{key}` is missing: run `luthier test` again, or restore it from a copy")]
    Missing { key: Key },
    #[error("the results could not be kept in the vault or read there")]
    Vault(#[from] VaultError),
}

impl EvalFile {
    pub const ALL: [Self; 3] = [Self::Summary, Self::Cases, Self::Report];

    pub fn name(self) -> &'static str {
        match self {
            Self::Summary => "summary.json",
            Self::Cases => "cases.jsonl",
            Self::Report => "report.html",
        }
    }

    /// Where the vault has it.
    pub fn key(self, commit: &str) -> Result<Key, InvalidKey> {
        key(commit, self.name())
    }
}

impl<'a> EvalFiles<'a> {
    fn bytes(&self, file: EvalFile) -> &'a [u8] {
        match file {
            EvalFile::Summary => self.summary,
            EvalFile::Cases => self.cases,
            EvalFile::Report => self.report,
        }
    }

    fn sums(&self) -> String {
        let line = |file: EvalFile| {
            let sum = Sha256Sum::of(self.bytes(file));
            format!("{sum}  {}\n", file.name())
        };
        EvalFile::ALL.into_iter().map(line).collect()
    }
}

impl EvalStore {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Keeps the results of `commit`, in place of earlier ones, and returns the SHA-256 of the
    /// summary, by which a release names them. The summary comes last: who sees it finds the rest.
    pub fn put(&self, commit: &str, files: EvalFiles<'_>) -> Result<Sha256Sum, EvalError> {
        let sums = files.sums();
        let others = [
            (EvalFile::Cases.name(), files.cases),
            (EvalFile::Report.name(), files.report),
            (SUMS, sums.as_bytes()),
            (EvalFile::Summary.name(), files.summary),
        ];
        for (name, bytes) in others {
            self.store.put(&key(commit, name)?, bytes)?;
        }
        Ok(Sha256Sum::of(files.summary))
    }

    /// One file of the results of `commit`, proved to be what was kept; none if there are none.
    ///
    /// `summary` is what the release says its summary has as SHA-256; without it the word of the
    /// store is taken.
    pub fn get(
        &self,
        commit: &str,
        file: EvalFile,
        summary: Option<Sha256Sum>,
    ) -> Result<Option<Vec<u8>>, EvalError> {
        let wanted = file.key(commit)?;
        let Some(sums) = self.store.get(&key(commit, SUMS)?)? else {
            return match self.store.get(&wanted)? {
                Some(_unproved) => Err(EvalError::Missing {
                    key: key(commit, SUMS)?,
                }),
                None => Ok(None),
            };
        };
        let sums = String::from_utf8_lossy(&sums);
        let noted = |file: EvalFile| sums.lines().find_map(|line| sum_in(line, file.name()));
        let is_theirs = |said: Sha256Sum| summary.is_none_or(|summary| summary == said);
        if !noted(EvalFile::Summary).is_some_and(is_theirs) {
            // Which of the two it was, only the release knows.
            let key = match self.store.get(&EvalFile::Summary.key(commit)?)? {
                Some(bytes) if Some(Sha256Sum::of(&bytes)) == summary => key(commit, SUMS)?,
                Some(_) | None => EvalFile::Summary.key(commit)?,
            };
            return Err(EvalError::Changed { key });
        }
        let Some(sum) = noted(file) else {
            return Err(EvalError::Changed {
                key: key(commit, SUMS)?,
            });
        };
        match self.store.get(&wanted)? {
            Some(bytes) if sum == Sha256Sum::of(&bytes) => Ok(Some(bytes)),
            Some(_) => Err(EvalError::Changed { key: wanted }),
            None => Err(EvalError::Missing { key: wanted }),
        }
    }

    /// Where others find the file.
    pub fn uri(&self, commit: &str, file: EvalFile) -> Result<String, InvalidKey> {
        Ok(self.store.uri(&file.key(commit)?))
    }
}

fn key(commit: &str, name: &str) -> Result<Key, InvalidKey> {
    format!("evals/{commit}/{name}").parse()
}

fn sum_in(line: &str, name: &str) -> Option<Sha256Sum> {
    let (sum, named) = line.split_once("  ")?;
    Sha256Sum::parse(sum).filter(|_| named == name)
}
