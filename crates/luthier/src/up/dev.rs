//! `luthier dev`: the working tree as it lies there, taken up anew at each save.
//!
//! A look is the metadata of the files that make a version. When it tells of a change, and has come
//! to rest, the files are read, and what they hold is tried in the workers before the state moves:
//! a save that cannot be served leaves everything as it was.

mod fault;
mod kept;
mod number;
mod report;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use model::LineageName;
use repo::{FileSet, Glance, Repo};
use runner::{CodeStore, Runner, Trial};
use semver::Version;
use state::{Adoption, CodeRef, Root, Seed, StateError, StateManager};
use supervision::Supervisor;
use tokio::{task::spawn_blocking, time::sleep};
use tokio_util::sync::CancellationToken;

pub(super) use self::report::Teller;
use self::{
    fault::Fault,
    kept::Kept,
    number::next_number,
    report::{Changes, Report},
};
use super::{
    seed::{Refused, is_of_workspace, operator, refuse},
    services,
    tools::Source,
};
use crate::{
    exit::Exit,
    failure::Failure,
    workspace::{Offered, SCHEMA, STATE},
};

/// Time between two looks; one that takes long is made so much less often.
const LOOK_MS: u64 = 75;
const LOOK_REST: u32 = 10;

/// An editor may truncate a file before it writes it, so a change is read when the next look says
/// the same; but after so many looks whatever happens.
const STILL_MS: u64 = 20;
const STILL_LOOKS_MAX: u32 = 25;

/// The working tree, and what of it is served.
pub(super) struct WorkingTree {
    workspace: PathBuf,
    git: Option<Arc<Repo>>,
    manager: StateManager,
    store: CodeStore,
    runner: Runner,
    refused: Refused,
    /// The newest look, if a change since then would be noticed.
    seen: Option<Glance>,
    /// What was read last, whatever came of it.
    tried: Option<Contents>,
    served: Option<Served>,
    kept: Kept,
    fault: Option<Fault>,
    /// What the first look came to, until somebody may be told.
    first: Option<Report>,
}

/// What a working tree is made of, as far as it is served.
#[derive(Clone, PartialEq)]
struct Contents {
    code: FileSet,
    schema: Option<Bytes>,
    state: Option<Bytes>,
    settings: Option<Bytes>,
}

/// The newest that works.
struct Served {
    version: Version,
    trial: Trial,
    contents: Contents,
}

/// Why a working tree is not taken up.
enum Trouble {
    /// Its author mends it.
    Fault(Fault),
    /// It may pass by itself.
    Passing(Fault),
    /// The server cannot go on.
    Failure(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl WorkingTree {
    /// It is tried in the workers of `runner`, which serves it.
    pub(super) fn new(source: Source, runner: Runner) -> Self {
        let Source {
            workspace,
            git,
            manager,
            vault: _,
            store,
            refused,
            releasing: _,
        } = source;
        Self {
            workspace,
            git,
            manager,
            store: CodeStore::new(store),
            runner,
            refused,
            seen: None,
            tried: None,
            served: None,
            kept: Kept::default(),
            fault: None,
            first: None,
        }
    }

    pub(super) fn manager(&self) -> &StateManager {
        &self.manager
    }

    /// Takes up the tree as it is, or what worked last while it is not to be served.
    pub(super) async fn begin(&mut self) -> Result<(), Failure> {
        self.kept = Kept::load(&self.manager).await?;
        self.first = self.look().await?;
        if self.served.is_none() && self.root().await?.is_some() {
            self.runner.prepare().await;
        }
        Ok(())
    }

    /// Takes up each save until `stop`, and tells of it.
    pub(super) async fn run(
        mut self,
        teller: Teller,
        supervisor: Option<Arc<Supervisor>>,
        stop: CancellationToken,
    ) -> Result<(), Failure> {
        let mut report = self.first.take();
        loop {
            if let Some(report) = report {
                if let Some(supervisor) = &supervisor {
                    supervisor.look_at(services::STATE).await;
                }
                teller.tell(&report)?;
            }
            let began = Instant::now();
            report = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                report = self.look() => report?,
            };
            let pause = Duration::from_millis(LOOK_MS).max(began.elapsed() * LOOK_REST);
            if report.is_none() {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = sleep(pause) => {}
                }
            }
        }
    }

