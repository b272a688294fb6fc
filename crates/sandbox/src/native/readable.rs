//! The files that Python needs in a jail: its own library and what that links, and nothing of this
//! machine's.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What the loader of libraries, Python's time zones and its random numbers look at.
const SYSTEM: [&str; 8] = [
    "/lib/ld-linux-aarch64.so.1",
    "/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/etc/ld.so.cache",
    "/dev/null",
    "/dev/urandom",
];

/// Where CPython has the modules that are libraries.
const LIBRARIES: &str = "lib-dynload";

/// By this one a module would do with memory as it likes.
const FOREIGN: &str = "_ctypes";

/// Where packages are that are not the version's.
const SITE: [&str; 2] = ["site-packages", "dist-packages"];

/// What there is to be seen at all.
pub(super) fn shown(search_path: &[PathBuf]) -> Vec<PathBuf> {
    let system = SYSTEM.iter().map(PathBuf::from);
    system.chain(search_path.iter().cloned()).collect()
}

/// All that is to be readable, from Python's own search path.
pub(super) fn readable(search_path: &[PathBuf], has_ctypes: bool) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
    for entry in search_path {
        if entry.ends_with(LIBRARIES) {
            find_libraries(entry, has_ctypes, &mut found)?;
        } else if entry.join("os.py").is_file() {
            find_sources(entry, &mut found)?;
        } else {
            found.push(entry.clone());
        }
    }
    Ok(found)
}

/// The folder of libraries itself is not opened to reading: what is below it would be, too.
fn find_libraries(folder: &Path, has_ctypes: bool, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if has_ctypes || !name.to_string_lossy().starts_with(FOREIGN) {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// The standard library without what was installed beside it.
fn find_sources(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name != LIBRARIES && !SITE.contains(&&*name) {
            found.push(entry.path());
        }
    }
    Ok(())
}
