//! Asking a server on this machine, as a probe would.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long an answer may take, and how long it may be.
const ANSWER_MS_MAX: u64 = 2_000;
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// `GET` of a path below `url`, which is an address and nothing more: `http://127.0.0.1:7777`.
pub(crate) async fn ask(url: &str, path: &str) -> io::Result<Answer> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
    timeout(Duration::from_millis(ANSWER_MS_MAX), exchange(url, path))
        .await
        .unwrap_or_else(|_elapsed| Err(late()))
}

async fn exchange(url: &str, path: &str) -> io::Result<Answer> {
    let invalid = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason.to_owned());
    let authority = url
        .strip_prefix("http://")
        .unwrap_or(url)
        .trim_end_matches('/');
    let mut stream = TcpStream::connect(authority).await?;
    // 1.0 knows neither chunks nor connections that stay open.
    let request = format!("GET {path} HTTP/1.0\r\nhost: {authority}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream
        .take(ANSWER_BYTES_MAX)
        .read_to_end(&mut answer)
        .await?;
    let answer = String::from_utf8(answer).map_err(|_error| invalid("the answer is no text"))?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| invalid("the answer ended early"))?;
    let status = head
        .split_ascii_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok(Answer {
        status: status.ok_or_else(|| invalid("the answer is not HTTP"))?,
        body: body.to_owned(),
    })
}
