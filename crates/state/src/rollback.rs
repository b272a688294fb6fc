//! Going back to what an earlier version held.

use journal::{Head, Order, Query};
use model::{Digest, EventType, LineageName, NewEvent, Subject};
use semver::Version;
use serde_json::json;

use crate::{
    Author, Document, Stamp, StateError, StateManager, Target, Written,
    manager::closed,
    materialise,
    moves::{next_patch, release},
    request::Asked,
    root::{CodeRef, Root, SchemaRef},
    shared::{Halt, Shared},
};

/// Releases that are looked through at once for one to go back to.
const PAGE_RELEASES_MAX: usize = 64;

/// What a rollback was decided on, outside the writer.
#[derive(Clone, Debug)]
pub struct Rollback {
    /// The root as it was then.
    read: Root,
    /// The version that goes, and the pin that is let go of.
    withdraws: Version,
    unpins: Option<Version>,
    /// The document to bring back, with the schema and the code that it had.
    old: Document,
    schema: SchemaRef,
    code: Option<CodeRef>,
}

impl Rollback {
    /// The newest version when it was decided.
    pub fn head(&self) -> &Version {
        &self.read.version
    }

    /// The document that is brought back, of the version that is.
    pub fn document(&self) -> &Document {
        &self.old
    }

    /// The code that is brought back.
    pub fn code(&self) -> Option<&CodeRef> {
        self.code.as_ref()
    }

    /// The schema that is brought back.
    pub fn schema(&self) -> Digest {
        self.schema.hash
    }

    /// The version that is withdrawn.
    pub fn withdraws(&self) -> &Version {
        &self.withdraws
    }

    /// The version that `active` was held at, and is not any more.
    pub fn unpins(&self) -> Option<&Version> {
        self.unpins.as_ref()
    }

    /// May it still be done, on what `root` is by now?
    fn check(&self, root: &Root) -> Result<(), StateError> {
        let version = &self.old.version;
        let is_as_read = root.version == self.read.version
            && root.pins == self.read.pins
            && root.canary == self.read.canary;
        if !is_as_read {
            return Err(StateError::ActiveMoved);
        }
        if root.withdrawn.contains(version) {
            let version = version.clone();
            return Err(StateError::Withdrawn { version });
        }
        if *version == root.version || self.brought(root).serves_as(root) {
            let version = version.clone();
            return Err(StateError::AlreadyActive { version });
        }
        Ok(())
    }

    fn brought(&self, root: &Root) -> Root {
        Root {
            active: root.active.replaced(self.old.hash),
            schema: self.schema.clone(),
            code: self.code.clone(),
            ..root.clone()
        }
    }
}

impl StateManager {
    /// Brings the active document of `to` back as the next patch version, with the schema and code it had,
    /// withdraws the version that serves now, and lets go of a pin. Without `to`: the last known good
    /// one; where that is what serves, or is withdrawn, the newest before it which is not withdrawn
    /// and holds another state, so that one rollback after another goes further back. A staged document that does not fit that schema
    /// is discarded, and the event says so.
    pub async fn roll_back(
        &self,
        lineage: &LineageName,
        to: Option<Version>,
        author: &Author,
    ) -> Result<Written, StateError> {
        let asked = Asked::RollBack(to.clone());
        let plan = match self.plan_rollback(lineage, to).await {
            Ok(plan) => plan,
            Err(error) => {
                let repeated = self.find_repeated(lineage, Target::Active, author).await?;
                return self.confirm(repeated.ok_or(error)?, &asked, author);
            }
        };
        let make = move |shared: &Shared, head: &mut dyn Head, by: &Author| {
            shared.rolled_back(head, &plan, None, by)
        };
        self.swap(lineage, Target::Active, author, &asked, make)
            .await
    }

    /// What an earlier sending of the same request did, if it has a key and was carried out.
    pub async fn find_rolled_back(
        &self,
        lineage: &LineageName,
        to: Option<&Version>,
        author: &Author,
    ) -> Result<Option<Written>, StateError> {
        let repeated = self.find_repeated(lineage, Target::Active, author).await?;
        let asked = Asked::RollBack(to.cloned());
        repeated
            .map(|it| self.confirm(it, &asked, author))
            .transpose()
    }

    /// Goes back as [`StateManager::roll_back`] does, as the version that `stamp` says. That is there
    /// already, so a pin that somebody set since does not stop it; it stays, unless it holds the
    /// version that is withdrawn.
    pub async fn roll_back_as(
        &self,
        lineage: &LineageName,
        plan: Rollback,
        stamp: &Stamp,
        author: &Author,
    ) -> Result<Written, StateError> {
        let (shared, by, stamp) = (self.shared.clone(), author.clone(), stamp.clone());
        let make = move |head: &mut dyn Head| shared.rolled_back(head, &plan, Some(&stamp), &by);
        self.apply(lineage, Target::Active, author, make).await
    }

