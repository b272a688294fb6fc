//! What every answer carries.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future;
use http_body_util::{BodyExt, Empty};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use web::AppConfig;

use crate::client::{Answer, exchange, get, http2, request};
use crate::fixture::{Gate, Server, app, app_with, config};

const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn a_request_id_is_kept_when_sane_made_when_not_and_always_returned() {
    let server = Server::start(app());
    let ask = |id: &str| {
        format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{id}connection: close\r\n\r\n")
    };

    let kept = exchange(server.address, ask("x-request-id: build-7\r\n")).await;
    let made = exchange(server.address, ask("")).await;
    let replaced = exchange(server.address, ask("x-request-id: two words\r\n")).await;

    assert_eq!(kept.header("x-request-id"), Some("build-7"));
    for answer in [made, replaced] {
        assert_eq!(answer.header("x-request-id").unwrap().len(), 36);
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_trace_is_continued_or_begun_and_returned() {
    let server = Server::start(app());

    let continued = get(
        server.address,
        "/healthz",
        &format!("traceparent: {CALLER}\r\n"),
    )
    .await;
    let begun = get(server.address, "/nothing", "traceparent: nonsense\r\n").await;

    let ours = continued.header("traceparent").unwrap();
    assert!(
        ours.starts_with("00-0af7651916cd43dd8448eb211c80319c-"),
        "{ours}"
    );
    assert_ne!(ours, CALLER);
    assert_eq!(begun.header("traceparent").unwrap().len(), 55);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_tracer_that_adopts_the_span_decides_the_trace() {
    let adopt_trace: web::AdoptTrace = |_, headers| {
        let caller = headers.get("traceparent")?.to_str().ok()?;
        Some(caller.replace("b7ad6b7169203331", "1111111111111111"))
    };
    let adopting = AppConfig {
        adopt_trace: Some(adopt_trace),
        ..config()
    };
    let server = Server::start(app_with(adopting, &Gate::new()));

    let answer = get(
        server.address,
        "/healthz",
        &format!("traceparent: {CALLER}\r\n"),
    )
    .await;

    assert_eq!(
        answer.header("traceparent"),
        Some("00-0af7651916cd43dd8448eb211c80319c-1111111111111111-01")
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn text_is_compressed_for_who_accepts_it_and_events_never_are() {
    let server = Server::start(app());
    let gzip = "accept-encoding: gzip\r\n";

    let plain = get(server.address, "/text", "").await;
    let packed = get(server.address, "/text", gzip).await;
    let mut events = TcpStream::connect(server.address).await.unwrap();
    events
        .write_all(request("GET", "/follow", gzip, "").as_bytes())
        .await
        .unwrap();
    events.readable().await.unwrap();
    server.stop().await.unwrap();
    let events = Answer::read(&mut events).await.unwrap();

    assert_eq!(
        (plain.header("content-encoding"), plain.body.len()),
        (None, 1050)
    );
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.starts_with(&[0x1f, 0x8b]) && packed.body.len() < 100);
    assert_eq!(events.header("content-type"), Some("text/event-stream"));
    assert_eq!(events.header("content-encoding"), None);
}

#[tokio::test]
async fn answers_that_are_no_pages_run_nothing() {
    let server = Server::start(app());

    for path in ["/state", "/nothing", "/metrics"] {
        let answer = get(server.address, path, "").await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(
            answer.header("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'")
        );
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_a_client_holds_is_not_sent_again() {
    let server = Server::start(app());

    let whole = get(server.address, "/state", "if-none-match: \"r6\"\r\n").await;
    let held = get(
        server.address,
        "/state",
        "if-none-match: \"r6\", W/\"r7\"\r\n",
    )
    .await;

    for answer in [&whole, &held] {
        assert_eq!(answer.header("etag"), Some("\"r7\""));
        assert_eq!(
            answer.header("cache-control"),
            Some("private, max-age=31536000, immutable")
        );
    }
    assert_eq!((whole.status, whole.text()), (200, "7"));
    assert_eq!((held.status, held.text()), (304, ""));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_write_from_the_current_revision_goes_on() {
    let server = Server::start(app());

    let written = exchange(
        server.address,
        request("PUT", "/state", "if-match: \"r7\"\r\n", ""),
    );

    assert_eq!(written.await.text(), "8");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_moment_with_any_offset_is_read() {
    let server = Server::start(app());

    let encoded = get(
        server.address,
        "/orders?since=2026-01-02T03:04:05%2B02:00",
        "",
    )
    .await;
    let bare = get(
        server.address,
        "/orders?since=2026-01-02T03:04:05+02:00",
        "",
    )
    .await;

    for answer in [encoded, bare] {
        assert_eq!(answer.text(), r#"[50,"2026-01-02T01:04:05Z"]"#);
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn each_exchange_is_told_in_words_fit_to_be_labels() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let on_response: web::OnResponse = Arc::new(move |exchange: &web::Exchange<'_>| {
        let line = format!(
            "{} {} {}",
            exchange.method,
            exchange.route,
            exchange.status.as_u16()
        );
        record.lock().unwrap().push(line);
    });
    let told = AppConfig {
        on_response: Some(on_response),
        ..config()
    };
    let server = Server::start(app_with(told, &Gate::new()));

    for (method, path) in [
        ("GET", "/orders/1"),
        ("GET", "/x/y"),
        ("BREW", "/orders"),
        ("GET", "/panic"),
    ] {
        exchange(server.address, request(method, path, "", "")).await;
    }
    server.stop().await.unwrap();

    assert_eq!(
        *seen.lock().unwrap(),
        [
            "GET /orders/{id} 200",
            "GET unmatched 404",
            "_OTHER /orders 405",
            "GET /panic 500"
        ]
    );
}

#[tokio::test]
async fn http2_is_served_on_the_same_port() {
    let server = Server::start(app());
    let (mut sender, connection) = http2(server.address).await;
    let ask = |path: &str| {
        let uri = format!("http://localhost{path}");
        hyper::Request::builder()
            .uri(uri)
            .body(Empty::<Bytes>::new())
            .unwrap()
    };

    let (found, missing) = future::join(
        sender.send_request(ask("/state")),
        sender.clone().send_request(ask("/no")),
    )
    .await;

    let found = found
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes();
    assert_eq!(found, "7");
    assert_eq!(
        missing.unwrap().headers()["content-type"],
        "application/problem+json"
    );
    drop(sender);
    server.stop().await.unwrap();
    connection.await.unwrap().unwrap();
}
