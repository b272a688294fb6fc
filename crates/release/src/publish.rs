//! From a plan that was proved to a version that everybody sees: intent, objects, references (the
//! commit point), root. A process that dies on the way leaves all of the version or nothing of it,
//! and the next release of the lineage finishes what it began.

use fail::fail_point;
use journal::{Expect, Order as Direction, Query};
use model::{Context, EventType, LineageName, NewEvent, Subject};
use repo::{CommitId, Move, Person, Published, RefConflict, TagName};
use semver::Version;
use serde_json::{Map, Value, json};
use state::{Adoption, CodeRef, Seed, Stamp, StateError, Written};
use tokio::task::spawn_blocking;

use crate::{
    Author, Content, Notes, Order, Proof, ReleaseError, Released, Releaser, Seal,
    objects::{Made, Making},
    plan::{Kind, Plan},
    terms::AUTOMATIC,
    turn::Turn,
};

/// What an intent is among the events of a lineage's releases.
pub(crate) const INTENT: &str = "luthier.release.intent";

/// Numbers that are tried when people have tagged those that a change should get.
const NUMBERS_MAX: usize = 100;

/// Where the intents of a lineage's releases are.
pub(crate) fn subject(lineage: &LineageName) -> Subject {
    let lineage = Subject::lineage(lineage);
    let name = lineage.as_str().trim_start_matches("lineage.");
    let subject = format!("release.{name}").parse();
    subject.expect("what follows one prefix may follow another of its length")
}

/// Who commits and tags.
pub(crate) fn luthier() -> Person {
    Person {
        name: "Luthier".to_owned(),
        email: "luthier@localhost".to_owned(),
    }
}

/// What every number that is tried has in common.
struct Work<'a> {
    plan: &'a Plan,
    proof: &'a Proof,
    order: &'a Order,
    /// What the objects are made of: the files around the state, as they were.
    before: Option<Content>,
    seal: Option<Seal>,
    at: jiff::Timestamp,
}

