//! A line that breaks, and a store that is not what it was.

use vault::{S3Limits, S3Settings, Vault, VaultError};

use crate::{
    conformance::{key, limits, numbers, settings},
    proxy::{Fault, Proxy},
    s3_server::{BUCKET, S3Server},
};

/// A vault at the end of a line that breaks as told.
struct Broken {
    server: S3Server,
    proxy: Proxy,
    vault: Vault,
}

impl Broken {
    fn new(limits: S3Limits) -> Self {
        let server = S3Server::start();
        let proxy = Proxy::to(server.address);
        let settings = S3Settings {
            limits,
            ..settings(proxy.endpoint())
        };
        let vault = Vault::s3(settings).unwrap();
        Self {
            server,
            proxy,
            vault,
        }
    }
}

fn path(key: &str) -> String {
    format!("/{BUCKET}/some/prefix/{key}")
}

const WHOLE: &[u8] = b"what was put";

#[test]
fn whatever_happens_to_a_request_the_object_is_there_whole_afterwards() {
    let limits = S3Limits {
        attempt_ms_max: 2_000,
        ..limits()
    };
    let line = Broken::new(limits);
    for fault in [
        Fault::Cut,
        Fault::CutAnswer,
        Fault::Busy,
        Fault::Silence,
        Fault::ChangeRequest,
    ] {
        let name = format!("one/{fault:?}");
        let before = line.vault.retried();
        line.proxy.plan(&format!("PUT {}", path(&name)), fault, 2);

        line.vault.put(&key(&name), WHOLE).unwrap();

        assert_eq!(line.vault.retried() - before, 2, "{fault:?}");
        assert_eq!(line.server.ask("GET", &path(&name), b""), WHOLE);
    }
    for fault in [
        Fault::Cut,
        Fault::CutAnswer,
        Fault::Busy,
        Fault::ChangeAnswer,
    ] {
        let name = format!("GET {}", path("one/Cut"));
        line.proxy.plan(&name, fault, 2);

        let found = line.vault.get(&key("one/Cut")).unwrap();

        assert_eq!(found.as_deref(), Some(WHOLE), "{fault:?}");
    }
}

#[test]
fn a_writer_whose_answer_was_lost_finds_out_that_it_won() {
    let line = Broken::new(limits());
    for fault in [Fault::CutAnswer, Fault::ChangeRequest] {
        let name = format!("lock/{fault:?}");
        line.proxy.plan(&format!("PUT {}", path(&name)), fault, 1);

        let put_once = |bytes| -> Result<bool, VaultError> {
            line.vault
                .put_if(&key(&name), bytes, |found| Ok(found.is_none()))
        };
        let first = put_once(WHOLE).unwrap();
        let second = put_once(b"another").unwrap();

        assert_eq!((first, second), (true, false), "{fault:?}");
        assert_eq!(line.server.ask("GET", &path(&name), b""), WHOLE);
    }
}

#[test]
fn a_large_object_arrives_whole_however_its_parts_fare() {
    let line = Broken::new(limits());
    let bytes: Vec<u8> = numbers(11 << 20);
    for (request, fault) in [
        ("PUT", Fault::Cut),
        ("PUT", Fault::CutAnswer),
        ("PUT", Fault::ChangeRequest),
        ("POST", Fault::CutAnswer),
        ("POST", Fault::Busy),
    ] {
        let name = format!("large/{request}-{fault:?}");
        line.proxy
            .plan(&format!("{request} {}", path(&name)), fault, 2);

        line.vault.put(&key(&name), &bytes).unwrap();

        let kept = line.server.ask("GET", &path(&name), b"");
        assert!(kept == bytes, "{request} {fault:?}");
    }
}

#[test]
fn a_byte_that_changed_in_the_store_is_noticed_when_the_object_is_read() {
    let line = Broken::new(limits());
    line.vault.put(&key("code/0a"), WHOLE).unwrap();
    let every = format!("GET {}", path("code/0a"));
    line.proxy.plan(&every, Fault::ChangeAnswer, usize::MAX);

    let refused = line.vault.get(&key("code/0a")).unwrap_err();

    insta::assert_snapshot!(refused, @"`code/0a` in s3://objects/some/prefix is damaged: it has not the SHA-256 that was recorded with it");
}

#[test]
fn a_store_out_of_reach_is_given_up_within_its_time() {
    let limits = S3Limits {
        retry_ms_max: 300,
        ..limits()
    };
    let line = Broken::new(limits);
    line.vault.put(&key("a"), b"1").unwrap();
    line.proxy.plan("", Fault::Cut, usize::MAX);

    let refused = line.vault.put(&key("a"), b"2").unwrap_err();
    let unread = line.vault.get(&key("a")).unwrap_err();
    let ill = line.vault.check().unwrap_err();
    line.proxy.mend();

    let VaultError::Unreachable { attempts, ms, .. } = refused else {
        panic!("{refused}");
    };
    assert!(attempts > 2 && ms <= 1_000, "{attempts} in {ms} ms");
    assert!(matches!(unread, VaultError::Unreachable { .. }), "{unread}");
    assert!(matches!(ill, VaultError::Unreachable { .. }), "{ill}");
    assert_eq!(
        line.vault.get(&key("a")).unwrap().as_deref(),
        Some(&b"1"[..])
    );
}

#[test]
fn what_will_not_pass_is_told_at_once_with_what_the_store_calls_it() {
    let server = S3Server::start();
    let settings = S3Settings {
        location: "s3://elsewhere".parse().unwrap(),
        ..settings(server.endpoint())
    };
    let vault = Vault::s3(settings).unwrap();

    let put = vault.put(&key("a"), b"1").unwrap_err();
    let got = vault.get(&key("a")).unwrap_err();
    let ill = vault.check().unwrap_err();

    insta::assert_snapshot!(put, @"s3://elsewhere refused to put `a`: NoSuchBucket");
    insta::assert_snapshot!(got, @"s3://elsewhere refused to read `a`: NoSuchBucket");
    insta::assert_snapshot!(ill, @"s3://elsewhere refused to show its bucket: NoSuchBucket");
    assert_eq!(vault.retried(), 0);
}

#[test]
fn credentials_are_not_shown_with_the_settings() {
    let mut settings = settings("http://127.0.0.1:1".to_owned());
    settings.credentials.secret_access_key = "hush".to_owned();

    let shown = format!("{settings:?}");

    assert!(!shown.contains("hush"), "{shown}");
}
