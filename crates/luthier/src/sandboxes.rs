//! The sandboxes, as they are configured here.

use std::path::PathBuf;

use sandbox::{Sandbox, Settings, Tier, Unfit};

use crate::{
    SANDBOX_HOST, ZYGOTE, config::Config, environment::Environment, exit::Exit, failure::Failure,
};

/// Nothing is started yet.
pub(crate) fn sandbox(config: &Config, environment: &Environment) -> Result<Sandbox, Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::io("find itself", error))?;
    let defaults = Settings::new(program, cache(config, environment));
    let configured = &config.sandbox;
    Ok(Sandbox::new(Settings {
        zygote: vec![ZYGOTE.into()],
        host: vec![SANDBOX_HOST.into()],
        component: configured.component.clone(),
        cells_max: configured.cells.unwrap_or(defaults.cells_max),
        cells_per_second_max: configured.cells_per_second_max,
        niceness: configured.niceness,
        ..defaults
    }))
}

/// Where the compiled component is kept: with the person's, so that workspaces share it.
pub(crate) fn cache(config: &Config, environment: &Environment) -> PathBuf {
    let own = || config.data.join("sandbox");
    let cache = environment.cache_folder();
    cache.map_or_else(own, |cache| cache.join("luthier").join("sandbox"))
}

pub(crate) const TIERS: [Tier; 2] = [Tier::Wasm, Tier::Native];

impl From<Unfit> for Failure {
    fn from(unfit: Unfit) -> Self {
        let hint = unfit.hint.clone();
        Self::new("sandbox_unfit", Exit::Unavailable, unfit).with_hint(hint)
    }
}
