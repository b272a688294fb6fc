//! Work on its way to or through a worker.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::frame::{self, CallHeader, Kind};

use super::{
    call::{Answer, CallRequest, Events},
    code::{Contents, Document},
    failure::{CallError, LoadError},
};

/// A call that has not ended.
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) frame: Vec<u8>,
    pub(super) code: Arc<Contents>,
    pub(super) state: Arc<Document>,
    pub(super) since: Instant,
    pub(super) deadline: Instant,
    pub(super) events: Option<Arc<dyn Events>>,
    pub(super) depth: u32,
    pub(super) reply: oneshot::Sender<Result<Answer, CallError>>,
    /// How often a worker was lost before the call began.
    pub(super) moves: u32,
}

/// Code that a worker is loading.
pub(super) struct Load {
    pub(super) number: u64,
    pub(super) label: String,
    pub(super) reply: Option<oneshot::Sender<Result<Bytes, LoadError>>>,
}

pub(super) enum Work {
    Call(Box<Job>),
    Load(Load),
}

/// Work that a worker was sent.
pub(super) struct Entry {
    pub(super) work: Work,
    pub(super) sent: Instant,
    pub(super) deadline: Instant,
    /// When it was asked to stop.
    pub(super) stopped: Option<Instant>,
    pub(super) is_cancelled: bool,
    pub(super) log_bytes: usize,
}

impl Job {
    pub(super) fn new(
        number: u64,
        request: &CallRequest,
        reply: oneshot::Sender<Result<Answer, CallError>>,
    ) -> Self {
        let since = Instant::now();
        let session = request.session.as_deref();
        let header = CallHeader {
            code: request.code.0.number,
            state: request.state.0.number,
            kind: request.kind.as_str(),
            name: request.name.as_str().into(),
            deadline_ms: u64::try_from(request.deadline.as_millis()).unwrap_or(u64::MAX),
            conversation_id: request.conversation_id.as_str().into(),
            version: request.version.as_str().into(),
            revision: request.revision,
            traceparent: request.traceparent.as_deref().map(Into::into),
            seed: request.seed,
            session_bytes: session.map(<[u8]>::len),
        };
        let body = [&*request.arguments, session.unwrap_or_default()];
        let kind = if request.within.is_some() {
            Kind::NestedCall
        } else {
            Kind::Call
        };
        Self {
            number,
            name: request.name.clone(),
            frame: frame::one(kind, 0, &header, &body),
            code: Arc::clone(&request.code.0),
            state: Arc::clone(&request.state.0),
            since,
            deadline: since + request.deadline,
            events: request.events.clone(),
            depth: request.within.as_ref().map_or(0, |within| within.depth),
            reply,
            moves: 0,
        }
    }

    pub(super) fn allowed(&self) -> Duration {
        self.deadline - self.since
    }

    /// Ends the call. The other side may be gone, and then nobody minds.
    pub(super) fn end(self: Box<Self>, result: Result<Answer, CallError>) {
        drop(self.reply.send(result));
    }

    pub(super) fn expire(self: Box<Self>, was_started: bool, traceback: String) {
        let after = self.allowed();
        self.end(Err(CallError::DeadlineExceeded {
            after,
            was_started,
            traceback,
        }));
    }
}

impl Load {
    pub(super) fn end(self, result: Result<Bytes, LoadError>) {
        if let Some(reply) = self.reply {
            drop(reply.send(result));
        }
    }
}
