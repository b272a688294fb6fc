//! Following a journal: every event once, in order, from any place.
//!
//! A watch reads from the store whatever it has not seen yet and only *waits* on a signal, so a
//! slow watcher costs the store nothing and loses nothing.

use std::{collections::VecDeque, sync::Arc};

use model::{Event, Seq};
use tokio::sync::watch;

use crate::{Query, ReadError};

/// What a watcher is handed.
#[derive(Clone, Debug)]
pub enum WatchItem {
    Event(Arc<Event>),
    /// Everything up to this seq was delivered or is not selected: a place to resume from, even
    /// when nothing matched for long.
    Bookmark(Seq),
}

/// A place in a journal that moves forward.
///
/// Keeps six promises: events come in order, none twice, none missing, each whole and durable
/// before it is shown; a watch resumes after any seq; and bookmarks say how far it is.
pub struct Watch {
    source: Arc<dyn Source>,
    query: Query,
    seen: Seq,
    bookmarked: Seq,
    ready: VecDeque<Arc<Event>>,
    newest: watch::Receiver<Seq>,
    _interest: Box<dyn Send + Sync>,
}

/// How a watch gets at the events of a journal, all of them, in order.
#[async_trait::async_trait]
pub(crate) trait Source: Send + Sync {
    /// Events right after `after` without a gap, at least one if there is any.
    async fn events_after(&self, after: Seq) -> Result<Vec<Arc<Event>>, ReadError>;
}

impl Watch {
    pub(crate) fn new(
        source: Arc<dyn Source>,
        after: Seq,
        query: Query,
        newest: watch::Receiver<Seq>,
        interest: Box<dyn Send + Sync>,
    ) -> Self {
        Self {
            source,
            query,
            seen: after,
            bookmarked: after,
            ready: VecDeque::new(),
            newest,
            _interest: interest,
        }
    }

    /// The next thing to know. Ends with `None` when the journal is closed. Cancel-safe.
    pub async fn next(&mut self) -> Result<Option<WatchItem>, ReadError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.bookmarked = event.seq;
                return Ok(Some(WatchItem::Event(event)));
            }
            if *self.newest.borrow_and_update() > self.seen {
                let events = self.source.events_after(self.seen).await?;
                if let Some(last) = events.last() {
                    self.seen = last.seq;
                    self.ready
                        .extend(events.into_iter().filter(|event| self.query.matches(event)));
                    continue;
                }
                // Somebody cut the file while it was open; asking again at once would spin.
            }
            if self.bookmarked < self.seen {
                self.bookmarked = self.seen;
                return Ok(Some(WatchItem::Bookmark(self.seen)));
            }
            if self.newest.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    /// The next event, bookmarks passed over.
    pub async fn next_event(&mut self) -> Result<Option<Arc<Event>>, ReadError> {
        loop {
            match self.next().await? {
                Some(WatchItem::Event(event)) => return Ok(Some(event)),
                Some(WatchItem::Bookmark(_)) => {}
                None => return Ok(None),
            }
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}
