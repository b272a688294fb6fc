//! What a running call can ask of the worker.

use std::sync::Arc;

use pyo3::{
    exceptions::{PyRuntimeError, PyValueError},
    prelude::*,
    sync::PyOnceLock,
    types::{PyBytes, PyDict},
};

use crate::frame::{self, BODY_BYTES_MAX, CallHeader, Kind, NestedHeader};

use super::{
    failure::Stopped,
    nested::Mail,
    process::Process,
    serve::{Host, host_here},
};

/// The longest text of one log entry.
pub(super) const LOG_CHARS_MAX: usize = 16 << 10;

/// The longest name that a nested call is made by; longer ones are no tool's anyway.
const TOOL_NAME_BYTES_MAX: usize = 4096;

/// One call, as the Python side sees it.
#[pyclass(frozen)]
pub(super) struct CallInfo {
    process: Arc<Process>,
    id: u64,
    #[pyo3(get)]
    state: Py<PyAny>,
    #[pyo3(get)]
    session: Option<Py<PyAny>>,
    #[pyo3(get)]
    client: Option<Py<PyBytes>>,
    #[pyo3(get)]
    conversation_id: String,
    #[pyo3(get)]
    version: String,
    #[pyo3(get)]
    revision: u64,
    #[pyo3(get)]
    traceparent: Option<String>,
    #[pyo3(get)]
    seed: u64,
    /// On the clock of `time.monotonic()`, in seconds.
    #[pyo3(get)]
    deadline: f64,
}

/// What comes with a call beside its arguments, as JSON.
pub(super) struct Beside<'a> {
    pub(super) session: Option<&'a [u8]>,
    pub(super) client: Option<&'a [u8]>,
}

impl CallInfo {
    pub(super) fn new(
        py: Python<'_>,
        host: &Host,
        id: u64,
        header: &CallHeader<'_>,
        state: Py<PyAny>,
        beside: &Beside<'_>,
    ) -> PyResult<Self> {
        Ok(Self {
            process: Arc::clone(&host.process),
            id,
            state,
            session: beside
                .session
                .map(|json| loads(py, json))
                .transpose()?
                .map(Bound::unbind),
            client: beside.client.map(|json| PyBytes::new(py, json).unbind()),
            conversation_id: header.conversation_id.clone().into_owned(),
            version: header.version.clone().into_owned(),
            revision: header.revision,
            traceparent: header.traceparent.as_deref().map(str::to_owned),
            seed: header.seed,
            deadline: monotonic_seconds()
                + std::time::Duration::from_millis(header.deadline_ms).as_secs_f64(),
        })
    }

    /// The session as the call has left it; `None` for a call without one.
    pub(super) fn session_json(&self, py: Python<'_>) -> PyResult<Option<Vec<u8>>> {
        self.session
            .as_ref()
            .map(|session| dumps(py, session.bind(py)))
            .transpose()
    }
}

#[pymethods]
impl CallInfo {
    /// Sends a log entry (`kind` "log"), a sign of progress ("progress"), or which lines ran
    /// ("coverage").
    #[pyo3(signature = (kind, header, body = None))]
    fn emit(
        &self,
        py: Python<'_>,
        kind: &str,
        header: &Bound<'_, PyDict>,
        body: Option<&[u8]>,
    ) -> PyResult<()> {
        let kind = match kind.to_ascii_lowercase().as_str() {
            "log" => Kind::Log,
            "progress" => Kind::Progress,
            "coverage" => Kind::Lines,
            other => {
                return Err(PyValueError::new_err(format!(
                    "{other:?} is no kind of event"
                )));
            }
        };
        let json = dumps(py, header)?;
        let body = body.unwrap_or_default();
        let bytes_max = if kind == Kind::Lines {
            BODY_BYTES_MAX
        } else {
            frame::HEADER_BYTES_MAX
        };
        if json.len() + body.len() > bytes_max {
            return Err(PyValueError::new_err(
                "the fields of a log entry are too large",
            ));
        }
        let header: &serde_json::value::RawValue = serde_json::from_slice(&json)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let event = frame::one(kind, self.id, &header, &[body]);
        self.process.outbox.push(&event);
        self.process.outbox.flush();
        Ok(())
    }

    /// Is nobody waiting for this call any more?
    fn is_cancelled(&self) -> bool {
        self.process.is_stopped(self.id)
    }

