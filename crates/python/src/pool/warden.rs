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
    log::LastLines,
    manifest::Class,
    process::Process,
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

/// Calls that a look takes away from workers, dealt with when the lane's lock is let go.
#[derive(Default)]
struct Moved {
    /// Waited in the queue for too long.
    expired: Vec<Job>,
    /// Were stopped while they ran.
    late: Vec<Job>,
    unstarted: Vec<Job>,
}

/// One look; says whether the lane has work.
fn look(lane: &Arc<Lane>, now: Instant, is_measuring: bool) -> bool {
    let mut moved = Moved::default();
    let mut state = lane.state();
    take_expired(&mut state, now, &mut moved.expired);
    for seat in &mut state.seats {
        check_deadlines(lane, seat, now, &mut moved);
        if !lane.is_async() {
            free_stuck(seat, now, &mut moved.unstarted);
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
    lane.requeue(moved.unstarted);
    for job in moved.expired {
        job.expire();
    }
    for job in moved.late {
        job.expire_started(LastLines::default());
    }
    has_work
}

fn take_expired(state: &mut LaneState, now: Instant, expired: &mut Vec<Job>) {
    if state.queue.iter().all(|job| job.deadline > now) {
        return;
    }
    for job in std::mem::take(&mut state.queue) {
        if job.deadline > now {
            state.queue.push_back(job);
        } else {
            expired.push(job);
        }
    }
}

/// What is to be done about calls that are late.
#[derive(Default)]
struct Late {
    kill_for: Option<u64>,
    /// Calls that an event loop goes on with although they were cancelled.
    swallowed: Vec<u64>,
    /// Calls that have not begun, because something is in their way.
    has_waiting: bool,
}

/// Asks what is late to stop, and ends the worker of what does not.
fn check_deadlines(lane: &Lane, seat: &mut Seat, now: Instant, moved: &mut Moved) {
    let mut late = Late::default();
    push_loads_back(lane, seat, now);
    let Seat {
        process, in_flight, ..
    } = seat;
    for (id, entry) in in_flight.iter_mut() {
        check_deadline(lane, process, now, (*id, entry), &mut late);
    }
    for id in late.swallowed {
        // The loop is alive and has other calls: only this one's caller is told, and the worker
        // goes when the others are done.
        seat.is_leaving = true;
        let entry = seat.in_flight.remove(&id);
        if let Some(Work::Call(job)) = entry.map(|entry| entry.work) {
            moved.late.push(job);
        }
    }
    if late.has_waiting {
        moved.unstarted.extend(seat.revoke());
    }
    if late.kill_for.is_some() && seat.killed_for.is_none() {
        seat.killed_for = late.kill_for;
        seat.process.kill();
    }
}

fn check_deadline(
    lane: &Lane,
    process: &Process,
    now: Instant,
    (id, entry): (u64, &mut Entry),
    late: &mut Late,
) {
    let Some(since) = entry.stopped else {
        if entry.deadline <= now {
            entry.stopped = Some(now);
            process.send_urgent(order(Kind::Interrupt, id));
        }
        return;
    };
    let patience = patience(entry, &lane.settings);
    if !has_begun(process, id) {
        late.has_waiting |= now - since >= patience && matches!(entry.work, Work::Call(_));
        return;
    }
    if now - since >= patience / 2 && !entry.is_dumped {
        entry.is_dumped = true;
        process.send_urgent(order(Kind::Dump, id));
    }
    if now - since < patience {
        return;
    }
    if lane.is_async() && process.shared.interrupted().load(Ordering::SeqCst) >= id {
        late.swallowed.push(id);
    } else {
        late.kill_for.get_or_insert(id);
    }
}

fn order(kind: Kind, id: u64) -> Vec<u8> {
    crate::frame::one(kind, id, &(), &[])
}

/// The time that loading may take begins when whatever is in front of it has ended.
fn push_loads_back(lane: &Lane, seat: &mut Seat, now: Instant) {
    if lane.is_async() {
        return;
    }
    let behind = seat.in_flight.values_mut().skip(1);
    for entry in behind.filter(|entry| matches!(entry.work, Work::Load(_))) {
        entry.deadline = now + lane.settings.load_deadline;
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
fn free_stuck(seat: &mut Seat, now: Instant, moved: &mut Vec<Job>) {
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
    if has_begun(&process, *first) {
        seat.is_stuck = true;
        if seat.in_flight.len() > 1 {
            moved.extend(seat.revoke());
        }
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
