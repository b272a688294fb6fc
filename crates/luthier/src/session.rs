//! What one invocation works with: its workspace, its configuration, its data folder.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use journal::{Journal, OpenJournal, Query, Witness};
use repo::Repo;
use serde_json::json;
use vault::{Key, Outbox, S3Settings, Store, Vault};

use crate::{
    cli::GlobalArgs,
    config::{Config, Flags, Layers, Origin, Settings, VaultSettings},
    environment::Environment,
    exit::Exit,
    failure::Failure,
    ledger::Ledger,
    output::Output,
    up::{StartLock, runtime},
    witness::Witnesses,
};

/// The file that makes a folder a workspace.
pub(crate) const WORKSPACE_FILE: &str = "luthier.toml";

/// Where the newest seal is remembered.
const WITNESS: &str = "witness/seal.json";

pub(crate) struct Session {
    pub(crate) global: GlobalArgs,
    pub(crate) environment: Environment,
    pub(crate) output: Output,
}

/// Where `luthier dev` keeps its data, below that of `luthier up`.
const DEV: &str = "dev";

/// A configuration that was read, and where.
pub(crate) struct Configured {
    pub(crate) workspace: Option<PathBuf>,
    pub(crate) settings: Settings,
    pub(crate) config: Config,
}

impl Session {
    pub(crate) fn new(global: GlobalArgs, environment: Environment, output: Output) -> Self {
        Self {
            global,
            environment,
            output,
        }
    }

    /// Reads the configuration and warns of what it does not know.
    pub(crate) fn configure(&self, mut flags: Flags) -> Result<Configured, Failure> {
        let workspace = self.find_workspace()?;
        if let Some(data) = &self.global.data {
            flags.push(("data", json!(data.to_string_lossy()), "--data"));
        }
        if self.global.verbose > 0 {
            let level = if self.global.verbose > 1 {
                "trace"
            } else {
                "debug"
            };
            flags.push(("telemetry.log_level", json!(level), "-v"));
        } else if self.global.quiet {
            flags.push(("telemetry.log_level", json!("error"), "-q"));
        }
        let workspace_file = workspace.as_ref().map(|folder| folder.join(WORKSPACE_FILE));
        let settings = Layers {
            flags,
            environment: &self.environment,
            workspace_file: workspace_file.as_deref(),
            user_file: self.environment.user_file().as_deref(),
        }
        .resolve()?;
        for warning in &settings.warnings {
            self.output.warn(warning);
        }
        let config = Config::of(&settings, workspace.as_deref(), &self.environment.folder)?;
        Ok(Configured {
            workspace,
            settings,
            config,
        })
    }

    /// The workspace that was named, or the nearest one upward.
    fn find_workspace(&self) -> Result<Option<PathBuf>, Failure> {
        let folder = &self.environment.folder;
        let variable = || {
            self.environment
                .find("LUTHIER_WORKSPACE")
                .map(PathBuf::from)
        };
        if let Some(named) = self.global.workspace.clone().or_else(variable) {
            let named = folder.join(named);
            if !named.join(WORKSPACE_FILE).is_file() {
                return Err(no_workspace(&named));
            }
            return Ok(Some(named));
        }
        let found = folder
            .ancestors()
            .find(|folder| folder.join(WORKSPACE_FILE).is_file());
        Ok(found.map(Path::to_owned))
    }

    /// The data folder, which a workspace or `--data` names.
    pub(crate) fn data(&self) -> Result<(Configured, PathBuf), Failure> {
        let configured = self.configure(Vec::new())?;
        let data = configured.data(self)?;
        Ok((configured, data))
    }

    /// The journal of the workspace, which must be there already.
    pub(crate) fn find_journal(&self) -> Result<Unopened, Failure> {
        let (configured, data) = self.data()?;
        if configured.config.journal.nats.is_none() {
            find_file(&data)?;
        }
        Ok(Unopened { configured, data })
    }

    /// The journal of the workspace, which is made if there is none.
    pub(crate) fn journal(&self) -> Result<Unopened, Failure> {
        let (configured, data) = self.data()?;
        Ok(Unopened { configured, data })
    }

    /// The same, of another workspace.
    pub(crate) fn in_workspace(&self, workspace: &Path) -> Self {
        let global = GlobalArgs {
            workspace: Some(workspace.to_owned()),
            data: None,
            ..self.global.clone()
        };
        Self::new(global, self.environment.clone(), self.output)
    }

