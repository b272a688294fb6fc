//! The serving ground of every path: bind, guard, answer, observe and drain over axum, with every
//! error an RFC 9457 problem. It never knows a role, a journal or OpenTelemetry: routers, readiness,
//! metrics and trace hooks are handed in, and it never starts a task that [`serve`] does not await.
//! Start at [`App`], then [`Listener::bind`] and [`serve`]; answers are [`Problem`] and [`Json`].

mod bind;
mod connection;
mod serve;
mod wire;

mod problem;

mod conditional;
mod extract;
mod identity;
mod paging;
mod sse;
mod timestamp;

mod guard;
mod scope;
mod trace;

mod docs;
mod health;
mod index;
mod metrics;
mod openapi;
mod page;

mod app;
mod envelope;

pub use app::{App, AppConfig};
pub use bind::{BindConfig, BindError, Bound, Listener};
pub use conditional::{
    CachePolicy, ETag, ETagError, IfMatch, IfNoneMatch, Mismatch, cached, not_modified,
};
pub use extract::{Json, Path, Query, RawBody};
pub use guard::{Token, TokenError};
pub use health::{NotReady, PartHealth, Readiness, ReadinessReport};
pub use identity::RequestId;
pub use index::Link;
pub use metrics::{Exchange, MetricsText, OnResponse};
pub use paging::{LIMIT_DEFAULT, LIMIT_MAX, Limit, Offset, Paging};
pub use problem::{Kind, Problem, ProblemDocument, kinds};
pub use scope::{BODY_BYTES_MAX_DEFAULT, RouteLimits, limited, untimed};
pub use serve::{Drain, ServeConfig, ServeError, serve};
pub use sse::{KEEP_ALIVE, LastEventId, SseEvent, sse_response, stream_place};
pub use timestamp::{Timestamp, TimestampError};
pub use trace::{AdoptTrace, TraceParent};
