//! `ledger archive`

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use journal::ArchiveReport;
use serde_json::json;
use state::StateManager;
use tokio_util::sync::CancellationToken;

use crate::{
    archives,
    exit::Exit,
    failure::Failure,
    session::{Opened, Session, recall_witness},
    up::{Lease, hot_since},
};

#[derive(Args, Clone, Debug)]
pub(crate) struct ArchiveArgs {
    /// Events before this time (RFC 3339) [default: `journal.hot_days` ago]
    #[arg(long, value_name = "TIME")]
    before: Option<Timestamp>,
    /// Say what would be archived, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(
    session: &Session,
    opened: &Opened,
    args: ArchiveArgs,
) -> Result<(), Failure> {
    let Some(_lease) = Lease::take_if_free(&opened.data, "archiver")? else {
        let message = "another process is archiving this journal";
        return Err(Failure::new("archiving", Exit::Conflict, message)
            .with_hint("wait until it is done; nothing is archived twice".to_owned()));
    };
    let before = match args.before {
        Some(before) => before,
        None => hot_since(
            opened
                .configured
                .settings
                .value("journal.hot_days")
                .as_u64(),
        ),
    };
    let witness = recall_witness(&opened.vault()?)?;
    let manager = StateManager::new(opened.journal.clone(), Arc::new(Timestamp::now));
    let mut plan = archives::plan(&manager, before, witness, true).await?;
    plan.is_trial = args.dry_run;
    let bar = session
        .output
        .progress("archiving", plan.witness.as_ref().map_or(0, |seal| seal.to));
    let stop = CancellationToken::new();
    let report = journal::archive(
        opened.ledger.file("an archive")?,
        &plan,
        Timestamp::now,
        &stop,
        |seq| {
            bar.set_position(seq);
        },
    )
    .await?;
    bar.finish_and_clear();
    let mut answer = json!(report);
    answer["before"] = json!(before);
    answer["dry_run"] = json!(args.dry_run);
    session
        .output
        .answer(&answer, |_| text_of(&report, args.dry_run))
}

fn text_of(report: &ArchiveReport, is_trial: bool) -> String {
    let ArchiveReport {
        archives,
        events,
        bytes,
        archived_to,
        rows,
    } = report;
    if is_trial {
        return format!(
            "would archive {events} events in {archives} archives of {bytes} bytes in all; \
             everything up to {archived_to} would be archived"
        );
    }
    format!(
        "archived {events} events in {archives} archives of {bytes} bytes in all; {rows} rows let go \
         of their texts; everything up to {archived_to} is archived"
    )
}
