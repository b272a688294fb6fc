//! Lets the program find the Python library that the crate `python` was built with.

use std::env;

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is how cargo speaks to build scripts"
)]
fn main() {
    if let Ok(folder) = env::var("DEP_LUTHIER_PYTHON_FOLDER") {
        println!("cargo::rustc-link-arg-bins=-Wl,-rpath,{folder}");
    }
}
