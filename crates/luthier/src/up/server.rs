//! Everything that runs, from its start to its end.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use architect::Architect;
use journal::OpenJournal;
use release::{Guard, Releaser};
use runner::Runner;
use supervision::Supervisor;
use telemetry::Scraper;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tuner::Tuner;
use versions::Registry;
use web::{
    App, AppConfig, Bound, Link, NotReady, Readiness, ReadinessReport, ServeConfig, ServeError,
};

use super::{
    Taken, announce,
    archiver::Archiver,
    follow::{Follower, Told},
    judging::LiveJudge,
    keeper::TelemetryKeeper,
    lock::Turns,
    metrics, observe, outbox,
    projections::Projections,
    roles::{self, Parts},
    sealer::Sealer,
    services::chain,
    settings::SettingsFollower,
    shared::Shared,
    stop::{Phase, StopSignals},
    triggers::Triggers,
    watching::Watching,
};
use crate::{
    cli::Role,
    config::{Config, HttpConfig},
    exit::Exit,
    failure::Failure,
    ledger::Ledger,
    session::Session,
    witness::Witnesses,
};

/// Time that everything after the last request has to come to its end.
const WIND_DOWN_MS_MAX: u64 = 30_000;

/// Between two looks whether the journal is back.
const JOURNAL_LOOK_MS: u64 = 500;

/// A server that is up.
pub(super) struct Server {
    config: Config,
    url: String,
    links: Vec<Link>,
    journal: Arc<dyn OpenJournal>,
    supervisor: Arc<Supervisor>,
    /// Was it said where it is?
    announced: CancellationToken,
    /// Is it known what is served, or why nothing is?
    begun: CancellationToken,
    /// Requests.
    serving: Phase,
    /// What works behind them.
    working: Phase,
    /// Seals, of what those two still wrote.
    sealing: Phase,
    /// The stream of events, of all that.
    telling: Phase,
    signals: StopSignals,
}

impl Server {
    pub(super) async fn start(
        session: &Session,
        workspace: Option<&Path>,
        taken: Taken,
        scraper: Scraper,
    ) -> Result<Self, Failure> {
        let signals = StopSignals::listen()?;
        let config = taken.opened.configured.config.clone();
        let shared = Shared::open(&taken)?;
        let source = shared.source(session, workspace, &taken)?;
        let url = taken.bound.url("");
        let pool = taken.pool.clone();
        let git = source.as_ref().and_then(|source| source.git.clone());
        let runner = pool.map(|pool| shared.start_runner(&config, pool, git.clone()));
        let refused = source.as_ref().map(|source| source.refused.clone());
        let supervisor =
            shared.supervise(&config, &url, refused.unwrap_or_default(), runner.as_ref())?;
        let releasing = source.as_ref().and_then(|source| source.releasing.clone());
        let releaser = releasing.as_ref().map(|it| it.releaser.clone());
        let serving = Phase::default();
        let is_served = taken.roles.contains(&Role::Architect);
        let architect = shared.start_architect(
            (session, &config, &taken.opened.data),
            releasing.as_ref().filter(|_| is_served),
            runner.clone(),
            serving.stop.clone(),
        )?;
        let handoff = architect.as_ref().and_then(|it| it.handoff().cloned());
        let is_tuned = taken.roles.contains(&Role::Tuner);
        let tuner = is_tuned
            .then(|| shared.start_tuner(&config, releasing.as_ref(), runner.clone(), handoff));
        let witnesses = Witnesses {
            journal: shared.journal.clone(),
            vault: shared.vault.clone(),
            repo: git.clone(),
        };
        let mut follower = Follower::new(source, &shared.manager, runner.as_ref());
        follower.begin_serving().await?;
        let registry = if taken.roles.contains(&Role::Versions) {
            Some(shared.open_registry(git, &taken.opened.data).await)
        } else {
            None
        };
        metrics::register(
            &shared.journal,
            &shared.outbox,
            &shared.manager,
            &supervisor,
            runner.as_ref(),
        );

        let mut server = Self::new(url, &shared, supervisor, (serving, signals), config);
        let after = shared.journal.newest().await?;
        let settings = SettingsFollower {
            supervisor: server.supervisor.clone(),
            journal: shared.journal.clone(),
            configured: taken.opened.configured.settings.clone(),
        };
        settings.apply_all().await?;
        let Taken {
            roles,
            claim: _,
            bound,
            events,
            began_after,
            opened,
            pool: _,
        } = taken;
        let (prepared, known, tuned) = (runner.clone(), registry.clone(), tuner.clone());
        let parts = Parts {
            journal: shared.journal.clone(),
            manager: shared.manager.clone(),
            witnesses,
            architect: architect.clone(),
            runner,
            tuner,
            registry: registry.clone(),
            streams_max: server.config.http.streams_max,
            cancel: server.serving.stop.clone(),
        };
        server.serve(&roles, bound, &shared, &parts, scraper)?;
        server.spawn_followers(architect, registry);
        server.drain_at_the_end(prepared, tuned);
        let told = Told {
            output: session.output,
            announced: server.announced.clone(),
            begun: server.begun.clone(),
            registry: known,
            supervisor: server.supervisor.clone(),
        };
        server
            .working
            .spawn("workspace", |stop| follower.run(told, stop));
        let folders = (&*opened.data, workspace);
        server.spawn_others(settings, after, folders, &shared, releaser);
        if let Some(events) = events {
            let journal = shared.journal.clone();
            server
                .telling
                .spawn("events", |stop| events.follow(journal, began_after, stop));
        }
        Ok(server)
    }

