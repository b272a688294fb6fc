//! The workers of one class, and the calls that wait for one of them.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    call::{Answer, CallRequest},
    code::Contents,
    failure::{CallError, Crash, LoadError},
    job::{Job, Load, Work},
    lock,
    manifest::Class,
    process::{self, Process},
    receive,
    seat::Seat,
    settings::Settings,
    spawner::Spawner,
};

use crate::frame::Kind;

/// Starts that fail in a row before the calls that wait are told.
const FAILED_STARTS_MAX: u32 = 3;
const START_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// A call whose worker was lost before it began is given to so many more.
const MOVES_MAX: u32 = 3;
/// Frames for a worker that is busy gather until whatever else is ready has run.
const RETRY_MS_MIN: u64 = 10;
const RETRY_MS_MAX: u64 = 5_000;

static PROCESS_NUMBERS: AtomicU64 = AtomicU64::new(1);

pub(super) struct Lane {
    pub(super) class: Class,
    pub(super) settings: Arc<Settings>,
    spawner: Arc<Spawner>,
    pub(super) state: Mutex<LaneState>,
    /// Something was sent, so deadlines have to be watched.
    pub(super) activity: Notify,
    pub(super) is_watched: AtomicBool,
    /// A worker became ready or a start failed.
    changed: Notify,
    pub(super) end: CancellationToken,
}

#[derive(Default)]
pub(super) struct LaneState {
    pub(super) seats: Vec<Seat>,
    pub(super) queue: VecDeque<Box<Job>>,
    /// What every new worker loads before it is given calls.
    pub(super) live: Vec<Weak<Contents>>,
    starting: usize,
    failed_starts: u32,
    last_failure: String,
    /// Lanes that are only there when they are used have begun to be.
    is_wanted: bool,
}

