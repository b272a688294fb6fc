//! Which migrations lead on, and where the first of them may begin.

use std::collections::BTreeSet;

use model::{Digest, LineageName};
use semver::Version;

use super::Migration;
use crate::{StateError, StateManager, root::Root};

impl StateManager {
    /// The versions that `migrations` may begin at: those that had the schema of `root`. A rollback
    /// brings an old schema back under a higher number, so those are no range.
    pub(super) async fn begins(
        &self,
        lineage: &LineageName,
        root: &Root,
        migrations: &[Migration],
    ) -> Result<BTreeSet<Version>, StateError> {
        let mut begins = BTreeSet::from([root.version.clone()]);
        for step in migrations {
            let may_lead_on = step.from < root.version && step.to > root.version;
            if may_lead_on
                && self.find_schema_of(lineage, &step.from).await? == Some(root.schema.hash)
            {
                begins.insert(step.from.clone());
            }
        }
        Ok(begins)
    }

    /// The schema of a version of `lineage`, or of the one that it was opened at and those before.
    async fn find_schema_of(
        &self,
        lineage: &LineageName,
        version: &Version,
    ) -> Result<Option<Digest>, StateError> {
        let mut lineage = lineage.clone();
        // Each lineage was opened at an older one, so this ends.
        loop {
            if let Some(root) = self.find_root_of(&lineage, version).await? {
                return Ok(Some(root.schema.hash));
            }
            match self.find_origin(&lineage).await? {
                Some(origin) if *version < origin.version => lineage = origin.lineage,
                Some(_) | None => return Ok(None),
            }
        }
    }
}

/// The steps that lead on from `version`, the first of which begins at one of `begins`, and where
/// they end.
pub(super) fn chain<'a>(
    migrations: &'a [Migration],
    begins: &BTreeSet<Version>,
    version: &Version,
) -> (Vec<&'a Migration>, Option<&'a Version>) {
    let first = migrations
        .iter()
        .filter(|step| begins.contains(&step.from) && step.to > *version)
        .max_by(|a, b| a.from.cmp(&b.from));
    let mut steps: Vec<&Migration> = first.into_iter().collect();
    // Each step must lead upward, so the chain ends.
    while let Some(step) = steps.last().and_then(|last| {
        migrations
            .iter()
            .find(|step| step.from == last.to && step.to > last.to)
    }) {
        steps.push(step);
    }
    let reached = steps.last().map(|step| &step.to);
    (steps, reached)
}
