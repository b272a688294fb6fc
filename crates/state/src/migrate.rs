//! Taking up a new schema: both documents go through the migrations, or the version is refused.

mod ahead;
mod chain;

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use journal::Head;
use model::{Digest, LineageName, NewEvent};
use semver::Version;
use serde_json::{Value, json};

use self::{ahead::Ahead, chain::chain};

use crate::{
    Author, Change, Content, Limits, Schema, Stamp, StateError, StateManager, Target, Written,
    change,
    diff::diff,
    manager::closed,
    materialise::{self, PATCHES_MAX, STAGING_FROM_ACTIVE},
    moves::{next_patch, release},
    request::Asked,
    root::{CodeRef, Root, SchemaRef},
    shared::{Halt, Shared},
};

/// How often a document may move while scripts migrate it before the adoption is given up.
const TRIES_MAX: usize = 8;

/// A step from the state of one version to that of another, in a file named after the two:
/// RFC 6902 operations in `FROM-TO.json`, or a script in `FROM-TO.py`.
#[derive(Clone, Debug)]
pub struct Migration {
    name: String,
    from: Version,
    to: Version,
    step: Step,
}

#[derive(Clone, Debug)]
enum Step {
    Patch(Change),
    Script(Script),
}

/// What a script makes of a document, or why it makes nothing of it.
pub type ScriptFuture = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// Runs scripts on documents, given the name of the file and the document. How, is the business of
/// whoever hands it in: nothing here runs code.
#[derive(Clone)]
pub struct Script(Arc<RunScript>);

type RunScript = dyn Fn(&str, Value) -> ScriptFuture + Send + Sync;

impl Script {
    pub fn new(run: impl Fn(&str, Value) -> ScriptFuture + Send + Sync + 'static) -> Self {
        Self(Arc::new(run))
    }

