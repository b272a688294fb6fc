//! The program itself: how long `luthier up` takes to be ready, and what it holds at rest.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::{
    asking,
    load::{new_histogram, record},
    process,
    server::{Server, free_port},
};

/// How long it is left alone before it is weighed.
const REST: Duration = Duration::from_secs(2);

pub(crate) struct Program {
    /// With an empty data folder.
    pub(crate) first_start_ns: Histogram<u64>,
    /// With a data folder that it left behind.
    pub(crate) next_start_ns: Histogram<u64>,
    /// Proportional share of every process of it.
    pub(crate) rest_bytes: u64,
}

pub(crate) async fn measure(luthier: &Path, folder: &Path, starts: usize) -> Result<Program> {
    let mut first_start_ns = new_histogram();
    let mut next_start_ns = new_histogram();
    for number in 0..starts {
        let data = folder.join(format!("data-{number}"));
        record(&mut first_start_ns, start(luthier, &data, folder).await?.0);
        record(&mut next_start_ns, start(luthier, &data, folder).await?.0);
    }
    let (_, server) = start(luthier, &folder.join("data-rest"), folder).await?;
    tokio::time::sleep(REST).await;
    Ok(Program {
        first_start_ns,
        next_start_ns,
        rest_bytes: process::memory(server.id())?.share_bytes,
    })
}

async fn start(luthier: &Path, data: &Path, folder: &Path) -> Result<(Duration, Server)> {
    let port = free_port()?;
    let args = [
        "up".to_owned(),
        format!("--port={port}"),
        format!("--data={}", data.display()),
    ];
    let began = Instant::now();
    let mut server = Server::start(Path::new(""), luthier, &args, folder)?;
    server.until_ready(async || is_ready(port).await).await?;
    Ok((began.elapsed(), server))
}

/// Does all of it serve?
pub(crate) async fn is_ready(port: u16) -> Result<()> {
    asking::get(port, "/readyz").await?.accepted()?;
    Ok(())
}
