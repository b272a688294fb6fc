//! Putting the routers of all roles behind one set of guards, with the pages every server has.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use model::nearest::nearest;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::conditional::{CachePolicy, ETag, IfNoneMatch, cached};
use crate::envelope::{Observers, envelope};
use crate::guard::{Guard, Token, admit, check_source};
use crate::health::{Condition, Readiness};
use crate::index::Link;
use crate::metrics::{MetricsText, OnResponse};
use crate::problem::{Kind, Problem, kinds};
use crate::scope::BODY_BYTES_MAX_DEFAULT;
use crate::serve::Drain;
use crate::trace::AdoptTrace;
use crate::{docs, health, index, metrics, openapi};

/// What a page of a configured origin may read beside the body.
const EXPOSED_HEADERS: [HeaderName; 6] = [
    HeaderName::from_static("etag"),
    HeaderName::from_static("location"),
    HeaderName::from_static("retry-after"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("mcp-session-id"),
];

/// Who may ask, how much, and who is told.
#[derive(Clone)]
pub struct AppConfig {
    pub title: String,
    pub version: String,
    /// An SPDX expression.
    pub licence: String,
    /// Names to answer for beside loopback's, without ports; `*` answers for any.
    pub hosts: Vec<String>,
    /// Origins whose pages may use this server beside its own: `https://app.example`.
    pub origins: Vec<String>,
    /// With none, no token is asked for.
    pub tokens: Vec<Token>,
    pub body_bytes_max: u64,
    pub request_ms_max: u64,
    /// Requests whose answer has not begun.
    pub requests_in_flight_max: usize,
    pub adopt_trace: Option<AdoptTrace>,
    pub on_response: Option<OnResponse>,
}

impl AppConfig {
    pub fn new(title: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            version: version.into(),
            licence: "MIT OR Apache-2.0".to_owned(),
            hosts: Vec::new(),
            origins: Vec::new(),
            tokens: Vec::new(),
            body_bytes_max: BODY_BYTES_MAX_DEFAULT,
            request_ms_max: 30_000,
            requests_in_flight_max: 512,
            adopt_trace: None,
            on_response: None,
        }
    }
}

/// Everything that one address serves, until it is built.
pub struct App {
    config: AppConfig,
    api: OpenApiRouter,
    mounted: Router,
    kinds: Vec<Kind>,
    links: Vec<Link>,
    has_index: bool,
    readiness: Readiness,
    metrics: MetricsText,
}

impl App {
    pub fn new(config: AppConfig) -> Self {
        Self {
            config,
            api: OpenApiRouter::new(),
            mounted: Router::new(),
            kinds: kinds::ALL.iter().map(|listed| listed.kind).collect(),
            links: Vec::new(),
            has_index: true,
            readiness: Readiness::always(),
            metrics: Arc::new(String::new),
        }
    }

    /// Adds a role's REST paths. Panics when a path is there already, as axum does, and when two
    /// roles describe different things by one name, of which one would be lost.
    #[must_use]
    pub fn api(mut self, router: OpenApiRouter) -> Self {
        let schemas = |api: &OpenApi| api.components.as_ref().map(|all| all.schemas.clone());
        let known = schemas(self.api.get_openapi()).unwrap_or_default();
        for (name, schema) in schemas(router.get_openapi()).unwrap_or_default() {
            let before = known.get(&name);
            assert!(
                before.is_none_or(|before| *before == schema),
                "`{name}` is the name of two schemas: give one of them another by `schema(as = …)`"
            );
        }
        self.api = self.api.merge(router);
        self
    }

    /// Adds what is not described in OpenAPI: another protocol, or pages.
    #[must_use]
    pub fn mount(mut self, router: Router) -> Self {
        self.mounted = self.mounted.merge(router);
        self
    }

    /// Explains a role's own kinds of problems under `/docs/problems`.
    #[must_use]
    pub fn problems(mut self, kinds: &[Kind]) -> Self {
        self.kinds.extend_from_slice(kinds);
        self
    }

    /// Lists URLs on the index.
    #[must_use]
    pub fn links(mut self, links: impl IntoIterator<Item = Link>) -> Self {
        self.links.extend(links);
        self
    }

    /// Leaves `/` to a mounted router.
    #[must_use]
    pub fn without_index(mut self) -> Self {
        self.has_index = false;
        self
    }

    #[must_use]
    pub fn readiness(mut self, readiness: Readiness) -> Self {
        self.readiness = readiness;
        self
    }

    #[must_use]
    pub fn metrics(mut self, text: MetricsText) -> Self {
        self.metrics = text;
        self
    }

    /// The document that `/openapi.json` serves, as pretty JSON: the same for the same paths.
    pub fn openapi_json(&self) -> Result<String, serde_json::Error> {
        let own = own_api(Arc::new(Probes::of(self)));
        let mut api = self.api.get_openapi().clone();
        api.merge(own.into_openapi());
        openapi::complete(&mut api, &self.about());
        api.to_pretty_json()
    }

    /// One router for [`serve`](crate::serve), guards included.
    pub fn build(self) -> Result<Router, serde_json::Error> {
        let probes = Arc::new(Probes::of(&self));
        let about_token = self.about().has_token;
        let (routes, mut api) = OpenApiRouter::new()
            .merge(own_api(probes))
            .merge(self.api)
            .split_for_parts();
        let about = openapi::About {
            has_token: about_token,
            ..about(&self.config)
        };
        openapi::complete(&mut api, &about);
        let pages = Pages::of(&self.config.title, &api, &self.kinds, self.links)?;
        let router = routes
            .merge(self.mounted)
            .merge(pages_router(pages, self.has_index))
            .layer(DefaultBodyLimit::disable());
        Ok(guarded(router, self.config))
    }

