//! Runs frames of work: loads code and state, and calls what they define.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    os::unix::net::UnixStream,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use bytes::Bytes;
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyString},
};

use crate::frame::{
    self, BODY_BYTES_MAX, CallHeader, Drop, Frame, FrameError, Kind, LoadCode, NumberHeader,
};

use super::{
    WorkerError,
    control::Remote,
    embedded, failure,
    info::{Beside, CallInfo},
    looping::Loop,
    process::Process,
    redirect,
    streams::{Filled, Inbox},
};

/// An answer that took longer than this is not held back for the next one to come.
const HELD_US_MAX: u128 = 50;

/// What a call is known by while it runs.
pub(super) struct Running {
    pub(super) id: u64,
    pub(super) since: Instant,
    pub(super) info: Py<CallInfo>,
    /// The session's JSON as it came.
    pub(super) session: Option<Bytes>,
}

/// How far a call is after its function returned.
pub(super) enum Step<'py> {
    /// The worker has said what became of it.
    Done,
    /// It is a coroutine that has to be run.
    Awaits(Running, Bound<'py, PyAny>),
}

/// A state document, or why Python cannot read it.
type Document = Result<Py<PyAny>, String>;

/// The Python side, and what it has loaded.
pub(super) struct Host {
    pub(super) process: Arc<Process>,
    load: Py<PyAny>,
    parse_state: Py<PyAny>,
    call: Py<PyAny>,
    /// The same, which tells the lines that ran.
    call_noted: Py<PyAny>,
    failures: failure::Classes,
    codes: RefCell<HashMap<u64, Py<PyAny>>>,
    states: RefCell<HashMap<u64, Document>>,
    pub(super) event_loop: Loop,
}

thread_local! {
    /// The main thread's host, for what Python calls back: the event loop and nested calls.
    static HOST: OnceCell<Rc<Host>> = const { OnceCell::new() };
}

/// The host of this thread; `None` in every thread but the main one.
pub(super) fn host_here() -> Option<Rc<Host>> {
    HOST.with(|host| host.get().cloned())
}

impl Host {
    pub(super) fn import(py: Python<'_>, process: Arc<Process>) -> PyResult<Rc<Self>> {
        embedded::install(py)?;
        let host = py.import("luthier._host")?;
        redirect::install(py, &process)?;
        let host = Rc::new(Self {
            load: host.getattr("load")?.unbind(),
            parse_state: host.getattr("parse_state")?.unbind(),
            call: host.getattr("call")?.unbind(),
            call_noted: host.getattr("call_noted")?.unbind(),
            failures: failure::Classes::import(py, &host)?,
            codes: RefCell::default(),
            states: RefCell::default(),
            event_loop: Loop::new(),
            process,
        });
        HOST.with(|here| here.get_or_init(|| Rc::clone(&host)).clone());
        Ok(host)
    }

    /// The event loop that the control thread speaks to, in a worker that runs one.
    pub(super) fn looping(&self, py: Python<'_>) -> PyResult<Remote> {
        if self.process.is_async {
            Ok(Some(self.event_loop.get(py)?.clone().unbind()))
        } else {
            Ok(None)
        }
    }

