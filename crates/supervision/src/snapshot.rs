use serde::{Deserialize, Serialize};

use crate::memory::Reading;
use crate::pressure::Pressure;
use crate::service::Health;

/// How everything supervised stands at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub pressure: Pressure,
    /// The most pressing reading of memory; absent before the first.
    pub cause: Option<Reading>,
    pub signals_delivered: u64,
    /// Signals that did not fit the queue or that the sink did not take.
    pub signals_dropped: u64,
    /// In the order they were registered.
    pub services: Vec<ServiceSnapshot>,
}

impl Snapshot {
    /// Whether every service has answered and none is unhealthy.
    pub fn is_ready(&self) -> bool {
        let is_up = |service: &ServiceSnapshot| {
            service
                .health
                .as_ref()
                .is_some_and(|health| !health.is_unhealthy())
        };
        self.services.iter().all(is_up)
    }
}

/// How one service stands. What ends in `_total` only ever grows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSnapshot {
    pub name: String,
    /// Absent until it has first answered.
    pub health: Option<Health>,
    /// The level it was last told.
    pub pressure: Pressure,
    /// Whether help was called for and it has not recovered since.
    pub is_escalated: bool,
    pub heals_total: u64,
    pub restarts_total: u64,
    pub escalations_total: u64,
    pub shed_bytes_total: u64,
    /// When its health or its pressure last changed.
    pub changed_at_unix_ms: u64,
}