    /// Calls another tool of the same version: its value as JSON, or a future of it where calls
    /// take turns on an event loop.
    fn call_tool<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        arguments: &[u8],
    ) -> PyResult<Bound<'py, PyAny>> {
        if name.len() > TOOL_NAME_BYTES_MAX || arguments.len() > BODY_BYTES_MAX {
            let reason = format!(
                "the call of another tool is too large: the name may have {TOOL_NAME_BYTES_MAX} \
                 bytes and the arguments {BODY_BYTES_MAX}"
            );
            return Err(tool_error(py, &reason));
        }
        let mailbox = &self.process.mailbox;
        let host = host_here();
        if let Some(host) = &host
            && self.process.is_async
        {
            let nested = mailbox.begin_future();
            let future = host.event_loop.expect(py, nested)?;
            self.ask(nested, name, arguments);
            return Ok(future);
        }
        let nested = mailbox.begin(host.is_some());
        self.ask(nested, name, arguments);
        let result = self.wait_for(py, nested, host.as_deref());
        for unwanted in mailbox.end(nested, host.is_some()) {
            self.process.skip(unwanted.id);
        }
        result.map(Bound::into_any)
    }
}

impl CallInfo {
    fn ask(&self, nested: u64, name: &str, arguments: &[u8]) {
        let tool = name.to_owned();
        let header = NestedHeader { nested, tool };
        let ask = frame::one(Kind::Nested, self.id, &header, &[arguments]);
        self.process.outbox.push(&ask);
        self.process.outbox.flush();
    }

    /// Waits for a nested call; the main thread (which has a host) runs calls meanwhile.
    fn wait_for<'py>(
        &self,
        py: Python<'py>,
        nested: u64,
        host: Option<&Host>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut seen = 0;
        loop {
            let mailbox = &self.process.mailbox;
            let takes_calls = host.is_some();
            let mail = py.detach(|| mailbox.wait(nested, takes_calls, &mut seen));
            match (mail, host) {
                (Mail::Result(Ok(value)), _) => return Ok(PyBytes::new(py, &value)),
                (Mail::Result(Err(reason)), _) => return Err(tool_error(py, &reason)),
                (Mail::Call(frame), Some(host)) => {
                    host.run_to_end(py, &frame)
                        .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
                    self.process.outbox.flush();
                }
                (Mail::Call(_) | Mail::Look, _) => {
                    py.check_signals()?;
                    // Signals reach the main thread alone, and this may be another.
                    if self.process.is_stopped(self.id) {
                        return Err(Stopped::new_err("the call was stopped"));
                    }
                }
            }
        }
    }
}

pub(super) fn tool_error(py: Python<'_>, reason: &str) -> PyErr {
    match import(py, "luthier", "ToolError").and_then(|class| class.call1((reason,))) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

/// Does what can be done before a fork.
pub(super) fn prepare(py: Python<'_>) -> PyResult<()> {
    py.get_type::<CallInfo>();
    dumps(py, &PyDict::new(py)).map(drop)
}

/// `time.monotonic()`.
fn monotonic_seconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = std::time::Duration::new(
        u64::try_from(now.tv_sec).unwrap_or(0),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    );
    seconds.as_secs_f64()
}

/// A function of the standard library. Imports are cached by Python itself.
pub(super) fn import<'py>(
    py: Python<'py>,
    module: &str,
    name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    py.import(module)?.getattr(name)
}

/// Compact JSON; what JSON cannot hold is shown as text.
pub(super) fn dumps(py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    static ENCODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let encode = ENCODE.get_or_try_init(py, || -> PyResult<Py<PyAny>> {
        let options = PyDict::new(py);
        options.set_item("ensure_ascii", false)?;
        options.set_item("allow_nan", false)?;
        options.set_item("separators", (",", ":"))?;
        options.set_item("default", import(py, "builtins", "str")?)?;
        let encoder = import(py, "json", "JSONEncoder")?.call((), Some(&options))?;
        Ok(encoder.getattr("encode")?.unbind())
    })?;
    let text = encode.bind(py).call1((value,))?;
    // Lone surrogates cannot be encoded; they are replaced instead of failing the call.
    let bytes = text.call_method1("encode", ("utf-8", "replace"))?;
    Ok(bytes.cast::<PyBytes>()?.as_bytes().to_vec())
}

fn loads<'py>(py: Python<'py>, json: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    import(py, "json", "loads")?.call1((PyBytes::new(py, json),))
}
