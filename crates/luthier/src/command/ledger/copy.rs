//! `ledger fork` and `ledger export`

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal as _, Write},
    path::PathBuf,
};

use clap::Args;
use journal::{ExportFormat, Order};
use serde_json::json;

use super::FilterArgs;
use crate::{
    command::init::refuse_full_folder,
    failure::Failure,
    session::{MadeFolder, Opened, Session, journal_path},
};

#[derive(Args, Clone, Debug)]
pub(crate) struct ForkArgs {
    /// The last event to copy [default: the newest]
    #[arg(long, value_name = "SEQ")]
    at: Option<u64>,
    /// The new data folder; made if it is not there, refused if it is not empty
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
}

pub(super) async fn fork(
    session: &Session,
    opened: &Opened,
    args: ForkArgs,
) -> Result<(), Failure> {
    let into = session.environment.folder.join(&args.into);
    refuse_full_folder(&into)?;
    let made = MadeFolder::create(&into)?;
    let at = match args.at {
        Some(at) => at,
        None => opened.journal.newest().await?,
    };
    let verdict = journal::fork(opened.ledger.file("a fork")?, at, &journal_path(&into)).await?;
    made.keep();
    let answer =
        json!({ "at": at, "into": into, "events": verdict.events, "seals": verdict.seals });
    session.output.answer(&answer, |_| {
        format!(
            "copied {} events up to {at}; use it with `--data {}`",
            verdict.events,
            args.into.display()
        )
    })
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// `jsonl`, `csv` or `parquet`
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    format: ExportFormat,
    /// The file to write [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// At most this many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// With the documents that travelled with the events
    #[arg(long)]
    bodies: bool,
}

pub(super) async fn export(
    session: &Session,
    opened: &Opened,
    args: ExportArgs,
) -> Result<(), Failure> {
    let limit = args.limit.unwrap_or(usize::MAX);
    let query = args.filter.query(limit, Order::OldestFirst);
    let mut out: Box<dyn Write + Send> = match &args.output {
        Some(path) => {
            let path = session.environment.folder.join(path);
            let file = File::create(&path)
                .map_err(|error| Failure::io(&format!("create `{}`", path.display()), error))?;
            Box::new(BufWriter::new(file))
        }
        None if args.format == ExportFormat::Parquet && io::stdout().is_terminal() => {
            return Err(Failure::usage("Parquet is nothing for a terminal")
                .with_hint("name a file with --output".to_owned()));
        }
        None => Box::new(BufWriter::new(io::stdout())),
    };
    let events =
        journal::export(&*opened.journal, query, args.format, args.bodies, &mut *out).await?;
    let Some(path) = &args.output else {
        return Ok(());
    };
    let answer = json!({ "events": events, "format": args.format.as_str(), "path": path });
    session.output.answer(&answer, |_| {
        format!("wrote {events} events to {}", path.display())
    })
}
