//! Objects that wait for a store.

use std::{
    fs,
    sync::Arc,
    time::{Duration, SystemTime},
};

use vault::{Outbox, OutboxLimits, S3Limits, S3Settings, Vault, VaultError};

use crate::{
    conformance::{key, limits, settings},
    proxy::{Fault, Proxy},
    s3_server::S3Server,
};

fn keys(outbox: &Outbox) -> Vec<String> {
    let pending = outbox.pending().unwrap();
    pending
        .iter()
        .map(|object| object.key.to_string())
        .collect()
}

/// What was set aside, each with the reason.
fn refused(outbox: &Outbox) -> Vec<String> {
    let told = outbox.refused().unwrap().into_iter().map(|refused| {
        assert!(refused.folder.is_dir());
        format!("{} {}", refused.key.unwrap(), refused.why)
    });
    told.collect()
}

/// A vault behind a line that can break, with little patience.
fn behind(proxy: &Proxy) -> Arc<Vault> {
    let settings = S3Settings {
        limits: S3Limits {
            retry_ms_max: 100,
            ..limits()
        },
        ..settings(proxy.endpoint())
    };
    Arc::new(Vault::s3(settings).unwrap())
}

#[test]
fn what_is_put_while_the_store_is_away_is_sent_when_it_is_back() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let proxy = Proxy::to(server.address);
    let vault = behind(&proxy);
    let outbox = Outbox::open(vault.clone(), folder.path().join(".outbox"));
    proxy.plan("", Fault::Cut, usize::MAX);

    outbox.put(&key("a"), b"old").unwrap();
    outbox.put(&key("b"), b"2").unwrap();
    outbox.put(&key("a"), b"new").unwrap();
    let unsent = outbox.send().unwrap_err();

    assert!(matches!(unsent, VaultError::Unreachable { .. }), "{unsent}");
    assert_eq!(keys(&outbox), ["a", "b", "a"]);
    assert_eq!(outbox.get(&key("a")).unwrap().as_deref(), Some(&b"new"[..]));

    let since = outbox.pending().unwrap()[0].since;
    let [soon, late] = [59, 60].map(|s| outbox.backlog(since + Duration::from_secs(s)).unwrap());
    assert_eq!((soon.is_amiss(), late.is_amiss()), (false, true));
    assert_eq!(
        late.to_string(),
        "3 objects wait (7 bytes), the oldest for 60 s"
    );

    proxy.mend();
    assert_eq!(vault.get(&key("a")).unwrap(), None);
    assert_eq!(outbox.send().unwrap(), 3);

    assert_eq!(keys(&outbox), [""; 0]);
    assert_eq!(vault.get(&key("a")).unwrap().as_deref(), Some(&b"new"[..]));
    assert_eq!(outbox.get(&key("b")).unwrap().as_deref(), Some(&b"2"[..]));
    assert_eq!((outbox.send().unwrap(), outbox.sent()), (0, 3));
}

#[test]
fn a_folder_needs_no_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Arc::new(Vault::open(folder.path().join("vault")).unwrap());
    let outbox = Outbox::open(vault.clone(), folder.path().join("vault/.outbox"));

    outbox.put(&key("a"), b"1").unwrap();

    assert_eq!(vault.get(&key("a")).unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(keys(&outbox), [""; 0]);
    assert_eq!(outbox.send().unwrap(), 0);
    assert!(!folder.path().join("vault/.outbox").exists());
}

#[test]
fn what_was_changed_while_it_waited_is_set_aside_and_not_sent() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let vault = Arc::new(Vault::s3(settings(server.endpoint())).unwrap());
    let outbox = Outbox::open(vault.clone(), folder.path());
    outbox.put(&key("a"), b"1").unwrap();
    outbox.put(&key("b"), b"2").unwrap();
    let waiting = fs::read_dir(folder.path()).unwrap();
    let waiting = waiting.map(|entry| entry.unwrap().path().join("object"));
    let of_a = waiting
        .into_iter()
        .find(|path| fs::read(path).unwrap() == b"1");
    fs::write(of_a.unwrap(), b"x").unwrap();

    let sent = outbox.send().unwrap();
    let read = outbox.get(&key("a")).unwrap_err();

    assert_eq!((sent, keys(&outbox)), (1, Vec::new()));
    assert_eq!(refused(&outbox).len(), 1);
    assert!(refused(&outbox)[0].ends_with("it has not the SHA-256 that was recorded with it"));
    assert!(matches!(read, VaultError::Damaged { .. }), "{read}");
    assert_eq!(vault.get(&key("a")).unwrap(), None);
    assert_eq!(vault.get(&key("b")).unwrap().as_deref(), Some(&b"2"[..]));
}

