//! A Python that has begun and waits: a process of one thread that forks workers, each of which is up
//! in about a millisecond.

use std::{ffi::CStr, io, path::PathBuf, process::ExitCode};

use pyo3::{
    ffi::c_str,
    prelude::*,
    types::{PyDict, PyList},
};

use super::{WorkerError, embedded, info, interpreter, process, redirect};

/// What tools import more often than not, and what the first call of any kind needs.
const HOT: &[&str] = &[
    "asyncio",
    "bisect",
    "collections",
    "collections.abc",
    "contextlib",
    "contextvars",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "html",
    "io",
    "itertools",
    "json",
    "math",
    "operator",
    "random",
    "re",
    "statistics",
    "string",
    "struct",
    "textwrap",
    "threading",
    "time",
    "traceback",
    "typing",
    "unicodedata",
    "urllib.parse",
    "luthier",
    "luthier._host",
    "luthier._coverage",
];

const REHEARSAL: &CStr = c_str!(include_str!("rehearsal.py"));

/// Why there is no Python to fork.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct WarmError(#[from] WorkerError);

/// A Python that was started in this process, which has one thread and runs nobody's code.
pub struct Warm {
    data_bytes: u64,
    address_bytes: u64,
}

impl Warm {
    /// Starts it, and imports what the forks will need: `packages` are folders of third-party packages,
    /// `modules` those of them to import at once.
    pub fn start(packages: &[PathBuf], modules: &[String]) -> Result<Self, WarmError> {
        interpreter::start()?;
        Python::attach(|py| {
            embedded::install(py)?;
            let packages: Vec<String> = packages
                .iter()
                .map(|folder| folder.to_string_lossy().into_owned())
                .collect();
            embedded::add_paths(py, &packages)?;
            let modules = modules.iter().map(String::as_str);
            for module in HOT.iter().copied().chain(modules) {
                py.import(module)?;
            }
            py.run(REHEARSAL, Some(&PyDict::new(py)), None)?;
            redirect::prepare(py)?;
            info::prepare(py)?;
            // What lives now lives in every fork, and no collection is to copy its pages.
            let gc = py.import("gc")?;
            gc.call_method0("collect")?;
            gc.call_method0("freeze").map(drop)
        })
        .map_err(WorkerError::from)?;
        let data_bytes = process::data_bytes_now().map_err(WorkerError::from)?;
        let address_bytes = process::address_bytes_now().map_err(WorkerError::from)?;
        Ok(Self {
            data_bytes,
            address_bytes,
        })
    }

    /// What is mapped before anybody's code runs.
    pub fn address_bytes(&self) -> u64 {
        self.address_bytes
    }

    /// Where Python looks for modules: folders and archives.
    pub fn search_path(&self) -> Result<Vec<PathBuf>, WarmError> {
        let path = Python::attach(|py| -> PyResult<Vec<PathBuf>> {
            let path = py.import("sys")?.getattr("path")?.cast_into::<PyList>()?;
            path.extract()
        });
        Ok(path.map_err(WorkerError::from)?)
    }

    /// Forks; the number of the child, and 0 in the child.
    pub fn fork(&self) -> io::Result<i32> {
        let forked = Python::attach(|py| -> PyResult<i32> {
            py.import("os")?.call_method0("fork")?.extract()
        });
        forked.map_err(io::Error::other)
    }

    /// Is a worker, in a child: its streams are the standard ones, as those of a worker that was
    /// started as a program. `hold` is called before it takes work, and must have put up whatever holds
    /// it.
    pub fn serve(&self, hold: impl FnOnce() -> Result<(), String>) -> ExitCode {
        let hold = || hold().map_err(WorkerError::Rails);
        let served =
            process::begin(self.data_bytes).and_then(|streams| super::serve(streams, hold));
        super::told(served)
    }
}
