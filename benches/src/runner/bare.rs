//! The same two tools on rmcp alone: what any server of ours on it can at most be.

use std::sync::Arc;

use anyhow::Result;
use axum::{Router, serve::ListenerExt as _};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::server::LOCALHOST;

#[derive(Clone)]
struct Bare {
    tools: Arc<[Tool]>,
}

/// Serves until it is killed.
pub(crate) async fn serve(port: u16) -> Result<()> {
    let bare = Bare {
        tools: [
            tool("echo", "text", &json!({"type": "string"})),
            tool("total", "values", &json!({"type": "object"})),
        ]
        .into(),
    };
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true);
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(bare.clone()), sessions, config);
    let listener = TcpListener::bind((LOCALHOST, port)).await?;
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::warn!(%error, "a connection may be slow");
        }
    });
    axum::serve(listener, Router::new().route_service("/mcp", service)).await?;
    Ok(())
}

fn tool(name: &'static str, argument: &str, schema: &Value) -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {argument: schema},
        "required": [argument],
    });
    let schema = schema.as_object().cloned().unwrap_or_default();
    Tool::new(name, "A tool of the bench", Arc::new(schema))
}

impl ServerHandler for Bare {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.tools.iter().find(|tool| tool.name == name).cloned()
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.to_vec()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let value = match request.name.as_ref() {
            "echo" => arguments.get("text").cloned(),
            "total" => arguments.get("values").and_then(total),
            _ => None,
        };
        let refused = || ErrorData::invalid_params("no such tool, or other arguments", None);
        let value = value.ok_or_else(refused)?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
        result.structured_content = Some(json!({"result": value}));
        Ok(result.into())
    }
}

fn total(values: &Value) -> Option<Value> {
    let values = values.as_object()?.values();
    let sum: i64 = values.map(Value::as_i64).sum::<Option<i64>>()?;
    Some(sum.into())
}
