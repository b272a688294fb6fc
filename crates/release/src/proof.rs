//! What is proved before anything of it is published, and by whom: whoever runs tests is handed in.

use std::{collections::BTreeMap, error::Error};

use async_trait::async_trait;
use compat::ToolInterface;
use model::LineageName;
use repo::FileSet;
use semver::Version;
use serde_json::{Map, Value};

use crate::TestStatus;

/// How much has to be proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Of state on code that was proved.
    Micro,
    /// Of anything else.
    All,
}

/// A version as it would be released.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub lineage: LineageName,
    pub demand: Demand,
    /// All of its files; its code, its tests and its budgets are among them.
    pub files: FileSet,
    pub schema: Value,
    pub state: Value,
    /// What it is compared with; nothing comes before a first version.
    pub base: Option<Base>,
}

/// The version that a proposal is made on.
#[derive(Clone, Debug)]
pub struct Base {
    pub version: Version,
    pub files: FileSet,
    pub schema: Value,
    pub state: Value,
    /// Did nobody keep what its tools take and give? Whoever proves the next one looks again.
    pub has_unknown_tools: bool,
}

/// What was found out about a proposal that may be released.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Unknown where the workspace says that it needs none.
    pub tests: TestStatus,
    /// Its tools, with what they take and give; nothing where nobody looked, because they are those
    /// of the version before.
    pub tools: Option<BTreeMap<String, ToolInterface>>,
    /// Those of the version before, where they were unknown.
    pub base_tools: Option<BTreeMap<String, ToolInterface>>,
    pub evals: Option<Evals>,
}

/// The results of the tiers.
#[derive(Clone, Debug)]
pub struct Evals {
    /// All of the summary but the version and its commit, which are not known yet.
    pub summary: Map<String, Value>,
    /// A line for each case.
    pub cases: Vec<u8>,
    /// A page for people.
    pub report: Vec<u8>,
}

/// Why a proposal is not released.
#[derive(Debug, thiserror::Error)]
pub enum Unproved {
    /// Whoever made it mends it.
    #[error("it was not proved: {reason}")]
    Rejected {
        reason: String,
        /// The numbers.
        summary: Option<Box<Map<String, Value>>>,
    },
    /// Nothing was found out.
    #[error("it could not be proved")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

/// Runs the tiers.
#[async_trait]
pub trait Prover: Send + Sync {
    async fn prove(&self, proposal: &Proposal) -> Result<Proof, Unproved>;
}
