//! Runners in processes of their own, which know a journal on NATS and a vault on S3 alone.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use hdrhistogram::Histogram;
use jiff::Timestamp;
use journal::{NatsJournal, NatsOptions};
use model::LineageName;
use serde_json::json;
use state::{Author, Change, StateManager, is_of_staging};

use super::{
    calls::Call,
    server::Programs,
    wire::{Connection, Endpoint, Era},
    workspace::Workspace,
};
use crate::{
    load::{new_histogram, record},
    nats::Nats,
    server::{LOCALHOST, Server, free_port},
};

const S3_SERVER: &str = "moto/bin/moto_server";
const BUCKET: &str = "objects";
/// The server wants to see a signature, and believes each.
const ANYBODY: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, \
                       SignedHeaders=host, Signature=0";
/// Each of them.
const WORKERS: usize = 1;

/// The servers that replicas know, and whoever makes versions on them.
pub(crate) struct Town {
    nats: Nats,
    s3_port: u16,
    _s3: Server,
    _tuner: Server,
}

impl Town {
    pub(crate) async fn start(programs: &Programs<'_>) -> Result<Self> {
        let nats = Nats::start(programs.tools, programs.folder).await?;
        let s3_port = free_port()?;
        let args = ["-H", LOCALHOST, "-p", &s3_port.to_string()].map(str::to_owned);
        let mut s3 = Server::start(programs.tools, S3_SERVER, &args, programs.folder)?;
        s3.until_ready(async || make_bucket(s3_port)).await?;
        let workspace = Workspace::create(programs.folder.join("workspace"), WORKERS)?;
        let port = free_port()?;
        let mut args = vec![
            "serve".to_owned(),
            "tuner".to_owned(),
            "runner".to_owned(),
            format!("--port={port}"),
            format!("--workspace={}", workspace.folder().display()),
        ];
        args.push(format!("--data={}", workspace.data().display()));
        let mut tuner = begin(programs, &nats, s3_port, &args)?;
        wait_for_call(&mut tuner, port).await?;
        Ok(Self {
            nats,
            s3_port,
            _s3: s3,
            _tuner: tuner,
        })
    }

    /// A Runner with nothing of its own, and how long it took to answer a first call.
    pub(crate) async fn replica(&self, programs: &Programs<'_>) -> Result<Replica> {
        let port = free_port()?;
        let data = programs.folder.join(format!("replica-{port}"));
        let args = [
            "serve".to_owned(),
            "runner".to_owned(),
            format!("--port={port}"),
            format!("--data={}", data.display()),
        ];
        let began = Instant::now();
        let mut server = begin(programs, &self.nats, self.s3_port, &args)?;
        let endpoint = wait_for_call(&mut server, port).await?;
        Ok(Replica {
            took: began.elapsed(),
            endpoint,
            _server: server,
        })
    }

    /// Stages and promotes, one after the other; awaited until no Runner serves what was before, or not.
    pub(crate) async fn promote(&self, times: u64, is_awaited: bool) -> Result<Histogram<u64>> {
        let options = NatsOptions {
            trusts_sync: true,
            is_awaited: if is_awaited {
                |event| !is_of_staging(event)
            } else {
                |_event| false
            },
            ..NatsOptions::new(&self.nats.address)
        };
        let journal = NatsJournal::open(options).await?;
        let manager = StateManager::new(journal, Arc::new(Timestamp::now));
        let (main, author) = (LineageName::default(), Author::default());
        let mut latencies = new_histogram();
        for number in 0..times {
            let greeting = format!("{is_awaited} {number}");
            let change = Change::Merge(json!({"greeting": greeting}));
            manager.commit(&main, change, None, &author).await?;
            let began = Instant::now();
            manager.promote(&main, None, &author).await?;
            record(&mut latencies, began.elapsed());
        }
        Ok(latencies)
    }
}

pub(crate) struct Replica {
    pub(crate) took: Duration,
    pub(crate) endpoint: Endpoint,
    _server: Server,
}

fn begin(programs: &Programs<'_>, nats: &Nats, s3_port: u16, args: &[String]) -> Result<Server> {
    let variables = [
        ("LUTHIER_JOURNAL_NATS", nats.address.clone()),
        ("LUTHIER_JOURNAL_TRUST_SYNC", "true".to_owned()),
        ("LUTHIER_RUNNER_WORKERS", WORKERS.to_string()),
        ("LUTHIER_RELEASE_UNTESTED", "true".to_owned()),
        ("LUTHIER_VAULT_S3", format!("s3://{BUCKET}/bench")),
        (
            "LUTHIER_VAULT_ENDPOINT",
            format!("http://{LOCALHOST}:{s3_port}"),
        ),
        ("LUTHIER_VAULT_PATH_STYLE", "true".to_owned()),
        ("LUTHIER_VAULT_ACCESS_KEY_ID", "who".to_owned()),
        ("LUTHIER_VAULT_SECRET_ACCESS_KEY", "hush".to_owned()),
    ];
    let variables = variables.map(|(name, value)| format!("{name}={value}"));
    let program = programs.luthier.display().to_string();
    let args: Vec<String> = variables
        .into_iter()
        .chain([program])
        .chain(args.iter().cloned())
        .collect();
    Server::start(programs.tools, "env", &args, programs.folder)
}

async fn wait_for_call(server: &mut Server, port: u16) -> Result<Endpoint> {
    let endpoint = Endpoint {
        port,
        path: "/agent/active/runner",
    };
    let echo = Call::echo();
    let answered = async || {
        let mut connection = Connection::open(&endpoint, Era::Sessionless).await?;
        echo.prove(&mut connection).await
    };
    server.until_ready(answered).await?;
    Ok(endpoint)
}

fn make_bucket(port: u16) -> Result<()> {
    let mut stream = TcpStream::connect((LOCALHOST, port))?;
    write!(
        stream,
        "PUT /{BUCKET} HTTP/1.1\r\nHost: {LOCALHOST}:{port}\r\nContent-Length: 0\r\n\
         Authorization: {ANYBODY}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.lines().next().context("it said nothing")?;
    ensure!(
        status.contains(" 200 "),
        "the bucket was not made: {status}"
    );
    Ok(())
}
