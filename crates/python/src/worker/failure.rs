//! Exceptions, as the pool is told of them.

use pyo3::{
    create_exception,
    exceptions::{PyBaseException, PyException, PyMemoryError},
    prelude::*,
    types::PyDict,
};

use crate::frame::{self, BODY_BYTES_MAX, Kind, LoadFailed, Meaning, RaisedHeader};

use super::info::{dumps, import};

create_exception!(
    luthier,
    Stopped,
    PyBaseException,
    "The call was stopped: its deadline has passed, or whoever made it does not want it any more."
);
create_exception!(
    luthier,
    ResultTooLarge,
    PyException,
    "The result is larger than the limit."
);

/// What is told of an exception is bounded: a message may hold the tool's whole data.
const MESSAGE_CHARS_MAX: usize = 16 << 10;
const TRACEBACK_CHARS_MAX: usize = 64 << 10;
const DATA_BYTES_MAX: usize = 256 << 10;

/// The exceptions that mean more than that something failed.
pub(super) struct Classes {
    tool_error: Py<PyAny>,
    asked: Py<PyAny>,
    load_failed: Py<PyAny>,
    /// The Python side's own rendering of a traceback, without its frames.
    format: Option<Py<PyAny>>,
}

impl Classes {
    pub(super) fn import(py: Python<'_>, host: &Bound<'_, PyModule>) -> PyResult<Self> {
        Ok(Self {
            tool_error: py.import("luthier")?.getattr("ToolError")?.unbind(),
            asked: host.getattr("Asked")?.unbind(),
            load_failed: host.getattr("LoadFailed")?.unbind(),
            format: host.getattr_opt("format_exception")?.map(Bound::unbind),
        })
    }

    /// Why code did not load.
    pub(super) fn load_problem(&self, py: Python<'_>, error: &PyErr) -> LoadFailed {
        let own = self.own_problem(py, error).map(|mut problem| {
            problem.message = head(&problem.message);
            problem.traceback = tail(problem.traceback, TRACEBACK_CHARS_MAX);
            problem
        });
        own.unwrap_or_else(|| LoadFailed {
            message: format!("{}: {}", type_name(py, error), message(py, error)),
            traceback: self.traceback(py, error),
            ..LoadFailed::default()
        })
    }

    /// The problem that the Python side has worked out.
    fn own_problem(&self, py: Python<'_>, error: &PyErr) -> Option<LoadFailed> {
        let value = error.value(py);
        if !value.is_instance(self.load_failed.bind(py)).ok()? {
            return None;
        }
        let problem = value.getattr("problem").ok()?;
        serde_json::from_slice(&dumps(py, &problem).ok()?).ok()
    }

    /// How a call failed.
    pub(super) fn raised(
        &self,
        py: Python<'_>,
        error: &PyErr,
        us: u64,
        is_stopped: bool,
    ) -> RaisedHeader {
        let meaning = self.meaning(py, error, is_stopped);
        let is_meant = matches!(meaning, Meaning::Told | Meaning::Question);
        RaisedHeader {
            us,
            r#type: type_name(py, error),
            message: message(py, error),
            traceback: if is_meant {
                String::new()
            } else {
                self.traceback(py, error)
            },
            meaning,
            data: is_meant.then(|| data(py, error)).flatten(),
        }
    }

    fn meaning(&self, py: Python<'_>, error: &PyErr, is_stopped: bool) -> Meaning {
        let is_a = |class: &Py<PyAny>| {
            let is_instance = error.value(py).is_instance(class.bind(py));
            is_instance.unwrap_or(false)
        };
        if error.is_instance_of::<Stopped>(py)
            // What `asyncio` makes of it.
            || is_stopped && type_name(py, error) == "CancelledError"
        {
            Meaning::Interrupt
        } else if error.is_instance_of::<ResultTooLarge>(py) {
            Meaning::Refused
        } else if is_a(&self.tool_error) {
            Meaning::Told
        } else if is_a(&self.asked) {
            Meaning::Question
        } else {
            Meaning::Fault
        }
    }

    fn traceback(&self, py: Python<'_>, error: &PyErr) -> String {
        let formatted = match &self.format {
            Some(format) => format.bind(py).call1((error.value(py),)),
            None => import(py, "traceback", "format_exception")
                .and_then(|format| format.call1((error.value(py),)))
                .and_then(|lines| {
                    pyo3::types::PyString::new(py, "").call_method1("join", (lines,))
                }),
        };
        // A traceback that cannot be rendered (an exception whose __str__ raises) leaves the message.
        let text = formatted
            .and_then(|text| text.extract::<String>())
            .unwrap_or_default();
        tail(text, TRACEBACK_CHARS_MAX)
    }
}

/// The refusal of a manifest that is too large to be passed on.
pub(super) fn manifest_too_large(length: usize) -> PyErr {
    ResultTooLarge::new_err(format!(
        "what the modules define is described in {length} bytes and the limit is {BODY_BYTES_MAX}"
    ))
}

/// The refusal of a result that is too large to be passed on.
pub(super) fn too_large(length: usize, limit: usize) -> PyErr {
    ResultTooLarge::new_err(format!(
        "the result is {length} bytes of JSON and the limit is {limit}; return less, or a page of \
         it, or the place where it lies"
    ))
}

/// The answer to a call that cannot be made.
pub(super) fn refused(id: u64, reason: String) -> Vec<u8> {
    let header = RaisedHeader {
        us: 0,
        r#type: String::new(),
        message: reason,
        traceback: String::new(),
        meaning: Meaning::Refused,
        data: None,
    };
    frame::one(Kind::Raised, id, &header, &[])
}

fn type_name(py: Python<'_>, error: &PyErr) -> String {
    error
        .get_type(py)
        .qualname()
        .map_or_else(|_| "Exception".to_owned(), |name| name.to_string())
}

fn message(py: Python<'_>, error: &PyErr) -> String {
    let text = error
        .value(py)
        .str()
        .map(|text| text.to_string_lossy().into_owned());
    let text = text.unwrap_or_else(|_| "(an exception that cannot be shown)".to_owned());
    if text.is_empty() && error.is_instance_of::<PyMemoryError>(py) {
        // Python says nothing of it, and whoever called cannot know of the bound.
        return "it asked for more memory than it may have".to_owned();
    }
    head(&text)
}

fn data(py: Python<'_>, error: &PyErr) -> Option<serde_json::Value> {
    let data = error
        .value(py)
        .getattr("data")
        .ok()
        .filter(|data| !data.is_none())?;
    let json = dumps(py, &data).ok()?;
    if json.len() > DATA_BYTES_MAX {
        let note = format!(
            "left out: {} bytes, and {DATA_BYTES_MAX} is the limit",
            json.len()
        );
        return Some(note.into());
    }
    serde_json::from_slice(&json).ok()
}

fn head(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS_MAX).collect()
}

/// The end of a text: of a traceback, the part that matters.
fn tail(text: String, chars_max: usize) -> String {
    let excess = text.chars().count().saturating_sub(chars_max);
    if excess == 0 {
        text
    } else {
        text.chars().skip(excess).collect()
    }
}

/// Makes the classes importable by name, for authors who clean up when they are stopped.
pub(super) fn publish(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let namespace = module.dict();
    let py = module.py();
    let set = |name: &str, class: Bound<'_, PyAny>, namespace: &Bound<'_, PyDict>| {
        if namespace.contains(name)? {
            Ok(())
        } else {
            namespace.set_item(name, class)
        }
    };
    set("Stopped", py.get_type::<Stopped>().into_any(), &namespace)
}
