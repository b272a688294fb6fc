//! The State Manager: reading documents, and what every writer shares.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use journal::{AppendError, Head, Journal, Order, Query, ReadError, Refusal};
use json_patch::Patch;
use model::{
    Context, Event, EventType, LineageName, Revision, Seq, Subject, event::IdempotencyKey,
    nearest::nearest,
};
use semver::Version;
use serde_json::Value;

use crate::{
    Change, ChangeError, Content, Document, Limits, Schema, SchemaError, StateCounts, Target,
    Violation,
    materialise::{self, Cache},
    root::{CodeRef, Root},
    shared::{Halt, Made, Shared},
};

/// Tells the time of events.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Staged and active documents of every lineage, over a journal. Cheap to clone.
#[derive(Clone)]
pub struct StateManager {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) shared: Arc<Shared>,
}

/// Who changes something, and why.
#[derive(Clone, Debug, Default)]
pub struct Author {
    pub context: Context,
    /// Makes a repeated request count once.
    pub key: Option<IdempotencyKey>,
    pub reason: Option<String>,
    /// What the event says beside: of which feedback it came, and what was answered.
    pub facts: serde_json::Map<String, Value>,
}

/// What the event of a release says of how it was proved, and what it says if it was.
pub(crate) const TESTS: &str = "tests";
const PASS: &str = "pass";

pub(crate) fn closed(lineage: &LineageName) -> StateError {
    let lineage = lineage.clone();
    StateError::Closed { lineage }
}

/// What a new lineage begins with.
#[derive(Clone, Debug)]
pub struct Seed {
    pub version: Version,
    pub code: Option<CodeRef>,
    pub schema: Value,
    pub value: Value,
    /// What the event says beside: why, by whom, proved how.
    pub facts: serde_json::Map<String, Value>,
}

/// A write that is durable.
#[derive(Clone, Debug)]
pub struct Written {
    pub document: Document,
    /// The event, or none if the document already was what was asked for.
    pub event: Option<Arc<Event>>,
    /// The same request had been answered before.
    pub was_repeated: bool,
}

/// Why a state operation came to nothing. Nothing was published in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("there is no lineage `{lineage}`")]
    NoLineage {
        lineage: LineageName,
        nearest: Vec<String>,
    },
    #[error("a computed value must name the revision it was computed from")]
    BaseRequired,
    #[error("the {target} state moved from revision {base} to {} since it was read", current.revision)]
    Stale {
        target: Target,
        base: Revision,
        current: Box<Document>,
        moved: Box<Option<Moved>>,
    },
    #[error("the {target} state has no revision {base} yet, it is at {current}")]
    Future {
        target: Target,
        base: Revision,
        current: Revision,
    },
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error("the document breaks its schema {}", first(violations))]
    Invalid { violations: Vec<Violation> },
    #[error(transparent)]
    Schema(#[from] SchemaError),
    #[error("the staged state is the active state, so there is nothing to promote")]
    NothingToPromote,
    #[error("`{lineage}` has no version {version}")]
    UnknownVersion {
        lineage: LineageName,
        version: Version,
        nearest: Vec<String>,
    },
    #[error(transparent)]
    LineageName(model::lineage::InvalidLineageName),
    #[error("version {version} was withdrawn and is never a base again")]
    Withdrawn { version: Version },
    #[error(
        "{version} is not newer than {head}, which the lineage has reached: tag a higher version"
    )]
    NotNewer { version: Version, head: Version },
    #[error("`{lineage}` was closed: nothing is added to it")]
    Closed { lineage: LineageName },
    #[error("`main` is what serves, and cannot be closed")]
    MainCloses,
    #[error("{version} is not what serves: that is {serving}")]
    NotServing { version: Version, serving: Version },
    #[error("version {version} is not on trial")]
    NotOnTrial { version: Version },
    #[error("what version {version} holds is active already")]
    AlreadyActive { version: Version },
    #[error("no earlier version that was not withdrawn holds another state to roll back to")]
    NothingToRollBack,
    #[error("`active` moved while it was about to be rolled back")]
    ActiveMoved,
    #[error("the release was made on {follows}, and the lineage has reached {head}")]
    HeadMoved { follows: Version, head: Version },
    #[error("`{migration}` refuses version {version}: {reason}")]
    Migration {
        migration: String,
        version: Version,
        reason: String,
    },
    #[error("the state moved again and again while it was migrated: try again when it rests")]
    MovedMeanwhile,
    #[error("the idempotency key stands for another request, which made event {seq}")]
    KeyReused { seq: Seq },
    #[error("event {seq} does not hold what it should: {reason}")]
    Unreadable { seq: Seq, reason: String },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(AppendError),
}

