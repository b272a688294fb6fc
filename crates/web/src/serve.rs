//! Accepting, bounding and draining connections.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::bind::Bound;
use crate::connection::{converse, turn_away};

/// Connections being told that there is no room; further ones are closed without a word.
const TURNED_AWAY_MAX: usize = 64;
/// Failures to accept in a row after which the listener is given up.
const ACCEPT_FAILURES_MAX: u32 = 100;
/// The pause after a failure to accept, so that a full table of descriptors does not spin.
const ACCEPT_PAUSE_MS: u64 = 50;
/// Requests that one HTTP/2 connection may have open at once.
const STREAMS_PER_CONNECTION_MAX: u32 = 128;
/// How often a silent HTTP/2 peer is asked whether it is there, and how long it may take to say so.
const PING_INTERVAL_MS: u64 = 20_000;
const PING_ANSWER_MS_MAX: u64 = 10_000;

/// The bounds of the transport. Each is a setting.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    pub connections_max: usize,
    /// The request line and headers together.
    pub header_bytes_max: u32,
    /// From the first byte expected to the last header read; also how long a connection may go
    /// without a new request before it is retired.
    pub header_read_ms_max: u64,
    /// How long requests in flight may still take once the stop was asked for.
    pub drain_ms_max: u64,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            connections_max: 1024,
            header_bytes_max: 65_536,
            header_read_ms_max: 30_000,
            drain_ms_max: 10_000,
        }
    }
}

/// Why serving ended other than by a clean stop.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the runtime could not take over the listener")]
    Adopt(#[source] io::Error),
    #[error("accepting failed {failures} times in a row")]
    Accept {
        failures: u32,
        #[source]
        source: io::Error,
    },
    #[error("{connections} connections were cut off: still busy {drain_ms_max} ms after the stop")]
    Cut {
        connections: usize,
        drain_ms_max: u64,
    },
}

/// The server's wish to stop, for handlers whose answers would otherwise never end.
#[derive(Clone, Debug)]
pub struct Drain(pub CancellationToken);

impl<S: Sync> FromRequestParts<S> for Drain {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get::<Self>()
            .cloned()
            .unwrap_or_else(|| Self(CancellationToken::new())))
    }
}

/// What every connection shares.
pub(crate) struct Transport {
    pub(crate) app: Router,
    pub(crate) builder: auto::Builder<TokioExecutor>,
    pub(crate) request_within: Duration,
    pub(crate) drain: Drain,
}

/// Serves until `cancel`, then stops accepting, lets what is in flight finish, and returns.
///
/// Streams that would not end by themselves must watch the same token (see
/// [`sse_response`](crate::sse_response) and [`Drain`]).
pub async fn serve(
    bound: Bound,
    app: Router,
    config: ServeConfig,
    cancel: CancellationToken,
) -> Result<(), ServeError> {
    let listener = TcpListener::from_std(bound.listener).map_err(ServeError::Adopt)?;
    let mut connections = JoinSet::new();
    let accepted = accept(&listener, app, &config, &cancel, &mut connections).await;
    drop(listener);
    cancel.cancel();
    drain(&mut connections, config.drain_ms_max)
        .await
        .and(accepted)
}

async fn accept(
    listener: &TcpListener,
    app: Router,
    config: &ServeConfig,
    cancel: &CancellationToken,
    connections: &mut JoinSet<()>,
) -> Result<(), ServeError> {
    let transport = Arc::new(Transport {
        app,
        builder: protocol(config),
        request_within: Duration::from_millis(config.header_read_ms_max),
        drain: Drain(cancel.clone()),
    });
    let seats = Arc::new(Semaphore::new(config.connections_max));
    let lobby = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
    let mut failures = 0;
    loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(()),
            Some(ended) = connections.join_next() => report(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    failures = 0;
                    admit(stream, peer, &transport, &seats, &lobby, connections);
                }
                Err(source) => {
                    failures += 1;
                    pause_or_give_up(failures, source).await?;
                }
            }
        }
    }
}

fn admit(
    stream: TcpStream,
    peer: SocketAddr,
    transport: &Arc<Transport>,
    seats: &Arc<Semaphore>,
    lobby: &Arc<Semaphore>,
    connections: &mut JoinSet<()>,
) {
    let held = |permit: OwnedSemaphorePermit| permit;
    if let Ok(seat) = Arc::clone(seats).try_acquire_owned().map(held) {
        connections.spawn(converse(stream, peer, Arc::clone(transport), seat));
    } else if let Ok(seat) = Arc::clone(lobby).try_acquire_owned().map(held) {
        tracing::warn!(%peer, "turned a connection away: all of them are in use");
        connections.spawn(turn_away(stream, seat));
    }
}

async fn pause_or_give_up(failures: u32, source: io::Error) -> Result<(), ServeError> {
    if failures >= ACCEPT_FAILURES_MAX {
        return Err(ServeError::Accept { failures, source });
    }
    tracing::warn!(error = %source, failures, "could not accept a connection");
    tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
    Ok(())
}

async fn drain(connections: &mut JoinSet<()>, drain_ms_max: u64) -> Result<(), ServeError> {
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    if tokio::time::timeout(Duration::from_millis(drain_ms_max), all_ended)
        .await
        .is_ok()
    {
        return Ok(());
    }
    let cut = connections.len();
    connections.shutdown().await;
    Err(ServeError::Cut {
        connections: cut,
        drain_ms_max,
    })
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection's task failed");
    }
}

fn protocol(config: &ServeConfig) -> auto::Builder<TokioExecutor> {
    /// Less than this and hyper refuses to start.
    const HEADER_BYTES_MIN: u32 = 8192;
    let header_bytes_max = config.header_bytes_max.max(HEADER_BYTES_MIN);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(config.header_read_ms_max))
        .max_buf_size(header_bytes_max as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .max_header_list_size(header_bytes_max)
        .keep_alive_interval(Some(Duration::from_millis(PING_INTERVAL_MS)))
        .keep_alive_timeout(Duration::from_millis(PING_ANSWER_MS_MAX));
    builder
}
