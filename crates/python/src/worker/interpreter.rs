//! Starts Python: the one the program was built with, isolated from the machine's environment,
//! site-packages and signals.
#![expect(unsafe_code, reason = "the configuration of CPython is a C structure")]

use std::{ffi::CString, mem::MaybeUninit};

use pyo3::{Python, ffi};

use super::WorkerError;

const VERSION: &str = env!("LUTHIER_PYTHON_VERSION");
const HOME: &str = env!("LUTHIER_PYTHON_HOME");
const EXECUTABLE: &str = env!("LUTHIER_PYTHON_EXECUTABLE");

/// Starts Python in this thread and lets go of it, so that `Python::attach` works everywhere.
pub(super) fn start() -> Result<(), WorkerError> {
    // SAFETY: called once, before any other use of Python, on the main thread.
    unsafe {
        preconfigure()?;
        initialize()?;
        ffi::PyEval_SaveThread();
    }
    Python::attach(|_| {
        let running = format!("'{}'", Python::version_str().replace('\n', "\\n"));
        if running != VERSION {
            return Err(WorkerError::WrongPython {
                built: VERSION,
                running,
            });
        }
        Ok(())
    })
}

/// Text is UTF-8, whatever the locale.
unsafe fn preconfigure() -> Result<(), WorkerError> {
    let mut config = MaybeUninit::uninit();
    // SAFETY: the structure is initialised by the first call and read by the second.
    unsafe {
        ffi::PyPreConfig_InitIsolatedConfig(config.as_mut_ptr());
        (*config.as_mut_ptr()).utf8_mode = 1;
        check(ffi::Py_PreInitialize(config.as_ptr()))
    }
}

unsafe fn initialize() -> Result<(), WorkerError> {
    let mut config = MaybeUninit::<ffi::PyConfig>::uninit();
    // SAFETY: the structure is initialised by the first call, changed through the functions made
    // for that, and cleared at the end.
    unsafe {
        let config = config.as_mut_ptr();
        ffi::PyConfig_InitIsolatedConfig(config);
        (*config).install_signal_handlers = 0;
        // A segfault says where it was, on standard error.
        (*config).faulthandler = 1;
        (*config).site_import = 0;
        (*config).write_bytecode = 0;
        let configured = set(config, &raw mut (*config).home, HOME)
            .and_then(|()| set(config, &raw mut (*config).executable, EXECUTABLE))
            .and_then(|()| check(ffi::Py_InitializeFromConfig(config)));
        ffi::PyConfig_Clear(config);
        configured
    }
}

unsafe fn set(
    config: *mut ffi::PyConfig,
    field: *mut *mut libc::wchar_t,
    value: &str,
) -> Result<(), WorkerError> {
    let value =
        CString::new(value).map_err(|_has_null| WorkerError::Interpreter(value.to_owned()))?;
    // SAFETY: `field` is a string of `config`; the value is copied.
    unsafe { check(ffi::PyConfig_SetBytesString(config, field, value.as_ptr())) }
}

/// Turns Python's own description of a failed start into ours.
unsafe fn check(status: ffi::PyStatus) -> Result<(), WorkerError> {
    // SAFETY: `status` came from CPython, whose messages are static strings or null.
    unsafe {
        if ffi::PyStatus_Exception(status) == 0 {
            return Ok(());
        }
        let message = if status.err_msg.is_null() {
            "no reason given".to_owned()
        } else {
            std::ffi::CStr::from_ptr(status.err_msg)
                .to_string_lossy()
                .into_owned()
        };
        Err(WorkerError::Interpreter(message))
    }
}