/// Who moved a document, and how.
#[derive(Clone, Debug)]
pub struct Moved {
    pub by: Context,
    pub at: Timestamp,
    pub seq: Seq,
    /// From the document that was read to the current one.
    pub diff: Patch,
}

fn document(lineage: &LineageName, target: Target, root: &Root, value: Content) -> Document {
    let reference = root.document(target);
    Document {
        lineage: lineage.clone(),
        target,
        version: root.version.clone(),
        revision: reference.revision,
        hash: reference.hash,
        base: reference.base,
        seq: reference.seq.unwrap_or(0),
        value,
    }
}

/// Names that are offered in place of one that does not exist.
const NEAREST_MAX: usize = 3;

/// The versions around one that does not exist, the nearest below first.
fn neighbours(version: &Version, mut known: Vec<Version>) -> Vec<String> {
    known.sort_unstable();
    known.dedup();
    let (below, above) = known.split_at(known.partition_point(|known| known < version));
    let (mut below, mut above) = (below.iter().rev(), above.iter());
    let mut nearest = Vec::new();
    while nearest.len() < NEAREST_MAX {
        let pair = [below.next(), above.next()];
        if pair == [None, None] {
            break;
        }
        nearest.extend(pair.into_iter().flatten().map(ToString::to_string));
    }
    nearest.truncate(NEAREST_MAX);
    nearest
}

fn first(violations: &[Violation]) -> String {
    violations
        .first()
        .map(ToString::to_string)
        .unwrap_or_default()
}

impl StateManager {
    pub fn new(journal: Arc<dyn Journal>, clock: Clock) -> Self {
        Self::with_limits(journal, clock, Limits::default())
    }

    /// With limits of its own; a depth beyond [`Limits::DEPTH_MAX_MAX`] counts as that.
    pub fn with_limits(journal: Arc<dyn Journal>, clock: Clock, limits: Limits) -> Self {
        let limits = Limits {
            depth_max: limits.depth_max.min(Limits::DEPTH_MAX_MAX),
            ..limits
        };
        let shared = Shared {
            cache: Cache::default(),
            limits,
            clock,
            heads: Mutex::default(),
            counts: StateCounts::default(),
        };
        Self {
            journal,
            shared: Arc::new(shared),
        }
    }

    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub fn counts(&self) -> &StateCounts {
        &self.shared.counts
    }

    /// About how much memory parsed documents take.
    pub fn cache_bytes(&self) -> usize {
        self.shared.cache.bytes()
    }

    /// Lets go of parsed documents; says how many.
    pub fn release_cache(&self) -> usize {
        self.shared.cache.clear()
    }

    /// The lineages there are.
    pub async fn lineages(&self) -> Result<Vec<LineageName>, StateError> {
        let subjects = self.journal.subjects("lineage.").await?;
        Ok(subjects.iter().filter_map(Subject::as_lineage).collect())
    }

    /// What `lineage` holds now.
    pub async fn root(&self, lineage: &LineageName) -> Result<Root, StateError> {
        Root::of(&*self.head(lineage).await?)
    }

    /// One of its documents; `active` is the pinned version's while there is a pin.
    pub async fn document(
        &self,
        lineage: &LineageName,
        target: Target,
    ) -> Result<Document, StateError> {
        let root = self.root(lineage).await?;
        self.shown(lineage, target, &root).await
    }

    /// What [`StateManager::document`] answered when the journal was at `seq`, pins included;
    /// `None` before the lineage began.
    pub async fn document_at(
        &self,
        lineage: &LineageName,
        target: Target,
        seq: Seq,
    ) -> Result<Option<Document>, StateError> {
        match self
            .journal
            .last_at(&Subject::lineage(lineage), seq)
            .await?
        {
            Some(event) => self
                .shown(lineage, target, &Root::of(&event)?)
                .await
                .map(Some),
            None => Ok(None),
        }
    }

    async fn shown(
        &self,
        lineage: &LineageName,
        target: Target,
        root: &Root,
    ) -> Result<Document, StateError> {
        match target {
            Target::Active => self.serving(lineage, root).await,
            Target::Staging => self.document_under(lineage, target, root).await,
        }
    }

