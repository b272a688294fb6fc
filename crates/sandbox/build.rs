//! Lets the test programs find the Python library that the crate `python` was built with, and names the
//! one configuration that is not cargo's.

use std::env;

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is how cargo speaks to build scripts"
)]
fn main() {
    // Said by whoever builds for fuzzing.
    println!("cargo::rustc-check-cfg=cfg(fuzzing)");
    if let Ok(folder) = env::var("DEP_LUTHIER_PYTHON_FOLDER") {
        println!("cargo::rustc-link-arg-bins=-Wl,-rpath,{folder}");
    }
}
