//! Which events a reader wants.

use jiff::Timestamp;
use model::{
    Event, EventType, Seq, Subject,
    event::{Label, Tenant},
    trace::TraceId,
};

/// A selection of events; what is `None` or empty does not restrict.
#[derive(Clone, Debug)]
pub struct Query {
    pub after: Seq,
    pub until: Seq,
    pub kinds: Vec<EventType>,
    pub subject: Option<Subject>,
    pub agent: Option<Label>,
    pub tenant: Option<Tenant>,
    pub conversation: Option<Label>,
    pub version: Option<semver::Version>,
    pub trace: Option<TraceId>,
    /// Inclusive.
    pub since: Option<Timestamp>,
    /// Exclusive.
    pub before: Option<Timestamp>,
    pub order: Order,
    /// At most this many; never more than [`Query::LIMIT_MAX`].
    pub limit: usize,
}

/// In which direction a journal is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    OldestFirst,
    NewestFirst,
}

impl Query {
    pub const LIMIT_DEFAULT: usize = 100;
    pub const LIMIT_MAX: usize = 10_000;

    /// Every event, oldest first, [`Query::LIMIT_DEFAULT`] at a time.
    pub fn all() -> Self {
        Self {
            after: 0,
            until: Seq::MAX >> 1,
            kinds: Vec::new(),
            subject: None,
            agent: None,
            tenant: None,
            conversation: None,
            version: None,
            trace: None,
            since: None,
            before: None,
            order: Order::default(),
            limit: Self::LIMIT_DEFAULT,
        }
    }

    /// The whole history of one subject.
    pub fn of(subject: Subject) -> Self {
        Self {
            subject: Some(subject),
            ..Self::all()
        }
    }

    /// Does the query select `event`? What a watcher asks; a store asks its indexes.
    pub fn matches(&self, event: &Event) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none_or(|wanted| Some(wanted) == found)
        }
        let context = &event.context;
        event.seq > self.after
            && event.seq <= self.until
            && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && is(self.subject.as_ref(), Some(&event.subject))
            && is(self.agent.as_ref(), context.agent.as_ref())
            && is(self.tenant.as_ref(), Some(&context.tenant))
            && is(self.conversation.as_ref(), context.conversation.as_ref())
            && is(self.version.as_ref(), context.version.as_ref())
            && is(self.trace.as_ref(), context.trace.as_ref())
            && self.since.is_none_or(|since| event.time >= since)
            && self.before.is_none_or(|before| event.time < before)
    }
}
