//! How thoroughly, and how fast, a version is tried.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A set of cases that is run as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// On every change of state.
    Micro,
    /// On every change of code.
    Fast,
    /// Before a release.
    Full,
}

impl Tier {
    pub const ALL: [Self; 3] = [Self::Micro, Self::Fast, Self::Full];

    pub fn name(self) -> &'static str {
        match self {
            Self::Micro => "micro",
            Self::Fast => "fast",
            Self::Full => "full",
        }
    }

    /// How long all of its cases may take, unless the budgets say otherwise.
    pub fn wall_max(self) -> Duration {
        match self {
            Self::Micro => Duration::from_secs(2),
            Self::Fast => Duration::from_secs(30),
            Self::Full => Duration::from_mins(30),
        }
    }

    /// How long one of its calls may take, unless the case says otherwise.
    pub fn call_max(self) -> Duration {
        match self {
            Self::Micro => Duration::from_secs(2),
            Self::Fast => Duration::from_secs(15),
            Self::Full => Duration::from_mins(5),
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A tier that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no tier: micro, fast or full")]
pub struct InvalidTier(String);

impl FromStr for Tier {
    type Err = InvalidTier;

    fn from_str(text: &str) -> Result<Self, InvalidTier> {
        let found = Self::ALL.into_iter().find(|tier| tier.name() == text);
        found.ok_or_else(|| InvalidTier(text.to_owned()))
    }
}
