//! A collector of traces, as a server sends them: OTLP over HTTP, in protobuf.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, trace::v1::Span,
};
use prost::Message as _;

/// More spans than any test makes.
const SPANS_MAX: usize = 10_000;

pub(crate) struct Collector {
    url: String,
    spans: Receiver<Span>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, spans) = sync_channel(SPANS_MAX);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, sender) = (stream.unwrap(), sender.clone());
                thread::spawn(move || receive(stream, &sender));
            }
        });
        Self { url, spans }
    }

    /// What tells a server to send its spans here.
    pub(crate) fn variables(&self) -> [(&str, &str); 2] {
        [
            ("LUTHIER_TELEMETRY_OTLP_ENDPOINT", &self.url),
            ("LUTHIER_TELEMETRY_OTLP_PROTOCOL", "http"),
        ]
    }

    /// The spans of a server that has ended, and so has sent them all.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.spans.try_iter().collect()
    }
}

/// Answers the requests of one connection. Spans are taken in before they are acknowledged.
fn receive(stream: TcpStream, spans: &SyncSender<Span>) {
    let mut stream = BufReader::new(stream);
    while let Ok((path, body)) = read_request(&mut stream) {
        if path == "/v1/traces" {
            let request = ExportTraceServiceRequest::decode(&*body).unwrap();
            let scopes = request.resource_spans.into_iter();
            let scopes = scopes.flat_map(|resource| resource.scope_spans);
            for span in scopes.flat_map(|scope| scope.spans) {
                spans.send(span).unwrap();
            }
        }
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        stream.get_mut().write_all(answer.as_bytes()).unwrap();
    }
}

fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<(String, Vec<u8>)> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let path = line.split(' ').nth(1).ok_or(io::ErrorKind::UnexpectedEof)?;
    let path = path.to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap();
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((path, body))
}
