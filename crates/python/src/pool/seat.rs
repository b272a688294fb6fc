//! A worker's place in its lane: what it was sent, what it has loaded, how fast it is.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use crate::frame::{self, Kind, NumberHeader};

use super::{
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
            (true, _) => settings.async_calls_max,
            (false, 0..=FAST_US) => settings.pipeline_max,
            (false, _) => 1,
        }
    }

    pub(super) fn can_take(&self, is_async: bool, settings: &Settings) -> bool {
        !self.is_spare
            && !self.is_leaving
            && self.killed_for.is_none()
            && self.waiting == 0
            && self.in_flight.len() < self.window(is_async, settings)
    }

    pub(super) fn note_time(&mut self, us: u64) {
        self.calls += 1;
        self.average_us = (self.average_us * 7 + us.min(SAMPLE_US_MAX)) / 8;
    }

    pub(super) fn average_us(&self) -> u64 {
        self.average_us
    }

    /// Puts a call on the stream, after whatever it needs.
    pub(super) fn send(&mut self, job: Box<Job>, settings: &Settings) {
        self.prepare(&job, settings);
        let id = self.take_number();
        let at = self.out.len();
        self.out.extend_from_slice(&job.frame);
        frame::number(&mut self.out[at..], id);
        self.note(id, Work::Call(job));
    }

    /// Runs a call on top of the one that waits in this worker.
    pub(super) fn send_nested(&mut self, mut job: Box<Job>, settings: &Settings) {
        self.prepare(&job, settings);
        let id = self.take_number();
        frame::number(&mut job.frame, id);
        self.process.send_urgent(job.frame.clone());
        self.note(id, Work::Call(job));
    }

    fn note(&mut self, id: u64, work: Work) {
        let Work::Call(job) = &work else { return };
        let deadline = job.deadline;
        let sent = Instant::now();
        let entry = Entry {
            work,
            sent,
            deadline,
            stopped: None,
            is_cancelled: false,
            log_bytes: 0,
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
        let entry = Entry {
            work: Work::Load(load),
            sent: Instant::now(),
            deadline,
            stopped: None,
            is_cancelled: false,
            log_bytes: 0,
        };
        self.in_flight.insert(id, entry);
    }

    pub(super) fn forget_code(&mut self, number: u64) {
        self.codes.remove(&number);
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

    /// Least recently used out. The one just taken is the most recent, and frames are read in
    /// order, so a call never finds its own code dropped.
    fn evict(&mut self, settings: &Settings) {
        let codes = oldest(&mut self.codes, settings.codes_per_worker_max);
        let states = oldest(&mut self.states, settings.states_per_worker_max);
        self.put_drop(codes, states);
    }

    fn take_number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Takes back the calls that have not begun: they will be answered as skipped.
    pub(super) fn revoke(&mut self) -> Vec<Box<Job>> {
        self.process
            .shared
            .revoked()
            .store(self.next - 1, Ordering::SeqCst);
        let started = self.process.shared.started().load(Ordering::SeqCst);
        let unstarted = self.in_flight.split_off(&(started + 1));
        let mut jobs = Vec::new();
        for (id, entry) in unstarted {
            match entry.work {
                Work::Call(job) => jobs.push(job),
                // Loads are run in any case.
                Work::Load(_) => drop(self.in_flight.insert(id, entry)),
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

fn oldest(known: &mut HashMap<u64, u64>, most: usize) -> Vec<u64> {
    let mut gone = Vec::new();
    while known.len() > most {
        let Some(number) = known.iter().min_by_key(|(_, used)| **used).map(|(n, _)| *n) else {
            break;
        };
        known.remove(&number);
        gone.push(number);
    }
    gone
}
