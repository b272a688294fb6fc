//! What a worker behind rails tries that they do not allow: each attempt is told to the call that
//! makes it, and refused. The code that tries waits meanwhile, so it is still the call that runs.
#![expect(unsafe_code, reason = "a descriptor must outlive its registration")]

use std::{
    future::pending,
    io,
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use jail::{Attempt, Guard};
use tokio::io::{Interest, unix::AsyncFd};

use super::{
    call::{CallEvent, Events},
    job::{Entry, Work},
    lane::Lane,
    process::Process,
    seat::Seat,
};

/// The attempts of one call that are told of; after them, one event more says that there were others.
/// As many are logged of those of a worker that belong to no call.
const TOLD_MAX: u32 = 64;
/// What an attempt more than that waits to be refused, so that a tool that only tries again and again
/// does not keep the pool busy.
const PACE: Duration = Duration::from_millis(1);

/// The rails of one worker, as the pool has them.
pub(super) struct Rails {
    guard: AsyncFd<Guard>,
    /// The attempts while no call ran, of a thread that one has left behind.
    stray: AtomicU32,
}

impl Rails {
    pub(super) fn of(descriptor: OwnedFd) -> io::Result<Self> {
        let guard = Guard::from(descriptor);
        // SAFETY: a `Guard` stays open as long as the registration, which owns it.
        let registered = unsafe { AsyncFd::register_with_interest(guard, Interest::READABLE) };
        Ok(Self {
            guard: registered.map_err(io::Error::other)?,
            stray: AtomicU32::new(0),
        })
    }

    async fn next(&self) -> io::Result<Attempt> {
        loop {
            let mut ready = self.guard.readable().await?;
            match ready.get_inner().next()? {
                Some(attempt) => return Ok(attempt),
                None => ready.clear_ready(),
            }
        }
    }
}

/// The next attempt of a worker. One without rails makes none.
pub(super) async fn next(process: &Process) -> io::Result<Attempt> {
    match process.rails.get() {
        Some(rails) => rails.next().await,
        None => pending().await,
    }
}

/// Tells of an attempt, then refuses it; false when that is not possible any more.
pub(super) async fn refuse(lane: &Lane, process: &Process, attempt: io::Result<Attempt>) -> bool {
    let (Some(rails), Ok(attempt)) = (process.rails.get(), attempt) else {
        return false;
    };
    let told = tell(lane, process, rails, &attempt);
    if let Told::To(events, event) = told {
        events.on_event(event);
    } else if let Told::TooMany = told {
        tokio::time::sleep(PACE).await;
    }
    rails.guard.get_ref().refuse(&attempt).is_ok()
}

enum Told {
    To(Arc<dyn Events>, CallEvent),
    /// To the log alone, or to a call that does not listen.
    Here,
    TooMany,
}

fn tell(lane: &Lane, process: &Process, rails: &Rails, attempt: &Attempt) -> Told {
    let mut state = lane.state();
    let entry = state
        .seat(process.number)
        .and_then(|seat| trying(process, seat));
    let pid = process.pid.as_raw_nonzero();
    let Attempt { what, detail, .. } = attempt;
    let Some(entry) = entry else {
        if rails.stray.fetch_add(1, Ordering::Relaxed) >= TOLD_MAX {
            return Told::TooMany;
        }
        tracing::warn!(pid, what, detail, "refused while no call ran");
        return Told::Here;
    };
    entry.refusals = entry.refusals.saturating_add(1);
    if entry.refusals > TOLD_MAX + 1 {
        return Told::TooMany;
    }
    let is_last = entry.refusals > TOLD_MAX;
    let event = if is_last {
        CallEvent::Refused {
            what: "more".to_owned(),
            detail: format!("the call has tried more than {TOLD_MAX} times; the rest is left out"),
        }
    } else {
        CallEvent::Refused {
            what: what.clone(),
            detail: detail.clone(),
        }
    };
    match &entry.work {
        Work::Load(load) => {
            tracing::warn!(
                pid,
                label = load.label,
                what,
                detail,
                "refused while loading"
            );
            Told::Here
        }
        Work::Call(job) => match &job.events {
            Some(events) => Told::To(Arc::clone(events), event),
            None => Told::Here,
        },
    }
}

/// Whose attempt is it? On an event loop, that of the call that was begun last.
fn trying<'a>(process: &Process, seat: &'a mut Seat) -> Option<&'a mut Entry> {
    let running = process.shared.running().load(Ordering::SeqCst);
    if running != 0 {
        return seat.in_flight.get_mut(&running);
    }
    let started = process.shared.started().load(Ordering::SeqCst);
    let begun = seat.in_flight.range_mut(..=started).next_back();
    begun.map(|(_, entry)| entry)
}
