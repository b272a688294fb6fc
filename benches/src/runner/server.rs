//! Luthier and its peers, each with the same tools.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Result;

use super::{
    calls::Call,
    wire::{Connection, Endpoint, Era},
    workspace::Workspace,
};
use crate::server::{Server, free_port};

/// The peers' program; it is told which of them to be.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/serve.py");
const PEERS_PYTHON: &str = "mcp-peers/bin/python";

/// Who serves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    BareRmcp,
    PythonSdk,
    FastMcp,
    Luthier { workers: usize },
}

/// Where the programs are, and a folder for what they write.
pub(crate) struct Programs<'a> {
    pub(crate) tools: &'a Path,
    pub(crate) luthier: &'a Path,
    pub(crate) folder: &'a Path,
}

/// A server that answered a first call.
pub(crate) struct Serving {
    pub(crate) endpoint: Endpoint,
    pub(crate) server: Server,
    /// From the start of the process to the first answer of a tool.
    pub(crate) took: Duration,
    /// Where a Luthier keeps its ledger.
    pub(crate) data: Option<PathBuf>,
}

impl Who {
    /// With the same folder, Luthier finds what the start before left.
    pub(crate) async fn start(self, programs: &Programs<'_>) -> Result<Serving> {
        let port = free_port()?;
        match self {
            Self::BareRmcp => {
                let program = std::env::current_exe()?;
                let args = [format!("--serve-bare-rmcp={port}")];
                begin(programs, program, &args, Endpoint { port, path: "/mcp" }).await
            }
            Self::PythonSdk => begin_peer(programs, "sdk", port).await,
            Self::FastMcp => begin_peer(programs, "fastmcp", port).await,
            Self::Luthier { workers } => {
                let folder = programs.folder.join("workspace");
                let workspace = Workspace::create(folder, workers)?;
                start_luthier(programs, &workspace, port).await
            }
        }
    }
}

pub(crate) async fn start_luthier(
    programs: &Programs<'_>,
    workspace: &Workspace,
    port: u16,
) -> Result<Serving> {
    let args = [
        "up".to_owned(),
        format!("--port={port}"),
        format!("--workspace={}", workspace.folder().display()),
        format!("--data={}", workspace.data().display()),
    ];
    let endpoint = Endpoint {
        port,
        path: "/agent/active/runner",
    };
    let serving = begin(programs, programs.luthier.to_owned(), &args, endpoint).await?;
    Ok(Serving {
        data: Some(workspace.data()),
        ..serving
    })
}

async fn begin_peer(programs: &Programs<'_>, name: &str, port: u16) -> Result<Serving> {
    let args = [PEERS.to_owned(), name.to_owned(), port.to_string()];
    let endpoint = Endpoint { port, path: "/mcp" };
    begin(programs, PathBuf::from(PEERS_PYTHON), &args, endpoint).await
}

async fn begin(
    programs: &Programs<'_>,
    program: PathBuf,
    args: &[String],
    endpoint: Endpoint,
) -> Result<Serving> {
    let began = Instant::now();
    let mut server = Server::start(programs.tools, program, args, programs.folder)?;
    let echo = Call::echo();
    let answered = async || {
        let mut connection = Connection::open(&endpoint, Era::Sessionless).await?;
        echo.prove(&mut connection).await
    };
    server.until_ready(answered).await?;
    Ok(Serving {
        took: began.elapsed(),
        data: None,
        endpoint,
        server,
    })
}
