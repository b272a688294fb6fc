//! `luthier man DIR`: a manual page for each command.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use crate::{cli::Cli, failure::Failure, session::create_folder};

#[derive(Args, Clone, Debug)]
pub(crate) struct ManArgs {
    /// Where to write them
    pub(crate) dir: PathBuf,
}

pub(crate) fn run(args: &ManArgs) -> Result<(), Failure> {
    create_folder(&args.dir)?;
    clap_mangen::generate_to(Cli::command(), &args.dir)
        .map_err(|error| Failure::io(&format!("write to `{}`", args.dir.display()), error))
}
