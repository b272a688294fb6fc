//! The worker process: a Python that loads code, runs calls and says how they ended.
//!
//! The main thread takes frames off the stream of work and runs them in order, or, in a worker for
//! `async def`, runs an event loop that does. A second thread takes what must not wait behind
//! work (interrupts, results of nested calls) off a stream of its own and ends the process when
//! the pool is gone.

mod control;
mod embedded;
mod failure;
mod info;
mod interpreter;
mod looping;
mod nested;
mod output;
mod process;
mod rails;
mod redirect;
mod serve;
mod streams;
mod warm;

use std::{io, os::unix::net::UnixStream, process::ExitCode, sync::Arc};

use pyo3::{PyErr, Python};

use crate::frame::FrameError;

pub(crate) use embedded::sources;
pub use warm::{Warm, WarmError};

use self::process::Process;

/// Why a worker could not start, or stopped. It is the last line on its standard error, which the
/// pool reports.
#[derive(Debug, thiserror::Error)]
enum WorkerError {
    #[error("this is not started by a person: the pool of workers does")]
    NotAWorker,
    #[error("the pool's streams are unusable: {0}")]
    Io(#[from] io::Error),
    #[error("the pool sent what is not a frame: {0}")]
    Frame(#[from] FrameError),
    #[error("Python did not start: {0}")]
    Interpreter(String),
    #[error(
        "this program was built with Python {built} but runs with {running}: build it again with \
         PYO3_PYTHON naming the interpreter to use"
    )]
    WrongPython {
        built: &'static str,
        running: String,
    },
    #[error("no rails can be put up: {0}")]
    Rails(String),
    #[error("Python failed outside any call: {0}")]
    Python(#[from] PyErr),
}

/// Runs a worker until the pool goes away: the whole program of the hidden subcommand
/// `python-worker`, to be called before anything else touches standard input or output.
pub fn worker_main() -> ExitCode {
    told(run())
}

fn told(result: Result<(), WorkerError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error is the pool's log of this worker: there is nobody else to tell.
            drop(io::Write::write_all(
                &mut io::stderr(),
                format!("{error}\n").as_bytes(),
            ));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), WorkerError> {
    let streams = process::begin(process::data_bytes_now()?)?;
    interpreter::start()?;
    serve(streams, || Ok(()))
}

/// Serves on streams that were taken over. `hold` is called last before anybody's code.
fn serve(
    (process, work, control): (Process, Arc<UnixStream>, UnixStream),
    hold: impl FnOnce() -> Result<(), WorkerError>,
) -> Result<(), WorkerError> {
    let process = Arc::new(process);
    Python::attach(|py| {
        let host = serve::Host::import(py, Arc::clone(&process))?;
        // Before there is another thread, and before anybody's code.
        let guard = rails::put_up(py, &process)?;
        hold()?;
        control::spawn(&process, control, host.looping(py)?)?;
        process.announce(Python::version_str(), guard)?;
        if process.is_async {
            looping::run(py, &host, work)
        } else {
            serve::run(py, &host, work)
        }
    })
}
