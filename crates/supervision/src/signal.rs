use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::guard::Lane;
use crate::memory::Reading;
use crate::pressure::Pressure;
use crate::service::{Health, Shed};

/// Signals that wait for the sink; one more is dropped and counted.
pub(crate) const SIGNALS_QUEUED_MAX: usize = 1_024;
/// Time a sink may take for one signal.
const EMIT_MS_MAX: u64 = 10_000;

/// One step of supervision, for the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Counts up by one a signal from 1, dropped ones included: a gap is what was dropped.
    pub seq: u64,
    pub service: String,
    pub at_unix_ms: u64,
    #[serde(flatten)]
    pub kind: SignalKind,
}

/// What happened; attempts count from 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SignalKind {
    /// Of a new kind; the same kind with another reason is no change.
    HealthChanged {
        from: Option<Health>,
        to: Health,
    },
    Healing {
        attempt: u64,
        attempts_max: u64,
    },
    Healed {
        attempt: u64,
    },
    HealFailed {
        attempt: u64,
        reason: String,
    },
    Restarting {
        attempt: u64,
        attempts_max: u64,
    },
    Restarted {
        attempt: u64,
    },
    RestartFailed {
        attempt: u64,
        reason: String,
    },
    /// Beyond help of its own; sent once until it recovers.
    Escalated {
        reason: String,
        heals: u64,
        restarts: u64,
    },
    PressureChanged {
        from: Pressure,
        to: Pressure,
        cause: Option<Reading>,
    },
    Shed {
        level: Pressure,
        #[serde(flatten)]
        shed: Shed,
    },
    /// Healthy for long enough, or back at normal pressure.
    Recovered {
        from: Condition,
    },
    /// Did not shut down within its limit.
    Abandoned {
        reason: String,
    },
}

/// What a service recovered from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The first trouble of the episode.
    Health(Health),
    /// The worst level since normal.
    Pressure(Pressure),
}

impl SignalKind {
    /// Whether somebody should look, as opposed to a step that works as intended.
    fn is_trouble(&self) -> bool {
        match self {
            Self::HealthChanged { to, .. } => *to != Health::Healthy,
            Self::HealFailed { .. }
            | Self::RestartFailed { .. }
            | Self::Escalated { .. }
            | Self::Abandoned { .. } => true,
            Self::Healing { .. }
            | Self::Healed { .. }
            | Self::Restarting { .. }
            | Self::Restarted { .. }
            | Self::PressureChanged { .. }
            | Self::Shed { .. }
            | Self::Recovered { .. } => false,
        }
    }
}

/// Where signals go. Slow, failing or panicking, it never holds up supervision.
#[async_trait]
pub trait SignalSink: Send + Sync + 'static {
    async fn emit(&self, signal: &Signal) -> Result<(), EmitError>;
}

/// Why a sink did not take a signal; the signal counts as dropped.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct EmitError {
    pub reason: String,
}

impl EmitError {
    pub fn new(reason: impl std::fmt::Display) -> Self {
        Self {
            reason: reason.to_string(),
        }
    }
}

/// The way from supervision to the sink: a bounded queue that never blocks who emits.
#[derive(Debug)]
pub(crate) struct Signals {
    queue: mpsc::Sender<Signal>,
    clock: Clock,
    seq: AtomicU64,
    delivered: AtomicU64,
    dropped: AtomicU64,
    is_overflowing: AtomicBool,
}

impl Signals {
    pub(crate) fn bounded(queued_max: usize, clock: Clock) -> (Arc<Self>, mpsc::Receiver<Signal>) {
        let (queue, receiver) = mpsc::channel(queued_max);
        let signals = Self {
            queue,
            clock,
            seq: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            is_overflowing: AtomicBool::new(false),
        };
        (Arc::new(signals), receiver)
    }

    pub(crate) fn now_unix_ms(&self) -> u64 {
        self.clock.now_unix_ms()
    }

    pub(crate) fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Counts what was left in the queue, once nobody takes from it any more.
    pub(crate) fn count_undelivered(&self) {
        let emitted = self.seq.load(Ordering::Relaxed);
        self.dropped
            .store(emitted.saturating_sub(self.delivered()), Ordering::Relaxed);
    }

    pub(crate) fn emit(&self, service: &'static str, kind: SignalKind) {
        if kind.is_trouble() {
            tracing::warn!(service, ?kind, "signal");
        } else {
            tracing::info!(service, ?kind, "signal");
        }
        let signal = Signal {
            seq: self.seq.fetch_add(1, Ordering::Relaxed) + 1,
            service: service.to_owned(),
            at_unix_ms: self.now_unix_ms(),
            kind,
        };
        if let Err(refused) = self.queue.try_send(signal) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            if !self.is_overflowing.swap(true, Ordering::Relaxed) {
                tracing::error!(error = %refused, "signals are being dropped");
            }
        } else {
            self.is_overflowing.store(false, Ordering::Relaxed);
        }
    }

    /// Hands signals to the sink one after the other; after `stop`, those still queued and no more.
    pub(crate) async fn forward(
        self: Arc<Self>,
        mut queued: mpsc::Receiver<Signal>,
        sink: Arc<dyn SignalSink>,
        stop: CancellationToken,
    ) {
        let mut lane = Lane::new("emit");
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled(), if !queued.is_closed() => {
                    queued.close();
                    continue;
                }
                next = queued.recv() => next,
            };
            let Some(signal) = next else { return };
            let (sink, seq) = (Arc::clone(&sink), signal.seq);
            let emitted = lane
                .run(Duration::from_millis(EMIT_MS_MAX), async move {
                    sink.emit(&signal).await
                })
                .await;
            let problem = match emitted {
                Ok(Ok(())) => {
                    self.delivered.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                Ok(Err(error)) => error.to_string(),
                Err(failure) => failure.to_string(),
            };
            self.dropped.fetch_add(1, Ordering::Relaxed);
            tracing::error!(seq, problem, "the sink did not take a signal");
        }
    }
}

#[cfg(test)]
mod tests;
