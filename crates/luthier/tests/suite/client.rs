//! The smallest HTTP client: one request a connection.

use std::{
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

/// So that a server that hangs fails its test instead of hanging it.
const ANSWER_S_MAX: u64 = 30;

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = headers.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value)
    }
}

/// Sends a request and reads its answer to the end. An error is a connection that was cut.
pub(crate) fn request(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> io::Result<Reply> {
    let mut stream = send(url, method, path, headers, body.as_ref())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok(Reply {
        status: status.ok_or(io::ErrorKind::InvalidData)?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// Sends a request whose answer is for the caller to read, or to leave.
pub(crate) fn send(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<TcpStream> {
    let authority = url.strip_prefix("http://").unwrap_or(url);
    let mut stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(Duration::from_secs(ANSWER_S_MAX)))?;
    let length = body.len();
    // 1.0 knows no chunks, so that what comes is what was meant.
    let mut text =
        format!("{method} {path} HTTP/1.0\r\nhost: {authority}\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    stream.write_all(&[format!("{text}\r\n").as_bytes(), body].concat())?;
    Ok(stream)
}

/// An open stream of events.
pub(crate) struct EventStream(BufReader<TcpStream>);

impl EventStream {
    pub(crate) fn open(
        url: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Self {
        let stream = send(url, method, path, headers, body.as_ref()).unwrap();
        let mut stream = Self(BufReader::new(stream));
        let status = stream.line();
        assert_eq!(status, "HTTP/1.0 200 OK");
        stream
    }

    /// The data of the next event that has any, as JSON.
    pub(crate) fn next_data(&mut self) -> Value {
        loop {
            let line = self.line();
            if let Some(data) = line.strip_prefix("data: ").filter(|data| !data.is_empty()) {
                return serde_json::from_str(data).unwrap();
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "the stream ended");
        line.trim_end().to_owned()
    }
}