    /// Runs a command that waits for things.
    #[expect(
        clippy::unused_self,
        reason = "what a command may do, it does through its session"
    )]
    pub(crate) fn block_on<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let runtime = runtime()?;
        let outcome = runtime.block_on(work);
        // What still blocks a thread has nobody who waits for it.
        runtime.shutdown_background();
        outcome
    }

    /// Opens a journal, runs a command over it, and closes it however that ends.
    pub(crate) fn work_on<T>(
        &self,
        unopened: Unopened,
        work: impl AsyncFnOnce(&Opened) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.block_on(async {
            let opened = unopened.open().await?;
            let outcome = work(&opened).await;
            opened.close().await;
            outcome
        })
    }
}

impl Configured {
    /// The same for `luthier dev`, which has a data folder and a port of its own.
    pub(crate) fn for_dev(mut self) -> Self {
        self.config.data = self.dev_data();
        // What is saved every few seconds is nobody else's.
        self.config.vault = VaultSettings::Folder;
        self.config.journal.nats = None;
        let is_named = matches!(self.settings.origin("http.port"), Origin::Flag(_));
        let port = &mut self.config.http.port;
        // 0 is any free one already.
        if !is_named && *port != 0 {
            *port = port.checked_add(1).unwrap_or(*port - 1);
        }
        self
    }

    /// The data folder of `luthier dev`.
    pub(crate) fn dev_data(&self) -> PathBuf {
        self.config.data.join(DEV)
    }

    pub(crate) fn data(&self, session: &Session) -> Result<PathBuf, Failure> {
        let is_named = *self.settings.origin("data") != Origin::Default;
        if self.workspace.is_none() && !is_named {
            return Err(no_workspace(&session.environment.folder));
        }
        Ok(self.config.data.clone())
    }

    /// The workspace, for a command that cannot do without.
    pub(crate) fn workspace(&self, session: &Session) -> Result<PathBuf, Failure> {
        let workspace = self.workspace.clone();
        workspace.ok_or_else(|| no_workspace(&session.environment.folder))
    }
}

/// A data folder whose journal is to be opened.
pub(crate) struct Unopened {
    pub(crate) configured: Configured,
    pub(crate) data: PathBuf,
}

impl Unopened {
    /// If there is no journal, it and its folder are made, unless another process is about to.
    pub(crate) async fn open(self) -> Result<Opened, Failure> {
        if journal_path(&self.data).exists() {
            return self.open_now().await;
        }
        create_folder(&self.data)?;
        let starting = StartLock::take(&self.data)?;
        self.open_starting(starting).await
    }

    /// The same for who is starting.
    pub(crate) async fn open_starting(self, starting: StartLock) -> Result<Opened, Failure> {
        let opened = self.open_now().await;
        drop(starting);
        opened
    }

    async fn open_now(self) -> Result<Opened, Failure> {
        let ledger = Ledger::open(&self.configured.config, &self.data).await?;
        Ok(Opened {
            journal: ledger.journal(),
            ledger,
            configured: self.configured,
            data: self.data,
        })
    }
}

/// A data folder with its journal.
pub(crate) struct Opened {
    pub(crate) configured: Configured,
    pub(crate) data: PathBuf,
    pub(crate) ledger: Ledger,
    pub(crate) journal: Arc<dyn OpenJournal>,
}

impl Opened {
    pub(crate) fn vault(&self) -> Result<Vault, Failure> {
        open_vault(&self.configured.config.vault, &self.data)
    }

    /// Whoever remembers seals of the journal.
    pub(crate) fn witnesses(&self) -> Result<Witnesses, Failure> {
        Ok(Witnesses {
            journal: self.journal.clone(),
            vault: Arc::new(self.vault()?),
            repo: Repo::open(&self.data.join("repo")).ok().map(Arc::new),
        })
    }

    /// Where what belongs to versions is kept, and what brings it to a vault elsewhere.
    pub(crate) fn store(&self) -> Result<(Store, Arc<Outbox>), Failure> {
        let outbox = Arc::new(outbox(Arc::new(self.vault()?), &self.data));
        Ok((store(&outbox, &self.configured.config)?, outbox))
    }

    /// Writes what is queued and lets go of it.
    pub(crate) async fn close(self) {
        self.journal.close().await;
    }
}

/// A folder that a command makes for its answer, and takes away again if there is none.
pub(crate) struct MadeFolder<'a>(Option<&'a Path>);

impl<'a> MadeFolder<'a> {
    pub(crate) fn create(folder: &'a Path) -> Result<Self, Failure> {
        let was_there = folder.exists();
        create_folder(folder)?;
        Ok(Self((!was_there).then_some(folder)))
    }

    /// The answer is in it.
    pub(crate) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for MadeFolder<'_> {
    fn drop(&mut self) {
        if let Some(folder) = self.0 {
            // What a failure left inside is worth a look, so nothing is taken away with it.
            drop(std::fs::remove_dir(folder));
        }
    }
}

