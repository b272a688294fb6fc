//! `luthier completions SHELL`

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::{cli::Cli, failure::Failure, session::Session};

#[derive(Args, Clone, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell to complete for
    pub(crate) shell: Shell,
}

pub(crate) fn run(session: &Session, args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "luthier", &mut script);
    session.output.text(&String::from_utf8_lossy(&script))
}
