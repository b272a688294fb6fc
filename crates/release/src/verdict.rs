//! What live traffic says of a version, and who finds out: whoever reads it is handed in.

use async_trait::async_trait;
use jiff::Timestamp;
use model::LineageName;
use semver::Version;
use serde_json::Value;

/// How a version has done, against the budgets of live traffic.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Pass,
    /// It cannot be told: too few calls, or none.
    Inconclusive,
    Fail(Breach),
}

/// A budget that broke.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// In words.
    pub reason: String,
    /// What was measured, against what.
    pub numbers: Value,
}

/// Judges versions by what they did.
#[async_trait]
pub trait Judge: Send + Sync {
    /// How `version` has done since `since`; an error says why that could not be found out.
    async fn judge(
        &self,
        lineage: &LineageName,
        version: &Version,
        since: Timestamp,
    ) -> Result<Verdict, String>;
}