    /// Looks once, and takes up what changed. There is nothing to tell while nothing did.
    async fn look(&mut self) -> Result<Option<Report>, Failure> {
        let began = Instant::now();
        let glance = match self.glance().await? {
            Ok(glance) if self.seen.as_ref() == Some(&glance) => return Ok(None),
            Ok(glance) => self.until_still(glance).await?,
            Err(fault) => Err(fault),
        };
        let glance = match glance {
            Ok(glance) => glance,
            Err(fault) => return self.refuse_unread(fault).await,
        };
        let is_settled = glance.is_settled_at(SystemTime::now());
        let offered = match self.read().await? {
            Ok(offered) => offered,
            Err(fault) => return self.refuse_unread(fault).await,
        };
        self.seen = is_settled.then_some(glance);
        let contents = Contents::of(&offered);
        if self.tried.as_ref() == Some(&contents) {
            return Ok(None);
        }
        self.tried = Some(contents.clone());
        match self.take(&offered, contents, began).await {
            Ok(report) => {
                self.fault = None;
                refuse(&self.refused, None);
                Ok(report)
            }
            Err(Trouble::Fault(fault)) => self.refuse(fault).await,
            Err(Trouble::Passing(fault)) => {
                self.seen = None;
                self.refuse_unread(fault).await
            }
            Err(Trouble::Failure(failure)) => Err(failure),
        }
    }

    /// Looks until two looks say the same.
    async fn until_still(&self, first: Glance) -> Result<Result<Glance, Fault>, Failure> {
        let mut before = first;
        for _ in 0..STILL_LOOKS_MAX {
            sleep(Duration::from_millis(STILL_MS)).await;
            match self.glance().await? {
                Ok(glance) if glance == before => break,
                Ok(glance) => before = glance,
                Err(fault) => return Ok(Err(fault)),
            }
        }
        Ok(Ok(before))
    }

    async fn glance(&self) -> Result<Result<Glance, Fault>, Failure> {
        let workspace = self.workspace.clone();
        let looked = spawn_blocking(move || Glance::of_folder(&workspace)).await;
        Ok(looked.map_err(broken)?.map_err(|error| Fault::of(&error)))
    }

    async fn read(&self) -> Result<Result<Offered, Fault>, Failure> {
        let workspace = self.workspace.clone();
        let read = spawn_blocking(move || Offered::of_folder(&workspace)).await;
        Ok(read.map_err(broken)?.map_err(|failure| Fault::of(&failure)))
    }

    /// The same contents are new when they can be read again.
    async fn refuse_unread(&mut self, fault: Fault) -> Result<Option<Report>, Failure> {
        self.tried = None;
        self.refuse(fault).await
    }

    /// Keeps to what works. What was told already is not told again.
    async fn refuse(&mut self, fault: Fault) -> Result<Option<Report>, Failure> {
        if self.fault.as_ref() == Some(&fault) {
            return Ok(None);
        }
        refuse(
            &self.refused,
            Some(format!("the working tree is not served as it is: {fault}")),
        );
        self.fault = Some(fault.clone());
        let serving = self.root().await?.map(|root| root.version);
        Ok(Some(Report::Refused { fault, serving }))
    }

    /// Makes a version of what the tree holds, if it is one that can be served.
    async fn take(
        &mut self,
        offered: &Offered,
        contents: Contents,
        began: Instant,
    ) -> Result<Option<Report>, Trouble> {
        let root = self.root().await?;
        let number = self.next(root.as_ref()).await?;
        let trial = self.runner.try_out(&number, offered.code.clone()).await;
        let trial = trial.map_err(|error| {
            let fault = Fault::of_serving(&error, offered);
            if error.may_pass() {
                Trouble::Passing(fault)
            } else {
                Trouble::Fault(fault)
            }
        })?;
        let served = self.served.as_ref().map(|served| &served.contents);
        // The state that the workspace begins with goes with its schema.
        let is_state_new = served.is_none_or(|served| {
            served.state != contents.state || served.schema != contents.schema
        });
        let version = self
            .adopt(offered, number, root.as_ref(), is_state_new)
            .await?;
        self.runner.prepare().await;
        self.runner.catch_up().await;
        let mut troubles = self.runner.troubles().into_iter();
        if let Some((_, reason)) = troubles.find(|(reference, _)| reference == Root::ACTIVE) {
            return Err(Trouble::Fault(Fault::said(reason)));
        }
        let changes = Changes::between(self.served.as_ref(), &trial, &contents);
        let report = self.report(&version, changes, &trial, began);
        self.served = Some(Served {
            version,
            trial,
            contents,
        });
        Ok(report)
    }

