//! A version that is not released yet, started for whoever proves it.

use std::sync::Arc;

use python::Pool;
use runner::{Candidate, Proposed};
use vault::{ArrayStore, Store, Vault};

use crate::{config::Config, failure::Failure, session::vault_path, up::start_workers};

/// Starts workers as they are configured here, for candidates and their base to share.
pub(crate) fn workers(config: &Config) -> Result<Pool, Failure> {
    start_workers(config)
}

/// Serves `proposed` in `workers`, beside whatever they have loaded, within the bounds that are
/// configured here. The answer says how to speak to it: [`Candidate::connect`],
/// [`Candidate::tools`], [`Candidate::shut_down`].
pub(crate) async fn start(
    workers: &Pool,
    config: &Config,
    proposed: Proposed,
) -> Result<Candidate, Failure> {
    let proposed = Proposed {
        arrays: arrays(config)?,
        ..proposed
    };
    let candidate = Candidate::start(workers.clone(), &config.runner.runner, proposed);
    // In a box: whoever proves awaits it in the midst of much else.
    Ok(Box::pin(candidate).await?)
}

/// What a state document may name that was tuned here.
fn arrays(config: &Config) -> Result<Option<ArrayStore>, Failure> {
    let folder = vault_path(&config.data);
    if !folder.is_dir() {
        return Ok(None);
    }
    let disk = Vault::open(folder)?;
    Ok(Some(ArrayStore::new(Store::of_folder(Arc::new(disk)))))
}
