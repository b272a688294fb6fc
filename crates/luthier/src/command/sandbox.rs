//! `luthier sandbox …`: what candidates are tried in, for people to try.

mod bench;
mod doctor;
mod run;

use clap::{Subcommand, ValueEnum};
use sandbox::Tier;

pub(crate) use self::doctor::all as fitness;
use self::{bench::BenchArgs, run::RunArgs};
use crate::{exit::Exit, failure::Failure, session::Session};

#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Try a module as a candidate: the gate, then a sandbox
    Run(RunArgs),
    /// Measure both sandboxes here
    Bench(BenchArgs),
    /// Say what each sandbox enforces here, or why it cannot be used
    Doctor,
}

/// The sandboxes, as people name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TierName {
    Wasm,
    Native,
}

impl From<TierName> for Tier {
    fn from(name: TierName) -> Self {
        match name {
            TierName::Wasm => Self::Wasm,
            TierName::Native => Self::Native,
        }
    }
}

pub(crate) fn run(session: &Session, command: SandboxCommand) -> Result<Exit, Failure> {
    match command {
        SandboxCommand::Run(args) => run::run(session, &args),
        SandboxCommand::Bench(args) => bench::run(session, &args).map(|()| Exit::Success),
        SandboxCommand::Doctor => doctor::run(session),
    }
}
