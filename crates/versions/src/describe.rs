//! A version in words: a line of the list, and all that is known of one.

use bytes::Bytes;
use model::VersionRef;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use release::{Author, Notes};
use repo::{CommitId, Person, Version};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    LookupError, Registry,
    evals::{self, EvalsError},
    filter::{Filter, Tag},
    index::{Id, Index, Tests},
};

/// A version, and where it is served.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Version)]
pub struct Descriptor {
    pub version: String,
    /// `main`, or the branch of evolution that it belongs to.
    pub lineage: String,
    pub commit_hash: String,
    pub created_at: String,
    pub tests: TestsAnswer,
    /// What is said of it; of a version that was asked for by its exact name, what lasts.
    pub tags: Vec<Tag>,
    pub runner: McpEndpoint,
    pub tuner: McpEndpoint,
    pub architect: RestEndpoint,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VersionTests)]
pub struct TestsAnswer {
    status: Tests,
    /// When they ended, as far as anybody noted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_uri: Option<String>,
}

impl TestsAnswer {
    /// `pass`, `fail` or `unknown`.
    pub fn status(&self) -> &'static str {
        match self.status {
            Tests::Pass => "pass",
            Tests::Fail => "fail",
            Tests::Unknown => "unknown",
        }
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct McpEndpoint {
    mcp_endpoint: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RestEndpoint {
    rest_endpoint: String,
}

/// A page of the registry.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VersionPage)]
pub struct Page {
    pub versions: Vec<Descriptor>,
    pub pagination: Pagination,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VersionPagination)]
pub struct Pagination {
    pub limit: usize,
    pub offset: u64,
    /// How many versions the filter selects.
    pub total_estimate: usize,
}

/// All that is known of a version.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VersionDetails)]
pub struct Details {
    #[serde(flatten)]
    pub descriptor: Descriptor,
    pub parents: Vec<Parent>,
    /// `major`, `minor`, `patch` or `first`; absent where a person picked the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bump: Option<String>,
    /// What decided the number.
    pub bump_reasons: Vec<String>,
    /// What its tag says, without trailers.
    pub changelog: String,
    pub author: AuthorAnswer,
    pub provenance: Provenance,
    /// Its tools by name, with their schemas; absent where its release left none in the vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub tools: Option<Value>,
    /// Each budget with its limit, value and verdict; absent without results in the vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub budgets: Option<Value>,
    /// Where what is said of it at this moment can be read.
    pub marks_uri: String,
    /// What keeps the rest from being shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Nothing can be added any more, and what was asked for always means this.
    #[serde(skip)]
    pub(crate) is_final: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VersionParent)]
pub struct Parent {
    pub commit_hash: String,
    /// The highest version on that commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Who made a version.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VersionAuthor)]
pub struct AuthorAnswer {
    /// `architect`, `tuner` or `person`.
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What a version came from.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VersionProvenance)]
pub struct Provenance {
    pub feedback: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_revision: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evals_sha256: Option<String>,
    /// The version that it went back behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdraws: Option<String>,
    /// The version whose content it brought back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restores: Option<String>,
    /// The newest seal of the ledger when it was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VersionSeal)]
pub struct Seal {
    seq: u64,
    hash: String,
}

impl Registry {
    /// A page of what `filter` selects.
    pub fn page(&self, filter: &Filter) -> Page {
        let index = self.index();
        let selection = index.select(filter);
        let page = selection.page(filter.offset, filter.limit);
        Page {
            versions: page
                .map(|id| self.descriptor(&index, id, index.tags(id)))
                .collect(),
            pagination: Pagination {
                limit: filter.limit,
                offset: filter.offset,
                total_estimate: selection.total,
            },
        }
    }

    /// All that is known of the version that `reference` means.
    pub async fn describe(&self, reference: &VersionRef) -> Result<Details, LookupError> {
        let (index, id) = self.look_up(reference).await?;
        let is_lasting = index.is_lasting(reference, id);
        let tags = if is_lasting {
            index.lasting_tags(id)
        } else {
            index.tags(id)
        };
        self.reading(move |registry| {
            let mut details = registry.details(&index, id, tags)?;
            details.is_final &= is_lasting;
            Ok(details)
        })
        .await
    }

    fn descriptor(&self, index: &Index, id: Id, tags: Vec<Tag>) -> Descriptor {
        let (version, facts) = (index.version(id), index.facts_of(id));
        let name = version.name();
        let endpoint = |role: &str| format!("/agent/{name}/{role}");
        let last_run = match (facts.is_silent(), &facts.found) {
            (true, Some(found)) => found.ended_at,
            // A release proves what it tags right before it does.
            (false, _) => Some(version.made_at),
            (true, None) => None,
        };
        let has_summary = facts.tests() != Tests::Unknown;
        Descriptor {
            version: version.number.to_string(),
            lineage: version.lineage.to_string(),
            commit_hash: version.commit.to_string(),
            created_at: version.made_at.to_string(),
            tests: TestsAnswer {
                status: facts.tests(),
                last_run: last_run.map(|time| time.to_string()),
                summary_uri: has_summary.then(|| self.summary_uri(version.commit)),
            },
            tags,
            runner: McpEndpoint {
                mcp_endpoint: endpoint("runner"),
            },
            tuner: McpEndpoint {
                mcp_endpoint: endpoint("tuner"),
            },
            architect: RestEndpoint {
                rest_endpoint: endpoint("architect/chat"),
            },
        }
    }