impl Releaser {
    /// Carries out a plan. Nothing if what it was made on has moved: whoever made it makes another.
    pub(crate) async fn publish(
        &self,
        plan: Plan,
        proof: Proof,
        order: &Order,
    ) -> Result<Option<Released>, ReleaseError> {
        let lineage = plan.lineage.clone();
        let _turn = Turn::take(&self.parts.turns, &lineage).await?;
        self.recover_in_turn(&lineage).await?;
        let now = match self.parts.manager.root(&lineage).await {
            Ok(root) => Some(root),
            Err(StateError::NoLineage { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        if !plan.is_on(now.as_ref()) {
            return Ok(None);
        }
        let before = match plan.compared_with() {
            Some(commit) => Some(self.load(commit).await?),
            None => None,
        };
        let work = Work {
            plan: &plan,
            proof: &proof,
            order,
            before,
            seal: self.newest_seal().await?,
            at: (self.parts.clock)(),
        };
        let mut number = self.number(&plan).await?;
        for _try in 0..NUMBERS_MAX {
            if let Some(released) = self.publish_as(&work, &number).await? {
                return Ok(Some(released));
            }
            number = plan.next(&number);
        }
        Err(ReleaseError::Numbers {
            lineage,
            first: plan.number(),
            last: number,
        })
    }

    /// The number that is tried first. Where nothing was released yet, that comes after whatever
    /// people have tagged.
    async fn number(&self, plan: &Plan) -> Result<Version, ReleaseError> {
        if plan.root.is_some() {
            return Ok(plan.number());
        }
        let repo = self.parts.repo.clone();
        let versions = spawn_blocking(move || repo.versions()).await??;
        let tagged = versions.list.iter();
        let tagged = tagged.filter(|it| it.lineage == plan.lineage && !it.is_prerelease());
        let highest = tagged.map(|it| &it.number).max();
        Ok(highest.map_or_else(|| plan.number(), |highest| plan.next(highest)))
    }

    /// Nothing if somebody has a tag of that number.
    async fn publish_as(
        &self,
        work: &Work<'_>,
        number: &Version,
    ) -> Result<Option<Released>, ReleaseError> {
        let Work {
            plan, proof, order, ..
        } = work;
        let id = self.intend(work, number).await?;
        fail_point!("release::after_intent");
        let said = notes(work, number, &id);
        let tip = self.parts.repo.branch(&plan.lineage)?;
        self.check_tip(plan, tip)?;
        let (made, stamp) = self.make(work, number, said).await?;
        fail_point!("release::after_objects");
        let tag = TagName {
            lineage: plan.lineage.clone(),
            number: number.clone(),
        };
        let by = luthier();
        let moved = Move {
            lineage: &plan.lineage,
            from: tip,
            to: made.commit,
            tags: &[(tag, made.tag)],
            hidden: &[],
            by: &by,
            at: work.at,
            why: &format!("release: {number}"),
        };
        match self.parts.repo.publish(&moved)? {
            Published::Committed { .. } => {}
            Published::Conflict(conflicts) if is_number_taken(&conflicts) => return Ok(None),
            Published::Conflict(conflicts) => return Err(branch_moved(plan, &conflicts)),
        }
        fail_point!("release::after_refs");
        let written = self.swap(plan, &stamp, &order.author).await?;
        fail_point!("release::after_root");
        Ok(Some(Released {
            version: number.clone(),
            commit: Some(made.commit.to_string()),
            bump: plan.bump(),
            reasons: plan.reasons(),
            tests: proof.tests,
            written,
        }))
    }

    /// Says what is about to be done, so that whoever comes after a crash knows.
    async fn intend(&self, work: &Work<'_>, number: &Version) -> Result<String, ReleaseError> {
        let Work { plan, order, .. } = work;
        let id = uuid::Uuid::now_v7().to_string();
        // Before a first version there is nothing that could be half done: `begin` finds its tag.
        if plan.root.is_none() {
            return Ok(id);
        }
        let rollback = match &plan.kind {
            Kind::RollBack(rollback) => Some(rollback),
            Kind::First | Kind::Promote { .. } | Kind::Code { .. } => None,
        };
        let data = json!({
            "id": id,
            "kind": plan.kind_name(),
            "version": number,
            "follows": plan.root.as_ref().map(|root| &root.version),
            "restores": rollback.map(|rollback| &rollback.document().version),
            "withdraws": rollback.map(|rollback| rollback.withdraws()),
            "unpins": rollback.and_then(|rollback| rollback.unpins()),
            "canary_share": plan.canary_share(),
            "facts": facts(work, &id),
            "key": order.author.key.as_ref().map(ToString::to_string),
            "reason": order.author.reason,
        });
        let kind: EventType = INTENT.parse().expect("a step of a known type is a type");
        let context = Context {
            version: Some(number.clone()),
            ..order.author.context.clone()
        };
        let event = NewEvent::new(kind, work.at, context, data);
        let subject = subject(&plan.lineage);
        self.parts
            .journal
            .append(subject, Expect::Any, event)
            .await?;
        Ok(id)
    }

    /// Makes the objects of git and of the vault. Nobody sees any of them yet.
    async fn make(
        &self,
        work: &Work<'_>,
        number: &Version,
        notes: Notes,
    ) -> Result<(Made, Stamp), ReleaseError> {
        let Work { plan, proof, .. } = work;
        let (base, changes) = match &work.before {
            Some(before) => plan.tree(before),
            None => plan.tree(&plan.content),
        };
        let making = Making {
            base,
            as_it_is: plan.as_it_is(&changes),
            changes,
            parents: plan.parents.clone(),
            lineage: plan.lineage.clone(),
            number: number.clone(),
            at: work.at,
            author: author_of(&work.order.made_by),
            code: plan.content.code.clone(),
            tools: proof.tools.clone(),
            evals: proof.evals.clone(),
            follows: plan.root.as_ref().map(|root| root.version.clone()),
            facts: facts(work, notes.release.as_deref().unwrap_or_default()),
            canary_share: plan.canary_share(),
            notes,
        };
        let parts = self.parts.clone();
        spawn_blocking(move || making.run(&parts)).await?
    }

    /// Makes the root follow. The version is there already, so this is only ever done once.
    pub(crate) async fn swap(
        &self,
        plan: &Plan,
        stamp: &Stamp,
        author: &state::Author,
    ) -> Result<Written, ReleaseError> {
        let manager = &self.parts.manager;
        let (lineage, content) = (&plan.lineage, &plan.content);
        let code = CodeRef {
            hash: content.code.digest(),
            commit: Some(stamp.commit.clone()),
        };
        Ok(match &plan.kind {
            Kind::First => {
                let seed = Seed {
                    facts: stamp.facts.clone(),
                    version: stamp.version.clone(),
                    code: Some(code),
                    schema: content.schema.clone(),
                    value: content.state.clone(),
                };
                manager.open(lineage, seed, author).await?;
                let target = state::Target::Active;
                Written {
                    document: manager.document(lineage, target).await?,
                    event: None,
                    was_repeated: false,
                }
            }
            Kind::Promote { .. } => {
                let value = &content.state;
                manager.promote_as(lineage, value, stamp, author).await?
            }
            Kind::Code { migrations } => {
                let adoption = Adoption {
                    version: None,
                    stamp: Some(stamp.clone()),
                    code: Some(code),
                    schema: content.schema.clone(),
                    value: Some(content.state.clone()),
                    migrations: migrations.clone(),
                };
                manager.adopt(lineage, adoption, author).await?
            }
            Kind::RollBack(rollback) => {
                let rollback = (**rollback).clone();
                manager
                    .roll_back_as(lineage, rollback, stamp, author)
                    .await?
            }
        })
    }

    /// Is the branch where the newest release is, or where the workspace has it, which loses nothing
    /// when it moves?
    fn check_tip(&self, plan: &Plan, tip: Option<CommitId>) -> Result<(), ReleaseError> {
        // A lineage that was forked has its branch with its first release.
        let (Some(root), Some(tip)) = (&plan.root, tip) else {
            return Ok(());
        };
        let expected = crate::releaser::head(&plan.lineage, root)?;
        if tip == expected || self.is_of_workspace(tip)? {
            return Ok(());
        }
        Err(ReleaseError::BranchMoved {
            lineage: plan.lineage.clone(),
            found: tip.to_string(),
            expected,
        })
    }

    /// Did people make `tip`, and no release since?
    pub(crate) fn is_of_workspace(&self, tip: CommitId) -> Result<bool, ReleaseError> {
        let repo = &self.parts.repo;
        let is_released = repo
            .versions()?
            .list
            .iter()
            .any(|version| version.commit == tip);
        Ok(!is_released && repo.is_in_workspace(tip)?)
    }

    async fn newest_seal(&self) -> Result<Option<Seal>, ReleaseError> {
        let query = Query {
            kinds: vec![EventType::SEAL],
            order: Direction::NewestFirst,
            limit: 1,
            ..Query::all()
        };
        let seals = self.parts.journal.read(query).await?;
        Ok(seals.first().map(|seal| Seal {
            seq: seal.seq,
            hash: seal.hash,
        }))
    }
}

/// What the tag says.
fn notes(work: &Work<'_>, number: &Version, id: &str) -> Notes {
    let Work {
        plan, proof, order, ..
    } = work;
    let (withdraws, restores) = match &plan.kind {
        Kind::RollBack(rollback) => (
            Some(rollback.withdraws().clone()),
            Some(rollback.document().version.clone()),
        ),
        Kind::First | Kind::Promote { .. } | Kind::Code { .. } => (None, None),
    };
    let revision = plan
        .root
        .as_ref()
        .map_or(1, |root| root.active.revision + 1);
    Notes {
        subject: format!("{number}: {}", headline(plan)),
        text: order.text.clone(),
        version: Some(number.clone()),
        lineage: Some(plan.lineage.to_string()),
        bump: Some(plan.bump()),
        reasons: plan.reasons(),
        author: Some(order.made_by.clone()),
        tests: proof.tests,
        code: Some(plan.content.code.digest()),
        state: Some(model::Digest::of_json(&plan.content.state)),
        state_revision: Some(revision),
        folder_state: plan.folder_state(),
        evals: None,
        withdraws,
        restores,
        release: Some(id.to_owned()),
        seal: work.seal.clone(),
        provenance: order.provenance.clone(),
    }
}

/// What the event of the release says.
fn facts(work: &Work<'_>, id: &str) -> Map<String, Value> {
    let Work {
        plan, proof, order, ..
    } = work;
    let facts = json!({
        "release": id,
        "bump": plan.bump().to_string(),
        "reasons": plan.reasons(),
        "tests": proof.tests.to_string(),
        "made_by": order.made_by.to_string(),
    });
    match facts {
        Value::Object(mut facts) => {
            if matches!(&plan.kind, Kind::Promote { terms } if terms.is_automatic()) {
                facts.insert(AUTOMATIC.to_owned(), true.into());
            }
            facts
        }
        _ => unreachable!("it was written as an object"),
    }
}

fn headline(plan: &Plan) -> String {
    match &plan.kind {
        Kind::First => "the first version".to_owned(),
        Kind::Promote { .. } => "state promoted".to_owned(),
        Kind::RollBack(rollback) => format!("back to {}", rollback.document().version),
        Kind::Code { .. } => {
            let reason = plan.reasons().into_iter().next();
            reason.unwrap_or_else(|| "inside alone".to_owned())
        }
    }
}

fn author_of(author: &Author) -> Person {
    match author {
        Author::Person(name) => Person {
            name: name.clone(),
            ..luthier()
        },
        Author::Architect => Person {
            name: "Luthier Architect".to_owned(),
            ..luthier()
        },
        Author::Tuner => Person {
            name: "Luthier Tuner".to_owned(),
            ..luthier()
        },
    }
}

fn is_number_taken(conflicts: &[RefConflict]) -> bool {
    conflicts
        .iter()
        .any(|conflict| conflict.name.starts_with("refs/tags/"))
}

fn branch_moved(plan: &Plan, conflicts: &[RefConflict]) -> ReleaseError {
    let found = conflicts
        .first()
        .and_then(|conflict| conflict.found.clone());
    let expected = plan.root.as_ref();
    let expected = expected.and_then(|root| crate::releaser::head(&plan.lineage, root).ok());
    match expected {
        Some(expected) => ReleaseError::BranchMoved {
            lineage: plan.lineage.clone(),
            found: found.unwrap_or_else(|| "nowhere".to_owned()),
            expected,
        },
        None => crate::releaser::no_commit(&plan.lineage),
    }
}
