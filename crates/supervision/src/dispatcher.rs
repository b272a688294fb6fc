use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::common::Common;
use crate::gauge::{Gauge, Strain};
use crate::lock;
use crate::memory::{MemorySource, Reading};

/// Reads memory and publishes the level; each service follows it in a task of its own, so that a
/// slow one delays neither the next reading nor the others.
pub(crate) struct Dispatcher {
    common: Arc<Common>,
    source: Box<dyn MemorySource>,
    gauge: Mutex<Gauge>,
    /// What could not be read last time; told again only when it changes.
    problems: Mutex<Vec<String>>,
}

impl Dispatcher {
    pub(crate) fn new(common: Arc<Common>, source: Box<dyn MemorySource>) -> Self {
        Self {
            common,
            source,
            gauge: Mutex::default(),
            problems: Mutex::default(),
        }
    }

    pub(crate) async fn run(self: Arc<Self>, cancel: CancellationToken) {
        loop {
            self.sample();
            let interval = Duration::from_millis(self.common.limits().memory_interval_ms);
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(interval) => {}
            }
        }
    }

    /// Takes one reading of everything and publishes the level by it.
    pub(crate) fn sample(&self) -> Strain {
        let limits = self.common.limits();
        let mut readings: Vec<Reading> = Vec::new();
        let mut problems = Vec::new();
        for reading in self.source.read(limits.rss_limit_bytes()) {
            match reading {
                Ok(reading) => readings.push(reading),
                Err(error) => problems.push(error.to_string()),
            }
        }
        self.report(problems);
        if let Some(strain) = lock(&self.gauge).update(&readings, &limits) {
            self.common.strain.send_if_modified(|known| {
                let is_new_level = known.level != strain.level;
                *known = strain;
                is_new_level
            });
        }
        *self.common.strain.borrow()
    }

    fn report(&self, problems: Vec<String>) {
        let mut known = lock(&self.problems);
        if *known != problems {
            if !problems.is_empty() {
                tracing::warn!(?problems, "memory pressure is read without these");
            }
            *known = problems;
        }
    }
}
