//! Moving the root: promote, discard, pin. Each is one compare-and-swap.

use journal::Head;
use model::{EventType, LineageName, NewEvent, Revision};
use semver::{BuildMetadata, Prerelease, Version};
use serde_json::{Value, json};

use crate::{
    Author, Content, Document, Stamp, StateError, StateManager, Target, Written,
    manager::closed,
    materialise,
    request::Asked,
    root::Root,
    shared::{Halt, Shared},
};

impl StateManager {
    /// Makes the staged document the active one, as the next patch version. With `base`, only if
    /// staging is still at that revision.
    pub async fn promote(
        &self,
        lineage: &LineageName,
        base: Option<Revision>,
        author: &Author,
    ) -> Result<Written, StateError> {
        let make = move |shared: &Shared, head: &mut dyn Head, by: &Author| {
            shared.promoted(head, base, by)
        };
        self.swap(lineage, Target::Active, author, &Asked::Promote, make)
            .await
    }

    /// What promoting would make active, for whoever proves it first; refused as
    /// [`StateManager::promote`] would be.
    pub async fn plan_promotion(
        &self,
        lineage: &LineageName,
        base: Option<Revision>,
        author: &Author,
    ) -> Result<Promotion, StateError> {
        if let Some(written) = self.find_repeated(lineage, Target::Active, author).await? {
            let written = self.confirm(written, &Asked::Promote, author)?;
            return Ok(Promotion::Done(Box::new(written)));
        }
        let head = self.head(lineage).await?;
        let root = Root::of(&head)?;
        if root.is_closed {
            return Err(closed(lineage));
        }
        if let Some(base) = base
            && let Err(halt) = Shared::check_base(&root, base, head.seq)
        {
            let answered = self.answer(lineage, Target::Staging, halt).await?;
            return Ok(Promotion::Done(Box::new(answered)));
        }
        if root.staging.hash == root.active.hash {
            return Err(StateError::NothingToPromote);
        }
        let document = self.document_under(lineage, Target::Staging, &root).await?;
        Ok(Promotion::Due {
            root: Box::new(root),
            document: Box::new(document),
        })
    }

    /// Makes a document that was staged the active one, as the version that `stamp` says. What is
    /// staged by now stays staged.
    pub async fn promote_as(
        &self,
        lineage: &LineageName,
        value: &Value,
        stamp: &Stamp,
        author: &Author,
    ) -> Result<Written, StateError> {
        let value = self.shared.content(value.clone())?;
        let (shared, by, stamp) = (self.shared.clone(), author.clone(), stamp.clone());
        let make = move |head: &mut dyn Head| shared.promoted_as(head, &value, &stamp, &by);
        self.apply(lineage, Target::Active, author, make).await
    }

    /// Makes the staged document what the active one is.
    pub async fn discard_staging(
        &self,
        lineage: &LineageName,
        base: Option<Revision>,
        author: &Author,
    ) -> Result<Written, StateError> {
        let make = move |shared: &Shared, head: &mut dyn Head, by: &Author| {
            shared.discarded(head, base, by)
        };
        self.swap(lineage, Target::Staging, author, &Asked::Discard, make)
            .await
    }

    /// Holds the alias `active` at `version`, which must not be withdrawn, or lets it follow the
    /// releases again.
    pub async fn pin(
        &self,
        lineage: &LineageName,
        version: Option<Version>,
        author: &Author,
    ) -> Result<Document, StateError> {
        if let Some(version) = &version {
            self.document_of(lineage, version).await?;
        }
        let asked = Asked::Pin(version.clone());
        let make = move |shared: &Shared, head: &mut dyn Head, by: &Author| {
            shared.pinned(head, version.as_ref(), by)
        };
        self.swap(lineage, Target::Active, author, &asked, make)
            .await?;
        self.document(lineage, Target::Active).await
    }

    /// Has the writer swap the root for the one that `make` makes of it. What was done under the
    /// same key before must have been `asked` for then too.
    pub(crate) async fn swap(
        &self,
        lineage: &LineageName,
        target: Target,
        author: &Author,
        asked: &Asked,
        make: impl Fn(&Shared, &mut dyn Head, &Author) -> Result<NewEvent, Halt> + Send + 'static,
    ) -> Result<Written, StateError> {
        let (shared, by) = (self.shared.clone(), author.clone());
        let make = move |head: &mut dyn Head| make(&shared, head, &by);
        let written = self.apply(lineage, target, author, make).await?;
        self.confirm(written, asked, author)
    }
}

/// What promoting comes to before it is done.
#[derive(Clone, Debug)]
pub enum Promotion {
    /// The same request had been carried out before.
    Done(Box<Written>),
    /// This document would become the active one, under this root.
    Due {
        root: Box<Root>,
        document: Box<Document>,
    },
}

