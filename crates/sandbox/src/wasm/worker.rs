//! One cell as a process of its own, which is started as a worker is.

use std::{
    io::{self, Write as _},
    os::{fd::AsFd as _, unix::net::UnixStream as Socket},
    process::ExitCode,
};

use rustix::net::SocketType;
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

use crate::packet::{Bounds, Why};

use super::{
    cell::{self, Streams},
    component::{ComponentError, Source},
    engine::{Counting, Machine},
    host::{Arguments, HostError},
    process,
};

/// What one call may print; the pool bounds what it keeps of that.
const OUTPUT_BYTES_MAX: u64 = 64 << 20;
/// A worker lives until the pool lets go of it.
const LIFE_MS_MAX: u64 = 1000 * 60 * 60 * 24 * 365;

/// Standard input is the stream of work, standard output the control stream, standard error the log.
pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, HostError> {
    let work = stream(0)?;
    // The pool reads the log for the last time when this is closed: not before the last word is written.
    let _until_all_is_said = work.as_fd().try_clone_to_owned()?;
    let control = stream(1)?;
    process::clear_standard_streams()?;
    let machine = Source::find(arguments.component.as_deref())
        .and_then(|source| Machine::set_up(&source, Counting::Nothing, &arguments.cache));
    let machine = machine.map_err(|error| with_hint(&error))?;
    let bounds = Bounds {
        // What the pool said in its first frame counts.
        memory_bytes_max: u64::MAX,
        output_bytes_max: OUTPUT_BYTES_MAX,
        fuel_max: None,
        threads_max: 1,
        open_files_max: 0,
        life_ms_max: LIFE_MS_MAX,
    };
    let streams = Streams { work, control };
    let end = cell::live(streams, &machine, bounds, &CancellationToken::new()).await;
    let reason = match end.why {
        None | Some(Why::Order) => None,
        Some(Why::Memory) => Some("it asked for more memory than it may have".to_owned()),
        Some(Why::Output) => Some("it said more than it may".to_owned()),
        Some(Why::Fuel | Why::Life) => Some("its time was up".to_owned()),
        Some(Why::Trap(reason)) => Some(reason),
        Some(Why::Forged(reason)) => Some(format!("it said what only its host may say: {reason}")),
    };
    if let Some(reason) = reason {
        io::stderr().write_all(format!("{reason}\n").as_bytes())?;
        return Ok(ExitCode::FAILURE);
    }
    let code = end.code.unwrap_or(0);
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn stream(descriptor: i32) -> Result<UnixStream, HostError> {
    let socket = Socket::from(process::take_socket(descriptor, SocketType::STREAM)?);
    socket.set_nonblocking(true)?;
    Ok(UnixStream::from_std(socket)?)
}

/// In one line: it is the last of the log, which is all that the pool shows.
fn with_hint(error: &ComponentError) -> HostError {
    HostError::Ended(format!("{error}; {}", error.hint()))
}
