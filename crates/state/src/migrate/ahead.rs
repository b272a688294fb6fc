//! Migrations that run code: before the journal's writer is asked, which waits for nobody.

use std::collections::HashMap;

use journal::Query;
use model::{Digest, LineageName, Subject};
use semver::Version;
use serde_json::Value;

use super::{Adoption, Migration, Refused, Step, chain, documents_to_migrate, patched};
use crate::{
    Limits, Schema, StateError, StateManager, change, materialise,
    root::{DocumentRef, Root},
};

/// What a chain made of documents, by the hash that they had. The writer takes it if the chain is
/// still the one that leads on, and the documents are still those.
#[derive(Default)]
pub(super) struct Ahead {
    steps: Vec<String>,
    made: HashMap<Digest, Result<Value, Refused>>,
}

impl Ahead {
    /// Is nothing left to run for these documents?
    pub(super) fn covers(&self, chain: &[&Migration], documents: &[Digest]) -> bool {
        if !has_script(chain) {
            return true;
        }
        self.steps.iter().eq(chain.iter().map(|step| &step.name))
            && documents.iter().all(|hash| self.made.contains_key(hash))
    }

    /// What `chain`, which is covered, made of a document; none if the writer can do it itself.
    pub(super) fn find(
        &self,
        chain: &[&Migration],
        hash: Digest,
    ) -> Option<&Result<Value, Refused>> {
        self.made.get(&hash).filter(|_| has_script(chain))
    }
}

impl StateManager {
    /// Runs what `adoption` needs that the writer cannot, on where `lineage` is now.
    pub(super) async fn migrate_ahead(
        &self,
        lineage: &LineageName,
        adoption: &Adoption,
        schema: &Schema,
    ) -> Result<Ahead, StateError> {
        if !adoption.migrations.iter().any(Migration::is_script) {
            return Ok(Ahead::default());
        }
        let root = self.root(lineage).await?;
        if schema.hash() == root.schema.hash {
            return Ok(Ahead::default());
        }
        let chain = self.chain_from(&root, adoption).await?;
        let documents = documents_to_migrate(&root, adoption);
        self.run_ahead(lineage, &root, &chain, &documents).await
    }

    /// The steps that lead on from `root`.
    pub(super) async fn chain_from<'a>(
        &self,
        root: &Root,
        adoption: &'a Adoption,
    ) -> Result<Vec<&'a Migration>, StateError> {
        let since = self.version_of_schema(root).await?;
        let (chain, _reached) = chain(&adoption.migrations, &since, &root.version);
        Ok(chain)
    }

    /// Runs `chain` on some of the documents of `root`, if there is a script in it.
    pub(super) async fn run_ahead(
        &self,
        lineage: &LineageName,
        root: &Root,
        chain: &[&Migration],
        documents: &[Digest],
    ) -> Result<Ahead, StateError> {
        let mut ahead = Ahead::default();
        if !has_script(chain) {
            return Ok(ahead);
        }
        ahead.steps = chain.iter().map(|step| step.name.clone()).collect();
        for reference in [&root.active, &root.staging] {
            let hash = reference.hash;
            if documents.contains(&hash) && !ahead.made.contains_key(&hash) {
                let value = self.value_of(lineage, reference).await?;
                let made = run(value, chain, &self.shared.limits).await;
                ahead.made.insert(hash, made);
            }
        }
        Ok(ahead)
    }

    async fn value_of(
        &self,
        lineage: &LineageName,
        reference: &DocumentRef,
    ) -> Result<Value, StateError> {
        let (journal, subject) = (&*self.journal, Subject::lineage(lineage));
        let content = materialise::document(journal, &self.shared.cache, &subject, reference);
        Ok(Value::clone(&*content.await?))
    }

    /// The version that took up the schema of `root`, as the writer finds it.
    async fn version_of_schema(&self, root: &Root) -> Result<Version, StateError> {
        let Some(seq) = root.schema.seq else {
            return Ok(root.version.clone());
        };
        let query = Query {
            after: seq.saturating_sub(1),
            until: seq,
            limit: 1,
            ..Query::all()
        };
        let events = self.journal.read(query).await?;
        let version = events
            .first()
            .and_then(|event| event.context.version.clone());
        Ok(version.unwrap_or_else(|| root.version.clone()))
    }
}

fn has_script(chain: &[&Migration]) -> bool {
    chain.iter().any(|step| step.is_script())
}

async fn run(value: Value, chain: &[&Migration], limits: &Limits) -> Result<Value, Refused> {
    let mut value = value;
    for step in chain {
        value = match &step.step {
            Step::Patch(change) => patched(step, change, value, limits)?,
            Step::Script(script) => {
                let made = (script.0)(&step.name, value).await;
                let made = made.map_err(|reason| Refused::by(step, reason))?;
                change::admit(made, limits).map_err(|error| Refused::by(step, error.to_string()))?
            }
        };
    }
    Ok(value)
}
