//! A backend of a few tools that can change, a server for it, and clients of both eras.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]
#![allow(
    dead_code,
    deprecated,
    reason = "each test binary uses a part; older clients have logging"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use mcp::rmcp::model::{
    ClientConfig, ContentBlock, GetPromptResult, Implementation, JsonObject,
    LoggingMessageNotificationParam, ProgressNotificationParam, Prompt, PromptArgument,
    PromptMessage, ProtocolVersion, ReadResourceResult, Resource, ResourceContents,
    ResourceTemplate, ResourceUpdatedNotificationParam, Role, Tool,
};
use mcp::rmcp::service::{
    NotificationContext, RoleClient, RunningService, serve_client_with_lifecycle,
};
use mcp::rmcp::transport::StreamableHttpClientTransport;
use mcp::rmcp::{ClientHandler, ClientLifecycleMode};
use mcp::{
    Answer, Backend, Catalogue, Change, Completion, CompletionRequest, Endpoint, EndpointConfig,
    Failure, Level, PromptRequest, ResourceRead, ToolAnswer, ToolCall,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, broadcast, mpsc};

/// No test waits longer for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// More than any test is told.
pub(crate) const TOLD_MAX: usize = 256;

pub(crate) fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is not an object"),
    }
}

pub(crate) fn tool(name: &'static str, description: &'static str, input: Value) -> Tool {
    Tool::new(name, description, Arc::new(object(input)))
}

pub(crate) struct Shop {
    catalogue: ArcSwap<Catalogue>,
    changes: broadcast::Sender<Change>,
    /// Tells that a `wait` began, and that one was dropped before it ended.
    pub(crate) waiting: Notify,
    pub(crate) stopped: Notify,
    pub(crate) go_on: Notify,
}

impl Shop {
    pub(crate) fn open() -> Arc<Self> {
        Arc::new(Self {
            catalogue: ArcSwap::from_pointee(shelf(&[]).build().unwrap()),
            changes: broadcast::channel(64).0,
            waiting: Notify::new(),
            stopped: Notify::new(),
            go_on: Notify::new(),
        })
    }

    pub(crate) fn add_tool(&self, name: &'static str) {
        let catalogue = shelf(&[name]).build().unwrap();
        self.catalogue.store(Arc::new(catalogue));
        self.tell(Change::Tools);
    }

    pub(crate) fn tell(&self, change: Change) {
        // Nobody may be listening yet.
        drop(self.changes.send(change));
    }
}

pub(crate) fn shelf(more: &[&'static str]) -> mcp::CatalogueBuilder {
    let any = || json!({ "type": "object" });
    let sum = tool(
        "add",
        "Adds two numbers",
        json!({
            "type": "object",
            "properties": { "a": { "type": "integer" }, "b": { "type": "integer" } },
            "required": ["a", "b"],
            "additionalProperties": false
        }),
    )
    .with_raw_output_schema(Arc::new(object(json!({
        "type": "object",
        "properties": { "sum": { "type": "integer", "maximum": 1000 } },
        "required": ["sum"]
    }))));
    let mut tools = vec![
        tool("echo", "Says what it is told", any()),
        sum,
        tool("wait", "Waits until it is let go on", any()),
        tool("steps", "Tells how far it is", any()),
        tool("fail", "Fails as a tool may", any()),
        tool("break", "Breaks", any()),
    ];
    tools.extend(more.iter().map(|name| tool(name, "Came later", any())));
    Catalogue::builder(Implementation::new("shop", "1.0.0"))
        .tools(tools)
        .resources([
            Resource::new("state://active", "state").with_mime_type("application/json"),
            Resource::new("logs://recent", "logs"),
        ])
        .templates([ResourceTemplate::new("assets://{name}", "assets")])
        .prompts([Prompt::new(
            "explain",
            Some("Explains"),
            Some(vec![PromptArgument::new("what").with_required(true)]),
        )])
}

/// Tells when it is dropped before its time.
struct Unfinished<'a>(&'a Notify);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[async_trait]
impl Backend for Shop {
    fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.load_full()
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn call_tool(&self, call: ToolCall<'_>) -> Result<Answer<ToolAnswer>, Failure> {
        let answer = match call.tool.name() {
            "echo" => {
                let value = Value::Object(call.arguments.clone());
                ToolAnswer::text(value.to_string())
            }
            "add" => {
                let of = |name| call.arguments[name].as_i64().unwrap();
                let sum = of("a") + of("b");
                ToolAnswer::structured(json!({ "sum": sum }), sum.to_string())
            }
            "wait" => {
                let unfinished = Unfinished(&self.stopped);
                self.waiting.notify_one();
                self.go_on.notified().await;
                std::mem::forget(unfinished);
                ToolAnswer::text("went on")
            }
            "steps" => {
                let reporter = call.context.reporter();
                reporter.log(Level::Debug, None, json!("quiet")).await;
                reporter
                    .log(Level::Warning, Some("steps"), json!("loud"))
                    .await;
                for step in [1.0, 1.0, 2.0] {
                    reporter.progress(step, Some(2.0), None).await;
                }
                ToolAnswer::text("done")
            }
            "fail" => {
                let failure = Failure::refused("there is no such order; ask for its number");
                return Err(failure.with_meta("conversation_id", "c-1"));
            }
            "break" => return Err(Failure::broken("the password is hunter2")),
            other => ToolAnswer::content(vec![ContentBlock::text(other)]),
        };
        Ok(answer.into())
    }

