//! The newest events, kept in memory for watchers, and the signal that there are more.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use model::{Event, Seq};
use serde_json::Value;
use tokio::sync::watch;

/// How many events a watcher may be behind without reading the file.
const RECENT_EVENTS_MAX: usize = 1024;

/// How much memory their data may take, about.
const RECENT_BYTES_MAX: usize = 16 << 20;

/// How many events are handed to a watcher at once.
pub(crate) const PAGE_EVENTS_MAX: usize = 256;

pub(crate) struct Recent {
    held: Mutex<Held>,
    /// Gone once the journal is closed: that is how watchers hear of it.
    newest: Mutex<Option<watch::Sender<Seq>>>,
}

#[derive(Default)]
struct Held {
    events: VecDeque<(Arc<Event>, usize)>,
    bytes: usize,
}

impl Held {
    fn push(&mut self, event: Arc<Event>) {
        let bytes = memory_of(&event.data);
        self.bytes += bytes;
        self.events.push_back((event, bytes));
        while (self.events.len() > RECENT_EVENTS_MAX || self.bytes > RECENT_BYTES_MAX)
            && let Some((_, bytes)) = self.events.pop_front()
        {
            self.bytes -= bytes;
        }
    }
}

/// About what `value` takes, the room of its containers included.
pub(crate) fn memory_of(value: &Value) -> usize {
    let inside = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(memory_of).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| 2 * (size_of::<String>() + name.len()) + memory_of(value))
            .sum(),
    };
    size_of::<Value>() + inside
}

impl Recent {
    pub(crate) fn new(newest: Seq) -> Self {
        Self {
            held: Mutex::default(),
            newest: Mutex::new(Some(watch::Sender::new(newest))),
        }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Seq> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        match newest.as_ref() {
            Some(newest) => newest.subscribe(),
            None => watch::channel(0).1,
        }
    }

    /// There will be no more events.
    pub(crate) fn close(&self) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        drop(newest.take());
    }

    /// Called by the writer, after the commit, in order.
    pub(crate) fn publish(&self, committed: impl Iterator<Item = Arc<Event>>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut newest = 0;
        for event in committed {
            newest = event.seq;
            held.push(event);
        }
        drop(held);
        self.announce(newest);
    }

    /// Lets go of all events, which watchers read from the file then; says how much they took.
    pub(crate) fn release(&self) -> usize {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let released = std::mem::take(&mut *held);
        drop(held);
        released.bytes
    }

    /// Also called when another process wrote.
    pub(crate) fn announce(&self, newest: Seq) {
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
    pub(crate) fn after(&self, after: Seq) -> Vec<Arc<Event>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let events = &held.events;
        let start = events.partition_point(|(event, _)| event.seq <= after);
        // Other processes' events are not here, so the run must be checked to have no gap.
        (after + 1..)
            .zip(events.range(start..))
            .take_while(|(expected, (event, _))| *expected == event.seq)
            .map(|(_, (event, _))| event.clone())
            .take(PAGE_EVENTS_MAX)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use model::{Context, EventType, NewEvent, Subject, event::AgentRole};
    use serde_json::json;

    use super::*;

    fn events(range: std::ops::Range<Seq>, filling: usize) -> Vec<Arc<Event>> {
        let subject: Subject = "thing".parse().unwrap();
        let event = |seq| {
            let data = json!({"filling": "x".repeat(filling)});
            let context = Context::of(AgentRole::Tuner);
            let new = NewEvent::new(EventType::STATE_CHANGE, Timestamp::MIN, context, data);
            let mut event = Event::place(new, subject.clone(), seq).event;
            event.seq = seq;
            Arc::new(event)
        };
        range.map(event).collect()
    }

    #[test]
    fn the_newest_events_are_kept_within_their_number_and_their_bytes() {
        let small = Recent::new(0);
        small.publish(events(1..2_001, 1).into_iter());
        let large = Recent::new(0);
        large.publish(events(1..41, 1 << 20).into_iter());

        assert!(small.after(2_000 - RECENT_EVENTS_MAX as Seq - 1).is_empty());
        assert_eq!(small.after(2_000 - RECENT_EVENTS_MAX as Seq)[0].seq, 977);
        assert!(large.after(20).is_empty());
        assert_eq!(large.after(30).len(), 10);
        assert!(large.held.lock().unwrap().bytes <= RECENT_BYTES_MAX);
    }

    #[test]
    fn events_that_were_let_go_of_are_not_kept_and_the_newest_stays_announced() {
        let recent = Recent::new(0);
        recent.publish(events(1..4, 10_000).into_iter());
        let newest = recent.subscribe();

        assert!(recent.release() > 30_000);

        assert!(recent.after(0).is_empty());
        assert_eq!(recent.release(), 0);
        assert_eq!(*newest.borrow(), 3);
    }
}
