//! How long and how much is waited for.

use std::time::Duration;

use super::Clock;

const CONNECT_SECONDS_MAX: u64 = 10;

/// Between two pieces of an answer, and before the first: a local model reads a long prompt slowly.
const IDLE_SECONDS_MAX: u64 = 120;

/// For a whole answer.
const TOTAL_SECONDS_MAX: u64 = 600;

/// An answer with all that is around it in a stream, which is much more than its text.
const BODY_BYTES_MAX: usize = 8 << 20;

/// Limits of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpBounds {
    pub connect: Duration,
    /// Without a byte.
    pub idle: Duration,
    pub total: Duration,
    pub body_bytes_max: usize,
}

impl Default for HttpBounds {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(CONNECT_SECONDS_MAX),
            idle: Duration::from_secs(IDLE_SECONDS_MAX),
            total: Duration::from_secs(TOTAL_SECONDS_MAX),
            body_bytes_max: BODY_BYTES_MAX,
        }
    }
}

/// Where a server is, and how it is treated.
#[derive(Clone)]
pub struct HttpSettings {
    /// What the paths of the API are put after, like `https://api.anthropic.com`.
    pub base: String,
    /// May questions and keys go unencrypted to an address that is not a private one?
    pub is_plain_http_allowed: bool,
    pub bounds: HttpBounds,
    pub clock: Clock,
}
