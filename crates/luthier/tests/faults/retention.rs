//! SIGKILL while old events and logs move to the vault: nothing is lost, and nothing is there twice.

use std::{fs, os::unix::process::ExitStatusExt as _, path::Path};

use serde_json::json;

use crate::server::{Server, Workspace};

/// Every place of `luthier ledger archive` that has a name for dying at.
pub(crate) const ARCHIVING: [&str; 5] = [
    "journal::before_archive",
    "journal::after_archive",
    "journal::after_archive_record",
    "journal::before_letting_go",
    "journal::after_letting_go",
];

/// And of the keeper of logs.
pub(crate) const KEEPING: &str = "telemetry::after_keeping";

const ARCHIVE: [&str; 4] = ["ledger", "archive", "--before", "2100-01-01T00:00:00Z"];

fn objects(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.display().to_string());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_death_anywhere_while_events_are_archived_loses_none_and_doubles_none() {
    for place in ARCHIVING {
        let workspace = Workspace::new();
        let server = Server::start_in(&workspace);
        for n in 0..200 {
            assert_eq!(server.patch_staging(&json!({"n": n})).status, 200);
        }
        server.stop();
        workspace.luthier_json(&["ledger", "seal"]);
        let export = || workspace.run(&["ledger", "export", "--bodies"]).stdout;
        let before = export();

        let mut command = workspace.command(&workspace.path(), &ARCHIVE);
        let died = command.env("LUTHIER_FAILPOINT", place).output().unwrap();
        let half = export();
        let report = workspace.luthier_json(&ARCHIVE);
        let after = export();

        assert_eq!(died.status.signal(), Some(9), "{place}: {died:?}");
        assert!(half.starts_with(&before), "{place}");
        assert!(after.starts_with(&before), "{place}");
        // The seal, and the record of the archive.
        let more = after.lines().count() - before.lines().count();
        assert!(more <= 1, "{place}: {more}");
        assert!(
            report["archived_to"].as_u64().unwrap() > 200,
            "{place}: {report}"
        );
        let archives = objects(&workspace.data().join("vault/journal"));
        assert_eq!(archives.len(), 1, "{place}: {archives:?}");
        let verdict = workspace.luthier_json(&["ledger", "verify"]);
        assert_eq!(verdict["ok"], true, "{place}: {verdict}");
    }
}

#[test]
fn a_death_after_a_file_of_logs_was_kept_keeps_it_once() {
    let workspace = Workspace::new();
    let logs = workspace.data().join("logs");
    fs::create_dir_all(&logs).unwrap();
    let line = r#"{"timestamp":"2026-01-02T03:04:05Z","level":"INFO","target":"a","message":"b"}"#;
    fs::write(logs.join("up.1767323045000.jsonl"), format!("{line}\n")).unwrap();
    let mut command = workspace.command(&workspace.path(), &["up", "--port", "0"]);
    let died = command.env("LUTHIER_FAILPOINT", KEEPING).output().unwrap();
    let kept = || objects(&workspace.data().join("vault/telemetry/logs/2026-01-02"));
    let first = kept();

    let server = Server::start_in(&workspace);
    // Old, and in the vault: it goes.
    while objects(&logs).iter().any(|path| path.contains("up.17673")) {
        std::thread::yield_now();
    }
    server.stop();

    assert_eq!(died.status.signal(), Some(9), "{died:?}");
    assert_eq!(first.len(), 1);
    assert_eq!(kept(), first);
}
