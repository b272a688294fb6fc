//! The socket, with the HTTP engine's own refusals (a malformed head never reaches a handler, and
//! is answered with an empty body) replaced by problems on their way out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::identity::RequestId;
use crate::problem::{Kind, Problem, kinds};

/// How the engine's refusals begin, and what stands for each.
const REFUSALS: [(&[u8], Kind, &str); 3] = [
    (
        b"HTTP/1.1 400 ",
        kinds::MALFORMED_REQUEST,
        "the request line or a header is not HTTP",
    ),
    (
        b"HTTP/1.1 414 ",
        kinds::URI_TOO_LONG,
        "the request target is longer than this server reads",
    ),
    (
        b"HTTP/1.1 431 ",
        kinds::HEADERS_TOO_LARGE,
        "the headers are more than this server reads",
    ),
];
const HEAD_END: &[u8] = b"\r\n\r\n";

pub(crate) struct Wire {
    stream: TcpStream,
    /// What is being written in place of the refusal that the engine still offers.
    instead: Option<Bytes>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            instead: None,
        }
    }
}

/// A problem as a whole HTTP/1.1 answer that ends its connection.
pub(crate) fn canned(problem: &Problem) -> Bytes {
    use std::fmt::Write as _;

    let request_id = RequestId::new();
    let body = problem.render(None, Some(&request_id));
    let status = problem.status();
    let mut head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
    for (name, value) in problem.headers() {
        if let Ok(value) = value.to_str() {
            write!(head, "{name}: {value}\r\n").expect("writing to a string cannot fail");
        }
    }
    write!(
        head,
        "content-type: {}\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         x-content-type-options: nosniff\r\nx-request-id: {request_id}\r\n\r\n",
        crate::problem::MEDIA_TYPE,
        body.len(),
    )
    .expect("writing to a string cannot fail");
    let mut answer = head.into_bytes();
    answer.extend_from_slice(&body);
    answer.into()
}

/// What to write instead of `offered`, when that is one of the engine's bodiless refusals. Every
/// answer of a handler carries a request id, which the engine's own never do.
fn replacement(offered: &[u8]) -> Option<Bytes> {
    let (_, kind, detail) = REFUSALS
        .iter()
        .find(|(start, ..)| offered.starts_with(start))?;
    let head = std::str::from_utf8(offered.strip_suffix(HEAD_END)?).ok()?;
    let mut lines = head.split("\r\n").skip(1);
    let is_bare = lines.all(|line| {
        ["connection: close", "content-length: 0"].contains(&line) || line.starts_with("date: ")
    });
    is_bare.then(|| canned(&Problem::of(*kind, *detail)))
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        offered: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, instead } = &mut *self;
        if instead.is_none() {
            *instead = replacement(offered);
        }
        let Some(rest) = instead else {
            return Pin::new(stream).poll_write(context, offered);
        };
        while rest.has_remaining() {
            let written = ready!(Pin::new(&mut *stream).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            rest.advance(written);
        }
        *instead = None;
        Poll::Ready(Ok(offered.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        offered: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut filled = offered.iter().filter(|slice| !slice.is_empty());
        if let (Some(only), None) = (filled.next(), filled.next()) {
            return self.poll_write(context, only);
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, offered)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_refusal_of_the_engine_is_replaced() {
        let bare = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\
                     date: Sat, 21 Nov 2026 07:00:00 GMT\r\n\r\n";
        let ours = b"HTTP/1.1 400 Bad Request\r\nx-request-id: a\r\ncontent-length: 0\r\n\r\n";
        let body_follows = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno";

        assert!(replacement(bare).is_some());
        assert!(replacement(ours).is_none());
        assert!(replacement(body_follows).is_none());
        assert!(replacement(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_none());
    }
}