impl Shared {
    fn promoted(
        &self,
        head: &mut dyn Head,
        base: Option<Revision>,
        author: &Author,
    ) -> Result<NewEvent, Halt> {
        let mut root = self.root_before(head, base)?;
        if root.staging.hash == root.active.hash {
            return Err(StateError::NothingToPromote.into());
        }
        // It satisfies the schema: every change of either saw to that.
        let value = materialise::document_in(head, &self.cache, &root.staging)?;
        let data = release("promote", &root, root.staging.hash);
        let served = root.serving_version().clone();
        root.active = root.active.replaced(root.staging.hash);
        root.version = next_patch(&root.version);
        root.canary = None;
        let root = root.moved_from(&served);
        Ok(self.release_event(data, &root, &value, author))
    }

    fn promoted_as(
        &self,
        head: &mut dyn Head,
        value: &Content,
        stamp: &Stamp,
        author: &Author,
    ) -> Result<NewEvent, Halt> {
        let mut root = self.root_now(head)?;
        stamp.check(&root)?;
        let mut data = release("promote", &root, value.hash());
        let served = root.serving_version().clone();
        root.canary = stamp.trial(&root);
        root.active = root.active.replaced(value.hash());
        stamp.put_on(&mut root, &mut data);
        let root = root.moved_from(&served);
        Ok(self.release_event(data, &root, value, author))
    }

    fn discarded(
        &self,
        head: &mut dyn Head,
        base: Option<Revision>,
        author: &Author,
    ) -> Result<NewEvent, Halt> {
        let mut root = self.root_before(head, base)?;
        if root.staging.hash == root.active.hash {
            return Err(Halt::Unchanged);
        }
        let value = materialise::document_in(head, &self.cache, &root.active)?;
        let data = json!({
            "change": "discard",
            "target": Target::Staging,
            "previous": root.staging.hash,
            "new": root.active.hash,
            "reversible": true,
        });
        root.staging = root.staging.replaced(root.active.hash);
        let event = self.event(EventType::STATE_CHANGE, data, &root, author);
        Ok(event.with_body(Some(value.body().clone())))
    }

    fn pinned(
        &self,
        head: &mut dyn Head,
        version: Option<&Version>,
        author: &Author,
    ) -> Result<NewEvent, Halt> {
        let mut root = self.root_before(head, None)?;
        if let Some(version) = version.filter(|version| root.withdrawn.contains(version)) {
            let version = version.clone();
            return Err(StateError::Withdrawn { version }.into());
        }
        let served = root.serving_version().clone();
        let previous = if let Some(version) = version {
            root.pins.insert(Root::ACTIVE.to_owned(), version.clone())
        } else {
            // No conversation went to what is on trial meanwhile, so its time begins anew.
            if let Some(canary) = &mut root.canary {
                canary.since = None;
            }
            root.pins.remove(Root::ACTIVE)
        };
        if previous.as_ref() == version {
            return Err(Halt::Unchanged);
        }
        let data = json!({
            "change": if version.is_some() { "pin" } else { "unpin" },
            "target": "pins",
            "previous": previous,
            "new": version,
            "reversible": true,
        });
        let root = root.moved_from(&served);
        Ok(self.event(EventType::STATE_CHANGE, data, &root, author))
    }

    pub(crate) fn release_event(
        &self,
        data: Value,
        root: &Root,
        active: &Content,
        author: &Author,
    ) -> NewEvent {
        self.cache.keep(active.clone());
        let event = self.event(EventType::RELEASE, data, root, author);
        event.with_body(Some(active.body().clone()))
    }
}

/// The version, in the event of the release that cut its trial short.
pub const ENDS_TRIAL: &str = "ends_trial";

/// What a release says beside the root it leaves. Any release cuts a trial short.
pub(crate) fn release(change: &str, before: &Root, new: model::Digest) -> Value {
    let mut data = json!({
        "change": change,
        "target": Target::Active,
        "previous": before.active.hash,
        "new": new,
        "from_version": before.version,
        "reversible": true,
    });
    if let Some(canary) = &before.canary {
        data[ENDS_TRIAL] = json!(canary.version);
    }
    data
}

/// A change of state alone is a patch; that of a pre-release which is counted, such as
/// `1.4.2-dev.3`, is the next of them, since `1.4.2` is still to come.
pub(crate) fn next_patch(version: &Version) -> Version {
    next_prerelease(version)
        .unwrap_or_else(|| Version::new(version.major, version.minor, version.patch + 1))
}

fn next_prerelease(version: &Version) -> Option<Version> {
    let (name, count) = version.pre.rsplit_once('.')?;
    let count = count.parse::<u64>().ok()?.checked_add(1)?;
    let pre = Prerelease::new(&format!("{name}.{count}")).ok()?;
    let build = BuildMetadata::EMPTY;
    Some(Version {
        pre,
        build,
        ..version.clone()
    })
}
