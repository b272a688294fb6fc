//! Lets the program find the Python library that the crate `python` was built with, and say what it was built of.

use std::{env, path::Path, process::Command};

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

/// What is checked out, where that is a repository.
fn commit() -> Option<String> {
    let head = git(&["rev-parse", "--absolute-git-dir"])?;
    let head = Path::new(&head).join("logs/HEAD");
    if head.exists() {
        println!("cargo::rerun-if-changed={}", head.display());
    }
    git(&["rev-parse", "HEAD"])
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
