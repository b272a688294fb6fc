//! How long to wait before the next attempt.

use std::time::Duration;

const ATTEMPTS_MAX: u32 = 5;
const WAIT_FIRST: Duration = Duration::from_millis(500);
const WAIT_EACH_MAX: Duration = Duration::from_secs(30);
const WAIT_TOTAL_MAX: Duration = Duration::from_mins(2);
const ANSWER_WAIT_MAX: Duration = Duration::from_mins(3);

/// How long and how often a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskBounds {
    /// Of each provider.
    pub attempts_max: u32,
    /// Before the second attempt, at most; it doubles with each.
    pub wait_first: Duration,
    pub wait_each_max: Duration,
    /// Between all attempts at one question.
    pub wait_total_max: Duration,
    /// For one answer, until it is whole; each check that comes before it may take as long.
    pub answer_wait_max: Duration,
}

impl Default for AskBounds {
    fn default() -> Self {
        Self {
            attempts_max: ATTEMPTS_MAX,
            wait_first: WAIT_FIRST,
            wait_each_max: WAIT_EACH_MAX,
            wait_total_max: WAIT_TOTAL_MAX,
            answer_wait_max: ANSWER_WAIT_MAX,
        }
    }
}

/// Exponential, with full jitter: those that failed together do not come back together.
pub(super) struct Backoff {
    bounds: AskBounds,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(bounds: AskBounds) -> Self {
        Self {
            bounds,
            failures: 0,
        }
    }

    /// The wait after a failure, or `None` if it would be one attempt or one wait too many. What the
    /// provider asks for is the least; the jitter comes on top of it.
    pub(super) fn next_wait(
        &mut self,
        retry_after: Option<Duration>,
        left: Duration,
    ) -> Option<Duration> {
        self.failures += 1;
        if self.failures >= self.bounds.attempts_max {
            return None;
        }
        let doubled = 2_u32.saturating_pow(self.failures - 1);
        let ceiling = self.bounds.wait_first.saturating_mul(doubled);
        let jitter = ceiling
            .min(self.bounds.wait_each_max)
            .mul_f64(fastrand::f64());
        match retry_after {
            Some(least) if least > left => None,
            Some(least) => Some(least.saturating_add(jitter).min(left)),
            None if left.is_zero() => None,
            None => Some(jitter.min(left)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn waits_are_spread_below_a_ceiling_that_doubles_up_to_its_bound() {
        let bounds = AskBounds {
            attempts_max: 9,
            ..AskBounds::default()
        };
        let mut longest = [Duration::ZERO; 8];
        for _ in 0..400 {
            let mut backoff = Backoff::new(bounds);
            for longest in &mut longest {
                *longest = (*longest).max(backoff.next_wait(None, HOUR).unwrap());
            }
            assert_eq!(backoff.next_wait(None, HOUR), None);
        }

        for (longest, ceiling_ms) in longest
            .iter()
            .zip([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
        {
            let ceiling = Duration::from_millis(ceiling_ms);
            // 400 draws stay below nine tenths with a probability of 1e-18.
            assert!(
                *longest <= ceiling && *longest > ceiling.mul_f64(0.9),
                "{longest:?}"
            );
        }
    }

    #[test]
    fn what_the_provider_asks_for_is_the_least_and_never_waited_for_in_part() {
        let asked_for = Duration::from_secs(20);
        let mut backoff = Backoff::new(AskBounds::default());

        let wait = backoff.next_wait(Some(asked_for), HOUR).unwrap();
        assert!(wait >= asked_for && wait <= asked_for + WAIT_FIRST);
        assert_eq!(
            backoff.next_wait(Some(asked_for), asked_for),
            Some(asked_for)
        );
        assert_eq!(
            backoff.next_wait(Some(asked_for), asked_for.saturating_sub(WAIT_FIRST)),
            None
        );
    }
}
