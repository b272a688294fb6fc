//! etcd: one member, its defaults (every write fsynced), gRPC over one connection a writer.

mod wire;

use std::{collections::VecDeque, path::Path};

use anyhow::{Context as _, Result};
use http::uri::PathAndQuery;
use prost::Message;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Streaming,
    client::Grpc,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use self::wire::{
    Compare, CompareTarget, PutRequest, PutResponse, RangeRequest, RangeResponse, RequestOp,
    TxnRequest, TxnResponse, WatchEvent, WatchRequest, WatchResponse,
};
use crate::{
    document,
    load::{DOCUMENTS_COUNT, Held, Session, Store},
    server::{LOCALHOST, Server, free_port},
    watch::{Watchable, Watcher},
};

const RANGE: &str = "/etcdserverpb.KV/Range";
const PUT: &str = "/etcdserverpb.KV/Put";
const TXN: &str = "/etcdserverpb.KV/Txn";
const WATCH: &str = "/etcdserverpb.Watch/Watch";

/// The whole history of a run fits, so that etcd never stops to ask for room.
const QUOTA_BYTES_MAX: u64 = 8 << 30;

pub(crate) struct Etcd {
    endpoint: Endpoint,
    _server: Server,
}

impl Etcd {
    pub(crate) async fn start(tools: &Path, folder: &Path) -> Result<Self> {
        let client = format!("http://{LOCALHOST}:{}", free_port()?);
        let peer = format!("http://{LOCALHOST}:{}", free_port()?);
        let args = [
            format!("--data-dir={}", folder.join("etcd").display()),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
            format!("--quota-backend-bytes={QUOTA_BYTES_MAX}"),
            "--log-level=error".to_owned(),
        ];
        let mut server = Server::start(tools, "etcd/usr/bin/etcd", &args, folder)?;
        let endpoint = Endpoint::from_shared(client)?.tcp_nodelay(true);
        let mut session = server
            .until_ready(async || {
                let mut session = EtcdSession::connect(&endpoint).await?;
                session.put(key(0), document::new(0).to_string()).await?;
                Ok(session)
            })
            .await?;
        for document in 1..DOCUMENTS_COUNT {
            let value = document::new(document).to_string();
            session.put(key(document), value).await?;
        }
        Ok(Self {
            endpoint,
            _server: server,
        })
    }
}

fn key(document: usize) -> Vec<u8> {
    format!("document/{document:04}").into_bytes()
}

impl Store for Etcd {
    type Session = EtcdSession;
    const IS_BLOCKING: bool = false;

    async fn session(&self) -> Result<EtcdSession> {
        EtcdSession::connect(&self.endpoint).await
    }
}

pub(crate) struct EtcdSession {
    grpc: Grpc<Channel>,
}

impl EtcdSession {
    async fn connect(endpoint: &Endpoint) -> Result<Self> {
        let channel = endpoint.connect().await.context("cannot connect")?;
        Ok(Self {
            grpc: Grpc::new(channel),
        })
    }

    async fn call<Q, A>(&mut self, path: &'static str, request: Q) -> Result<A>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        self.grpc.ready().await?;
        let path = PathAndQuery::from_static(path);
        let codec = ProstCodec::<Q, A>::default();
        let answer = self.grpc.unary(Request::new(request), path, codec).await?;
        Ok(answer.into_inner())
    }

    async fn put(&mut self, key: Vec<u8>, value: String) -> Result<()> {
        let request = PutRequest {
            key,
            value: value.into_bytes(),
        };
        let answer: PutResponse = self.call(PUT, request).await?;
        answer.header.context("an answer has a header")?;
        Ok(())
    }
}

impl Session for EtcdSession {
    async fn read(&mut self, document: usize) -> Result<Held> {
        let request = RangeRequest { key: key(document) };
        let answer: RangeResponse = self.call(RANGE, request).await?;
        let found = answer.kvs.first().context("the document is there")?;
        Ok(Held {
            revision: u64::try_from(found.mod_revision)?,
            value: serde_json::from_slice(&found.value)?,
        })
    }

    async fn swap(&mut self, document: usize, held: &Held) -> Result<Option<u64>> {
        let put = PutRequest {
            key: key(document),
            value: held.value.to_string().into_bytes(),
        };
        let request = TxnRequest {
            compare: vec![Compare {
                target: CompareTarget::Mod.into(),
                key: key(document),
                mod_revision: Some(i64::try_from(held.revision)?),
            }],
            success: vec![RequestOp {
                request: Some(wire::Request::Put(put)),
            }],
        };
        let answer: TxnResponse = self.call(TXN, request).await?;
        if !answer.succeeded {
            return Ok(None);
        }
        let header = answer.header.context("an answer has a header")?;
        Ok(Some(u64::try_from(header.revision)?))
    }

    async fn append(&mut self, event: &Value) -> Result<()> {
        let key = format!("event/{}", fastrand::u64(..)).into_bytes();
        self.put(key, event.to_string()).await
    }
}

impl Watchable for Etcd {
    type Watcher = EtcdWatcher;

    async fn watch(&self, document: usize) -> Result<EtcdWatcher> {
        let mut grpc = EtcdSession::connect(&self.endpoint).await?.grpc;
        let (requests, queued) = mpsc::channel(1);
        let create = WatchRequest {
            create_request: Some(RangeRequest { key: key(document) }),
        };
        requests.send(create).await?;
        grpc.ready().await?;
        let path = PathAndQuery::from_static(WATCH);
        let codec = ProstCodec::<WatchRequest, WatchResponse>::default();
        let stream = Request::new(ReceiverStream::new(queued));
        let mut answers = grpc.streaming(stream, path, codec).await?.into_inner();
        let first = answers.message().await?.context("the watch ended")?;
        anyhow::ensure!(first.created, "the watch was not created");
        Ok(EtcdWatcher {
            answers,
            events: VecDeque::new(),
            _requests: requests,
        })
    }
}

pub(crate) struct EtcdWatcher {
    answers: Streaming<WatchResponse>,
    events: VecDeque<WatchEvent>,
    /// Dropping it would end the watch.
    _requests: mpsc::Sender<WatchRequest>,
}

impl Watcher for EtcdWatcher {
    async fn next(&mut self) -> Result<u64> {
        loop {
            if let Some(event) = self.events.pop_front() {
                let kv = event.kv.context("an event has a key")?;
                return Ok(u64::try_from(kv.mod_revision)?);
            }
            let answer = self.answers.message().await?.context("the watch ended")?;
            self.events.extend(answer.events);
        }
    }
}
