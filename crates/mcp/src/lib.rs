//! A changing set of tools, resources and prompts as an MCP server, over HTTP and over stdio.
//!
//! It speaks both eras of the protocol on one endpoint, checks every argument and result against
//! its schema, and keeps clients told of what changes. It knows no Python, no journal and no git,
//! and it guards nothing: who may ask is decided by the server it is mounted in. Start at
//! [`Backend`], which is all that it asks for, then [`Catalogue`] and [`Endpoint`].

mod backend;
mod failure;

mod catalogue;
mod meta_tools;
mod paging;
mod schema;
mod template;

mod announce;
mod context;
mod handler;
mod inputs;
mod kept;
mod report;

mod answer;
mod http;
mod sessions;
mod stdio;

pub use rmcp;

pub use backend::{
    Answer, Backend, Change, Completion, CompletionRequest, PromptRequest, ResourceRead, Subject,
    ToolAnswer, ToolCall,
};
pub use catalogue::{Catalogue, CatalogueBuilder, CatalogueError, ToolEntry};
pub use context::Context;
pub use failure::Failure;
pub use http::{Endpoint, EndpointConfig};
pub use inputs::Inputs;
pub use report::{Level, Reporter};
pub use sessions::MemorySessions;
pub use stdio::{StdioError, serve_stdio, serve_streams};
