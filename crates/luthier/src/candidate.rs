//! A version that is not released yet, started for whoever proves it.

use std::{sync::Arc, time::Duration};

use clap::ValueEnum;
use python::Pool;
use runner::{Candidate, Proposed};
use vault::{ArrayStore, Store, Vault};

use crate::{
    SANDBOX_HOST,
    config::Config,
    environment::Environment,
    failure::Failure,
    sandboxes,
    session::vault_path,
    up::{start_workers, worker_settings},
};

/// What runs the tools of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Place {
    /// The workers that serve.
    Serving,
    /// The same, held to reading and computing.
    Rails,
    /// Python compiled to Wasm: nothing of the machine is there, and no third-party package.
    Wasm,
}

/// Starts what runs the tools of candidates.
pub(crate) fn workers_in(
    place: Place,
    config: &Config,
    environment: &Environment,
) -> Result<Pool, Failure> {
    let settings = worker_settings(config)?;
    let settings = match place {
        Place::Serving => settings,
        Place::Rails => python::Settings {
            rails: true,
            ..settings
        },
        Place::Wasm => {
            let cache = sandboxes::cache(config, environment);
            let mut arguments = vec![SANDBOX_HOST.into(), "--worker".into(), "--cache".into()];
            arguments.push(cache.into());
            if let Some(component) = &config.sandbox.component {
                arguments.extend(["--component".into(), component.into()]);
            }
            python::Settings {
                arguments,
                wheels: None,
                start_deadline: WASM_START_MAX,
                ..settings
            }
        }
    };
    Pool::start(settings).map_err(|error| Failure::io("start what runs tools", error))
}

/// The first one of a build compiles its component.
const WASM_START_MAX: Duration = Duration::from_mins(2);

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
