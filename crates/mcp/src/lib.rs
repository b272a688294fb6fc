//! A changing set of tools, resources and prompts as an MCP server, over HTTP and over stdio.
//!
//! It speaks both eras of the protocol on one endpoint, checks every argument and result against
//! its schema, and keeps clients told of what changes. It knows no Python, no journal and no git,
//! and it guards nothing: who may ask is decided by the server it is mounted in. Start at
//! [`Backend`], which is all that it asks for, then [`Catalogue`] and [`Endpoint`].
//!
//! There is one [`Endpoint`] for each backend. It reads neither path nor query, so whoever serves
//! many backends below one dynamic path keeps a map of endpoints, makes them on demand, and passes
//! each request on with [`Endpoint::handle`]; cloning one is cloning an `Arc`. What a request
//! brought along (headers, a path, extensions) reaches the backend in [`Context::http`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use mcp::rmcp::model::{Implementation, Tool};
//! use mcp::{Answer, Backend, Catalogue, Change, Endpoint, EndpointConfig, Failure, ToolAnswer, ToolCall};
//! use tokio::sync::broadcast;
//!
//! struct Greeter {
//!     // Behind an `ArcSwap` if it changes: store the new one, then send `Change::Tools`.
//!     catalogue: Arc<Catalogue>,
//!     changes: broadcast::Sender<Change>,
//! }
//!
//! #[async_trait::async_trait]
//! impl Backend for Greeter {
//!     fn catalogue(&self) -> Arc<Catalogue> {
//!         Arc::clone(&self.catalogue)
//!     }
//!
//!     fn changes(&self) -> broadcast::Receiver<Change> {
//!         self.changes.subscribe()
//!     }
//!
//!     async fn call_tool(&self, call: ToolCall<'_>) -> Result<Answer<ToolAnswer>, Failure> {
//!         // Its schema says that there is a name.
//!         let name = call.arguments["name"].as_str().unwrap_or_default();
//!         if name == "nobody" {
//!             return Err(Failure::refused("nobody cannot be greeted; name somebody"));
//!         }
//!         Ok(ToolAnswer::text(format!("Hello, {name}!")).into())
//!     }
//! }
//!
//! let schema = serde_json::json!({
//!     "type": "object",
//!     "properties": { "name": { "type": "string" } },
//!     "required": ["name"]
//! });
//! let schema = schema.as_object().cloned().unwrap_or_default();
//! let catalogue = Catalogue::builder(Implementation::new("greeter", "1.0.0"))
//!     .tools([Tool::new("greet", "Greets somebody", Arc::new(schema))])
//!     .build()?;
//! let greeter = Greeter { catalogue: Arc::new(catalogue), changes: broadcast::channel(16).0 };
//!
//! let endpoint = Endpoint::new(Arc::new(greeter), EndpointConfig::default());
//! let router: axum::Router = axum::Router::new().route_service("/greeter", endpoint);
//! # Ok::<(), mcp::CatalogueError>(())
//! ```
//!
//! At shutdown, [`Endpoint::drain`] lets calls finish, ends the streams that only wait, and leaves
//! sessions in their store, from which the next process restores them.

mod backend;
mod failure;

mod catalogue;
mod meta_tools;
mod misread;
mod paging;
mod schema;
mod shape;
mod template;

mod announce;
mod context;
mod handler;
mod inputs;
mod kept;
mod report;

mod answer;
mod client;
mod direct;
mod http;
mod sessions;
mod stdio;

pub use rmcp;

pub use backend::{
    Answer, Backend, Change, Completion, CompletionRequest, PromptRequest, ResourceRead, Subject,
    ToolAnswer, ToolCall,
};
pub use catalogue::{Catalogue, CatalogueBuilder, CatalogueError, ToolEntry};
pub use client::{CallOutcome, CallRequest, Client, ClientError};
pub use context::Context;
pub use failure::Failure;
pub use http::{Endpoint, EndpointConfig};
pub use inputs::Inputs;
pub use report::{Level, Reporter};
pub use sessions::MemorySessions;
pub use shape::{with_argument, with_members};
pub use stdio::{StdioError, serve_stdio, serve_streams};
