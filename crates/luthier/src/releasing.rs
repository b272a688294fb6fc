//! Versions that are made from here: what they are made of, and what proves them.

mod prover;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use journal::Journal;
use model::{Context, LineageName, event::AgentRole};
use python::Pool;
use release::{Author, Offered, Order, Parts, Provenance, Released, Releaser};
use repo::{Bounds, Bundle, FileSet, OpenError, Repo, SigningKey};
use state::{Script, StateManager};
use tokio::time::{sleep, timeout};
use vault::{Outbox, Store};

pub(crate) use self::prover::{TierProver, reason};
use crate::{
    config::Config,
    exit::Exit,
    failure::Failure,
    output::Output,
    session::{Opened, Session, WORKSPACE_FILE, allowed_signers},
    up::{chain, clone_of_workspace, find_running},
};

/// Who signs, as `git tag -v` names it.
const PRINCIPAL: &str = "luthier@localhost";

/// Whose version it is if nobody committed it.
const OPERATOR: &str = "operator";

/// Held by who makes the first version.
const FIRST: &str = "first.lock";
const FIRST_LOOK: Duration = Duration::from_millis(50);

/// Time in which a command sends what it kept; the rest is sent by whoever sends next.
const SEND_MS_MAX: u64 = 5_000;

/// Makes versions of one workspace.
#[derive(Clone)]
pub(crate) struct Releasing {
    pub(crate) releaser: Releaser,
    pub(crate) prover: Arc<TierProver>,
    manager: StateManager,
    workspace: Option<PathBuf>,
    turns: PathBuf,
    /// What a command sends by itself; a server has somebody for that.
    outbox: Option<Arc<Outbox>>,
}

/// What releases share with the rest of the process.
pub(crate) struct Shared {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) manager: StateManager,
    pub(crate) store: Store,
    pub(crate) repo: Arc<Repo>,
    /// Workers that run already; others are started when something has to be proved.
    pub(crate) workers: Option<Pool>,
    /// Where people see how far a proof has come.
    pub(crate) output: Output,
}

impl Releasing {
    pub(crate) fn new(
        shared: Shared,
        config: &Config,
        workspace: Option<&Path>,
    ) -> Result<Self, Failure> {
        let key = signing_key(&config.data)?;
        let prover = Arc::new(TierProver::new(config, shared.workers, shared.output));
        let runs_scripts = prover.clone();
        let turns = config.data.join("releases");
        let parts = Parts {
            journal: shared.journal,
            manager: shared.manager.clone(),
            repo: shared.repo,
            store: shared.store,
            key: Some(Arc::new(key)),
            clock: Arc::new(Timestamp::now),
            turns: turns.clone(),
        };
        Ok(Self {
            releaser: Releaser::new(parts).with_scripts(Arc::new(move |files| {
                script(runs_scripts.clone(), files.clone())
            })),
            prover,
            manager: shared.manager,
            workspace: workspace.map(Path::to_owned),
            turns,
            outbox: None,
        })
    }

    /// For a command, over what it opened.
    pub(crate) fn of(
        session: &Session,
        opened: &Opened,
        manager: &StateManager,
    ) -> Result<Self, Failure> {
        let workspace = opened.configured.workspace.as_deref();
        let (store, outbox) = opened.store()?;
        let shared = Shared {
            journal: opened.journal.clone(),
            manager: manager.clone(),
            store,
            repo: repository(workspace, &opened.data)?,
            workers: None,
            output: session.output,
        };
        let config = Config {
            data: opened.data.clone(),
            ..opened.configured.config.clone()
        };
        let releasing = Self::new(shared, &config, workspace)?;
        Ok(Self {
            // A server that runs sends by itself.
            outbox: find_running(&opened.data)?.is_empty().then_some(outbox),
            ..releasing
        })
    }

    /// Brings what a command kept to a vault elsewhere. What cannot be sent now waits for whoever
    /// sends next.
    pub(crate) async fn send(&self, output: Output) {
        let Some(outbox) = self.outbox.clone() else {
            return;
        };
        let sending = tokio::task::spawn_blocking(move || outbox.send());
        let reason = match timeout(Duration::from_millis(SEND_MS_MAX), sending).await {
            Ok(Ok(Ok(_sent))) => return,
            Ok(Ok(Err(error))) => chain(&error),
            Ok(Err(panic)) => panic.to_string(),
            Err(_late) => format!("it did not answer within {SEND_MS_MAX} ms"),
        };
        output.warn(&format!(
            "what belongs to the version waits for the vault, and `luthier up` sends it: {reason}"
        ));
    }

    /// Finishes what a process left half way. Where nothing was ever released, takes up the versions
    /// that git has, or makes the first.
    ///
    /// With `asked`, that is what becomes the first version instead of what is checked out.
    pub(crate) async fn begin(
        &self,
        asked: Option<(Offered, Order)>,
    ) -> Result<Option<Released>, Failure> {
        let main = LineageName::default();
        self.releaser.recover(&main).await?;
        let lineages = self.manager.lineages().await?;
        for lineage in lineages.iter().filter(|lineage| **lineage != main) {
            self.releaser.recover(lineage).await?;
        }
        let Some(_turn) = self.first_turn().await? else {
            return Ok(None);
        };
        let asked = match asked {
            Some(asked) => Some(asked),
            None => match self.offered().await? {
                Some(offered) => {
                    let order = self.order(&offered, None)?;
                    Some((offered, order))
                }
                None => None,
            },
        };
        let Some((offered, order)) = asked else {
            self.releaser.rebuild(|_version| ()).await?;
            return Ok(None);
        };
        let begun = self.releaser.begin(&main, &offered, &order, &*self.prover);
        Ok(begun.await?)
    }

