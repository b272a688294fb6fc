//! Servers and streams that could lose what they acknowledge: refused by name, nothing changed.

use std::time::Duration;

use async_nats::{
    ConnectOptions,
    jetstream::{self, stream},
};
use journal::{NatsJournal, NatsOptions};

use crate::nats_server::{NatsServer, SETTINGS, STREAMS};

async fn refusal(options: NatsOptions) -> String {
    let Err(error) = NatsJournal::open(options).await else {
        panic!("it was opened");
    };
    error.to_string()
}

/// Makes the stream of a journal such that it drops what is old.
async fn make_forgetful(server: &NatsServer, stream: &str) {
    let user = ConnectOptions::with_user_and_password("luthier".into(), "secret".into());
    let client = user.connect(&server.address).await.unwrap();
    let config = stream::Config {
        name: stream.to_owned(),
        subjects: vec![format!("{stream}.event.>")],
        discard: stream::DiscardPolicy::New,
        allow_direct: true,
        deny_delete: true,
        max_age: Duration::from_hours(1),
        ..stream::Config::default()
    };
    jetstream::new(client).create_stream(config).await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_sync_is_refused() {
    let server = NatsServer::with(&format!("{SETTINGS}\nserver_name: harp"), "");

    insta::assert_snapshot!(refusal(server.options()).await, @"`sync_interval` of nats-server `harp` is 120s, so a power cut loses what it acknowledged: set `jetstream { sync_interval: always }`");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_refused() {
    let server = NatsServer::default();
    let unseen = NatsOptions {
        system: None,
        ..server.options()
    };

    insta::assert_snapshot!(refusal(unseen.clone()).await, @"whether nats-server syncs what it stores cannot be seen: name a user of its system account, or say that it does");
    let vouched = NatsOptions {
        trusts_sync: true,
        ..unseen
    };
    NatsJournal::open(vouched).await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_no_large_events_is_refused() {
    let server = NatsServer::with("", STREAMS);

    insta::assert_snapshot!(refusal(server.options()).await, @"`max_payload` of nats-server is 1048576, and events need 12233384: set `max_payload: 16MB`");
}

#[tokio::test]
async fn a_stream_that_forgets_is_refused() {
    let server = NatsServer::default();
    let options = server.options();
    make_forgetful(&server, &options.stream).await;

    insta::assert_snapshot!(refusal(options).await, @"the stream `luthier` has `max_age` 3600s, and a journal needs 0ns");
}

#[tokio::test]
async fn what_is_no_stream_and_what_is_no_server_is_named() {
    let server = NatsServer::default();
    let named = NatsOptions {
        stream: "a b".to_owned(),
        ..server.options()
    };
    insta::assert_snapshot!(refusal(named).await, @"`a b` is no name of a stream: letters, digits, - and _ alone");

    let address = server.options().servers;
    drop(server);
    let gone = refusal(NatsOptions::new(address)).await;
    assert!(gone.starts_with("`nats://127.0.0.1:"), "{gone}");
    assert!(
        gone.ends_with("; see that nats-server runs there"),
        "{gone}"
    );
    assert!(!gone.contains("secret"), "{gone}");
}

#[tokio::test]
async fn where_nothing_is_nothing_is_made_by_looking() {
    let server = NatsServer::default();
    let unheard_of = NatsOptions {
        stream: "a b".to_owned(),
        ..server.options()
    };

    assert!(NatsJournal::find(server.options()).await.unwrap().is_none());
    assert!(NatsJournal::find(server.options()).await.unwrap().is_none());
    assert!(NatsJournal::find(unheard_of).await.unwrap().is_none());

    server.journal().await;
    assert!(NatsJournal::find(server.options()).await.unwrap().is_some());
}

#[tokio::test]
async fn no_part_of_a_password_is_shown() {
    let servers = [
        "nats://luthier:secret@127.0.0.1:1",
        "luthier:secret@127.0.0.1:1",
        "nats://luthier:secret,secret@127.0.0.1:1",
        "nats://luthier:secret,secret,secret@127.0.0.1:1",
        "nats://luthier:secret@secret,secret://secret@127.0.0.1:1",
    ];
    for server in servers {
        let options = NatsOptions {
            system: Some(server.to_owned()),
            ..NatsOptions::new(server)
        };
        let shown = format!("{options:?}");
        let refused = refusal(options).await;

        assert!(shown.contains("127.0.0.1:1"), "{shown}");
        assert!(refused.contains("127.0.0.1:1"), "{refused}");
        assert!(
            !format!("{shown}{refused}").contains("secret"),
            "{server}: {shown} {refused}"
        );
    }

    let several = NatsOptions::new("nats://a:secret@one:1,tls://two:2, three:3");
    insta::assert_snapshot!(format!("{several:?}"), @r#"NatsOptions { servers: "nats://one:1,tls://two:2,nats://three:3", system: None, trusts_sync: false, stream: "luthier", replicas: 1, writes_max: 4096, .. }"#);
}
