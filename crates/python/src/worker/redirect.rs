//! What tools print: `sys.stdout` and `sys.stderr` become log entries of the call that wrote.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use pyo3::{prelude::*, sync::PyOnceLock, types::PyDict};

use crate::frame::{self, Kind, LogHeader};

use super::{
    info::{LOG_CHARS_MAX, import},
    process::{self, Process},
};

/// Text of the call whose line has not ended yet.
#[derive(Default)]
pub(super) struct Lines {
    has_partial: AtomicBool,
    partial: Mutex<Vec<(u64, &'static str, String)>>,
}

const STREAMS: &str = "
import faulthandler, io, signal, sys

class Stream(io.TextIOBase):
    'Text that becomes log entries.'
    encoding = 'utf-8'
    errors = 'replace'
    line_buffering = True

    def __init__(self, descriptor, write):
        self.descriptor = descriptor
        self._write = write
        self.buffer = io.FileIO(descriptor, 'wb', closefd=False)
        self.name = '<stdout>' if descriptor == 1 else '<stderr>'

    def write(self, text):
        self._write(self.descriptor, text)
        return len(text)

    def writable(self):
        return True

    def fileno(self):
        return self.descriptor

sys.stdout = sys.__stdout__ = Stream(1, write)
sys.stderr = sys.__stderr__ = Stream(2, write)
signal.signal(stop_signal, on_stop)
faulthandler.register(dump_signal, file=2, all_threads=False)
";

/// The call that this code runs for, in a worker whose calls take turns.
pub(super) fn context_variable(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CALL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let variable = CALL.get_or_try_init(py, || -> PyResult<Py<PyAny>> {
        let defaults = PyDict::new(py);
        defaults.set_item("default", 0)?;
        let class = import(py, "contextvars", "ContextVar")?;
        Ok(class.call(("luthier_call",), Some(&defaults))?.unbind())
    })?;
    Ok(variable.bind(py))
}

fn current_call(py: Python<'_>, process: &Process) -> PyResult<u64> {
    if process.is_async {
        return context_variable(py)?.call_method0("get")?.extract();
    }
    Ok(process.running().load(Ordering::SeqCst))
}

#[pyclass(frozen)]
struct Writer(Arc<Process>);

#[pymethods]
impl Writer {
    fn __call__(&self, py: Python<'_>, descriptor: i32, text: &str) -> PyResult<()> {
        let stream = if descriptor == 1 { "stdout" } else { "stderr" };
        let id = current_call(py, &self.0)?;
        write(&self.0, id, stream, text);
        Ok(())
    }
}

/// Raises in the running call when it is one that was stopped.
#[pyclass(frozen)]
struct OnStop(Arc<Process>);

#[pymethods]
impl OnStop {
    fn __call__(&self, py: Python<'_>, _signal: i32, _frame: &Bound<'_, PyAny>) -> PyResult<()> {
        let id = current_call(py, &self.0)?;
        if id != 0 && self.0.is_stopped(id) {
            return Err(super::failure::Stopped::new_err("the call was stopped"));
        }
        Ok(())
    }
}

/// The code that does it, made once in a process.
fn streams(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let code = CODE.get_or_try_init(py, || -> PyResult<Py<PyAny>> {
        let compile = import(py, "builtins", "compile")?;
        Ok(compile.call1((STREAMS, "<streams>", "exec"))?.unbind())
    })?;
    Ok(code.bind(py))
}

/// Does what can be done before a fork.
pub(super) fn prepare(py: Python<'_>) -> PyResult<()> {
    streams(py)?;
    py.import("faulthandler")?;
    py.import("signal")?;
    py.get_type::<Writer>();
    py.get_type::<OnStop>();
    Ok(())
}

/// Redirects the streams and listens for the signal that stops calls.
pub(super) fn install(py: Python<'_>, process: &Arc<Process>) -> PyResult<()> {
    let namespace = PyDict::new(py);
    namespace.set_item("write", Bound::new(py, Writer(Arc::clone(process)))?)?;
    namespace.set_item("on_stop", Bound::new(py, OnStop(Arc::clone(process)))?)?;
    namespace.set_item("stop_signal", process::stop_signal())?;
    namespace.set_item("dump_signal", process::dump_signal())?;
    import(py, "builtins", "exec")?.call1((streams(py)?, &namespace))?;
    super::failure::publish(&py.import("luthier")?)
}

fn write(process: &Process, id: u64, stream: &'static str, text: &str) {
    let mut partial = lock(&process.lines);
    let place = partial
        .iter()
        .position(|(of, on, _)| *of == id && *on == stream);
    let mut line = place
        .map(|place| partial.swap_remove(place).2)
        .unwrap_or_default();
    let mut wrote = false;
    for piece in text.split_inclusive('\n') {
        line.push_str(piece);
        if line.ends_with('\n') || line.len() > LOG_CHARS_MAX {
            push(process, id, stream, &line);
            line.clear();
            wrote = true;
        }
    }
    if !line.is_empty() {
        partial.push((id, stream, line));
        process.lines.has_partial.store(true, Ordering::Relaxed);
    }
    drop(partial);
    if wrote {
        process.outbox.flush();
    }
}

/// Sends the lines that a call has begun and not ended.
pub(super) fn end_lines(process: &Process, id: u64) {
    if !process.lines.has_partial.load(Ordering::Relaxed) {
        return;
    }
    let mut partial = lock(&process.lines);
    for (_, stream, line) in partial.extract_if(.., |(of, ..)| *of == id) {
        push(process, id, stream, &line);
    }
    process
        .lines
        .has_partial
        .store(!partial.is_empty(), Ordering::Relaxed);
}

fn push(process: &Process, id: u64, stream: &str, line: &str) {
    for piece in pieces(line.trim_end_matches(['\n', '\r'])) {
        let header = LogHeader {
            level: "info".to_owned(),
            message: piece.to_owned(),
            stream: Some(stream.to_owned()),
            fields: serde_json::Map::new(),
        };
        process
            .outbox
            .push(&frame::one(Kind::Log, id, &header, &[]));
    }
}

/// A line as it is, or in parts if it is longer than an entry may be; an empty one is one, too.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while rest.len() > LOG_CHARS_MAX {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(LOG_CHARS_MAX));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

fn lock(lines: &Lines) -> MutexGuard<'_, Vec<(u64, &'static str, String)>> {
    lines.partial.lock().unwrap_or_else(PoisonError::into_inner)
}
