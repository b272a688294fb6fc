//! The workers of one class, and the calls that wait for one of them.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    call::{Answer, CallRequest, Within},
    code::Contents,
    failure::{CallError, LoadError},
    job::{Call, Job, Load, Work},
    lock,
    manifest::Class,
    seat::Seat,
    settings::Settings,
    spawner::Spawner,
    staff::FAILED_STARTS_MAX,
};

use crate::frame::Kind;

/// A call whose worker was lost before it began is given to so many more.
const MOVES_MAX: u32 = 3;
const RETRY_MS_MIN: u64 = 10;
const RETRY_MS_MAX: u64 = 5_000;

pub(super) struct Lane {
    pub(super) class: Class,
    pub(super) settings: Arc<Settings>,
    pub(super) spawner: Arc<Spawner>,
    /// The folders of third-party packages that its workers read.
    pub(super) paths: Vec<String>,
    pub(super) state: Mutex<LaneState>,
    /// Something was sent, so deadlines have to be watched.
    pub(super) activity: Notify,
    pub(super) is_watched: AtomicBool,
    /// A worker became ready or ended a load, or a start failed.
    pub(super) changed: Notify,
    pub(super) end: CancellationToken,
}

#[derive(Default)]
pub(super) struct LaneState {
    pub(super) seats: Vec<Seat>,
    pub(super) queue: VecDeque<Job>,
    /// What every new worker loads before it is given calls.
    pub(super) live: Vec<Weak<Contents>>,
    pub(super) starting: usize,
    pub(super) failed_starts: u32,
    pub(super) last_failure: String,
    /// Lanes that are only there when they are used have begun to be.
    pub(super) is_wanted: bool,
}

impl Lane {
    pub(super) fn new(
        class: Class,
        settings: &Arc<Settings>,
        spawner: &Arc<Spawner>,
        paths: &[String],
        end: &CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            class,
            settings: Arc::clone(settings),
            spawner: Arc::clone(spawner),
            paths: paths.to_vec(),
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
        let job = Box::new(Call::new(number, request, reply));
        let guard = Withdrawal {
            lane: self,
            number,
            is_over: false,
        };
        self.submit(job, request)?;
        let result = answer.await;
        guard.lapse();
        result.unwrap_or_else(|_| {
            Err(CallError::Unavailable {
                reason: "the pool has ended".into(),
            })
        })
    }

    fn submit(self: &Arc<Self>, job: Job, request: &CallRequest) -> Result<(), CallError> {
        let mut state = self.state();
        state.is_wanted = true;
        // A worker that waits for this call runs it: another may never be free.
        if !self.is_async()
            && let Some(within) = &request.within
            && let Some(seat) = self.waiting_seat(&mut state, request, within)
        {
            seat.send_nested(job);
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

    /// The worker of this lane in which the innermost of the calls around this one waits.
    fn waiting_seat<'a>(
        self: &Arc<Self>,
        state: &'a mut LaneState,
        request: &CallRequest,
        within: &Within,
    ) -> Option<&'a mut Seat> {
        let me = Arc::downgrade(self);
        let mine = within
            .chain
            .iter()
            .rev()
            .filter(|link| link.lane.ptr_eq(&me));
        let number = mine.map(|link| link.process).find(|number| {
            state
                .seat(*number)
                .is_some_and(|seat| seat.can_nest(request))
        })?;
        state.seat(number)
    }

    /// Makes sure that somebody looks at the deadlines.
    pub(super) fn watch(&self) {
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

    /// Loads code in a worker whose end would harm no call, and says what its modules define.
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
            self.place(frame, &mut load)?;
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

    /// Gives the load to a spare worker, or, while there is no other code that could be called, to
    /// the first that is up.
    fn place(&self, frame: &Bytes, load: &mut Option<Load>) -> Result<(), LoadError> {
        let mut state = self.state();
        state.check_starts()?;
        let is_first = state.live.iter().all(|code| code.strong_count() == 0);
        let free = state
            .seats
            .iter_mut()
            .find(|seat| (seat.is_spare || is_first) && seat.is_at_rest());
        if let Some(seat) = free
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
        // One that waits for a nested call reads nothing; it loads the code when it is called.
        for seat in state.seats.iter_mut().filter(|seat| seat.waiting == 0) {
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

    pub(super) fn forget(&self, codes: &[u64], states: &[u64]) {
        let mut state = self.state();
        for seat in &mut state.seats {
            seat.drop_numbers(codes, states);
            seat.process.outgoing.notify_one();
        }
    }

    /// Gives calls that had not begun to other workers, in front of those that wait.
    pub(super) fn requeue(self: &Arc<Self>, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let mut state = self.state();
        for job in jobs.into_iter().rev() {
            state.queue.push_front(job);
        }
        self.give_out(&mut state);
        self.restore(&mut state);
        drop(state);
        self.watch();
    }

    /// The same for calls whose worker was lost or could not run them, which happens only so often.
    pub(super) fn move_on(self: &Arc<Self>, jobs: Vec<Job>) {
        let (moving, lost): (Vec<_>, Vec<_>) = jobs
            .into_iter()
            .map(|mut job| {
                job.moves += 1;
                job
            })
            .partition(|job| job.moves <= MOVES_MAX);
        self.requeue(moving);
        for job in lost {
            let reason = format!(
                "{MOVES_MAX} workers ended before `{}` could start",
                job.name
            );
            job.end(Err(CallError::Unavailable { reason }));
        }
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

    /// Fails when no worker comes up.
    pub(super) fn check_starts(&self) -> Result<(), LoadError> {
        if self.failed_starts < FAILED_STARTS_MAX {
            return Ok(());
        }
        Err(LoadError::Unavailable {
            reason: self.last_failure.clone(),
        })
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
    fn lapse(mut self) {
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
