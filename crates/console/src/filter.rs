//! The filters that queries and live streams share.

use journal::{Order, Query};
use model::{EventType, Subject, event::Label, trace::TraceId};
use serde::Deserialize;
use utoipa::{
    IntoParams,
    openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type},
};
use web::{Limit, Problem, Timestamp, kinds};

/// Which events; what is left out does not restrict.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only events after this seq.
    #[param(minimum = 0)]
    after: Option<u64>,
    /// Only events of this type, such as `state.change`; may be repeated.
    #[param(schema_with = types)]
    r#type: Vec<String>,
    /// Only events of this subject: a lineage, a session, a job.
    #[param(value_type = Option<String>, max_length = 128,
        pattern = r"^[A-Za-z0-9_=-]+(\.[A-Za-z0-9_=-]+)*$")]
    subject: Option<Subject>,
    /// Only what this agent or person did.
    #[param(value_type = Option<String>, max_length = 128, pattern = "^[!-~]+$")]
    agent: Option<Label>,
    /// Only events of this conversation.
    #[param(value_type = Option<String>, max_length = 128, pattern = "^[!-~]+$")]
    conversation: Option<Label>,
    /// Only events of this version.
    #[param(value_type = Option<String>, max_length = 128, pattern = r"^(0|[1-9][0-9]{0,18})(\.(0|[1-9][0-9]{0,18})){2}(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$")]
    version: Option<semver::Version>,
    /// Only events of this trace.
    #[param(value_type = Option<String>, pattern = "^(?!0{32})[0-9a-f]{32}$")]
    trace: Option<TraceId>,
    /// Only events at or after this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only events before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<Timestamp>,
    /// `oldest` first (the default) or `newest` first, which a live stream cannot be.
    #[param(value_type = Option<String>, pattern = "^(oldest|newest)$")]
    order: OrderName,
    /// How many events to answer with at most; a live stream takes none, for it has no pages.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OrderName {
    #[default]
    Oldest,
    Newest,
}

impl Filter {
    pub(crate) fn into_query(self) -> Result<Query, Problem> {
        let all = Query::all();
        if self.after.is_some_and(|after| after > all.until) {
            return Err(
                refused("after", "no ledger goes as far as that").hint("name the seq of an event")
            );
        }
        let kinds: Result<_, _> = self.r#type.iter().map(|name| kind(name)).collect();
        Ok(Query {
            after: self.after.unwrap_or(0),
            until: all.until,
            kinds: kinds?,
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
            limit: self.limit.unwrap_or_default().value(),
        })
    }

    /// A stream has no end to count from and no page; says also which seq it was told to follow.
    pub(crate) fn into_live(self) -> Result<(Query, Option<u64>), Problem> {
        if self.limit.is_some() {
            return Err(refused("limit", "a live stream has no pages to limit")
                .hint("leave out `limit`, or query /events instead"));
        }
        let after = self.after;
        let query = self.into_query()?;
        if query.order == Order::NewestFirst {
            return Err(refused("order", "a live stream comes oldest first")
                .hint("leave out `order`, or query /events instead"));
        }
        Ok((query, after))
    }
}

/// The types there are, each with whatever is named below it.
fn types() -> Schema {
    let words = EventType::WORDS.join("|").replace('.', r"\.");
    let one = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!(r"^(luthier\.)?({words})(\.[a-z]+)*$")))
        .max_length(Some(EventType::BYTES_MAX - "luthier.".len()));
    ArrayBuilder::new().items(one).into()
}

fn kind(name: &str) -> Result<EventType, Problem> {
    EventType::named(name).map_err(|error| {
        let detail = error.to_string();
        refused("type", detail).nearest(error.nearest)
    })
}

fn refused(parameter: &str, detail: impl Into<String>) -> Problem {
    Problem::of(kinds::BAD_QUERY, detail).with("parameter", parameter)
}

/// A place that the ledger has not reached: whoever names it knows another ledger.
pub(crate) fn beyond(seq: u64, newest: u64) -> Problem {
    let detail = format!("the ledger has no event {seq} yet, its newest is {newest}");
    Problem::not_found(detail).with("newest", newest).hint(
        "name a place up to `newest`; if this ledger did have that event, it was cut or replaced: \
         see /events/verify",
    )
}
