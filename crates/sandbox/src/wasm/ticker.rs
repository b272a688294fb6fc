//! Interrupts running code now and then, so that others on its thread get their turn.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, Thread},
    time::Duration,
};

use wasmtime::Engine;

const TICK: Duration = Duration::from_millis(1);
/// Ticks without running code after which it rests.
const LINGER_TICKS: u32 = 16;

/// A thread that advances the epoch while code runs.
pub(super) struct Ticker {
    state: Arc<State>,
    thread: Thread,
}

#[derive(Default)]
struct State {
    running: AtomicUsize,
    is_resting: AtomicBool,
}

/// As long as it is held, the epoch advances.
pub(super) struct Ticking<'a>(&'a State);

impl Ticker {
    /// The thread lives as long as the process, as the engines do.
    pub(super) fn start(engine: Engine) -> io::Result<Self> {
        let state = Arc::new(State::default());
        let theirs = Arc::clone(&state);
        let spawned = thread::Builder::new()
            .name("epochs".to_owned())
            .spawn(move || tick(&engine, &theirs))?;
        let thread = spawned.thread().clone();
        Ok(Self { state, thread })
    }

    pub(super) fn begin(&self) -> Ticking<'_> {
        self.state.running.fetch_add(1, Ordering::SeqCst);
        if self.state.is_resting.swap(false, Ordering::SeqCst) {
            self.thread.unpark();
        }
        Ticking(&self.state)
    }
}

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tick(engine: &Engine, state: &State) {
    let mut idle = 0;
    loop {
        thread::sleep(TICK);
        engine.increment_epoch();
        if state.running.load(Ordering::SeqCst) != 0 {
            idle = 0;
            continue;
        }
        idle += 1;
        if idle > LINGER_TICKS {
            rest(state);
            idle = 0;
        }
    }
}

fn rest(state: &State) {
    state.is_resting.store(true, Ordering::SeqCst);
    // Looked at again after the store: whoever began in between has not seen it.
    while state.running.load(Ordering::SeqCst) == 0 && state.is_resting.load(Ordering::SeqCst) {
        thread::park();
    }
    state.is_resting.store(false, Ordering::SeqCst);
}
