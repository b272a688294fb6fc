//! A real nats-server, one for each test.
#![allow(dead_code, reason = "each binary of tests uses a part of it")]

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use journal::{NatsJournal, NatsOptions};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Where the server's program is below a folder of what was built.
const PROGRAM: &str = "tools/nats/bin/nats-server";
const START_MAX: Duration = Duration::from_secs(30);

/// What a server needs to keep a journal.
pub(crate) const SETTINGS: &str = "max_payload: 16MB";
pub(crate) const STREAMS: &str = "sync_interval: always";

/// One server, with a folder of its own.
pub(crate) struct NatsServer {
    folder: TempDir,
    process: Child,
    pub(crate) address: String,
}

impl Default for NatsServer {
    fn default() -> Self {
        Self::with(SETTINGS, STREAMS)
    }
}

impl NatsServer {
    /// With these settings, of itself and of its streams.
    pub(crate) fn with(settings: &str, streams: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let config = format!(
            "listen: \"127.0.0.1:-1\"\n\
             ports_file_dir: \"{path}\"\n\
             {settings}\n\
             jetstream {{ store_dir: \"{path}/streams\", {streams} }}\n\
             accounts {{\n\
               SYS: {{ users: [{{ user: system, password: secret }}] }}\n\
               APP: {{ jetstream: enabled, users: [{{ user: luthier, password: secret }}] }}\n\
             }}\n\
             system_account: SYS\n"
        );
        fs::write(folder.path().join("nats.conf"), config).unwrap();
        let process = start(folder.path());
        let told = ports(folder.path(), &process);
        Self {
            address: place(&told["nats"][0]),
            folder,
            process,
        }
    }

    pub(crate) fn options(&self) -> NatsOptions {
        options(std::slice::from_ref(&self.address))
    }

    pub(crate) async fn journal(&self) -> Arc<NatsJournal> {
        NatsJournal::open(self.options()).await.unwrap()
    }

    /// Ends it in the midst of what it does.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it where it was.
    pub(crate) fn restart(&mut self) {
        let config = self.folder.path().join("nats.conf");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(
            &config,
            text.replacen(
                "listen: \"127.0.0.1:-1\"",
                &format!("listen: \"{}\"", self.address),
                1,
            ),
        )
        .unwrap();
        self.process = start(self.folder.path());
        ports(self.folder.path(), &self.process);
    }

    /// It answers nobody, and does not know.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Three servers that keep each event on all of them.
pub(crate) struct NatsCluster {
    pub(crate) servers: Vec<NatsServer>,
}

impl NatsCluster {
    pub(crate) const SIZE: usize = 3;

    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// With these settings of the cluster.
    pub(crate) fn with(settings: &str) -> Self {
        // Each has to know beforehand where the others will be.
        let held: Vec<TcpListener> = (0..Self::SIZE)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let places: Vec<String> = held
            .iter()
            .map(|listener| listener.local_addr().unwrap().to_string())
            .collect();
        drop(held);
        let routes: Vec<String> = places
            .iter()
            .map(|place| format!("\"nats://{place}\""))
            .collect();
        let routes = routes.join(", ");
        let servers = places.iter().enumerate().map(|(number, place)| {
            let settings = format!(
                "{SETTINGS}\nserver_name: \"server-{number}\"\n\
                 cluster {{ name: \"tests\", listen: \"{place}\", routes: [{routes}]\n{settings} }}"
            );
            NatsServer::with(&settings, STREAMS)
        });
        let servers = servers.collect();
        Self { servers }
    }

    pub(crate) fn options(&self) -> NatsOptions {
        let addresses: Vec<String> = self
            .servers
            .iter()
            .map(|server| server.address.clone())
            .collect();
        self.options_at(&addresses)
    }

    /// The same for who gets at the servers at these places.
    pub(crate) fn options_at(&self, addresses: &[String]) -> NatsOptions {
        NatsOptions {
            replicas: self.servers.len(),
            ..options(addresses)
        }
    }

    /// Opens it as soon as the servers have found each other.
    pub(crate) async fn journal(&self) -> Arc<NatsJournal> {
        let until = Instant::now() + START_MAX;
        loop {
            match NatsJournal::open(self.options()).await {
                Ok(journal) => return journal,
                Err(error) if Instant::now() >= until => panic!("{error}"),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }
}

fn options(addresses: &[String]) -> NatsOptions {
    let of = |user: &str| {
        let urls = addresses
            .iter()
            .map(|address| format!("nats://{user}:secret@{address}"));
        urls.collect::<Vec<_>>().join(",")
    };
    NatsOptions {
        system: Some(of("system")),
        ..NatsOptions::new(of("luthier"))
    }
}

fn start(folder: &Path) -> Child {
    Command::new(program())
        .arg("--config")
        .arg(folder.join("nats.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Where a server says that it listens, as soon as it does.
fn ports(folder: &Path, process: &Child) -> Value {
    let ports = folder.join(format!("nats-server_{}.ports", process.id()));
    let until = Instant::now() + START_MAX;
    while Instant::now() < until {
        let told = fs::read_to_string(&ports).unwrap_or_default();
        if let Ok(told) = serde_json::from_str(&told) {
            return told;
        }
        std::thread::yield_now();
    }
    panic!("nats-server did not say where it listens");
}

fn place(url: &Value) -> String {
    let url = url.as_str().unwrap();
    url.split_once("://")
        .map_or(url, |(_, place)| place)
        .to_owned()
}

/// The server's program.
#[expect(
    clippy::disallowed_methods,
    reason = "who runs the tests says where the server is"
)]
fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("NATS_SERVER") {
        return named.into();
    }
    let this = std::env::current_exe().unwrap();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let mut folders = this.ancestors().chain([workspace.as_path()]);
    folders
        .find_map(|folder| Some(folder.join(PROGRAM)).filter(|program| program.exists()))
        .expect(
            "there is no nats-server to test against: run `./x test` once, which fetches one, or \
             name one of version 2.12 or newer in NATS_SERVER",
        )
}
