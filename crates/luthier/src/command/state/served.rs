//! After a release: waiting until the servers on this machine serve it.

use std::{collections::BTreeSet, time::Duration};

use journal::{Order, Query};
use model::{EventType, LineageName, Seq, Subject};
use tokio::time::timeout;

use crate::{
    failure::Failure,
    session::{Opened, Session},
    up,
};

/// How long servers may take; loading code is what takes time.
const SERVED_MS_MAX: u64 = 10_000;

/// Where the journal stands before a command; nothing if nobody serves tools.
pub(crate) struct Before {
    seq: Seq,
    runners: BTreeSet<u32>,
}

impl Before {
    pub(crate) async fn look(opened: &Opened) -> Result<Self, Failure> {
        let runners = up::find_runners(&opened.data).await?;
        Ok(Self {
            seq: opened.journal.newest().await?,
            runners,
        })
    }

    /// The newest event since then that changed what is served.
    async fn moved(&self, opened: &Opened, lineage: &LineageName) -> Result<Option<Seq>, Failure> {
        let query = Query {
            after: self.seq,
            order: Order::NewestFirst,
            limit: Query::LIMIT_MAX,
            ..Query::of(Subject::lineage(lineage))
        };
        let events = opened.journal.read(query).await?;
        let mut moves = events
            .iter()
            .filter(|event| event.data["target"] != "staging");
        Ok(moves.next().map(|event| event.seq))
    }

    /// Comes back when every call of an alias sees what `main` serves now.
    pub(crate) async fn wait(mut self, session: &Session, opened: &Opened) -> Result<(), Failure> {
        if self.runners.is_empty() {
            return Ok(());
        }
        let main = LineageName::default();
        let Some(moved) = self.moved(opened, &main).await? else {
            return Ok(());
        };
        let query = Query {
            kinds: vec![EventType::SIGNAL],
            ..Query::of(runner::acknowledged(&main))
        };
        let mut told = opened.journal.clone().watch(self.seq, query);
        let all = async {
            while !self.runners.is_empty() {
                let Some(event) = told.next_event().await? else {
                    break;
                };
                let pid = event.data["pid"].as_u64();
                if event.data["up_to"].as_u64() >= Some(moved)
                    && let Some(pid) = pid.and_then(|pid| u32::try_from(pid).ok())
                {
                    self.runners.remove(&pid);
                }
            }
            Ok::<_, Failure>(())
        };
        match timeout(Duration::from_millis(SERVED_MS_MAX), all).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => {
                session.output.warn(
                    "it is released, but a server has not taken it up yet: see `luthier status`",
                );
                Ok(())
            }
        }
    }
}
