//! A version that is not released yet, started for whoever proves it.

use python::Pool;
use runner::{Candidate, Proposed};

use crate::{config::Config, failure::Failure, up::start_workers};

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
    let candidate = Candidate::start(workers.clone(), &config.runner.runner, proposed);
    Ok(candidate.await?)
}
