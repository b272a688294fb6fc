//! `ledger replay`

use std::{path::PathBuf, str::FromStr, sync::Arc};

use clap::Args;
use jiff::Timestamp;
use journal::{Order, Query};
use model::{EventType, LineageName, Seq, Subject};
use semver::Version;
use serde_json::json;
use state::StateManager;

use crate::{
    command::init::refuse_full_folder,
    exit::Exit,
    failure::Failure,
    session::{MadeFolder, Opened, Session},
};

#[derive(Args, Clone, Debug)]
pub(crate) struct ReplayArgs {
    /// A time (RFC 3339), an event's seq, or a version of `main`
    #[arg(long, value_name = "TIME|SEQ|VERSION")]
    at: Place,
    /// Where to write; made if it is not there, refused if it is not empty
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
}

#[derive(Clone, Debug)]
enum Place {
    Seq(Seq),
    Time(Timestamp),
    Version(Version),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(seq) = text.parse() {
            return Ok(Self::Seq(seq));
        }
        if let Ok(version) = text.strip_prefix('v').unwrap_or(text).parse() {
            return Ok(Self::Version(version));
        }
        text.parse().map(Self::Time).map_err(|_error| {
            "it is neither a time (2026-03-01T12:00:00Z), a seq nor a version".to_owned()
        })
    }
}

pub(super) async fn run(
    session: &Session,
    opened: &Opened,
    args: ReplayArgs,
) -> Result<(), Failure> {
    let seq = seq_of(opened, &args.at).await?;
    let into = session.environment.folder.join(&args.into);
    refuse_full_folder(&into)?;
    let made = MadeFolder::create(&into)?;
    let manager = StateManager::new(opened.journal.clone(), Arc::new(Timestamp::now));
    let replayed = manager.replay(seq, &into).await?;
    made.keep();
    let answer = json!({ "seq": seq, "into": into, "documents": replayed });
    session.output.answer(&answer, |_| {
        let lines: Vec<String> = replayed
            .iter()
            .map(|file| {
                format!(
                    "{}  version {}, revision {}",
                    file.path.display(),
                    file.version,
                    file.revision
                )
            })
            .collect();
        format!("as it stood at event {seq}:\n{}", lines.join("\n"))
    })
}

/// The last event that counts.
async fn seq_of(opened: &Opened, place: &Place) -> Result<Seq, Failure> {
    let newest = opened.journal.newest().await?;
    let not_found = |message: String| {
        Failure::new("no_such_place", Exit::NotFound, message).with_hint(format!(
            "the newest event is {newest}: see `luthier ledger tail`"
        ))
    };
    let query = Query {
        order: Order::NewestFirst,
        limit: 1,
        ..Query::all()
    };
    let query = match place {
        Place::Seq(seq) if *seq > newest => {
            return Err(not_found(format!("there is no event {seq}")));
        }
        Place::Seq(seq) => return Ok(*seq),
        // The moment itself counts, and times are kept to the microsecond.
        Place::Time(time) => Query {
            before: Some(*time + jiff::SignedDuration::from_micros(1)),
            ..query
        },
        Place::Version(version) => Query {
            kinds: vec![EventType::RELEASE],
            version: Some(version.clone()),
            subject: Some(Subject::lineage(&LineageName::default())),
            ..query
        },
    };
    let found = opened.journal.read(query).await?;
    found.first().map(|event| event.seq).ok_or_else(|| {
        not_found(match place {
            Place::Version(version) => format!("`main` has no version {version}"),
            Place::Time(_) | Place::Seq(_) => "the ledger begins later".to_owned(),
        })
    })
}
