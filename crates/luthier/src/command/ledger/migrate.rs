//! `ledger migrate`

use std::path::Path;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use journal::{
    Journal as _, NatsJournal, NatsOptions, OpenJournal as _, SqliteJournal, migrate_to_file,
    migrate_to_nats,
};
use serde_json::json;

use crate::{
    config::Flags,
    exit::Exit,
    failure::Failure,
    ledger::Ledger,
    session::{Session, create_folder, find_file, journal_path},
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

/// In place of what is configured.
#[derive(Args, Clone, Debug)]
struct NatsArgs {
    /// The servers, `nats://user:password@host:4222`, with commas between them [default:
    /// `journal.nats`]
    #[arg(long, value_name = "URL")]
    nats: Option<String>,
    /// The same for a user of the system account, who is asked whether servers sync what they store
    /// [default: `journal.nats_system`]
    #[arg(long, value_name = "URL")]
    nats_system: Option<String>,
    /// Believe that servers sync what they store, and ask none
    #[arg(long, conflicts_with = "nats_system")]
    trust_sync: bool,
    /// The stream that is the ledger [default: `journal.stream`]
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// On so many servers each event is kept; only where the stream is made [default:
    /// `journal.replicas`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=5))]
    replicas: Option<u8>,
}

impl NatsArgs {
    fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        if let Some(nats) = &self.nats {
            flags.push(("journal.nats", json!(nats), "--nats"));
        }
        if let Some(system) = &self.nats_system {
            flags.push(("journal.nats_system", json!(system), "--nats-system"));
        }
        if self.trust_sync {
            flags.push(("journal.trust_sync", json!(true), "--trust-sync"));
        }
        if let Some(stream) = &self.stream {
            flags.push(("journal.stream", json!(stream), "--stream"));
        }
        if let Some(replicas) = self.replicas {
            flags.push(("journal.replicas", json!(replicas), "--replicas"));
        }
        flags
    }
}

pub(super) fn run(session: &Session, args: &MigrateArgs) -> Result<(), Failure> {
    let configured = session.configure(args.nats.flags())?;
    let data = configured.data(session)?;
    let config = &configured.config;
    let Some(nats) = config.journal.nats.clone() else {
        return Err(Failure::usage("it is not said which servers")
            .with_hint("name them with --nats, or set `journal.nats`".to_owned()));
    };
    match (args.from, args.to) {
        (Kept::Sqlite, Kept::Nats) => {
            find_file(&data)?;
            session.block_on(async {
                let journal = Ledger::open_file(config, &data)?;
                let outcome = to_nats(session, &journal, nats).await;
                journal.close().await;
                outcome
            })
        }
        (Kept::Nats, Kept::Sqlite) => session.block_on(to_file(session, &data, nats)),
        _ => Err(Failure::usage("the ledger is there already")
            .with_hint("say `migrate sqlite nats` or `migrate nats sqlite`".to_owned())),
    }
}

async fn to_nats(
    session: &Session,
    journal: &SqliteJournal,
    nats: NatsOptions,
) -> Result<(), Failure> {
    let stream = nats.stream.clone();
    let shared = NatsJournal::open(nats).await?;
    let newest = journal.newest().await?;
    let bar = session.output.progress("copying", newest);
    let copied = migrate_to_nats(journal, &shared, |seq| bar.set_position(seq)).await;
    bar.finish_and_clear();
    shared.close().await;
    let events = copied?;
    let answer = json!({ "events": events, "to": "nats", "stream": stream });
    session.output.answer(&answer, |_| {
        format!("copied {events} events to the stream `{stream}`, and compared each")
    })
}

async fn to_file(session: &Session, data: &Path, nats: NatsOptions) -> Result<(), Failure> {
    let stream = nats.stream.clone();
    let none = || {
        let message = format!("there is no ledger in the stream `{stream}`");
        Failure::new("no_journal", Exit::NotFound, message)
            .with_hint("name another one with --stream".to_owned())
    };
    let shared = NatsJournal::find(nats).await?.ok_or_else(none)?;
    let newest = shared.newest().await?;
    if newest == 0 {
        return Err(none());
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
