//! The event loop: of a worker for `async def` tools, and, only to run a coroutine to its end, of
//! any other.

use std::{
    cell::RefCell,
    collections::HashMap,
    os::{fd::AsRawFd as _, unix::net::UnixStream},
    rc::Rc,
    sync::{Arc, atomic::Ordering},
};

use pyo3::{
    PyClass,
    exceptions::PyRuntimeError,
    prelude::*,
    sync::PyOnceLock,
    types::{PyBytes, PyDict},
};

use super::{
    WorkerError,
    info::{import, tool_error},
    nested::NestedResult,
    redirect::context_variable,
    serve::{Host, Running, Step, host_here},
    streams::{Filled, Inbox},
};

/// One event loop for the life of the worker.
pub(super) struct Loop {
    asyncio: PyOnceLock<Py<PyAny>>,
    /// Who waits for nested calls.
    nested: RefCell<HashMap<u64, Py<PyAny>>>,
    inbox: RefCell<Option<Inbox>>,
    tasks: RefCell<HashMap<u64, (Running, Py<PyAny>)>>,
}

impl Loop {
    pub(super) fn new() -> Self {
        Self {
            asyncio: PyOnceLock::new(),
            nested: RefCell::default(),
            inbox: RefCell::new(None),
            tasks: RefCell::default(),
        }
    }

    /// A future of the result of a nested call.
    pub(super) fn expect<'py>(&self, py: Python<'py>, nested: u64) -> PyResult<Bound<'py, PyAny>> {
        let future = self.get(py)?.call_method0("create_future")?;
        let known = future.clone().unbind();
        self.nested.borrow_mut().insert(nested, known);
        Ok(future)
    }

    /// Made on first use: most workers never need one, and `asyncio` takes a while to import.
    pub(super) fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let event_loop = self
            .asyncio
            .get_or_try_init(py, || -> PyResult<Py<PyAny>> {
                let event_loop = import(py, "asyncio", "new_event_loop")?.call0()?;
                import(py, "asyncio", "set_event_loop")?.call1((&event_loop,))?;
                Ok(event_loop.unbind())
            })?;
        Ok(event_loop.bind(py))
    }

    pub(super) fn run_until_complete<'py>(
        &self,
        py: Python<'py>,
        awaitable: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.get(py)?
            .call_method1("run_until_complete", (awaitable,))
    }

    /// Makes a task of a call, which takes turns with the others.
    fn spawn(
        &self,
        py: Python<'_>,
        running: Running,
        awaitable: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let id = running.id;
        let task = import(py, "asyncio", "ensure_future")?.call1((awaitable,))?;
        self.tasks
            .borrow_mut()
            .insert(id, (running, task.clone().unbind()));
        task.call_method1("add_done_callback", (Bound::new(py, Finish(id))?,))?;
        Ok(())
    }

    fn finish(&self, py: Python<'_>, host: &Host, id: u64, result: PyResult<Bound<'_, PyAny>>) {
        let Some((running, _)) = self.tasks.borrow_mut().remove(&id) else {
            return;
        };
        host.finish(py, &running, result);
        if self.tasks.borrow().is_empty() {
            host.process.outbox.flush();
        }
    }
}

/// Runs the loop until the pool closes the stream of work.
pub(super) fn run(
    py: Python<'_>,
    host: &Rc<Host>,
    stream: Arc<UnixStream>,
) -> Result<(), WorkerError> {
    let descriptor = stream.as_raw_fd();
    *host.event_loop.inbox.borrow_mut() = Some(Inbox::new(stream));
    let event_loop = host.event_loop.get(py)?;
    event_loop.call_method1("add_reader", (descriptor, Bound::new(py, OnWork)?))?;
    event_loop.call_method0("run_forever")?;
    Ok(())
}

/// Called by the loop when the stream of work has bytes.
#[pyclass(frozen)]
struct OnWork;

#[pymethods]
impl OnWork {
    #[expect(clippy::unused_self, reason = "Python calls an instance")]
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let host = host_here().ok_or_else(|| PyRuntimeError::new_err("not on the main thread"))?;
        let goes_on = read(py, &host);
        host.process.outbox.flush();
        // An end of the loop is the end of the worker: whatever went wrong is told on the way out.
        if !matches!(goes_on, Ok(true)) {
            host.event_loop.get(py)?.call_method0("stop")?;
        }
        goes_on
            .map(drop)
            .map_err(|error| PyRuntimeError::new_err(error.to_string()))
    }
}

