//! Two versions side by side: files, state, and what clients rely on.

mod code;

use std::collections::BTreeMap;

use bytes::Bytes;
use compat::{Interface, ToolInterface};
use json_patch::{Patch, diff};
use model::VersionRef;
use repo::{Bounds, FileSet, Version};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

pub use self::code::{CodeDiff, FileDiff, FileStatus, Hunk};
use crate::{
    LookupError, Registry, evals,
    index::{Id, Index},
};

const STATE: &str = "state/active.state.json";
const SCHEMA: &str = "state/schema.json";
const MIGRATIONS: &str = "state/migrations/";

/// What lies between two versions.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VersionComparison)]
pub struct Comparison {
    pub from: Side,
    pub to: Side,
    pub code: CodeDiff,
    /// JSON Patch (RFC 6902) from one active state to the other.
    #[schema(value_type = Vec<Object>)]
    pub state: Patch,
    /// The same for `state/schema.json`.
    #[schema(value_type = Vec<Object>)]
    pub state_schema: Patch,
    pub interface: InterfaceDiff,
    /// How the descriptions and schemas of the tools differ; absent where a release left none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<ToolsDiff>,
    /// What was asked for always means these two, of which nothing can be added any more.
    #[serde(skip)]
    pub(crate) is_final: bool,
}

/// One of the two.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ComparedVersion)]
pub struct Side {
    pub version: String,
    pub lineage: String,
    pub commit_hash: String,
}

/// Which number the change makes, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InterfaceDiff {
    /// `major`, `minor` or `patch`.
    pub bump: String,
    /// Each difference that somebody could notice, those first that decided.
    #[schema(value_type = Vec<Object>)]
    pub reasons: Vec<compat::Reason>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ToolsDiff {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// By the name of the tool, JSON Patch from the one description to the other.
    #[schema(value_type = Object)]
    pub changed: BTreeMap<String, Patch>,
}

/// A version with all of it at hand.
struct Read {
    side: Side,
    files: FileSet,
    tools: Option<BTreeMap<String, Value>>,
}

impl Registry {
    /// What changed from one version to another.
    pub async fn compare(
        &self,
        from: &VersionRef,
        to: &VersionRef,
    ) -> Result<Comparison, LookupError> {
        let (index, old) = self.look_up(from).await?;
        let (newer, new) = self.look_up(to).await?;
        let are_lasting = index.is_lasting(from, old) && newer.is_lasting(to, new);
        self.reading(move |registry| {
            let old = registry.read(&index, old)?;
            let new = registry.read(&newer, new)?;
            let mut comparison = compare(old, new);
            comparison.is_final &= are_lasting;
            Ok(comparison)
        })
        .await
    }

    fn read(&self, index: &Index, id: Id) -> Result<Read, LookupError> {
        let version = index.version(id);
        let bundle = self.repo()?.bundle(version.commit, &Bounds::default())?;
        let tools = evals::load_tools(&self.sources.store, version.commit)?;
        Ok(Read {
            side: Side::of(version),
            files: bundle.set().clone(),
            tools: tools.and_then(|tools| serde_json::from_value(tools).ok()),
        })
    }
}

impl Side {
    fn of(version: &Version) -> Self {
        Self {
            version: version.number.to_string(),
            lineage: version.lineage.to_string(),
            commit_hash: version.commit.to_string(),
        }
    }
}

fn compare(old: Read, new: Read) -> Comparison {
    let json = |read: &Read, path: &str| json(read.files.find(path));
    let tools = match (&old.tools, &new.tools) {
        (Some(old), Some(new)) => Some(ToolsDiff::of(old, new)),
        _ => None,
    };
    // What one of them does not tell of is no change of the other.
    let has_tools = tools.is_some();
    let verdict = compat::compare(
        &interface(&old, has_tools, false),
        &interface(&new, has_tools, has_new_migration(&old, &new)),
    );
    Comparison {
        code: CodeDiff::of(old.files.files(), new.files.files()),
        state: diff(&json(&old, STATE), &json(&new, STATE)),
        state_schema: diff(&json(&old, SCHEMA), &json(&new, SCHEMA)),
        interface: InterfaceDiff {
            bump: verdict.bump.to_string(),
            reasons: verdict.reasons,
        },
        tools,
        from: old.side,
        to: new.side,
        is_final: has_tools,
    }
}

/// A file of a version as JSON; an empty object if there is none, or none that can be read.
fn json(content: Option<&Bytes>) -> Value {
    let read = content.and_then(|content| serde_json::from_slice(content).ok());
    read.unwrap_or_else(|| Value::Object(serde_json::Map::new()))
}

fn interface(read: &Read, has_tools: bool, migrates: bool) -> Interface {
    let files = read.files.files().iter();
    let tools = read.tools.iter().flatten().filter(|_| has_tools);
    let tool = |(name, told): (&String, &Value)| {
        let schemas = ToolInterface {
            input: told["input"].clone(),
            output: told
                .get("output")
                .filter(|output| !output.is_null())
                .cloned(),
        };
        (name.clone(), schemas)
    };
    Interface {
        tools: tools.map(tool).collect(),
        goldens: compat::goldens(files.map(|(path, content)| (path.as_str(), &content[..]))),
        state_schema: read.files.find(SCHEMA).map(|content| json(Some(content))),
        migrates,
    }
}

/// Did the newer one bring a migration along?
fn has_new_migration(old: &Read, new: &Read) -> bool {
    let mut paths = new.files.files().keys();
    paths.any(|path| path.starts_with(MIGRATIONS) && old.files.find(path).is_none())
}

impl ToolsDiff {
    fn of(old: &BTreeMap<String, Value>, new: &BTreeMap<String, Value>) -> Self {
        let only = |these: &BTreeMap<String, Value>, those: &BTreeMap<String, Value>| {
            let names = these.keys().filter(|name| !those.contains_key(*name));
            names.cloned().collect()
        };
        let both = old.iter().filter_map(|(name, before)| {
            let after = new.get(name).filter(|after| *after != before)?;
            Some((name.clone(), diff(before, after)))
        });
        Self {
            added: only(new, old),
            removed: only(old, new),
            changed: both.collect(),
        }
    }
}
