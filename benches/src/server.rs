//! A server that runs beside the bench for as long as it is measured.

use std::{
    fs::File,
    io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

pub(crate) const LOCALHOST: &str = "127.0.0.1";
/// The first start of a workspace proves its first version, which takes as long as its tests.
const START_WAIT: Duration = Duration::from_mins(1);
const POLL_WAIT: Duration = Duration::from_millis(1);

/// Killed when dropped; its data go with the folder.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts `program` from below `tools`, or by its name.
    pub(crate) fn start(
        tools: &Path,
        program: impl AsRef<Path>,
        args: &[String],
        folder: &Path,
    ) -> Result<Self> {
        let program = program.as_ref();
        let fetched = tools.join(program);
        let name = program.file_name().context("a program has a name")?;
        let program = if fetched.exists() {
            fetched.as_os_str()
        } else {
            name
        };
        let log = folder.join("server.log");
        let output = File::create(&log)?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn();
        match child {
            Ok(child) => Ok(Self { child, log }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!(
                    "there is no {}; `./x bench` gets it where it can",
                    name.display()
                )
            }
            Err(error) => Err(error).with_context(|| format!("{} does not start", name.display())),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Calls `probe` until it succeeds, the server ends or the time is over.
    pub(crate) async fn until_ready<T>(&mut self, probe: impl AsyncFn() -> Result<T>) -> Result<T> {
        let give_up = Instant::now() + START_WAIT;
        loop {
            let error = match probe().await {
                Ok(ready) => return Ok(ready),
                Err(error) => error,
            };
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}: {}", self.last_words());
            }
            if Instant::now() > give_up {
                return Err(error.context(format!("it is not ready: {}", self.last_words())));
            }
            tokio::time::sleep(POLL_WAIT).await;
        }
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().last().unwrap_or("it said nothing").to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            tracing::warn!(%error, "a server may still be running");
        }
    }
}

/// A port that was free a moment ago: none of these servers can be handed an open socket.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((LOCALHOST, 0))?.local_addr()?.port())
}
