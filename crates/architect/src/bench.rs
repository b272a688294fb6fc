//! Where candidates are tried: whoever runs code is handed in.

use std::error::Error;

use async_trait::async_trait;
use release::{Proposal, Prover, Unproved};
use repo::FileSet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::wheels::{Vetted, Wheel};

/// A tier of tests; each is slower than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    Micro,
    Fast,
    Full,
}

/// What came of some tiers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TierReport {
    pub is_passed: bool,
    /// What decided, where it is not.
    pub reason: Option<String>,
    pub passed: usize,
    pub failed: Vec<FailedCase>,
    /// The numbers.
    pub summary: Map<String, Value>,
}

/// A case that did not come to what it expects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedCase {
    pub file: String,
    pub line: usize,
    pub tool: String,
    pub why: String,
}

/// Something that a check does not like, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// Who found it.
    pub check: String,
    pub file: String,
    pub line: u32,
    pub what: String,
}

/// What a sandbox is asked to try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub tool: String,
    pub arguments: Value,
    pub session: Option<Value>,
    pub seed: u64,
}

/// How the calls ended in both sandboxes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SandboxReport {
    /// Why the candidate is not let any further; nothing where it behaved.
    pub refused: Option<String>,
    /// Why Wasm was left out, where it was.
    pub wasm_skipped: Option<String>,
    pub calls: usize,
}

/// What a search for a repair came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mended {
    /// The change, as edits of the code or the state; none if there is none that is sure enough.
    pub edits: Vec<Value>,
    /// What was changed, or why nothing is.
    pub reason: String,
    /// A call that the likeliest repairs answer differently, and their answers.
    pub question: Option<Differing>,
    pub tried: usize,
    pub seconds: f64,
    pub confidence: f64,
    /// The best attempt, as a diff.
    pub diff: String,
}

/// What is wrong, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fault {
    /// What may be changed, with what it needs.
    pub symbols: Vec<String>,
    /// The cases that fail and are to hold.
    pub wanted: Vec<Value>,
    /// The reasons of repairs that were released before, the newest first.
    pub released: Vec<String>,
}

/// What two repairs give for one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differing {
    pub call: String,
    pub one: String,
    pub other: String,
}

/// The machine could not do its part: nothing was found out about the candidate.
#[derive(Debug, thiserror::Error)]
#[error("it could not be tried")]
pub struct BenchError(#[source] pub Box<dyn Error + Send + Sync>);

/// Tries candidates. It trusts none of them.
#[async_trait]
pub trait Bench: Prover {
    /// Runs some tiers of a candidate, budgets included.
    async fn run(&self, proposal: &Proposal, tiers: &[Tier]) -> Result<TierReport, Unproved>;

    /// Looks at the text of its code.
    async fn examine(&self, files: &FileSet) -> Result<Vec<Finding>, BenchError>;

    /// Runs the static checks that the workspace declares.
    async fn check(&self, files: &FileSet) -> Result<Vec<Finding>, BenchError>;

    /// Asks the index of packages what speaks against each, in their order. Nothing is installed.
    async fn vet(&self, wheels: &[Wheel]) -> Result<Vec<Vetted>, BenchError>;

    /// Looks for a change with which all cases hold. It keeps what it tried under `name`, so that a
    /// search that was cut off goes on.
    async fn mend(
        &self,
        name: &str,
        proposal: &Proposal,
        fault: &Fault,
    ) -> Result<Mended, BenchError>;

    /// Looks for the code of a tool that is not there yet, with which all cases that are `wanted` hold.
    async fn make(&self, symbol: &str, wanted: &[Value]) -> Result<Mended, BenchError>;

    /// Loads it and makes calls in both sandboxes.
    async fn confine(
        &self,
        proposal: &Proposal,
        calls: &[Call],
    ) -> Result<SandboxReport, BenchError>;
}