    /// Where anybody finds the results: in a bucket, or here for those in a folder of this machine.
    fn summary_uri(&self, commit: CommitId) -> String {
        let uri = self.sources.store.uri(&evals::summary_key(commit));
        if uri.starts_with("s3://") {
            return uri;
        }
        format!("/versions/{commit}/evals")
    }

    fn details(&self, index: &Index, id: Id, tags: Vec<Tag>) -> Result<Details, LookupError> {
        let version = index.version(id);
        let repo = self.repo()?;
        let said = repo.statement(version)?;
        let notes = Notes::parse(&said.message);
        let parents = repo.commit(version.commit)?.parents.into_iter();
        let mut details = Details {
            descriptor: self.descriptor(index, id, tags),
            parents: parents.map(|commit| parent(index, commit)).collect(),
            bump: notes.bump.map(|bump| bump.to_string()),
            bump_reasons: notes.reasons.clone(),
            changelog: changelog(&notes),
            author: author(&notes, said.made_by),
            provenance: Provenance::from(&notes),
            tools: evals::load_tools(&self.sources.store, version.commit)?,
            budgets: None,
            marks_uri: marks_uri(version),
            warnings: Vec::new(),
            is_final: false,
        };
        let has_results = match self.summary(version, &notes) {
            Ok(mut summary) => {
                details.budgets = Some(summary.value["budgets"].take());
                let ended_at = evals::ended_at(&summary.value);
                let tests = &mut details.descriptor.tests;
                tests.last_run = ended_at
                    .map(|time| time.to_string())
                    .or(tests.last_run.take());
                true
            }
            Err(EvalsError::Absent { .. }) => false,
            Err(error @ (EvalsError::Changed { .. } | EvalsError::Unreadable { .. })) => {
                details.warnings.push(error.to_string());
                false
            }
            Err(EvalsError::Vault(error)) => return Err(error.into()),
        };
        details.is_final = notes.is_released() && has_results && details.tools.is_some();
        Ok(details)
    }

    /// The results of the version that `reference` means, as they lie in the vault.
    pub async fn evals(&self, reference: &VersionRef) -> Result<Bytes, LookupError> {
        let (index, id) = self.look_up(reference).await?;
        self.reading(move |registry| {
            let version = index.version(id);
            let notes = Notes::parse(&registry.repo()?.message(version)?);
            Ok(registry.summary(version, &notes)?.bytes)
        })
        .await
    }

    fn summary(&self, version: &Version, notes: &Notes) -> Result<evals::Summary, EvalsError> {
        let name = version.name();
        evals::load(&self.sources.store, &name, version.commit, notes.evals)
    }
}

fn parent(index: &Index, commit: CommitId) -> Parent {
    let id = index.of_commit(commit);
    Parent {
        commit_hash: commit.to_string(),
        version: id.map(|id| index.version(id).name()),
    }
}

fn changelog(notes: &Notes) -> String {
    if notes.text.is_empty() {
        return notes.subject.clone();
    }
    format!("{}\n\n{}", notes.subject, notes.text)
}

fn author(notes: &Notes, made_by: Person) -> AuthorAnswer {
    let (kind, name) = match &notes.author {
        Some(Author::Architect) => ("architect", None),
        Some(Author::Tuner) => ("tuner", None),
        Some(Author::Person(name)) => ("person", Some(name.clone())),
        None => ("person", Some(made_by.name)),
    };
    AuthorAnswer { kind, name }
}

/// The list of the one number, in which what is said of it is what is said now.
fn marks_uri(version: &Version) -> String {
    let exact = semver::Version {
        build: semver::BuildMetadata::EMPTY,
        ..version.number.clone()
    };
    let range = format!("={exact}");
    let range = utf8_percent_encode(&range, NON_ALPHANUMERIC);
    format!("/versions?include_unstable=true&range={range}")
}

impl From<&Notes> for Provenance {
    fn from(notes: &Notes) -> Self {
        let from = &notes.provenance;
        Self {
            feedback: from.feedback.clone(),
            job: from.job.clone(),
            trace: from.trace.clone(),
            model: from.model.clone(),
            cost_usd: from.cost_usd.clone(),
            code_sha256: notes.code.map(|hash| hash.to_string()),
            state_sha256: notes.state.map(|hash| hash.to_string()),
            state_revision: notes.state_revision,
            evals_sha256: notes.evals.map(|hash| hash.to_string()),
            withdraws: notes.withdraws.as_ref().map(ToString::to_string),
            restores: notes.restores.as_ref().map(ToString::to_string),
            seal: notes.seal.as_ref().map(|seal| Seal {
                seq: seal.seq,
                hash: seal.hash.to_string(),
            }),
        }
    }
}