    /// What going back to `to` would bring back, or to where one goes who names no version. Reads
    /// outside the writer: what a version released never changes.
    pub async fn plan_rollback(
        &self,
        lineage: &LineageName,
        to: Option<Version>,
    ) -> Result<Rollback, StateError> {
        let read = self.root(lineage).await?;
        if read.is_closed {
            return Err(closed(lineage));
        }
        let serving = match read.serving_version() {
            newest if *newest == read.version => read.clone(),
            held => self.root_of(lineage, held).await?,
        };
        let is_pinned = read.pins.contains_key(Root::ACTIVE);
        let root = match (to, &read.canary) {
            (Some(to), _) => self.root_of(lineage, &to).await?,
            // What is on trial goes, and what serves stays.
            (None, Some(_)) if !is_pinned => serving.clone(),
            (None, _) => self.find_good(lineage, &read, &serving).await?,
        };
        // Somebody who held `active` at the state that is brought back was led away from it by the
        // newest version.
        let withdraws = if root.serves_as(&serving) {
            read.version.clone()
        } else {
            serving.version
        };
        let unpins = read.pins.get(Root::ACTIVE).cloned();
        let plan = self
            .rollback(lineage, read, root, withdraws, unpins)
            .await?;
        plan.check(&plan.read)?;
        Ok(plan)
    }

    /// A rollback that was decided and tagged before, and is not decided again: what it brings back,
    /// what it withdraws, and the pin that it lets go of.
    pub async fn decided_rollback(
        &self,
        lineage: &LineageName,
        restores: &Version,
        withdraws: Version,
        unpins: Option<Version>,
    ) -> Result<Rollback, StateError> {
        let read = self.root(lineage).await?;
        let root = self.root_of(lineage, restores).await?;
        self.rollback(lineage, read, root, withdraws, unpins).await
    }

    async fn rollback(
        &self,
        lineage: &LineageName,
        read: Root,
        to: Root,
        withdraws: Version,
        unpins: Option<Version>,
    ) -> Result<Rollback, StateError> {
        Ok(Rollback {
            read,
            withdraws,
            unpins,
            old: self.document_under(lineage, Target::Active, &to).await?,
            schema: to.schema,
            code: to.code,
        })
    }

    /// The root of the version that a rollback goes to if nobody names one.
    async fn find_good(
        &self,
        lineage: &LineageName,
        now: &Root,
        serving: &Root,
    ) -> Result<Root, StateError> {
        let mut query = Query {
            kinds: vec![EventType::RELEASE],
            order: Order::NewestFirst,
            limit: PAGE_RELEASES_MAX,
            ..Query::of(Subject::lineage(lineage))
        };
        loop {
            let page = self.journal.read(query.clone()).await?;
            let Some(oldest) = page.last() else {
                return Err(StateError::NothingToRollBack);
            };
            query.until = oldest.seq.saturating_sub(1);
            for event in page {
                let root = Root::of(&event)?;
                let is_earlier =
                    root.version <= now.last_known_good && root.version < serving.version;
                if is_earlier
                    && !now.withdrawn.contains(&root.version)
                    && !root.serves_as(serving)
                    && !root.serves_as(now)
                {
                    return Ok(root);
                }
            }
        }
    }
}

impl Shared {
    fn rolled_back(
        &self,
        head: &mut dyn Head,
        plan: &Rollback,
        stamp: Option<&Stamp>,
        author: &Author,
    ) -> Result<NewEvent, Halt> {
        let mut root = match stamp {
            Some(_) => self.root_now(head)?,
            None => self.root_before(head, None)?,
        };
        let (old, version) = (&plan.old, plan.old.version.clone());
        match stamp {
            Some(stamp) => stamp.check(&root)?,
            None => plan.check(&root)?,
        }
        let brought = plan.brought(&root);
        let bad = plan.withdraws.clone();
        let served = root.serving_version().clone();
        let mut data = release("rollback", &root, old.hash);
        data["restores"] = json!(version);
        data["withdraws"] = json!(bad);
        let pinned = root.pins.get(Root::ACTIVE);
        if pinned.is_some_and(|pinned| Some(pinned) == plan.unpins.as_ref() || *pinned == bad) {
            data["unpins"] = json!(root.pins.remove(Root::ACTIVE));
        }
        if plan.schema.hash != root.schema.hash {
            let staging = materialise::document_in(head, &self.cache, &root.staging)?;
            let compiled = materialise::schema_in(head, &self.cache, &plan.schema)?;
            if let Err(violations) = compiled.check(&staging) {
                let reason = StateError::Invalid { violations };
                data["staging_discarded"] = json!(reason.to_string());
                root.staging = root.staging.replaced(old.hash);
            }
        }
        let Root {
            active,
            schema,
            code,
            ..
        } = brought;
        (root.active, root.schema, root.code) = (active, schema, code);
        root.withdraw(&bad, &version);
        root.version = next_patch(&root.version);
        root.canary = None;
        if let Some(stamp) = stamp {
            stamp.put_on(&mut root, &mut data);
        }
        let root = root.moved_from(&served);
        Ok(self.release_event(data, &root, &old.value, author))
    }
}
