use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::pressure::Pressure;
use crate::setting::{self, SettingError, SettingSpec, SettingValue};

/// A part of the program that has resources and is looked after.
///
/// Each call has a limit in time and runs in a task of its own: one that panics or does not return
/// makes its service unhealthy and hurts nobody else. A call past its limit is dropped at its next
/// await, so whatever must not be half done belongs in a task that the service itself owns.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// What it is called in signals, in settings and as a prefix of metrics.
    fn name(&self) -> &'static str;

    /// Whether it does its work. Cheap: asked every few seconds.
    async fn health(&self) -> Health;

    /// Told of a new level of memory pressure, in order, once a change.
    async fn pressure(&self, _level: Pressure) {}

    /// Asked at High and above to let go of what can be had again.
    async fn shed_load(&self, _level: Pressure) -> Shed {
        Shed::nothing()
    }

    /// Asked to repair itself in place after it was found unhealthy.
    async fn heal(&self) -> Result<(), HealError> {
        Err(HealError::Unsupported)
    }

    /// Asked to stop: at the end of the program, and before it is restarted. May come twice.
    async fn shutdown(&self);

    /// What can be adjusted while it runs.
    fn settings(&self) -> &'static [SettingSpec] {
        &[]
    }

    /// Takes a setting. Only called with a value that its own [`Service::settings`] allow.
    fn set(&self, name: &str, _value: &SettingValue) -> Result<(), SettingError> {
        Err(setting::unknown_setting(self.name(), self.settings(), name))
    }
}

/// What a service answers when asked how it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Health {
    Healthy,
    /// It works, worse than it should; reported, not healed.
    Degraded {
        reason: String,
    },
    /// It does not work; healed, restarted, escalated.
    Unhealthy {
        reason: String,
    },
}

impl Health {
    pub fn degraded(reason: impl Into<String>) -> Self {
        Self::Degraded {
            reason: reason.into(),
        }
    }

    pub fn unhealthy(reason: impl Into<String>) -> Self {
        Self::Unhealthy {
            reason: reason.into(),
        }
    }

    pub fn is_unhealthy(&self) -> bool {
        matches!(self, Self::Unhealthy { .. })
    }

    /// Whether both are of one kind, whatever their reasons: a reason may carry a number that
    /// changes at every poll.
    pub(crate) fn is_same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Healthy => formatter.write_str("healthy"),
            Self::Degraded { reason } => write!(formatter, "degraded: {reason}"),
            Self::Unhealthy { reason } => write!(formatter, "unhealthy: {reason}"),
        }
    }
}

/// What a service let go of when asked to shed load.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shed {
    pub bytes: u64,
    /// In words, for whoever reads the ledger; empty when nothing was let go.
    pub what: String,
}

impl Shed {
    pub fn nothing() -> Self {
        Self::default()
    }

    pub fn new(bytes: u64, what: impl Into<String>) -> Self {
        Self {
            bytes,
            what: what.into(),
        }
    }
}

/// Why a service did not heal.
#[derive(Debug, thiserror::Error)]
pub enum HealError {
    /// No further attempt is made; it is restarted if it can be.
    #[error("the service cannot heal itself")]
    Unsupported,
    #[error("{reason}")]
    Failed { reason: String },
}

impl HealError {
    pub fn failed(reason: impl fmt::Display) -> Self {
        Self::Failed {
            reason: reason.to_string(),
        }
    }
}

/// Why a service could not be started anew.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct RestartError {
    pub reason: String,
}

impl RestartError {
    pub fn new(reason: impl fmt::Display) -> Self {
        Self {
            reason: reason.to_string(),
        }
    }
}

type Restarting = Pin<Box<dyn Future<Output = Result<Arc<dyn Service>, RestartError>> + Send>>;

/// Starts a service anew after the old one was told to shut down.
#[derive(Clone)]
pub struct Restart(Arc<dyn Fn() -> Restarting + Send + Sync>);

impl Restart {
    pub fn new<F, R>(start: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Arc<dyn Service>, RestartError>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(start())))
    }

    pub(crate) async fn start(self) -> Result<Arc<dyn Service>, RestartError> {
        (self.0)().await
    }
}

impl fmt::Debug for Restart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Restart")
    }
}
