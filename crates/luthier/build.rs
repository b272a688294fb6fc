//! Lets the program find the Python library that the crate `python` was built with, and say what it was built of.

use std::{env, process::Command};

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is how cargo speaks to build scripts"
)]
fn main() {
    if let Ok(folder) = env::var("DEP_LUTHIER_PYTHON_FOLDER") {
        println!("cargo::rustc-link-arg-bins=-Wl,-rpath,{folder}");
    }
    println!("cargo::rerun-if-env-changed=LUTHIER_COMMIT");
    let told = env::var("LUTHIER_COMMIT").ok();
    let commit = told.filter(|told| !told.is_empty()).or_else(commit);
    let commit = commit.unwrap_or_else(|| "not known".to_owned());
    println!("cargo::rustc-env=BUILT_OF={commit}");
    let target = env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=BUILT_FOR={target}");
}

/// What was checked out when this ran, where that is a repository. It does not run again for every commit, since
/// everything would be built anew: what is packed for others names the commit in `LUTHIER_COMMIT`.
fn commit() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "HEAD"]).output();
    let output = output.ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(format!("{} (working tree)", text.trim()))
}
