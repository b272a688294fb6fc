//! What an Architect works with in this process: who answers, what tries candidates, what
//! attachments name.

mod bench;
mod checks;
mod making;
mod mending;
mod providers;
mod sources;

use std::{path::Path, sync::Arc};

use architect::{Architect, OnReleased, Parts};
use jiff::Timestamp;
use journal::Journal;
use runner::Runner;
use state::StateManager;
use tokio_util::sync::CancellationToken;
use vault::Store;

use self::{bench::JobBench, providers::Answering, sources::StoredSources};
use crate::{
    config::Config, environment::Environment, failure::Failure, output::Output,
    releasing::Releasing,
};

/// What it shares with the rest of the process.
pub(crate) struct Shared<'a> {
    pub(crate) config: &'a Config,
    pub(crate) environment: &'a Environment,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) manager: StateManager,
    pub(crate) store: Store,
    pub(crate) releasing: &'a Releasing,
    /// Sees at once what was released here.
    pub(crate) runner: Option<Runner>,
    pub(crate) output: Output,
    pub(crate) cancel: CancellationToken,
}

/// Starts nothing yet: workers, sandboxes and providers come with the first job.
pub(crate) fn architect(shared: Shared<'_>, data: &Path) -> Result<Architect, Failure> {
    let Shared {
        config,
        environment,
        ..
    } = shared;
    let Answering {
        provider,
        models,
        memory,
        handoff,
    } = providers::answering(config, environment, data)?;
    let bench = JobBench::new(config, environment, shared.output)?;
    let runner = shared.runner.clone();
    let on_released: OnReleased = Arc::new(move || {
        let runner = runner.clone();
        Box::pin(async move {
            if let Some(runner) = runner {
                runner.catch_up().await;
            }
        })
    });
    let parts = Parts {
        journal: shared.journal.clone(),
        manager: shared.manager.clone(),
        releaser: shared.releasing.releaser.clone(),
        bench: Arc::new(bench),
        provider,
        models,
        memory,
        answer_time_max: config.architect.answer_time_max,
        handoff,
        sources: Arc::new(StoredSources::new(
            shared.manager,
            shared.store,
            shared.runner,
            shared.releasing.releaser.repo().clone(),
        )),
        clock: Arc::new(Timestamp::now),
        turns: data.join("architect"),
        on_released,
        traceparent: || {
            let span = tracing::Span::current();
            telemetry::TraceParent::of(&span).map(|parent| parent.traceparent())
        },
        adopt_trace: |span, traceparent| {
            if let Some(parent) = telemetry::TraceParent::parse(traceparent, None) {
                telemetry::set_parent(span, &parent);
            }
        },
        streams_max: config.http.streams_max,
        cancel: shared.cancel,
    };
    Ok(Architect::new(parts, config.architect.policy.clone()))
}
