//! What a run of the tiers left in the vault.

use bytes::Bytes;
use jiff::Timestamp;
use model::Digest;
use repo::CommitId;
use serde_json::Value;
use vault::{Key, Store, VaultError};

use crate::index::{Found, Tests};

/// Where the results of a commit are.
pub fn summary_key(commit: CommitId) -> Key {
    key(&format!("evals/{commit}/summary.json"))
}

/// Where the tools of a commit are told of, with their schemas.
pub fn interface_key(commit: CommitId) -> Key {
    key(&format!("releases/{commit}/interface.json"))
}

fn key(text: &str) -> Key {
    text.parse().expect("a commit is hex digits")
}

/// A summary as it lies in the vault.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) bytes: Bytes,
    pub(crate) value: Value,
}

/// Why there is no summary to trust.
#[derive(Debug, thiserror::Error)]
pub enum EvalsError {
    #[error("version {name} has no results in the vault")]
    Absent { name: String },
    #[error(
        "the results of version {name} were changed: `{key}` has the SHA-256 {found}, the tag says \
         {told}"
    )]
    Changed {
        name: String,
        key: Key,
        told: Digest,
        found: Digest,
    },
    #[error("the results of version {name} are no JSON: {reason}")]
    Unreadable { name: String, reason: String },
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// The summary of a commit, which must have the hash that the tag of the version says, if it does.
pub(crate) fn load(
    store: &Store,
    name: &str,
    commit: CommitId,
    told: Option<Digest>,
) -> Result<Summary, EvalsError> {
    let key = summary_key(commit);
    let name = || name.to_owned();
    let bytes = (store.get(&key)?).ok_or_else(|| EvalsError::Absent { name: name() })?;
    let found = Digest::of(&bytes);
    if let Some(told) = told.filter(|told| *told != found) {
        return Err(EvalsError::Changed {
            name: name(),
            key,
            told,
            found,
        });
    }
    let value = serde_json::from_slice(&bytes).map_err(|error| EvalsError::Unreadable {
        name: name(),
        reason: error.to_string(),
    })?;
    Ok(Summary {
        bytes: bytes.into(),
        value,
    })
}

/// What a summary says of a commit whose tag says nothing.
pub(crate) fn find_verdict(store: &Store, version: &repo::Version) -> Option<Found> {
    let commit = version.commit;
    match load(store, "", commit, None) {
        // Another version of the same commit was proved, and this one nobody released.
        Ok(summary) if !is_of(&summary.value, version) => None,
        Ok(summary) => Some(Found {
            tests: match summary.value["verdict"].as_str() {
                Some("pass") => Tests::Pass,
                Some("fail") => Tests::Fail,
                _ => Tests::Unknown,
            },
            ended_at: ended_at(&summary.value),
        }),
        Err(EvalsError::Absent { .. }) => None,
        Err(error) => {
            tracing::warn!(%commit, %error, "results in the vault are left out");
            None
        }
    }
}

fn is_of(summary: &Value, version: &repo::Version) -> bool {
    let said = |name: &str| summary[name].as_str();
    said("version") == Some(version.number.to_string().as_str())
        && said("lineage") == Some(version.lineage.as_str())
}

pub(crate) fn ended_at(summary: &Value) -> Option<Timestamp> {
    summary["ended_at"].as_str()?.parse().ok()
}

/// The tools of a commit, if its release left them in the vault.
pub(crate) fn load_tools(store: &Store, commit: CommitId) -> Result<Option<Value>, VaultError> {
    let Some(bytes) = store.get(&interface_key(commit))? else {
        return Ok(None);
    };
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(mut interface) => Ok(Some(interface["tools"].take())),
        Err(error) => {
            tracing::warn!(%commit, %error, "the interface of a version is left out");
            Ok(None)
        }
    }
}
