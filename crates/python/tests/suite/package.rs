//! The authors' package has tests of its own, in Python.

use std::{path::Path, process::Command};

#[test]
fn the_authors_package_passes_its_own_tests() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("package");

    let run = Command::new(python::interpreter())
        .args(["-B", "-m", "unittest", "--quiet"])
        .current_dir(package)
        .output()
        .unwrap();

    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
}
