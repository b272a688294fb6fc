//! Configuration: flag, then `LUTHIER_*`, then the workspace's `luthier.toml`, then the user's
//! file, then the default. Each value knows where it came from.

mod architect;
mod file;
mod journal;
mod keys;
mod layers;
#[cfg(test)]
mod tests;
mod typed;

pub(crate) use architect::{ArchitectSettings, ProviderKind};
pub(crate) use file::FileError;
pub(crate) use journal::JournalSettings;
pub(crate) use keys::{Key, Kind, keys};
pub(crate) use layers::{ConfigError, Flags, Layers, Origin, Settings, variable};
pub(crate) use typed::{Config, HttpConfig, RunnerSettings, TelemetrySettings, VaultSettings};
