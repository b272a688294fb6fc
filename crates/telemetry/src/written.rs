//! Traces and metrics into files beside the logs, for whoever has no collector.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use serde_json::Value;

use crate::log::LogFile;
use crate::otlp_json::{metrics_line, resource, span_line};

/// How long the end of the process waits for the disk.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(1);

/// A file that takes spans or metrics; without room for them they are dropped, and counted there.
#[derive(Debug)]
pub(crate) struct Written {
    file: Arc<LogFile>,
    resource: Value,
}

impl Written {
    pub(crate) fn new(file: LogFile) -> Self {
        Self {
            file: Arc::new(file),
            resource: Value::Null,
        }
    }
}

impl SpanExporter for Written {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        for span in &batch {
            self.file.push(span_line(&self.resource, span));
        }
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.file.close(timeout.min(CLOSE_WAIT_MAX));
        Ok(())
    }

    fn set_resource(&mut self, of: &Resource) {
        self.resource = resource(of);
    }
}

impl PushMetricExporter for Written {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.file.push(metrics_line(metrics));
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.file.close(timeout.min(CLOSE_WAIT_MAX));
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}
