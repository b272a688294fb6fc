//! Migrations that run code: before the journal's writer is asked, which waits for nobody.

use std::collections::{BTreeSet, HashMap};

use model::{Digest, LineageName, Subject};
use semver::Version;
use serde_json::Value;

use super::{Adoption, Migration, Refused, Step, chain::chain, documents_to_migrate, patched};
use crate::{
    Limits, Schema, StateError, StateManager, change, materialise,
    root::{DocumentRef, Root},
};

/// What was read, and what a chain made of documents, by the hash that they had. The writer takes
/// it if the lineage is still at that version, and the documents are still those.
#[derive(Default)]
pub(super) struct Ahead {
    head: Option<Version>,
    /// The versions that a chain may begin at.
    pub(super) begins: BTreeSet<Version>,
    /// May a staged document that moved since be discarded?
    pub(super) may_leave_staging: bool,
    made: HashMap<Digest, Result<Value, Refused>>,
}

impl Ahead {
    /// Was it made for what `root` still is, as far as migrations are concerned?
    pub(super) fn is_of(&self, root: &Root) -> bool {
        self.head.as_ref() == Some(&root.version)
    }

    /// Is nothing left to run for this document?
    pub(super) fn covers(&self, chain: &[&Migration], document: Digest) -> bool {
        !has_script(chain) || self.made.contains_key(&document)
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
        let root = self.root(lineage).await?.without_trial();
        if schema.hash() == root.schema.hash {
            return Ok(Ahead::default());
        }
        let mut ahead = self.look_ahead(lineage, &root, adoption).await?;
        let (chain, _) = chain(&adoption.migrations, &ahead.begins, &root.version);
        let documents = documents_to_migrate(&root, adoption);
        self.run_ahead(&mut ahead, lineage, &root, &chain, &documents)
            .await?;
        Ok(ahead)
    }

    /// Where the chain that leads on from `root` may begin; nothing is run yet.
    pub(super) async fn look_ahead(
        &self,
        lineage: &LineageName,
        root: &Root,
        adoption: &Adoption,
    ) -> Result<Ahead, StateError> {
        Ok(Ahead {
            head: Some(root.version.clone()),
            begins: self.begins(lineage, root, &adoption.migrations).await?,
            ..Ahead::default()
        })
    }

    /// Runs `chain` on some of the documents of `root`, if there is a script in it.
    pub(super) async fn run_ahead(
        &self,
        ahead: &mut Ahead,
        lineage: &LineageName,
        root: &Root,
        chain: &[&Migration],
        documents: &[Digest],
    ) -> Result<(), StateError> {
        if !has_script(chain) {
            return Ok(());
        }
        for reference in [&root.active, &root.staging] {
            let hash = reference.hash;
            if documents.contains(&hash) && !ahead.made.contains_key(&hash) {
                let value = self.value_of(lineage, reference).await?;
                let made = run(value, chain, &self.shared.limits).await;
                ahead.made.insert(hash, made);
            }
        }
        Ok(())
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
                let made = script.run(&step.name, value).await;
                let made = made.map_err(|reason| Refused::by(step, reason))?;
                change::admit(made, limits).map_err(|error| Refused::by(step, error.to_string()))?
            }
        };
    }
    Ok(value)
}
