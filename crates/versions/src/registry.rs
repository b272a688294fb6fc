//! The registry: an index that is kept current, and what is read beside it when somebody asks.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use model::VersionRef;
use release::Notes;
use repo::{ListError, Repo, Version, Versions};
use state::{StateError, StateManager};
use vault::Store;

use crate::{
    evals,
    index::{Facts, Id, Index, Missed, find},
    marks::Marks,
};

/// More versions without a verdict than this are not looked for in the vault: the highest are.
const SOUGHT_MAX: usize = 100;

/// What the registry is made of.
#[derive(Clone)]
pub struct Sources {
    /// Where versions are; nothing where the workspace is not in git.
    pub repo: Option<Arc<Repo>>,
    pub manager: StateManager,
    pub store: Store,
    /// The public halves of the keys that sign releases.
    pub allowed_signers: PathBuf,
}

/// Every version of a workspace, in memory; cheap to clone.
#[derive(Clone)]
pub struct Registry {
    pub(crate) sources: Arc<Sources>,
    current: Arc<ArcSwap<Index>>,
    /// Held by whoever makes a newer index.
    refreshing: Arc<Mutex<()>>,
}

/// Where a newer index looks for what may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// In git alone, unless something changed there.
    AtTags,
    /// In the vault too, for what no tag says.
    Everywhere,
}

/// Why the registry could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    #[error("the versions cannot be read from git")]
    Git(#[from] ListError),
    #[error("the marks of the lineages cannot be read")]
    State(#[from] StateError),
    #[error("a thread that read versions ended early: {0}")]
    Broken(String),
}

impl Registry {
    /// A registry that knows nothing yet.
    pub fn new(sources: Sources) -> Self {
        Self {
            sources: Arc::new(sources),
            current: Arc::default(),
            refreshing: Arc::default(),
        }
    }

    /// A registry that has read what there is.
    pub async fn open(sources: Sources) -> Result<Self, RefreshError> {
        let registry = Self::new(sources);
        registry.refresh().await?;
        Ok(registry)
    }

    /// Brings the index up to date with git, the lineages and the vault.
    pub async fn refresh(&self) -> Result<(), RefreshError> {
        let marks = Marks::load(&self.sources.manager).await?;
        self.refresh_with(Some(marks), Look::Everywhere).await
    }

    /// The same where the lineages were looked at already; without marks those stay that are known
    /// when it is done.
    pub(crate) async fn refresh_with(
        &self,
        marks: Option<Marks>,
        look: Look,
    ) -> Result<(), RefreshError> {
        let registry = self.clone();
        let refreshed = tokio::task::spawn_blocking(move || registry.rebuild(marks, look)).await;
        refreshed.map_err(|panic| RefreshError::Broken(panic.to_string()))?
    }

    /// The index as it stands.
    pub(crate) fn index(&self) -> Arc<Index> {
        self.current.load_full()
    }

    /// How many versions there are.
    pub fn count(&self) -> usize {
        self.current.load().versions().list.len()
    }

    /// The version that a reference means. What is not known yet is looked for in git once more.
    pub(crate) async fn find(
        &self,
        reference: &VersionRef,
    ) -> Result<Result<(Arc<Index>, Id), Missed>, RefreshError> {
        let index = self.index();
        match index.find(reference) {
            Ok(id) => return Ok(Ok((index, id))),
            Err(missed) if !matches!(missed, Missed::Unknown { .. }) => return Ok(Err(missed)),
            Err(_unknown) => {}
        }
        self.refresh_with(None, Look::AtTags).await?;
        let index = self.index();
        Ok(index.find(reference).map(|id| (index.clone(), id)))
    }

    fn rebuild(&self, marks: Option<Marks>, look: Look) -> Result<(), RefreshError> {
        let _turn = self
            .refreshing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = self.index();
        let marks = marks.unwrap_or_else(|| before.marks().clone());
        let (versions, told) = match &self.sources.repo {
            Some(repo) => repo.versions_with(Facts::told)?,
            None => Default::default(),
        };
        let is_same = Arc::ptr_eq(&versions, before.versions()) || versions == *before.versions();
        if is_same && look == Look::AtTags && marks == *before.marks() {
            return Ok(());
        }
        let mut facts = if is_same {
            before.facts().to_vec()
        } else {
            self.facts(&versions, told, &before)
        };
        let has_found = self.seek(&versions, &mut facts);
        if is_same && !has_found && marks == *before.marks() {
            return Ok(());
        }
        self.current
            .store(Arc::new(Index::new(versions, facts, marks)));
        Ok(())
    }

    /// What the tags say: what the listing has read of them, or an earlier index.
    fn facts(&self, versions: &Versions, told: Vec<Option<Facts>>, before: &Index) -> Vec<Facts> {
        let known = &before.versions().list;
        let mut told = told.into_iter();
        let facts = versions.list.iter().map(|version| {
            let told = told.next().flatten();
            let earlier = || {
                let id = find(known, &version.lineage, &version.number)?;
                (before.version(id) == version).then(|| before.facts_of(id).clone())
            };
            // Somebody else had it listed.
            told.or_else(earlier)
                .unwrap_or_else(|| self.read_facts(version))
        });
        facts.collect()
    }

    fn read_facts(&self, version: &Version) -> Facts {
        let message = self.sources.repo.as_ref().map(|repo| repo.message(version));
        match message {
            Some(Ok(message)) => Facts::told(version, &message),
            Some(Err(error)) => {
                let tag = version.tag();
                tracing::warn!(tag, %error, "the message of a version cannot be read");
                Facts::default()
            }
            None => Facts::default(),
        }
    }

    /// Looks in the vault for what no tag says; says whether it found anything.
    fn seek(&self, versions: &Versions, facts: &mut [Facts]) -> bool {
        let mut has_found = false;
        let pairs = versions.list.iter().zip(facts).rev();
        let silent = pairs.filter(|(_, fact)| fact.is_silent());
        for (version, fact) in silent.take(SOUGHT_MAX) {
            let found = evals::find_verdict(&self.sources.store, version);
            let found = found.map(Box::new);
            has_found |= found != fact.found;
            fact.found = found;
        }
        has_found
    }
}

impl Facts {
    /// What the message of the tag of a version says of it.
    fn told(version: &Version, message: &str) -> Self {
        let notes = Notes::parse(message);
        // A tag that was copied to another name says nothing of the version it is called now.
        if notes.is_released() && !notes.is_of(&version.lineage, &version.number) {
            tracing::warn!(
                tag = version.tag(),
                "the tag says that it is another version's"
            );
            return Self::default();
        }
        Self {
            declared: notes.tests.into(),
            withdraws: notes.withdraws.map(Box::new),
            ..Self::default()
        }
    }
}
