//! What somebody who may administer the server can do to a journal there, and what `verify` says of it.

use async_nats::{
    ConnectOptions, HeaderMap,
    jetstream::{self, message::StreamMessage, stream::Stream},
};
use bytes::Bytes;
use journal::{OpenJournal as _, Witness, seal_up_to_now};
use model::{Digest, Event, Seq};

use crate::{
    nats_server::NatsServer,
    support::{append, history, numbered, second},
};

const STREAM: &str = "luthier";
/// Events under a seal, then the seal, then events under none.
const SEALED: Seq = 40;
const SEAL: Seq = 41;
const ALL: Seq = 60;

/// A message as it can be published again.
struct Message {
    subject: String,
    headers: HeaderMap,
    payload: Bytes,
}

impl From<StreamMessage> for Message {
    fn from(message: StreamMessage) -> Self {
        let mut headers = HeaderMap::new();
        for (name, values) in message.headers.iter() {
            // The server would do again what these asked of it.
            if !name.to_string().starts_with("Nats-") {
                headers.insert(name.clone(), values[0].clone());
            }
        }
        Self {
            subject: message.subject.to_string(),
            headers,
            payload: message.payload,
        }
    }
}

impl Message {
    fn text(&self) -> &str {
        str::from_utf8(&self.payload[..self.text_bytes()]).unwrap()
    }

    fn text_bytes(&self) -> usize {
        let bytes = self.headers.get("Luthier-Text").unwrap();
        bytes.as_str().parse().unwrap()
    }

    /// Another text, with all that goes along with it.
    fn set_text(&mut self, text: &str) {
        let document = self.payload.slice(self.text_bytes()..);
        self.payload = [text.as_bytes(), &document].concat().into();
        self.headers.insert("Luthier-Text", text.len().to_string());
        let hash = Digest::of(text.as_bytes());
        self.headers.insert("Luthier-Hash", hash.to_string());
    }
}

async fn sealed_history(server: &NatsServer) -> Witness {
    let journal = server.journal().await;
    history(&*journal, SEALED).await;
    let witness = seal_up_to_now(&*journal, || second(1_000)).await;
    for n in SEAL + 1..=ALL {
        let mut event = numbered(n);
        event.time = second(1_000 + n.cast_signed());
        append(&*journal, &format!("thing.{}", n % 3), event).await;
    }
    journal.close().await;
    witness.unwrap().unwrap()
}

/// Puts in place of the stream another one, with these messages, which lets go of what a journal's does not.
async fn replace(server: &NatsServer, edit: impl FnOnce(&mut Vec<Message>)) -> Stream {
    let user = ConnectOptions::with_user_and_password("luthier".into(), "secret".into());
    let context = jetstream::new(user.connect(&server.address).await.unwrap());
    let mut stream = context.get_stream(STREAM).await.unwrap();
    let mut config = stream.info().await.unwrap().config.clone();
    let mut messages = Vec::new();
    for seq in 1..=ALL {
        messages.push(Message::from(stream.get_raw_message(seq).await.unwrap()));
    }
    edit(&mut messages);
    context.delete_stream(STREAM).await.unwrap();
    (config.deny_delete, config.deny_purge) = (false, false);
    let stream = context.create_stream(config).await.unwrap();
    for message in messages {
        let published =
            context.publish_with_headers(message.subject, message.headers, message.payload);
        published.await.unwrap().await.unwrap();
    }
    stream
}

/// As it was, so that a journal is opened on it.
async fn restore_settings(server: &NatsServer, mut stream: Stream) {
    let user = ConnectOptions::with_user_and_password("luthier".into(), "secret".into());
    let context = jetstream::new(user.connect(&server.address).await.unwrap());
    let mut config = stream.info().await.unwrap().config.clone();
    (config.deny_delete, config.deny_purge) = (true, true);
    context.update_stream(config).await.unwrap();
}

async fn verdict(server: &NatsServer, witness: Option<Witness>) -> String {
    let journal = server.journal().await;
    let verdict = journal.verify(witness, Box::new(|_| ())).await.unwrap();
    let faults: Vec<_> = verdict.faults.iter().map(ToString::to_string).collect();
    faults.join("\n")
}

/// All that `verify` says of a journal whose messages were edited so.
async fn faults(edit: impl FnOnce(&mut Vec<Message>)) -> String {
    let server = NatsServer::default();
    let witness = sealed_history(&server).await;
    let stream = replace(&server, edit).await;
    restore_settings(&server, stream).await;
    verdict(&server, Some(witness)).await
}

fn place(seq: Seq) -> usize {
    usize::try_from(seq).unwrap() - 1
}

#[tokio::test]
async fn a_stream_that_was_made_anew_with_the_same_messages_is_whole() {
    assert_eq!(faults(|_messages| ()).await, "");
}

