//! Work on its way to or through a worker.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::frame::{self, CallHeader, Kind};

use super::{
    call::{Answer, CallRequest, Events, Link},
    code::{Contents, Document},
    failure::{CallError, LoadError},
    log::LastLines,
};

/// A call that has not ended, as it is handed around.
pub(super) type Job = Box<Call>;

/// A call that has not ended.
pub(super) struct Call {
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) frame: Vec<u8>,
    pub(super) code: Arc<Contents>,
    pub(super) state: Arc<Document>,
    pub(super) since: Instant,
    pub(super) deadline: Instant,
    pub(super) events: Option<Arc<dyn Events>>,
    /// The calls around this one, the outermost first.
    pub(super) chain: Vec<Link>,
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
    Call(Job),
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
    /// Does it run on top of another call in the same worker?
    pub(super) is_nested: bool,
    /// Was its worker asked where it is?
    pub(super) is_dumped: bool,
    pub(super) log_bytes: usize,
    /// How often it was refused something.
    pub(super) refusals: u32,
    /// Ends the calls that this one has made.
    pub(super) nested: Option<EndOnDrop>,
}

/// A token that is cancelled when this goes.
pub(super) struct EndOnDrop(pub(super) CancellationToken);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Entry {
    /// Work that is being sent.
    pub(super) fn new(work: Work, deadline: Instant) -> Self {
        Self {
            work,
            sent: Instant::now(),
            deadline,
            stopped: None,
            is_cancelled: false,
            is_nested: false,
            is_dumped: false,
            log_bytes: 0,
            refusals: 0,
            nested: None,
        }
    }
}

impl Call {
    pub(super) fn new(
        number: u64,
        request: &CallRequest,
        reply: oneshot::Sender<Result<Answer, CallError>>,
    ) -> Self {
        let since = Instant::now();
        let session = request.session.as_deref();
        let client = request.client.as_deref();
        let header = CallHeader {
            code: request.code.0.number,
            state: request.state.0.number,
            kind: request.kind.as_str(),
            name: request.name.as_str().into(),
            deadline_ms: millis(request.ends_at(since) - since),
            conversation_id: request.conversation_id.as_str().into(),
            version: request.version.as_str().into(),
            revision: request.revision,
            traceparent: request.traceparent.as_deref().map(Into::into),
            seed: request.seed,
            notes_lines: request.notes_lines,
            session_bytes: session.map(<[u8]>::len),
            client_bytes: client.map(<[u8]>::len),
        };
        let body = [
            &*request.arguments,
            session.unwrap_or_default(),
            client.unwrap_or_default(),
        ];
        Self {
            number,
            name: request.name.clone(),
            frame: frame::one(Kind::Call, 0, &header, &body),
            code: Arc::clone(&request.code.0),
            state: Arc::clone(&request.state.0),
            since,
            deadline: request.ends_at(since),
            events: request.events.clone(),
            chain: request
                .within
                .as_ref()
                .map_or_else(Vec::new, |within| within.chain.clone()),
            reply,
            moves: 0,
        }
    }

    pub(super) fn allowed(&self) -> Duration {
        self.deadline - self.since
    }

    /// Ends the call. The other side may be gone, and then nobody minds.
    pub(super) fn end(self, result: Result<Answer, CallError>) {
        drop(self.reply.send(result));
    }

    /// Ends a call whose deadline passed before it could begin.
    pub(super) fn expire(self) {
        let after = self.allowed();
        self.end(Err(CallError::DeadlineExceeded {
            after,
            was_started: false,
            traceback: String::new(),
            last_log_lines: Vec::new(),
        }));
    }

    /// Ends a call that was stopped while it ran.
    pub(super) fn expire_started(self, last: LastLines) {
        let after = self.allowed();
        self.end(Err(CallError::DeadlineExceeded {
            after,
            was_started: true,
            traceback: last.traceback,
            last_log_lines: last.lines,
        }));
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Load {
    pub(super) fn end(self, result: Result<Bytes, LoadError>) {
        if let Some(reply) = self.reply {
            drop(reply.send(result));
        }
    }
}
