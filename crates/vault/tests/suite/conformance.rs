//! What every vault does, whatever it keeps objects in.

use vault::{
    Conditions, Key, OBJECT_BYTES_MAX, S3Credentials, S3Limits, S3Settings, Vault, VaultError,
};

use crate::s3_server::{BUCKET, S3Server};

/// That many bytes, no stretch of which is like another nearby.
pub(crate) fn numbers(size: usize) -> Vec<u8> {
    (0..=250).cycle().take(size).collect()
}

pub(crate) fn key(text: &str) -> Key {
    text.parse().unwrap()
}

/// Patience for a test: a server on this machine answers, or it never will.
pub(crate) fn limits() -> S3Limits {
    S3Limits {
        rest_ms_min: 5,
        rest_ms_max: 100,
        part_bytes: 5 << 20,
        ..S3Limits::default()
    }
}

pub(crate) fn settings(endpoint: String) -> S3Settings {
    S3Settings {
        location: format!("s3://{BUCKET}/some/prefix").parse().unwrap(),
        endpoint: Some(endpoint),
        region: "us-east-1".to_owned(),
        is_path_style: true,
        credentials: S3Credentials {
            access_key_id: "test".to_owned(),
            secret_access_key: "test".to_owned(),
            session_token: None,
        },
        limits: limits(),
    }
}

/// Opens the same objects again and again, as other processes would.
type Open<'a> = &'a (dyn Fn() -> Vault + Sync);

#[test]
fn a_folder_does_what_a_vault_does() {
    let folder = tempfile::tempdir().unwrap();
    does_what_a_vault_does(&|| Vault::open(folder.path().join("vault")).unwrap());
}

#[test]
fn a_bucket_does_what_a_vault_does() {
    let server = S3Server::start();
    does_what_a_vault_does(&|| Vault::s3(settings(server.endpoint())).unwrap());
}

fn does_what_a_vault_does(open: Open<'_>) {
    let vault = open();
    assert_eq!(vault.probe_conditions().unwrap(), Conditions::Honoured);
    vault.check().unwrap();
    an_object_is_replaced_whole_counted_and_gone_when_deleted(&vault);
    an_object_of_any_size_comes_back(&vault);
    a_key_above_others_is_no_object(&vault);
    keys_are_listed_in_the_order_of_their_bytes(&vault);
    what_is_too_large_is_refused(&vault);
    a_refusal_of_the_caller_is_handed_on(&vault);
    of_many_who_find_nothing_one_puts(open);
    of_many_who_compare_and_replace_at_once_none_goes_backwards(open);
}

fn an_object_is_replaced_whole_counted_and_gone_when_deleted(vault: &Vault) {
    let before = vault.written();
    vault.put(&key("evals/b/summary.json"), b"{}").unwrap();
    vault.put(&key("evals/a.json"), b"1").unwrap();
    vault.put(&key("witness/seal.json"), b"old").unwrap();
    vault.put(&key("witness/seal.json"), b"new").unwrap();

    let found = vault.get(&key("witness/seal.json")).unwrap();
    assert_eq!(found.as_deref(), Some(&b"new"[..]));
    assert_eq!(vault.written(), (before.0 + 4, before.1 + 9));
    assert!(vault.delete(&key("evals/a.json")).unwrap());
    assert!(!vault.delete(&key("evals/a.json")).unwrap());
    assert_eq!(vault.get(&key("evals/a.json")).unwrap(), None);
}

fn an_object_of_any_size_comes_back(vault: &Vault) {
    for size in [0, 1, 100_000, 5 << 20, (5 << 20) + 1] {
        let bytes: Vec<u8> = numbers(size);
        let object = key(&format!("sizes/{size}"));

        vault.put(&object, &bytes).unwrap();

        assert!(vault.get(&object).unwrap() == Some(bytes), "{size}");
    }
}