    /// Nothing of it runs yet.
    fn new(
        url: String,
        shared: &Shared,
        supervisor: Arc<Supervisor>,
        (serving, signals): (Phase, StopSignals),
        config: Config,
    ) -> Self {
        Self {
            url,
            links: Vec::new(),
            journal: shared.journal.clone(),
            supervisor,
            announced: CancellationToken::new(),
            begun: CancellationToken::new(),
            serving,
            working: Phase::default(),
            sealing: Phase::default(),
            telling: Phase::default(),
            signals,
            config,
        }
    }

    /// Roles that follow the journal beside answering.
    fn spawn_followers(&mut self, architect: Option<Architect>, registry: Option<Registry>) {
        if let Some(architect) = architect {
            let journal = self.journal.clone();
            self.working
                .spawn("architect", |stop| run_architect(architect, journal, stop));
        }
        if let Some(registry) = registry {
            let journal = self.journal.clone();
            self.working.spawn("versions", |stop| async move {
                registry.follow(journal, stop).await;
                Ok(())
            });
        }
    }

    /// Lets calls that have begun come to their end.
    fn drain_at_the_end(&mut self, runner: Option<Runner>, tuner: Option<Tuner>) {
        let patience = Duration::from_millis(self.config.http.drain_ms_max);
        if let Some(runner) = runner {
            self.serving.spawn("runner", |stop| async move {
                stop.cancelled().await;
                runner.drain(patience).await;
                Ok(())
            });
        }
        if let Some(tuner) = tuner {
            self.serving.spawn("tuner", |stop| async move {
                stop.cancelled().await;
                tuner.drain(patience).await;
                tuner.shut_down().await;
                Ok(())
            });
        }
    }

    fn serve(
        &mut self,
        roles: &[Role],
        bound: Bound,
        shared: &Shared,
        parts: &Parts,
        scraper: Scraper,
    ) -> Result<(), Failure> {
        self.links = roles.iter().flat_map(|role| roles::links(*role)).collect();
        self.links.extend(roles::common_links());
        let app = App::new(app_config(&self.config))
            .links(self.links.clone())
            .readiness(readiness(&self.supervisor, &shared.journal, &self.begun))
            .metrics(Arc::new(move || scraper.text()));
        let app = roles
            .iter()
            .fold(app, |app, role| roles::mount(app, *role, parts));
        let router = app
            .build()
            .map_err(|error| Failure::new("internal", Exit::Internal, error))?;
        let http = &self.config.http;
        let transport = ServeConfig {
            connections_max: http.connections_max,
            header_read_ms_max: http.header_ms_max,
            drain_ms_max: http.drain_ms_max,
            ..ServeConfig::default()
        };
        self.serving.spawn("http", |stop| async move {
            match web::serve(bound, router, transport, stop).await {
                Err(error @ ServeError::Cut { .. }) => {
                    tracing::warn!(%error, "some requests did not end in time");
                    Ok(())
                }
                ended => Ok(ended?),
            }
        });
        Ok(())
    }

