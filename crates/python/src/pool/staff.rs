//! Starts workers, puts spare ones to work, and sees to what an ended one leaves.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    failure::{CallError, Crash, LoadError},
    job::{Entry, Load, Work},
    lane::{Lane, LaneState},
    log::LastLines,
    manifest::Class,
    process::{self, Process},
    receive,
    seat::Seat,
};

/// Starts that fail in a row before the calls that wait are told.
pub(super) const FAILED_STARTS_MAX: u32 = 3;
const START_AGAIN_AFTER: Duration = Duration::from_millis(200);

static PROCESS_NUMBERS: AtomicU64 = AtomicU64::new(1);

impl Lane {
    /// Starts workers until there are enough, counting those that are starting. Spare ones are
    /// started when the others are up: they would only slow each other down.
    pub(super) fn restore(self: &Arc<Self>, state: &mut LaneState) {
        let (active, spare) = self.wanted(state);
        state.fill_places(active);
        let staying = state.seats.iter().filter(|seat| !seat.is_leaving).count();
        let wanted = if staying < active {
            active
        } else {
            active + spare
        };
        let missing = wanted.saturating_sub(staying + state.starting);
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
        let start = process::start(&self, number);
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

    /// Begins to be there.
    pub(super) fn want(self: &Arc<Self>) {
        let mut state = self.state();
        state.is_wanted = true;
        self.restore(&mut state);
    }

    /// Waits until all workers are up; an error when they do not start.
    pub(super) async fn ready(&self) -> Result<(), LoadError> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let is_complete = {
                let state = self.state();
                state.check_starts()?;
                let (active, spare) = self.wanted(&state);
                state.seats.len() >= active + spare
            };
            if is_complete {
                return Ok(());
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
        self.move_on(unstarted);
        let culprit = self.culprit(&seat);
        let tool = match culprit.and_then(|id| seat.in_flight.get(&id)) {
            Some(entry) => name_of(entry).to_owned(),
            None => some_of(seat.in_flight.values()),
        };
        let oldest = seat.in_flight.keys().next().copied().unwrap_or(0);
        let crash = process.bury(tool, oldest).await;
        let was_killed = seat.killed_for.is_some();
        for (id, entry) in std::mem::take(&mut seat.in_flight) {
            let is_late = was_killed && entry.stopped.is_some();
            self.end_lost(entry, is_late, culprit == Some(id), &crash);
        }
    }

    /// The call that a worker ended of: the innermost that was begun. On an event loop that may be
    /// any, unless there is only one.
    fn culprit(&self, seat: &Seat) -> Option<u64> {
        let started = seat.process.shared.started().load(Ordering::SeqCst);
        let last = seat.in_flight.range(..=started).next_back();
        let last = last.map(|(id, _)| *id);
        seat.killed_for
            .or_else(|| last.filter(|_| !self.is_async() || seat.in_flight.len() == 1))
    }

    fn end_lost(&self, entry: Entry, is_late: bool, is_culprit: bool, crash: &Crash) {
        match entry.work {
            Work::Call(job) if is_late => job.expire_started(LastLines {
                lines: crash.last_log_lines.clone(),
                traceback: crash.traceback.clone(),
            }),
            Work::Call(job) if is_culprit => {
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
                    at: None,
                }));
            }
            Work::Load(load) if is_culprit => {
                load.end(Err(LoadError::Crashed(Box::new(crash.clone()))));
            }
            Work::Load(load) => {
                let reason = format!("the worker ended before: {crash}");
                load.end(Err(LoadError::Unavailable { reason }));
            }
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
}

fn name_of(entry: &Entry) -> &str {
    match &entry.work {
        Work::Call(job) => &job.name,
        Work::Load(load) => &load.label,
    }
}

/// The names of what may have ended a worker.
fn some_of<'a>(entries: impl Iterator<Item = &'a Entry>) -> String {
    const NAMES_MAX: usize = 5;
    let mut names: Vec<_> = entries.map(name_of).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(NAMES_MAX);
    names.join("` or `")
}

impl LaneState {
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
}
