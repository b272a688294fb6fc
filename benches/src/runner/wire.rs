//! A client of MCP over one kept connection, as thin as can be: what it costs, every server seems
//! to cost.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::server::LOCALHOST;

const NEW_ERA: &str = "2026-07-28";
const OLD_ERA: &str = "2025-11-25";
const SESSION_HEADER: &str = "mcp-session-id";
const READ_BYTES: usize = 4 << 10;
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// An answer without a length is an event stream; no JSON has a bare line end in it.
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

/// How a client talks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// Each request says all that there is to know.
    Sessionless,
    /// A session for each connection, where the server opens one.
    Sessions,
}

/// Where a server answers.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) port: u16,
    pub(crate) path: &'static str,
}

pub(crate) struct Connection {
    endpoint: Endpoint,
    era: Era,
    session: Option<String>,
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// Where the parts of an answer are in the buffer.
struct Head {
    status: u16,
    session: Option<String>,
    body_start: usize,
    body_bytes: Option<usize>,
}

impl Connection {
    pub(crate) async fn open(endpoint: &Endpoint, era: Era) -> Result<Self> {
        let stream = TcpStream::connect((LOCALHOST, endpoint.port)).await?;
        stream.set_nodelay(true)?;
        let mut connection = Self {
            endpoint: endpoint.clone(),
            era,
            session: None,
            stream,
            buffer: Vec::with_capacity(READ_BYTES),
        };
        if era == Era::Sessions {
            connection.begin_session().await?;
        }
        Ok(connection)
    }

    async fn begin_session(&mut self) -> Result<()> {
        let hello = json!({
            "protocolVersion": OLD_ERA,
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"},
        });
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello});
        let request = self.request("initialize", "", &hello);
        let (head, _) = self.exchange(&request).await?;
        self.session = head.session;
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let request = self.request("notifications/initialized", "", &ready);
        self.exchange(&request).await?;
        Ok(())
    }

    /// The bytes of a call, to be sent on this connection as often as one likes.
    pub(crate) fn call_of(&self, tool: &str, arguments: &Value) -> Vec<u8> {
        let mut params = json!({"name": tool, "arguments": arguments});
        if self.era == Era::Sessionless {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": NEW_ERA,
                "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        self.request("tools/call", tool, &body)
    }

    fn request(&self, method: &str, name: &str, body: &Value) -> Vec<u8> {
        let (Endpoint { port, path }, body) = (&self.endpoint, body.to_string());
        let mut more = match self.era {
            Era::Sessionless => format!(
                "mcp-protocol-version: {NEW_ERA}\r\nmcp-method: {method}\r\nmcp-name: {name}\r\n"
            ),
            Era::Sessions => format!("mcp-protocol-version: {OLD_ERA}\r\n"),
        };
        if let Some(session) = &self.session {
            more = format!("{more}{SESSION_HEADER}: {session}\r\n");
        }
        let bytes = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: {LOCALHOST}:{port}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\ncontent-length: {bytes}\r\n{more}\r\n\
             {body}"
        )
        .into_bytes()
    }

    /// Sends a call and gives the answer's body, which holds a result that is no failure.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<&str> {
        let (_, body) = self.exchange(request).await?;
        let body = str::from_utf8(body)?;
        ensure!(
            body.contains(r#""result":"#) && !body.contains(r#""isError":true"#),
            "the call failed: {body}"
        );
        Ok(body)
    }

    /// The value that a tool returned.
    pub(crate) async fn value(&mut self, request: &[u8]) -> Result<Value> {
        let mut answer: Value = serde_json::from_str(self.call(request).await?)?;
        Ok(answer["result"]["structuredContent"]["result"].take())
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<(Head, &[u8])> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (head, end) = loop {
            ensure!(
                self.buffer.len() < ANSWER_BYTES_MAX,
                "the answer does not end"
            );
            self.buffer.reserve(READ_BYTES);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            let Some(head) = head_of(&self.buffer)? else {
                continue;
            };
            let end = match head.body_bytes {
                Some(bytes) => head.body_start + bytes,
                None if self.buffer.ends_with(LAST_CHUNK) => self.buffer.len(),
                None => continue,
            };
            if self.buffer.len() >= end {
                break (head, end);
            }
        };
        let body = &self.buffer[head.body_start..end];
        if !(200..300).contains(&head.status) {
            bail!("status {}: {}", head.status, String::from_utf8_lossy(body));
        }
        Ok((head, body))
    }
}

/// None until all of it is there.
fn head_of(answer: &[u8]) -> Result<Option<Head>> {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = str::from_utf8(&answer[..end])?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let mut head = Head {
        status: status.context("an answer has a status")?.parse()?,
        session: None,
        body_start: end + 4,
        body_bytes: None,
    };
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            head.body_bytes = Some(value.trim().parse()?);
        } else if name.eq_ignore_ascii_case(SESSION_HEADER) {
            head.session = Some(value.trim().to_owned());
        }
    }
    // Acceptance has no body, whether or not the server says so.
    if matches!(head.status, 202 | 204) && head.body_bytes.is_none() {
        head.body_bytes = Some(0);
    }
    Ok(Some(head))
}
