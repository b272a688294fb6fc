//! The numbers that a budget can be about.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::figures::Figures;

const MICROS_A_MS: f64 = 1_000.0;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kpi {
    Calls,
    ErrorRate,
    #[serde(rename = "latency_p50_ms")]
    LatencyP50,
    #[serde(rename = "latency_p95_ms")]
    LatencyP95,
    #[serde(rename = "latency_p99_ms")]
    LatencyP99,
    MeanReward,
    MeanRating,
    SimilarComplaints,
    Updates,
}

/// A KPI as figures have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// None if there is nothing to measure it by.
    pub value: Option<f64>,
    /// How many facts it rests on.
    pub samples: u64,
    /// Facts that do not say what would be needed.
    pub unreadable: u64,
    /// Between which a mean lies in 95 of 100 cases.
    pub interval: Option<(f64, f64)>,
}

impl Kpi {
    pub const ALL: [Self; 9] = [
        Self::Calls,
        Self::ErrorRate,
        Self::LatencyP50,
        Self::LatencyP95,
        Self::LatencyP99,
        Self::MeanReward,
        Self::MeanRating,
        Self::SimilarComplaints,
        Self::Updates,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::ErrorRate => "error_rate",
            Self::LatencyP50 => "latency_p50_ms",
            Self::LatencyP95 => "latency_p95_ms",
            Self::LatencyP99 => "latency_p99_ms",
            Self::MeanReward => "mean_reward",
            Self::MeanRating => "mean_rating",
            Self::SimilarComplaints => "similar_complaints",
            Self::Updates => "updates",
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            Self::Calls => "calls of tools",
            Self::ErrorRate => "share of calls that failed and should not have, 0 to 1",
            Self::LatencyP50 => "half of all calls are faster",
            Self::LatencyP95 => "95 of 100 calls are faster",
            Self::LatencyP99 => "99 of 100 calls are faster",
            Self::MeanReward => "mean of the rewards, -1 to 1",
            Self::MeanRating => "mean of the ratings, 1 to 5",
            Self::SimilarComplaints => "messages of bad feedback that say the same",
            Self::Updates => "changes of the state by tools of the Tuner",
        }
    }

    /// Does it grow with the time that is looked at? Then none is a number too.
    pub fn is_count(self) -> bool {
        matches!(self, Self::Calls | Self::SimilarComplaints | Self::Updates)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a window")]
    pub fn read(self, figures: &Figures) -> Reading {
        let count = |count: u64| (Some(count as f64), count);
        let percentile = |percent| {
            let micros = figures.latency.percentile(percent);
            (
                micros.map(|micros| micros / MICROS_A_MS),
                figures.latency.count(),
            )
        };
        let calls = figures.calls;
        let (value, samples) = match self {
            Self::Calls => count(calls),
            Self::ErrorRate => (
                (calls > 0).then(|| figures.errors as f64 / calls as f64),
                calls,
            ),
            Self::LatencyP50 => percentile(50),
            Self::LatencyP95 => percentile(95),
            Self::LatencyP99 => percentile(99),
            Self::MeanReward => (figures.rewards.mean(), figures.rewards.count()),
            Self::MeanRating => (figures.ratings.mean(), figures.ratings.count()),
            Self::SimilarComplaints => count(figures.complaints.most_alike()),
            Self::Updates => count(figures.updates),
        };
        let is_latency = matches!(self, Self::LatencyP50 | Self::LatencyP95 | Self::LatencyP99);
        Reading {
            value,
            samples,
            unreadable: if is_latency { figures.untimed } else { 0 },
            interval: match self {
                Self::MeanReward => figures.rewards.interval(),
                Self::MeanRating => figures.ratings.interval(),
                _ => None,
            },
        }
    }
}

impl fmt::Display for Kpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A KPI that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no KPI")]
pub struct UnknownKpi(pub String);

impl FromStr for Kpi {
    type Err = UnknownKpi;

    fn from_str(text: &str) -> Result<Self, UnknownKpi> {
        let found = Self::ALL.into_iter().find(|kpi| kpi.name() == text);
        found.ok_or_else(|| UnknownKpi(text.to_owned()))
    }
}
