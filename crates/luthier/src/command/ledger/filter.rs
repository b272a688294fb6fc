//! The filters that every reading command takes.

use clap::Args;
use jiff::Timestamp;
use journal::{Order, Query};
use model::{
    EventType, Subject,
    event::{Label, Tenant},
    trace::TraceId,
};
use semver::Version;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Which events")]
pub(crate) struct FilterArgs {
    /// Of this type, such as `decision` or `state.change`; may be repeated
    #[arg(long = "type", value_name = "TYPE", value_parser = EventType::named)]
    pub(crate) kinds: Vec<EventType>,
    /// Of this subject, such as `lineage.main`
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) subject: Option<Subject>,
    /// Of this conversation
    #[arg(long, value_name = "ID")]
    pub(crate) conversation: Option<Label>,
    /// Of this version
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<Version>,
    /// Of this trace
    #[arg(long, value_name = "ID", value_parser = trace_id)]
    pub(crate) trace: Option<TraceId>,
    /// By this agent
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<Label>,
    /// Of this tenant
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Option<Tenant>,
    /// At or after this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    /// Before this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Timestamp>,
    /// After this event
    #[arg(long, value_name = "SEQ")]
    pub(crate) after: Option<u64>,
}

impl FilterArgs {
    pub(crate) fn query(self, limit: usize, order: Order) -> Query {
        Query {
            after: self.after.unwrap_or(0),
            kinds: self.kinds,
            subject: self.subject,
            agent: self.agent,
            tenant: self.tenant,
            conversation: self.conversation,
            version: self.version,
            trace: self.trace,
            since: self.since,
            before: self.until,
            order,
            limit,
            ..Query::all()
        }
    }
}

fn trace_id(text: &str) -> Result<TraceId, String> {
    let id = TraceId::try_from(text.to_owned());
    id.map_err(|error| error.to_string())
}