    async fn read_resource(
        &self,
        read: ResourceRead<'_>,
    ) -> Result<Answer<ReadResourceResult>, Failure> {
        if !read.context.catalogue().knows_uri(read.uri) {
            return Err(Failure::Unknown);
        }
        let text = format!("what {} holds", read.uri);
        let contents = vec![ResourceContents::text(text, read.uri)];
        Ok(ReadResourceResult::new(contents).into())
    }

    async fn get_prompt(
        &self,
        request: PromptRequest<'_>,
    ) -> Result<Answer<GetPromptResult>, Failure> {
        let what = request.arguments["what"].as_str().unwrap_or_default();
        let text = format!("Explain {what}.");
        let messages = vec![PromptMessage::new_text(Role::User, text)];
        Ok(GetPromptResult::new(messages).into())
    }

    async fn complete(&self, request: CompletionRequest<'_>) -> Result<Completion, Failure> {
        let values = (0..150).map(|number| format!("{}{number}", request.typed));
        Ok(Completion {
            values: values.collect(),
            total: None,
        })
    }
}

/// A server on a port of its own, until it is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) endpoint: Endpoint<Shop>,
    task: tokio::task::JoinHandle<()>,
}

impl Served {
    pub(crate) fn url(&self) -> String {
        format!("http://{}/agent/1.0.0/runner", self.address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) async fn serve(shop: &Arc<Shop>, config: EndpointConfig) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let endpoint = Endpoint::new(Arc::clone(shop), config);
    let router = axum::Router::new().route_service("/agent/{version}/runner", endpoint.clone());
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Served {
        address,
        endpoint,
        task,
    }
}

/// What a client was told without asking.
#[derive(Debug, PartialEq)]
pub(crate) enum Told {
    Tools,
    Resources,
    Prompts,
    Updated(String),
    Progress(f64),
    Log(Value),
}

/// A client that passes on whatever it is told.
pub(crate) struct Ear(mpsc::Sender<Told>);

impl Ear {
    pub(crate) fn new(sender: mpsc::Sender<Told>) -> Self {
        Self(sender)
    }

    fn hear(&self, told: Told) {
        // The test may have heard enough.
        drop(self.0.try_send(told));
    }
}

impl ClientHandler for Ear {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::default()
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.hear(Told::Tools);
    }

    async fn on_resource_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.hear(Told::Resources);
    }

    async fn on_prompt_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.hear(Told::Prompts);
    }

    async fn on_resource_updated(
        &self,
        params: ResourceUpdatedNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        self.hear(Told::Updated(params.uri));
    }

    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        self.hear(Told::Progress(params.progress));
    }

    async fn on_logging_message(
        &self,
        params: LoggingMessageNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        self.hear(Told::Log(params.data));
    }
}

pub(crate) type Client = RunningService<RoleClient, Ear>;

/// How a client begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Era {
    Sessions,
    Sessionless,
}

impl Era {
    pub(crate) const BOTH: [Self; 2] = [Self::Sessions, Self::Sessionless];

    pub(crate) fn lifecycle(self) -> ClientLifecycleMode {
        match self {
            Self::Sessions => ClientLifecycleMode::Initialize,
            Self::Sessionless => ClientLifecycleMode::Discover {
                preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            },
        }
    }
}

pub(crate) async fn connect(url: &str, era: Era) -> (Client, mpsc::Receiver<Told>) {
    // The client can speak TLS, and wants to know whose before it speaks anything.
    drop(rustls::crypto::ring::default_provider().install_default());
    let transport = StreamableHttpClientTransport::from_uri(url.to_owned());
    let (sender, told) = mpsc::channel(TOLD_MAX);
    let client = serve_client_with_lifecycle(Ear(sender), transport, era.lifecycle());
    (client.await.unwrap(), told)
}

pub(crate) async fn hear(told: &mut mpsc::Receiver<Told>) -> Told {
    let next = tokio::time::timeout(PATIENCE, told.recv());
    next.await
        .expect("it is told in time")
        .expect("the client lives")
}
