//! What the lineages say of their versions: which serves, which is on trial, which were withdrawn.

use std::collections::{BTreeMap, BTreeSet};

use model::LineageName;
use semver::Version;
use state::{Root, StateError, StateManager};

/// The roots of all lineages, as far as they are about versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks(BTreeMap<LineageName, Mark>);

/// Of one lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    serving: Version,
    canary: Option<Version>,
    withdrawn: BTreeSet<Version>,
}

impl Marks {
    /// What every lineage says now.
    pub(crate) async fn load(manager: &StateManager) -> Result<Self, StateError> {
        let mut marks = Self::default();
        for lineage in manager.lineages().await? {
            let root = manager.root(&lineage).await?;
            marks.take(lineage, &root);
        }
        Ok(marks)
    }

    /// Says whether the root of `lineage` changed what is known.
    pub(crate) fn take(&mut self, lineage: LineageName, root: &Root) -> bool {
        let mark = Mark {
            serving: root.serving_version().clone(),
            canary: root.canary.as_ref().map(|canary| canary.version.clone()),
            withdrawn: root.withdrawn.iter().cloned().collect(),
        };
        let before = self.0.insert(lineage, mark.clone());
        before.as_ref() != Some(&mark)
    }

    pub(crate) fn is_withdrawn(&self, lineage: &LineageName, number: &Version) -> bool {
        let mark = self.0.get(lineage);
        mark.is_some_and(|mark| mark.withdrawn.contains(number))
    }

    /// What `main` serves.
    pub(crate) fn active(&self) -> Option<&Version> {
        self.main().map(|mark| &mark.serving)
    }

    /// What `main` has on trial.
    pub(crate) fn canary(&self) -> Option<&Version> {
        self.main()?.canary.as_ref()
    }

    fn main(&self) -> Option<&Mark> {
        self.0.get(&LineageName::default())
    }
}
