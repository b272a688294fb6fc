//! `GET /events/verify`.

use std::sync::Arc;

use axum::{Json, extract::State};
use journal::Verdict;
use web::{Problem, ProblemDocument};

use crate::{Shared, WITNESS_DAMAGED, answer::problem};

/// When to ask again while another verification runs.
const RETRY_AFTER_S: u32 = 5;

/// Prove that nothing was changed, dropped, reordered or cut.
///
/// Reads the whole ledger, one verification at a time. `ok` is the verdict, `first_bad` the place.
#[utoipa::path(
    get,
    path = "/events/verify",
    operation_id = "verify_events",
    tag = "events",
    responses(
        (status = 200, description = "What was found.", body = Object),
        (status = 500, description = "The newest seal in the vault cannot be read.",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Another verification is running.",
            body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn verify(State(shared): State<Arc<Shared>>) -> Result<Json<Verdict>, Problem> {
    let Ok(turn) = shared.verifying.clone().try_acquire_owned() else {
        return Err(Problem::unavailable(
            "another verification is running",
            RETRY_AFTER_S,
        ));
    };
    let witness = (shared.console.witness)().await.map_err(|reason| {
        tracing::error!(reason, "the ledger was not verified");
        Problem::of(WITNESS_DAMAGED, reason)
    })?;
    // The turn goes along: a client that went away does not end the reading.
    let progress = move |_seq| {
        let _turn = &turn;
    };
    let verdict = shared
        .console
        .journal
        .verify(witness, Box::new(progress))
        .await;
    verdict.map(Json).map_err(|error| problem(&error))
}