    fn about(&self) -> openapi::About<'_> {
        about(&self.config)
    }
}

fn about(config: &AppConfig) -> openapi::About<'_> {
    openapi::About {
        title: &config.title,
        version: &config.version,
        licence: &config.licence,
        has_token: !config.tokens.is_empty(),
    }
}

/// From the inside out: the last layer is the first to see a request.
fn guarded(router: Router, config: AppConfig) -> Router {
    let observers = Arc::new(Observers {
        adopt_trace: config.adopt_trace,
        on_response: config.on_response,
    });
    let origins = config.origins.clone();
    let guard = Arc::new(Guard {
        hosts: config.hosts,
        origins: config.origins,
        tokens: config.tokens,
        room: Semaphore::new(config.requests_in_flight_max),
        body_bytes_max: config.body_bytes_max,
        request_ms_max: config.request_ms_max,
    });
    let mut router = router.layer(from_fn_with_state(Arc::clone(&guard), admit));
    if !origins.is_empty() {
        // Outside of the tokens: a browser's preflight carries none.
        router = router.layer(cors(&origins));
    }
    router
        .layer(from_fn_with_state(guard, check_source))
        .layer(from_fn_with_state(observers, envelope))
        .layer(CompressionLayer::new())
}

fn cors(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(
            origins
                .iter()
                .filter_map(|origin| HeaderValue::from_str(origin).ok()),
        )
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED_HEADERS)
}

struct Probes {
    readiness: Readiness,
    metrics: MetricsText,
}

impl Probes {
    fn of(app: &App) -> Self {
        Self {
            readiness: app.readiness.clone(),
            metrics: Arc::clone(&app.metrics),
        }
    }
}

fn own_api(probes: Arc<Probes>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics_text))
        .with_state(probes)
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "server", security(()),
    responses((status = 200, description = "It lives", body = Condition)))]
async fn healthz() -> Response {
    health::alive()
}

/// Whether the process can do its work.
#[utoipa::path(get, path = "/readyz", tag = "server", security(()), responses(
    (status = 200, description = "It is ready", body = Condition),
    (status = 503, description = "It is not; `reasons` says which part, and why",
        body = crate::ProblemDocument, content_type = "application/problem+json")))]
async fn readyz(State(probes): State<Arc<Probes>>, drain: Drain) -> Response {
    health::ready(&probes.readiness, &drain).await
}

/// Every metric, as Prometheus text.
#[utoipa::path(get, path = "/metrics", tag = "server",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain")))]
async fn metrics_text(State(probes): State<Arc<Probes>>) -> Response {
    metrics::answer((probes.metrics)())
}

/// What does not change while the process runs, rendered once.
struct Pages {
    title: String,
    openapi: Bytes,
    openapi_tag: ETag,
    paths_html: String,
    problems_html: String,
    links: Vec<Link>,
    known_paths: Vec<String>,
}

impl Pages {
    fn of(
        title: &str,
        api: &OpenApi,
        kinds: &[Kind],
        links: Vec<Link>,
    ) -> Result<Arc<Self>, serde_json::Error> {
        let openapi = api.to_json()?;
        let digest: [u8; 32] = Sha256::digest(openapi.as_bytes()).into();
        let hex = hex::encode(digest);
        let own = ["/", "/docs", "/docs/problems", "/openapi.json"].map(str::to_owned);
        Ok(Arc::new(Self {
            title: title.to_owned(),
            openapi: openapi.into(),
            openapi_tag: ETag::strong(hex).expect("hex digits are visible ASCII"),
            paths_html: docs::paths_html(api),
            problems_html: docs::problems_html(kinds),
            links,
            known_paths: api.paths.paths.keys().cloned().chain(own).collect(),
        }))
    }
}

fn pages_router(pages: Arc<Pages>, has_index: bool) -> Router {
    let mut router = Router::new()
        .route("/openapi.json", get(openapi_json))
        .route("/docs", get(docs_page))
        .route("/docs/problems", get(problems_page))
        .fallback(not_found);
    if has_index {
        router = router.route("/", get(index_page));
    }
    router.with_state(pages)
}

async fn openapi_json(State(pages): State<Arc<Pages>>, held: IfNoneMatch) -> Response {
    let answer = (
        [("content-type", "application/json")],
        pages.openapi.clone(),
    );
    cached(&held, &pages.openapi_tag, CachePolicy::Revalidate, answer)
}

async fn docs_page(State(pages): State<Arc<Pages>>) -> Response {
    docs::paths_page(&pages.title, &pages.paths_html)
}

async fn problems_page(State(pages): State<Arc<Pages>>) -> Response {
    docs::problems_page(&pages.problems_html)
}

async fn index_page(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Response {
    index::answer(&pages.title, &pages.links, &headers)
}

async fn not_found(State(pages): State<Arc<Pages>>, uri: Uri) -> Response {
    let path = uri.path();
    let near = nearest(path, pages.known_paths.iter().map(String::as_str));
    Problem::not_found(format!("there is no `{path}` here"))
        .nearest(near)
        .into_response()
}
