//! What of a version is kept in the vault, beside its code: what its tools take and give, where it
//! came from, and how it was proved. The keys are the commit's, so nobody sees them before the tag.

use std::collections::BTreeMap;

use compat::ToolInterface;
use model::{Digest, LineageName, canonical};
use repo::{CommitId, FileSet};
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;
use vault::{EvalError, EvalFiles, EvalStore, Key, Store, Vault, VaultError};

use crate::{Evals, ReleaseError};

/// Something to keep.
pub(crate) struct Object {
    key: Key,
    bytes: Vec<u8>,
}

pub(crate) fn put_all(store: &Store, objects: &[Object]) -> Result<(), VaultError> {
    objects
        .iter()
        .try_for_each(|object| store.put_named(&object.key, &object.bytes))
}

/// The files that workers load, under the name by which they are asked for.
pub(crate) fn code(files: &FileSet) -> Object {
    Object {
        key: key(&format!("code/{}", files.digest())),
        bytes: files.to_bytes(),
    }
}

pub(crate) fn tools(commit: CommitId, tools: &BTreeMap<String, ToolInterface>) -> Object {
    let tools = tools.iter().map(|(name, tool)| {
        let mut told = json!({ "input": tool.input });
        if let Some(output) = &tool.output {
            told["output"] = output.clone();
        }
        (name.clone(), told)
    });
    let tools: Map<String, Value> = tools.collect();
    Object {
        key: tools_key(commit),
        bytes: canonical::to_string(&json!({ "tools": tools })).into_bytes(),
    }
}

/// What the tools of a version take and give; nothing if that was never kept.
pub(crate) async fn load_tools(
    store: &Store,
    commit: CommitId,
) -> Result<Option<BTreeMap<String, ToolInterface>>, ReleaseError> {
    let store = store.clone();
    let read = spawn_blocking(move || store.get(&tools_key(commit))).await??;
    let read = read.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let Some(Value::Object(tools)) = read.map(|mut value| value["tools"].take()) else {
        return Ok(None);
    };
    let tools = tools.into_iter().map(|(name, mut tool)| {
        let interface = ToolInterface {
            input: tool["input"].take(),
            output: tool.get_mut("output").map(Value::take),
        };
        (name, interface)
    });
    Ok(Some(tools.collect()))
}

/// Makes `commit` the version of `lineage` that it is about to become, unless it is that of another
/// one; says whether it is.
pub(crate) fn claim(
    vault: &Vault,
    commit: CommitId,
    lineage: &LineageName,
) -> Result<bool, VaultError> {
    let key = key(&format!("releases/{commit}/lineage.txt"));
    let mut is_ours = true;
    vault.put_if(&key, lineage.as_str().as_bytes(), |found| {
        is_ours = found.is_none_or(|found| found == lineage.as_str().as_bytes());
        Ok::<_, VaultError>(found.is_none())
    })?;
    Ok(is_ours)
}

pub(crate) fn statement(commit: CommitId, statement: &Value) -> Object {
    Object {
        key: key(&format!("releases/{commit}/statement.json")),
        bytes: canonical::to_string(statement).into_bytes(),
    }
}

/// Keeps the results of the tiers, and says by which hash a changed summary is noticed.
pub(crate) fn put_evals(
    store: &Store,
    commit: CommitId,
    lineage: &str,
    version: &str,
    evals: Evals,
) -> Result<Digest, EvalError> {
    let mut summary = evals.summary;
    for (name, value) in [
        ("commit", commit.to_string()),
        ("lineage", lineage.to_owned()),
        ("version", version.to_owned()),
    ] {
        summary.insert(name.to_owned(), Value::from(value));
    }
    let summary = canonical::to_string(&Value::Object(summary)).into_bytes();
    let files = EvalFiles {
        summary: &summary,
        cases: &evals.cases,
        report: &evals.report,
    };
    EvalStore::new(store.clone()).put(&commit.to_string(), files)?;
    Ok(Digest::of(&summary))
}

fn tools_key(commit: CommitId) -> Key {
    key(&format!("releases/{commit}/interface.json"))
}

fn key(text: &str) -> Key {
    text.parse()
        .expect("hashes and plain words are parts of a key")
}