    /// Runs the migration of that file name.
    pub fn run(&self, name: &str, document: Value) -> ScriptFuture {
        (self.0)(name, document)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

/// A migration file that is none.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error("`{name}` is not named FROM-TO{ending} with two versions, like 0.1.0-0.2.0{ending}")]
    Name { name: String, ending: &'static str },
    #[error("`{name}` does not hold a JSON Patch: {reason}")]
    Content { name: String, reason: String },
}

impl Migration {
    /// From the name of a file, without its folder, and the operations in it.
    pub fn parse(file_name: &str, operations: Value) -> Result<Self, MigrationError> {
        let (from, to) = versions(file_name, ".json")?;
        let change = Change::patch(operations).map_err(|error| MigrationError::Content {
            name: file_name.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            name: file_name.to_owned(),
            from,
            to,
            step: Step::Patch(change),
        })
    }

    /// From the name of a file, without its folder, and what runs it.
    pub fn script(file_name: &str, script: Script) -> Result<Self, MigrationError> {
        let (from, to) = versions(file_name, ".py")?;
        Ok(Self {
            name: file_name.to_owned(),
            from,
            to,
            step: Step::Script(script),
        })
    }

    fn is_script(&self) -> bool {
        matches!(self.step, Step::Script(_))
    }
}

/// The versions that a file leads between.
fn versions(file_name: &str, ending: &'static str) -> Result<(Version, Version), MigrationError> {
    let misnamed = || MigrationError::Name {
        name: file_name.to_owned(),
        ending,
    };
    let stem = file_name.strip_suffix(ending).ok_or_else(misnamed)?;
    // A pre-release has dashes of its own, so each dash is tried.
    let parsed = stem.match_indices('-').find_map(|(at, _)| {
        let from = Version::parse(&stem[..at]).ok()?;
        Some((from, Version::parse(&stem[at + 1..]).ok()?))
    });
    parsed.ok_or_else(misnamed)
}

/// A new schema, or new code, for a lineage.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// The number that it was given; without one it follows from the migrations, or is the next
    /// patch version.
    pub version: Option<Version>,
    /// What git has of it already; its number is the one.
    pub stamp: Option<Stamp>,
    /// The code from now on; without any, what was there stays.
    pub code: Option<CodeRef>,
    pub schema: Value,
    /// The active document from now on; without one, what was there, migrated. A staged document
    /// that was the active one stays that.
    pub value: Option<Value>,
    /// Those that lead on from the lineage's version are run, in a chain. The first may begin at
    /// any version that had the same schema, for releases of state alone move the number on, and a
    /// rollback brings a schema back.
    pub migrations: Vec<Migration>,
}

impl StateManager {
    /// Takes up a schema, code or both as the next version. The active document must satisfy it after its
    /// migrations, or nothing changes; a staged document that cannot is discarded, and the event
    /// says so. With a stamp the version is there already, so that a staged document which never
    /// rests while scripts migrate it is discarded as well.
    pub async fn adopt(
        &self,
        lineage: &LineageName,
        adoption: Adoption,
        author: &Author,
    ) -> Result<Written, StateError> {
        let schema = Schema::compile(adoption.schema.clone())?;
        let mut tries = 0;
        loop {
            tries += 1;
            let mut ahead = self.migrate_ahead(lineage, &adoption, &schema).await?;
            ahead.may_leave_staging = tries == TRIES_MAX && adoption.stamp.is_some();
            let (shared, by) = (self.shared.clone(), author.clone());
            let (schema, adoption) = (schema.clone(), adoption.clone());
            let make =
                move |head: &mut dyn Head| shared.adopted(head, &schema, &adoption, &ahead, &by);
            match self.apply(lineage, Target::Active, author, make).await {
                Err(StateError::MovedMeanwhile) if tries < TRIES_MAX => {}
                outcome => return outcome,
            }
        }
    }
}

impl StateManager {
    /// What an earlier sending of the same request to adopt did, if it has a key and was carried out.
    pub async fn find_adopted(
        &self,
        lineage: &LineageName,
        author: &Author,
    ) -> Result<Option<Written>, StateError> {
        let repeated = self.find_repeated(lineage, Target::Active, author).await?;
        repeated
            .map(|it| self.confirm(it, &Asked::Adopt, author))
            .transpose()
    }
}

/// What adopting would make of the active document.
#[derive(Clone, Debug)]
pub struct Adopted {
    /// What it is done on.
    pub root: Root,
    pub before: Value,
    pub value: Value,
    /// The migrations that bring `before` into the new schema, in their order, even where another
    /// value was given.
    pub migrations: Vec<String>,
}

impl StateManager {
    /// What [`StateManager::adopt`] would make active, for whoever proves it first; refused as that
    /// would be.
    pub async fn plan_adoption(
        &self,
        lineage: &LineageName,
        adoption: &Adoption,
    ) -> Result<Adopted, StateError> {
        let schema = Schema::compile(adoption.schema.clone())?;
        let root = self.root(lineage).await?.without_trial();
        if root.is_closed {
            return Err(closed(lineage));
        }
        let active = self.document_under(lineage, Target::Active, &root).await?;
        let before = Value::clone(&active.value);
        let version = adoption.version.as_ref();
        let version = version.unwrap_or(&root.version).clone();
        let (migrated, migrations) = if schema.hash() == root.schema.hash {
            (Ok(active.value.clone()), Vec::new())
        } else {
            let mut ahead = self.look_ahead(lineage, &root, adoption).await?;
            let (chain, _) = chain(&adoption.migrations, &ahead.begins, &root.version);
            let documents = [root.active.hash];
            self.run_ahead(&mut ahead, lineage, &root, &chain, &documents)
                .await?;
            let shared = &self.shared;
            let migrated = shared.migrated(&active.value, &chain, &ahead, &schema, &version);
            let is_led = migrated.is_ok();
            let steps = chain.iter().filter(|_| is_led);
            (migrated, steps.map(|step| step.name.clone()).collect())
        };
        let value = match adoption.value.clone() {
            Some(given) => self.shared.given(given, &schema)?,
            None => migrated?,
        };
        Ok(Adopted {
            root,
            before,
            value: Value::clone(&value),
            migrations,
        })
    }
}

impl Shared {
    fn adopted(
        &self,
        head: &mut dyn Head,
        schema: &Schema,
        adoption: &Adoption,
        ahead: &Ahead,
        author: &Author,
    ) -> Result<NewEvent, Halt> {
        let before = match adoption.stamp {
            Some(_) => self.root_now(head)?,
            None => self.root_before(head, None)?,
        };
        let mut root = before.without_trial();
        if let Some(stamp) = &adoption.stamp {
            stamp.check(&root)?;
        }
        let is_new_schema = schema.hash() != root.schema.hash;
        let code = adoption.code.as_ref().or(root.code.as_ref());
        let hash_of = |code: Option<&CodeRef>| code.map(|code| code.hash);
        let given = adoption.value.clone();
        let given = given.map(|value| self.given(value, schema)).transpose()?;
        let is_new_value = (given.as_ref()).is_some_and(|given| given.hash() != root.active.hash);
        let is_new_code = hash_of(code) != hash_of(root.code.as_ref());
        let is_new = is_new_schema || is_new_value || is_new_code;
        if !is_new && adoption.stamp.is_none() {
            return Err(Halt::Unchanged);
        }
        if is_new_schema && !ahead.is_of(&root) {
            return Err(StateError::MovedMeanwhile.into());
        }
        let (chain, reached) = if is_new_schema {
            chain(&adoption.migrations, &ahead.begins, &root.version)
        } else {
            (Vec::new(), None)
        };
        let stamped = adoption.stamp.as_ref().map(|stamp| &stamp.version);
        let version = match stamped.or(adoption.version.as_ref()) {
            Some(version) if *version <= root.version => {
                let (version, head) = (version.clone(), root.version);
                return Err(StateError::NotNewer { version, head }.into());
            }
            Some(version) => version.clone(),
            None => reached
                .cloned()
                .unwrap_or_else(|| next_patch(&root.version)),
        };
        root.code = code.cloned();
        let active = materialise::document_in(head, &self.cache, &root.active)?;
        let staging = materialise::document_in(head, &self.cache, &root.staging)?;
        let is_followed = given.is_some() && root.staging.hash == root.active.hash;
        let migrated = |document: &Content| {
            if !ahead.covers(&chain, document.hash()) {
                return Err(StateError::MovedMeanwhile);
            }
            self.migrated(document, &chain, ahead, schema, &version)
        };
        let active = given.map_or_else(|| migrated(&active), Ok)?;
        let hash = active.hash();
        let mut data = release("adopt", &before, hash);
        data["previous"] = json!(root.active.hash);
        data["migrations"] = json!(chain.iter().map(|step| &step.name).collect::<Vec<_>>());
        if is_new_schema {
            data["schema"] = schema.value().clone();
        }
        let staged = if is_followed {
            Ok(active.clone())
        } else {
            migrated(&staging)
        };
        match staged {
            Ok(staged) if staged.hash() == root.staging.hash => {}
            // The body of the event is the active document, so this one need not travel.
            Ok(staged) if staged.hash() == hash => root.staging = root.staging.replaced(hash),
            Ok(staged) => {
                if root.staging.patches >= PATCHES_MAX {
                    data[STAGING_FROM_ACTIVE] = json!(diff(&active, &staged));
                    root.staging = root.staging.replaced(staged.hash());
                } else {
                    data["staging_patch"] = json!(diff(&staging, &staged));
                    root.staging = root.staging.patched(staged.hash());
                }
                self.cache.keep(staged);
            }
            Err(error @ StateError::MovedMeanwhile) if !ahead.may_leave_staging => {
                return Err(error.into());
            }
            Err(error) => {
                data["staging_discarded"] = json!(error.to_string());
                root.staging = root.staging.replaced(hash);
            }
        }
        root.active = root.active.replaced(hash);
        if is_new_schema {
            root.schema = SchemaRef {
                hash: schema.hash(),
                seq: None,
            };
        }
        root.version = version;
        if let Some(stamp) = &adoption.stamp {
            stamp.put_on(&mut root, &mut data);
        }
        let root = root.moved_from(before.serving_version());
        self.cache.keep_schema(schema.clone());
        Ok(self.release_event(data, &root, &active, author))
    }
}

impl Shared {
    /// A document that comes with the schema it has to satisfy.
    fn given(&self, value: Value, schema: &Schema) -> Result<Content, StateError> {
        let value = change::admit(value, &self.limits)?;
        self.checked_content(value, schema)
    }

