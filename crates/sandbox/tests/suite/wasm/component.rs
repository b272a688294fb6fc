//! The component and its compiled form, when something is wrong with them.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::host::{Host, bounds};

fn only(folder: &Path, extension: &str) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap();
    let mut found = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|is| is == extension));
    let one = found.next().unwrap();
    assert_eq!(found.next(), None);
    one
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn compiled_code_that_was_changed_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let (host, _) = Host::start_with(&cache, &[]);
    drop(host);
    let compiled = only(&cache, "cwasm");
    assert_eq!((mode(&cache), mode(&compiled)), (0o700, 0o600));
    let whole = fs::read(&compiled).unwrap();
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    fs::write(&compiled, &changed).unwrap();

    let (host, notice) = Host::start_with(&cache, &[]);

    assert!(notice["ready"].is_object(), "{notice}");
    assert!(fs::read(&compiled).unwrap() != changed);
    let mut cell = host.open(&bounds());
    cell.load("@tool\ndef one() -> int:\n    'x'\n    return 1\n");
    assert_eq!(cell.value("one", "{}"), "1");
}

#[test]
fn a_component_that_was_changed_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("component.wasm");
    fs::write(&component, b"\0asm\x0d\0\x01\0 and then nonsense").unwrap();
    let cache = folder.path().join("cache");

    let (host, notice) = Host::start_with(&cache, &["--component", component.to_str().unwrap()]);

    let reason = notice["unfit"]["reason"].as_str().unwrap();
    assert!(
        reason.contains("component.wasm` is no component that this program can run"),
        "{reason}"
    );
    assert!(notice["unfit"]["hint"].as_str().unwrap().contains("./x up"));
    assert_eq!(host.leave(), Some(1));
}

#[test]
fn a_component_that_is_not_there_is_told_of_with_what_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("none.wasm");

    let (_host, notice) = Host::start_with(
        &folder.path().join("cache"),
        &["--component", component.to_str().unwrap()],
    );

    let reason = notice["unfit"]["reason"].as_str().unwrap();
    assert_eq!(
        reason,
        format!(
            "there is no component with a Python inside: looked for `{}`",
            component.display()
        )
    );
    insta::assert_snapshot!(notice["unfit"]["hint"].as_str().unwrap(), @"run `./x up`, which makes it, or name one: --component PATH");
}

#[test]
fn a_cache_that_leads_elsewhere_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    std::os::unix::fs::symlink(folder.path(), &cache).unwrap();

    let (_host, notice) = Host::start_with(&cache, &[]);

    let reason = notice["unfit"]["reason"].as_str().unwrap();
    assert!(
        reason.ends_with("it is no folder of this user's own"),
        "{reason}"
    );
}

#[test]
fn a_host_ends_when_nobody_gives_orders() {
    let host = Host::start();

    assert_eq!(host.leave(), Some(0));
}
