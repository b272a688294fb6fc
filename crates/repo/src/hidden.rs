//! Commits that are kept without being anybody's branch or version: candidates and snapshots.

use std::{fmt, str::FromStr};

use crate::{
    CommitId, Repo,
    reference::peel_to_commit,
    refs::{
        RefError,
        transaction::{self, Change, Expected, Outcome},
    },
};

/// Where they are. git neither shows nor fetches what is there unless asked for it by name.
const HIDDEN: &str = "refs/luthier/";

/// The name of a hidden reference below `refs/luthier/`, such as `candidates/7`.
///
/// Invariant: 1 to 4 parts with `/` between them, each of 1 to 64 of `a-z A-Z 0-9 _ -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HiddenName(String);

const PARTS_MAX: usize = 4;
const PART_BYTES_MAX: usize = 64;

/// A name that no hidden reference can have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no name of a hidden reference: up to {PARTS_MAX} parts with `/` between them, each \
     of 1 to {PART_BYTES_MAX} of a-z A-Z 0-9 _ -"
)]
pub struct InvalidHiddenName(String);

impl FromStr for HiddenName {
    type Err = InvalidHiddenName;

    fn from_str(text: &str) -> Result<Self, InvalidHiddenName> {
        let is_part = |part: &str| {
            (1..=PART_BYTES_MAX).contains(&part.len())
                && (part.bytes()).all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        };
        if text.split('/').count() <= PARTS_MAX && text.split('/').all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidHiddenName(text.to_owned()))
        }
    }
}

impl fmt::Display for HiddenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl HiddenName {
    pub(crate) fn change(&self, to: Option<CommitId>) -> Change {
        Change {
            name: format!("{HIDDEN}{self}"),
            expected: Expected::Anything,
            to: to.map(|commit| commit.0),
            log: None,
        }
    }
}

impl Repo {
    /// Keeps a commit under a hidden name, whatever had that name before.
    pub fn set_hidden(&self, name: &HiddenName, commit: CommitId) -> Result<(), RefError> {
        self.change_hidden(vec![name.change(Some(commit))])
    }

    /// Lets go of hidden references; those that are not there are no error.
    pub fn remove_hidden(&self, names: &[HiddenName]) -> Result<(), RefError> {
        self.change_hidden(names.iter().map(|name| name.change(None)).collect())
    }

    /// The hidden references below `folder` (`candidates`), or all of them when it is empty.
    pub fn hidden(&self, folder: &str) -> Result<Vec<(HiddenName, CommitId)>, RefError> {
        let git = self.local();
        let mut found = Vec::new();
        for (name, target) in self.references_below(HIDDEN)? {
            let is_below = folder.is_empty()
                || (name.strip_prefix(folder)).is_some_and(|rest| rest.starts_with('/'));
            if is_below && let Ok(name) = name.parse() {
                found.push((name, CommitId(peel_to_commit(&git, target)?)));
            }
        }
        Ok(found)
    }

    fn change_hidden(&self, changes: Vec<Change>) -> Result<(), RefError> {
        match transaction::run(&self.local(), &self.common, changes)? {
            // Nothing was expected of them.
            Outcome::Committed | Outcome::Conflict(_) => Ok(()),
        }
    }
}
