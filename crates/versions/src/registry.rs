//! The registry: an index that is kept current, and what is read beside it when somebody asks.

use std::{
    num::NonZero,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use model::VersionRef;
use release::Notes;
use repo::{ListError, Repo, Version, Versions};
use state::{StateError, StateManager};
use vault::Vault;

use crate::{
    evals,
    index::{Facts, Id, Index, Missed, find},
    marks::Marks,
};

/// Fewer messages of tags than this are read by one thread.
const SHARE_MIN: usize = 256;

/// More versions without a verdict than this are not looked for in the vault: the highest are.
const SOUGHT_MAX: usize = 100;

/// What the registry is made of.
#[derive(Clone)]
pub struct Sources {
    /// Where versions are; nothing where the workspace is not in git.
    pub repo: Option<Arc<Repo>>,
    pub manager: StateManager,
    pub vault: Arc<Vault>,
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
        let versions = match &self.sources.repo {
            Some(repo) => repo.versions()?,
            None => Arc::default(),
        };
        let is_same = Arc::ptr_eq(&versions, before.versions()) || versions == *before.versions();
        if is_same && look == Look::AtTags && marks == *before.marks() {
            return Ok(());
        }
        let mut facts = if is_same {
            before.facts().to_vec()
        } else {
            self.facts(&versions, &before)
        };
        let has_found = self.seek(&versions, &mut facts);
        if is_same && !has_found && marks == *before.marks() {
            return Ok(());
        }
        self.current
            .store(Arc::new(Index::new(versions, facts, marks)));
        Ok(())
    }

    /// What the tags say. Those that were read before are not read again.
    fn facts(&self, versions: &Versions, before: &Index) -> Vec<Facts> {
        let Some(repo) = &self.sources.repo else {
            return Vec::new();
        };
        let list = &versions.list;
        let known = &before.versions().list;
        let read = |version: &Version| {
            let id = find(known, &version.lineage, &version.number);
            match id.filter(|id| before.version(*id) == version) {
                Some(id) => before.facts_of(id).clone(),
                None => told(repo, version),
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let share = list.len().div_ceil(threads).max(SHARE_MIN);
        std::thread::scope(|scope| {
            let shares = list
                .chunks(share)
                .map(|share| scope.spawn(move || share.iter().map(read).collect::<Vec<Facts>>()));
            let shares: Vec<_> = shares.collect();
            let ended = shares.into_iter().map(std::thread::ScopedJoinHandle::join);
            ended
                .flat_map(|facts| facts.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    }

    /// Looks in the vault for what no tag says; says whether it found anything.
    fn seek(&self, versions: &Versions, facts: &mut [Facts]) -> bool {
        let mut has_found = false;
        let pairs = versions.list.iter().zip(facts).rev();
        let silent = pairs.filter(|(_, fact)| fact.is_silent());
        for (version, fact) in silent.take(SOUGHT_MAX) {
            let found = evals::find_verdict(&self.sources.vault, version.commit);
            has_found |= found != fact.found;
            fact.found = found;
        }
        has_found
    }
}

/// What the tag of a version says of it.
fn told(repo: &Repo, version: &Version) -> Facts {
    match repo.message(version) {
        Ok(message) => {
            let notes = Notes::parse(&message);
            // A tag that was copied to another name says nothing of the version it is called now.
            if notes.is_released() && !notes.is_of(&version.lineage, &version.number) {
                tracing::warn!(
                    tag = version.tag(),
                    "the tag says that it is another version's"
                );
                return Facts::default();
            }
            Facts {
                declared: notes.tests.into(),
                withdraws: notes.withdraws.map(Box::new),
                ..Facts::default()
            }
        }
        Err(error) => {
            let tag = version.tag();
            tracing::warn!(tag, %error, "the message of a version cannot be read");
            Facts::default()
        }
    }
}
