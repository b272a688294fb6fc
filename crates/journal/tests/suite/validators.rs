//! What a watch promises, each promise a function over what was seen, and a mutant for each.

use std::{collections::HashSet, sync::Arc};

use journal::{Journal, Query, Watch, WatchItem};
use model::{Digest, Event, Seq};

/// A watch, written down.
#[derive(Clone)]
pub(crate) struct Recording {
    pub(crate) after: Seq,
    pub(crate) query: Query,
    pub(crate) seen: Vec<Seen>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Event {
        event: Arc<Event>,
        /// What the journal itself answered at that moment for this place.
        stored: Option<Arc<Event>>,
        stored_body: Option<Digest>,
    },
    Bookmark(Seq),
}

impl Recording {
    /// Follows `watch` until a bookmark says that it is at `until`, reading back what it shows.
    pub(crate) async fn make(
        journal: &dyn Journal,
        mut watch: Watch,
        after: Seq,
        query: Query,
        until: Seq,
    ) -> Self {
        let mut seen = Vec::new();
        while seen.last() != Some(&Seen::Bookmark(until)) {
            match watch.next().await.unwrap() {
                Some(WatchItem::Event(event)) => seen.push(Seen::of(journal, event).await),
                Some(WatchItem::Bookmark(seq)) => seen.push(Seen::Bookmark(seq)),
                None => panic!("the watch ended"),
            }
            if matches!(seen.last(), Some(Seen::Event { event, .. }) if event.seq == until) {
                break;
            }
        }
        Self { after, query, seen }
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = &Arc<Event>> {
        self.seen.iter().filter_map(|seen| match seen {
            Seen::Event { event, .. } => Some(event),
            Seen::Bookmark(_) => None,
        })
    }

    /// All promises but the one that takes a second watch.
    pub(crate) fn keeps_its_promises(&self, committed: &[Arc<Event>]) {
        ordered(self).unwrap();
        unique(self).unwrap();
        reliable(self, committed).unwrap();
        atomic(self).unwrap();
        bookmarked(self).unwrap();
    }
}

impl Seen {
    async fn of(journal: &dyn Journal, event: Arc<Event>) -> Self {
        let query = Query {
            after: event.seq - 1,
            until: event.seq,
            ..Query::all()
        };
        let stored = journal.read(query).await.unwrap().pop();
        let body = journal.body(event.seq).await.unwrap();
        Seen::Event {
            stored_body: body.map(|body| Digest::of(body.bytes())),
            stored,
            event,
        }
    }
}

type Verdict = Result<(), String>;

pub(crate) fn ordered(recording: &Recording) -> Verdict {
    let seqs: Vec<Seq> = recording.events().map(|event| event.seq).collect();
    match seqs.windows(2).find(|pair| pair[0] > pair[1]) {
        Some(pair) => Err(format!("{} came before {}", pair[0], pair[1])),
        None => Ok(()),
    }
}

pub(crate) fn unique(recording: &Recording) -> Verdict {
    let mut known = HashSet::new();
    match recording.events().find(|event| !known.insert(event.seq)) {
        Some(event) => Err(format!("{} came twice", event.seq)),
        None => Ok(()),
    }
}

pub(crate) fn reliable(recording: &Recording, committed: &[Arc<Event>]) -> Verdict {
    let shown: HashSet<Seq> = recording.events().map(|event| event.seq).collect();
    let wanted =
        |event: &&Arc<Event>| event.seq > recording.after && recording.query.matches(event);
    let wanted: HashSet<Seq> = committed
        .iter()
        .filter(wanted)
        .map(|event| event.seq)
        .collect();
    match wanted.symmetric_difference(&shown).min() {
        Some(seq) if shown.contains(seq) => Err(format!("{seq} was not asked for")),
        Some(seq) => Err(format!("{seq} never came")),
        None => Ok(()),
    }
}

pub(crate) fn atomic(recording: &Recording) -> Verdict {
    for seen in &recording.seen {
        let Seen::Event {
            event,
            stored,
            stored_body,
        } = seen
        else {
            continue;
        };
        let is_whole = stored.as_ref() == Some(event)
            && *stored_body == event.body
            && Digest::of(event.sealed_text().as_bytes()) == event.hash;
        if !is_whole {
            return Err(format!(
                "{} was shown before it was there in whole",
                event.seq
            ));
        }
    }
    Ok(())
}

pub(crate) fn bookmarked(recording: &Recording) -> Verdict {
    let mut promised = recording.after;
    let mut newest = recording.after;
    for seen in &recording.seen {
        match seen {
            Seen::Event { event, .. } if event.seq <= promised => {
                return Err(format!("{} came after the bookmark {promised}", event.seq));
            }
            Seen::Event { event, .. } => newest = event.seq,
            Seen::Bookmark(seq) if *seq < promised || *seq < newest => {
                return Err(format!("the bookmark {seq} goes back"));
            }
            Seen::Bookmark(seq) => promised = *seq,
        }
    }
    match recording.seen.last() {
        Some(Seen::Bookmark(_) | Seen::Event { .. }) => Ok(()),
        None => Err("there was no bookmark".to_owned()),
    }
}

/// `resumed` began at `recording`'s place `at` and saw what came after it, no more and no less.
pub(crate) fn resumable(recording: &Recording, resumed: &Recording) -> Verdict {
    let rest = recording.events().filter(|event| event.seq > resumed.after);
    let (rest, resumed): (Vec<_>, Vec<_>) = (rest.collect(), resumed.events().collect());
    if rest == resumed {
        return Ok(());
    }
    Err(format!(
        "{} events were left, {} came",
        rest.len(),
        resumed.len()
    ))
}
