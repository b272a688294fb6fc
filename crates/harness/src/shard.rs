//! One part of a run, so that many processes share it.

use std::{fmt, str::FromStr};

use model::Digest;
use serde::{Deserialize, Serialize};

const SHARDS_MAX: u32 = 1_000;

/// The i-th of n parts, counted from 1. Which part a case is in depends on the case alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: u32,
    count: u32,
}

/// A part that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no shard: write i/n, with i from 1 to n and n at most {SHARDS_MAX}")]
pub struct InvalidShard(String);

impl Shard {
    /// Everything.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    pub fn index(self) -> u32 {
        self.index
    }

    pub fn count(self) -> u32 {
        self.count
    }

    /// Is what has this digest in this part?
    pub(crate) fn holds(self, identity: &Digest) -> bool {
        let [a, b, c, d, ..] = identity.0;
        u32::from_le_bytes([a, b, c, d]) % self.count == self.index - 1
    }
}

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        let parsed = || {
            let (index, count) = text.split_once('/')?;
            let (index, count) = (index.parse().ok()?, count.parse().ok()?);
            let is_one = (1..=SHARDS_MAX).contains(&count) && (1..=count).contains(&index);
            is_one.then_some(Self { index, count })
        };
        parsed().ok_or_else(|| InvalidShard(text.to_owned()))
    }
}

impl TryFrom<String> for Shard {
    type Error = InvalidShard;

    fn try_from(text: String) -> Result<Self, InvalidShard> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}
