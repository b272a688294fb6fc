//! `luthier test`

mod outcome;
mod saved;
mod watch;

use std::path::PathBuf;

use clap::Args;
use harness::{Shard, Tier};
use python::Pool;

use self::outcome::{Written, tell};
use crate::{
    candidate::{self, Place},
    config::Config,
    exit::Exit,
    failure::Failure,
    proof::{Given, How, Proved, budgets_schema, progress, prove},
    session::Session,
    up::{chatter, runtime, stop_on_signal},
};

#[derive(Args, Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct TestArgs {
    /// A tier to run; may be said several times [default: all of them]
    #[arg(long, value_name = "TIER", value_parser = parse_tier)]
    pub(crate) tier: Vec<Tier>,
    /// An exact version, a range or a commit in git [default: the working tree]
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["watch", "update"])]
    pub(crate) version: Option<String>,
    /// The i-th of n parts, for a process that is one of many
    #[arg(
        long,
        value_name = "I/N",
        default_value = "1/1",
        hide_default_value = true
    )]
    pub(crate) shard: Shard,
    /// Cases to run at once [default: one a core]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Run again at each save
    #[arg(long, conflicts_with_all = ["update", "junit", "out"])]
    pub(crate) watch: bool,
    /// Write what the tools answer now into the cases that fail, and show what changed
    #[arg(long)]
    pub(crate) update: bool,
    /// Also look which lines of the tools run
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Run every case, also those that passed with the same code and state
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// What runs the tools: workers as they serve, workers behind rails, or Python in Wasm
    #[arg(long = "in", value_name = "WHERE", default_value = "serving")]
    pub(crate) place: Place,
    /// Write `JUnit` XML to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write `summary.json`, `cases.jsonl`, `report.html` and `shard.json` to this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Run nothing: judge the parts in these folders, which `--shard I/N --out DIR` wrote
    #[arg(long, value_name = "DIR", num_args = 1.., conflicts_with_all = ["watch", "update", "version", "shard", "compare"])]
    pub(crate) merge: Vec<PathBuf>,
    /// Run nothing: compare what `--out` wrote to two folders; with `--out`, as a page too
    #[arg(long, value_names = ["BEFORE", "AFTER"], num_args = 2, conflicts_with_all = ["watch", "update", "version", "shard"])]
    pub(crate) compare: Vec<PathBuf>,
    /// Print the JSON Schema of `ci/budgets.json`
    #[arg(long, exclusive = true)]
    pub(crate) budgets_schema: bool,
}

fn parse_tier(text: &str) -> Result<Tier, harness::InvalidTier> {
    text.parse()
}

pub(crate) fn run(session: &Session, args: &TestArgs) -> Result<Exit, Failure> {
    if args.budgets_schema {
        let schema = format!("{:#}", budgets_schema());
        return session.output.text(&schema).map(|()| Exit::Success);
    }
    if let [before, after] = &args.compare[..] {
        return saved::compare(session, before, after, args.out.as_deref());
    }
    if !args.merge.is_empty() {
        return saved::merge(session, args);
    }
    let configured = session.configure(Vec::new())?;
    let workspace = configured.workspace(session)?;
    let config = configured.config;
    let telemetry = chatter(session, &config)?;
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let workers = candidate::workers_in(args.place, &config, &session.environment)?;
        let stop = stop_on_signal()?;
        let testing = Testing {
            session,
            args,
            workspace,
            config,
            workers,
            stop,
        };
        if args.watch {
            testing.watch().await
        } else {
            testing.once().await
        }
    });
    runtime.shutdown_background();
    telemetry.shutdown();
    outcome
}

/// One invocation that runs cases.
struct Testing<'a> {
    session: &'a Session,
    args: &'a TestArgs,
    workspace: PathBuf,
    config: Config,
    workers: Pool,
    stop: tokio_util::sync::CancellationToken,
}

impl Testing<'_> {
    async fn once(&self) -> Result<Exit, Failure> {
        let given = self.given().await?;
        let how = How {
            tiers: self.tiers(),
            shard: self.args.shard,
            jobs: self.args.jobs,
            // What passed elsewhere says nothing of here.
            is_cached: !self.args.no_cache
                && !self.args.update
                && self.args.place == Place::Serving,
            has_coverage: self.args.coverage,
            earlier: Vec::new(),
            progress: Some(progress(
                self.session.output,
                &given,
                &self.tiers(),
                self.args.shard,
            )),
            stop: self.stop.clone(),
        };
        let proved = prove(&self.workers, &self.config, &given, &how).await?;
        // The bar goes before there is something to read.
        drop(how);
        if self.args.update {
            return self.update(&given, &proved);
        }
        let written = Written {
            junit: self.args.junit.as_deref(),
            out: self.args.out.as_deref(),
        };
        tell(self.session, &proved.evaluate(), written)
    }

    async fn given(&self) -> Result<Given, Failure> {
        let (workspace, version) = (self.workspace.clone(), self.args.version.clone());
        let read = tokio::task::spawn_blocking(move || match version {
            Some(version) => Given::of_version(&workspace, &version),
            None => Given::of_folder(&workspace),
        });
        let broken = |panic| Failure::new("internal", Exit::Internal, panic);
        read.await.map_err(broken)?
    }

    fn tiers(&self) -> Vec<Tier> {
        if self.args.tier.is_empty() {
            return Tier::ALL.to_vec();
        }
        self.args.tier.clone()
    }

    fn update(&self, given: &Given, proved: &Proved) -> Result<Exit, Failure> {
        let (rewrites, left) =
            harness::rewrites(given.files.files(), &proved.dataset, &proved.partial);
        let mut changes = Vec::new();
        for rewrite in rewrites {
            let path = self.workspace.join(&rewrite.path);
            let failed = |error| Failure::io(&format!("write `{}`", path.display()), error);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(failed)?;
            }
            std::fs::write(&path, &rewrite.content).map_err(failed)?;
            changes.extend(rewrite.changes);
        }
        let answer = serde_json::json!({"changed": changes, "left": left});
        self.session.output.answer(&answer, |_| {
            let mut lines = changes.clone();
            lines.extend(left.iter().map(|line| format!("left: {line}")));
            if lines.is_empty() {
                lines.push("nothing to change: every case passes".to_owned());
            }
            lines.join("\n")
        })?;
        Ok(if left.is_empty() {
            Exit::Success
        } else {
            Exit::TestsFailed
        })
    }
}
