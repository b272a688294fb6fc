//! Whoever makes versions, and what each way to make one decides before it is published.

use std::{path::PathBuf, sync::Arc};

use compat::{Bump, Interface, Reason, Verdict};
use journal::Journal;
use model::{LineageName, Revision};
use repo::{CommitId, FileSet, Repo, SigningKey};
use semver::Version;
use serde_json::Value;
use state::{
    CodeRef, Document, Promotion, Rollback, Root, Script, StateError, StateManager, Written,
};
use tokio::task::spawn_blocking;
use vault::Store;

use crate::{
    Author, Base, BumpKind, Content, Demand, Proof, Proposal, Provenance, Prover, ReleaseError,
    Terms, TestStatus, kept,
    plan::{Kind, Plan, Source},
};

/// How often a release is begun anew because another one came before it.
pub const ATTEMPTS_MAX: usize = 16;

/// What releases work with.
pub struct Parts {
    pub journal: Arc<dyn Journal>,
    pub manager: StateManager,
    /// The releases' own repository, in the data folder.
    pub repo: Arc<Repo>,
    pub store: Store,
    /// What tags are signed with.
    pub key: Option<Arc<SigningKey>>,
    pub clock: state::Clock,
    /// A folder for the locks of lineages.
    pub turns: PathBuf,
}

/// Makes versions. Cheap to clone.
#[derive(Clone)]
pub struct Releaser {
    pub(crate) parts: Arc<Parts>,
    pub(crate) scripts: ScriptsOf,
}

/// Runs the migrations in Python that the files of a version bring.
pub type ScriptsOf = Arc<dyn Fn(&FileSet) -> Script + Send + Sync>;

/// Who wants a version, and why.
#[derive(Clone, Debug)]
pub struct Order {
    pub author: state::Author,
    pub made_by: Author,
    /// What changed, in words, for people.
    pub text: String,
    pub provenance: Provenance,
}

/// A version that came to be.
#[derive(Clone, Debug)]
pub struct Released {
    pub version: Version,
    pub commit: Option<String>,
    pub bump: BumpKind,
    /// What decided the number.
    pub reasons: Vec<String>,
    pub tests: TestStatus,
    pub written: Written,
}

