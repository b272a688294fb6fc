//! Calls that running code makes: whoever runs the cell answers them, or has it run another call on
//! top of the one that waits.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Instant,
};

use bytes::Bytes;
use python::{
    Shared,
    frame::{self, Frame, Kind, NestedHeader},
};
use tokio::sync::Notify;

use super::{desk::Desk, instance::Stop, said};

/// What code is given in return: a value, or a frame of work to see to meanwhile.
const VALUE: u8 = 0;
const WORK: u8 = 1;

/// What a wait came to: its value as JSON, or why there is none.
type Outcome = Result<Bytes, String>;

/// Filled by the cell's control stream, emptied by code that waits.
pub(super) struct Mailbox {
    shared: Shared,
    output_bytes_max: usize,
    post: Mutex<Post>,
    changed: Notify,
    /// Code has begun to wait.
    waits: Notify,
}

#[derive(Default)]
struct Post {
    last: u64,
    /// Those that wait, each on top of the one before: a call, and the number of what it waits for.
    waits: Vec<(u64, u64)>,
    results: HashMap<u64, Outcome>,
    work: VecDeque<Frame>,
    /// Frames that are seen to on top of a wait, innermost last.
    on_top: Vec<(Frame, Instant)>,
}

impl Mailbox {
    pub(super) fn new(shared: Shared, output_bytes_max: usize) -> Self {
        Self {
            shared,
            output_bytes_max,
            post: Mutex::default(),
            changed: Notify::new(),
            waits: Notify::new(),
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    fn is_waiting(&self) -> bool {
        let post = self.post();
        post.waits.len() > post.on_top.len()
    }

    /// Waits until code waits.
    pub(super) async fn begins_to_wait(&self) {
        while !self.is_waiting() {
            self.waits.notified().await;
        }
    }

    /// Hands over a result; one that nobody waits for is dropped.
    pub(super) fn deliver(&self, nested: u64, result: Outcome) {
        let mut post = self.post();
        if post.waits.iter().any(|(_, of)| *of == nested) {
            post.results.insert(nested, result);
            self.changed.notify_one();
        }
    }

    /// Hands over work; gives it back when nobody waits.
    pub(super) fn deliver_work(&self, frame: Frame) -> Option<Frame> {
        let mut post = self.post();
        if post.waits.len() <= post.on_top.len() {
            return Some(frame);
        }
        post.work.push_back(frame);
        self.changed.notify_one();
        None
    }

    /// Makes a call for running code, and waits.
    pub(super) async fn ask(
        &self,
        desk: &Desk,
        id: u64,
        tool: String,
        arguments: &[u8],
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        let nested = {
            let mut post = self.post();
            post.last += 1;
            let nested = post.last;
            post.waits.push((id, nested));
            nested
        };
        let header = NestedHeader { nested, tool };
        desk.push(&frame::one(Kind::Nested, id, &header, &[arguments]));
        self.wait(desk).await
    }

    /// Takes the answer of a call that ran on top of a wait, and waits on.
    pub(super) async fn ran(
        &self,
        desk: &Desk,
        header: &[u8],
        body: &[u8],
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        let Some((asked, since)) = self.post().on_top.pop() else {
            return Err(Stop::Forged("it answers a call that nobody made".to_owned()).into());
        };
        let Some((kind, body)) = body.split_first() else {
            return Err(Stop::Forged("an answer without a kind".to_owned()).into());
        };
        let us = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let said = (*kind, header.to_vec(), body.to_vec());
        let answer = said::answer(&asked, said, us, self.output_bytes_max)?;
        desk.end_last();
        self.shared
            .running()
            .store(desk.running(), Ordering::SeqCst);
        desk.push(&answer.unwrap_or_default());
        self.wait(desk).await
    }

    async fn wait(&self, desk: &Desk) -> wasmtime::Result<Result<Vec<u8>, String>> {
        self.waits.notify_one();
        desk.flush().await?;
        loop {
            if let Some(mail) = self.take(desk) {
                return Ok(mail);
            }
            self.changed.notified().await;
        }
    }

    fn take(&self, desk: &Desk) -> Option<Result<Vec<u8>, String>> {
        let mut post = self.post();
        let nested = post.waits.last()?.1;
        if let Some(result) = post.results.remove(&nested) {
            post.waits.pop();
            // Nobody is left to run what waits for this wait.
            if post.waits.len() <= post.on_top.len() {
                for unwanted in post.work.drain(..) {
                    desk.push(&frame::one(Kind::Skipped, unwanted.id, &(), &[]));
                }
            }
            return Some(result.map(|value| [&[VALUE], &value[..]].concat()));
        }
        let frame = post.work.pop_front()?;
        if matches!(frame.kind, Kind::LoadState | Kind::Drop) {
            desk.begin(desk.running());
        } else {
            self.shared.started().fetch_max(frame.id, Ordering::SeqCst);
            self.shared.running().store(frame.id, Ordering::SeqCst);
            desk.begin(frame.id);
        }
        let length = u32::try_from(frame.header.len()).unwrap_or(u32::MAX);
        let parts = [
            &[WORK, frame.kind as u8][..],
            &length.to_le_bytes(),
            &frame.header,
            &frame.body,
        ];
        let work = parts.concat();
        post.on_top.push((frame, Instant::now()));
        Some(Ok(work))
    }

    fn post(&self) -> MutexGuard<'_, Post> {
        self.post.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
