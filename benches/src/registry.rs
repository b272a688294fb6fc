//! The registry of versions beside git itself, over a repository with as many tags as asked for.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use axum::{Router, body::Body, http::Request};
use hdrhistogram::Histogram;
use jiff::Timestamp;
use journal::{OpenOptions, SqliteJournal};
use repo::Repo;
use state::StateManager;
use tower::ServiceExt as _;
use vault::{Store, Vault};
use versions::{Registry, Sources};
use web::{App, AppConfig};

use crate::{
    load::{Measured, new_histogram, record},
    process,
};

const RUNS_COUNT: u32 = 10;
/// When the first tag was made.
const BEGAN_S: usize = 1_767_323_045;

/// A registry over a repository of its own.
pub(crate) struct Lab {
    workspace: PathBuf,
    data: PathBuf,
    manager: StateManager,
    vault: Arc<Vault>,
}

impl Lab {
    /// With releases `v0.0.0` to `v0.0.N`, whose tags say what a release's do.
    pub(crate) fn create(folder: &Path, tags: usize) -> Result<Self> {
        let workspace = folder.join("workspace");
        fs::create_dir(&workspace)?;
        git(&workspace, &["init", "--quiet", "--initial-branch=main"])?;
        import(&workspace, tags)?;
        git(&workspace, &["pack-refs", "--all"])?;
        let journal = SqliteJournal::open(OpenOptions::new(folder.join("journal.sqlite")))?;
        Ok(Self {
            manager: StateManager::new(journal, Arc::new(Timestamp::now)),
            vault: Arc::new(Vault::open(folder.join("vault"))?),
            data: folder.to_owned(),
            workspace,
        })
    }

    /// A registry that has read every tag, as a start does.
    pub(crate) async fn open(&self) -> Result<Registry> {
        let sources = Sources {
            repo: Some(Arc::new(Repo::open(&self.workspace)?)),
            manager: self.manager.clone(),
            store: Store::of_folder(self.vault.clone()),
            allowed_signers: self.data.join("allowed_signers"),
        };
        Ok(Registry::open(sources).await?)
    }

    /// How long reading every tag takes, and how long git takes to print what they hold.
    pub(crate) async fn cold(&self) -> Result<(Duration, Duration)> {
        let (mut own, mut theirs) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..RUNS_COUNT {
            let began = Instant::now();
            drop(self.open().await?);
            own += began.elapsed();
            let began = Instant::now();
            let format = "--format=%(refname) %(*objectname) %(taggerdate:unix) %(contents)";
            git(&self.workspace, &["for-each-ref", format, "refs/tags"])?;
            theirs += began.elapsed();
        }
        Ok((own / RUNS_COUNT, theirs / RUNS_COUNT))
    }

    /// What a registry adds to the memory of a process that had one before.
    pub(crate) async fn memory(&self) -> Result<u64> {
        let own = std::process::id();
        let before = process::memory(own)?.resident_bytes;
        let registry = self.open().await?;
        let after = process::memory(own)?.resident_bytes;
        drop(registry);
        Ok(after.saturating_sub(before))
    }

    /// One asker after the other, through the whole router.
    pub(crate) async fn ask(
        &self,
        duration: Duration,
        path: impl Fn(usize) -> String,
    ) -> Result<Measured> {
        let router: Router = App::new(AppConfig::new("bench", "0.0.0"))
            .api(versions::router(self.open().await?))
            .build()?;
        let mut latency_ns: Histogram<u64> = new_histogram();
        let began = Instant::now();
        while began.elapsed() < duration {
            let path = path(fastrand::usize(..));
            let request = Request::get(&path)
                .header("host", "localhost")
                .body(Body::empty())?;
            let asked = Instant::now();
            let answer = router.clone().oneshot(request).await?;
            let status = answer.status();
            let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await?;
            record(&mut latency_ns, asked.elapsed());
            ensure!(status.is_success() && !body.is_empty(), "{path}: {status}");
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let count = latency_ns.len() as f64;
        Ok(Measured {
            ops_per_second: count / began.elapsed().as_secs_f64(),
            latency_ns,
        })
    }
}

fn import(workspace: &Path, tags: usize) -> Result<()> {
    let mut stream = String::new();
    for number in 0..tags {
        let who = format!("Grace <grace@example.com> {} +0000", BEGAN_S + 60 * number);
        let message = format!(
            "0.0.{number}: change the greeting\n\nIt was asked for.\n\n\
             Luthier-Version: 0.0.{number}\nLuthier-Lineage: main\nLuthier-Bump: patch\n\
             Luthier-Reason: state changed\nLuthier-Author: tuner\nLuthier-Tests: pass\n\
             Luthier-Evals: {number:064x}\nLuthier-State-Revision: {number}\n"
        );
        write!(
            stream,
            "commit refs/heads/main\nmark :{mark}\ncommitter {who}\ndata 4\nmake\n\
             M 100644 inline tools/runner/text.py\ndata {length}\n{number}\n\n\
             tag v0.0.{number}\nfrom :{mark}\ntagger {who}\ndata {bytes}\n{message}\n",
            mark = number + 1,
            length = number.to_string().len() + 1,
            bytes = message.len(),
        )?;
    }
    let mut child = command(workspace, &["fast-import", "--quiet", "--date-format=raw"])
        .stdin(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().context("its input is a pipe")?;
    input.write_all(stream.as_bytes())?;
    drop(input);
    ensure!(child.wait()?.success(), "git did not import the tags");
    Ok(())
}

fn git(workspace: &Path, arguments: &[&str]) -> Result<()> {
    let output = command(workspace, arguments).output()?;
    ensure!(output.status.success(), "git {arguments:?} failed");
    Ok(())
}

fn command(workspace: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(workspace).args(arguments);
    command
}
