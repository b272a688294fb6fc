//! Calls that a running tool makes: where the results arrive that it waits for.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;

use crate::frame::Frame;

/// How a nested call ended: its value as JSON, or why there is none.
pub(super) type NestedResult = Result<Bytes, String>;

/// What a thread that waits is woken for.
pub(super) enum Mail {
    Result(NestedResult),
    /// A call to run meanwhile, on top of the one that waits.
    Call(Frame),
    /// Nothing yet, but the call may have been stopped.
    Look,
}

/// Filled by the control thread, emptied by threads that wait in `ctx.call`.
#[derive(Default)]
pub(super) struct Mailbox {
    next: AtomicU64,
    post: Mutex<Post>,
    changed: Condvar,
}

#[derive(Default)]
struct Post {
    results: HashMap<u64, NestedResult>,
    calls: VecDeque<Frame>,
    wakes: u64,
}

impl Mailbox {
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn deliver(&self, nested: u64, result: NestedResult) {
        self.post().results.insert(nested, result);
        self.changed.notify_all();
    }

    pub(super) fn deliver_call(&self, frame: Frame) {
        self.post().calls.push_back(frame);
        self.changed.notify_all();
    }

    pub(super) fn wake(&self) {
        self.post().wakes += 1;
        self.changed.notify_all();
    }

    /// Waits for the result of `nested`; the main thread (`takes_calls`) also runs calls.
    pub(super) fn wait(&self, nested: u64, takes_calls: bool) -> Mail {
        let mut post = self.post();
        let wakes = post.wakes;
        loop {
            if let Some(result) = post.results.remove(&nested) {
                return Mail::Result(result);
            }
            if takes_calls && let Some(call) = post.calls.pop_front() {
                return Mail::Call(call);
            }
            if post.wakes != wakes {
                return Mail::Look;
            }
            post = self
                .changed
                .wait(post)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn post(&self) -> MutexGuard<'_, Post> {
        self.post.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