impl Releaser {
    /// One that runs no Python: a version whose migrations need it is refused.
    pub fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
            scripts: Arc::new(|_files| {
                Script::new(|_name, _document| {
                    let refused = "it is in Python, and nothing here runs that".to_owned();
                    Box::pin(std::future::ready(Err(refused)))
                })
            }),
        }
    }

    /// The same, with what runs it.
    #[must_use]
    pub fn with_scripts(self, scripts: ScriptsOf) -> Self {
        Self { scripts, ..self }
    }

    pub fn repo(&self) -> &Arc<Repo> {
        &self.parts.repo
    }

    /// Releases the staged document on unchanged code, as the next patch version. With `base`,
    /// only if staging is at that revision.
    pub async fn promote(
        &self,
        lineage: &LineageName,
        base: Option<Revision>,
        order: &Order,
        prover: &dyn Prover,
    ) -> Result<Released, ReleaseError> {
        let terms = Terms {
            base,
            ..Terms::default()
        };
        self.promote_on(lineage, &terms, order, prover).await
    }

    /// The same on terms of one's own.
    pub async fn promote_on(
        &self,
        lineage: &LineageName,
        terms: &Terms,
        order: &Order,
        prover: &dyn Prover,
    ) -> Result<Released, ReleaseError> {
        for _attempt in 0..ATTEMPTS_MAX {
            let promotion = (self.parts.manager)
                .plan_promotion(lineage, terms.base, &order.author)
                .await?;
            let (root, document) = match promotion {
                Promotion::Done(written) => return Ok(Released::repeated(*written)),
                Promotion::Due { root, document } => (*root, *document),
            };
            self.check_steadiness(lineage, &document, &root, terms)
                .await?;
            let head = head(lineage, &root)?;
            let before = self.load(head).await?;
            let content = before.clone().with_state(Value::clone(&document.value));
            let proposal = Proposal {
                lineage: lineage.clone(),
                demand: Demand::Micro,
                files: content.files.clone(),
                schema: content.schema.clone(),
                state: content.state.clone(),
                base: Some(before.as_base(&root.version)),
            };
            let mut proof = prover.prove(&proposal).await?;
            if proof.tools.is_none() {
                proof.tools = kept::load_tools(&self.parts.store, head).await?;
            }
            let plan = Plan {
                lineage: lineage.clone(),
                kind: Kind::Promote { terms: *terms },
                source: Source::Commit(head),
                parents: vec![head],
                content,
                verdict: state_alone(),
                root: Some(root),
            };
            if let Some(released) = Box::pin(self.publish(plan, proof, order)).await? {
                return Ok(released);
            }
        }
        Err(busy(lineage))
    }

    /// Releases what an earlier version held again, and withdraws the one that serves. Nothing has
    /// to be proved: it was.
    pub async fn roll_back(
        &self,
        lineage: &LineageName,
        to: Option<&Version>,
        order: &Order,
    ) -> Result<Released, ReleaseError> {
        Box::pin(self.roll_back_if(lineage, to, order, |_plan| true)).await
    }

    /// Releases what `good` held again because `bad`, which serves, does badly. Whatever else serves
    /// by now, and whatever somebody holds `active` at, stays.
    pub(crate) async fn take_back(
        &self,
        lineage: &LineageName,
        bad: &Version,
        good: &Version,
        order: &Order,
    ) -> Result<Released, ReleaseError> {
        let is_bad = |plan: &Rollback| plan.withdraws() == bad && plan.unpins().is_none();
        self.roll_back_if(lineage, Some(good), order, is_bad).await
    }

    async fn roll_back_if(
        &self,
        lineage: &LineageName,
        to: Option<&Version>,
        order: &Order,
        is_meant: impl Fn(&Rollback) -> bool,
    ) -> Result<Released, ReleaseError> {
        let manager = &self.parts.manager;
        for _attempt in 0..ATTEMPTS_MAX {
            let repeated = manager.find_rolled_back(lineage, to, &order.author).await?;
            if let Some(written) = repeated {
                return Ok(Released::repeated(written));
            }
            let root = manager.root(lineage).await?;
            let plan = match manager.plan_rollback(lineage, to.cloned()).await {
                // Another release came between the two looks.
                Err(StateError::ActiveMoved) => continue,
                plan => plan?,
            };
            if !is_meant(&plan) {
                return Err(StateError::ActiveMoved.into());
            }
            let head = head(lineage, &root)?;
            let old = plan.code().and_then(commit_of);
            let old = old.ok_or_else(|| no_commit(lineage))?;
            let (now, then) = (self.load(head).await?, self.load(old).await?);
            let then = then.with_state(Value::clone(&plan.document().value));
            let proof = Proof {
                tests: self.tests_of(lineage, &plan.document().version).await?,
                tools: kept::load_tools(&self.parts.store, old).await?,
                base_tools: None,
                evals: None,
            };
            let verdict = self.verdict(&now, Some(head), &then, &proof, false).await?;
            let plan = Plan {
                lineage: lineage.clone(),
                kind: Kind::RollBack(Box::new(plan)),
                source: Source::Commit(old),
                parents: vec![head],
                content: then,
                verdict,
                root: Some(root),
            };
            if let Some(released) = Box::pin(self.publish(plan, proof, order)).await? {
                return Ok(released);
            }
        }
        Err(busy(lineage))
    }

    /// Which number the change from `before` to `after` makes.
    pub(crate) async fn verdict(
        &self,
        before: &Content,
        commit: Option<CommitId>,
        after: &Content,
        proof: &Proof,
        migrates: bool,
    ) -> Result<Verdict, ReleaseError> {
        let known = match commit {
            _ if before.code.digest() == after.code.digest() => Some(tools_of(proof)),
            Some(commit) => kept::load_tools(&self.parts.store, commit).await?,
            None => None,
        };
        let known = known.or_else(|| proof.base_tools.clone());
        let Some(tools) = known else {
            return Ok(tools_unknown());
        };
        let old = Interface {
            tools,
            goldens: before.goldens(),
            state_schema: Some(before.schema.clone()),
            migrates: false,
        };
        let new = Interface {
            tools: tools_of(proof),
            goldens: after.goldens(),
            state_schema: Some(after.schema.clone()),
            migrates,
        };
        Ok(compat::compare(&old, &new))
    }

    pub(crate) async fn load(&self, commit: CommitId) -> Result<Content, ReleaseError> {
        let repo = self.parts.repo.clone();
        spawn_blocking(move || Content::load(&repo, commit)).await?
    }

    /// How a version was proved, as its tag says.
    async fn tests_of(
        &self,
        lineage: &LineageName,
        version: &Version,
    ) -> Result<TestStatus, ReleaseError> {
        let found = self.find_tag(lineage, version).await?;
        Ok(found.map_or(TestStatus::Unknown, |(_, notes)| notes.tests))
    }
}

