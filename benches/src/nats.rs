//! NATS `JetStream`'s key-value store, told to fsync every write (by default it syncs every two
//! minutes and loses what it acknowledged since).

use std::path::Path;

use anyhow::{Context as _, Result};
use async_nats::jetstream::{
    self,
    kv::{Config, Store as Bucket, UpdateErrorKind, Watch},
    stream,
};
use futures_util::StreamExt as _;
use serde_json::Value;

use crate::{
    document,
    load::{DOCUMENTS_COUNT, Held, Session, Store},
    server::{LOCALHOST, Server, free_port},
    watch::{Watchable, Watcher},
};

const BUCKET: &str = "documents";
const EVENTS: &str = "events";

pub(crate) struct Nats {
    pub(crate) address: String,
    _server: Server,
}

impl Nats {
    pub(crate) async fn start(tools: &Path, folder: &Path) -> Result<Self> {
        let address = format!("{LOCALHOST}:{}", free_port()?);
        let config = folder.join("nats.conf");
        let data = folder.join("nats");
        let text = format!(
            "listen: \"{address}\"\nmax_payload: 16MB\njetstream {{ store_dir: \"{}\", sync_interval: always }}\n",
            data.display()
        );
        std::fs::write(&config, text)?;
        let args = ["--config".to_owned(), config.display().to_string()];
        let mut server = Server::start(tools, "nats/bin/nats-server", &args, folder)?;
        let context = server.until_ready(async || connect(&address).await).await?;
        let bucket = context
            .create_key_value(Config {
                bucket: BUCKET.to_owned(),
                history: 1,
                ..Config::default()
            })
            .await?;
        for document in 0..DOCUMENTS_COUNT {
            let value = document::new(document).to_string();
            bucket.put(key(document), value.into()).await?;
        }
        context
            .create_stream(stream::Config {
                name: EVENTS.to_owned(),
                subjects: vec![format!("{EVENTS}.>")],
                ..stream::Config::default()
            })
            .await?;
        Ok(Self {
            address,
            _server: server,
        })
    }
}

async fn connect(address: &str) -> Result<jetstream::Context> {
    Ok(jetstream::new(async_nats::connect(address).await?))
}

fn key(document: usize) -> String {
    format!("document-{document:04}")
}

impl Store for Nats {
    type Session = NatsSession;
    const IS_BLOCKING: bool = false;

    async fn session(&self) -> Result<NatsSession> {
        let context = connect(&self.address).await?;
        let bucket = context.get_key_value(BUCKET).await?;
        Ok(NatsSession { context, bucket })
    }
}

pub(crate) struct NatsSession {
    context: jetstream::Context,
    bucket: Bucket,
}

impl Session for NatsSession {
    async fn read(&mut self, document: usize) -> Result<Held> {
        let entry = self.bucket.entry(key(document)).await?;
        let entry = entry.context("the document is there")?;
        Ok(Held {
            revision: entry.revision,
            value: serde_json::from_slice(&entry.value)?,
        })
    }

    async fn swap(&mut self, document: usize, held: &Held) -> Result<Option<u64>> {
        let value = held.value.to_string();
        let update = self
            .bucket
            .update(key(document), value.into(), held.revision)
            .await;
        match update {
            Ok(revision) => Ok(Some(revision)),
            Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn append(&mut self, event: &Value) -> Result<()> {
        let subject = format!("{EVENTS}.call");
        let sent = self
            .context
            .publish(subject, event.to_string().into())
            .await?;
        sent.await?;
        Ok(())
    }
}

impl Watchable for Nats {
    type Watcher = NatsWatcher;

    async fn watch(&self, document: usize) -> Result<NatsWatcher> {
        let bucket = connect(&self.address).await?.get_key_value(BUCKET).await?;
        let watch = bucket.watch(key(document)).await?;
        Ok(NatsWatcher { watch })
    }
}

pub(crate) struct NatsWatcher {
    watch: Watch,
}

impl Watcher for NatsWatcher {
    async fn next(&mut self) -> Result<u64> {
        let entry = self.watch.next().await.context("the watch ended")??;
        Ok(entry.revision)
    }
}
