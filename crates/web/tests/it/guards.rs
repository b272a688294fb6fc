//! Who may ask at all.

use std::fmt::Write;

use web::AppConfig;

use crate::client::{exchange, get, request};
use crate::fixture::{Gate, Server, app, app_with, config};

const TOKENS: [&str; 2] = ["first-token-0123456", "second-token-012345"];

fn start(config: AppConfig) -> Server {
    Server::start(app_with(config, &Gate::new()))
}

fn from_host(host: &str, headers: &str) -> String {
    format!("GET /state HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n")
}

#[tokio::test]
async fn only_loopback_and_configured_hosts_are_answered_for() {
    let server = start(AppConfig {
        hosts: vec!["Luthier.example".to_owned()],
        ..config()
    });

    for host in [
        "localhost:1234",
        "127.0.0.1",
        "[::1]:80",
        "luthier.EXAMPLE:443",
        "a.localhost",
    ] {
        let answer = exchange(server.address, from_host(host, "")).await;
        assert_eq!(answer.status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "luthier.example.org",
    ] {
        let answer = exchange(server.address, from_host(host, "")).await;
        assert_eq!(
            (answer.status, answer.problem_code().as_str()),
            (403, "host_refused"),
            "{host}"
        );
    }
    for host in [
        "",
        "a b",
        "localhost\r\nhost: localhost",
        "localhost:x",
        "user@localhost",
    ] {
        let answer = exchange(server.address, from_host(host, "")).await;
        assert_eq!(
            (answer.status, answer.problem_code().as_str()),
            (400, "bad_request"),
            "{host}"
        );
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_host_in_the_target_counts_as_much_as_the_header() {
    let server = start(config());

    let absolute =
        "GET http://evil.example/state HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let nameless = "GET /state HTTP/1.0\r\n\r\n";

    assert_eq!(
        exchange(server.address, absolute).await.problem_code(),
        "host_refused"
    );
    assert_eq!(
        exchange(server.address, nameless).await.problem_code(),
        "bad_request"
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn only_pages_of_this_server_and_configured_ones_may_use_it() {
    let server = start(AppConfig {
        hosts: vec!["luthier.example".to_owned()],
        origins: vec!["https://app.example".to_owned()],
        ..config()
    });
    let mut told = String::new();

    for (host, origin) in [
        ("localhost:4400", "http://localhost:4400"),
        ("127.0.0.1:4400", "http://localhost:4400"),
        ("luthier.example", "https://luthier.example"),
        ("localhost:4400", "https://app.example"),
        ("localhost:4400", "http://localhost:9999"),
        ("localhost:4400", "http://luthier.example:4400"),
        ("localhost:4400", "https://evil.example"),
        ("localhost:4400", "null"),
        ("localhost:4400", "file://"),
    ] {
        let answer = exchange(
            server.address,
            from_host(host, &format!("origin: {origin}\r\n")),
        )
        .await;
        let verdict = if answer.status == 200 {
            "served".to_owned()
        } else {
            answer.problem_code()
        };
        let shared = answer.header("access-control-allow-origin").unwrap_or("-");
        writeln!(told, "{origin} -> {host}: {verdict}, may read: {shared}").unwrap();
    }

    insta::assert_snapshot!(told, @"
        http://localhost:4400 -> localhost:4400: served, may read: -
        http://localhost:4400 -> 127.0.0.1:4400: served, may read: -
        https://luthier.example -> luthier.example: served, may read: -
        https://app.example -> localhost:4400: served, may read: https://app.example
        http://localhost:9999 -> localhost:4400: origin_refused, may read: -
        http://luthier.example:4400 -> localhost:4400: origin_refused, may read: -
        https://evil.example -> localhost:4400: origin_refused, may read: -
        null -> localhost:4400: origin_refused, may read: -
        file:// -> localhost:4400: origin_refused, may read: -
        ");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_configured_page_may_ask_beforehand_without_a_token() {
    let server = start(AppConfig {
        origins: vec!["https://app.example".to_owned()],
        tokens: vec![TOKENS[0].parse().unwrap()],
        ..config()
    });
    let preflight = |origin: &str| {
        let headers = format!("origin: {origin}\r\naccess-control-request-method: PUT\r\n");
        request("OPTIONS", "/state", &headers, "")
    };

    let allowed = exchange(server.address, preflight("https://app.example")).await;
    let refused = exchange(server.address, preflight("https://evil.example")).await;

    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-methods"), Some("PUT"));
    assert_eq!(refused.problem_code(), "origin_refused");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_token_opens_what_is_closed_without_one() {
    let tokens = TOKENS.map(|token| token.parse().unwrap()).to_vec();
    let server = start(AppConfig { tokens, ..config() });
    let mut told = String::new();

    for headers in [
        "",
        "authorization: Bearer first-token-0123456\r\n",
        "authorization: bearer  second-token-012345\r\n",
        "authorization: Bearer first-token-012345\r\n",
        "authorization: Bearer\r\n",
        "authorization: Basic Zmlyc3Q=\r\n",
        "authorization: \u{e9}\r\n",
        "authorization: Bearer first-token-0123456\r\nauthorization: Bearer x\r\n",
    ] {
        let answer = get(server.address, "/state", headers).await;
        let code = if answer.status == 200 {
            "served".to_owned()
        } else {
            answer.problem_code()
        };
        let challenge = answer.header("www-authenticate").unwrap_or("-");
        writeln!(
            told,
            "{:?}: {} {code}, {challenge}",
            headers.trim(),
            answer.status
        )
        .unwrap();
    }

    insta::assert_snapshot!(told, @r#"
        "": 401 unauthorized, Bearer realm="luthier"
        "authorization: Bearer first-token-0123456": 200 served, -
        "authorization: bearer  second-token-012345": 200 served, -
        "authorization: Bearer first-token-012345": 401 unauthorized, Bearer realm="luthier", error="invalid_token"
        "authorization: Bearer": 401 unauthorized, Bearer realm="luthier", error="invalid_request"
        "authorization: Basic Zmlyc3Q=": 401 unauthorized, Bearer realm="luthier", error="invalid_request"
        "authorization: é": 401 unauthorized, Bearer realm="luthier", error="invalid_request"
        "authorization: Bearer first-token-0123456\r\nauthorization: Bearer x": 401 unauthorized, Bearer realm="luthier", error="invalid_request"
        "#);
    assert_eq!(
        get(server.address, "/nothing", "").await.problem_code(),
        "unauthorized"
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn probes_need_neither_a_token_nor_a_known_host() {
    let tokens = vec![TOKENS[0].parse().unwrap()];
    let server = start(AppConfig { tokens, ..config() });

    for path in ["/healthz", "/readyz"] {
        let probe = format!("GET {path} HTTP/1.1\r\nhost: 10.1.2.3\r\nconnection: close\r\n\r\n");
        assert_eq!(exchange(server.address, probe).await.status, 200, "{path}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn without_origins_configured_options_is_an_ordinary_method() {
    let server = Server::start(app());

    let answer = exchange(server.address, request("OPTIONS", "/orders", "", "")).await;

    assert_eq!(answer.problem_code(), "method_not_allowed");
    server.stop().await.unwrap();
}
