//! Whatever is sent, the server stays up and every error is a problem.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use web::{AppConfig, ServeConfig};

use crate::client::{Answer, get};
use crate::fixture::{Gate, Server, app_with, config};

const CASES: u32 = 1000;

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "/",
            "/orders",
            "/orders/1",
            "/state",
            "/measure",
            "/measure/wide",
            "/panic",
            "/fail",
            "/text",
            "/healthz",
            "/readyz",
            "/docs",
            "/openapi.json",
            "/foreign/json",
            "*",
            "",
            "http://localhost/state",
            "localhost:80",
            "/orders?limit=1&limit=2",
            "/orders/%00",
        ])
        .prop_map(str::to_owned),
        "/[ -~]{0,40}",
        "(/orders)?[?][a-z=&%+0-9]{0,40}",
        "\\PC{0,20}",
    ]
}

fn header() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "host",
            "content-length",
            "transfer-encoding",
            "content-type",
            "accept",
            "origin",
            "if-match",
            "if-none-match",
            "authorization",
            "expect",
            "connection",
            "traceparent",
            "x-request-id",
            "accept-encoding",
            "last-event-id",
            "upgrade",
            "te",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z-]{1,12}",
        "\\PC{0,8}",
    ];
    let value = prop_oneof![
        prop::sample::select(vec![
            "0",
            "5",
            "-1",
            "99999999999999999999",
            "chunked",
            "gzip, chunked",
            "application/json",
            "localhost",
            "evil.example",
            "*",
            "\"r7\"",
            "100-continue",
            "keep-alive",
            "h2c",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,20}",
    ];
    (name, value).prop_map(|(name, value)| format!("{name}: {value}\r\n"))
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        prop::sample::select(vec![
            "GET", "PUT", "POST", "HEAD", "OPTIONS", "CONNECT", "TRACE"
        ])
        .prop_map(str::to_owned),
        "[A-Z]{1,10}",
        "\\PC{0,5}",
    ];
    let version = prop::sample::select(vec!["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/9", ""]);
    let headers = prop::collection::vec(header(), 0..5);
    let body = prop::collection::vec(any::<u8>(), 0..100);
    let shaped = (method, path(), version, any::<bool>(), headers, body).prop_map(
        |(method, path, version, has_host, headers, body)| {
            let host = if has_host { "host: localhost\r\n" } else { "" };
            let head = format!(
                "{method} {path} {version}\r\n{host}{}\r\n",
                headers.concat()
            );
            [head.as_bytes(), &body].concat()
        },
    );
    prop_oneof![9 => shaped, 1 => prop::collection::vec(any::<u8>(), 1..200)]
}

/// The first answer, if there was one: the server closes once nothing more is to come.
async fn first_answer(server: &Server, bytes: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let _sent = stream.write_all(bytes).await;
    let _half_closed = stream.shutdown().await;
    Answer::read(&mut stream).await
}

#[test]
fn no_bytes_crash_the_server_or_get_an_error_that_is_no_problem() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(async {
        let quick = AppConfig {
            request_ms_max: 200,
            ..config()
        };
        let hasty = ServeConfig {
            header_read_ms_max: 200,
            ..ServeConfig::default()
        };
        Server::start_with(app_with(quick, &Gate::new()), hasty)
    });
    let settings = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };

    TestRunner::new(settings)
        .run(&request(), |bytes| {
            if let Some(answer) = runtime.block_on(first_answer(&server, &bytes)) {
                prop_assert!(
                    answer.status < 400
                        || answer.header("content-type") == Some("application/problem+json"),
                    "{}",
                    answer.status
                );
            }
            Ok(())
        })
        .unwrap();

    let alive = runtime.block_on(get(server.address, "/healthz", ""));
    assert_eq!(alive.status, 200);
    runtime.block_on(server.stop()).unwrap();
}
