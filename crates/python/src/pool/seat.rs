//! A worker's place in its lane: what it was sent, what it has loaded, how fast it is.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use crate::frame::{self, Kind, NumberHeader};

use super::{
    call::CallRequest,
    job::{Entry, Job, Load, Work},
    process::Process,
    settings::Settings,
};

/// A worker whose calls take no longer than this is sent many ahead.
const FAST_US: u64 = 100;
/// A single slow call counts as no more than this, so that a worker is soon known as fast again.
const SAMPLE_US_MAX: u64 = 2_000;

pub(super) struct Seat {
    pub(super) process: Arc<Process>,
    pub(super) is_spare: bool,
    /// Gets no more work, and ends when it has none.
    pub(super) is_leaving: bool,
    pub(super) in_flight: BTreeMap<u64, Entry>,
    /// The call whose worker this is killed for.
    pub(super) killed_for: Option<u64>,
    /// Calls of this worker that wait for calls they have made.
    pub(super) waiting: u32,
    /// Its call takes longer than those that calls are sent behind.
    pub(super) is_stuck: bool,
    pub(super) resident_bytes_first: Option<u64>,
    pub(super) calls: u64,
    pub(super) idle_since: Instant,
    average_us: u64,
    next: u64,
    out: Vec<u8>,
    codes: HashMap<u64, u64>,
    states: HashMap<u64, u64>,
    clock: u64,
}

impl Seat {
    pub(super) fn new(process: Arc<Process>, is_spare: bool) -> Self {
        Self {
            process,
            is_spare,
            is_leaving: false,
            in_flight: BTreeMap::new(),
            killed_for: None,
            waiting: 0,
            is_stuck: false,
            resident_bytes_first: None,
            calls: 0,
            idle_since: Instant::now(),
            average_us: SAMPLE_US_MAX / 2,
            next: 1,
            out: Vec::new(),
            codes: HashMap::new(),
            states: HashMap::new(),
            clock: 0,
        }
    }

    /// How many calls this worker may have at once.
    pub(super) fn window(&self, is_async: bool, settings: &Settings) -> usize {
        match (is_async, self.average_us) {
            // One, and those that it has made and waits for.
            (true, _) if settings.rails => 1 + self.waiting as usize,
            (true, _) => settings.async_calls_max,
            (false, 0..=FAST_US) => settings.pipeline_max,
            (false, _) => 1,
        }
    }

    pub(super) fn can_take(&self, is_async: bool, settings: &Settings) -> bool {
        !self.is_spare
            && !self.is_leaving
            && self.killed_for.is_none()
            && !self.is_stuck
            && (self.waiting == 0 || is_async)
            && self.in_flight.len() < self.window(is_async, settings)
    }

    /// Has it nothing to do, and is it going to stay?
    pub(super) fn is_at_rest(&self) -> bool {
        !self.is_leaving && self.killed_for.is_none() && self.in_flight.is_empty()
    }

    /// Takes away work that the worker is done with.
    pub(super) fn take(&mut self, id: u64) -> Option<Entry> {
        self.is_stuck = false;
        self.in_flight.remove(&id)
    }

    pub(super) fn note_time(&mut self, us: u64) {
        self.calls += 1;
        self.average_us = (self.average_us * 7 + us.min(SAMPLE_US_MAX)) / 8;
    }

    pub(super) fn average_us(&self) -> u64 {
        self.average_us
    }

    /// Puts a call on the stream, after whatever it needs.
    pub(super) fn send(&mut self, job: Job, settings: &Settings) {
        self.prepare(&job, settings);
        let id = self.take_number();
        let at = self.out.len();
        self.out.extend_from_slice(&job.frame);
        frame::mark(&mut self.out[at..], Kind::Call, id);
        self.note(id, job, false);
    }

    /// Can a call run on top of the one that waits in this worker? Nothing is loaded meanwhile.
    pub(super) fn can_nest(&self, request: &CallRequest) -> bool {
        self.waiting > 0
            && self.codes.contains_key(&request.code.0.number)
            && self.states.contains_key(&request.state.0.number)
    }

    /// Runs a call on top of the one that waits in this worker.
    pub(super) fn send_nested(&mut self, mut job: Job) {
        let id = self.take_number();
        frame::mark(&mut job.frame, Kind::NestedCall, id);
        self.process.send_urgent(job.frame.clone());
        self.note(id, job, true);
    }

    fn note(&mut self, id: u64, job: Job, is_nested: bool) {
        let deadline = job.deadline;
        let entry = Entry {
            is_nested,
            ..Entry::new(Work::Call(job), deadline)
        };
        self.in_flight.insert(id, entry);
    }

    /// Loads what a call names and the worker does not have.
    fn prepare(&mut self, job: &Job, settings: &Settings) {
        self.clock += 1;
        if self.codes.insert(job.code.number, self.clock).is_none() {
            let deadline = job.deadline;
            let load = Load {
                number: job.code.number,
                label: job.code.label.clone(),
                reply: None,
            };
            self.put_load(&job.code.frame, load, deadline);
            self.evict(settings);
        }
        if self.states.insert(job.state.number, self.clock).is_none() {
            self.out.extend_from_slice(&job.state.frame);
            self.evict(settings);
        }
    }