fn a_key_above_others_is_no_object(vault: &Vault) {
    vault.put(&key("above/b"), b"1").unwrap();

    assert_eq!(vault.get(&key("above")).unwrap(), None);
    assert!(!vault.delete(&key("above")).unwrap());
    assert_eq!(vault.get(&key("above/b/c")).unwrap(), None);
}

fn keys_are_listed_in_the_order_of_their_bytes(vault: &Vault) {
    let sorted = [
        "l/a+", "l/a-b/c", "l/a/b", "l/a/b-c", "l/a/c/d", "l/a0", "l/b",
    ];
    for text in sorted.iter().rev().chain(&["l+/x", "k/x", "la/x"]) {
        vault.put(&key(text), b"").unwrap();
    }
    let listed = |after: Option<&str>, limit| -> Vec<String> {
        let keys = vault.list(&key("l"), after.map(key).as_ref(), limit);
        keys.unwrap().iter().map(Key::to_string).collect()
    };

    assert_eq!(listed(None, 100), sorted);
    assert_eq!(listed(None, 3), sorted[..3]);
    assert_eq!(listed(Some("l/a/b"), 2), sorted[3..5]);
    assert_eq!(listed(Some("l/b"), 2), [""; 0]);
    assert_eq!(listed(Some("a"), 1), sorted[..1]);
    assert_eq!(listed(None, 0), [""; 0]);
    assert_eq!(vault.list(&key("nothing"), None, 9).unwrap(), []);
}

fn what_is_too_large_is_refused(vault: &Vault) {
    let bytes = vec![0; usize::try_from(OBJECT_BYTES_MAX).unwrap() + 1];

    let refused = vault.put(&key("large"), &bytes).unwrap_err();

    insta::assert_snapshot!(refused, @"the object is 268435457 bytes, 268435456 are allowed");
    assert_eq!(vault.get(&key("large")).unwrap(), None);
}

fn a_refusal_of_the_caller_is_handed_on(vault: &Vault) {
    #[derive(Debug, thiserror::Error)]
    enum Unwilling {
        #[error("never")]
        Never,
        #[error(transparent)]
        Vault(#[from] VaultError),
    }
    let refused = vault.put_if(&key("unwanted"), b"1", |_| Err(Unwilling::Never));

    assert!(matches!(refused, Err(Unwilling::Never)), "{refused:?}");
    assert_eq!(vault.get(&key("unwanted")).unwrap(), None);
}

fn of_many_who_find_nothing_one_puts(open: Open<'_>) {
    let winners: Vec<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                scope.spawn(move || {
                    let name = format!("writer {writer}");
                    let put: Result<bool, VaultError> =
                        open().put_if(&key("one"), name.as_bytes(), |found| Ok(found.is_none()));
                    put.unwrap().then_some(name)
                })
            })
            .collect();
        let ended = writers.into_iter().map(|writer| writer.join().unwrap());
        ended.flatten().collect()
    });

    let found = open().get(&key("one")).unwrap().unwrap();
    assert_eq!(winners, [String::from_utf8(found).unwrap()]);
}

fn of_many_who_compare_and_replace_at_once_none_goes_backwards(open: Open<'_>) {
    let number = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().parse::<u32>().unwrap();
    std::thread::scope(|scope| {
        for offset in 0..4 {
            let vault = open();
            scope.spawn(move || {
                for at in (offset..60).step_by(4) {
                    let mut highest = None;
                    let put: Result<bool, VaultError> =
                        vault.put_if(&key("newest"), at.to_string().as_bytes(), |found| {
                            highest = found.map(number);
                            Ok(highest.is_none_or(|highest| highest < at))
                        });
                    let is_newer = highest.is_none_or(|highest| highest < at);
                    assert_eq!(put.unwrap(), is_newer);
                    let now = vault.get(&key("newest")).unwrap().unwrap();
                    assert!(number(&now) >= at);
                }
            });
        }
    });

    let newest = open().get(&key("newest")).unwrap();
    assert_eq!(newest.as_deref(), Some(&b"59"[..]));
}
