//! The authors' package, imported from the program itself: no file of it is on the machine.

use pyo3::{
    prelude::*,
    sync::PyOnceLock,
    types::{PyBytes, PyDict, PyList},
};

/// One module of the package.
struct Module {
    name: &'static str,
    is_package: bool,
    /// As tracebacks show it.
    path: &'static str,
    source: &'static str,
    /// Marshalled by the interpreter that the build used.
    code: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/package.rs"));

/// Asks the table before the search path.
const FINDER: &std::ffi::CStr = c"
import sys
from importlib.machinery import ModuleSpec
from marshal import loads

class EmbeddedFinder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        module = MODULES.get(name)
        if module is None:
            return None
        spec = ModuleSpec(name, EmbeddedFinder, origin=module[1], is_package=module[0])
        spec.has_location = False
        return spec

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        is_package, path, source, code = MODULES[module.__spec__.name]
        module.__file__ = path
        exec(loads(code), module.__dict__)

    @staticmethod
    def get_source(name):
        return MODULES[name][2].decode()

    @staticmethod
    def is_package(name):
        return MODULES[name][0]

sys.meta_path.insert(0, EmbeddedFinder)
";

/// The package as files, for a Python that is not in this program.
pub(crate) fn sources() -> impl Iterator<Item = (String, &'static str)> {
    MODULES.iter().map(|module| {
        let path = module.name.replace('.', "/");
        let file = if module.is_package {
            "/__init__.py"
        } else {
            ".py"
        };
        (format!("{path}{file}"), module.source)
    })
}

/// Makes `import luthier` work, once in a process.
pub(super) fn install(py: Python<'_>) -> PyResult<()> {
    static DONE: PyOnceLock<()> = PyOnceLock::new();
    DONE.get_or_try_init(py, || add_finder(py)).copied()
}

fn add_finder(py: Python<'_>) -> PyResult<()> {
    let modules = PyDict::new(py);
    for module in MODULES {
        let source = PyBytes::new(py, module.source.as_bytes());
        let code = PyBytes::new(py, module.code);
        modules.set_item(module.name, (module.is_package, module.path, source, code))?;
    }
    let namespace = PyDict::new(py);
    namespace.set_item("MODULES", modules)?;
    py.run(FINDER, Some(&namespace), None)
}

/// Puts the folder of third-party packages in front of the standard library's.
pub(super) fn add_paths(py: Python<'_>, paths: &[String]) -> PyResult<()> {
    let search = py.import("sys")?.getattr("path")?.cast_into::<PyList>()?;
    for (place, path) in paths.iter().enumerate() {
        if !search.contains(path)? {
            search.insert(place, path)?;
        }
    }
    Ok(())
}