    fn report(
        &self,
        version: &Version,
        changes: Changes,
        trial: &Trial,
        began: Instant,
    ) -> Option<Report> {
        let is_mended = self.fault.is_some();
        let Some(served) = &self.served else {
            return Some(Report::first(version, trial));
        };
        if served.version != *version {
            let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            return Some(Report::Serves {
                version: version.clone(),
                changes,
                is_mended,
                ms,
            });
        }
        if is_mended {
            return Some(Report::Mended {
                version: version.clone(),
            });
        }
        changes.has_settings.then_some(Report::Settings)
    }

    /// Moves the lineage to what the tree holds; says which version it is at then.
    async fn adopt(
        &mut self,
        offered: &Offered,
        number: Version,
        root: Option<&Root>,
        is_state_new: bool,
    ) -> Result<Version, Trouble> {
        let main = LineageName::default();
        let json = |path| {
            let value = offered.json(path);
            value.map_err(|failure| Trouble::Fault(Fault::of_json(&failure, path, offered)))
        };
        let (schema, value) = (json(SCHEMA)?, json(STATE)?);
        let served = root.and_then(|root| root.code.as_ref().map(|code| code.hash));
        self.kept.add(&self.store, offered, served).await?;
        let code = Some(CodeRef {
            hash: offered.code.digest(),
            commit: None,
        });
        let failed = |error: StateError| {
            if is_of_workspace(&error) {
                Trouble::Fault(Fault::of_state(&error, offered))
            } else {
                Trouble::Failure(error.into())
            }
        };
        if root.is_none() {
            let seed = Seed {
                facts: serde_json::Map::new(),
                version: number,
                code,
                schema,
                value,
            };
            let opened = self.manager.open(&main, seed, &operator()).await;
            return Ok(opened.map_err(failed)?.version);
        }
        let adoption = Adoption {
            stamp: None,
            version: Some(number),
            code,
            schema,
            value: is_state_new.then_some(value),
            // They lead from release to release; a working tree brings its own state.
            migrations: Vec::new(),
        };
        let written = self.manager.adopt(&main, adoption, &operator()).await;
        Ok(written.map_err(failed)?.document.version)
    }

    async fn root(&self) -> Result<Option<Root>, Failure> {
        match self.manager.root(&LineageName::default()).await {
            Ok(root) => Ok(Some(root)),
            Err(StateError::NoLineage { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn next(&self, root: Option<&Root>) -> Result<Version, Failure> {
        let released = match self.git.clone() {
            Some(git) => {
                let looked = spawn_blocking(move || Offered::highest_stable(&git)).await;
                looked.map_err(broken)?.unwrap_or_else(|failure| {
                    let reason = failure.to_string();
                    tracing::warn!(reason, "the tags of the workspace cannot be read");
                    None
                })
            }
            None => None,
        };
        let released = released.map(|version| version.number);
        Ok(next_number(
            released.as_ref(),
            root.map(|root| &root.version),
        ))
    }
}

impl Contents {
    fn of(offered: &Offered) -> Self {
        let find = |path| offered.find(path).cloned();
        Self {
            code: offered.code.clone(),
            schema: find(SCHEMA),
            state: find(STATE),
            settings: find(crate::session::WORKSPACE_FILE),
        }
    }
}

fn broken(panic: tokio::task::JoinError) -> Failure {
    Failure::new("internal", Exit::Internal, panic)
}