    fn spawn_others(
        &mut self,
        follower: SettingsFollower,
        after: u64,
        (data, workspace): (&Path, Option<&Path>),
        shared: &Shared,
        releaser: Option<Releaser>,
    ) {
        let turns = match &shared.ledger {
            Ledger::File(_) => Turns::Folder(data.to_owned()),
            Ledger::Shared(journal) => Turns::Stream(journal.clone(), self.config.journal.lease),
        };
        let sealer = Sealer {
            turns: turns.clone(),
            journal: shared.journal.clone(),
            vault: shared.vault.clone(),
            knobs: shared.journal_knobs.clone(),
            vault_health: shared.vault_health.clone(),
        };
        let keeper = TelemetryKeeper {
            data: data.to_owned(),
            vault: shared.vault.clone(),
            settings: self.config.telemetry.clone(),
        };
        let supervisor = self.supervisor.clone();
        self.working.spawn("supervision", |stop| async move {
            let report = supervisor
                .run(stop)
                .await
                .map_err(|error| Failure::new("internal", Exit::Internal, error))?;
            for abandoned in report.abandoned {
                tracing::warn!(
                    service = abandoned.service,
                    reason = abandoned.reason,
                    "abandoned"
                );
            }
            Ok(())
        });
        self.working
            .spawn("settings", |stop| follower.run(after, stop));
        self.working.spawn("telemetry", |stop| keeper.run(stop));
        // A stream keeps all that was ever written.
        if let Ledger::File(journal) = &shared.ledger {
            let archiver = Archiver {
                data: data.to_owned(),
                journal: journal.clone(),
                vault: shared.vault.clone(),
                manager: shared.manager.clone(),
                knobs: shared.journal_knobs.clone(),
            };
            self.working.spawn("archiver", |stop| archiver.run(stop));
        }
        let waiting = shared.outbox.clone();
        self.working
            .spawn("outbox", |stop| outbox::send(waiting, stop));
        self.sealing.spawn("sealer", |stop| sealer.run(stop));
        if let Some(workspace) = workspace {
            self.spawn_caretakers(after, (data, workspace), shared, turns, releaser);
        }
    }

    /// What looks after the versions of a workspace.
    fn spawn_caretakers(
        &mut self,
        after: u64,
        (data, workspace): (&Path, &Path),
        shared: &Shared,
        turns: Turns,
        releaser: Option<Releaser>,
    ) {
        let projections = Projections {
            manager: shared.manager.clone(),
            journal: shared.journal.clone(),
            data: data.to_owned(),
            knobs: shared.state_knobs.clone(),
            after,
        };
        let triggers = Triggers {
            turns: turns.clone(),
            data: data.to_owned(),
            workspace: workspace.to_owned(),
            journal: shared.journal.clone(),
            manager: shared.manager.clone(),
        };
        let watching = Watching {
            turns,
            data: data.to_owned(),
            ledger: shared.ledger.clone(),
            manager: shared.manager.clone(),
            window: self.config.watch,
            guard: releaser.map(|releaser| {
                let judge = LiveJudge {
                    data: data.to_owned(),
                    workspace: workspace.to_owned(),
                    journal: shared.journal.clone(),
                    manager: shared.manager.clone(),
                    kept: Mutex::default(),
                };
                Guard::new(releaser, Arc::new(judge))
            }),
        };
        self.working
            .spawn("projections", |stop| projections.run(stop));
        self.working.spawn("triggers", |stop| triggers.run(stop));
        self.working.spawn("watch", |stop| watching.run(stop));
    }

