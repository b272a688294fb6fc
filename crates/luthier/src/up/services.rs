//! The parts of the process that supervision looks after.

mod http;
mod journal;
mod runner;
mod state;
mod telemetry;
mod vault;

use supervision::{Limits, ServiceSettings};

pub(crate) use self::journal::free_bytes;
pub(super) use self::{
    http::HttpService,
    journal::{JournalKnobs, JournalService},
    runner::RunnerService,
    state::{NAME as STATE, StateKnobs, StateService},
    telemetry::TelemetryService,
    vault::{VaultHealth, VaultService},
};

/// Everything that can be adjusted while the program runs, known without starting it.
pub(crate) fn catalogue() -> Vec<ServiceSettings> {
    vec![
        ServiceSettings {
            service: journal::NAME,
            settings: journal::SETTINGS,
        },
        ServiceSettings {
            service: state::NAME,
            settings: state::SETTINGS,
        },
        ServiceSettings {
            service: Limits::SERVICE,
            settings: Limits::SETTINGS,
        },
    ]
}

/// The setting that a service was told to take, as the whole number that its bounds make it.
fn whole(value: &supervision::SettingValue) -> u64 {
    value.as_integer().map_or(0, i64::unsigned_abs)
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
