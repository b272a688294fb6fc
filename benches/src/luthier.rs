//! Luthier's own journal and state manager, in process, as the roles use them.

use std::{path::Path, sync::Arc, time::Instant};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use journal::{Expect, Journal, NatsJournal, NatsOptions, OpenOptions, SqliteJournal};
use model::{Context, EventType, LineageName, NewEvent, Subject, event::AgentRole};
use serde_json::{Value, json};
use state::{Author, Change, Seed, StateError, StateManager, StateWatch, Target};
use tokio::task::JoinSet;

use crate::{
    document,
    load::{DOCUMENTS_COUNT, Held, Session, Store},
    nats::Nats,
    watch::{Watchable, Watcher},
};

pub(crate) struct Luthier<J = SqliteJournal> {
    pub(crate) journal: Arc<J>,
    pub(crate) manager: StateManager,
}

impl Luthier {
    /// A new journal with as many lineages as the other stores have documents.
    pub(crate) async fn create(folder: &Path) -> Result<Self> {
        Self::over(OpenOptions::new(folder.join("journal.sqlite"))).await
    }

    pub(crate) async fn over(options: OpenOptions) -> Result<Self> {
        Self::with(SqliteJournal::open(options)?).await
    }
}

/// The same on a server that is told to sync what it stores, which it has for itself.
pub(crate) struct OnNats {
    luthier: Luthier<NatsJournal>,
    _server: Nats,
}

impl OnNats {
    pub(crate) async fn start(tools: &Path, folder: &Path) -> Result<Self> {
        let server = Nats::start(tools, folder).await?;
        let options = NatsOptions {
            trusts_sync: true,
            ..NatsOptions::new(&server.address)
        };
        Ok(Self {
            luthier: Luthier::with(NatsJournal::open(options).await?).await?,
            _server: server,
        })
    }
}

impl Store for OnNats {
    type Session = LuthierSession;
    const IS_BLOCKING: bool = false;

    async fn session(&self) -> Result<LuthierSession> {
        self.luthier.session().await
    }
}

impl Watchable for OnNats {
    type Watcher = LuthierWatcher;

    async fn watch(&self, document: usize) -> Result<LuthierWatcher> {
        self.luthier.watch(document).await
    }
}

impl<J: Journal> Luthier<J> {
    async fn with(journal: Arc<J>) -> Result<Self> {
        let manager = StateManager::new(journal.clone(), Arc::new(Timestamp::now));
        let mut lineages = JoinSet::new();
        for document in 0..DOCUMENTS_COUNT {
            let manager = manager.clone();
            lineages.spawn(async move {
                let (lineage, seed) = (lineage(document), seed(document));
                manager.open(&lineage, seed, &Author::default()).await
            });
        }
        while let Some(outcome) = lineages.join_next().await {
            outcome??;
        }
        Ok(Self { journal, manager })
    }
}

pub(crate) fn lineage(document: usize) -> LineageName {
    let name = format!("document-{document:04}");
    name.parse().expect("it is a lineage's name")
}

fn seed(document: usize) -> Seed {
    let number = json!({"type": "number"});
    let arm = json!({
        "type": "object",
        "required": ["mean", "pulls"],
        "properties": {"mean": number, "pulls": number},
        "additionalProperties": false,
    });
    Seed {
        facts: serde_json::Map::new(),
        version: semver::Version::new(0, 1, 0),
        code: None,
        schema: json!({
            "type": "object",
            "required": ["arms", "counter"],
            "properties": {
                "arms": {"type": "object", "additionalProperties": arm},
                "counter": {"type": "integer", "minimum": 0},
                "note": {"type": "string"},
            },
        }),
        value: document::new(document),
    }
}

impl<J: Journal> Store for Luthier<J> {
    type Session = LuthierSession;
    const IS_BLOCKING: bool = false;

    async fn session(&self) -> Result<LuthierSession> {
        Ok(LuthierSession {
            journal: self.journal.clone(),
            manager: self.manager.clone(),
            author: Author {
                context: Context::of(AgentRole::Tuner),
                ..Author::default()
            },
            events: Subject::try_from(format!("call.writer-{}", fastrand::u32(..)))?,
        })
    }
}

pub(crate) struct LuthierSession {
    journal: Arc<dyn Journal>,
    manager: StateManager,
    author: Author,
    events: Subject,
}

impl Session for LuthierSession {
    async fn read(&mut self, document: usize) -> Result<Held> {
        let lineage = lineage(document);
        let found = self.manager.document(&lineage, Target::Staging).await?;
        Ok(Held {
            revision: found.revision,
            value: Value::clone(&found.value),
        })
    }

    async fn swap(&mut self, document: usize, held: &Held) -> Result<Option<u64>> {
        let change = Change::Set(held.value.clone());
        let lineage = lineage(document);
        let commit = self
            .manager
            .commit(&lineage, change, Some(held.revision), &self.author);
        match commit.await {
            Ok(written) => Ok(Some(written.document.revision)),
            Err(StateError::Stale { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A patch that the journal's writer applies to whatever is there.
    async fn set_counter(
        &mut self,
        document: usize,
        counter: u64,
        _until: Instant,
    ) -> Result<bool> {
        let change = Change::Merge(json!({"counter": counter}));
        let lineage = lineage(document);
        self.manager
            .commit(&lineage, change, None, &self.author)
            .await?;
        Ok(true)
    }

    async fn append(&mut self, event: &Value) -> Result<()> {
        let context = self.author.context.clone();
        let event = NewEvent::new(
            EventType::DECISION,
            Timestamp::now(),
            context,
            event.clone(),
        );
        self.journal
            .append(self.events.clone(), Expect::Any, event)
            .await?;
        Ok(())
    }
}

impl<J: Journal> Watchable for Luthier<J> {
    type Watcher = LuthierWatcher;

    async fn watch(&self, document: usize) -> Result<LuthierWatcher> {
        let newest = self.journal.newest().await?;
        Ok(LuthierWatcher {
            watch: self.manager.watch(&lineage(document), newest),
        })
    }
}

pub(crate) struct LuthierWatcher {
    watch: StateWatch,
}

impl Watcher for LuthierWatcher {
    async fn next(&mut self) -> Result<u64> {
        let entry = self.watch.next().await?.context("the journal was closed")?;
        Ok(entry.root.staging.revision)
    }
}
