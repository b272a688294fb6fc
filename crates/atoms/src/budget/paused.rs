//! Why a call waits, and for what.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which limit a call would break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    PerJobUsd,
    PerDayUsd,
    TokensPerJob,
    /// So many jobs are open that no other is counted.
    JobsOpen,
}

/// A call that has to wait. It is no failure: nothing is lost, and the job goes on from here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paused {
    pub limit: Limit,
    /// What is allowed, what is used or reserved already, and what the call may use at most: in
    /// dollars, tokens or jobs.
    pub allowed: f64,
    pub used: f64,
    pub wanted: f64,
    /// When it may go on by itself; otherwise somebody has to raise the limit.
    pub until: Option<Timestamp>,
}

impl Limit {
    /// As it is called in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PerJobUsd => "per_job_usd",
            Self::PerDayUsd => "per_day_usd",
            Self::TokensPerJob => "tokens_per_job",
            Self::JobsOpen => "open jobs",
        }
    }

    pub(super) fn amount(self, amount: f64) -> String {
        match self {
            Self::PerJobUsd | Self::PerDayUsd => format!("${amount:.4}"),
            Self::TokensPerJob => format!("{amount} tokens"),
            Self::JobsOpen => format!("{amount}"),
        }
    }
}

impl fmt::Display for Paused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.limit.as_str();
        let [allowed, used, wanted] =
            [self.allowed, self.used, self.wanted].map(|amount| self.limit.amount(amount));
        if self.limit == Limit::JobsOpen {
            return write!(
                f,
                "{used} jobs are open, {allowed} are counted: it goes on when one ends"
            );
        }
        write!(
            f,
            "the next call may use {wanted}, and {used} of {name} = {allowed} are used: "
        )?;
        match self.until {
            Some(until) => write!(f, "it goes on at {until}, or when {name} is raised"),
            None => write!(f, "raise {name} to go on"),
        }
    }
}
