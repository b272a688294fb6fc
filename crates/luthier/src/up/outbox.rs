//! Bringing to the vault what waits for it.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use vault::Outbox;

use crate::failure::Failure;

/// Between two looks for what other processes put there, and after a failure.
const LOOK_MS: u64 = 1_000;

/// Failures double the pause up to this.
const PAUSE_MS_MAX: u64 = 30_000;

/// Sends what waits, at once when this process put it there, until `stop`. What is left then is on
/// the disk and sent by whoever comes next.
pub(super) async fn send(outbox: Arc<Outbox>, stop: CancellationToken) -> Result<(), Failure> {
    if !outbox.vault().is_remote() {
        stop.cancelled().await;
        return Ok(());
    }
    let mut pause = LOOK_MS;
    loop {
        let sender = outbox.clone();
        // Not waited for when the server stops: an upload that is cut goes on later.
        let sent = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            sent = spawn_blocking(move || sender.send()) => sent,
        };
        pause = match sent {
            Ok(Ok(_sent)) => LOOK_MS,
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "what waits for the vault was not sent");
                (pause * 2).min(PAUSE_MS_MAX)
            }
            Err(panic) => return Err(Failure::new("internal", crate::exit::Exit::Internal, panic)),
        };
        let due = Instant::now() + Duration::from_millis(pause);
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = outbox.woken(), if pause == LOOK_MS => {}
            () = sleep_until(due) => {}
        }
    }
}
