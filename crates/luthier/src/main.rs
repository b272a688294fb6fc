//! The one binary: command line, configuration, supervision of the roles it serves.
//! It is the only crate that knows more than one role, reads the environment and exits; it holds no
//! logic of a role or a store. Start at [`cli::Command`], then `command/`, then `up/`.

mod adjust;
mod architecting;
mod archives;
mod candidate;
mod cli;
mod command;
mod config;
mod draft;
mod environment;
mod exit;
mod failpoint;
mod failure;
mod ledger;
mod live;
mod output;
mod pen;
mod proof;
mod releasing;
mod sandboxes;
mod session;
mod up;
mod witness;
mod workspace;

use std::{ffi::OsStr, process::ExitCode};

use clap::Parser as _;

use crate::{
    cli::Cli, environment::Environment, exit::Exit, failure::Failure, output::Output,
    session::Session,
};

/// Documents are trees of small allocations, made on one thread and freed on another: glibc's
/// allocator spends several times longer on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The words that make this program a process that runs tools, or candidates.
pub(crate) const PYTHON_WORKER: &str = "python-worker";
pub(crate) const ZYGOTE: &str = "zygote";
pub(crate) const SANDBOX_HOST: &str = "sandbox-host";

fn main() -> ExitCode {
    // The allocator asks for huge pages, of which a process at rest uses a corner each: they made it
    // three times as large. What is started by this one inherits the choice. Where it is refused,
    // all else is the same.
    let _unless_refused = rustix::thread::disable_transparent_huge_pages(true);
    // Before anything touches the standard streams, which are not for people there.
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next().as_deref().and_then(OsStr::to_str) {
        Some(PYTHON_WORKER) => return python::worker_main(),
        Some(ZYGOTE) => return sandbox::zygote_main(arguments),
        Some(SANDBOX_HOST) => return sandbox::host_main(arguments),
        Some(pen::PEN) => return pen::main(arguments),
        _ => {}
    }
    let environment = Environment::of_process();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse_command_line(&error),
    };
    let global = &cli.global;
    let is_refused = environment.is_colour_refused();
    let output = Output::new(global.json, global.quiet, global.color, is_refused);
    let session = Session::new(cli.global, environment, output);
    let armed = failpoint::arm(&session.environment);
    match armed.and_then(|()| command::run(cli.command, &session)) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(failure) => report(&failure, output),
    }
}

/// Says what went wrong: to scripts on stdout, to people on stderr.
fn report(failure: &Failure, output: Output) -> ExitCode {
    if failure.is_broken_pipe() {
        return ExitCode::from(Exit::Success.code());
    }
    if output.is_json {
        // That stdout is gone too changes nothing about the exit code.
        drop(output.json_line(&failure.to_json()));
    } else {
        output::complain(&failure.render(output.is_stderr_coloured()));
    }
    ExitCode::from(failure.exit().code())
}

/// Help and versions are answers; everything else is a mistake in the command line.
fn refuse_command_line(error: &clap::Error) -> ExitCode {
    let is_json = std::env::args_os().any(|argument| argument == "--json");
    if error.use_stderr() && is_json {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default();
        let message = message
            .strip_prefix("error: ")
            .unwrap_or(message)
            .to_owned();
        let failure = Failure::usage(message).with_hint("see `luthier --help`".to_owned());
        let output = Output::new(true, true, output::ColourChoice::Never, true);
        return report(&failure, output);
    }
    // clap writes to the right stream, in colour where that is wanted.
    drop(error.print());
    let exit = if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Success
    };
    ExitCode::from(exit.code())
}
