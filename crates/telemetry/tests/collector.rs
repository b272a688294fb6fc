//! Traces and metrics as a collector receives them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use telemetry::{OtlpConfig, OtlpProtocol, TelemetryConfig, TraceParent, set_parent};
use tonic::{Request, Response, Status};
use tracing::dispatcher::with_default;

const INCOMING: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const RECEIVED_MAX: usize = 64;
const WAIT_MAX: Duration = Duration::from_secs(20);

/// What arrived, and the header that came with it.
enum Received {
    Spans(ExportTraceServiceRequest, String),
    Metrics(ExportMetricsServiceRequest, String),
}

#[derive(Clone)]
struct Collector(SyncSender<Received>);

impl Collector {
    fn received(&self, received: Received) {
        self.0.send(received).unwrap();
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let key = request
            .metadata()
            .get("x-key")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        self.received(Received::Spans(request.into_inner(), key));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let key = request
            .metadata()
            .get("x-key")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        self.received(Received::Metrics(request.into_inner(), key));
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

async fn take_spans(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let key = headers["x-key"].to_str().unwrap().to_owned();
    collector.received(Received::Spans(
        ExportTraceServiceRequest::decode(body).unwrap(),
        key,
    ));
}

async fn take_metrics(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) {
    let key = headers["x-key"].to_str().unwrap().to_owned();
    collector.received(Received::Metrics(
        ExportMetricsServiceRequest::decode(body).unwrap(),
        key,
    ));
}

/// A collector on a thread and a runtime of its own, as it would be another process.
fn collect(protocol: OtlpProtocol) -> (SocketAddr, Receiver<Received>) {
    let (sender, received) = sync_channel(RECEIVED_MAX);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let collector = Collector(sender);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let router = match protocol {
                OtlpProtocol::Http => axum::Router::new()
                    .route("/v1/traces", post(take_spans))
                    .route("/v1/metrics", post(take_metrics))
                    .with_state(collector),
                OtlpProtocol::Grpc => {
                    tonic::service::Routes::new(TraceServiceServer::new(collector.clone()))
                        .add_service(MetricsServiceServer::new(collector))
                        .into_axum_router()
                }
            };
            axum::serve(listener, router).await.unwrap();
        });
    });
    (address, received)
}

fn send_to(address: SocketAddr, protocol: OtlpProtocol) {
    let (dispatch, telemetry) = telemetry::build(&config(address, protocol)).unwrap();
    telemetry
        .meter("journal")
        .counter("appends", "Events appended.")
        .add(3, &[]);
    with_default(&dispatch, || {
        let span = tracing::info_span!("call", otel.kind = "server", tool = "slugify");
        set_parent(&span, &TraceParent::parse(INCOMING, None).unwrap());
        span.in_scope(|| tracing::info!("inside"));
    });
    telemetry.shutdown();
}

fn config(address: SocketAddr, protocol: OtlpProtocol) -> TelemetryConfig {
    let headers = vec![("x-key".to_owned(), "k1".to_owned())];
    let otlp = OtlpConfig {
        endpoint: format!("http://{address}"),
        protocol,
        headers,
    };
    TelemetryConfig {
        otlp: Some(otlp),
        ..TelemetryConfig::new("luthier", "one")
    }
}

fn check(received: &Receiver<Received>) {
    let mut seen = BTreeSet::new();
    while seen.len() < 2 {
        match received.recv_timeout(WAIT_MAX).unwrap() {
            Received::Spans(request, key) => {
                assert_eq!(key, "k1");
                check_spans(&request);
                seen.insert("spans");
            }
            Received::Metrics(request, key) => {
                assert_eq!(key, "k1");
                check_metrics(&request);
                seen.insert("metrics");
            }
        }
    }
}

fn check_spans(request: &ExportTraceServiceRequest) {
    let resource = request.resource_spans[0].resource.as_ref().unwrap();
    let keys: Vec<&str> = resource.attributes.iter().map(|a| a.key.as_str()).collect();
    assert!(
        keys.contains(&"service.name") && keys.contains(&"service.instance.id"),
        "{keys:?}"
    );
    let span = &request.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(span.name, "call");
    assert_eq!(
        span.trace_id,
        0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes()
    );
    assert_eq!(span.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_eq!(span.events[0].name, "inside");
    assert!(
        span.attributes
            .iter()
            .any(|attribute| attribute.key == "tool")
    );
}

fn check_metrics(request: &ExportMetricsServiceRequest) {
    let scopes = &request.resource_metrics[0].scope_metrics;
    let names: Vec<&str> = scopes
        .iter()
        .flat_map(|scope| &scope.metrics)
        .map(|metric| metric.name.as_str())
        .collect();
    assert!(names.contains(&"luthier_journal_appends"), "{names:?}");
    assert!(
        names.contains(&"process_resident_memory_bytes"),
        "{names:?}"
    );
}

#[test]
fn a_collector_receives_spans_and_metrics_over_http() {
    let (address, received) = collect(OtlpProtocol::Http);

    send_to(address, OtlpProtocol::Http);

    check(&received);
}

#[test]
fn a_collector_receives_spans_and_metrics_over_grpc() {
    let (address, received) = collect(OtlpProtocol::Grpc);

    send_to(address, OtlpProtocol::Grpc);

    check(&received);
}

#[tokio::test]
async fn stopping_inside_a_runtime_of_one_thread_does_not_deadlock() {
    for protocol in [OtlpProtocol::Http, OtlpProtocol::Grpc] {
        let (address, received) = collect(protocol);

        send_to(address, protocol);

        check(&received);
    }
}

#[test]
fn a_collector_that_is_not_there_holds_up_neither_work_nor_the_end() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();

    let began = std::time::Instant::now();
    std::thread::scope(|scope| {
        for protocol in [OtlpProtocol::Http, OtlpProtocol::Grpc] {
            scope.spawn(move || send_to(closed, protocol));
        }
    });

    assert!(began.elapsed() < WAIT_MAX);
}

#[tokio::test]
async fn a_start_that_fails_inside_a_runtime_is_an_error_and_no_panic() {
    let not_a_folder = tempfile::NamedTempFile::new().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let log_dir = Some(not_a_folder.path().to_owned());
    let config = TelemetryConfig {
        log_dir,
        ..config(address, OtlpProtocol::Grpc)
    };

    let problem = telemetry::build(&config).err().unwrap();

    let expected = format!(
        "could not open a log file in `{}`",
        not_a_folder.path().display()
    );
    assert_eq!(problem.to_string(), expected);
}
