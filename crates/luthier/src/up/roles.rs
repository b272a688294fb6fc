//! Which paths each role adds.

use std::sync::Arc;

use architect::Architect;
use console::{Console, WitnessSource};
use journal::OpenJournal;
use runner::Runner;
use state::StateManager;
use tokio_util::sync::CancellationToken;
use tuner::Tuner;
use versions::Registry;
use web::{App, Link};

use super::services::chain;
use crate::{cli::Role, witness::Witnesses};

/// What roles work with.
pub(super) struct Parts {
    pub(super) journal: Arc<dyn OpenJournal>,
    pub(super) manager: StateManager,
    pub(super) witnesses: Witnesses,
    /// There is one where the role is served, and where versions can be released.
    pub(super) architect: Option<Architect>,
    /// There is one where the role is served.
    pub(super) runner: Option<Runner>,
    /// There is one where the role is served.
    pub(super) tuner: Option<Tuner>,
    /// There is one where the role is served.
    pub(super) registry: Option<Registry>,
    pub(super) streams_max: usize,
    pub(super) cancel: CancellationToken,
}

/// The pages that every server has.
pub(super) fn common_links() -> Vec<Link> {
    vec![
        Link::new("/docs", "every REST path, to read and to try"),
        Link::new("/openapi.json", "the same as OpenAPI 3.1"),
        Link::new("/readyz", "whether it can do its work"),
        Link::new("/healthz", "whether it lives"),
        Link::new("/metrics", "metrics as Prometheus text"),
    ]
}

/// What a role adds to the index.
pub(super) fn links(role: Role) -> Vec<Link> {
    match role {
        Role::Architect => vec![
            Link::new(
                "/agent/active/architect/chat",
                "say what should be different, and have it made",
            ),
            Link::new(
                "/agent/active/architect/jobs",
                "the work behind what was said",
            ),
        ],
        Role::Console => vec![
            Link::new("/events", "the ledger: query it, follow it, replay it"),
            Link::new(
                "/events/verify",
                "proof that nothing was changed, dropped or cut",
            ),
        ],
        Role::Runner => vec![Link::new(
            "/agent/active/runner",
            "the tools that production gets, over MCP",
        )],
        Role::Tuner => vec![
            Link::new(
                "/agent/active/tuner",
                "the tools that tune the state, over MCP",
            ),
            Link::new(
                "/agent/active/state/active",
                "the state that production gets",
            ),
            Link::new("/agent/active/state/staging", "the state on trial"),
        ],
        Role::Versions => vec![Link::new(
            "/versions",
            "the versions: what each is, where it came from, what proved it",
        )],
    }
}

pub(super) fn mount(app: App, role: Role, parts: &Parts) -> App {
    match role {
        Role::Architect => match &parts.architect {
            Some(architect) => app.problems(&architect::PROBLEMS).api(architect.router()),
            None => app,
        },
        Role::Console => app
            .problems(&console::PROBLEMS)
            .api(console::router(Console {
                journal: parts.journal.clone(),
                state: parts.manager.clone(),
                witness: witness_source(parts.witnesses.clone()),
                streams_max: parts.streams_max,
                cancel: parts.cancel.clone(),
            })),
        Role::Runner => match &parts.runner {
            Some(runner) => app.problems(&runner::PROBLEMS).api(runner.router()),
            None => app,
        },
        Role::Tuner => {
            let app = app
                .problems(&tuner::PROBLEMS)
                .api(tuner::router(parts.manager.clone()))
                .api(tuner::feedback_router(
                    parts.journal.clone(),
                    parts.manager.clone(),
                ));
            match &parts.tuner {
                Some(tuner) => app.api(tuner.router()),
                None => app,
            }
        }
        Role::Versions => match &parts.registry {
            Some(registry) => app
                .problems(&versions::PROBLEMS)
                .api(versions::router(registry.clone())),
            None => app,
        },
    }
}

fn witness_source(witnesses: Witnesses) -> WitnessSource {
    Arc::new(move || {
        let witnesses = witnesses.clone();
        Box::pin(async move {
            let recalled = witnesses.recall().await;
            recalled.map_err(|failure| chain(&failure))
        })
    })
}
