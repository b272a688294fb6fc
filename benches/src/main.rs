//! Measures Luthier's journal, state, program, registry, Runner and Architect beside named peers, on
//! one machine, in one run.
//! It asserts nothing and keeps nothing: figures of one machine at one moment, for comparison.
//! Start at [`cases`]; [`load`] is what every store is put under.

mod archive;
mod asking;
mod cases;
mod disk;
mod document;
mod etcd;
mod history;
mod job;
mod load;
mod luthier;
mod nats;
mod parsers;
mod process;
mod program;
mod registry;
mod repairs;
mod runner;
mod sandboxes;
mod server;
mod sqlite;
mod table;
mod tree;
mod watch;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use clap::Parser;
use serde_json::json;

use crate::cases::Bench;

#[derive(Parser)]
#[command(about = "Measures Luthier beside named peers; started by `./x bench`")]
struct Args {
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
    /// Only lines whose case and store hold this, every one of them if given again; a ratio needs
    /// both sides.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Short runs and a short history: to see that it works, not to quote.
    #[arg(long)]
    quick: bool,
    /// Where `./x bench` put the servers of the peers.
    #[arg(long, value_name = "DIR", default_value = "target/tools")]
    tools: PathBuf,
    /// The program whose start and memory are measured.
    #[arg(long, value_name = "FILE", default_value = "target/release/luthier")]
    luthier: PathBuf,
    /// Where data is written while measuring: the disk that is measured.
    #[arg(long, value_name = "DIR", default_value = "target")]
    folder: PathBuf,
    /// How many lines of Python the topology is made of.
    #[arg(long, value_name = "LINES", default_value_t = 100_000)]
    tree_lines: usize,
    /// How many bugs are repaired [default: 24, and 3 of a short run]
    #[arg(long, value_name = "N")]
    bugs: Option<usize>,
    /// Of which half: the one that the search was tuned on, or the one that was held out.
    #[arg(long, value_name = "HALF", default_value = "tuning")]
    bugs_half: String,
    /// How long each bug is looked at, by the search and by plain mutation.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    bug_seconds: u64,
    /// Be one of the peers, on this port.
    #[arg(long, value_name = "PORT", hide = true)]
    serve_bare_rmcp: Option<u16>,
}

/// Documents are trees of small allocations, made on one thread and freed on another: glibc's
/// allocator spends several times longer on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(port) = args.serve_bare_rmcp {
        return runner::bare::serve(port).await;
    }
    fs::create_dir_all(&args.folder)?;
    let mut bench = Bench {
        folder: tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(&args.folder)?,
        tools: args.tools.clone(),
        // Programs without a folder are looked for elsewhere.
        luthier: std::path::absolute(&args.luthier)?,
        only: args.only.clone(),
        duration: if args.quick {
            Duration::from_millis(500)
        } else {
            Duration::from_secs(3)
        },
        archived_events: if args.quick { 20_000 } else { 200_000 },
        history_events: if args.quick { 20_000 } else { 1_000_000 },
        starts: if args.quick { 2 } else { 10 },
        promotes: if args.quick { 5 } else { 50 },
        reloads: if args.quick { 3 } else { 20 },
        tree_lines: args.tree_lines,
        jobs: if args.quick { 1 } else { 3 },
        bugs: args.bugs.unwrap_or(if args.quick { 3 } else { 24 }),
        bugs_half: args.bugs_half.clone(),
        bug_budget: Duration::from_secs(args.bug_seconds),
        rows: Vec::new(),
    };
    bench.run().await?;
    table::compare(&mut bench.rows);

    let mut out = io::stdout().lock();
    if args.json {
        let report = json!({"machine": machine(), "quick": args.quick, "rows": bench.rows});
        writeln!(out, "{report:#}")?;
        return Ok(());
    }
    writeln!(out, "{}\n\n{}", machine(), table::HEADER)?;
    for row in &bench.rows {
        writeln!(out, "{row}")?;
    }
    Ok(())
}

/// Processor and kernel, as far as they can be read.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(Path::new(path)).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores of {model}, Linux {}", kernel.trim())
}