    /// Whose turn it is to make the first version, for several processes may serve one folder, and
    /// one proof is enough; nothing once there is a version.
    async fn first_turn(&self) -> Result<Option<File>, Failure> {
        let path = self.turns.join(FIRST);
        let failed = |error| Failure::io(&format!("lock `{}`", path.display()), error);
        loop {
            if self
                .manager
                .lineages()
                .await?
                .contains(&LineageName::default())
            {
                return Ok(None);
            }
            fs::create_dir_all(&self.turns).map_err(failed)?;
            let file = File::create(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(TryLockError::WouldBlock) => sleep(FIRST_LOOK).await,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    /// The order of a person who committed what is offered.
    pub(crate) fn order(
        &self,
        offered: &Offered,
        author: Option<state::Author>,
    ) -> Result<Order, Failure> {
        let mut order = order(author);
        if let Offered::Commit(commit) = offered {
            let commit = self.releaser.repo().commit(*commit);
            let commit = commit.map_err(|error| unreadable(&error))?;
            order.made_by = Author::Person(commit.author.name);
            order.text = commit.message;
        }
        Ok(order)
    }

    /// What the workspace offers now: what is committed, or the folder where that is nothing.
    pub(crate) async fn offered(&self) -> Result<Option<Offered>, Failure> {
        let Some(workspace) = self.workspace.clone() else {
            return Ok(None);
        };
        let repo = self.releaser.repo().clone();
        let read = tokio::task::spawn_blocking(move || offered(&workspace, &repo));
        let broken = |panic| Failure::new("internal", Exit::Internal, panic);
        read.await.map_err(broken)?.map(Some)
    }
}

/// What somebody asks for from a shell.
pub(crate) fn order(author: Option<state::Author>) -> Order {
    Order {
        author: author.unwrap_or_else(|| state::Author {
            context: Context::of(AgentRole::Operator),
            ..state::Author::default()
        }),
        made_by: Author::Person(OPERATOR.to_owned()),
        text: String::new(),
        provenance: Provenance::default(),
    }
}

/// The releases' own repository: a clone of the workspace, or one that begins empty where the
/// workspace is not in git.
pub(crate) fn repository(workspace: Option<&Path>, data: &Path) -> Result<Arc<Repo>, Failure> {
    let clone = match workspace {
        Some(workspace) => clone_of_workspace(workspace, data)?,
        None => None,
    };
    if let Some(clone) = clone {
        return Ok(clone);
    }
    let folder = data.join("repo");
    match Repo::open(&folder) {
        Ok(repo) => Ok(Arc::new(repo)),
        Err(OpenError::NotARepository { .. }) => {
            let made = Repo::init(&folder);
            Ok(Arc::new(made.map_err(|error| unusable(&error))?))
        }
        Err(error) => Err(unusable(&error)),
    }
}

/// Runs migrations in the prover's workers, which start when the first is run.
fn script(prover: Arc<TierProver>, files: FileSet) -> Script {
    Script::new(move |name, document| {
        let (prover, files, name) = (prover.clone(), files.clone(), name.to_owned());
        Box::pin(async move {
            let workers = prover.workers().await.map_err(|error| chain(&error))?;
            runner::migrations(workers, &files)
                .run(&name, document)
                .await
        })
    })
}

fn offered(workspace: &Path, repo: &Repo) -> Result<Offered, Failure> {
    let head = match Repo::open(workspace) {
        Ok(git) => git.head().map_err(|error| unreadable(&error))?,
        Err(OpenError::NotARepository { .. }) => None,
        Err(error) => return Err(unreadable(&error)),
    };
    if let Some(head) = head {
        repo.refresh(workspace).map_err(|error| unusable(&error))?;
        let bundle = repo.bundle(head, &Bounds::default());
        let bundle = bundle.map_err(|error| unreadable(&error))?;
        // A workspace may lie in a repository without being a part of it yet.
        if bundle.set().find(WORKSPACE_FILE).is_some() {
            return Ok(Offered::Commit(head));
        }
    }
    let bundle = Bundle::from_folder(workspace, &Bounds::default());
    Ok(Offered::Folder(bundle.map_err(|error| unreadable(&error))?))
}

/// The key, and beside it the file by which others tell its signatures.
fn signing_key(data: &Path) -> Result<SigningKey, Failure> {
    let path = data.join("signing").join("id_ed25519");
    let key = SigningKey::load_or_create(&path).map_err(|error| no_key(&error))?;
    let signers = allowed_signers(data);
    let failed = |error| Failure::io(&format!("write `{}`", signers.display()), error);
    match File::create_new(&signers) {
        Ok(mut file) => {
            let line = key
                .allowed_signer(PRINCIPAL)
                .map_err(|error| no_key(&error))?;
            io::Write::write_all(&mut file, line.as_bytes()).map_err(failed)?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    Ok(key)
}

fn no_key(error: &dyn std::error::Error) -> Failure {
    Failure::new("signing_key", Exit::Unavailable, chain(error))
}

fn unreadable(error: &dyn std::error::Error) -> Failure {
    Failure::new("workspace_unreadable", Exit::Invalid, chain(error))
}

fn unusable(error: &dyn std::error::Error) -> Failure {
    Failure::new("releases_unusable", Exit::Failure, chain(error)).with_hint(
        "mend `repo` in the data folder; if you move it away, releases that nobody pulled are gone"
            .to_owned(),
    )
}
