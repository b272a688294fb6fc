//! Objects that wait for a store.

use std::{fs, sync::Arc};

use vault::{Outbox, S3Limits, S3Settings, Vault, VaultError};

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

#[test]
fn what_is_put_while_the_store_is_away_is_sent_when_it_is_back() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let proxy = Proxy::to(server.address);
    let settings = S3Settings {
        limits: S3Limits {
            retry_ms_max: 100,
            ..limits()
        },
        ..settings(proxy.endpoint())
    };
    let vault = Arc::new(Vault::s3(settings).unwrap());
    let outbox = Outbox::open(vault.clone(), folder.path().join(".outbox"));
    proxy.plan("", Fault::Cut, usize::MAX);

    outbox.put(&key("a"), b"old").unwrap();
    outbox.put(&key("b"), b"2").unwrap();
    outbox.put(&key("a"), b"new").unwrap();
    let unsent = outbox.send().unwrap_err();

    assert!(matches!(unsent, VaultError::Unreachable { .. }), "{unsent}");
    assert_eq!(keys(&outbox), ["a", "b", "a"]);
    assert_eq!(outbox.get(&key("a")).unwrap().as_deref(), Some(&b"new"[..]));

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
fn what_was_changed_while_it_waited_is_told_of_and_not_sent() {
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

    assert_eq!((sent, keys(&outbox)), (1, vec!["a".to_owned()]));
    assert!(outbox.pending().unwrap()[0].damaged.is_some());
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