    /// Loads code ahead of any call; false when it is loaded or loading.
    pub(super) fn load(&mut self, frame: &[u8], load: Load, settings: &Settings) -> bool {
        self.clock += 1;
        if self.codes.insert(load.number, self.clock).is_some() {
            return false;
        }
        self.put_load(frame, load, Instant::now() + settings.load_deadline);
        self.evict(settings);
        true
    }

    fn put_load(&mut self, frame: &[u8], load: Load, deadline: Instant) {
        let id = self.take_number();
        let at = self.out.len();
        self.out.extend_from_slice(frame);
        frame::number(&mut self.out[at..], id);
        self.in_flight
            .insert(id, Entry::new(Work::Load(load), deadline));
    }

    pub(super) fn forget_code(&mut self, number: u64) {
        self.codes.remove(&number);
    }

    /// The worker does not have what a call needs, whatever was thought.
    pub(super) fn forget(&mut self, job: &Job) {
        self.codes.remove(&job.code.number);
        self.states.remove(&job.state.number);
    }

    /// Makes the worker forget what nobody will name again.
    pub(super) fn drop_numbers(&mut self, codes: &[u64], states: &[u64]) {
        let codes = codes
            .iter()
            .copied()
            .filter(|n| self.codes.remove(n).is_some())
            .collect();
        let states = states
            .iter()
            .copied()
            .filter(|n| self.states.remove(n).is_some())
            .collect();
        self.put_drop(codes, states);
    }

    fn put_drop(&mut self, codes: Vec<u64>, states: Vec<u64>) {
        if !codes.is_empty() || !states.is_empty() {
            frame::put(
                &mut self.out,
                Kind::Drop,
                0,
                &frame::Drop { codes, states },
                &[],
            );
        }
    }

    /// Least recently used out, but nothing that a call in this worker uses: on an event loop, and
    /// around nested calls, it may still run when the order to drop is read.
    fn evict(&mut self, settings: &Settings) {
        let is_full = self.codes.len() > settings.codes_per_worker_max
            || self.states.len() > settings.states_per_worker_max;
        if !is_full {
            return;
        }
        let jobs = || {
            self.in_flight
                .values()
                .filter_map(|entry| match &entry.work {
                    Work::Call(job) => Some(job),
                    Work::Load(_) => None,
                })
        };
        let codes_used: HashSet<_> = jobs().map(|job| job.code.number).collect();
        let states_used: HashSet<_> = jobs().map(|job| job.state.number).collect();
        let most = settings.codes_per_worker_max;
        let codes = oldest(&mut self.codes, most, self.clock, &codes_used);
        let most = settings.states_per_worker_max;
        let states = oldest(&mut self.states, most, self.clock, &states_used);
        self.put_drop(codes, states);
    }

    fn take_number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Takes back the calls that have not begun: they will be answered as skipped. Those that are
    /// to run on top of a waiting one stay, since nothing is in front of them.
    pub(super) fn revoke(&mut self) -> Vec<Job> {
        self.process
            .shared
            .revoked()
            .store(self.next - 1, Ordering::SeqCst);
        let started = self.process.shared.started().load(Ordering::SeqCst);
        let unstarted = self.in_flight.split_off(&(started + 1));
        let mut jobs = Vec::new();
        for (id, entry) in unstarted {
            match entry.work {
                Work::Call(job) if !entry.is_nested => jobs.push(job),
                // Loads are run in any case.
                Work::Call(_) | Work::Load(_) => drop(self.in_flight.insert(id, entry)),
            }
        }
        jobs
    }

    /// Writes as much as the worker's socket takes; says whether something is left.
    pub(super) fn write(&mut self) -> bool {
        let mut written = 0;
        while written < self.out.len() {
            match self.process.data.try_write(&self.out[written..]) {
                Ok(length) => written += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // The reader finds the worker gone and sees to what it leaves.
                Err(_) => written = self.out.len(),
            }
        }
        if written == self.out.len() {
            self.out.clear();
            self.out.shrink_to(SPARE_BYTES_MAX);
        } else {
            self.out.drain(..written);
        }
        !self.out.is_empty()
    }

    pub(super) fn asks(&self, kind: Kind, id: u64) {
        self.process
            .send_urgent(frame::one(kind, id, &NumberHeader { number: 0 }, &[]));
    }
}

/// What an output buffer may keep when it is empty.
const SPARE_BYTES_MAX: usize = 256 << 10;

/// Takes the numbers that were used least recently out, up to those used `now`.
fn oldest(known: &mut HashMap<u64, u64>, most: usize, now: u64, in_use: &HashSet<u64>) -> Vec<u64> {
    let mut gone = Vec::new();
    while known.len() > most {
        let free = known
            .iter()
            .filter(|(number, used)| **used != now && !in_use.contains(number));
        let Some(number) = free.min_by_key(|(_, used)| **used).map(|(n, _)| *n) else {
            break;
        };
        known.remove(&number);
        gone.push(number);
    }
    gone
}
