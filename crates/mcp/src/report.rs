//! What a call tells its client while it runs: progress, and log messages.
#![allow(
    deprecated,
    reason = "logging is deprecated in the newest protocol, and clients of every version use it"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use rmcp::model::{
    LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam, ProgressToken,
};
use rmcp::service::Peer;
use rmcp::{RoleServer, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::context::Asker;

/// A client that does not read for longer misses a message, and the call goes on.
const SEND_MS_MAX: u64 = 2_000;

/// How much a message matters, as syslog has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Level {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl Level {
    const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];
}

impl From<LoggingLevel> for Level {
    fn from(level: LoggingLevel) -> Self {
        match level {
            LoggingLevel::Debug => Self::Debug,
            LoggingLevel::Info => Self::Info,
            LoggingLevel::Notice => Self::Notice,
            LoggingLevel::Warning => Self::Warning,
            LoggingLevel::Error => Self::Error,
            LoggingLevel::Critical => Self::Critical,
            LoggingLevel::Alert => Self::Alert,
            LoggingLevel::Emergency => Self::Emergency,
        }
    }
}

impl From<Level> for LoggingLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Notice => Self::Notice,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
            Level::Critical => Self::Critical,
            Level::Alert => Self::Alert,
            Level::Emergency => Self::Emergency,
        }
    }
}

/// The level from which a session of the old era wants messages; `info` until it says otherwise.
#[derive(Debug)]
pub(crate) struct Threshold(AtomicU8);

impl Default for Threshold {
    fn default() -> Self {
        Self(AtomicU8::new(Level::Info as u8))
    }
}

impl Threshold {
    pub(crate) fn set(&self, level: Level) {
        self.0.store(level as u8, Ordering::Relaxed);
    }

    pub(crate) fn level(&self) -> Level {
        Level::ALL[usize::from(self.0.load(Ordering::Relaxed)) % Level::ALL.len()]
    }
}

#[derive(Clone)]
enum Wanted {
    Session(Arc<Threshold>),
    Request(Level),
    Nothing,
}

/// Speaks to the client of one request, as long as that request has no answer.
#[derive(Clone)]
pub struct Reporter {
    peer: Option<Peer<RoleServer>>,
    token: Option<ProgressToken>,
    /// The bits of the newest progress told: the protocol wants it to grow.
    told: Arc<AtomicU64>,
    wanted: Wanted,
    ended: CancellationToken,
}

impl Reporter {
    pub(crate) fn new(asker: Asker<'_>, session: Option<Arc<Threshold>>) -> Self {
        let wanted = match (asker.meta.log_level(), session) {
            (Some(level), _) => Wanted::Request(level.into()),
            (None, Some(threshold)) => Wanted::Session(threshold),
            (None, None) => Wanted::Nothing,
        };
        Self {
            peer: asker.peer.cloned(),
            token: asker.meta.get_progress_token(),
            told: Arc::new(AtomicU64::new(f64::NEG_INFINITY.to_bits())),
            wanted,
            ended: asker.ended.clone(),
        }
    }

    pub fn wants_progress(&self) -> bool {
        self.token.is_some()
    }

    pub fn wants(&self, level: Level) -> bool {
        match &self.wanted {
            Wanted::Session(threshold) => level >= threshold.level(),
            Wanted::Request(from) => level >= *from,
            Wanted::Nothing => false,
        }
    }

    /// Tells how far the work is. What does not grow is not told.
    pub async fn progress(&self, progress: f64, total: Option<f64>, message: Option<String>) {
        let (Some(peer), Some(token)) = (&self.peer, &self.token) else {
            return;
        };
        if !progress.is_finite() || !self.grows(progress) {
            return;
        }
        let mut params = ProgressNotificationParam::new(token.clone(), progress);
        params.total = total.filter(|total| total.is_finite());
        params.message = message;
        self.send(peer.notify_progress(params)).await;
    }

    /// Passes a message on, if the client wants messages of its level.
    pub async fn log(&self, level: Level, logger: Option<&str>, data: Value) {
        let Some(peer) = self.peer.as_ref().filter(|_| self.wants(level)) else {
            return;
        };
        let mut params = LoggingMessageNotificationParam::new(level.into(), data);
        params.logger = logger.map(str::to_owned);
        self.send(peer.notify_logging_message(params)).await;
    }

    fn grows(&self, progress: f64) -> bool {
        let newer = |told: u64| (progress > f64::from_bits(told)).then(|| progress.to_bits());
        self.told
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, newer)
            .is_ok()
    }

    async fn send(&self, message: impl Future<Output = Result<(), ServiceError>>) {
        if self.ended.is_cancelled() {
            return;
        }
        match timeout(Duration::from_millis(SEND_MS_MAX), message).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a client missed a message of its call"),
            Err(_elapsed) => tracing::debug!("a client does not read the messages of its call"),
        }
    }
}