    /// Does what one frame of work asks for.
    pub(super) fn act<'py>(
        &self,
        py: Python<'py>,
        frame: &Frame,
    ) -> Result<Step<'py>, WorkerError> {
        match frame.kind {
            Kind::Call | Kind::NestedCall => return self.begin(py, frame),
            Kind::LoadCode => self.load_code(py, frame)?,
            Kind::LoadState => self.load_state(py, frame)?,
            Kind::Drop => self.forget(py, frame)?,
            kind => return Err(FrameError::Kind { byte: kind as u8 }.into()),
        }
        Ok(Step::Done)
    }

    fn load_code(&self, py: Python<'_>, frame: &Frame) -> Result<(), WorkerError> {
        let header: LoadCode = frame.read()?;
        self.process.begin_call(frame);
        let outer = self.process.running().swap(frame.id, Ordering::SeqCst);
        let loaded = self.run_load(py, &header, &frame.body);
        self.process.running().store(outer, Ordering::SeqCst);
        self.process.forget_stop(frame.id);
        let out = match loaded {
            Ok((code, manifest)) => {
                self.codes.borrow_mut().insert(header.code, code);
                frame::one(
                    Kind::Loaded,
                    frame.id,
                    &NumberHeader {
                        number: header.code,
                    },
                    &[&manifest],
                )
            }
            Err(error) => {
                let problem = self.failures.load_problem(py, &error);
                frame::one(Kind::LoadFailed, frame.id, &problem, &[])
            }
        };
        self.process.outbox.push(&out);
        self.process.outbox.flush();
        Ok(())
    }

    fn run_load(
        &self,
        py: Python<'_>,
        header: &LoadCode,
        body: &[u8],
    ) -> PyResult<(Py<PyAny>, Vec<u8>)> {
        embedded::add_paths(py, &header.paths)?;
        let files = PyDict::new(py);
        let mut rest = body;
        for (path, length) in &header.files {
            let (bytes, after) = rest.split_at_checked(*length).ok_or_else(|| {
                pyo3::exceptions::PyValueError::new_err("the archive is shorter than its index")
            })?;
            files.set_item(path, PyBytes::new(py, bytes))?;
            rest = after;
        }
        let arguments = (
            &header.label,
            &header.hash,
            files,
            &header.paths,
            &header.folder,
        );
        let code = self.load.bind(py).call1(arguments)?;
        let manifest = code.call_method0("manifest")?.extract::<Vec<u8>>()?;
        if manifest.len() > BODY_BYTES_MAX {
            code.call_method0("close")?;
            return Err(failure::manifest_too_large(manifest.len()));
        }
        Ok((code.unbind(), manifest))
    }

    fn load_state(&self, py: Python<'_>, frame: &Frame) -> Result<(), WorkerError> {
        let header: NumberHeader = frame.read()?;
        let state = self
            .parse_state
            .call1(py, (PyBytes::new(py, &frame.body),))
            .map_err(|error| format!("the state document cannot be read: {error}"));
        self.states.borrow_mut().insert(header.number, state);
        Ok(())
    }

    fn forget(&self, py: Python<'_>, frame: &Frame) -> Result<(), WorkerError> {
        let header: Drop = frame.read()?;
        for number in &header.codes {
            let Some(code) = self.codes.borrow_mut().remove(number) else {
                continue;
            };
            if let Err(error) = code.call_method0(py, "close") {
                error.write_unraisable(py, Some(code.bind(py)));
            }
        }
        for number in &header.states {
            let state = self.states.borrow_mut().remove(number);
            drop(state);
        }
        Ok(())
    }

    /// Starts a call, unless it was taken back or names what is not here.
    fn begin<'py>(&self, py: Python<'py>, frame: &Frame) -> Result<Step<'py>, WorkerError> {
        let header: CallHeader<'_> = frame.read()?;
        if !self.process.begin_call(frame) {
            self.process.skip(frame.id);
            return Ok(Step::Done);
        }
        self.process.forget_stops_before(frame.id);
        let Some((code, state)) = self.find(py, &header) else {
            self.process
                .outbox
                .push(&frame::one(Kind::Missing, frame.id, &(), &[]));
            return Ok(Step::Done);
        };
        let state = match state {
            Ok(state) => state,
            Err(reason) => {
                self.process
                    .outbox
                    .push(&failure::refused(frame.id, reason));
                return Ok(Step::Done);
            }
        };
        let client_at = frame.body.len() - header.client_bytes.unwrap_or(0).min(frame.body.len());
        let client = header.client_bytes.map(|_| &frame.body[client_at..]);
        let session_at = client_at - header.session_bytes.unwrap_or(0).min(client_at);
        let session = header
            .session_bytes
            .map(|_| frame.body.slice(session_at..client_at));
        let beside = Beside {
            session: session.as_deref(),
            client,
        };
        let info = CallInfo::new(py, self, frame.id, &header, state, &beside)?;
        let info = Bound::new(py, info)?;
        let running = Running {
            id: frame.id,
            since: Instant::now(),
            info: info.clone().unbind(),
            session,
        };
        let arguments = (
            code.bind(py),
            kind_name(py, header.kind),
            PyString::new(py, &header.name),
            PyBytes::new(py, &frame.body[..session_at]),
            info,
        );
        let outer = self.process.running().swap(frame.id, Ordering::SeqCst);
        let call = if header.notes_lines {
            &self.call_noted
        } else {
            &self.call
        };
        let result = call.bind(py).call1(arguments);
        let step = match result {
            Ok(value) if !value.is_instance_of::<PyBytes>() => Step::Awaits(running, value),
            result => {
                self.process.running().store(outer, Ordering::SeqCst);
                self.finish(py, &running, result);
                return Ok(Step::Done);
            }
        };
        // A coroutine in a worker without a loop is run by the caller, still as this call.
        if self.process.is_async {
            self.process.running().store(outer, Ordering::SeqCst);
        }
        Ok(step)
    }

    fn find(&self, py: Python<'_>, header: &CallHeader<'_>) -> Option<(Py<PyAny>, Document)> {
        let code = self.codes.borrow().get(&header.code)?.clone_ref(py);
        let states = self.states.borrow();
        let state = match states.get(&header.state)? {
            Ok(state) => Ok(state.clone_ref(py)),
            Err(reason) => Err(reason.clone()),
        };
        Some((code, state))
    }

    /// Says how a call ended.
    pub(super) fn finish(
        &self,
        py: Python<'_>,
        running: &Running,
        result: PyResult<Bound<'_, PyAny>>,
    ) {
        let us = u64::try_from(running.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let out = result
            .and_then(|value| self.answer(py, running, us, &value))
            .unwrap_or_else(|error| {
                let is_stopped = self.process.is_stopped(running.id);
                let raised = self.failures.raised(py, &error, us, is_stopped);
                frame::one(Kind::Raised, running.id, &raised, &[])
            });
        redirect::end_lines(&self.process, running.id);
        self.process.forget_stop(running.id);
        self.process.outbox.push(&out);
    }

    fn answer(
        &self,
        py: Python<'_>,
        running: &Running,
        us: u64,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<Vec<u8>> {
        let value = value.cast::<PyBytes>()?.as_bytes();
        let session = running.info.get().session_json(py)?;
        let session = session.filter(|now| running.session.as_deref() != Some(now.as_slice()));
        let length = value.len() + session.as_ref().map_or(0, Vec::len);
        if length > self.process.output_bytes_max {
            return Err(failure::too_large(length, self.process.output_bytes_max));
        }
        let header = frame::AnswerHeader {
            us,
            session_bytes: session.as_ref().map(Vec::len),
        };
        let session = session.unwrap_or_default();
        Ok(frame::one(
            Kind::Answer,
            running.id,
            &header,
            &[value, &session],
        ))
    }

    /// Runs one frame to its end on this thread.
    pub(super) fn run_to_end(&self, py: Python<'_>, frame: &Frame) -> Result<(), WorkerError> {
        let outer = self.process.running().load(Ordering::SeqCst);
        if let Step::Awaits(running, awaitable) = self.act(py, frame)? {
            let result = self.event_loop.run_until_complete(py, awaitable);
            self.process.running().store(outer, Ordering::SeqCst);
            self.finish(py, &running, result);
        }
        Ok(())
    }
}

/// The kinds that the Python side tells apart, as strings that are not made anew for each call.
fn kind_name<'py>(py: Python<'py>, kind: &str) -> Bound<'py, PyString> {
    match kind {
        "tool" => pyo3::intern!(py, "tool").clone(),
        kind => PyString::new(py, kind),
    }
}

/// Takes frames in order until the pool closes the stream.
pub(super) fn run(py: Python<'_>, host: &Host, stream: Arc<UnixStream>) -> Result<(), WorkerError> {
    let process = Arc::clone(&host.process);
    let mut inbox = Inbox::new(stream);
    loop {
        while let Some(frame) = inbox.take()? {
            let since = Instant::now();
            host.run_to_end(py, &frame)?;
            if since.elapsed().as_micros() > HELD_US_MAX {
                process.outbox.flush();
            }
        }
        process.outbox.flush();
        if py.detach(|| inbox.fill())? == Filled::End {
            return Ok(());
        }
    }
}
