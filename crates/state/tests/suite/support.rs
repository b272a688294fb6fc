//! A State Manager over a journal of its own.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::Timestamp;
use journal::{OpenJournal as _, OpenOptions, SqliteJournal};
use model::{Context, LineageName, event::AgentRole};
use semver::Version;
use serde_json::{Value, json};
use state::{Author, Change, Clock, Document, Limits, Seed, StateManager, Target, Written};
use tempfile::TempDir;

pub(crate) struct Lab {
    folder: TempDir,
    pub(crate) journal: Arc<SqliteJournal>,
    pub(crate) state: StateManager,
}

impl Lab {
    pub(crate) fn empty() -> Self {
        Self::with_limits(Limits::default())
    }

    pub(crate) fn with_limits(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(folder.path().join("journal.db"));
        let state = StateManager::with_limits(journal.clone(), clock(), limits);
        Self {
            folder,
            journal,
            state,
        }
    }

    /// With `main` at 0.1.0, holding `{"count": 0}`.
    pub(crate) async fn seeded() -> Self {
        let lab = Self::empty();
        let seed = seed(json!({"count": 0}));
        lab.state.open(&main(), seed, &somebody()).await.unwrap();
        lab
    }

    /// A manager of the same journal that has read nothing yet.
    pub(crate) fn fresh(&self) -> StateManager {
        StateManager::new(self.journal.clone(), clock())
    }

    /// Closes the journal and opens it again, as a restart does.
    pub(crate) async fn restart(&mut self) {
        self.journal.close().await;
        self.journal = open(self.path("journal.db"));
        self.state = self.fresh();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn staging(&self) -> Document {
        self.state.document(&main(), Target::Staging).await.unwrap()
    }

    pub(crate) async fn active(&self) -> Document {
        self.state.document(&main(), Target::Active).await.unwrap()
    }

    /// Merges `value` into what is staged.
    pub(crate) async fn merge(&self, value: Value) -> Written {
        let change = Change::Merge(value);
        self.state
            .commit(&main(), change, None, &somebody())
            .await
            .unwrap()
    }

    pub(crate) async fn promote(&self) -> Written {
        self.state
            .promote(&main(), None, &somebody())
            .await
            .unwrap()
    }

    /// Lets what serves count as good.
    pub(crate) async fn mark_good(&self) -> Written {
        let serving = self.state.root(&main()).await.unwrap();
        self.state
            .mark_good(&main(), serving.serving_version(), &somebody())
            .await
            .unwrap()
    }

    /// Stages `{"count": count}` and promotes it.
    pub(crate) async fn release(&self, count: u64) -> Written {
        self.merge(json!({"count": count})).await;
        self.promote().await
    }
}

fn open(path: PathBuf) -> Arc<SqliteJournal> {
    SqliteJournal::open(OpenOptions::new(path)).unwrap()
}

/// Each look is a second later.
pub(crate) fn clock() -> Clock {
    let seconds = AtomicI64::new(1_767_225_600);
    Arc::new(move || Timestamp::from_second(seconds.fetch_add(1, Ordering::Relaxed)).unwrap())
}

pub(crate) fn main() -> LineageName {
    LineageName::default()
}

pub(crate) fn lineage(name: &str) -> LineageName {
    name.parse().unwrap()
}

pub(crate) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

pub(crate) fn somebody() -> Author {
    Author::default()
}

pub(crate) fn agent(name: &str) -> Author {
    let context = Context {
        agent: Some(name.parse().unwrap()),
        ..Context::of(AgentRole::Tuner)
    };
    Author {
        context,
        ..Author::default()
    }
}

pub(crate) fn keyed(key: &str) -> Author {
    Author {
        key: Some(key.parse().unwrap()),
        ..Author::default()
    }
}

/// `count` is a whole number of at least 0, everything else is free.
pub(crate) fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {"count": {"type": "integer", "minimum": 0}},
        "required": ["count"],
    })
}

pub(crate) fn seed(value: Value) -> Seed {
    Seed {
        facts: serde_json::Map::new(),
        version: version("0.1.0"),
        code: None,
        schema: schema(),
        value,
    }
}

pub(crate) fn patch(operations: Value) -> Change {
    Change::patch(operations).unwrap()
}

/// Operations as JSON, for comparing.
pub(crate) fn operations(patch: &impl serde::Serialize) -> Value {
    serde_json::to_value(patch).unwrap()
}

/// Numbers that look random and are the same in every run (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