#[test]
fn many_who_send_from_one_folder_send_each_object_once() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let open = || {
        let vault = Vault::s3(settings(server.endpoint())).unwrap();
        Outbox::open(Arc::new(vault), folder.path())
    };
    let outbox = open();
    for at in 0..20 {
        outbox.put(&key(&format!("{at}")), &[at]).unwrap();
    }

    let sent: u64 = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let (outbox, mut sent) = (open(), 0);
                    while !outbox.pending().unwrap().is_empty() {
                        sent += outbox.send().unwrap();
                    }
                    sent
                })
            })
            .collect();
        senders
            .into_iter()
            .map(|sender| sender.join().unwrap())
            .sum()
    });

    assert_eq!(sent, 20);
    for at in 0..20 {
        let found = outbox.vault().get(&key(&format!("{at}"))).unwrap();
        assert_eq!(found, Some(vec![at]));
    }
}

#[test]
fn what_is_refused_for_good_is_set_aside_and_does_not_hold_up_the_rest() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let proxy = Proxy::to(server.address);
    let outbox = Outbox::open(behind(&proxy), folder.path());
    outbox.put(&key("x/a"), b"1").unwrap();
    outbox.put(&key("b"), b"2").unwrap();
    outbox.put(&key("x/c"), b"3").unwrap();
    outbox.put(&key("x/c"), b"4").unwrap();
    proxy.plan("PUT /objects/some/prefix/x/", Fault::Forbid, 2);

    let sent = outbox.send().unwrap();

    assert_eq!((sent, keys(&outbox)), (2, Vec::new()));
    assert_eq!(outbox.get(&key("x/a")).unwrap().as_deref(), Some(&b"1"[..]));
    // What came later under a key makes an earlier object of it needless.
    let told = refused(&outbox);
    assert_eq!((told.len(), outbox.refused_count().unwrap()), (1, 1));
    assert!(told[0].starts_with("x/a "), "{told:?}");
    assert!(
        told[0].contains("refused to put `x/a`: status 403"),
        "{told:?}"
    );
    let vault = outbox.vault();
    assert_eq!(vault.get(&key("x/a")).unwrap(), None);
    assert_eq!(vault.get(&key("x/c")).unwrap().as_deref(), Some(&b"4"[..]));
    assert_eq!(outbox.send().unwrap(), 0);
    let backlog = outbox.backlog(SystemTime::now()).unwrap();
    assert!(backlog.is_amiss());
    let place = outbox.refused().unwrap().remove(0).folder;
    let said = format!(
        "0 objects wait (0 bytes); 1 were set aside, first `x/a` in `{}`: ",
        place.display()
    );
    assert!(backlog.to_string().starts_with(&said), "{backlog}");

    let opened_later = Outbox::open(outbox.vault().clone(), folder.path());
    assert_eq!(opened_later.send().unwrap(), 1);
    assert_eq!(refused(&outbox), [""; 0]);
    assert_eq!(vault.get(&key("x/a")).unwrap().as_deref(), Some(&b"1"[..]));
}

#[test]
fn keys_that_are_refused_altogether_set_nothing_aside() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let proxy = Proxy::to(server.address);
    let outbox = Outbox::open(behind(&proxy), folder.path());
    outbox.put(&key("a"), b"1").unwrap();
    outbox.put(&key("b"), b"2").unwrap();
    proxy.plan("", Fault::Forbid, usize::MAX);

    let unsent = outbox.send().unwrap_err();

    assert!(matches!(unsent, VaultError::Refused { .. }), "{unsent}");
    assert_eq!(keys(&outbox), ["a", "b"]);
    assert_eq!(refused(&outbox), [""; 0]);

    proxy.mend();
    assert_eq!(outbox.send().unwrap(), 2);
}