    /// What `active` serves under `root`: the pinned version's document while there is a pin.
    async fn serving(&self, lineage: &LineageName, root: &Root) -> Result<Document, StateError> {
        let version = root.serving_version();
        if *version == root.version {
            return self.document_under(lineage, Target::Active, root).await;
        }
        self.document_of(lineage, version).await
    }

    /// The active document of a version, as it was released.
    pub async fn document_of(
        &self,
        lineage: &LineageName,
        version: &Version,
    ) -> Result<Document, StateError> {
        let root = self.root_of(lineage, version).await?;
        self.document_under(lineage, Target::Active, &root).await
    }

    /// Every version of `lineage`, oldest first.
    pub async fn versions(&self, lineage: &LineageName) -> Result<Vec<Version>, StateError> {
        self.versions_that(lineage, |_event, _version| true).await
    }

    /// Those that ranges and `latest` choose among: proved, whole in number and not withdrawn.
    pub async fn stable_versions(
        &self,
        lineage: &LineageName,
        root: &Root,
    ) -> Result<Vec<Version>, StateError> {
        self.versions_that(lineage, |event, version| {
            // What is no release of the registry's, but of a test or of a working tree, says nothing.
            let is_proved = event.data.get(TESTS).is_none_or(|tests| tests == PASS);
            is_proved && version.pre.is_empty() && !root.withdrawn.contains(version)
        })
        .await
    }

    async fn versions_that(
        &self,
        lineage: &LineageName,
        is_wanted: impl Fn(&Event, &Version) -> bool,
    ) -> Result<Vec<Version>, StateError> {
        let mut versions = Vec::new();
        let mut after = 0;
        loop {
            let query = Query {
                after,
                kinds: vec![EventType::RELEASE],
                limit: Query::LIMIT_MAX,
                ..Query::of(Subject::lineage(lineage))
            };
            let page = self.journal.read(query).await?;
            let Some(last) = page.last() else {
                return Ok(versions);
            };
            after = last.seq;
            let numbered = page
                .iter()
                .filter_map(|event| Some((event, event.context.version.as_ref()?)));
            let wanted = numbered.filter(|(event, version)| is_wanted(event, version));
            versions.extend(wanted.map(|(_, version)| version.clone()));
        }
    }

    /// The schema that the documents of `lineage` satisfy now.
    pub async fn schema(&self, lineage: &LineageName) -> Result<Schema, StateError> {
        let root = self.root(lineage).await?;
        let (journal, subject) = (&*self.journal, Subject::lineage(lineage));
        materialise::schema(journal, &self.shared.cache, &subject, &root.schema).await
    }

    /// The root right after `version` was released.
    pub async fn root_of(
        &self,
        lineage: &LineageName,
        version: &Version,
    ) -> Result<Root, StateError> {
        if let Some(root) = self.find_root_of(lineage, version).await? {
            return Ok(root);
        }
        self.head(lineage).await?;
        let known = self.versions(lineage).await?;
        Err(StateError::UnknownVersion {
            lineage: lineage.clone(),
            version: version.clone(),
            nearest: neighbours(version, known),
        })
    }

    /// As [`StateManager::root_of`]; nothing where there is no such version.
    pub async fn find_root_of(
        &self,
        lineage: &LineageName,
        version: &Version,
    ) -> Result<Option<Root>, StateError> {
        let found = self.find_release(lineage, version).await?;
        found.map(|event| Root::of(&event)).transpose()
    }

    pub(crate) async fn find_release(
        &self,
        lineage: &LineageName,
        version: &Version,
    ) -> Result<Option<Arc<Event>>, StateError> {
        let query = Query {
            kinds: vec![EventType::RELEASE],
            version: Some(version.clone()),
            order: Order::NewestFirst,
            limit: 1,
            ..Query::of(Subject::lineage(lineage))
        };
        Ok(self.journal.read(query).await?.pop())
    }

    pub(crate) async fn head(&self, lineage: &LineageName) -> Result<Arc<Event>, StateError> {
        match self.journal.last(&Subject::lineage(lineage)).await? {
            Some(event) => Ok(event),
            None => Err(self.no_lineage(lineage).await?),
        }
    }

