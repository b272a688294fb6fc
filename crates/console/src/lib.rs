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

use journal::{OpenJournal, Witness};
use state::StateManager;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::Kind;

/// What the role works with.
#[derive(Clone)]
pub struct Console {
    pub journal: Arc<dyn OpenJournal>,
    pub state: StateManager,
    /// Recalls the newest seal that was kept outside the journal.
    pub witness: WitnessSource,
    /// How many live streams may be open at once; each keeps a connection for long.
    pub streams_max: usize,
    /// Ends live streams when the server does.
    pub cancel: CancellationToken,
}

/// Finds a witness, or says why the one there is cannot be had.
pub type WitnessSource = Arc<dyn Fn() -> Recalled + Send + Sync>;

/// A witness on its way.
pub type Recalled = Pin<Box<dyn Future<Output = Result<Option<Witness>, String>> + Send>>;

/// The newest seal outside the journal cannot be read, so that a cut would go unnoticed.
const WITNESS_DAMAGED: Kind = Kind::new(
    "witness_damaged",
    500,
    "Witness damaged",
    "restore `witness/seal.json` of the vault, or delete it to rest on the journal alone",
);

/// The kinds of problems that are this role's own.
pub const PROBLEMS: [Kind; 1] = [WITNESS_DAMAGED];

/// The REST paths of the role.
pub fn router(console: Console) -> OpenApiRouter {
    let shared = Arc::new(Shared {
        verifying: Arc::new(Semaphore::new(1)),
        streams: Arc::new(Semaphore::new(console.streams_max)),
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
    /// Live streams that may still be opened.
    pub(crate) streams: Arc<Semaphore>,
}
