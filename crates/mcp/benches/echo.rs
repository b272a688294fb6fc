//! What this crate costs on top of the library below it: the same `echo`, bare and through here.
//!
//! `cargo bench -p mcp` starts each server as a process of its own, asks both in turn, and prints
//! calls a second and the server's CPU time for one call, at best over the rounds.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the bench")]

use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::serve::ListenerExt as _;
use mcp::rmcp::handler::server::ServerHandler;
use mcp::rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    ServerCapabilities, ServerConfig, Tool,
};
use mcp::rmcp::service::RequestContext;
use mcp::rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use mcp::rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService,
};
use mcp::rmcp::{ErrorData, RoleServer};
use mcp::{
    Answer, Backend, Catalogue, Change, Endpoint, EndpointConfig, Failure, ToolAnswer, ToolCall,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(1);
const CONNECTIONS: [usize; 2] = [1, 16];

fn echo_tool() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": { "text": { "type": "string" } },
        "required": ["text"]
    });
    let schema = schema.as_object().cloned().unwrap();
    Tool::new("echo", "Says what it is told", Arc::new(schema))
}

struct Bare;

impl ServerHandler for Bare {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let text = arguments["text"].as_str().unwrap_or_default();
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

struct Ours {
    catalogue: Arc<Catalogue>,
    changes: broadcast::Sender<Change>,
}

#[async_trait]
impl Backend for Ours {
    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn call_tool(&self, call: ToolCall<'_>) -> Result<Answer<ToolAnswer>, Failure> {
        let text = call.arguments["text"].as_str().unwrap_or_default();
        Ok(ToolAnswer::text(text).into())
    }
}

async fn serve(which: &str) {
    let router = if which == "bare" {
        let config = StreamableHttpServerConfig::default().with_json_response(true);
        let manager = Arc::new(LocalSessionManager::default());
        let service = StreamableHttpService::new(|| Ok(Bare), manager, config);
        axum::Router::new().route_service("/mcp", service)
    } else {
        let catalogue = Catalogue::builder(Implementation::new("echo", "1.0.0"));
        let ours = Ours {
            catalogue: Arc::new(catalogue.tools([echo_tool()]).build().unwrap()),
            changes: broadcast::channel(1).0,
        };
        let endpoint = Endpoint::new(Arc::new(ours), EndpointConfig::default());
        axum::Router::new().route_service("/mcp", endpoint)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    axum::serve(listener, router).await.unwrap();
}

#[derive(Clone, Copy)]
enum Wire {
    Sessions,
    Sessionless,
}

struct Connection(BufReader<TcpStream>);

impl Connection {
    async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Sends a request, and gives the session that the answer names, if it does.
    async fn ask(&mut self, request: &[u8]) -> Option<String> {
        self.0.get_mut().write_all(request).await.unwrap();
        let (mut length, mut session) = (None, None);
        let mut line = String::new();
        loop {
            line.clear();
            self.0.read_line(&mut line).await.unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                if line == "\r\n" {
                    break;
                }
                assert!(line.contains(" 20"), "{line}");
                continue;
            };
            match name {
                "content-length" => length = value.parse::<usize>().ok(),
                "mcp-session-id" => session = Some(value.to_owned()),
                _ => {}
            }
        }
        match length {
            Some(length) => {
                let mut body = vec![0; length];
                self.0.read_exact(&mut body).await.unwrap();
            }
            None => self.skip_chunks().await,
        }
        session
    }

    async fn skip_chunks(&mut self) {
        let mut line = String::new();
        loop {
            line.clear();
            self.0.read_line(&mut line).await.unwrap();
            let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
            let mut chunk = vec![0; length + 2];
            self.0.read_exact(&mut chunk).await.unwrap();
            if length == 0 {
                return;
            }
        }
    }
}

fn request(headers: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    format!(
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\n{headers}content-length: {length}\r\n\r\n\
         {body}"
    )
    .into_bytes()
}

/// The bytes of one call, on a connection that may make it.
async fn begin(address: &str, wire: Wire) -> (Connection, Vec<u8>) {
    let mut connection = Connection::open(address).await;
    let mut params = json!({ "name": "echo", "arguments": { "text": "hello" } });
    let headers = match wire {
        Wire::Sessionless => {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1.0.0" },
                "io.modelcontextprotocol/clientCapabilities": {}
            });
            "mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: echo\r\n"
                .to_owned()
        }
        Wire::Sessions => {
            let hello = json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": { "name": "bench", "version": "1.0.0" }
            });
            let hello = json!({
                "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello
            });
            let session = connection.ask(&request("", &hello)).await.unwrap();
            let headers =
                format!("mcp-session-id: {session}\r\nmcp-protocol-version: 2025-11-25\r\n");
            let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
            connection.ask(&request(&headers, &ready)).await;
            headers
        }
    };
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    (connection, request(&headers, &call))
}

/// Calls in one round, over so many connections.
async fn round(address: &str, wire: Wire, connections: usize) -> u64 {
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (mut connection, call) = begin(address, wire).await;
        clients.spawn(async move {
            let end = Instant::now() + ROUND;
            let mut calls = 0;
            while Instant::now() < end {
                connection.ask(&call).await;
                calls += 1;
            }
            calls
        });
    }
    clients.join_all().await.into_iter().sum()
}

/// User and system time of a process so far, in clock ticks of 10 ms.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

struct Server {
    process: tokio::process::Child,
    address: String,
}

async fn start(which: &str) -> Server {
    let mut process = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["serve", which])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut address = String::new();
    let mut lines = BufReader::new(process.stdout.take().unwrap());
    lines.read_line(&mut address).await.unwrap();
    Server {
        process,
        address: address.trim().to_owned(),
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|argument| argument == "serve") {
        return serve(&arguments[2]).await;
    }
    let servers = [("bare", start("bare").await), ("ours", start("ours").await)];
    println!("| wire | connections | server | calls/s | CPU µs a call |");
    println!("| --- | --- | --- | --- | --- |");
    for (wire, name) in [
        (Wire::Sessions, "2025-11-25"),
        (Wire::Sessionless, "2026-07-28"),
    ] {
        for connections in CONNECTIONS {
            let mut best = [(0, f64::INFINITY); 2];
            for _ in 0..ROUNDS {
                for (best, (_, server)) in best.iter_mut().zip(&servers) {
                    let pid = server.process.id().unwrap();
                    let before = ticks(pid);
                    let calls = round(&server.address, wire, connections).await;
                    let micros = f64::from(u32::try_from(ticks(pid) - before).unwrap()) * 10_000.0;
                    let each = micros / f64::from(u32::try_from(calls).unwrap());
                    *best = (best.0.max(calls), best.1.min(each));
                }
            }
            for ((calls, each), (which, _)) in best.iter().zip(&servers) {
                println!("| {name} | {connections} | {which} | {calls} | {each:.1} |");
            }
        }
    }
}
