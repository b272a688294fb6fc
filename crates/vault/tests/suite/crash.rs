//! A process that is killed while it sends.

use std::{
    io::{Read as _, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use rustix::process::{Signal, getpid, kill_process};
use vault::{Outbox, Vault};

use crate::{
    conformance::{key, numbers, settings},
    proxy::Proxy,
    s3_server::{BUCKET, S3Server},
};

const PARTS: usize = 3;
const NAME: &str = "telemetry/large";

fn large() -> Vec<u8> {
    numbers((PARTS - 1) * (5 << 20) + 1_000)
}

fn outbox(endpoint: String, folder: &Path) -> Outbox {
    let vault = Vault::s3(settings(endpoint)).unwrap();
    Outbox::open(Arc::new(vault), folder)
}

/// Runs [`sends_until_it_dies`] in a process of its own, and says whether SIGKILL ended it.
fn send_until(place: &str, endpoint: &str, folder: &Path) -> bool {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["crash::sends_until_it_dies", "--exact", "--ignored"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    write!(stdin, "{place}\n{endpoint}\n{}", folder.display()).unwrap();
    drop(stdin);
    process.wait().unwrap().signal() == Some(9)
}

#[test]
#[ignore = "a part of the tests below, in a process of its own"]
fn sends_until_it_dies() {
    let mut told = String::new();
    std::io::stdin().read_to_string(&mut told).unwrap();
    let mut told = told.lines();
    // A person who runs it tells nothing.
    let (Some(place), Some(endpoint), Some(folder)) = (told.next(), told.next(), told.next())
    else {
        return;
    };
    fail::cfg_callback(place, || kill_process(getpid(), Signal::KILL).unwrap()).unwrap();
    outbox(endpoint.to_owned(), Path::new(folder))
        .send()
        .unwrap();
}

#[test]
fn an_upload_that_was_killed_goes_on_with_the_parts_that_are_missing() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let proxy = Proxy::to(server.address);
    let path = format!("/{BUCKET}/some/prefix/{NAME}");
    let outbox = outbox(proxy.endpoint(), folder.path());
    outbox.put(&key(NAME), &large()).unwrap();

    assert!(send_until(
        "vault::after_part",
        &proxy.endpoint(),
        folder.path()
    ));
    assert_eq!(proxy.seen(&format!("PUT {path}")), 1);
    assert_eq!(outbox.vault().get(&key(NAME)).unwrap(), None);
    assert!(send_until(
        "vault::after_part",
        &proxy.endpoint(),
        folder.path()
    ));
    assert_eq!(outbox.send().unwrap(), 1);

    assert_eq!(proxy.seen(&format!("PUT {path}")), PARTS);
    assert_eq!(proxy.seen(&format!("POST {path}?uploads")), 1);
    assert!(server.ask("GET", &path, b"") == large());
    assert_eq!(outbox.pending().unwrap(), []);
}

#[test]
fn an_upload_killed_around_its_completion_is_there_whole_and_once() {
    for place in ["vault::before_complete", "vault::after_complete"] {
        let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
        let proxy = Proxy::to(server.address);
        let path = format!("/{BUCKET}/some/prefix/{NAME}");
        let outbox = outbox(proxy.endpoint(), folder.path());
        outbox.put(&key(NAME), &large()).unwrap();

        assert!(
            send_until(place, &proxy.endpoint(), folder.path()),
            "{place}"
        );
        let is_there = outbox.vault().get(&key(NAME)).unwrap().is_some();
        assert_eq!(is_there, place == "vault::after_complete");
        assert_eq!(outbox.send().unwrap(), 1);

        assert_eq!(proxy.seen(&format!("PUT {path}")), PARTS, "{place}");
        assert!(server.ask("GET", &path, b"") == large());
        assert_eq!(outbox.pending().unwrap(), []);
    }
}