    fn migrated(
        &self,
        document: &Content,
        chain: &[&Migration],
        ahead: &Ahead,
        schema: &Schema,
        version: &Version,
    ) -> Result<Content, StateError> {
        let migrated = match ahead.find(chain, document.hash()) {
            Some(made) => made.clone(),
            None => migrate(document, chain, &self.limits),
        };
        let checked = migrated.and_then(|value| {
            check(&value, chain, schema)?;
            Ok(value)
        });
        let value = checked.map_err(|refused| refused.of(version))?;
        self.content(value)
    }
}

/// The documents of `root` that an adoption takes along.
fn documents_to_migrate(root: &Root, adoption: &Adoption) -> Vec<Digest> {
    let is_given = adoption.value.is_some();
    let is_followed = is_given && root.staging.hash == root.active.hash;
    let active = (!is_given).then_some(root.active.hash);
    let staging = (!is_followed).then_some(root.staging.hash);
    active.into_iter().chain(staging).collect()
}

/// Why a step does not take a document along.
#[derive(Clone, Debug)]
struct Refused {
    migration: String,
    reason: String,
}

impl Refused {
    fn by(step: &Migration, reason: String) -> Self {
        Self {
            migration: step.name.clone(),
            reason,
        }
    }

    fn of(self, version: &Version) -> StateError {
        let Self { migration, reason } = self;
        StateError::Migration {
            migration,
            version: version.clone(),
            reason,
        }
    }
}

fn migrate(value: &Value, chain: &[&Migration], limits: &Limits) -> Result<Value, Refused> {
    let mut value = value.clone();
    for step in chain {
        value = match &step.step {
            Step::Patch(change) => patched(step, change, value, limits)?,
            Step::Script(_) => unreachable!("scripts have run before the writer is asked"),
        };
    }
    Ok(value)
}

fn patched(
    step: &Migration,
    change: &Change,
    value: Value,
    limits: &Limits,
) -> Result<Value, Refused> {
    let after = change.apply(value, limits);
    after.map_err(|error| Refused::by(step, error.to_string()))
}

fn check(value: &Value, chain: &[&Migration], schema: &Schema) -> Result<(), Refused> {
    schema.check(value).map_err(|violations| {
        let last = chain.last().map(|step| step.name.as_str());
        let first = violations.first().map(ToString::to_string);
        Refused {
            migration: last.unwrap_or("the new schema").to_owned(),
            reason: first.unwrap_or_default(),
        }
    })
}
