//! The ledger over HTTP: query it, follow it live, replay it, verify it.
//! It only reads; nothing it serves changes anything.
//! Start at [`router`].

mod answer;
mod filter;
mod live;
mod query;
mod replay;
mod verify;

use std::{pin::Pin, sync::Arc};

use journal::{SqliteJournal, Witness};
use state::StateManager;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the role works with.
#[derive(Clone)]
pub struct Console {
    pub journal: Arc<SqliteJournal>,
    pub state: StateManager,
    /// Recalls the newest seal that was kept outside the journal.
    pub witness: WitnessSource,
    /// Ends live streams when the server does.
    pub cancel: CancellationToken,
}

/// Finds a witness.
pub type WitnessSource =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Option<Witness>> + Send>> + Send + Sync>;

/// The REST paths of the role.
pub fn router(console: Console) -> OpenApiRouter {
    let shared = Arc::new(Shared {
        verifying: Arc::new(Semaphore::new(1)),
        console,
    });
    let quick = OpenApiRouter::new()
        .routes(routes!(query::list))
        .routes(routes!(query::show))
        .routes(routes!(replay::replay));
    let long = OpenApiRouter::new()
        .routes(routes!(live::follow))
        .routes(routes!(verify::verify));
    quick.merge(web::untimed(long)).with_state(shared)
}

pub(crate) struct Shared {
    pub(crate) console: Console,
    /// A verification reads everything, so there is one at a time.
    pub(crate) verifying: Arc<Semaphore>,
}