impl Lane {
    pub(super) fn new(
        class: Class,
        settings: &Arc<Settings>,
        spawner: &Arc<Spawner>,
        end: &CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            class,
            settings: Arc::clone(settings),
            spawner: Arc::clone(spawner),
            state: Mutex::default(),
            activity: Notify::new(),
            is_watched: AtomicBool::new(false),
            changed: Notify::new(),
            end: end.clone(),
        })
    }

    pub(super) fn is_async(&self) -> bool {
        self.class == Class::Async
    }

    pub(super) fn state(&self) -> MutexGuard<'_, LaneState> {
        lock(&self.state)
    }

    /// Runs one call; dropping the future cancels it.
    pub(super) async fn call(
        self: &Arc<Self>,
        number: u64,
        request: &CallRequest,
    ) -> Result<Answer, CallError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Job::new(number, request, reply));
        let guard = Withdrawal {
            lane: self,
            number,
            is_over: false,
        };
        self.submit(job, request)?;
        let result = answer.await;
        guard.is_over();
        result.unwrap_or_else(|_| {
            Err(CallError::Unavailable {
                reason: "the pool has ended".into(),
            })
        })
    }

    fn submit(self: &Arc<Self>, job: Box<Job>, request: &CallRequest) -> Result<(), CallError> {
        let mut state = self.state();
        state.is_wanted = true;
        if let Some(within) = &request.within
            && within.lane.ptr_eq(&Arc::downgrade(self))
            && !self.is_async()
            && let Some(seat) = state.seat(within.process)
        {
            seat.send_nested(job, &self.settings);
            return Ok(());
        }
        if state.queue.len() >= self.settings.queue_max {
            return Err(CallError::Overloaded {
                retry_after_ms: state.retry_after_ms(),
            });
        }
        if let Some(seat) = state.free_seat(self.is_async(), &self.settings) {
            let was_idle = seat.in_flight.is_empty();
            seat.send(job, &self.settings);
            // A worker that is at rest is woken at once. For a busy one frames gather, and are
            // written together when whatever else is ready has run.
            if !was_idle || seat.write() {
                seat.process.outgoing.notify_one();
            }
        } else {
            state.queue.push_back(job);
            self.restore(&mut state);
        }
        drop(state);
        self.watch();
        Ok(())
    }

    /// Makes sure that somebody looks at the deadlines.
    fn watch(&self) {
        if !self.is_watched.swap(true, Ordering::Relaxed) {
            self.activity.notify_one();
        }
    }

    /// Nobody waits for this call any more.
    fn cancel(&self, number: u64) {
        let mut state = self.state();
        let place = state.queue.iter().position(|job| job.number == number);
        // Dropped outside the lock: a job may be the last to hold its code.
        let queued = place.and_then(|place| state.queue.remove(place));
        for seat in &mut state.seats {
            let found = seat
                .in_flight
                .iter_mut()
                .find(|(_, entry)| matches!(&entry.work, Work::Call(job) if job.number == number));
            if let Some((id, entry)) = found {
                let id = *id;
                entry.is_cancelled = true;
                entry.stopped.get_or_insert_with(Instant::now);
                seat.asks(Kind::Cancel, id);
            }
        }
        drop(state);
        drop(queued);
    }

    /// Starts workers until there are enough, counting those that are starting.
    pub(super) fn restore(self: &Arc<Self>, state: &mut LaneState) {
        let (active, spare) = self.wanted(state);
        state.fill_places(active);
        let staying = state.seats.iter().filter(|seat| !seat.is_leaving).count();
        let missing = (active + spare).saturating_sub(staying + state.starting);
        for _ in 0..missing {
            if self.end.is_cancelled() {
                return;
            }
            state.starting += 1;
            tokio::spawn(Arc::clone(self).start_one());
        }
    }

    /// How many workers, and how many spare ones.
    fn wanted(&self, state: &LaneState) -> (usize, usize) {
        match self.class {
            Class::Plain => (self.settings.workers.max(1), self.settings.spares.max(1)),
            Class::Async => (usize::from(state.is_wanted), 0),
            Class::Blocking => {
                let busy = state
                    .seats
                    .iter()
                    .filter(|seat| !seat.in_flight.is_empty())
                    .count();
                let wanted = busy + state.queue.len();
                (wanted.min(self.settings.blocking_workers_max.max(1)), 0)
            }
        }
    }

    async fn start_one(self: Arc<Self>) {
        let number = PROCESS_NUMBERS.fetch_add(1, Ordering::Relaxed);
        let start = process::start(&self.settings, &self.spawner, number, self.is_async());
        let started = tokio::select! {
            started = start => started,
            () = self.end.cancelled() => return,
        };
        match started {
            Ok(process) => self.admit(process),
            Err(reason) => self.note_failure(reason).await,
        }
        self.changed.notify_waiters();
    }

    fn admit(self: &Arc<Self>, process: Arc<Process>) {
        let mut state = self.state();
        state.starting -= 1;
        state.failed_starts = 0;
        let mut seat = Seat::new(Arc::clone(&process), true);
        state.live.retain(|code| code.strong_count() != 0);
        let live: Vec<_> = state.live.iter().filter_map(Weak::upgrade).collect();
        let newest = live
            .len()
            .saturating_sub(self.settings.codes_per_worker_max);
        for code in &live[newest..] {
            let load = Load {
                number: code.number,
                label: code.label.clone(),
                reply: None,
            };
            seat.load(&code.frame, load, &self.settings);
        }
        state.seats.push(seat);
        self.restore(&mut state);
        self.give_out(&mut state);
        drop(state);
        drop(live);
        process.outgoing.notify_one();
        tokio::spawn(receive::attend(Arc::clone(self), process));
        self.watch();
    }

    /// Waits a little after a start that failed; tells those who wait when it keeps failing.
    async fn note_failure(self: &Arc<Self>, reason: String) {
        tracing::error!(%reason, "a worker did not start");
        let told = {
            let mut state = self.state();
            state.failed_starts += 1;
            state.last_failure.clone_from(&reason);
            let is_hopeless = state.failed_starts >= FAILED_STARTS_MAX && state.seats.is_empty();
            if is_hopeless {
                std::mem::take(&mut state.queue)
            } else {
                VecDeque::new()
            }
        };
        for job in told {
            job.end(Err(CallError::Unavailable {
                reason: reason.clone(),
            }));
        }
        tokio::time::sleep(START_AGAIN_AFTER).await;
        let mut state = self.state();
        state.starting -= 1;
        self.restore(&mut state);
    }

    /// Gives waiting calls to workers that can take some.
    pub(super) fn give_out(self: &Arc<Self>, state: &mut LaneState) {
        while !state.queue.is_empty() {
            let LaneState { seats, queue, .. } = state;
            let Some(seat) = free_seat(seats, self.is_async(), &self.settings) else {
                break;
            };
            let Some(job) = queue.pop_front() else { break };
            seat.send(job, &self.settings);
            seat.process.outgoing.notify_one();
        }
    }

    /// Loads code in the worker that has nothing else to do, and says what its modules define.
    pub(super) async fn try_out(
        self: &Arc<Self>,
        number: u64,
        label: &str,
        frame: &Bytes,
    ) -> Result<Bytes, LoadError> {
        let (reply, loaded) = oneshot::channel();
        let mut load = Some(Load {
            number,
            label: label.to_owned(),
            reply: Some(reply),
        });
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            self.place_on_spare(frame, &mut load)?;
            if load.is_none() {
                break;
            }
            changed.await;
        }
        loaded.await.unwrap_or_else(|_| {
            Err(LoadError::Unavailable {
                reason: "the pool has ended".to_owned(),
            })
        })
    }

    fn place_on_spare(&self, frame: &Bytes, load: &mut Option<Load>) -> Result<(), LoadError> {
        let mut state = self.state();
        if state.failed_starts >= FAILED_STARTS_MAX {
            return Err(LoadError::Unavailable {
                reason: state.last_failure.clone(),
            });
        }
        let spare = state
            .seats
            .iter_mut()
            .find(|seat| seat.is_spare && !seat.is_leaving);
        if let Some(seat) = spare
            && let Some(load) = load.take()
        {
            seat.load(frame, load, &self.settings);
            seat.process.outgoing.notify_one();
            drop(state);
            self.watch();
        }
        Ok(())
    }

    /// Loads code in every worker; gives what to wait for. A worker that is busy is not waited
    /// for: it reads the code before it reads any call of it.
    pub(super) fn spread(
        &self,
        code: &Arc<Contents>,
    ) -> Vec<oneshot::Receiver<Result<Bytes, LoadError>>> {
        let mut state = self.state();
        state.live.retain(|code| code.strong_count() != 0);
        state.live.push(Arc::downgrade(code));
        let mut waits = Vec::new();
        for seat in &mut state.seats {
            let (reply, loaded) = oneshot::channel();
            let is_busy = !seat.in_flight.is_empty();
            let load = Load {
                number: code.number,
                label: code.label.clone(),
                reply: Some(reply),
            };
            if seat.load(&code.frame, load, &self.settings) && !is_busy {
                waits.push(loaded);
            }
            seat.process.outgoing.notify_one();
        }
        drop(state);
        self.watch();
        waits
    }

    /// Begins to be there.
    pub(super) fn want(self: &Arc<Self>) {
        let mut state = self.state();
        state.is_wanted = true;
        self.restore(&mut state);
    }

    pub(super) fn forget(&self, codes: &[u64], states: &[u64]) {
        let mut state = self.state();
        for seat in &mut state.seats {
            seat.drop_numbers(codes, states);
            seat.process.outgoing.notify_one();
        }
    }

    pub(super) async fn ready(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let is_complete = {
                let state = self.state();
                let (active, spare) = self.wanted(&state);
                state.seats.len() >= active + spare
            };
            if is_complete {
                return;
            }
            changed.await;
        }
    }

    /// Sees to what a worker leaves behind.
    pub(super) async fn bury(self: &Arc<Self>, process: &Arc<Process>) {
        let Some(mut seat) = self.take_seat(process.number) else {
            return;
        };
        let unstarted = seat.revoke();
        self.requeue(unstarted);
        let culprit = seat
            .killed_for
            .or_else(|| seat.in_flight.keys().next_back().copied());
        let tool = culprit
            .and_then(|id| seat.in_flight.get(&id))
            .map_or_else(String::new, name_of);
        let crash = process.bury(tool).await;
        for (id, entry) in std::mem::take(&mut seat.in_flight) {
            self.end_lost(id, entry, culprit, seat.killed_for, &crash);
        }
    }

    fn end_lost(
        &self,
        id: u64,
        entry: super::job::Entry,
        culprit: Option<u64>,
        killed_for: Option<u64>,
        crash: &Crash,
    ) {
        let is_late = killed_for == Some(id);
        match entry.work {
            Work::Call(job) if is_late => job.expire(true, crash.last_log_lines.join("\n")),
            Work::Call(job) if culprit == Some(id) => {
                job.end(Err(CallError::Crashed(Box::new(crash.clone()))));
            }
            Work::Call(job) => {
                job.end(Err(CallError::Collateral {
                    culprit: Box::new(crash.clone()),
                }));
            }
            Work::Load(load) if is_late => {
                load.end(Err(LoadError::DeadlineExceeded {
                    after: self.settings.load_deadline,
                }));
            }
            Work::Load(load) => load.end(Err(LoadError::Crashed(Box::new(crash.clone())))),
        }
    }

    /// Takes a worker away, and puts another in its place at once.
    fn take_seat(self: &Arc<Self>, number: u64) -> Option<Seat> {
        let mut state = self.state();
        let place = state
            .seats
            .iter()
            .position(|seat| seat.process.number == number)?;
        let seat = state.seats.swap_remove(place);
        self.restore(&mut state);
        self.give_out(&mut state);
        Some(seat)
    }

    /// Gives calls that had not begun to other workers, in front of those that wait.
    pub(super) fn requeue(self: &Arc<Self>, jobs: Vec<Box<Job>>) {
        let mut lost = Vec::new();
        let mut state = self.state();
        for mut job in jobs.into_iter().rev() {
            job.moves += 1;
            if job.moves > MOVES_MAX {
                lost.push(job);
            } else {
                state.queue.push_front(job);
            }
        }
        self.give_out(&mut state);
        self.restore(&mut state);
        drop(state);
        for job in lost {
            let reason = format!(
                "{MOVES_MAX} workers ended before `{}` could start",
                job.name
            );
            job.end(Err(CallError::Unavailable { reason }));
        }
    }
}