impl Released {
    pub(crate) fn repeated(written: Written) -> Self {
        let data = written.event.as_ref().map(|event| &event.data);
        let text = |name: &str| {
            let text = data.and_then(|data| data[name].as_str());
            text.map(str::to_owned)
        };
        let words = |name: &str| {
            let words = data.and_then(|data| data[name].as_array());
            let words = words.into_iter().flatten().filter_map(|word| word.as_str());
            words.map(str::to_owned).collect()
        };
        Self {
            version: written.document.version.clone(),
            commit: text("commit"),
            bump: (text("bump").as_deref())
                .and_then(BumpKind::find)
                .unwrap_or(BumpKind::Patch),
            reasons: words("reasons"),
            tests: text("tests")
                .as_deref()
                .map(TestStatus::find)
                .unwrap_or_default(),
            written,
        }
    }

    /// The document that is active since.
    pub fn document(&self) -> &Document {
        &self.written.document
    }
}

impl Content {
    pub(crate) fn as_base(&self, version: &Version) -> Base {
        Base {
            version: version.clone(),
            files: self.files.clone(),
            schema: self.schema.clone(),
            state: self.state.clone(),
            has_unknown_tools: false,
        }
    }

    fn goldens(&self) -> std::collections::BTreeMap<String, String> {
        let files = self.files.files().iter();
        compat::goldens(files.map(|(path, content)| (path.as_str(), content.as_ref())))
    }
}

fn tools_of(proof: &Proof) -> std::collections::BTreeMap<String, compat::ToolInterface> {
    proof.tools.clone().unwrap_or_default()
}

fn state_alone() -> Verdict {
    Verdict {
        bump: Bump::Patch,
        reasons: vec![Reason {
            bump: Bump::Patch,
            subject: compat::Subject::State,
            pointer: None,
            what: "the staged document was promoted".to_owned(),
        }],
    }
}

fn tools_unknown() -> Verdict {
    Verdict {
        bump: Bump::Major,
        reasons: vec![Reason {
            bump: Bump::Major,
            subject: compat::Subject::Tools,
            pointer: None,
            what: "it is not known what those of the version before take and give".to_owned(),
        }],
    }
}

pub(crate) fn head(lineage: &LineageName, root: &Root) -> Result<CommitId, ReleaseError> {
    let commit = root.code.as_ref().and_then(commit_of);
    commit.ok_or_else(|| no_commit(lineage))
}

pub(crate) fn commit_of(code: &CodeRef) -> Option<CommitId> {
    code.commit.as_ref()?.parse().ok()
}

pub(crate) fn no_commit(lineage: &LineageName) -> ReleaseError {
    ReleaseError::NoCommit {
        lineage: lineage.clone(),
    }
}

pub(crate) fn busy(lineage: &LineageName) -> ReleaseError {
    ReleaseError::Busy {
        lineage: lineage.clone(),
        attempts: ATTEMPTS_MAX,
    }
}