pub(crate) fn create_folder(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::io(&format!("create `{}`", folder.display()), error))
}

/// Refuses where there is no journal in the data folder.
pub(crate) fn find_file(data: &Path) -> Result<(), Failure> {
    let path = journal_path(data);
    if path.exists() {
        return Ok(());
    }
    let message = format!("there is no journal at `{}`", path.display());
    let hint = "start `luthier up` once, or name another data folder with --data";
    Err(Failure::new("no_journal", Exit::NotFound, message).with_hint(hint.to_owned()))
}

pub(crate) fn journal_path(data: &Path) -> PathBuf {
    data.join("journal.db")
}

/// The folder of the logs, and below it of the other signals.
pub(crate) fn logs_path(data: &Path) -> PathBuf {
    data.join("logs")
}

pub(crate) fn vault_path(data: &Path) -> PathBuf {
    data.join("vault")
}

/// The public halves of the keys that sign releases.
pub(crate) fn allowed_signers(data: &Path) -> PathBuf {
    data.join("signing").join("allowed_signers")
}

/// The vault of a data folder: in it, or in a bucket.
pub(crate) fn open_vault(settings: &VaultSettings, data: &Path) -> Result<Vault, Failure> {
    Ok(match settings {
        VaultSettings::Folder => Vault::open(vault_path(data))?,
        VaultSettings::Bucket(settings) => Vault::s3(S3Settings::clone(settings))?,
    })
}

/// What waits for the vault, if that is elsewhere.
pub(crate) fn outbox(vault: Arc<Vault>, data: &Path) -> Outbox {
    Outbox::open(vault, vault_path(data).join(".outbox"))
}

/// What is kept of versions: on this disk, and on its way to the vault.
pub(crate) fn store(outbox: &Arc<Outbox>, config: &Config) -> Result<Store, Failure> {
    let disk = Vault::open(vault_path(&config.data))?;
    let store = Store::new(Arc::new(disk), outbox.clone());
    Ok(match config.journal.nats {
        Some(_) => store.shared(),
        None => store,
    })
}

fn no_workspace(folder: &Path) -> Failure {
    let message = format!(
        "`{}` is no workspace: it has no {WORKSPACE_FILE}",
        folder.display()
    );
    Failure::new("no_workspace", Exit::NotFound, message)
        .with_hint("make one with `luthier init DIR`, or name one with --workspace".to_owned())
}

/// The newest seal that the vault remembers.
pub(crate) fn recall_witness(vault: &Vault) -> Result<Option<Witness>, Failure> {
    let kept = vault.get(&witness_key())?;
    kept.as_deref().map(parse_witness).transpose()
}

/// Refuses when the journal does not hold the seal that the vault remembers: a newer one must not
/// take its place, or the evidence of a cut would be gone.
pub(crate) async fn confirm_witness(
    journal: &dyn Journal,
    kept: Option<Witness>,
) -> Result<(), Failure> {
    let Some(kept) = kept else {
        return Ok(());
    };
    let query = Query {
        after: kept.seq.saturating_sub(1),
        until: kept.seq,
        limit: 1,
        ..Query::all()
    };
    let found = journal.read(query).await?;
    if found.first().is_some_and(|event| event.hash == kept.hash) {
        return Ok(());
    }
    let text = format!(
        "the journal does not hold the seal {} that the vault remembers",
        kept.seq
    );
    Err(Failure::new("witness_contradicted", Exit::Damaged, text)
        .with_hint("run `luthier ledger verify`, and restore the journal from a copy".to_owned()))
}

/// Remembers a seal outside the journal, unless a newer one is remembered already, by whichever
/// process. One that cannot be read stays for whoever looks into it.
pub(crate) fn keep_witness(vault: &Vault, witness: &Witness) -> Result<(), Failure> {
    let bytes = serde_json::to_vec(witness).expect("a witness is plain data");
    vault.put_if(&witness_key(), &bytes, |kept| {
        let kept = kept.map(parse_witness).transpose()?;
        Ok::<_, Failure>(kept.is_none_or(|kept| kept.seq < witness.seq))
    })?;
    Ok(())
}

fn parse_witness(bytes: &[u8]) -> Result<Witness, Failure> {
    serde_json::from_slice(bytes).map_err(|source| {
        Failure::new("witness_damaged", Exit::Damaged, DamagedWitness { source }).with_hint(
            format!("restore `{WITNESS}` of the vault, or delete it to rest on the journal alone"),
        )
    })
}

/// The vault's memory of the newest seal cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the newest seal in the vault, `{WITNESS}`, cannot be read")]
struct DamagedWitness {
    source: serde_json::Error,
}

fn witness_key() -> Key {
    WITNESS.parse().expect("the witness has a valid key")
}
