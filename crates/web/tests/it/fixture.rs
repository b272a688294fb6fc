//! A small API with a path for everything that can go well or wrong, on a port of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{
    App, AppConfig, BindConfig, CachePolicy, Drain, ETag, IfMatch, IfNoneMatch, Json, Limit, Link,
    Listener, Mismatch, Path, Problem, Query, RawBody, RouteLimits, ServeConfig, ServeError,
    SseEvent, Timestamp, cached, limited, serve, sse_response, untimed,
};

/// The body that routes of the fixture read, save one.
pub(crate) const BODY_BYTES_MAX: u64 = 64;
/// What the one wide route reads.
pub(crate) const WIDE_BYTES_MAX: u64 = 256;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) cancel: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    pub(crate) fn start(app: App) -> Self {
        Self::start_with(app, ServeConfig::default())
    }

    pub(crate) fn start_with(app: App, config: ServeConfig) -> Self {
        let bound = Listener::bind(&BindConfig::loopback(0)).unwrap();
        let address = bound.address();
        let cancel = CancellationToken::new();
        let task = tokio::spawn(serve(bound, app.build().unwrap(), config, cancel.clone()));
        Self {
            address,
            cancel,
            task,
        }
    }

    /// Asks for the stop and waits for it.
    pub(crate) async fn stop(self) -> Result<(), ServeError> {
        self.cancel.cancel();
        self.task.await.unwrap()
    }
}

/// Lets a test see that a handler runs, and decide when it may end.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) entered: Arc<Semaphore>,
    pub(crate) leave: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            entered: Arc::new(Semaphore::new(0)),
            leave: Arc::new(Semaphore::new(0)),
        }
    }

    pub(crate) async fn wait_for_entry(&self) {
        self.entered.acquire().await.unwrap().forget();
    }

    async fn pass(&self) {
        self.entered.add_permits(1);
        self.leave.acquire().await.unwrap().forget();
    }
}

pub(crate) fn config() -> AppConfig {
    AppConfig {
        body_bytes_max: BODY_BYTES_MAX,
        ..AppConfig::new("Fixture", "1.2.3")
    }
}

pub(crate) fn app() -> App {
    app_with(config(), &Gate::new())
}

pub(crate) fn app_with(config: AppConfig, gate: &Gate) -> App {
    let wide = RouteLimits {
        body_bytes_max: Some(WIDE_BYTES_MAX),
        is_untimed: false,
    };
    let api = OpenApiRouter::new()
        .routes(routes!(list_orders, add_order))
        .routes(routes!(find_order))
        .routes(routes!(read_state, write_state))
        .routes(routes!(measure))
        .merge(limited(
            OpenApiRouter::new().routes(routes!(measure_wide)),
            wide,
        ))
        .routes(routes!(hold))
        .merge(untimed(OpenApiRouter::new().routes(routes!(hold_untimed))))
        .routes(routes!(fail))
        .routes(routes!(panic))
        .routes(routes!(text))
        .merge(untimed(OpenApiRouter::new().routes(routes!(follow))))
        .with_state(gate.clone());
    let foreign = Router::new()
        .route(
            "/foreign/json",
            axum::routing::post(|_: axum::Json<Order>| async {}),
        )
        .route(
            "/foreign/gone",
            axum::routing::get(|| async { axum::http::StatusCode::GONE }),
        )
        .route("/foreign/rpc", axum::routing::get(foreign_error));
    App::new(config).api(api).mount(foreign).links([
        Link::new("/docs", "the API"),
        Link::new("/orders/{id}", "one <order>"),
    ])
}

async fn foreign_error() -> (axum::http::StatusCode, axum::Json<serde_json::Value>) {
    let error = serde_json::json!({"jsonrpc": "2.0", "error": {"code": -32600}});
    (axum::http::StatusCode::BAD_REQUEST, axum::Json(error))
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Order {
    name: String,
    #[schema(minimum = 0, maximum = 255)]
    count: u8,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct OrderFilter {
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    #[param(inline)]
    since: Option<Timestamp>,
}

#[utoipa::path(get, path = "/orders", tag = "orders", params(OrderFilter),
    responses((status = 200, body = [u64])))]
async fn list_orders(Query(filter): Query<OrderFilter>) -> Json<(usize, Option<Timestamp>)> {
    Json((filter.limit.value(), filter.since))
}

#[utoipa::path(post, path = "/orders", tag = "orders", request_body = Order,
    responses((status = 200, body = Order)))]
async fn add_order(Json(order): Json<Order>) -> Json<Order> {
    Json(order)
}

#[utoipa::path(get, path = "/orders/{id}", tag = "orders",
    params(("id" = u32, Path, description = "Its number")), responses((status = 200, body = u32)))]
async fn find_order(Path(id): Path<u32>) -> Result<Json<u32>, Problem> {
    match id {
        1 => Ok(Json(id)),
        _ => Err(Problem::not_found(format!("there is no order {id}")).nearest(["1"])),
    }
}

fn current() -> ETag {
    ETag::strong("r7").unwrap()
}

#[utoipa::path(get, path = "/state", tag = "state", responses((status = 200, body = u32)))]
async fn read_state(held: IfNoneMatch) -> axum::response::Response {
    cached(&held, &current(), CachePolicy::Immutable, Json(7))
}

#[utoipa::path(put, path = "/state", tag = "state", responses((status = 200, body = u32)))]
async fn write_state(base: IfMatch) -> Result<Json<u32>, Problem> {
    match base.check(Some(&current())) {
        Ok(()) => Ok(Json(8)),
        Err(Mismatch::Absent) => Err(Problem::precondition_required("a write names its base")),
        Err(Mismatch::Stale) => {
            Err(Problem::precondition_failed("the state has moved").with("current_revision", 7))
        }
    }
}

#[utoipa::path(post, path = "/measure", tag = "bodies", responses((status = 200, body = usize)))]
async fn measure(RawBody(bytes): RawBody) -> Json<usize> {
    Json(bytes.len())
}

#[utoipa::path(post, path = "/measure/wide", tag = "bodies",
    responses((status = 200, body = usize)))]
async fn measure_wide(RawBody(bytes): RawBody) -> Json<usize> {
    Json(bytes.len())
}

#[utoipa::path(get, path = "/hold", tag = "time", responses((status = 200, body = String)))]
async fn hold(State(gate): State<Gate>) -> &'static str {
    gate.pass().await;
    "held"
}

#[utoipa::path(get, path = "/hold/untimed", tag = "time",
    responses((status = 200, body = String)))]
async fn hold_untimed(State(gate): State<Gate>) -> &'static str {
    gate.pass().await;
    "held"
}

#[utoipa::path(get, path = "/fail", tag = "faults", responses((status = 200)))]
async fn fail() -> Problem {
    Problem::internal(&io::Error::other("the secret table is gone"))
}

#[utoipa::path(get, path = "/panic", tag = "faults", responses((status = 200)))]
async fn panic() {
    panic!("the secret table is gone");
}

#[utoipa::path(get, path = "/text", tag = "bodies", responses((status = 200, body = String)))]
async fn text() -> String {
    "all work and no play ".repeat(50)
}

#[utoipa::path(get, path = "/follow", tag = "time",
    responses((status = 200, body = String, content_type = "text/event-stream")))]
async fn follow(drain: Drain) -> axum::response::Response {
    let first = SseEvent {
        id: Some("1".into()),
        event: None,
        data: "first ".repeat(20),
    };
    let events = stream::iter([first]).chain(stream::pending());
    sse_response(events, Duration::from_hours(1), drain.0)
}
