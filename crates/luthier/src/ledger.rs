//! What keeps the ledger of a workspace: a file in its data folder, or a stream that machines share.

use std::{path::Path, sync::Arc};

use journal::{NatsJournal, OpenJournal, OpenOptions, SqliteJournal};

use crate::{
    archives::VaultArchives, config::Config, exit::Exit, failure::Failure, session::journal_path,
};

/// A ledger that is open.
#[derive(Clone)]
pub(crate) enum Ledger {
    File(Arc<SqliteJournal>),
    Shared(Arc<NatsJournal>),
}

impl Ledger {
    /// Where there is none it is made.
    pub(crate) async fn open(config: &Config, data: &Path) -> Result<Self, Failure> {
        match &config.journal.nats {
            Some(nats) => {
                let opening = Box::pin(NatsJournal::open(nats.clone()));
                Ok(Self::Shared(opening.await?))
            }
            None => Self::open_file(config, data).map(Self::File),
        }
    }

    /// The file, wherever the configuration says that the ledger is.
    pub(crate) fn open_file(config: &Config, data: &Path) -> Result<Arc<SqliteJournal>, Failure> {
        let options = OpenOptions {
            archives: Some(Arc::new(VaultArchives::of(&config.vault, data))),
            ..OpenOptions::new(journal_path(data))
        };
        Ok(SqliteJournal::open(options)?)
    }

    pub(crate) fn journal(&self) -> Arc<dyn OpenJournal> {
        match self {
            Self::File(journal) => journal.clone(),
            Self::Shared(journal) => journal.clone(),
        }
    }

    /// The file, for what needs one.
    pub(crate) fn file(&self, what: &str) -> Result<&Arc<SqliteJournal>, Failure> {
        match self {
            Self::File(journal) => Ok(journal),
            Self::Shared(_) => {
                let message =
                    format!("{what} needs a file, and this ledger is a stream of JetStream");
                Err(Failure::new("no_file", Exit::Usage, message).with_hint(
                    "copy it, and ask the copy: `luthier ledger migrate nats sqlite --data DIR`, then `--data DIR` with `LUTHIER_JOURNAL_NATS=`"
                        .to_owned(),
                ))
            }
        }
    }
}

/// Is there a ledger already, as far as that can be seen without asking a server?
pub(crate) fn is_there(config: &Config, data: &Path) -> bool {
    config.journal.nats.is_some() || journal_path(data).exists()
}
