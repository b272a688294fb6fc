//! Which part of a list is wanted.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The most entries that one page may hold.
pub const LIMIT_MAX: u16 = 500;
/// How many a page holds when nothing is said.
pub const LIMIT_DEFAULT: u16 = 50;

/// How many entries a page holds at most.
///
/// Invariant: 1 to 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "i64")]
#[schema(value_type = u16, minimum = 1, maximum = 500, default = 50)]
pub struct Limit(u16);

impl Limit {
    pub fn value(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(LIMIT_DEFAULT)
    }
}

/// Why a number is not a limit or an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PagingError {
    #[error("a limit is 1 to {LIMIT_MAX}, not {0}")]
    Limit(i64),
    #[error("an offset is 0 or more, not {0}")]
    Offset(i64),
}

impl TryFrom<i64> for Limit {
    type Error = PagingError;

    fn try_from(number: i64) -> Result<Self, PagingError> {
        match u16::try_from(number) {
            Ok(limit @ 1..=LIMIT_MAX) => Ok(Self(limit)),
            Ok(_) | Err(_) => Err(PagingError::Limit(number)),
        }
    }
}

/// How many entries come before the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "i64")]
#[schema(value_type = u64, minimum = 0, default = 0)]
pub struct Offset(u64);

impl Offset {
    pub fn value(self) -> u64 {
        self.0
    }
}

impl TryFrom<i64> for Offset {
    type Error = PagingError;

    fn try_from(number: i64) -> Result<Self, PagingError> {
        match u64::try_from(number) {
            Ok(offset) => Ok(Self(offset)),
            Err(_) => Err(PagingError::Offset(number)),
        }
    }
}

/// The query of a list that can only be paged. One with filters has the two fields among its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// How many entries to answer with at most.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 50)]
    pub limit: Limit,
    /// How many entries to leave out before them.
    #[serde(default)]
    #[param(value_type = Option<u64>, minimum = 0, default = 0)]
    pub offset: Offset,
}
