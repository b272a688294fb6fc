//! `ledger migrate`

use std::path::Path;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use journal::{Journal as _, NatsJournal, NatsOptions, migrate_to_file, migrate_to_nats};
use serde_json::json;

use crate::{
    exit::Exit,
    failure::Failure,
    session::{Opened, Session, create_folder, journal_path},
};

#[derive(Args, Clone, Debug)]
pub(crate) struct MigrateArgs {
    /// Where the ledger is
    from: Kept,
    /// Where it is to be, too
    to: Kept,
    #[command(flatten)]
    nats: NatsArgs,
}

/// What keeps a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kept {
    /// The data folder
    Sqlite,
    /// A stream of `JetStream`
    Nats,
}

#[derive(Args, Clone, Debug)]
struct NatsArgs {
    /// The servers, `nats://user:password@host:4222`, with commas between them
    #[arg(long, value_name = "URL", env = "LUTHIER_NATS", hide_env_values = true)]
    nats: String,
    /// The same for a user of the system account, who is asked whether servers sync what they store
    #[arg(
        long,
        value_name = "URL",
        env = "LUTHIER_NATS_SYSTEM",
        hide_env_values = true
    )]
    nats_system: Option<String>,
    /// Believe that servers sync what they store, and ask none
    #[arg(long, conflicts_with = "nats_system")]
    trust_sync: bool,
    /// The stream that is the ledger
    #[arg(long, value_name = "NAME", default_value = "luthier")]
    stream: String,
    /// On so many servers each event is kept; only where the stream is made
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=5))]
    replicas: u8,
}

impl From<NatsArgs> for NatsOptions {
    fn from(args: NatsArgs) -> Self {
        Self {
            system: args.nats_system,
            trusts_sync: args.trust_sync,
            stream: args.stream,
            replicas: usize::from(args.replicas),
            ..Self::new(args.nats)
        }
    }
}

pub(super) fn run(session: &Session, args: MigrateArgs) -> Result<(), Failure> {
    match (args.from, args.to) {
        (Kept::Sqlite, Kept::Nats) => {
            let opened = session.open_journal()?;
            session.work_on(opened, async |opened| {
                to_nats(session, opened, args.nats).await
            })
        }
        (Kept::Nats, Kept::Sqlite) => {
            let (_, data) = session.data()?;
            session.block_on(to_file(session, &data, args.nats))
        }
        _ => Err(Failure::usage("the ledger is there already")
            .with_hint("say `migrate sqlite nats` or `migrate nats sqlite`".to_owned())),
    }
}

async fn to_nats(session: &Session, opened: &Opened, args: NatsArgs) -> Result<(), Failure> {
    let stream = args.stream.clone();
    let shared = NatsJournal::open(args.into()).await?;
    let newest = opened.journal.newest().await?;
    let bar = session.output.progress("copying", newest);
    let copied = migrate_to_nats(&*opened.journal, &shared, |seq| bar.set_position(seq)).await;
    bar.finish_and_clear();
    shared.close().await;
    let events = copied?;
    let answer = json!({ "events": events, "to": "nats", "stream": stream });
    session.output.answer(&answer, |_| {
        format!("copied {events} events to the stream `{stream}`, and compared each")
    })
}

async fn to_file(session: &Session, data: &Path, args: NatsArgs) -> Result<(), Failure> {
    let stream = args.stream.clone();
    let shared = NatsJournal::open(args.into()).await?;
    let newest = shared.newest().await?;
    if newest == 0 {
        let message = format!("there is no ledger in the stream `{stream}`");
        return Err(Failure::new("no_journal", Exit::NotFound, message)
            .with_hint("name another one with --stream".to_owned()));
    }
    create_folder(data)?;
    let bar = session.output.progress("copying", newest);
    let path = journal_path(data);
    let progress = |seq| bar.set_position(seq);
    let copied = migrate_to_file(&*shared, &path, Timestamp::now(), progress).await;
    bar.finish_and_clear();
    shared.close().await;
    let verdict = copied?;
    let answer = json!({ "events": verdict.events, "to": "sqlite", "into": path });
    session.output.answer(&answer, |_| {
        format!(
            "copied {newest} events to `{}`, one more says where they come from, and all are whole",
            path.display()
        )
    })
}
