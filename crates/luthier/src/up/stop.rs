//! When to stop, and how.

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{exit::Exit, failure::Failure};

/// The signals that ask a process to end.
pub(super) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    pub(super) fn listen() -> Result<Self, Failure> {
        let failed = |error| Failure::io("listen for signals", error);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
        })
    }

    /// The name of the next one.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

/// Tasks that are asked to end together, after those that give them work. None of them may end
/// before.
#[derive(Default)]
pub(super) struct Phase {
    pub(super) stop: CancellationToken,
    tasks: JoinSet<(&'static str, Result<(), Failure>)>,
}

impl Phase {
    /// Starts what runs until the token that it is handed.
    pub(super) fn spawn<F>(&mut self, name: &'static str, work: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let work = work(self.stop.clone());
        self.tasks.spawn(async move { (name, work.await) });
    }

    /// Waits until one of them ends, which none should, and says why it did.
    pub(super) async fn next_end(&mut self) -> Failure {
        match self.tasks.join_next().await {
            Some(Ok((_, Err(failure)))) => failure,
            Some(Ok((name, Ok(())))) => ended(format!("`{name}` ended by itself")),
            Some(Err(panic)) => ended(format!("a part of the server ended badly: {panic}")),
            // Nothing was started here, so nothing ends.
            None => std::future::pending().await,
        }
    }

    /// Asks all of them to end and waits until they did; what goes wrong on the way is told and
    /// does not stop the others.
    pub(super) async fn end(&mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                Ok((_, Ok(()))) => {}
                Ok((name, Err(failure))) => {
                    tracing::warn!(
                        name,
                        error = &failure as &dyn std::error::Error,
                        "ended badly"
                    );
                }
                Err(panic) => tracing::error!(%panic, "a part of the server ended badly"),
            }
        }
    }
}

fn ended(message: String) -> Failure {
    Failure::new("internal", Exit::Internal, message)
        .with_hint("the logs in the data folder say more".to_owned())
}
