//! The reflex: whoever answers atoms and cannot, again and again, is left alone for a while.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Whether the provider is asked now. All jobs of a process share it.
pub(crate) struct Circuit {
    failures_max: u32,
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    opened: Option<Instant>,
    /// Somebody is trying it for the others.
    is_tried: bool,
}

/// The right to ask once. Dropped without a word, it says nothing of the provider.
#[must_use = "what came of it is to be told"]
pub(crate) struct Admission<'a> {
    circuit: &'a Circuit,
    is_trial: bool,
}

impl Circuit {
    pub(crate) fn new(failures_max: u32, rest: Duration) -> Self {
        Self {
            failures_max: failures_max.max(1),
            rest,
            state: Mutex::default(),
        }
    }

    /// Until when nobody is asked; nothing where somebody may be.
    pub(crate) fn open_until(&self, now: Instant) -> Option<Instant> {
        self.rests(&self.lock(), now)
    }

    fn rests(&self, state: &State, now: Instant) -> Option<Instant> {
        let until = state.opened? + self.rest;
        if now < until {
            return Some(until);
        }
        // Whoever tries it will say soon.
        state.is_tried.then_some(now + self.rest)
    }

    /// May the provider be asked? After its rest, one at a time finds out for the others.
    pub(crate) fn admit(&self, now: Instant) -> Result<Admission<'_>, Instant> {
        let mut state = self.lock();
        if let Some(until) = self.rests(&state, now) {
            return Err(until);
        }
        let is_trial = state.opened.is_some();
        state.is_tried = is_trial;
        Ok(Admission {
            circuit: self,
            is_trial,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission<'_> {
    /// It answered, well or badly.
    pub(crate) fn answered(mut self) {
        let mut state = self.circuit.lock();
        if state.opened.is_none() || self.is_trial {
            *state = State::default();
        }
        drop(state);
        self.is_trial = false;
    }

    /// It did not answer.
    pub(crate) fn failed(mut self, now: Instant) {
        let mut state = self.circuit.lock();
        state.failures = state.failures.saturating_add(1);
        let is_enough = state.failures >= self.circuit.failures_max;
        if self.is_trial || (is_enough && state.opened.is_none()) {
            state.opened = Some(now);
        }
        if self.is_trial {
            state.is_tried = false;
        }
        drop(state);
        self.is_trial = false;
    }
}

/// A trial that nobody saw the end of: whoever comes next tries.
impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if self.is_trial {
            self.circuit.lock().is_tried = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(10);

    #[test]
    fn failures_in_a_row_open_it_and_after_a_rest_one_tries_for_all() {
        let (circuit, start) = (Circuit::new(2, REST), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let fails = |seconds| {
            circuit.admit(at(seconds)).unwrap().failed(at(seconds));
            circuit.open_until(at(seconds))
        };
        assert_eq!(fails(0), None);
        circuit.admit(at(0)).unwrap().answered();
        assert_eq!(fails(0), None);
        assert_eq!(fails(1), Some(at(11)));

        let trial = circuit.admit(at(11)).unwrap();
        assert!(circuit.admit(at(11)).is_err());
        trial.failed(at(12));
        assert_eq!(circuit.admit(at(13)).err(), Some(at(22)));
        circuit.admit(at(22)).unwrap().answered();
        assert_eq!(circuit.open_until(at(22)), None);
    }

    #[test]
    fn a_trial_that_was_let_go_of_leaves_the_next_one_free() {
        let (circuit, start) = (Circuit::new(1, REST), Instant::now());
        circuit.admit(start).unwrap().failed(start);
        let rested = start + REST;

        drop(circuit.admit(rested).unwrap());

        assert!(circuit.admit(rested).is_ok());
    }

    #[test]
    fn what_was_asked_before_it_opened_does_not_close_it() {
        let (circuit, start) = (Circuit::new(1, REST), Instant::now());
        let earlier = circuit.admit(start).unwrap();
        circuit.admit(start).unwrap().failed(start);

        earlier.answered();

        assert_eq!(circuit.open_until(start), Some(start + REST));
    }
}
