//! What may be spent, and what was.
//!
//! A call is reserved at the most it can use before it is made, and settled with what it did use.
//! What does not fit makes its job pause, and pausing loses nothing: the same call is let through
//! when a limit is raised or the day is over.

mod ledger;
mod paused;
mod price;

use serde::{Deserialize, Serialize};

pub use self::ledger::{Admission, Affordable, Ledger, Reservation, Snapshot, Spent};
pub use self::paused::{Limit, Paused};
pub use self::price::{Call, cost_usd};

/// What may be spent. Tokens are bounded even where nobody knows a price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    #[serde(default)]
    pub per_job_usd: Option<f64>,
    /// Of all jobs together, by the calendar of UTC.
    #[serde(default)]
    pub per_day_usd: Option<f64>,
    /// Input and output together.
    pub tokens_per_job: u64,
}
