//! How a lineage begins: with a seed, or at an earlier version of another one.

use journal::{AppendError, Expect, Order, Query};
use model::{LineageName, Subject};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Author, Root, Seed, StateError, StateManager, Target, manager::TESTS, materialise};

/// Where the first event of a lineage says which version it was opened at.
pub(crate) const ORIGIN: &str = "opened_at";

/// The version that a lineage was opened at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) lineage: LineageName,
    pub(crate) version: Version,
}

impl StateManager {
    /// Begins `lineage` with `seed` unless it exists; either way answers what it holds.
    pub async fn open(
        &self,
        lineage: &LineageName,
        seed: Seed,
        author: &Author,
    ) -> Result<Root, StateError> {
        self.open_at(lineage, seed, None, author).await
    }

    async fn open_at(
        &self,
        lineage: &LineageName,
        seed: Seed,
        origin: Option<&Origin>,
        author: &Author,
    ) -> Result<Root, StateError> {
        let subject = Subject::lineage(lineage);
        if let Some(event) = self.journal.last(&subject).await? {
            return Root::of(&event);
        }
        let event = self.shared.first_event(seed, origin, author)?;
        match self
            .journal
            .append(subject.clone(), Expect::Absent, event)
            .await
        {
            Ok(committed) => Root::of(&committed.event),
            // Somebody else began it at the same moment.
            Err(AppendError::Conflict {
                current: Some(event),
                ..
            }) => Root::of(&event),
            Err(error) => Err(StateError::Write(error)),
        }
    }

    /// Opens a lineage of its own at an earlier version, or finds the one opened there before:
    /// what a write through an exact version that is no longer a head goes to.
    pub async fn fork(
        &self,
        lineage: &LineageName,
        version: &Version,
        author: &Author,
    ) -> Result<LineageName, StateError> {
        let root = self.root_of(lineage, version).await?;
        if self.root(lineage).await?.withdrawn.contains(version) {
            let version = version.clone();
            return Err(StateError::Withdrawn { version });
        }
        let old = self.document_under(lineage, Target::Active, &root).await?;
        let subject = Subject::lineage(lineage);
        let (journal, cache) = (&*self.journal, &self.shared.cache);
        let schema = materialise::schema(journal, cache, &subject, &root.schema).await?;
        let name = branch_name(lineage, version)?;
        let seed = Seed {
            facts: self.proof_of(lineage, version).await?,
            version: version.clone(),
            code: root.code.clone(),
            schema: schema.value().clone(),
            value: (*old.value).clone(),
        };
        let origin = Origin {
            lineage: lineage.clone(),
            version: version.clone(),
        };
        // Opening it is a step of the write that asks for it, whose key is the write's own.
        let author = Author {
            key: None,
            ..author.clone()
        };
        let opened = self.open_at(&name, seed, Some(&origin), &author).await?;
        if opened.is_closed {
            self.reopen(&name, &author).await?;
        }
        Ok(name)
    }

    /// How a version was proved holds for whoever begins there.
    async fn proof_of(
        &self,
        lineage: &LineageName,
        version: &Version,
    ) -> Result<Map<String, Value>, StateError> {
        let event = self.find_release(lineage, version).await?;
        let tests = event.and_then(|event| event.data.get(TESTS).cloned());
        Ok(tests
            .map(|tests| (TESTS.to_owned(), tests))
            .into_iter()
            .collect())
    }

    /// The version that `lineage` was opened at; nothing for one that began with a seed, and for
    /// one that was opened before this was written down.
    pub(crate) async fn find_origin(
        &self,
        lineage: &LineageName,
    ) -> Result<Option<Origin>, StateError> {
        let query = Query {
            order: Order::OldestFirst,
            limit: 1,
            ..Query::of(Subject::lineage(lineage))
        };
        let events = self.journal.read(query).await?;
        let origin = events.first().and_then(|event| {
            let origin = event.data.get(ORIGIN)?;
            Some((event.seq, Origin::deserialize(origin)))
        });
        origin
            .map(|(seq, origin)| {
                origin.map_err(|error| StateError::Unreadable {
                    seq,
                    reason: error.to_string(),
                })
            })
            .transpose()
    }
}

/// The lineage that a write through `version` of `lineage` goes to.
pub fn branch_name(lineage: &LineageName, version: &Version) -> Result<LineageName, StateError> {
    let name = match lineage.as_str() {
        "main" => format!("from-{version}"),
        other => format!("{other}-from-{version}"),
    };
    name.try_into().map_err(StateError::LineageName)
}
