//! `/agent/{version}/architect/…`: chats and the jobs behind them, over REST.

mod answer;
mod atoms;
mod chat;
mod decide;
mod events;
mod jobs;
mod place;
mod prefer;

use utoipa_axum::{router::OpenApiRouter, routes};
use web::{Kind, RouteLimits};

pub use self::answer::PROBLEMS;
use crate::architect::Architect;

impl Architect {
    /// The REST paths of the role.
    pub fn router(&self) -> OpenApiRouter {
        // A chat takes as long as the work does, and a stream has no end of its own.
        let limits = RouteLimits {
            body_bytes_max: Some(chat::BODY_BYTES_MAX),
            is_untimed: true,
        };
        let long = OpenApiRouter::new()
            .routes(routes!(chat::chat))
            .routes(routes!(events::follow))
            .routes(routes!(atoms::next))
            .with_state(self.clone());
        let short = OpenApiRouter::new()
            .routes(routes!(jobs::list))
            .routes(routes!(jobs::show))
            .routes(routes!(jobs::artefact))
            .routes(routes!(decide::answer))
            .routes(routes!(decide::approve))
            .routes(routes!(decide::reject))
            .routes(routes!(decide::cancel))
            .routes(routes!(decide::resume))
            .routes(routes!(atoms::answer))
            .routes(routes!(atoms::check))
            .with_state(self.clone());
        web::limited(long, limits).merge(short)
    }
}

/// Somebody asked for more at once than is worked on.
pub(crate) const QUEUE_FULL: Kind = Kind::new(
    "queue_full",
    503,
    "The queue of jobs is full",
    "send it again later, or cancel jobs that nobody needs",
);
