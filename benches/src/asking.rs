//! One request over a connection of its own. HTTP/1.0, so that the end of an answer is the end of
//! the connection and a stream of events is plain lines.

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines, Take},
    net::TcpStream,
};

use crate::server::LOCALHOST;

/// Of the head and the body of an answer, or of all events of a stream.
const ANSWER_BYTES_MAX: u64 = 8 << 20;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// The lines of an answer as they come.
pub(crate) type Stream = Lines<BufReader<Take<TcpStream>>>;

impl Answer {
    /// The body, if it is what was asked for.
    pub(crate) fn accepted(self) -> Result<String> {
        let Self { status, body } = self;
        ensure!((200..300).contains(&status), "status {status}: {body}");
        Ok(body)
    }
}

pub(crate) async fn get(port: u16, path: &str) -> Result<Answer> {
    read(send(port, "GET", path, "", "").await?).await
}

/// `headers` are whole lines.
pub(crate) async fn post(port: u16, path: &str, headers: &str, body: &str) -> Result<Answer> {
    read(send(port, "POST", path, headers, body).await?).await
}

/// A stream whose answer has begun well.
pub(crate) async fn follow(port: u16, path: &str) -> Result<Stream> {
    let mut lines = send(port, "GET", path, "", "").await?.lines();
    let first = lines.next_line().await?.unwrap_or_default();
    ensure!(first.contains(" 200 "), "{path} answers `{first}`");
    Ok(lines)
}

async fn send(
    port: u16,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> Result<BufReader<Take<TcpStream>>> {
    let mut stream = TcpStream::connect((LOCALHOST, port)).await?;
    let bytes = body.len();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nhost: {LOCALHOST}:{port}\r\ncontent-type: application/json\r\n\
         content-length: {bytes}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    Ok(BufReader::new(stream.take(ANSWER_BYTES_MAX)))
}

async fn read(mut stream: BufReader<Take<TcpStream>>) -> Result<Answer> {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("an answer has a head")?;
    let status = head.split(' ').nth(1).context("an answer has a status")?;
    Ok(Answer {
        status: status.parse()?,
        body: body.to_owned(),
    })
}
