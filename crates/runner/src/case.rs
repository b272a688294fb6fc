//! What a case of a test asks of its call: a state and a seed of its own, and which lines ran.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use lru::LruCache;
use mcp::{
    Failure, ToolAnswer, ToolCall,
    rmcp::model::{JsonObject, RequestMetaObject, Tool},
};
use model::Digest;
use python::{Lines, Pool};
use repo::FileSet;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use state::{Change, StateManager};

use crate::{
    core::Core,
    offer::{Offer, Snapshot},
    scripts::Scripts,
};

/// Where a request says that it is a case.
const CASE: &str = "luthier/case";

/// Where its result says which lines ran.
pub(crate) const COVERAGE: &str = "luthier/coverage";

/// The tool that judges a value by a function of the version's tests. It is not listed.
pub(crate) const SCORE: &str = "_score";

/// Where those functions are.
const SCORERS: &str = "tests";

/// States of cases that are kept for the next case of the same state.
const STATES_MAX: usize = 64;

/// What a Runner needs that takes cases.
pub(crate) struct Cases {
    manager: StateManager,
    scorers: Scripts,
    /// By the hash of the state that is served and that of the case's change of it.
    states: Mutex<LruCache<(Digest, Digest), Arc<Snapshot>>>,
}

/// How one call is a case.
#[derive(Default)]
pub(crate) struct Case {
    /// What is served to it, when that is something else.
    pub(crate) now: Option<Arc<Snapshot>>,
    pub(crate) seed: Option<u64>,
    pub(crate) coverage: Option<Arc<Coverage>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// A merge patch on the active state.
    #[serde(default)]
    state: Option<Value>,
    #[serde(default)]
    seed: Option<u64>,
    #[serde(default)]
    coverage: bool,
}

/// Lines that ran in a call and in those that it made.
#[derive(Default)]
pub(crate) struct Coverage(Mutex<BTreeMap<String, BTreeSet<u32>>>);

impl Coverage {
    pub(crate) fn add(&self, lines: Lines) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (file, lines) in lines {
            found.entry(file).or_default().extend(lines);
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!(*self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Case {
    /// What a request asks for, where cases are taken; nothing elsewhere.
    pub(crate) async fn of(
        core: &Core,
        offer: &Offer,
        meta: &RequestMetaObject,
    ) -> Result<Self, Failure> {
        let (Some(cases), Some(asked)) = (&core.cases, meta.get(CASE)) else {
            return Ok(Self::default());
        };
        let refused =
            |reason: String| Failure::refused(format!("`{CASE}` cannot be used: {reason}"));
        let asked: Asked =
            serde_json::from_value(asked.clone()).map_err(|error| refused(error.to_string()))?;
        let now = match asked.state {
            Some(change) => Some(cases.snapshot(core, offer, change).await.map_err(refused)?),
            None => None,
        };
        Ok(Self {
            now,
            seed: asked.seed,
            coverage: asked.coverage.then(Arc::default),
        })
    }
}

impl Cases {
    pub(crate) fn new(manager: StateManager, pool: Pool, files: &FileSet) -> Self {
        let states_max = NonZeroUsize::new(STATES_MAX).unwrap_or(NonZeroUsize::MIN);
        Self {
            manager,
            scorers: Scripts::new(pool, files, SCORERS),
            states: Mutex::new(LruCache::new(states_max)),
        }
    }

    /// The version with the state of a case.
    async fn snapshot(
        &self,
        core: &Core,
        offer: &Offer,
        change: Value,
    ) -> Result<Arc<Snapshot>, String> {
        let now = offer.now.load_full();
        let key = (now.hash, Digest::of_json(&change));
        let lock = || self.states.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key) {
            return Ok(Arc::clone(known));
        }
        let served: Value = serde_json::from_slice(&now.json).map_err(|error| error.to_string())?;
        let change = Change::Merge(change);
        let content = self.manager.preview(&now.lineage, served, &change).await;
        let content = content.map_err(|error| error.to_string())?;
        let state = core.pool.load_state(content.bytes());
        let made = Arc::new(Snapshot {
            lineage: now.lineage.clone(),
            version: now.version.clone(),
            version_text: now.version_text.clone(),
            commit: now.commit.clone(),
            revision: now.revision,
            hash: content.hash(),
            json: Bytes::copy_from_slice(content.bytes()),
            state: state.map_err(|error| error.to_string())?,
        });
        lock().put(key, Arc::clone(&made));
        Ok(made)
    }

    /// Judges a value.
    pub(crate) async fn score(
        &self,
        core: &Core,
        call: &ToolCall<'_>,
    ) -> Result<ToolAnswer, Failure> {
        let argument = |name: &str| call.arguments.get(name).unwrap_or(&Value::Null);
        let scorer = argument("scorer").as_str().unwrap_or_default();
        let arguments = ["args", "value", "case"].map(argument);
        let deadline = core.deadline_of(None);
        let score = self.scorers.call(scorer, &arguments, deadline).await;
        let score = score.map_err(|error| Failure::refused(error.to_string()))?;
        match score.as_f64() {
            Some(number) if (0.0..=1.0).contains(&number) => Ok(ToolAnswer::structured(
                json!({"score": number}),
                score.to_string(),
            )),
            _ => Err(Failure::refused(format!(
                "`{scorer}` returned {score}: a score is a number from 0 to 1"
            ))),
        }
    }
}

/// [`SCORE`], as it is called.
pub(crate) fn score_tool() -> Tool {
    let schema = |value: Value| -> Arc<JsonObject> {
        let Value::Object(members) = value else {
            unreachable!("it is written as an object below")
        };
        Arc::new(members)
    };
    let input = json!({
        "type": "object",
        "properties": {"scorer": {"type": "string"}, "args": {}, "value": {}, "case": {}},
        "required": ["scorer", "args", "value", "case"],
        "additionalProperties": false,
    });
    let output = json!({
        "type": "object",
        "properties": {"score": {"type": "number", "minimum": 0, "maximum": 1}},
        "required": ["score"],
    });
    Tool::new(SCORE, "Judges the value of a case", schema(input))
        .with_raw_output_schema(schema(output))
}

/// What every result of a case tells beside its ids.
pub(crate) fn add_coverage(meta: &mut Map<String, Value>, coverage: Option<&Arc<Coverage>>) {
    if let Some(coverage) = coverage {
        meta.insert(COVERAGE.to_owned(), coverage.to_json());
    }
}
