//! A client that sends exactly the bytes it is given.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Sends a whole request and reads until the server closes.
pub(crate) async fn exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server may refuse before it has read everything; its answer is still there to be read.
    let _sent = stream.write_all(request.as_ref()).await;
    Answer::read(&mut stream)
        .await
        .expect("an answer before the end")
}

pub(crate) async fn get(address: SocketAddr, path: &str, headers: &str) -> Answer {
    exchange(address, request("GET", path, headers, "")).await
}

/// A request as a decent client sends it, with a fixed id; `headers` are whole lines.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = match body.len() {
        0 => String::new(),
        length => format!("content-length: {length}\r\n"),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-request-id: t\r\n\
         {headers}{length}\r\n{body}"
    )
}

/// An HTTP/2 connection, and the task that ends when it does.
pub(crate) async fn http2(
    address: SocketAddr,
) -> (SendRequest<Empty<Bytes>>, JoinHandle<hyper::Result<()>>) {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .unwrap();
    (sender, tokio::spawn(connection))
}

impl Answer {
    /// `None` when the server closed without a word.
    pub(crate) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        if let Err(error) = stream.read_to_end(&mut bytes).await {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
        (!bytes.is_empty()).then(|| Self::parse(&bytes))
    }

    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a whole head");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers: Vec<_> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut answer = Self {
            status,
            headers,
            body: bytes[end + 4..].to_vec(),
        };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = unchunk(&answer.body);
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn is_problem(&self) -> bool {
        let says_status = || self.json()["status"] == self.status;
        self.header("content-type") == Some("application/problem+json")
            && (self.body.is_empty() || says_status())
    }

    /// The problem's code, once it is sure that this is one.
    pub(crate) fn problem_code(&self) -> String {
        assert!(self.is_problem(), "{} {:?}", self.status, self.text());
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

fn unchunk(mut chunked: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunked.windows(2).position(|two| two == b"\r\n") {
        let length = std::str::from_utf8(&chunked[..end]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            break;
        }
        chunked = &chunked[end + 2..];
        body.extend_from_slice(&chunked[..length.min(chunked.len())]);
        chunked = chunked.get(length + 2..).unwrap_or_default();
    }
    body
}
