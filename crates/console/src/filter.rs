//! The filters that queries and live streams share.

use journal::{Order, Query};
use model::{EventType, Subject, event::Label, trace::TraceId};
use serde::Deserialize;
use utoipa::IntoParams;
use web::{Limit, Problem, Timestamp};

/// Which events; what is left out does not restrict.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only events after this seq.
    #[param(minimum = 0)]
    after: Option<u64>,
    /// Only events of this type; may be repeated.
    #[param(value_type = Vec<String>)]
    r#type: Vec<EventType>,
    /// Only events of this subject: a lineage, a session, a job.
    #[param(value_type = Option<String>)]
    subject: Option<Subject>,
    /// Only what this agent or person did.
    #[param(value_type = Option<String>)]
    agent: Option<Label>,
    /// Only events of this conversation.
    #[param(value_type = Option<String>)]
    conversation: Option<Label>,
    /// Only events of this version.
    #[param(value_type = Option<String>)]
    version: Option<semver::Version>,
    /// Only events of this trace.
    #[param(value_type = Option<String>)]
    trace: Option<TraceId>,
    /// Only events at or after this moment.
    since: Option<Timestamp>,
    /// Only events before this moment.
    before: Option<Timestamp>,
    /// `oldest` first (the default) or `newest` first.
    #[param(value_type = Option<String>)]
    order: OrderName,
    /// How many events to answer with at most.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 50)]
    limit: Limit,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OrderName {
    #[default]
    Oldest,
    Newest,
}

impl Filter {
    pub(crate) fn into_query(self) -> Query {
        let all = Query::all();
        Query {
            after: self.after.unwrap_or(0),
            until: all.until,
            kinds: self.r#type,
            subject: self.subject,
            agent: self.agent,
            tenant: None,
            conversation: self.conversation,
            version: self.version,
            trace: self.trace,
            since: self.since.map(Timestamp::moment),
            before: self.before.map(Timestamp::moment),
            order: match self.order {
                OrderName::Oldest => Order::OldestFirst,
                OrderName::Newest => Order::NewestFirst,
            },
            limit: self.limit.value(),
        }
    }

    /// A stream has no end to count from and no page.
    pub(crate) fn into_live(self) -> Result<Query, Problem> {
        let query = self.into_query();
        if query.order == Order::NewestFirst {
            return Err(Problem::bad_request("a live stream comes oldest first")
                .hint("leave out `order`, or query /events instead"));
        }
        Ok(query)
    }
}