#[tokio::test]
async fn a_message_that_was_deleted_is_named_and_nothing_else_is_blamed() {
    for seq in [1, 7, SEALED, SEAL, SEALED + 5, ALL] {
        let server = NatsServer::default();
        let witness = sealed_history(&server).await;
        let stream = replace(&server, |_| ()).await;
        stream.delete_message(seq).await.unwrap();
        restore_settings(&server, stream).await;

        let fault = verdict(&server, Some(witness)).await;

        assert_eq!(fault, format!("event {seq} was dropped"));
    }
}

#[tokio::test]
async fn what_was_purged_is_named() {
    let server = NatsServer::default();
    let witness = sealed_history(&server).await;
    let stream = replace(&server, |_| ()).await;
    stream.purge().sequence(4).await.unwrap();
    restore_settings(&server, stream).await;

    let fault = verdict(&server, Some(witness)).await;

    insta::assert_snapshot!(fault, @r"
    event 1 was dropped
    event 2 was dropped
    event 3 was dropped
    ");
}

#[tokio::test]
async fn a_tail_that_is_gone_is_caught_by_the_server_or_by_whoever_remembers_a_seal() {
    // Taken out of the stream, which knows how far it was.
    let server = NatsServer::default();
    sealed_history(&server).await;
    let stream = replace(&server, |_| ()).await;
    for seq in ALL - 2..=ALL {
        stream.delete_message(seq).await.unwrap();
    }
    restore_settings(&server, stream).await;
    insta::assert_snapshot!(verdict(&server, None).await, @r"
    event 58 was dropped
    event 59 was dropped
    event 60 was dropped
    ");

    // Never there, in a stream that knows of nothing.
    let cut = faults(|messages| messages.truncate(12)).await;
    insta::assert_snapshot!(cut, @"everything from event 13 on was cut off");
}

#[tokio::test]
async fn a_message_in_place_of_another_is_named() {
    // Its text alone, under a seal and not.
    for seq in [7, 50] {
        let edited = faults(|messages| {
            let text = messages[place(seq)].text().replace("data", "dada");
            let document = messages[place(seq)].payload.slice(text.len()..);
            messages[place(seq)].payload = [text.as_bytes(), &document].concat().into();
        });
        let edited = edited.await;
        let expected = format!("event {seq} was edited: ");
        assert!(edited.starts_with(&expected), "{edited}");
        assert_eq!(edited.lines().count(), 1, "{edited}");
    }

    // With its hash, so that only a seal tells.
    let forged = faults(|messages| {
        let message = &mut messages[place(7)];
        let forged = message
            .text()
            .replace("\"data\":{", "\"data\":{\"a_lie\":true,");
        let event = Event::from_sealed_text(7, Digest([0; 32]), &forged).unwrap();
        message.set_text(&event.sealed_text());
    });
    insta::assert_snapshot!(forged.await, @"event 7 is not the one that was sealed");
}

#[tokio::test]
async fn two_messages_that_changed_places_are_both_named() {
    for (one, other) in [(3, 9), (4, 5), (44, 53), (45, 46), (45, 58)] {
        let fault = faults(|messages| messages.swap(place(one), place(other))).await;
        let first = fault.lines().next().unwrap_or_default();
        // Two neighbours of two subjects, under no seal: any order of them is one that writers may have had.
        let is_told = other > SEALED && other == one + 1;
        let is_named = first.starts_with(&format!("event {one} "));
        assert_eq!(is_named, !is_told, "{one} and {other}: {fault}");
    }
}

#[tokio::test]
async fn what_goes_along_with_a_text_is_held_against_it() {
    let said = |edit: fn(&mut Message)| faults(move |messages| edit(&mut messages[place(50)]));

    let body = said(|message| message.payload = message.payload.slice(..message.payload.len() - 1));
    let no_body = said(|message| message.payload = message.payload.slice(..message.text_bytes()));
    let more = said(|message| {
        message.headers = message
            .headers
            .iter()
            .filter(|(name, _)| name.to_string() != "Luthier-Body")
            .map(|(name, values)| (name.clone(), values[0].clone()))
            .collect();
    });
    let subject = said(|message| message.subject = message.subject.replace("thing", "other"));
    let hash = said(|message| message.headers = HeaderMap::new());

    insta::assert_snapshot!(body.await, @"the document of event 50 was edited");
    insta::assert_snapshot!(no_body.await, @"the document of event 50 was edited");
    insta::assert_snapshot!(more.await, @"the document of event 50 was edited");
    insta::assert_snapshot!(subject.await, @"event 50 was edited: the subject of the message differs from its text");
    insta::assert_snapshot!(hash.await, @"event 50 was edited: the message has no hash");
}

#[tokio::test]
async fn times_of_a_subject_never_decrease_and_those_of_two_may() {
    // No seal covers it. Before it in its subject is 47, and 49 is of another one.
    let at_second = |n: i64| {
        faults(move |messages| {
            let message = &mut messages[place(50)];
            let mut event = Event::from_sealed_text(50, Digest([0; 32]), message.text()).unwrap();
            event.time = second(n);
            message.set_text(&event.sealed_text());
        })
    };

    assert_eq!(at_second(1_048).await, "");
    insta::assert_snapshot!(at_second(1_040).await, @"event 50 is out of order: its time is not between its neighbours'");
}
