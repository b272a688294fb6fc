//! Sessions of the old era: where they are kept, how many there are, and how they answer.
//!
//! The library streams every answer of a session. Most calls are quick and send nothing before
//! their result, so what is ready soon enough is answered as plain JSON, and the rest is streamed
//! from its first event on, to be resumed if the connection breaks.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{Stream, StreamExt as _, stream};
use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::WorkerTransport;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError, LocalSessionWorker, SessionConfig,
};
use rmcp::transport::streamable_http_server::session::{
    RestoreOutcome, ServerSseMessage, SessionId, SessionManager, SessionState, SessionStore,
    SessionStoreError,
};
use tokio::task_local;
use tokio::time::sleep;

/// A call that has not answered by then is streamed, so that its client can come back for it.
const QUICK_MS_MAX: u64 = 250;

/// Events of one stream that a client which lost its connection can still get.
const EVENTS_KEPT: usize = 64;

/// How long the answer of a finished call can still be fetched by such a client.
const ANSWER_KEPT_MS: u64 = 60_000;

/// When a client should come back to a stream that broke.
pub(crate) const RETRY_MS: u64 = 1_000;

task_local! {
    /// What a request came to beside the response that the library makes of it.
    pub(crate) static ASIDE: Mutex<Option<Aside>>;
}

pub(crate) enum Aside {
    /// It was answered before anything was streamed.
    Quick(Arc<ServerJsonRpcMessage>),
    /// There is no room for one more session.
    Full,
    /// Another request restored the session in the meantime: it can just be made again.
    Raced,
}

fn put_aside(aside: Aside) {
    ASIDE.with(|place| {
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(aside);
    });
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("there are as many sessions as are allowed")]
    Full,
    #[error(transparent)]
    Local(#[from] LocalSessionManagerError),
}

/// The sessions of one endpoint.
pub(crate) struct Sessions {
    local: LocalSessionManager,
    sessions_max: usize,
}

impl Sessions {
    pub(crate) fn new(sessions_max: usize, idle_ms_max: u64) -> Self {
        let mut config = SessionConfig::default();
        config.channel_capacity = EVENTS_KEPT;
        config.keep_alive = Some(Duration::from_millis(idle_ms_max));
        config.sse_retry = Some(Duration::from_millis(RETRY_MS));
        config.completed_cache_ttl = Duration::from_millis(ANSWER_KEPT_MS);
        let mut local = LocalSessionManager::default();
        local.session_config = config;
        Self {
            local,
            sessions_max,
        }
    }

    pub(crate) async fn count(&self) -> usize {
        self.local.sessions.read().await.len()
    }

    pub(crate) async fn has(&self, id: &str) -> bool {
        self.local.sessions.read().await.contains_key(id)
    }

    async fn has_room(&self) -> bool {
        self.count().await < self.sessions_max
    }
}

impl SessionManager for Sessions {
    type Error = SessionError;
    type Transport = WorkerTransport<LocalSessionWorker>;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        if !self.has_room().await {
            put_aside(Aside::Full);
            return Err(SessionError::Full);
        }
        Ok(self.local.create_session().await?)
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        Ok(self.local.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        Ok(self.local.has_session(id).await?)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        Ok(self.local.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let mut events = self.local.create_stream(id, message).await?;
        let held = hold_until_known(&mut events).await;
        Ok(stream::iter(held).chain(events))
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), Self::Error> {
        Ok(self.local.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.local.create_standalone_stream(id).await?)
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.local.resume(id, last_event_id).await?)
    }

    async fn restore_session(
        &self,
        id: SessionId,
    ) -> Result<RestoreOutcome<Self::Transport>, Self::Error> {
        if !self.has_room().await {
            put_aside(Aside::Full);
            return Err(SessionError::Full);
        }
        let outcome = self.local.restore_session(id).await?;
        if matches!(outcome, RestoreOutcome::AlreadyPresent) {
            put_aside(Aside::Raced);
        }
        Ok(outcome)
    }
}

/// Takes events until it is known whether the answer is the first thing to be sent. If it is, it
/// is put aside; whatever else was taken is still to be sent.
async fn hold_until_known(
    events: &mut (impl Stream<Item = ServerSseMessage> + Unpin),
) -> Vec<ServerSseMessage> {
    let mut held = Vec::with_capacity(2);
    let patience = sleep(Duration::from_millis(QUICK_MS_MAX));
    tokio::pin!(patience);
    loop {
        let event = tokio::select! {
            biased;
            event = events.next() => event,
            () = &mut patience => return held,
        };
        let Some(event) = event else { return held };
        match &event.message {
            None => held.push(event),
            Some(message) if is_answer(message) => {
                put_aside(Aside::Quick(Arc::clone(message)));
                return Vec::new();
            }
            Some(_) => {
                held.push(event);
                return held;
            }
        }
    }
}

fn is_answer(message: &ServerJsonRpcMessage) -> bool {
    matches!(
        message,
        JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)
    )
}

/// Sessions kept unless told otherwise.
const KEPT_MAX_DEFAULT: usize = 10_000;

/// Sessions kept in memory, the oldest making room: for one process, and for tests.
pub struct MemorySessions {
    kept: Mutex<Kept>,
    kept_max: usize,
}

#[derive(Default)]
struct Kept {
    states: HashMap<String, SessionState>,
    order: VecDeque<String>,
}

impl Default for MemorySessions {
    fn default() -> Self {
        Self::new(KEPT_MAX_DEFAULT)
    }
}

impl MemorySessions {
    pub fn new(kept_max: usize) -> Self {
        Self {
            kept: Mutex::default(),
            kept_max,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SessionStore for MemorySessions {
    async fn load(&self, id: &str) -> Result<Option<SessionState>, SessionStoreError> {
        Ok(self.lock().states.get(id).cloned())
    }

    async fn store(&self, id: &str, state: &SessionState) -> Result<(), SessionStoreError> {
        let mut kept = self.lock();
        if kept.states.insert(id.to_owned(), state.clone()).is_none() {
            kept.order.push_back(id.to_owned());
        }
        while kept.states.len() > self.kept_max
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.states.remove(&oldest);
        }
        Ok(())
    }

    async fn delete(&self, id: &str) -> Result<(), SessionStoreError> {
        let mut kept = self.lock();
        if kept.states.remove(id).is_some() {
            kept.order.retain(|known| known != id);
        }
        Ok(())
    }
}
