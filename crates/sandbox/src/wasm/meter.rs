//! What a cell has used. It outlives the cell, which may be dropped in the middle of a call.

use std::{
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::time::{ClockId, clock_gettime};

use crate::packet::{End, Why};

#[derive(Default)]
pub(super) struct Meter {
    cpu_ns: AtomicU64,
    memory_bytes: AtomicU64,
    fuel: AtomicU64,
    /// Of the calls that have ended.
    fuel_before: AtomicU64,
}

impl Meter {
    /// Runs guest code, and counts the time that this thread spends in it.
    pub(super) async fn timed<F: Future>(&self, running: F) -> F::Output {
        let mut running = pin!(running);
        poll_fn(|context| {
            let since = thread_ns();
            let polled = running.as_mut().poll(context);
            self.cpu_ns
                .fetch_add(thread_ns().saturating_sub(since), Ordering::Relaxed);
            polled
        })
        .await
    }

    pub(super) fn note_memory(&self, bytes: u64) {
        self.memory_bytes.fetch_max(bytes, Ordering::Relaxed);
    }

    /// Of the call that runs, so far.
    pub(super) fn note_fuel(&self, used: u64) {
        let before = self.fuel_before.load(Ordering::Relaxed);
        self.fuel
            .store(before.saturating_add(used), Ordering::Relaxed);
    }

    /// Of the call that has just ended.
    pub(super) fn close_fuel(&self, used: u64) {
        self.note_fuel(used);
        let all = self.fuel.load(Ordering::Relaxed);
        self.fuel_before.store(all, Ordering::Relaxed);
    }

    pub(super) fn end(&self, code: Option<i32>, why: Option<Why>, counts_fuel: bool) -> End {
        End {
            code,
            signal: None,
            why,
            cpu_us: self.cpu_ns.load(Ordering::Relaxed) / 1000,
            memory_bytes: self.memory_bytes.load(Ordering::Relaxed),
            fuel: counts_fuel.then(|| self.fuel.load(Ordering::Relaxed)),
        }
    }
}

fn thread_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}
