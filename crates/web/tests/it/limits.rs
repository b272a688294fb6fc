//! Nothing is read, waited for or held without a bound.

use std::fmt::Write;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use web::{AppConfig, ServeConfig};

use crate::client::{Answer, exchange, get, http2, request};
use crate::fixture::{BODY_BYTES_MAX, Gate, Server, WIDE_BYTES_MAX, app, app_with, config};

fn of_length(path: &str, bytes: u64) -> String {
    request(
        "POST",
        path,
        "",
        &"x".repeat(usize::try_from(bytes).unwrap()),
    )
}

fn in_chunks(path: &str, bytes: u64) -> String {
    let mut body = String::new();
    for _ in 0..bytes {
        body.push_str("1\r\nx\r\n");
    }
    let headers = "transfer-encoding: chunked\r\n";
    format!("{}{body}0\r\n\r\n", request("POST", path, headers, ""))
}

#[tokio::test]
async fn a_body_is_read_up_to_its_routes_limit_announced_or_not() {
    let server = Server::start(app());

    for (path, limit) in [
        ("/measure", BODY_BYTES_MAX),
        ("/measure/wide", WIDE_BYTES_MAX),
    ] {
        for send in [of_length, in_chunks] {
            let fits = exchange(server.address, send(path, limit)).await;
            assert_eq!(
                (fits.status, fits.text()),
                (200, limit.to_string().as_str())
            );
            let refused = exchange(server.address, send(path, limit + 1)).await;
            assert_eq!(
                (refused.status, refused.problem_code().as_str()),
                (413, "too_large")
            );
            assert_eq!(refused.json()["body_bytes_max"], limit);
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_announced_length_is_refused_before_a_byte_of_it_is_sent() {
    let server = Server::start(app());
    let head = request("POST", "/measure", "content-length: 1000000000000\r\n", "");

    let refused = exchange(server.address, head).await;

    assert_eq!(refused.problem_code(), "too_large");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_that_stops_or_breaks_is_told_apart_from_a_slow_answer() {
    let quick = AppConfig {
        request_ms_max: 250,
        ..config()
    };
    let server = Server::start(app_with(quick, &Gate::new()));
    let mut told = String::new();

    for (case, request) in [
        (
            "stops",
            request("POST", "/measure", "content-length: 5\r\n", ""),
        ),
        (
            "breaks",
            request("POST", "/measure", "transfer-encoding: chunked\r\n", "") + "zz\r\n",
        ),
        ("slow", request("GET", "/hold", "", "")),
    ] {
        let answer = exchange(server.address, request).await;
        assert!(answer.is_problem());
        writeln!(told, "{case}: {} {}", answer.status, answer.text()).unwrap();
    }

    insta::assert_snapshot!(told, @r#"
        stops: 408 {"type":"/docs/problems#request_timeout","title":"Request time-out","status":408,"detail":"the whole request did not arrive within 250 ms","instance":"/measure","code":"request_timeout","hint":"send the whole request at once, then retry","request_id":"t"}
        breaks: 400 {"type":"/docs/problems#bad_request","title":"Bad request","status":400,"detail":"the body broke off, or is not framed as its headers say","instance":"/measure","code":"bad_request","hint":"correct the request; /docs shows what this path takes","request_id":"t"}
        slow: 503 {"type":"/docs/problems#timed_out","title":"Timed out","status":503,"detail":"the answer was not ready within 250 ms","instance":"/hold","code":"timed_out","hint":"retry, or ask for less at once","request_id":"t"}
        "#);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_route_may_opt_out_of_the_time_out() {
    let gate = Gate::new();
    let quick = AppConfig {
        request_ms_max: 20,
        ..config()
    };
    let server = Server::start(app_with(quick, &gate));
    let address = server.address;

    let slow = tokio::spawn(async move { get(address, "/hold/untimed", "").await });
    gate.wait_for_entry().await;
    // A timed request that began later has run out of time; the untimed one must still be there.
    assert_eq!(get(address, "/hold", "").await.problem_code(), "timed_out");
    gate.leave.add_permits(2);

    assert_eq!(slow.await.unwrap().text(), "held");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_request_without_room_is_told_when_to_come_back() {
    let gate = Gate::new();
    let server = Server::start(app_with(
        AppConfig {
            requests_in_flight_max: 1,
            ..config()
        },
        &gate,
    ));
    let address = server.address;
    let first = tokio::spawn(async move { get(address, "/hold", "").await });
    gate.wait_for_entry().await;

    let refused = get(address, "/state", "").await;
    let probe = get(address, "/healthz", "").await;
    gate.leave.add_permits(1);

    assert_eq!(
        (refused.status, refused.problem_code().as_str()),
        (503, "over_capacity")
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(probe.status, 200);
    assert_eq!(first.await.unwrap().text(), "held");
    assert_eq!(get(address, "/state", "").await.status, 200);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_without_a_seat_is_told_so() {
    let one = ServeConfig {
        connections_max: 1,
        ..ServeConfig::default()
    };
    let server = Server::start_with(app(), one);
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).await.unwrap();

    let refused = get(server.address, "/state", "").await;

    assert_eq!(
        (refused.status, refused.problem_code().as_str()),
        (503, "over_capacity")
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    drop(first);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_that_dribbles_its_headers_is_hung_up_on() {
    let hasty = ServeConfig {
        header_read_ms_max: 50,
        ..ServeConfig::default()
    };
    let server = Server::start_with(app(), hasty);

    for beginning in [
        "",
        "P",
        "GET /healthz HTTP/1.1\r\nhost: loc",
        "PRI * HTTP/2.0\r\n\r\nSM",
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        assert!(Answer::read(&mut stream).await.is_none(), "{beginning}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let hasty = ServeConfig {
        header_read_ms_max: 250,
        ..ServeConfig::default()
    };
    let server = Server::start_with(app(), hasty);
    let mut stream = TcpStream::connect(server.address).await.unwrap();

    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();

    assert_eq!(
        Answer::read(&mut stream).await.unwrap().text(),
        r#"{"status":"ok"}"#
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed_too() {
    let hasty = ServeConfig {
        header_read_ms_max: 250,
        ..ServeConfig::default()
    };
    let server = Server::start_with(app(), hasty);
    let (mut sender, connection) = http2(server.address).await;
    let ask = hyper::Request::get("http://localhost/healthz");

    let answer = sender
        .send_request(ask.body(http_body_util::Empty::new()).unwrap())
        .await;

    assert_eq!(answer.unwrap().status(), 200);
    connection.await.unwrap().unwrap();
    server.stop().await.unwrap();
}
