//! Telemetry under supervision.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use supervision::{Health, Service};

/// The folder of the logs; lines that are lost are counted under `luthier_telemetry_`.
pub(in crate::up) struct TelemetryService {
    pub(in crate::up) logs: Arc<PathBuf>,
}

#[async_trait]
impl Service for TelemetryService {
    fn name(&self) -> &'static str {
        "telemetry"
    }

    async fn health(&self) -> Health {
        let logs = self.logs.clone();
        let looked = tokio::task::spawn_blocking(move || std::fs::metadata(&*logs)).await;
        match looked {
            Ok(Ok(found)) if found.is_dir() => Health::Healthy,
            Ok(Ok(_)) => Health::degraded("the folder of the logs is no folder"),
            Ok(Err(error)) => Health::degraded(format!("the folder of the logs: {error}")),
            Err(panic) => Health::degraded(panic.to_string()),
        }
    }

    /// Flushed last of all, so that the end is in the logs too.
    async fn shutdown(&self) {}
}
