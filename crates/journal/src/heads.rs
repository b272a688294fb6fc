//! The newest event of each subject that was written to lately, kept at hand for its next writer.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use model::{Event, Subject};

use crate::recent::memory_of;

/// How many subjects' newest events are kept …
const HEADS_MAX: usize = 4096;

/// … and how much memory their data may take, about.
const HEADS_BYTES_MAX: usize = 32 << 20;

pub(crate) struct Heads {
    held: LruCache<Subject, (Arc<Event>, usize)>,
    bytes: usize,
}

impl Default for Heads {
    fn default() -> Self {
        let size = NonZeroUsize::new(HEADS_MAX).expect("HEADS_MAX is not 0");
        Self {
            held: LruCache::new(size),
            bytes: 0,
        }
    }
}

impl Heads {
    pub(crate) fn find(&mut self, subject: &Subject) -> Option<Arc<Event>> {
        self.held.get(subject).map(|(event, _)| event.clone())
    }

    /// In place of what was kept of the same subject. The least recently used go if need be.
    pub(crate) fn put(&mut self, event: Arc<Event>) {
        let bytes = memory_of(&event.data);
        self.bytes += bytes;
        if let Some((_, (_, old))) = self.held.push(event.subject.clone(), (event, bytes)) {
            self.bytes -= old;
        }
        while self.bytes > HEADS_BYTES_MAX
            && let Some((_, (_, oldest))) = self.held.pop_lru()
        {
            self.bytes -= oldest;
        }
    }

    /// Lets go of all; says about how many bytes they took.
    pub(crate) fn clear(&mut self) -> usize {
        self.held.clear();
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use model::{Context, EventType, NewEvent, event::AgentRole};
    use serde_json::json;

    use super::*;

    fn event(subject: usize, filling: usize) -> Arc<Event> {
        let subject: Subject = format!("thing-{subject}").parse().unwrap();
        let data = json!({"filling": "x".repeat(filling)});
        let context = Context::of(AgentRole::Tuner);
        let new = NewEvent::new(EventType::STATE_CHANGE, Timestamp::MIN, context, data);
        Arc::new(Event::place(new, subject, 1).event)
    }

    #[test]
    fn heads_are_kept_within_their_number_and_their_bytes() {
        let (mut small, mut large) = (Heads::default(), Heads::default());
        for at in 0..HEADS_MAX + 2 {
            small.put(event(at, 1));
        }
        for at in 0..40 {
            large.put(event(at, 1 << 20));
        }

        assert_eq!(small.held.len(), HEADS_MAX);
        assert!(small.find(&event(1, 1).subject).is_none());
        assert!(small.find(&event(2, 1).subject).is_some());
        assert_eq!(large.held.len(), 31);
        assert!(large.bytes <= HEADS_BYTES_MAX);
        assert!(large.find(&event(39, 1).subject).is_some());
    }

    #[test]
    fn the_bytes_of_what_was_replaced_or_let_go_of_are_not_counted() {
        let mut heads = Heads::default();
        for _ in 0..100 {
            heads.put(event(1, 1 << 20));
        }

        assert_eq!(heads.held.len(), 1);
        assert!((1 << 20..2 << 20).contains(&heads.clear()));
        assert_eq!((heads.held.len(), heads.clear()), (0, 0));
    }
}