#[test]
fn what_never_arrives_whole_waits_and_does_not_hold_up_the_rest() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let proxy = Proxy::to(server.address);
    let outbox = Outbox::open(behind(&proxy), folder.path());
    outbox.put(&key("x"), b"1").unwrap();
    outbox.put(&key("b"), b"2").unwrap();
    outbox.put(&key("x"), b"3").unwrap();
    proxy.plan("PUT /objects/some/prefix/x", Fault::Busy, usize::MAX);

    let unsent = outbox.send().unwrap_err();

    assert!(matches!(unsent, VaultError::Unreachable { .. }), "{unsent}");
    assert_eq!(
        (keys(&outbox), outbox.sent()),
        (vec!["x".into(), "x".into()], 1)
    );
    assert_eq!(refused(&outbox), [""; 0]);

    proxy.mend();
    assert_eq!(outbox.send().unwrap(), 2);
    let found = outbox.vault().get(&key("x")).unwrap();
    assert_eq!(found.as_deref(), Some(&b"3"[..]));
}

#[test]
fn what_waits_is_bounded_and_who_puts_more_is_told() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let vault = Arc::new(Vault::s3(settings(server.endpoint())).unwrap());
    let open = |objects_max, bytes_max| {
        let limits = OutboxLimits {
            objects_max,
            bytes_max,
        };
        Outbox::open(vault.clone(), folder.path()).with_limits(limits)
    };
    open(2, 10).put(&key("a"), b"123").unwrap();

    let too_large = open(2, 10).put(&key("b"), b"12345678").unwrap_err();
    open(2, 10).put(&key("b"), b"1234567").unwrap();
    let too_many = open(2, 100).put_once(&key("c"), b"").unwrap_err();

    for (refused, objects, bytes) in [(&too_large, 1, 3), (&too_many, 2, 10)] {
        let place = folder.path().display();
        assert_eq!(
            refused.to_string(),
            format!(
                "{objects} objects ({bytes} bytes) wait in `{place}`, which takes no more until \
                 some are sent"
            )
        );
    }
    assert_eq!(open(2, 10).send().unwrap(), 2);
    open(2, 10).put(&key("c"), b"").unwrap();
}

#[test]
fn what_is_put_once_is_read_back_at_once_and_never_replaced() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let proxy = Proxy::to(server.address);
    let remote = behind(&proxy);
    remote.put(&key("theirs"), b"theirs").unwrap();
    remote.put(&key("same"), b"same").unwrap();
    let local = Arc::new(Vault::open(folder.path().join("vault")).unwrap());
    let in_bucket = Outbox::open(remote.clone(), folder.path().join(".outbox"));
    let in_folder = Outbox::open(local.clone(), folder.path().join("none"));
    proxy.plan("", Fault::Cut, usize::MAX);

    for outbox in [&in_bucket, &in_folder] {
        outbox.put_once(&key("mine"), b"1").unwrap();
        outbox.put_once(&key("mine"), b"1").unwrap();
        let other = outbox.put_once(&key("mine"), b"2").unwrap_err();

        let said = "there are other bytes under `mine` already";
        assert_eq!(other.to_string(), said);
        let found = outbox.get(&key("mine")).unwrap();
        assert_eq!(found.as_deref(), Some(&b"1"[..]));
    }
    in_bucket.put_once(&key("theirs"), b"mine").unwrap();
    in_bucket.put_once(&key("same"), b"same").unwrap();
    assert_eq!(keys(&in_bucket), ["mine", "theirs", "same"]);

    proxy.mend();
    assert_eq!(in_bucket.send().unwrap(), 2);
    let told = refused(&in_bucket);
    assert_eq!(
        told,
        ["theirs there are other bytes under `theirs` already"]
    );
    for (name, bytes) in [("mine", "1"), ("theirs", "theirs"), ("same", "same")] {
        let found = remote.get(&key(name)).unwrap();
        assert_eq!(found.as_deref(), Some(bytes.as_bytes()));
        // The vault's bytes count, not those that were set aside.
        assert_eq!(in_bucket.get(&key(name)).unwrap(), found);
    }
}