    pub(crate) async fn no_lineage(&self, lineage: &LineageName) -> Result<StateError, StateError> {
        let known = self.lineages().await?;
        let known = known.iter().map(LineageName::as_str);
        let mut nearest = nearest(lineage.as_str(), known.clone());
        if nearest.is_empty() {
            nearest = known.take(NEAREST_MAX).collect();
        }
        let nearest = nearest.into_iter().map(str::to_owned).collect();
        Ok(StateError::NoLineage {
            lineage: lineage.clone(),
            nearest,
        })
    }

    /// One of the documents that a root names: what a reader of the history sees there.
    pub async fn document_under(
        &self,
        lineage: &LineageName,
        target: Target,
        root: &Root,
    ) -> Result<Document, StateError> {
        let reference = root.document(target);
        let (journal, subject) = (&*self.journal, Subject::lineage(lineage));
        let value = materialise::document(journal, &self.shared.cache, &subject, reference).await?;
        Ok(document(lineage, target, root, value))
    }

    /// The head that went through here last, without asking the journal.
    pub(crate) fn guess(&self, lineage: &LineageName) -> Option<Arc<Event>> {
        self.shared
            .heads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(lineage)
            .cloned()
    }

    /// What `value` would be after `change`, if it satisfies the schema of `lineage` then. Nothing is
    /// written.
    pub async fn preview(
        &self,
        lineage: &LineageName,
        value: Value,
        change: &Change,
    ) -> Result<Content, StateError> {
        let after = change.apply(value, &self.shared.limits)?;
        let schema = self.schema(lineage).await?;
        self.shared.checked_content(after, &schema)
    }

    /// Runs `make` inside the journal's writer and turns what came of it into a document.
    pub(crate) async fn apply<M: Into<Made>>(
        &self,
        lineage: &LineageName,
        target: Target,
        author: &Author,
        mut make: impl FnMut(&mut dyn Head) -> Result<M, Halt> + Send + 'static,
    ) -> Result<Written, StateError> {
        let slot = Arc::new(Mutex::new(None));
        let made = slot.clone();
        let change = Box::new(move |head: &mut dyn Head| {
            let Made { event, value } = make(head).map_err(Refusal::new)?.into();
            *made.lock().unwrap_or_else(PoisonError::into_inner) = value;
            Ok(event)
        });
        let key = author.key.clone();
        let committed = match self
            .journal
            .apply(Subject::lineage(lineage), key, change)
            .await
        {
            Ok(committed) => committed,
            Err(AppendError::Refused(refusal)) => {
                return match refusal.downcast::<Halt>() {
                    Ok(halt) => self.answer(lineage, target, halt).await,
                    Err(refusal) => Err(StateError::Write(AppendError::Refused(refusal))),
                };
            }
            Err(error) => return Err(StateError::Write(error)),
        };
        let event = committed.event;
        let root = self.shared.cache.root(&event)?;
        let value = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        let document = match value.filter(|_| !committed.was_repeated) {
            Some(value) => document(lineage, target, &root, value),
            None => self.document_under(lineage, target, &root).await?,
        };
        self.remember(lineage, &event);
        if !committed.was_repeated {
            self.shared.counts.count_commit();
        }
        Ok(Written {
            document,
            event: Some(event),
            was_repeated: committed.was_repeated,
        })
    }

    /// What a change that halted means to its caller.
    pub(crate) async fn answer(
        &self,
        lineage: &LineageName,
        target: Target,
        halt: Halt,
    ) -> Result<Written, StateError> {
        self.shared.counts.count_halt(&halt);
        match halt {
            Halt::Unchanged => {
                let root = self.root(lineage).await?;
                let document = self.document_under(lineage, target, &root).await?;
                Ok(Written {
                    document,
                    event: None,
                    was_repeated: false,
                })
            }
            Halt::Stale { base, head } => Err(self.explain(lineage, base, head).await?),
            Halt::NoLineage => Err(self.no_lineage(lineage).await?),
            Halt::Closed => Err(closed(lineage)),
            Halt::Failed(error) => Err(error),
        }
    }

    fn remember(&self, lineage: &LineageName, event: &Arc<Event>) {
        let mut heads = self
            .shared
            .heads
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match heads.get_mut(lineage) {
            Some(known) if known.seq >= event.seq => {}
            Some(known) => *known = event.clone(),
            None => {
                heads.insert(lineage.clone(), event.clone());
            }
        }
    }
}
