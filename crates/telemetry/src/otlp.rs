//! Traces and metrics to a collector, over gRPC or HTTP.
//!
//! The SDK exports from threads of its own, which know no async runtime, while both transports need
//! one. So each export is polled inside a small runtime that belongs to telemetry: it works whatever
//! the rest of the process runs on, and whether or not that is busy.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, Protocol, SpanExporter, WithExportConfig as _,
    WithHttpConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::SpanData;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::context::TokioContext;

use crate::config::{OtlpConfig, OtlpProtocol};

/// How long a collector may take for one request.
const REQUEST_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long one export may take, its repetitions included, before its data is given up.
const EXPORT_WAIT_MAX: Duration = Duration::from_secs(15);

/// Why nothing can be sent to the collector.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    #[error(
        "`{endpoint}` is no address of a collector: it would be like `http://localhost:4317` \
         (gRPC) or `http://localhost:4318` (HTTP)"
    )]
    Endpoint { endpoint: String },
    #[error(
        "`{endpoint}` asks for TLS, which is not built in: name a collector on this machine or in \
         the same network with `http://`, and let it forward over TLS"
    )]
    Tls { endpoint: String },
    #[error("the collector's header `{name}` is no valid HTTP header")]
    Header { name: String },
    #[error("could not start the thread that sends to the collector")]
    Runtime(#[source] std::io::Error),
    #[error("could not make an exporter")]
    Exporter(#[source] ExporterBuildError),
}

/// Both exporters, and the runtime they are driven by.
pub(crate) struct Exporters {
    pub(crate) spans: Driven<SpanExporter>,
    pub(crate) metrics: Driven<MetricExporter>,
    pub(crate) driver: Driver,
}

impl Exporters {
    pub(crate) fn new(config: &OtlpConfig) -> Result<Self, OtlpError> {
        let endpoint = parse_endpoint(&config.endpoint)?;
        let headers = parse_headers(&config.headers)?;
        let mut builder = Builder::new_multi_thread();
        let builder = builder
            .worker_threads(1)
            .max_blocking_threads(1)
            .thread_name("otlp");
        let runtime = builder.enable_all().build().map_err(OtlpError::Runtime)?;
        let handle = runtime.handle().clone();
        let driver = Driver(Some(runtime));
        let exporters = {
            let _context = handle.enter();
            match config.protocol {
                OtlpProtocol::Grpc => build_grpc(&endpoint, headers),
                OtlpProtocol::Http => build_http(&endpoint, &headers),
            }
        };
        let (spans, metrics) = exporters.map_err(OtlpError::Exporter)?;
        let spans = Driven {
            exporter: spans,
            handle: handle.clone(),
        };
        let metrics = Driven {
            exporter: metrics,
            handle,
        };
        Ok(Self {
            spans,
            metrics,
            driver,
        })
    }
}

fn build_grpc(
    endpoint: &str,
    headers: HeaderMap,
) -> Result<(SpanExporter, MetricExporter), ExporterBuildError> {
    let metadata = MetadataMap::from_headers(headers);
    let spans = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(REQUEST_WAIT_MAX)
        .with_metadata(metadata.clone())
        .build()?;
    let metrics = MetricExporter::builder()
        .with_temporality(Temporality::Cumulative)
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(REQUEST_WAIT_MAX)
        .with_metadata(metadata)
        .build()?;
    Ok((spans, metrics))
}

fn build_http(
    endpoint: &str,
    headers: &HeaderMap,
) -> Result<(SpanExporter, MetricExporter), ExporterBuildError> {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)));
    let headers: std::collections::HashMap<String, String> = headers.collect();
    let spans = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .with_timeout(REQUEST_WAIT_MAX)
        .with_headers(headers.clone())
        .build()?;
    let metrics = MetricExporter::builder()
        .with_temporality(Temporality::Cumulative)
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}/v1/metrics"))
        .with_timeout(REQUEST_WAIT_MAX)
        .with_headers(headers)
        .build()?;
    Ok((spans, metrics))
}

/// The endpoint without a slash at its end.
fn parse_endpoint(endpoint: &str) -> Result<String, OtlpError> {
    let uri = endpoint.parse::<Uri>().ok();
    let scheme = uri
        .as_ref()
        .and_then(|uri| uri.host().and(uri.scheme_str()));
    match scheme {
        Some("http") => Ok(endpoint.trim_end_matches('/').to_owned()),
        Some("https") => Err(OtlpError::Tls {
            endpoint: endpoint.to_owned(),
        }),
        Some(_) | None => Err(OtlpError::Endpoint {
            endpoint: endpoint.to_owned(),
        }),
    }
}

fn parse_headers(headers: &[(String, String)]) -> Result<HeaderMap, OtlpError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let parsed = name
            .parse::<HeaderName>()
            .ok()
            .zip(value.parse::<HeaderValue>().ok());
        // A value that is no text would be left out by one of the transports without a word.
        let Some((header, value)) = parsed.filter(|(_, value)| value.to_str().is_ok()) else {
            return Err(OtlpError::Header { name: name.clone() });
        };
        map.insert(header, value);
    }
    Ok(map)
}

/// The runtime that exports are polled in. Its end waits for nothing, so it may come in async code,
/// where a runtime that is merely dropped panics.
pub(crate) struct Driver(Option<Runtime>);

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// An exporter whose work is polled inside telemetry's runtime, and bounded in time.
#[derive(Debug)]
pub(crate) struct Driven<E> {
    exporter: E,
    handle: Handle,
}

impl<E> Driven<E> {
    async fn drive(&self, export: impl Future<Output = OTelSdkResult> + Send) -> OTelSdkResult {
        let bounded = async {
            let late = |_| Err(OTelSdkError::Timeout(EXPORT_WAIT_MAX));
            tokio::time::timeout(EXPORT_WAIT_MAX, export)
                .await
                .unwrap_or_else(late)
        };
        TokioContext::new(bounded, self.handle.clone()).await
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Driven<SpanExporter> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.drive(self.exporter.export(batch)).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl PushMetricExporter for Driven<MetricExporter> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.drive(self.exporter.export(metrics)).await
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_endpoint, parse_headers};

    #[test]
    fn an_endpoint_is_checked_before_anything_starts() {
        let shown = |endpoint: &str| match parse_endpoint(endpoint) {
            Ok(endpoint) => endpoint,
            Err(problem) => problem.to_string(),
        };

        insta::assert_snapshot!(shown("http://localhost:4318/"), @"http://localhost:4318");
        insta::assert_snapshot!(shown("http://[::1]:4317"), @"http://[::1]:4317");
        insta::assert_snapshot!(shown("localhost:4317"), @"`localhost:4317` is no address of a collector: it would be like `http://localhost:4317` (gRPC) or `http://localhost:4318` (HTTP)");
        insta::assert_snapshot!(shown("https://collector:4317"), @"`https://collector:4317` asks for TLS, which is not built in: name a collector on this machine or in the same network with `http://`, and let it forward over TLS");
    }

    #[test]
    fn a_bad_header_is_named_without_its_value() {
        let headers = [("authorization".to_owned(), "secret\nsecret".to_owned())];

        let problem = parse_headers(&headers).unwrap_err();

        insta::assert_snapshot!(problem, @"the collector's header `authorization` is no valid HTTP header");
    }
}
