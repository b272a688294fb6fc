//! What must not wait behind work: interrupts, cancellations, results of nested calls, and the end
//! of the pool.

use std::{io, os::unix::net::UnixStream, sync::Arc, thread};

use pyo3::{Py, PyAny, Python};

use crate::frame::{Frame, FrameError, Kind, ResultHeader};

use super::{
    process::{self, Process},
    streams::{Filled, Inbox},
};

/// Where the control thread finds the event loop, in a worker that has one.
pub(super) type Stopper = Option<Py<PyAny>>;

/// Starts the thread. It lives as long as the process.
pub(super) fn spawn(
    process: &Arc<Process>,
    stream: UnixStream,
    stopper: Stopper,
) -> io::Result<()> {
    let process = Arc::clone(process);
    thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || {
            let mut inbox = Inbox::new(stream);
            // Ends when the pool closes the stream or breaks its rules: a worker without a pool, and
            // what its tools have started, must not stay behind.
            while serve(&process, &mut inbox, stopper.as_ref()).is_ok_and(|goes_on| goes_on) {}
            process::end_group();
        })?;
    Ok(())
}

fn serve(
    process: &Process,
    inbox: &mut Inbox,
    stopper: Option<&Py<PyAny>>,
) -> Result<bool, FrameError> {
    while let Some(frame) = inbox.take()? {
        act(process, frame, stopper)?;
    }
    Ok(matches!(inbox.fill(), Ok(Filled::Some)))
}

fn act(process: &Process, frame: Frame, stopper: Option<&Py<PyAny>>) -> Result<(), FrameError> {
    match frame.kind {
        Kind::Interrupt | Kind::Cancel => {
            process.stop(frame.id);
            if let Some(stopper) = stopper {
                // The loop may be closed when the worker is ending; then nothing runs any more.
                drop(Python::attach(|py| stopper.call1(py, (frame.id,))));
            }
        }
        Kind::Flush => process.outbox.flush(),
        Kind::CallResult => {
            let header: ResultHeader = frame.read()?;
            let result = header.error.map_or_else(|| Ok(frame.body.clone()), Err);
            process.mailbox.deliver(header.nested, result);
        }
        Kind::NestedCall => process.mailbox.deliver_call(frame),
        kind => return Err(FrameError::Kind { byte: kind as u8 }),
    }
    Ok(())
}
