//! What must not wait behind work: interrupts, cancellations, results of nested calls, and the end
//! of the pool.

use std::{io, os::unix::net::UnixStream, sync::Arc, thread};

use pyo3::{Py, PyAny, Python};

use crate::frame::{Frame, FrameError, Kind, ResultHeader};

use super::{
    looping,
    process::{self, Process},
    streams::{Filled, Inbox},
};

/// Where the control thread finds the event loop, in a worker that has one.
pub(super) type Remote = Option<Py<PyAny>>;

/// Starts the thread. It lives as long as the process.
pub(super) fn spawn(
    process: &Arc<Process>,
    stream: UnixStream,
    event_loop: Remote,
) -> io::Result<()> {
    let process = Arc::clone(process);
    thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || {
            let mut inbox = Inbox::new(Arc::new(stream));
            // Ends when the pool closes the stream or breaks its rules: a worker without a pool, and
            // what its tools have started, must not stay behind.
            while serve(&process, &mut inbox, event_loop.as_ref()).is_ok_and(|goes_on| goes_on) {}
            process::end_group();
        })?;
    Ok(())
}

fn serve(
    process: &Process,
    inbox: &mut Inbox,
    event_loop: Option<&Py<PyAny>>,
) -> Result<bool, FrameError> {
    while let Some(frame) = inbox.take()? {
        act(process, frame, event_loop)?;
    }
    Ok(matches!(inbox.fill(), Ok(Filled::Some)))
}

fn act(process: &Process, frame: Frame, event_loop: Option<&Py<PyAny>>) -> Result<(), FrameError> {
    match frame.kind {
        Kind::Interrupt | Kind::Cancel => {
            process.stop(frame.id);
            if let Some(event_loop) = event_loop {
                Python::attach(|py| looping::cancel(py, event_loop, frame.id));
            }
        }
        Kind::Flush => process.outbox.flush(),
        Kind::CallResult => {
            let header: ResultHeader = frame.read()?;
            let result = header.error.map_or_else(|| Ok(frame.body.clone()), Err);
            let for_future = process.mailbox.deliver(header.nested, result);
            if let (Some(result), Some(event_loop)) = (for_future, event_loop) {
                Python::attach(|py| looping::deliver(py, event_loop, header.nested, result));
            }
        }
        Kind::Dump => process.dump(),
        Kind::NestedCall => {
            if let Some(frame) = process.mailbox.deliver_call(frame) {
                process.skip(frame.id);
                process.outbox.flush();
            }
        }
        kind => return Err(FrameError::Kind { byte: kind as u8 }),
    }
    Ok(())
}
