//! Results of proving a version, on disk and in the vault.

use std::{fs, sync::Arc};

use vault::{EvalError, EvalFile, EvalFiles, EvalStore, Outbox, Sha256Sum, Store, Vault};

use crate::{
    conformance::{key, settings},
    s3_server::{BUCKET, S3Server},
};

const COMMIT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
const FILES: EvalFiles<'_> = EvalFiles {
    summary: b"{\"verdict\":\"pass\"}",
    cases: b"{\"id\":1}\n",
    report: b"<!doctype html>",
};
const NAMES: [&str; 4] = ["SHA256SUMS", "cases.jsonl", "report.html", "summary.json"];

/// Results on a disk and in a bucket, of which nothing was sent yet.
struct Kept {
    server: S3Server,
    folder: tempfile::TempDir,
    store: EvalStore,
    outbox: Arc<Outbox>,
    summary: Sha256Sum,
}

impl Kept {
    fn new() -> Self {
        let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
        let disk = Arc::new(Vault::open(folder.path()).unwrap());
        let remote = Arc::new(Vault::s3(settings(server.endpoint())).unwrap());
        let outbox = Arc::new(Outbox::open(remote, folder.path().join(".outbox")));
        let store = EvalStore::new(Store::new(disk, outbox.clone()));
        let summary = store.put(COMMIT, FILES).unwrap();
        Self {
            server,
            folder,
            store,
            outbox,
            summary,
        }
    }
}

#[test]
fn the_same_bytes_are_on_disk_and_in_the_bucket() {
    let kept = Kept::new();

    kept.outbox.send().unwrap();

    assert_eq!(kept.summary, Sha256Sum::of(FILES.summary));
    for name in NAMES {
        let on_disk = fs::read(kept.folder.path().join(format!("evals/{COMMIT}/{name}")));
        let path = format!("/{BUCKET}/some/prefix/evals/{COMMIT}/{name}");
        assert_eq!(
            kept.server.ask("GET", &path, b""),
            on_disk.unwrap(),
            "{name}"
        );
    }
    assert_eq!(
        kept.store.uri(COMMIT, EvalFile::Summary).unwrap(),
        format!("s3://{BUCKET}/some/prefix/evals/{COMMIT}/summary.json")
    );
}

#[test]
fn results_are_read_back_from_wherever_they_are() {
    let kept = Kept::new();
    let read = |file| kept.store.get(COMMIT, file, Some(kept.summary)).unwrap();
    let all = || [EvalFile::Summary, EvalFile::Cases, EvalFile::Report].map(read);
    let whole = [FILES.summary, FILES.cases, FILES.report].map(|bytes| Some(bytes.to_vec()));
    let on_disk = kept.folder.path().join("evals");

    assert_eq!(all(), whole);
    fs::remove_dir_all(on_disk).unwrap();
    assert_eq!(all(), whole);
    kept.outbox.send().unwrap();
    assert_eq!(all(), whole);

    assert_eq!(kept.store.get("ff", EvalFile::Cases, None).unwrap(), None);
    assert!(matches!(
        kept.store.get("../x", EvalFile::Cases, None),
        Err(EvalError::Commit(_))
    ));
}

#[test]
fn a_changed_byte_is_noticed_and_the_object_named() {
    let kept = Kept::new();
    for (name, file) in [
        ("summary.json", EvalFile::Summary),
        ("cases.jsonl", EvalFile::Cases),
        ("report.html", EvalFile::Report),
        ("SHA256SUMS", EvalFile::Report),
    ] {
        let path = kept.folder.path().join(format!("evals/{COMMIT}/{name}"));
        let before = fs::read(&path).unwrap();
        let mut changed = before.clone();
        let last = changed.len() - 2;
        changed[last] ^= 1;
        fs::write(&path, &changed).unwrap();

        let noticed = kept
            .store
            .get(COMMIT, file, Some(kept.summary))
            .unwrap_err();

        let named = key(&format!("evals/{COMMIT}/{name}"));
        assert!(
            matches!(&noticed, EvalError::Changed { key } if *key == named),
            "{name}: {noticed}"
        );
        fs::write(&path, before).unwrap();
    }
}

#[test]
fn results_of_another_run_are_not_taken_for_those_of_a_release() {
    let kept = Kept::new();
    let others = EvalFiles {
        summary: b"{\"verdict\":\"fail\"}",
        ..FILES
    };
    kept.store.put(COMMIT, others).unwrap();

    let noticed = kept.store.get(COMMIT, EvalFile::Cases, Some(kept.summary));

    insta::assert_snapshot!(
        noticed.unwrap_err(),
        @"`evals/0a1b2c3d4e5f60718293a4b5c6d7e8f901234567/summary.json` was changed since it was kept: run `luthier test` again, or restore it from a copy"
    );
}
