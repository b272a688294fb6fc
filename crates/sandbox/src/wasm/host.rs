//! The program of the hidden subcommand `sandbox-host`.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use crate::native::be_nice;

use super::{component::ComponentError, nursery, process, worker};

/// Why a host could not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum HostError {
    #[error("this is not started by a person: whoever runs candidates does")]
    NotAHost,
    #[error("`{0}` is no argument of sandbox-host, or has no value")]
    Argument(String),
    #[error("name a folder for compiled components: --cache DIR")]
    NoCache,
    #[error("the streams are unusable: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Component(#[from] ComponentError),
    #[error("{0}")]
    Ended(String),
}

/// What it was started with.
pub(super) struct Arguments {
    pub(super) component: Option<PathBuf>,
    pub(super) cache: PathBuf,
    /// Is this one cell by itself, started as a worker is?
    pub(super) is_worker: bool,
    /// How far others go first.
    niceness: i32,
}

/// Runs cells until whoever started it goes away: to be called before anything else touches standard
/// input or output. Arguments: `--cache DIR`, where compiled components are kept, `--component FILE`,
/// `--nice NUMBER`, and `--worker` for one cell that is started as a worker is.
pub fn host_main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            // Standard error is read by whoever started this: there is nobody else to tell.
            drop(io::stderr().write_all(format!("{error}\n").as_bytes()));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<ExitCode, HostError> {
    let arguments = Arguments::parse(arguments.into_iter())?;
    process::harden(arguments.is_worker)?;
    be_nice(arguments.niceness);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Running code takes its turn often, and streams and timers are looked at between turns.
        .event_interval(1)
        .build()?;
    if arguments.is_worker {
        runtime.block_on(worker::run(&arguments))
    } else {
        runtime.block_on(nursery::run(arguments))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Arguments {
    fn parse(mut given: impl Iterator<Item = OsString>) -> Result<Self, HostError> {
        let (mut component, mut cache, mut is_worker, mut niceness) = (None, None, false, 0);
        while let Some(word) = given.next() {
            let name = word.to_string_lossy().into_owned();
            if name == "--worker" {
                is_worker = true;
                continue;
            }
            let value = given.next().ok_or(HostError::Argument(name.clone()))?;
            match &*name {
                "--component" => component = Some(value.into()),
                "--cache" => cache = Some(value.into()),
                "--nice" => niceness = value.to_string_lossy().parse().unwrap_or(0),
                _ => return Err(HostError::Argument(name)),
            }
        }
        Ok(Self {
            component,
            cache: cache.ok_or(HostError::NoCache)?,
            is_worker,
            niceness,
        })
    }
}
