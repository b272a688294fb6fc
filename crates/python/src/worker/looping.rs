//! The event loop: of a worker for `async def` tools, and, only to run a coroutine to its end, of
//! any other.

use std::{
    cell::RefCell,
    collections::HashMap,
    os::{fd::AsRawFd as _, unix::net::UnixStream},
    rc::Rc,
    sync::atomic::Ordering,
};

use pyo3::{exceptions::PyRuntimeError, prelude::*, sync::PyOnceLock, types::PyDict};

use super::{
    WorkerError,
    info::import,
    redirect::context_variable,
    serve::{Host, Running, Step, host_here},
    streams::{Filled, Inbox},
};

/// One event loop for the life of the worker.
pub(super) struct Loop {
    event_loop: PyOnceLock<Py<PyAny>>,
    stopper: Py<Stopper>,
    inbox: RefCell<Option<Inbox>>,
    tasks: RefCell<HashMap<u64, (Running, Py<PyAny>)>>,
}

impl Loop {
    pub(super) fn new(py: Python<'_>) -> PyResult<Self> {
        Ok(Self {
            event_loop: PyOnceLock::new(),
            stopper: Py::new(py, Stopper)?,
            inbox: RefCell::new(None),
            tasks: RefCell::default(),
        })
    }

    pub(super) fn stopper(&self, py: Python<'_>) -> Py<PyAny> {
        self.stopper.clone_ref(py).into_any()
    }

    /// Made on first use: most workers never need one, and `asyncio` takes a while to import.
    fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let event_loop = self
            .event_loop
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
pub(super) fn run(py: Python<'_>, host: &Rc<Host>, stream: UnixStream) -> Result<(), WorkerError> {
    let descriptor = stream.as_raw_fd();
    *host.event_loop.inbox.borrow_mut() = Some(Inbox::new(stream));
    let event_loop = host.event_loop.get(py)?;
    STOP_LOOP.get_or_init(py, || event_loop.clone().unbind());
    event_loop.call_method1("add_reader", (descriptor, Bound::new(py, OnWork)?))?;
    event_loop.call_method0("run_forever")?;
    Ok(())
}

static STOP_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

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

/// Called by the control thread: cancels the task of a call, from inside the loop.
#[pyclass(frozen)]
pub(super) struct Stopper;

#[pymethods]
impl Stopper {
    #[expect(clippy::unused_self, reason = "Python calls an instance")]
    fn __call__(&self, py: Python<'_>, id: u64) -> PyResult<()> {
        let Some(event_loop) = STOP_LOOP.get(py) else {
            return Ok(());
        };
        let cancel = Bound::new(py, Cancel(id))?;
        event_loop.call_method1(py, "call_soon_threadsafe", (cancel,))?;
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
