//! The protocol over standard input and output, for clients that start their servers.

use std::sync::Arc;

use rmcp::service::{ServerInitializeError, serve_server_with_ct};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::stdio_pipes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use crate::backend::Backend;
use crate::handler::{Handler, Shared};

/// A message is not longer; a longer line is dropped.
pub(crate) const LINE_BYTES_MAX: usize = 16 << 20;

/// A single client listens with few streams.
const LISTENERS_MAX: usize = 64;

/// Why a conversation over a stream ended badly.
#[derive(Debug, thiserror::Error)]
pub enum StdioError {
    #[error("the client did not begin as the protocol has it")]
    Begin(#[source] Box<ServerInitializeError>),
    #[error("the conversation was cut off")]
    Broke(#[source] tokio::task::JoinError),
}

/// Serves one client on standard input and output until it is gone, or `shutdown`.
///
/// Standard output carries protocol alone: whatever else a process prints there breaks the client.
pub async fn serve_stdio<B: Backend>(
    backend: Arc<B>,
    shutdown: CancellationToken,
) -> Result<(), StdioError> {
    let (read, write) = stdio_pipes();
    serve_streams(backend, read, write, shutdown).await
}

/// The same over any two streams: one JSON message a line.
pub async fn serve_streams<B, R, W>(
    backend: Arc<B>,
    read: R,
    write: W,
    shutdown: CancellationToken,
) -> Result<(), StdioError>
where
    B: Backend,
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let shared = Shared::new(backend, LISTENERS_MAX, None, None);
    let handler = Handler::new(Arc::clone(&shared));
    let transport = AsyncRwTransport::new_server(read, write).with_max_line_length(LINE_BYTES_MAX);
    let served = match serve_server_with_ct(handler, transport, shutdown).await {
        Ok(running) => running.waiting().await.map(drop).map_err(StdioError::Broke),
        Err(ServerInitializeError::Cancelled) => Ok(()),
        // It went before it said anything: that is an end, too.
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(StdioError::Begin(Box::new(error))),
    };
    shared.shutdown.cancel();
    shared.followers.close();
    shared.followers.wait().await;
    served
}
