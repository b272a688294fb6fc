use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Wall-clock time that advances with the runtime's clock, so that a paused runtime pauses it too.
#[derive(Debug)]
pub(crate) struct Clock {
    started_unix_ms: u64,
    started: Instant,
}

impl Clock {
    pub(crate) fn starting_at(time: SystemTime) -> Self {
        // A clock set before 1970 is shown as 1970: a wrong time must not stop supervision.
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            started_unix_ms: saturating_ms(since_epoch),
            started: Instant::now(),
        }
    }

    pub(crate) fn now_unix_ms(&self) -> u64 {
        self.started_unix_ms
            .saturating_add(saturating_ms(self.started.elapsed()))
    }
}

fn saturating_ms(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
