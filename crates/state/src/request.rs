//! A change as a client asks for it: of a head or of an earlier version, and once under its key.

use model::{Event, LineageName, Revision, Subject};
use semver::Version;
use serde_json::{Value, json};

use crate::{
    Author, Change, Document, StateError, StateManager, Target, Written, begin::branch_name,
    change, materialise,
};

/// The revision that both documents of a lineage begin with.
const REVISION_FIRST: Revision = 1;

impl StateManager {
    /// Changes the staged document of `lineage` as [`StateManager::commit`] does; with `version`,
    /// which is an earlier one, that of the lineage which [`StateManager::fork`] opens there.
    ///
    /// A change that is refused opens none, and a key that stands for another change is refused.
    pub async fn request(
        &self,
        lineage: &LineageName,
        version: Option<&Version>,
        change: Change,
        base: Option<Revision>,
        author: &Author,
    ) -> Result<Written, StateError> {
        let asked = author.key.as_ref().map(|_| Asked::Change(change.clone()));
        let lineage = match version {
            None => lineage.clone(),
            Some(version) => {
                self.rehearse(lineage, version, &change, base, author)
                    .await?;
                self.fork(lineage, version, author).await?
            }
        };
        let written = self.commit(&lineage, change, base, author).await?;
        match asked {
            Some(asked) => self.confirm(written, &asked, author),
            None => Ok(written),
        }
    }

    /// Would the lineage that is to be opened at `version` take `change`? What was released never
    /// changes, so the answer holds until it is there.
    async fn rehearse(
        &self,
        lineage: &LineageName,
        version: &Version,
        change: &Change,
        base: Option<Revision>,
        author: &Author,
    ) -> Result<(), StateError> {
        let branch = branch_name(lineage, version)?;
        let subject = Subject::lineage(&branch);
        if self.journal.last(&subject).await?.is_some() {
            return Ok(());
        }
        let root = self.root_of(lineage, version).await?;
        let old = self.document_under(lineage, Target::Active, &root).await?;
        if let Some(base) = base {
            check_first_revision(base, &branch, &old)?;
        } else if matches!(change, Change::Set(_)) {
            return Err(StateError::BaseRequired);
        }
        let after = change.apply(Value::clone(&old.value), &self.shared.limits)?;
        let (journal, cache) = (&*self.journal, &self.shared.cache);
        let from = Subject::lineage(lineage);
        let schema = materialise::schema(journal, cache, &from, &root.schema).await?;
        self.shared.checked_content(after, &schema)?;
        if let Some(key) = &author.key
            && let Some(event) = self.journal.find_key(key).await?
        {
            return Err(key_reused(&event));
        }
        Ok(())
    }

    /// A write under a key that had been used before must have been asked for then too.
    pub(crate) fn confirm(
        &self,
        written: Written,
        asked: &Asked,
        author: &Author,
    ) -> Result<Written, StateError> {
        match &written.event {
            Some(event)
                if author.key.is_some()
                    && written.was_repeated
                    && !asked.was_done_by(event, &self.shared.limits) =>
            {
                Err(key_reused(event))
            }
            _ => Ok(written),
        }
    }
}

fn key_reused(event: &Event) -> StateError {
    StateError::KeyReused { seq: event.seq }
}

fn check_first_revision(
    base: Revision,
    branch: &LineageName,
    old: &Document,
) -> Result<(), StateError> {
    if base == REVISION_FIRST {
        return Ok(());
    }
    let target = Target::Staging;
    if base > REVISION_FIRST {
        let current = REVISION_FIRST;
        return Err(StateError::Future {
            target,
            base,
            current,
        });
    }
    let current = Document {
        lineage: branch.clone(),
        target,
        revision: REVISION_FIRST,
        ..old.clone()
    };
    Err(StateError::Stale {
        target,
        base,
        current: Box::new(current),
        moved: Box::new(None),
    })
}

/// What a request asks for, to be told from others under the same key by the event that it made.
pub(crate) enum Asked {
    Change(Change),
    Promote,
    Discard,
    /// Without a version: whichever served before.
    RollBack(Option<Version>),
    /// Without a version: let it go.
    Pin(Option<Version>),
    /// Or else open it again.
    Close(bool),
    Adopt,
    /// That what is on trial becomes active.
    Activate(Version),
    /// That this version serves without trouble.
    MarkGood(Version),
}

impl Asked {
    pub(crate) fn close_name(is_closed: bool) -> &'static str {
        if is_closed { "close" } else { "reopen" }
    }

    fn was_done_by(&self, event: &Event, limits: &crate::Limits) -> bool {
        let data = &event.data;
        let is = |name: &str| data["change"] == name;
        match self {
            Self::Change(change @ Change::Set(value)) => {
                let value = change::admit(value.clone(), limits);
                let new = value.map(|value| json!(model::Digest::of_json(&value)));
                is(change.name()) && new.is_ok_and(|new| data["new"] == new)
            }
            Self::Change(change @ Change::Patch(patch)) => {
                is(change.name()) && is_same(&data["patch"], &json!(patch))
            }
            Self::Change(change @ Change::Merge(merge)) => {
                is(change.name()) && is_same(&data["merge"], merge)
            }
            Self::Promote => is("promote"),
            Self::Discard => is("discard"),
            Self::RollBack(None) => is("rollback"),
            Self::RollBack(Some(to)) => is("rollback") && data["restores"] == json!(to),
            Self::Pin(None) => is("unpin"),
            Self::Adopt => is("adopt"),
            Self::Close(is_closed) => is(Self::close_name(*is_closed)),
            Self::Activate(version) => is("activate") && data["new"] == json!(version),
            Self::MarkGood(version) => is("good") && data["new"] == json!(version),
            Self::Pin(Some(to)) => is("pin") && data["new"] == json!(to),
        }
    }
}

/// An event holds its numbers as their canonical text reads back.
fn is_same(kept: &Value, sent: &Value) -> bool {
    model::canonical::to_string(kept) == model::canonical::to_string(sent)
}
