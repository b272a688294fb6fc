//! Calls that a running call makes: handed to whoever made that one.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::frame::{self, BODY_BYTES_MAX, Frame, Kind, NestedHeader, ResultHeader};

use super::{
    call::{Events, Link, NestedCall, NestedFuture, Within},
    job::{EndOnDrop, Entry, Work},
    lane::Lane,
    process::Process,
    seat::Seat,
};

/// One call on its way to whoever runs it.
pub(super) struct Nesting {
    /// The call that makes it.
    id: u64,
    header: NestedHeader,
    arguments: Bytes,
    events: Option<Arc<dyn Events>>,
    chain: Vec<Link>,
    deadline: Instant,
    /// The call that makes it has ended.
    end: CancellationToken,
}

impl Nesting {
    /// `None` when the call that makes it has ended meanwhile.
    pub(super) fn of(
        lane: &Arc<Lane>,
        process: &Process,
        seat: &mut Seat,
        frame: &Frame,
        header: NestedHeader,
    ) -> Option<Self> {
        let entry = seat.in_flight.get_mut(&frame.id)?;
        let Entry { work, nested, .. } = entry;
        let Work::Call(job) = work else { return None };
        let end = nested.get_or_insert_with(|| EndOnDrop(CancellationToken::new()));
        let mut chain = job.chain.clone();
        chain.push(Link {
            lane: Arc::downgrade(lane),
            process: process.number,
        });
        Some(Self {
            id: frame.id,
            header,
            arguments: frame.body.clone(),
            events: job.events.clone(),
            chain,
            deadline: job.deadline,
            end: end.0.clone(),
        })
    }

    pub(super) fn spawn(self, lane: &Arc<Lane>, process: &Arc<Process>) {
        tokio::spawn(self.run(Arc::clone(lane), Arc::clone(process)));
    }

    async fn run(self, lane: Arc<Lane>, process: Arc<Process>) {
        let (id, nested, end) = (self.id, self.header.nested, self.end.clone());
        let call = self.call(lane.settings.nested_depth_max);
        let result = tokio::select! {
            result = call => result,
            () = end.cancelled() => Err("the call that made this one has ended".to_owned()),
        };
        let (error, value) = match result {
            Ok(value) if value.len() <= BODY_BYTES_MAX => (None, value),
            Ok(value) => (Some(too_large(value.len())), Bytes::new()),
            Err(reason) => (Some(reason), Bytes::new()),
        };
        let header = ResultHeader { nested, error };
        process.send_urgent(frame::one(Kind::CallResult, id, &header, &[&value]));
        let mut state = lane.state();
        if let Some(seat) = state.seat(process.number) {
            seat.waiting = seat.waiting.saturating_sub(1);
        }
        lane.give_out(&mut state);
    }

    /// Asks whoever made the call to run the one that it makes.
    fn call(self, depth_max: usize) -> NestedFuture {
        let tool = self.header.tool;
        if self.chain.len() > depth_max {
            let reason =
                format!("`{tool}` was not called: tools call tools no deeper than {depth_max}");
            return Box::pin(async move { Err(reason) });
        }
        let Some(events) = self.events else {
            let reason = format!("`{tool}` cannot be called from here");
            return Box::pin(async move { Err(reason) });
        };
        let within = Within {
            chain: self.chain,
            deadline: self.deadline,
        };
        events.call_tool(NestedCall {
            tool,
            arguments: self.arguments,
            within,
        })
    }
}

fn too_large(bytes: usize) -> String {
    format!("the value is {bytes} bytes and the limit is {BODY_BYTES_MAX}")
}
