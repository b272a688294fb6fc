//! Versions with third-party packages.

use std::{collections::BTreeMap, path::Path, time::Duration};

use bytes::Bytes;
use python::{Code, LoadError, Settings, Wheels};

use crate::support::{Fixture, settings};

const TOOLS: &str = r"
from luthier import tool
import greetings, os

@tool
def greet() -> str:
    'x'
    return greetings.TEXT

@tool
def pid() -> int:
    'x'
    return os.getpid()
";

/// Makes a wheel of one module, as a build would.
const MAKE_WHEEL: &str = r#"
import sys, zipfile
folder, version, text = sys.argv[1:]
path = f"{folder}/greetings-{version}-py3-none-any.whl"
info = f"greetings-{version}.dist-info"
with zipfile.ZipFile(path, "w") as wheel:
    wheel.writestr("greetings.py", f"TEXT = {text!r}\n")
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: greetings\nVersion: {version}\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(f"{info}/RECORD", f"greetings.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
print(path, end="")
"#;

fn make_wheel(folder: &Path, version: &str, text: &str) -> String {
    let made = std::process::Command::new(python::interpreter())
        .args(["-c", MAKE_WHEEL, folder.to_str().unwrap(), version, text])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    String::from_utf8(made.stdout).unwrap()
}

fn with_wheels(folder: &Path) -> Settings {
    Settings {
        workers: 1,
        wheels: Some(Wheels {
            folder: folder.join("envs"),
            uv: None,
            deadline: Duration::from_mins(2),
        }),
        ..settings()
    }
}

async fn load(fixture: &Fixture, requirements: &str) -> Result<Code, LoadError> {
    let files = BTreeMap::from([
        ("tools/runner/it.py".to_owned(), Bytes::from(TOOLS)),
        (
            "tools/requirements.txt".to_owned(),
            Bytes::from(requirements.to_owned()),
        ),
    ]);
    fixture.pool.load("test", requirements, files).await
}

#[tokio::test]
async fn each_version_sees_its_own_packages_in_workers_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let old = make_wheel(folder.path(), "1.0", "hello");
    let new = make_wheel(folder.path(), "2.0", "good day");
    let fixture = Fixture::with(with_wheels(folder.path())).await;

    let old = load(&fixture, &format!("--no-index\n{old}\n"))
        .await
        .unwrap();
    let new = load(&fixture, &format!("--no-index\n{new}\n"))
        .await
        .unwrap();

    assert_eq!(fixture.value(&old, "greet", "{}").await, r#""hello""#);
    assert_eq!(fixture.value(&new, "greet", "{}").await, r#""good day""#);
    let pids = [
        fixture.value(&old, "pid", "{}").await,
        fixture.value(&new, "pid", "{}").await,
    ];
    assert_ne!(pids[0], pids[1]);
    let folders = std::fs::read_dir(folder.path().join("envs")).unwrap();
    let folders = folders.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(folders.count(), 2);
}

#[tokio::test]
async fn what_one_file_asks_for_is_told_apart_by_what_was_installed_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::with(with_wheels(folder.path())).await;
    let asked = format!(
        "--no-index\n--find-links {}\ngreetings\n",
        folder.path().display()
    );
    let files = |requirements: &str| {
        let requirements = Bytes::from(requirements.to_owned());
        BTreeMap::from([("tools/requirements.txt".to_owned(), requirements)])
    };
    let mut digests = Vec::new();
    for version in ["1.0", "1.0", "2.0"] {
        make_wheel(folder.path(), version, "hello");
        digests.push(fixture.pool.packages_digest(&files(&asked)).await.unwrap());
        std::fs::remove_dir_all(folder.path().join("envs")).unwrap();
    }

    assert!(digests[0].is_some());
    assert_eq!(digests[0], digests[1]);
    assert_ne!(digests[1], digests[2]);
    let nothing = fixture.pool.packages_digest(&files("# nothing\n")).await;
    assert_eq!(nothing.unwrap(), None);
}

#[tokio::test]
async fn packages_that_are_not_to_be_had_refuse_the_version_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::with(with_wheels(folder.path())).await;

    let error = load(&fixture, "--no-index\nno-such-package==1.0\n")
        .await
        .err()
        .unwrap();

    assert!(matches!(error, LoadError::Wheels { .. }));
    insta::assert_snapshot!(error, @"
    tools/requirements.txt: ERROR: Could not find a version that satisfies the requirement no-such-package==1.0 (from versions: none)
    ERROR: No matching distribution found for no-such-package==1.0
    ");
    let left: Vec<_> = std::fs::read_dir(folder.path().join("envs"))
        .unwrap()
        .collect();
    assert_eq!(left.len(), 1, "only the lock: {left:?}");
}

#[tokio::test]
async fn packages_are_refused_where_they_are_switched_off() {
    let fixture = Fixture::start().await;

    let error = load(&fixture, "greetings==1.0\n").await.err().unwrap();

    insta::assert_snapshot!(error, @"tools/requirements.txt: third-party packages are switched off here");
}

#[tokio::test]
async fn code_behind_rails_reads_the_packages_that_it_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let wheel = make_wheel(folder.path(), "1", "hello");
    let fixture = Fixture::with(Settings {
        rails: true,
        ..with_wheels(folder.path())
    })
    .await;

    let asked = format!("--no-index\n{wheel}\n");
    let code = load(&fixture, &asked).await.unwrap();

    assert_eq!(fixture.value(&code, "greet", "{}").await, "\"hello\"");
}
