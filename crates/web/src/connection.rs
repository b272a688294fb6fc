//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tower::ServiceExt;

use crate::problem::{Problem, kinds};
use crate::serve::Transport;
use crate::wire::{Wire, canned};

/// How long a refused client may take to read its refusal, and how much of its request is drained
/// meanwhile: closing on unread bytes would reset the connection and lose the answer.
const LINGER_MS_MAX: u64 = 500;
const LINGER_BYTES_MAX: u64 = 65_536;
/// When a client that found no room may try again.
const RETRY_AFTER_S: u32 = 1;

pub(crate) async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    transport: Arc<Transport>,
    _seat: OwnedSemaphorePermit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, %peer, "answers to this client may be late");
    }
    let last_request = Mutex::new(None);
    let service = service_fn(|request: Request<Incoming>| {
        *last_request.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        answer(request, peer, &transport)
    });
    let io = TokioIo::new(Wire::new(stream));
    let mut connection = pin!(transport.builder.serve_connection(io, service));
    // The protocol's own header time-out only starts once it knows which protocol this is, and
    // HTTP/2 has none.
    let mut silence = pin!(tokio::time::sleep(transport.request_within));
    let mut is_retiring = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(error = %error, %peer, "the connection ended early");
                }
                return;
            }
            () = transport.drain.0.cancelled(), if !is_retiring => {
                is_retiring = true;
                connection.as_mut().graceful_shutdown();
            }
            () = silence.as_mut(), if !is_retiring => {
                let last = *last_request.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(last) = last else {
                    tracing::debug!(%peer, "closed: no request within the limit");
                    return;
                };
                let next_within = last + transport.request_within;
                if next_within > Instant::now() {
                    silence.as_mut().reset(next_within);
                } else {
                    // What is in flight still finishes: only further requests need a new one.
                    is_retiring = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    transport: &Transport,
) -> impl Future<Output = Result<Response, Infallible>> + Send + 'static {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(transport.drain.clone());
    transport.app.clone().oneshot(request)
}

/// Says that there is no room, in the one way that needs no request.
pub(crate) async fn turn_away(mut stream: TcpStream, _seat: OwnedSemaphorePermit) {
    let refusal = Problem::of(kinds::OVER_CAPACITY, "all connections are in use")
        .retry_after_s(RETRY_AFTER_S);
    let farewell = async {
        stream.write_all(&canned(&refusal)).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES_MAX), &mut tokio::io::sink()).await
    };
    match tokio::time::timeout(Duration::from_millis(LINGER_MS_MAX), farewell).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a refused client did not wait"),
        Err(_) => tracing::debug!("a refused client did not close"),
    }
}
