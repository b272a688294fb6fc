//! Several benches side by side. What comes out does not depend on how many there are, nor on which was
//! faster: candidates go in pieces of one size, and whoever looks at the results looks at them in order.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use crate::{
    bench::{Bench, BenchError, Candidate, Order, Outcome},
    journal::Journal,
};

/// Candidates that one process tries in one go.
pub(crate) const PIECE: usize = 64;

pub(crate) struct Pool {
    benches: Vec<Mutex<Box<dyn Bench>>>,
    stop: Arc<AtomicBool>,
}

/// What of a list was tried.
pub(crate) struct Tried {
    /// From the first candidate on, as far as it went.
    pub(crate) outcomes: Vec<Outcome>,
    /// Was it stopped by the clock?
    pub(crate) is_cut: bool,
}

impl Pool {
    /// `stop` ends what it does as the clock would.
    pub(crate) fn new(benches: Vec<Box<dyn Bench>>, stop: Arc<AtomicBool>) -> Self {
        Self {
            benches: benches.into_iter().map(Mutex::new).collect(),
            stop,
        }
    }

    pub(crate) fn with_first<T>(&self, ask: impl FnOnce(&mut dyn Bench) -> T) -> T {
        let mut bench = lock(&self.benches[0]);
        ask(&mut **bench)
    }

    /// Tries candidates in order, until `deadline`, or until so many pieces behind the first one in which
    /// a candidate passes everything.
    pub(crate) fn try_all(
        &self,
        candidates: &[Candidate],
        order: &Order,
        journal: &Journal,
        deadline: Instant,
        pieces_after: usize,
        tell: &(dyn Fn(usize) + Sync),
    ) -> Result<Tried, BenchError> {
        let pieces: Vec<&[Candidate]> = candidates.chunks(PIECE).collect();
        let results: Vec<Mutex<Option<Vec<Outcome>>>> =
            pieces.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        let last = AtomicUsize::new(pieces.len());
        let is_cut = AtomicBool::new(false);
        let failure: Mutex<Option<BenchError>> = Mutex::new(None);
        let tests = order.failing.len() + order.passing.len();
        let work = |bench: &Mutex<Box<dyn Bench>>| {
            let mut bench = lock(bench);
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= pieces.len() || place > last.load(Ordering::Relaxed) {
                    return;
                }
                if Instant::now() >= deadline || self.stop.load(Ordering::Relaxed) {
                    is_cut.store(true, Ordering::Relaxed);
                    return;
                }
                let piece = pieces[place];
                let outcomes = journal.find(piece, order).map_or_else(
                    || {
                        let outcomes = bench.attempts(piece, order, deadline)?;
                        if outcomes.len() == piece.len() {
                            journal.note(piece, order, &outcomes);
                        }
                        Ok(outcomes)
                    },
                    Ok,
                );
                match outcomes {
                    Ok(outcomes) => {
                        if outcomes.iter().any(|outcome| outcome.is_pass(tests)) {
                            last.fetch_min(place + pieces_after, Ordering::Relaxed);
                        }
                        let is_whole = outcomes.len() == piece.len();
                        tell(outcomes.len());
                        *lock(&results[place]) = Some(outcomes);
                        if !is_whole {
                            is_cut.store(true, Ordering::Relaxed);
                            return;
                        }
                    }
                    Err(error) => {
                        lock(&failure).get_or_insert(error);
                        is_cut.store(true, Ordering::Relaxed);
                        return;
                    }
                }
            }
        };
        let work = &work;
        thread::scope(|scope| {
            for bench in &self.benches {
                scope.spawn(move || work(bench));
            }
        });
        if let Some(error) = lock(&failure).take() {
            return Err(error);
        }
        let last = last.into_inner();
        let mut outcomes = Vec::new();
        for (place, result) in results.into_iter().enumerate() {
            match result.into_inner().unwrap_or_else(PoisonError::into_inner) {
                Some(piece) if place <= last => {
                    let is_whole = piece.len() == pieces[place].len();
                    outcomes.extend(piece);
                    if !is_whole {
                        break;
                    }
                }
                _ => break,
            }
        }
        Ok(Tried {
            outcomes,
            is_cut: is_cut.into_inner(),
        })
    }
}

impl Outcome {
    /// Did it pass all of so many tests?
    pub(crate) fn is_pass(&self, tests: usize) -> bool {
        self.letters.len() == tests && self.letters.bytes().all(|letter| letter == b'P')
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