fn read(py: Python<'_>, host: &Host) -> Result<bool, WorkerError> {
    let filled = match host.event_loop.inbox.borrow_mut().as_mut() {
        Some(inbox) => inbox.fill_now()?,
        None => Filled::End,
    };
    while let Some(frame) = next(host)? {
        let variable = context_variable(py)?;
        let before = variable.call_method1("set", (frame.id,))?;
        let step = host.act(py, &frame);
        let spawned = match step {
            Ok(Step::Awaits(running, awaitable)) => host
                .event_loop
                .spawn(py, running, &awaitable)
                .map_err(WorkerError::from),
            Ok(Step::Done) => Ok(()),
            Err(error) => Err(error),
        };
        variable.call_method1("reset", (before,))?;
        spawned?;
    }
    Ok(filled != Filled::End)
}

fn next(host: &Host) -> Result<Option<crate::frame::Frame>, WorkerError> {
    match host.event_loop.inbox.borrow_mut().as_mut() {
        Some(inbox) => Ok(inbox.take()?),
        None => Ok(None),
    }
}

/// Called when a task has ended.
#[pyclass(frozen)]
struct Finish(u64);

#[pymethods]
impl Finish {
    fn __call__(&self, py: Python<'_>, task: &Bound<'_, PyAny>) -> PyResult<()> {
        let host = host_here().ok_or_else(|| PyRuntimeError::new_err("not on the main thread"))?;
        host.event_loop
            .finish(py, &host, self.0, task.call_method0("result"));
        // One write for all that ended in this turn of the loop.
        host.event_loop
            .get(py)?
            .call_method1("call_soon", (Bound::new(py, Flush)?,))?;
        Ok(())
    }
}

#[pyclass(frozen)]
struct Flush;

#[pymethods]
impl Flush {
    #[expect(clippy::unused_self, reason = "Python calls an instance")]
    fn __call__(&self) {
        if let Some(host) = host_here() {
            host.process.outbox.flush();
        }
    }
}

/// Cancels the task of a call, from the control thread.
pub(super) fn cancel(py: Python<'_>, event_loop: &Py<PyAny>, id: u64) {
    call_soon(py, event_loop, Bound::new(py, Cancel(id)));
}

/// Gives a future the result of a nested call, from the control thread.
pub(super) fn deliver(py: Python<'_>, event_loop: &Py<PyAny>, nested: u64, result: NestedResult) {
    call_soon(py, event_loop, Bound::new(py, Deliver(nested, result)));
}

/// The loop may be closed when the worker is ending; then nothing runs any more.
fn call_soon<T: PyClass>(py: Python<'_>, event_loop: &Py<PyAny>, callback: PyResult<Bound<'_, T>>) {
    let called = callback
        .and_then(|callback| event_loop.call_method1(py, "call_soon_threadsafe", (callback,)));
    if let Err(error) = called {
        error.write_unraisable(py, Some(event_loop.bind(py)));
    }
}

#[pyclass(frozen)]
struct Deliver(u64, NestedResult);

#[pymethods]
impl Deliver {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let Some(host) = host_here() else {
            return Ok(());
        };
        let Some(future) = host.event_loop.nested.borrow_mut().remove(&self.0) else {
            return Ok(());
        };
        if future.call_method0(py, "done")?.extract::<bool>(py)? {
            return Ok(());
        }
        match &self.1 {
            Ok(value) => future.call_method1(py, "set_result", (PyBytes::new(py, value),))?,
            Err(reason) => {
                let error = tool_error(py, reason).into_value(py);
                future.call_method1(py, "set_exception", (error,))?
            }
        };
        Ok(())
    }
}

#[pyclass(frozen)]
struct Cancel(u64);

#[pymethods]
impl Cancel {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let Some(host) = host_here() else {
            return Ok(());
        };
        let task = {
            let tasks = host.event_loop.tasks.borrow();
            tasks.get(&self.0).map(|(_, task)| task.clone_ref(py))
        };
        if let Some(task) = task {
            let reasons = PyDict::new(py);
            reasons.set_item("msg", "the call was stopped")?;
            task.call_method(py, "cancel", (), Some(&reasons))?;
        } else if host.process.has_begun(self.0) {
            // It has ended by itself meanwhile.
            host.process.forget_stop(self.0);
        }
        // The pool sees that the loop is alive, even if the task does not give in.
        host.process
            .outbox
            .shared()
            .interrupted()
            .fetch_max(self.0, Ordering::SeqCst);
        Ok(())
    }
}