fn name_of(entry: &super::job::Entry) -> String {
    match &entry.work {
        Work::Call(job) => job.name.clone(),
        Work::Load(load) => load.label.clone(),
    }
}

impl LaneState {
    pub(super) fn seat(&mut self, number: u64) -> Option<&mut Seat> {
        self.seats
            .iter_mut()
            .find(|seat| seat.process.number == number)
    }

    fn free_seat(&mut self, is_async: bool, settings: &Settings) -> Option<&mut Seat> {
        free_seat(&mut self.seats, is_async, settings)
    }

    /// Puts spare workers to work while there are too few.
    fn fill_places(&mut self, active: usize) {
        let working = |seat: &&mut Seat| !seat.is_spare && !seat.is_leaving;
        let mut missing = active.saturating_sub(self.seats.iter_mut().filter(working).count());
        for seat in self
            .seats
            .iter_mut()
            .filter(|seat| seat.is_spare && !seat.is_leaving)
        {
            if missing == 0 {
                return;
            }
            seat.is_spare = false;
            missing -= 1;
        }
    }

    fn retry_after_ms(&self) -> u64 {
        let slowest = self
            .seats
            .iter()
            .map(Seat::average_us)
            .max()
            .unwrap_or(RETRY_MS_MAX);
        let workers = self.seats.len().max(1) as u64;
        let wait = self.queue.len() as u64 * slowest / workers / 1000;
        wait.clamp(RETRY_MS_MIN, RETRY_MS_MAX)
    }
}

/// The worker with the least to do that can take a call.
fn free_seat<'a>(
    seats: &'a mut [Seat],
    is_async: bool,
    settings: &Settings,
) -> Option<&'a mut Seat> {
    let free = seats
        .iter_mut()
        .filter(|seat| seat.can_take(is_async, settings));
    free.min_by_key(|seat| seat.in_flight.len())
}

/// Cancels a call whose future is dropped.
struct Withdrawal<'a> {
    lane: &'a Lane,
    number: u64,
    is_over: bool,
}

impl Withdrawal<'_> {
    fn is_over(mut self) {
        self.is_over = true;
    }
}

impl Drop for Withdrawal<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.lane.cancel(self.number);
        }
    }
}
