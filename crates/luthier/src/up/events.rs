//! `--events-fd`: every committed event as a line, for whoever started the process.

use std::{os::fd::RawFd, path::Path, sync::Arc};

use journal::{Journal, Query};
use model::Seq;
use telemetry::{EventsOut, SendRefused};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// The stream to the descriptor.
pub(crate) struct Events {
    out: EventsOut,
}

impl Events {
    /// Takes the descriptor over. What its reader does not read goes to a file in the log folder.
    pub(crate) fn open(fd: RawFd, data: &Path) -> Result<Self, Failure> {
        let fallback = data.join("logs").join("events-up.jsonl");
        Ok(Self {
            out: EventsOut::open(fd, &fallback)?,
        })
    }

    /// Writes every event after `after` until `stop`, and then what was committed by then.
    pub(crate) async fn follow(
        self,
        journal: Arc<dyn Journal>,
        after: Seq,
        stop: CancellationToken,
    ) -> Result<(), Failure> {
        let mut watch = journal.clone().watch(after, Query::all());
        let mut seen = after;
        let mut until = None;
        while until.is_none_or(|until| seen < until) {
            let event = tokio::select! {
                biased;
                event = watch.next_event() => event?,
                () = stop.cancelled(), if until.is_none() => {
                    until = Some(journal.newest().await?);
                    continue;
                }
            };
            let Some(event) = event else { break };
            seen = event.seq;
            self.send(seen, &event.to_json_line());
        }
        if !tokio::task::block_in_place(|| self.out.close()) {
            tracing::warn!("the last events were not written in time");
        }
        Ok(())
    }

    /// A slow reader holds up this stream and nothing else.
    fn send(&self, seq: Seq, line: &str) {
        let sent = match self.out.try_send(line) {
            Err(SendRefused::Full) => tokio::task::block_in_place(|| self.out.send(line)),
            sent => sent,
        };
        if let Err(error) = sent {
            tracing::error!(seq, %error, "an event was not streamed; the ledger has it");
        }
    }
}
