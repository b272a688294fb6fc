//! Stopping: what is in flight ends well, what never ends is told to, and nothing new begins.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use web::{ServeConfig, ServeError};

use crate::client::{Answer, get};
use crate::fixture::{Gate, Server, app, app_with, config};

#[tokio::test]
async fn a_request_in_flight_finishes_and_a_new_one_is_refused() {
    let gate = Gate::new();
    let server = Server::start(app_with(config(), &gate));
    let address = server.address;
    let in_flight = tokio::spawn(async move { get(address, "/hold", "").await });
    let mut idle = TcpStream::connect(address).await.unwrap();
    gate.wait_for_entry().await;

    let stopped = tokio::spawn(server.stop());
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    let refused = TcpStream::connect(address).await.unwrap_err();
    gate.leave.add_permits(1);

    assert!(rest.is_empty());
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(in_flight.await.unwrap().text(), "held");
    stopped.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_of_events_ends_with_the_server() {
    let server = Server::start(app());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /follow HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut begun = vec![0; 4096];
    let mut length = 0;
    while !begun[..length].ends_with(b"first \n\n\r\n") {
        length += stream.read(&mut begun[length..]).await.unwrap();
    }

    server.stop().await.unwrap();
    begun.truncate(length);
    stream.read_to_end(&mut begun).await.unwrap();

    let answer = Answer::parse(&begun);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert!(
        answer
            .text()
            .starts_with("retry: 1000\n\nid: 1\ndata: first "),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_and_counted() {
    let gate = Gate::new();
    let hasty = ServeConfig {
        drain_ms_max: 20,
        ..ServeConfig::default()
    };
    let server = Server::start_with(app_with(config(), &gate), hasty);
    let mut stuck = TcpStream::connect(server.address).await.unwrap();
    stuck
        .write_all(b"GET /hold HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    gate.wait_for_entry().await;

    let cut = server.stop().await.unwrap_err();

    assert!(
        matches!(
            cut,
            ServeError::Cut {
                connections: 1,
                drain_ms_max: 20
            }
        ),
        "{cut}"
    );
    assert!(Answer::read(&mut stuck).await.is_none());
}