    /// Serves until a signal, or until a part of it ends, and takes the rest down with it.
    pub(super) async fn run(mut self, session: &Session) -> Result<(), Failure> {
        let announced = async {
            let (name, url) = (&self.config.name, &self.url);
            announce::when_ready(
                session,
                name,
                url,
                &self.links,
                &self.supervisor,
                &self.begun,
            )
            .await?;
            self.announced.cancel();
            tracing::info!(url, "serving");
            std::future::pending().await
        };
        let outcome = tokio::select! {
            outcome = announced => outcome,
            signal = self.signals.next() => {
                tracing::info!(signal, "stopping");
                Ok(())
            }
            failure = self.serving.next_end() => Err(failure),
            failure = self.working.next_end() => Err(failure),
            failure = self.sealing.next_end() => Err(failure),
            failure = self.telling.next_end() => Err(failure),
        };
        if let Err(failure) = &outcome {
            tracing::error!(error = failure as &dyn std::error::Error, "going down");
        }
        outcome.and(self.wind_down().await)
    }

    async fn wind_down(mut self) -> Result<(), Failure> {
        let limit = Duration::from_millis(self.config.http.drain_ms_max + WIND_DOWN_MS_MAX);
        let wound_down = async {
            self.serving.end().await;
            self.working.end().await;
            self.sealing.end().await;
            self.telling.end().await;
            self.journal.close().await;
        };
        let has_ended = tokio::select! {
            ended = timeout(limit, wound_down) => ended.is_ok(),
            signal = self.signals.next() => {
                tracing::warn!(signal, "told again: stopping at once");
                false
            }
        };
        if has_ended {
            return Ok(());
        }
        Err(Failure::new(
            "stop_overdue",
            Exit::Failure,
            "the server did not end in time",
        )
        .with_hint("nothing that was acknowledged is lost; the logs say what hung".to_owned()))
    }
}

/// While the journal is away there is nothing to work on; what was begun goes on when it is back.
async fn run_architect(
    architect: Architect,
    journal: Arc<dyn OpenJournal>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    loop {
        let Err(error) = architect.run(stop.clone()).await else {
            return Ok(());
        };
        let reason = chain(&error);
        if stop.is_cancelled() || journal.check().await.is_ok() {
            return Err(Failure::new("architect_ended", Exit::Failure, reason));
        }
        tracing::warn!(reason, "the Architect waits for the journal");
        while journal.check().await.is_err() {
            let pause = tokio::time::sleep(Duration::from_millis(JOURNAL_LOOK_MS));
            if stop.run_until_cancelled(pause).await.is_none() {
                return Ok(());
            }
        }
    }
}

fn app_config(config: &Config) -> AppConfig {
    let HttpConfig {
        tokens,
        hosts,
        origins,
        ..
    } = config.http.clone();
    AppConfig {
        tokens,
        hosts,
        origins,
        body_bytes_max: config.http.body_bytes_max,
        request_ms_max: config.http.request_ms_max,
        requests_in_flight_max: config.http.requests_max,
        adopt_trace: Some(observe::adopt_trace),
        on_response: Some(observe::on_response()),
        ..AppConfig::new(&config.name, env!("CARGO_PKG_VERSION"))
    }
}

/// Ready when the journal answers now and no service is ill.
fn readiness(
    supervisor: &Arc<Supervisor>,
    journal: &Arc<dyn OpenJournal>,
    begun: &CancellationToken,
) -> Readiness {
    let (supervisor, journal, begun) = (supervisor.clone(), journal.clone(), begun.clone());
    Readiness::new(move || {
        let (supervisor, journal) = (supervisor.clone(), journal.clone());
        let begun = begun.clone();
        async move {
            let mut reasons = announce::reasons(&supervisor, &begun);
            let services = announce::services(&supervisor);
            let is_told = reasons.iter().any(|reason| reason.part == "journal");
            if let Err(error) = journal.newest().await
                && !is_told
            {
                let reason = error.to_string();
                reasons.push(NotReady {
                    part: "journal".to_owned(),
                    reason,
                });
            }
            ReadinessReport { reasons, services }
        }
    })
}
