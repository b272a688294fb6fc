//! The newest events, kept in memory for watchers, and the signal that there are more.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use model::{Event, Seq};
use tokio::sync::watch;

/// How many events a watcher may be behind without reading the file.
const RECENT_EVENTS_MAX: usize = 1024;

/// How many events are handed to a watcher at once.
pub(super) const PAGE_EVENTS_MAX: usize = 256;

pub(super) struct Recent {
    events: Mutex<VecDeque<Arc<Event>>>,
    /// Gone once the journal is closed: that is how watchers hear of it.
    newest: Mutex<Option<watch::Sender<Seq>>>,
}

impl Recent {
    pub(super) fn new(newest: Seq) -> Self {
        Self {
            events: Mutex::default(),
            newest: Mutex::new(Some(watch::Sender::new(newest))),
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Seq> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        match newest.as_ref() {
            Some(newest) => newest.subscribe(),
            None => watch::channel(0).1,
        }
    }

    /// There will be no more events.
    pub(super) fn close(&self) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        drop(newest.take());
    }

    /// Called by the writer, after the commit, in order.
    pub(super) fn publish(&self, committed: impl Iterator<Item = Arc<Event>>) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.extend(committed);
        let surplus = events.len().saturating_sub(RECENT_EVENTS_MAX);
        events.drain(..surplus);
        let newest = events.back().map_or(0, |event| event.seq);
        drop(events);
        self.announce(newest);
    }

    /// Also called when another process wrote.
    pub(super) fn announce(&self, newest: Seq) {
        let sender = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = sender.as_ref() {
            sender.send_if_modified(|known| {
                let is_news = newest > *known;
                *known = newest.max(*known);
                is_news
            });
        }
    }

    /// The events right after `after`, if they are all here.
    pub(super) fn after(&self, after: Seq) -> Vec<Arc<Event>> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let start = events.partition_point(|event| event.seq <= after);
        // Other processes' events are not here, so the run must be checked to have no gap.
        (after + 1..)
            .zip(events.range(start..))
            .take_while(|(expected, event)| *expected == event.seq)
            .map(|(_, event)| event.clone())
            .take(PAGE_EVENTS_MAX)
            .collect()
    }
}
