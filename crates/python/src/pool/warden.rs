//! Watches a lane while it has work: deadlines, workers that have grown, calls that wait behind a
//! slow one.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use crate::frame::Kind;

use super::{
    job::{Entry, Job, Work},
    lane::{Lane, LaneState},
    manifest::Class,
    receive::has_begun,
    seat::Seat,
    settings::Settings,
};

const TICK: Duration = Duration::from_millis(2);
/// How long a lane without work is watched on.
const LINGER: Duration = Duration::from_millis(500);
/// Calls that were sent behind one that takes longer than this are given to others.
const SLOW: Duration = Duration::from_millis(2);
const MEASURE_EVERY: Duration = Duration::from_millis(100);
/// A blocking worker that has had nothing to do for so long ends.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// Runs as long as the lane.
pub(super) async fn watch(lane: Arc<Lane>) {
    let mut measured = Instant::now();
    let mut busy = Instant::now();
    loop {
        tokio::select! {
            () = lane.end.cancelled() => return,
            () = tokio::time::sleep(TICK) => {}
        }
        let now = Instant::now();
        let is_measuring = now - measured >= MEASURE_EVERY;
        if is_measuring {
            measured = now;
        }
        if look(&lane, now, is_measuring) {
            busy = now;
        }
        if now - busy > LINGER {
            rest(&lane).await;
            busy = Instant::now();
        }
    }
}

/// Sleeps until something is sent.
async fn rest(lane: &Lane) {
    lane.is_watched.store(false, Ordering::SeqCst);
    let has_work = {
        let state = lane.state();
        has_work(&state)
    };
    if !has_work {
        let has_idle_workers = lane.class == Class::Blocking && !lane.state().seats.is_empty();
        tokio::select! {
            () = lane.activity.notified() => {}
            () = lane.end.cancelled() => {}
            () = tokio::time::sleep(IDLE_MAX), if has_idle_workers => {}
        }
    }
    lane.is_watched.store(true, Ordering::SeqCst);
}

fn has_work(state: &LaneState) -> bool {
    !state.queue.is_empty() || state.seats.iter().any(|seat| !seat.in_flight.is_empty())
}

/// One look; says whether the lane has work.
fn look(lane: &Arc<Lane>, now: Instant, is_measuring: bool) -> bool {
    let mut expired = Vec::new();
    let mut moved = Vec::new();
    let mut state = lane.state();
    take_expired(&mut state, now, &mut expired);
    let is_plural = state.seats.len() > 1;
    for seat in &mut state.seats {
        check_deadlines(lane, seat, now, &mut expired);
        if !lane.is_async() {
            free_stuck(seat, now, is_plural, &mut moved);
        }
        if is_measuring {
            check_size(seat, &lane.settings);
        }
        if lane.class == Class::Blocking && seat.in_flight.is_empty() {
            seat.is_leaving |= now - seat.idle_since > IDLE_MAX;
        }
        if seat.is_leaving && seat.in_flight.is_empty() {
            seat.process.kill();
        }
    }
    lane.restore(&mut state);
    let has_work = has_work(&state);
    drop(state);
    if !moved.is_empty() {
        lane.requeue(moved);
    }
    for (job, was_started) in expired {
        job.expire(was_started, String::new());
    }
    has_work
}

fn take_expired(state: &mut LaneState, now: Instant, expired: &mut Vec<(Box<Job>, bool)>) {
    if state.queue.iter().all(|job| job.deadline > now) {
        return;
    }
    for job in std::mem::take(&mut state.queue) {
        if job.deadline > now {
            state.queue.push_back(job)
        } else {
            expired.push((job, false))
        }
    }
}

/// Asks what is late to stop, and ends the worker of what does not.
fn check_deadlines(
    lane: &Lane,
    seat: &mut Seat,
    now: Instant,
    expired: &mut Vec<(Box<Job>, bool)>,
) {
    let mut kill_for = None;
    let mut swallowed = Vec::new();
    let Seat {
        process, in_flight, ..
    } = seat;
    for (id, entry) in in_flight.iter_mut() {
        let Some(since) = entry.stopped else {
            if entry.deadline <= now {
                entry.stopped = Some(now);
                let kind = Kind::Interrupt;
                process.send_urgent(crate::frame::one(kind, *id, &serde_json::json!({}), &[]));
            }
            continue;
        };
        let patience = patience(entry, &lane.settings);
        if now - since < patience || !has_begun(process, *id) {
            continue;
        }
        if lane.is_async() && process.shared.interrupted().load(Ordering::SeqCst) >= *id {
            swallowed.push(*id);
        } else {
            kill_for.get_or_insert(*id);
        }
    }
    for id in swallowed {
        // The loop is alive and has other calls: only this one's caller is told, and the worker
        // goes when the others are done.
        seat.is_leaving = true;
        if let Some(Entry {
            work: Work::Call(job),
            ..
        }) = seat.in_flight.remove(&id)
        {
            expired.push((job, true));
        }
    }
    if let Some(id) = kill_for
        && seat.killed_for.is_none()
    {
        seat.killed_for = Some(id);
        seat.process.kill();
    }
}

fn patience(entry: &Entry, settings: &Settings) -> Duration {
    if entry.is_cancelled {
        settings.cancel_grace
    } else {
        settings.grace
    }
}

/// Takes back what waits behind a slow call, and answers that are held back meanwhile.
fn free_stuck(seat: &mut Seat, now: Instant, is_plural: bool, moved: &mut Vec<Box<Job>>) {
    let Some((first, entry)) = seat.in_flight.first_key_value() else {
        return;
    };
    if now - entry.sent < SLOW {
        return;
    }
    let process = Arc::clone(&seat.process);
    if has_begun(&process, first + 1) {
        seat.asks(Kind::Flush, 0);
    }
    if is_plural && seat.in_flight.len() > 1 && has_begun(&process, *first) {
        moved.extend(seat.revoke());
    }
}

/// A worker that has grown, or has run enough, is replaced when it is idle.
fn check_size(seat: &mut Seat, settings: &Settings) {
    let Some(now) = seat.process.resident_bytes() else {
        return;
    };
    let first = *seat.resident_bytes_first.get_or_insert(now);
    let has_grown = now.saturating_sub(first) > settings.growth_bytes_max;
    if !seat.is_leaving && (has_grown || seat.calls > settings.calls_per_worker_max) {
        tracing::info!(
            pid = seat.process.pid.as_raw_nonzero(),
            resident_bytes = now,
            calls = seat.calls,
            "a worker is replaced"
        );
        seat.is_leaving = true;
    }
}
