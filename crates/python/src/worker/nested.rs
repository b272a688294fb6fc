//! Calls that a running tool makes: where the results arrive that it waits for.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
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
    post: Mutex<Post>,
    changed: Condvar,
}

#[derive(Default)]
struct Post {
    last: u64,
    /// Waits that a future on the event loop stands for.
    futures: HashSet<u64>,
    /// Only what somebody waits for is kept.
    awaited: HashMap<u64, Option<NestedResult>>,
    calls: VecDeque<Frame>,
    /// How many waits on the main thread, one inside the other, can take a call.
    takers: usize,
    wakes: u64,
}

impl Mailbox {
    /// Begins a wait and gives it a number. The main thread (`takes_calls`) also runs calls.
    pub(super) fn begin(&self, takes_calls: bool) -> u64 {
        let mut post = self.post();
        post.last += 1;
        let nested = post.last;
        post.awaited.insert(nested, None);
        post.takers += usize::from(takes_calls);
        nested
    }

    /// Ends a wait, and gives back the calls that nobody is left to run.
    pub(super) fn end(&self, nested: u64, takes_calls: bool) -> VecDeque<Frame> {
        let mut post = self.post();
        post.awaited.remove(&nested);
        post.takers -= usize::from(takes_calls);
        if post.takers == 0 {
            std::mem::take(&mut post.calls)
        } else {
            VecDeque::new()
        }
    }

    /// Numbers a call whose result a future on the event loop is to get.
    pub(super) fn begin_future(&self) -> u64 {
        let mut post = self.post();
        post.last += 1;
        let nested = post.last;
        post.futures.insert(nested);
        nested
    }

    /// Hands over a result; gives it back when it is for a future.
    pub(super) fn deliver(&self, nested: u64, result: NestedResult) -> Option<NestedResult> {
        let mut post = self.post();
        if post.futures.remove(&nested) {
            return Some(result);
        }
        if let Some(place) = post.awaited.get_mut(&nested) {
            *place = Some(result);
        }
        drop(post);
        self.changed.notify_all();
        None
    }

    /// Hands over a call to run; gives it back when nobody waits any more.
    pub(super) fn deliver_call(&self, frame: Frame) -> Option<Frame> {
        let mut post = self.post();
        if post.takers == 0 {
            return Some(frame);
        }
        post.calls.push_back(frame);
        drop(post);
        self.changed.notify_all();
        None
    }

    pub(super) fn wake(&self) {
        self.post().wakes += 1;
        self.changed.notify_all();
    }

    /// Waits for mail; `seen` remembers the wake-ups that the caller has looked into.
    pub(super) fn wait(&self, nested: u64, takes_calls: bool, seen: &mut u64) -> Mail {
        let mut post = self.post();
        loop {
            if let Some(result) = post.awaited.get_mut(&nested).and_then(Option::take) {
                return Mail::Result(result);
            }
            if takes_calls && let Some(call) = post.calls.pop_front() {
                return Mail::Call(call);
            }
            if post.wakes != *seen {
                *seen = post.wakes;
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
