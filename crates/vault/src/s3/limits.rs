//! How long to wait, and how often to try.

use std::time::{Duration, Instant};

/// Bounds of what a bucket may cost in time. The defaults suit a store across an ocean and a test
/// takes smaller ones.
#[derive(Clone, Debug)]
pub struct S3Limits {
    /// For one answer, beside the time that its bytes need.
    pub attempt_ms_max: u64,
    /// For all attempts together, beside the time that the bytes of one need.
    pub retry_ms_max: u64,
    /// The shortest rest between two attempts.
    pub rest_ms_min: u64,
    /// Rests double up to this.
    pub rest_ms_max: u64,
    /// Objects up to this size travel in one request, larger ones in parts of it. S3 itself allows
    /// no part but the last below 5 MiB.
    pub part_bytes: u64,
}

/// The slowest line that is still waited for.
const BYTES_PER_MS_MIN: u64 = 64;

impl Default for S3Limits {
    fn default() -> Self {
        Self {
            attempt_ms_max: 10_000,
            retry_ms_max: 30_000,
            rest_ms_min: 50,
            rest_ms_max: 5_000,
            part_bytes: 8 << 20,
        }
    }
}

impl S3Limits {
    /// The time of one attempt to move `bytes`.
    pub(super) fn attempt(&self, bytes: u64) -> Duration {
        Duration::from_millis(self.attempt_ms_max + bytes / BYTES_PER_MS_MIN)
    }
}

/// How much longer it is worth trying.
pub(super) struct Patience {
    began: Instant,
    limit: Duration,
    attempts: u32,
    rest_ms: u64,
    rest_ms_max: u64,
}

impl Patience {
    pub(super) fn new(limits: &S3Limits, bytes: u64) -> Self {
        Self {
            began: Instant::now(),
            limit: Duration::from_millis(limits.retry_ms_max + bytes / BYTES_PER_MS_MIN),
            attempts: 1,
            rest_ms: limits.rest_ms_min.max(1),
            rest_ms_max: limits.rest_ms_max.max(1),
        }
    }

    /// How long to rest before the next attempt; none when it would begin too late.
    ///
    /// Half of the rest is left to chance, so that those who failed together do not come back
    /// together.
    pub(super) fn next_rest(&mut self) -> Option<Duration> {
        let half = self.rest_ms / 2;
        let rest = Duration::from_millis(half + fastrand::u64(0..=self.rest_ms - half));
        if self.began.elapsed() + rest > self.limit {
            return None;
        }
        self.rest_ms = (self.rest_ms * 2).min(self.rest_ms_max);
        self.attempts += 1;
        Some(rest)
    }

    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) fn waited_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_their_limit_and_end_with_patience() {
        let limits = S3Limits {
            retry_ms_max: 3_600_000,
            rest_ms_min: 8,
            rest_ms_max: 32,
            ..S3Limits::default()
        };
        let mut patience = Patience::new(&limits, 0);
        for most in [8, 16, 32, 32] {
            let rest = patience.next_rest().unwrap().as_millis();
            assert!((most / 2..=most).contains(&rest), "{rest} of {most}");
        }
        assert_eq!(patience.attempts(), 5);

        let limits = S3Limits {
            retry_ms_max: 0,
            ..limits
        };
        assert_eq!(Patience::new(&limits, 0).next_rest(), None);
    }
}
