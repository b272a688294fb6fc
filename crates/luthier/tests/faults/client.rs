//! HTTP/1.1 over one kept connection: little enough that a lost answer is seen as just that.

use std::{
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

/// A server that says nothing for this long is broken, not slow.
const ANSWER_S_MAX: u64 = 30;

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    address: String,
}

/// An answer, its body read as JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Client {
    pub(crate) fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(ANSWER_S_MAX)))?;
        Ok(Self {
            stream: BufReader::new(stream),
            address: address.to_owned(),
        })
    }

    pub(crate) fn read_staging(&mut self) -> io::Result<Answer> {
        self.send("GET", "/agent/active/state/staging", &[], "")?;
        self.answer()
    }

    /// Sends a merge patch of the staged document, without waiting for the answer.
    pub(crate) fn send_merge(
        &mut self,
        if_match: &str,
        key: &str,
        merge: &Value,
    ) -> io::Result<()> {
        let headers = [
            ("content-type", "application/merge-patch+json"),
            ("if-match", if_match),
            ("idempotency-key", key),
        ];
        self.send(
            "PATCH",
            "/agent/active/state/staging",
            &headers,
            &merge.to_string(),
        )
    }

    fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<()> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").expect("a String takes it");
        }
        let length = body.len();
        write!(request, "content-length: {length}\r\n\r\n{body}").expect("a String takes it");
        self.stream.get_mut().write_all(request.as_bytes())
    }

    pub(crate) fn answer(&mut self) -> io::Result<Answer> {
        let broken = |what: &str| io::Error::new(io::ErrorKind::UnexpectedEof, what.to_owned());
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| broken("no status"))?;
        let mut length = None;
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(broken("the headers broke off"));
            }
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().ok();
            }
        }
        let mut body = vec![0; length.ok_or_else(|| broken("no content-length"))?];
        self.stream.read_exact(&mut body)?;
        Ok(Answer {
            status,
            body: serde_json::from_slice(&body)?,
        })
    }
}
